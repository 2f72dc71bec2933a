package sqlite

import (
	"context"
	"sync"
)

// pool are the connections that read. The one that was used last is the first to
// be used again: its statements and pages are in the processor's caches.
type pool struct {
	all  []*conn
	free chan struct{} // one for each that is idle

	mu   sync.Mutex
	idle []*conn
}

// take waits for a connection; nil once ctx has ended.
func (p *pool) take(ctx context.Context) *conn {
	select {
	case <-p.free:
	default:
		select {
		case <-p.free:
		case <-ctx.Done():
			return nil
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	last := len(p.idle) - 1
	c := p.idle[last]
	p.idle = p.idle[:last]
	return c
}

func (p *pool) put(c *conn) {
	p.mu.Lock()
	p.idle = append(p.idle, c)
	p.mu.Unlock()
	p.free <- struct{}{}
}
