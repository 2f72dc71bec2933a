package main

import (
	"context"
	"fmt"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"flora.dev/flora/store/spanner"
	"flora.dev/flora/web"
)

// newDeployLoad starts instances: one on SQLite, two on Spanner.
func newDeployLoad(t *testing.T, c *cluster, sdl string) *deployLoad {
	l := &deployLoad{T: t, c: c, stages: []loadStage{firstStage}, cursors: map[string]loadCursor{}}
	l.grown = sync.NewCond(&l.mu)
	l.store = c.open()
	_, l.apart = l.store.(*spanner.DB)
	c.deploy(sdl)
	for range map[bool]int{true: 2, false: 1}[l.apart] {
		m := c.join()
		l.members, l.bases = append(l.members, m), append(l.bases, m.serve())
	}
	if l.apart {
		l.patient()
	}
	return l
}

// serve offers an instance on an address.
func (m *member) serve() (base string) {
	limits := defaultLimits().web
	limits.Rate = 0
	server := httptest.NewServer(web.New(web.Options{Data: &web.Endpoint{Verifier: m.verifier, Executor: m.data, Follow: follow}, Limits: limits, Log: m.log, Now: m.c.now}))
	m.c.Cleanup(server.Close)
	return server.URL
}

// patient makes deployments wait for the instances, which poll often enough.
func (l *deployLoad) patient() {
	l.c.settle = 200 * time.Millisecond
	l.store = l.c.open()
	ctx, end := context.WithCancel(l.Context())
	var polls sync.WaitGroup
	polls.Go(func() {
		every := time.NewTicker(20 * time.Millisecond)
		defer every.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-every.C:
				l.poll()
			}
		}
	})
	l.Cleanup(func() { end(); polls.Wait() })
}

func (l *deployLoad) poll() {
	for _, m := range l.members {
		if err := m.shared.poll(); err != nil {
			l.Errorf("poll: %v", err)
		}
	}
}

// deploy brings the store to a schema: when it returns, no other one counts.
func (l *deployLoad) deploy(sdl string) error {
	for {
		err := l.apply(sdl)
		// The emulator takes no DDL beside a transaction: the deployment goes on.
		if !l.apart || err == nil || !strings.Contains(err.Error(), "or read-write transaction is already in progress") {
			return err
		}
		l.again++
	}
}

func (l *deployLoad) apply(sdl string) error {
	p, err := plan(l.Context(), l.store, loadChange(l.T, sdl), false, "drop-field", "rename-rules")
	if err != nil {
		return err
	}
	if list := p.refused(); len(list) > 0 {
		return fmt.Errorf("refused: %v", list)
	}
	d, err := p.apply(l.Context(), l.store)
	switch {
	case err != nil:
		return err
	case l.apart:
		l.poll()
		return nil
	}
	return l.members[0].publish(d)
}
