package web

import (
	"context"
	"sync"
	"time"
)

// deadline is a context that ends at a time, as context.WithDeadline makes one.
// It has a timer only once somebody waits for it: most requests are answered
// long before.
type deadline struct {
	context.Context // its parent
	at              time.Time

	mu     sync.Mutex
	waited context.Context // nil: nobody waits
	stop   context.CancelFunc
	ended  bool
}

func withDeadline(parent context.Context, at time.Time) *deadline {
	return &deadline{Context: parent, at: at}
}

func (d *deadline) Deadline() (time.Time, bool) {
	if at, ok := d.Context.Deadline(); ok && at.Before(d.at) {
		return at, true
	}
	return d.at, true
}

func (d *deadline) Done() <-chan struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.waited == nil {
		d.waited, d.stop = context.WithDeadline(d.Context, d.at)
		if d.ended {
			d.stop()
		}
	}
	return d.waited.Done()
}

func (d *deadline) Err() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case d.waited != nil:
		return d.waited.Err()
	case d.Context.Err() != nil:
		return d.Context.Err()
	case d.ended:
		return context.Canceled
	case !time.Now().Before(d.at):
		return context.DeadlineExceeded
	}
	return nil
}

// Value asks what is waited for, if it is: contexts that are made of this one end
// with that without a goroutine each.
func (d *deadline) Value(key any) any {
	d.mu.Lock()
	of := d.waited
	d.mu.Unlock()
	if of == nil {
		of = d.Context
	}
	return of.Value(key)
}

// end is the CancelFunc.
func (d *deadline) end() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.ended = true
	if d.stop != nil {
		d.stop()
	}
}
