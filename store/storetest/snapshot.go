package storetest

import (
	"context"
	"errors"
	"fmt"

	"flora.dev/flora/rules"
	"flora.dev/flora/store"
)

// testSnapshot reads while others write.
func testSnapshot(s *suite) {
	s.write(insert(s.thing, "x1", "label", "a"))
	all := store.Query{Roots: []store.Select{page(s.thing, rules.True, "_id")}}
	wrong := errors.New("of the function")
	err := s.Snapshot(s.context(), func(read func(*store.Query) (*store.Rows, error)) error {
		for i := range 3 {
			rows, err := read(&all)
			if err != nil {
				return err
			}
			s.check(fmt.Sprint("read ", i), rows.Roots[0], `[[["x1"]]]`)
			if rows.Version != s.version {
				s.Errorf("version %d, want %d", rows.Version, s.version)
			}
			s.write(insert(s.thing, fmt.Sprint("y", i), "label", "b"))
		}
		return wrong
	})
	if !errors.Is(err, wrong) {
		s.Errorf("snapshot: %v, want that of the function", err)
	}
	s.check("afterwards", s.read(all.Roots[0])[0], `[[["x1"],["y0"],["y1"],["y2"]]]`)

	// One that ends in the middle leaves nothing behind.
	for range 8 {
		ctx, cancel := context.WithCancel(s.context())
		err = s.Snapshot(ctx, func(read func(*store.Query) (*store.Rows, error)) error {
			if _, err := read(&all); err != nil {
				return err
			}
			known := make(chan struct{})
			context.AfterFunc(ctx, func() { close(known) })
			cancel()
			<-known
			_, err := read(&all)
			return err
		})
		if !errors.Is(err, store.ErrUnavailable) {
			s.Errorf("cancelled snapshot: %v", err)
		}
	}
	s.write(insert(s.thing, "z", "label", "c"))
	for range 8 {
		s.check("after a cancelled one", s.read(all.Roots[0])[0], `[[["x1"],["y0"],["y1"],["y2"],["z"]]]`)
	}
}

// testStamp writes documents with a _ts of their own.
func testStamp(s *suite) {
	const first, second = 1_500_000_000_000_000, 1_400_000_000_000_000
	stamped := func(h store.Head, ts int64) store.Head {
		h.TS = ts
		return h
	}
	is := func(what, id, want string) {
		s.Helper()
		s.check(what, s.find(s.thing, id, "_ts", "label"), want)
	}
	s.write(stamped(insert(s.thing, "x1", "label", "a"), first))
	is("insert", "x1", fmt.Sprintf(`[%d,"a"]`, first))
	s.write(stamped(update(s.thing, "x1", "label", "b"), second))
	is("update", "x1", fmt.Sprintf(`[%d,"b"]`, second))
	s.write(stamped(insert(s.thing, "x2", "label", "a"), first), insert(s.thing, "x3", "label", "a"), stamped(update(s.thing, "x1", "label", "c"), first))
	is("insert among others", "x2", fmt.Sprintf(`[%d,"a"]`, first))
	is("insert without", "x3", fmt.Sprintf(`[%d,"a"]`, s.now))
	is("update among others", "x1", fmt.Sprintf(`[%d,"c"]`, first))
	s.write(update(s.thing, "x1", "label", "d"))
	is("update without", "x1", fmt.Sprintf(`[%d,"d"]`, s.now))

	h := stamped(insert(s.thing, "x4", "label", "a"), first)
	answer := s.byID(s.thing, "x4", "_ts")
	h.Answer, h.Echo = &answer, true
	s.check("answer", s.write(h).Results[0].Answer, fmt.Sprintf("[%d]", first))
	s.refused("the id is taken", 0, store.Conflict, h)
}
