//go:build leaks

package leak

import (
	"sync"
	"sync/atomic"
)

var (
	planted atomic.Int64
	kept    atomic.Pointer[sync.Map]
)

// Plant makes a class the only one that is planted.
func Plant(c Class) {
	planted.Store(int64(c))
	kept.Store(&sync.Map{})
}

// On reports whether a class is planted.
func On(c Class) bool { return planted.Load() == int64(c) }

// First returns what the key was first used with since Plant.
func First(key, value any) any {
	first, _ := kept.Load().LoadOrStore(key, value)
	return first
}
