package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"flora.dev/flora/store"
	"github.com/google/go-cmp/cmp"
)

// testNotes checks what instances tell each other through the store.
func testNotes(s *suite) {
	s.told(0, s.version)
	a, b := store.Note{Name: "a", Value: `{"x":"é\"\\"}`}, store.Note{Name: "b/" + strings.Repeat("b", store.MaxNoteName-2), Value: "1", Until: 4_000_000_000_000_000}
	s.noted(2, a, b)
	s.told(0, s.version, at(a, 1), at(b, 2))
	s.told(1, s.version, at(b, 2))
	s.told(2, s.version)

	// What says the same is no change; what differs in either part is one.
	s.noted(2, a, b)
	s.noted(2, store.Note{Name: "never"})
	s.told(0, s.version, at(a, 1), at(b, 2))
	later := b
	later.Until++
	s.noted(3, a, later)
	s.told(2, s.version, at(later, 3))
	s.told(0, s.version, at(a, 1), at(later, 3))

	// A withdrawn note is told to those who saw it, and to those who did not.
	s.noted(4, store.Note{Name: "a"})
	s.noted(4, store.Note{Name: "a"})
	s.told(3, s.version, at(store.Note{Name: "a"}, 4))
	s.told(0, s.version, at(later, 3), at(store.Note{Name: "a"}, 4))
	s.noted(5, a)
	s.told(4, s.version, at(a, 5))

	// What ended long ago goes with the next change, and no revision comes back.
	s.noted(6, store.Note{Name: "ended", Value: "1", Until: 1})
	s.noted(6, a)
	s.told(5, s.version, at(store.Note{Name: "ended", Value: "1", Until: 1}, 6))
	large := store.Note{Name: "large", Value: strings.Repeat("x", 256<<10)}
	s.noted(7, large)
	s.told(0, s.version, at(later, 3), at(a, 5), at(large, 7))

	// Notes outlive documents, and the version is that of the same moment.
	d, err := s.Deploy(s.context(), &store.Migration{From: s.version, Reset: true, SDL: "fresh", Steps: newWorld().steps()})
	if err != nil {
		s.Fatal(err)
	}
	s.told(3, d.Version, at(a, 5), at(large, 7))

	s.withoutLoss(7)

	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, read := s.Notes(ctx, 0)
	_, written := s.Note(ctx, nil, store.Note{Name: "c", Value: "1"})
	for what, err := range map[string]error{"read": read, "written": written} {
		if !errors.Is(err, store.ErrUnavailable) || !errors.Is(err, context.Canceled) {
			s.Errorf("notes %s with an ended context: %v", what, err)
		}
	}
}

// withoutLoss writes from several places at once: each change has a revision.
func (s *suite) withoutLoss(since int64) {
	s.Helper()
	const writers, each = 4, 5
	var all sync.WaitGroup
	for w := range writers {
		all.Go(func() {
			for i := range each {
				if _, err := s.Note(s.context(), nil, store.Note{Name: fmt.Sprint("w", w), Value: fmt.Sprint(i)}); err != nil {
					s.Errorf("writer %d: %v", w, err)
				}
			}
		})
	}
	all.Wait()
	n, err := s.Notes(s.context(), since)
	if err != nil {
		s.Fatal(err)
	}
	if n.Revision != since+writers*each || len(n.Changed) != writers {
		s.Errorf("after %d changes by %d: revision %d, %d notes", writers*each, writers, n.Revision, len(n.Changed))
	}
	for _, note := range n.Changed {
		if note.Value != fmt.Sprint(each-1) {
			s.Errorf("%s says %s", note.Name, note.Value)
		}
	}
}

func at(n store.Note, revision int64) store.Note {
	n.Revision = revision
	return n
}

// noted writes notes and checks the revision.
func (s *suite) noted(want int64, notes ...store.Note) {
	s.Helper()
	got, err := s.Note(s.context(), nil, notes...)
	if err != nil || got != want {
		s.Fatalf("revision %d, %v, want %d", got, err, want)
	}
}

// told checks what is told of the changes after a revision. When a withdrawn
// note ends is the engine's own.
func (s *suite) told(since, version int64, want ...store.Note) {
	s.Helper()
	n, err := s.Notes(s.context(), since)
	if err != nil {
		s.Fatalf("notes since %d: %v", since, err)
	}
	for i := range n.Changed {
		if n.Changed[i].Value == "" {
			n.Changed[i].Until = 0
		}
	}
	newest := since
	if len(want) > 0 {
		newest = slices.MaxFunc(want, func(a, b store.Note) int { return int(a.Revision - b.Revision) }).Revision
	}
	if d := cmp.Diff(&store.Notes{Version: version, Revision: newest, Changed: want}, n); d != "" {
		s.Fatalf("notes since %d: -want +got:\n%s", since, d)
	}
}
