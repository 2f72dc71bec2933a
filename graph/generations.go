package graph

import "sync"

// generations is a bounded cache: it keeps what was used since the last
// generation began, and what is of the generation before.
type generations[K comparable, V any] struct {
	most int // entries in a generation
	room int // bytes in a generation, as its users count them

	mu         sync.Mutex
	young, old map[K]*kept[V]
	bytes      int // in young
}

type kept[V any] struct {
	v     V
	bytes int
}

func newGenerations[K comparable, V any](most, room int) *generations[K, V] {
	return &generations[K, V]{most: most, room: room, young: map[K]*kept[V]{}}
}

// get finds what was added under a key.
func (g *generations[K, V]) get(k K) (v V, ok bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	e := g.young[k]
	if e == nil {
		if e = g.old[k]; e == nil {
			return v, false
		}
		g.put(k, e)
	}
	return e.v, true
}

// add returns what is kept under the key now: v, or what was added before.
func (g *generations[K, V]) add(k K, v V, bytes int) V {
	g.mu.Lock()
	defer g.mu.Unlock()
	if known := g.young[k]; known != nil {
		return known.v
	}
	g.put(k, &kept[V]{v, bytes})
	return v
}

// grow counts bytes that something has taken since it was added.
func (g *generations[K, V]) grow(k K, bytes int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if e := g.young[k]; e != nil {
		e.bytes += bytes
		g.bytes += bytes
	} else if e := g.old[k]; e != nil {
		e.bytes += bytes
	}
}

func (g *generations[K, V]) put(k K, e *kept[V]) {
	if len(g.young) >= g.most || g.bytes+e.bytes > g.room {
		g.young, g.old, g.bytes = map[K]*kept[V]{}, g.young, 0
	}
	g.young[k] = e
	g.bytes += e.bytes
}
