package sqlite

import (
	"context"
	"sync"
	"time"
)

// lookEvery is how often the reads that run are looked at: an operation that has
// ended goes on reading for so long at most. To be told of each end would
// cost more than most reads do.
const lookEvery = 20 * time.Millisecond

// watch is what a reader runs for.
type watch struct {
	mu   sync.Mutex
	ctx  context.Context // nil: nothing runs
	done chan struct{}   // closed, it interrupts what runs
	cut  bool            // it was closed
}

// watched runs f, which is interrupted soon after ctx has ended.
func (db *DB) watched(ctx context.Context, c *conn, f func(*conn) error) error {
	c.watch.mu.Lock()
	c.watch.ctx = ctx
	c.watch.mu.Unlock()
	db.watch()     // only now: a look before this one saw nothing
	defer func() { // after a panic too: the next to read is not to blame
		c.watch.mu.Lock()
		c.watch.ctx = nil
		cut := c.watch.cut
		c.watch.mu.Unlock()
		if cut {
			c.arm()
		}
	}()
	return f(c)
}

// look interrupts what runs for an operation that has ended, and reports whether
// anything else runs.
func (c *conn) look() bool {
	c.watch.mu.Lock()
	defer c.watch.mu.Unlock()
	switch {
	case c.watch.ctx == nil || c.watch.cut:
		return false
	case c.watch.ctx.Err() != nil:
		close(c.watch.done)
		c.watch.cut = true
		return false
	}
	return true
}

// watch has the readers looked at, again and again until none runs anything.
func (db *DB) watch() {
	if !db.watching.CompareAndSwap(false, true) {
		return
	}
	time.AfterFunc(lookEvery, db.look)
}

func (db *DB) look() {
	db.watching.Store(false) // a read that begins while this looks is looked at later
	for _, c := range db.readers.all {
		if c.look() {
			db.watch()
		}
	}
}
