package main

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"flora.dev/flora/auth"
	"flora.dev/flora/store"
)

const (
	pollEvery   = 3 * time.Second // +-10 %
	pollTimeout = 3 * time.Second
	pollRetry   = time.Second      // between polls that requests ask for
	pollLimit   = 10 * time.Second // for so long an instance goes by what it knows
)

// shared is what all instances over one store have in common, as this one knows
// it: revocations, key sets, and which schema version is deployed. Every few
// seconds one statement asks the store what changed. An instance that did not
// hear for longer than pollLimit answers nothing: somebody's rights may have
// ended.
type shared struct {
	revoked *auth.Revocations
	log     *slog.Logger
	now     func() time.Time

	db        store.Store
	deployed  func(ctx context.Context, version int64) error // takes over a schema version
	verifiers []*auth.Verifier

	began atomic.Pointer[time.Time] // of the last poll that succeeded

	mu       sync.Mutex // held during a poll
	revision int64
	keys     map[string]string // values of key sets' notes by name
	tried    time.Time
	err      error // of the last poll
	missing  bool  // the store has no place for notes
}

func newShared(db store.Store, log *slog.Logger, now func() time.Time) *shared {
	if now == nil {
		now = time.Now
	}
	s := &shared{revoked: &auth.Revocations{}, db: db, log: log, now: now, keys: map[string]string{}}
	s.revoked.Current = s.current
	return s
}

// start polls once, and then again and again until stop is called, which comes
// after the last request.
func (s *shared) start(verifiers ...*auth.Verifier) (stop func(), err error) {
	s.verifiers = verifiers
	if err := s.poll(); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { s.run(ctx) })
	return func() { cancel(); running.Wait() }, nil
}

func (s *shared) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Duration(float64(pollEvery) * (0.9 + 0.2*rand.Float64()))):
		}
		if s.poll() == nil {
			s.noteKeys()
		}
	}
}

// current returns nil while this instance knows what the others do. Where it
// does not, it asks the store at once: the process may have slept.
func (s *shared) current(context.Context) error {
	if s.age() <= pollLimit {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.age() <= pollLimit:
		return nil
	case s.err != nil && s.now().Sub(s.tried) < pollRetry:
		return s.err
	}
	return s.pollLocked()
}

// age is how old what this instance knows is, at most. The monotonic clock
// stands still while a machine sleeps, the other one can be set back.
func (s *shared) age() time.Duration {
	began := s.began.Load()
	if began == nil {
		return 1<<63 - 1
	}
	now := s.now()
	return max(now.Sub(*began), now.Round(0).Sub(began.Round(0)))
}

// poll asks the store what changed.
func (s *shared) poll() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.pollLocked()
}

// pollLocked belongs to no request, though one may wait for it.
func (s *shared) pollLocked() error {
	began := s.now()
	ctx, cancel := context.WithTimeout(context.Background(), pollTimeout)
	defer cancel()
	err := s.ask(ctx)
	switch {
	case err == nil:
		s.began.Store(&began)
	case s.err == nil:
		s.log.Warn("store not polled", "error", err)
	}
	if err == nil && s.err != nil {
		s.log.Info("store polled again")
	}
	s.tried, s.err = s.now(), err
	return err
}

func (s *shared) ask(ctx context.Context) error {
	since := s.revision
	if s.age() > store.NotesKept/2 { // what was withdrawn meanwhile may be forgotten
		since = 0
	}
	n, err := s.db.Notes(ctx, since)
	if err != nil {
		return fmt.Errorf("poll store: %w", err)
	}
	if n.Missing && !s.missing {
		s.log.Warn("this store has no table for revocations and key sets: run flora deploy once more")
	}
	s.missing = n.Missing
	if since == 0 || len(n.Changed) > 0 {
		s.apply(n.Changed, since == 0)
	}
	s.revision = n.Revision
	if err := s.deployed(ctx, n.Version); err != nil {
		return fmt.Errorf("take over schema version %d: %w", n.Version, err)
	}
	return nil
}

// apply takes over notes that changed. all says that there are no others.
func (s *shared) apply(changed []store.Note, all bool) {
	revoked := map[string]string{}
	for _, n := range changed {
		switch {
		case strings.HasPrefix(n.Name, auth.RevocationNotes):
			revoked[n.Name] = n.Value
		case strings.HasPrefix(n.Name, auth.KeySetNotes) && n.Value != "":
			s.keys[n.Name] = n.Value
			for _, v := range s.verifiers {
				if err := v.Learn(n.Value); err != nil {
					s.log.Warn("key set of the store not used", "error", err)
				}
			}
		}
	}
	if all || len(revoked) > 0 {
		s.revoked.Apply(revoked, all, s.now())
	}
}

// share writes the notes that decide returns for all instances, and an entry of
// the audit if they change anything. They count here when it returns, and
// elsewhere within pollLimit. What this instance knows is up to date while
// decide runs.
func (s *shared) share(ctx context.Context, entry *store.Entry, decide func() ([]store.Note, error)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.pollLocked(); err != nil {
		return err
	}
	notes, err := decide()
	if err != nil {
		return err
	}
	if _, err := s.db.Note(ctx, entry, notes...); err != nil {
		return fmt.Errorf("share: %w", err)
	}
	return s.pollLocked()
}

// noteKeys writes down the key sets that were fetched since.
func (s *shared) noteKeys() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.missing {
		return
	}
	seen := map[string]bool{}
	var notes []store.Note
	for _, v := range s.verifiers {
		for _, set := range v.KeySets() {
			name := set.NoteName()
			if len(name) > store.MaxNoteName || seen[name] || !set.Renews(s.keys[name]) {
				continue
			}
			seen[name] = true
			notes = append(notes, store.Note{Name: name, Value: set.NoteValue(), Until: set.Until().UnixMicro()})
		}
	}
	if len(notes) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), pollTimeout)
	defer cancel()
	if _, err := s.db.Note(ctx, nil, notes...); err != nil {
		s.log.Warn("key sets not kept", "error", err)
	}
}
