package auth

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"
)

const (
	refreshEvery  = 5 * time.Minute // +-10 %
	refreshAtMost = 6 * time.Minute // nobody uses a set that was last checked longer ago without waiting
	refreshFloor  = time.Minute     // whatever max-age says
	retryEvery    = 10 * time.Second
	outageRetry   = 30 * time.Second // while known keys keep the service going
	coldRetry     = time.Second      // without any key: nothing works until a fetch does
	outageLimit   = 24 * time.Hour
	missLimit     = 5 * time.Minute
	maxMisses     = 256
	fetchTimeout  = 5 * time.Second // discovery and key set together
)

// fetcher gets a published key set from where it is published.
type fetcher interface {
	// fetch returns the set, or previous itself if it is still the published
	// one, and how long the publisher lets it be kept (0: says nothing).
	fetch(ctx context.Context, previous *keySet) (set *keySet, maxAge time.Duration, err error)
}

// keySource keeps the key set of one provider fresh. It has no goroutine: the
// caller that finds the set due fetches it, others go on with the one they
// have as long as that is not older than refreshAtMost.
type keySource struct {
	provider string
	fetcher  fetcher
	every    time.Duration // refresh interval before jitter
	now      func() time.Time
	log      *slog.Logger

	mu       sync.Mutex
	set      *keySet // nil before the first success
	err      error   // of the last attempt
	loaded   time.Time
	tried    time.Time
	due      time.Time
	flight   chan struct{} // closed when the fetch under way ends, nil without one
	searched time.Time     // last fetch because of an unknown kid
	misses   map[string]miss
	warned   time.Time
	stored   *keySet // what another instance fetched at storedAt, or nil
	storedAt time.Time
}

func newKeySource(provider string, f fetcher, every time.Duration, now func() time.Time, log *slog.Logger) *keySource {
	// The clock on the wall: the monotonic one stands still while a machine is
	// suspended, and a key withdrawn meanwhile must not outlive that.
	wall := func() time.Time { return now().Round(0) }
	return &keySource{provider: provider, fetcher: f, every: every, now: wall, log: log, misses: map[string]miss{}}
}

// miss remembers a kid that a fetch did not bring. The wait doubles, so that
// one client with an outdated token does not have the issuer asked forever.
type miss struct {
	until time.Time
	wait  time.Duration
}

// current returns the set to verify with, fetching it when it is due. It
// fails with ErrUnavailable, or because ctx ended while it waited.
func (s *keySource) current(ctx context.Context) (*keySet, error) {
	s.mu.Lock()
	for {
		now := s.now()
		switch {
		case now.Before(s.due) && !now.Before(s.tried): // before it where the clock was set back
			return s.unlockUsable(now)
		case s.flight == nil:
			s.fetchLocked(ctx)
			return s.unlockUsable(s.now())
		case s.set != nil && now.Sub(s.tried) < refreshAtMost:
			return s.unlockUsable(now)
		}
		if err := s.waitLocked(ctx); err != nil {
			s.mu.Unlock()
			return nil, err
		}
	}
}

// ready is current for who only asks whether there are keys: it waits no longer
// than ctx for a fetch, and then goes by the known ones.
func (s *keySource) ready(ctx context.Context) error {
	fetched := make(chan error, 1)
	go func() {
		_, err := s.current(ctx)
		fetched <- err
	}()
	select {
	case err := <-fetched:
		return err
	case <-ctx.Done():
	}
	s.mu.Lock()
	if s.set == nil {
		s.mu.Unlock()
		return fmt.Errorf("provider %s: %w: fetch key set: %w", s.provider, ErrUnavailable, ctx.Err())
	}
	_, err := s.unlockUsable(s.now())
	return err
}

// search fetches once more because keyID is in no known key, unless that was
// tried lately, and returns the set as it is then.
func (s *keySource) search(ctx context.Context, keyID string) (*keySet, error) {
	s.mu.Lock()
	now := s.now()
	m := s.misses[keyID]
	switch {
	case s.flight != nil:
		if err := s.waitLocked(ctx); err != nil {
			s.mu.Unlock()
			return nil, err
		}
	case now.Sub(s.searched) >= retryEvery && !now.Before(m.until):
		s.searched = now
		s.fetchLocked(ctx)
		if len(s.misses) >= maxMisses {
			clear(s.misses)
		}
		m.wait = min(max(2*m.wait, retryEvery), missLimit)
		m.until = now.Add(m.wait)
		s.misses[keyID] = m
	}
	return s.unlockUsable(s.now())
}

// unlockUsable ends a critical section with the set, if it may still be used.
func (s *keySource) unlockUsable(now time.Time) (*keySet, error) {
	defer s.mu.Unlock()
	switch {
	case s.set == nil:
		return nil, fmt.Errorf("provider %s: %w: %w", s.provider, ErrUnavailable, s.err)
	case len(s.set.keys) == 0:
		return nil, fmt.Errorf("provider %s: %w: the key set has no usable key", s.provider, ErrUnavailable)
	case now.Sub(s.loaded) > outageLimit:
		return nil, fmt.Errorf("provider %s: %w: unreachable for more than 24 h: %w", s.provider, ErrUnavailable, s.err)
	}
	return s.set, nil
}

// waitLocked gives the lock away until the fetch under way has ended.
func (s *keySource) waitLocked(ctx context.Context) error {
	flight := s.flight
	s.mu.Unlock()
	defer s.mu.Lock()
	select {
	case <-flight:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("provider %s: %w: wait for key set: %w", s.provider, ErrUnavailable, ctx.Err())
	}
}

// fetchLocked gives the lock away while it fetches. The fetch outlives the
// request that happened to start it: others wait for it too.
func (s *keySource) fetchLocked(ctx context.Context) {
	flight, previous := make(chan struct{}), s.set
	s.flight = flight
	s.mu.Unlock()

	var set *keySet
	var maxAge time.Duration
	var err error
	defer func() {
		// A parser that trips over what an issuer sent must not leave the
		// source locked for good.
		if p := recover(); p != nil {
			set, err = nil, fmt.Errorf("fetch key set: panic: %v", p)
		}
		s.mu.Lock()
		s.settle(set, maxAge, err)
		s.flight = nil
		close(flight)
	}()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), fetchTimeout)
	defer cancel()
	set, maxAge, err = s.fetcher.fetch(ctx, previous)
}

// settle records the outcome of a fetch.
func (s *keySource) settle(set *keySet, maxAge time.Duration, err error) {
	now := s.now()
	s.tried, s.err = now, err
	if err != nil {
		s.useStored(now)
		retry, quiet := coldRetry, retryEvery
		if s.set != nil {
			retry, quiet = outageRetry, outageRetry
		}
		s.due = now.Add(min(retry, s.every))
		if now.Sub(s.warned) >= quiet {
			s.warned = now
			s.log.Warn("key set not refreshed", "provider", s.provider, "err", err, "known", s.set != nil, "age", s.age(now))
		}
		return
	}
	if set != s.set {
		s.set = set
		clear(s.misses)
		for _, reason := range set.dropped {
			s.log.Warn("key dropped", "provider", s.provider, "reason", reason)
		}
	}
	s.loaded = now
	interval := time.Duration(float64(s.every) * (0.9 + 0.2*rand.Float64()))
	if maxAge > 0 && max(maxAge, refreshFloor) < interval {
		interval = max(maxAge, refreshFloor)
	}
	s.due = now.Add(interval)
}

func (s *keySource) age(now time.Time) time.Duration {
	if s.set == nil {
		return 0
	}
	return now.Sub(s.loaded).Round(time.Second)
}
