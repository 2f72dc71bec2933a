package storetest

import (
	"errors"
	"fmt"

	"flora.dev/flora/rules"
	"flora.dev/flora/store"
)

// testOnce sends mutations again.
func testOnce(s *suite) {
	s.write(insert(s.thing, "x1", "label", "a", "int", int64(0)), insert(s.thing, "x2", "label", "a", "int", int64(0)), insert(s.thing, "x3", "label", "b", "int", int64(0)))
	once := func(key, request byte) *store.Once {
		return &store.Once{Key: [32]byte{key}, Request: [32]byte{request}, Since: s.now - 1000}
	}
	send := func(o *store.Once, heads ...store.Head) (*store.Outcome, error) {
		return s.Write(s.context(), &store.Mutation{Version: s.version, Now: s.now, Heads: heads, Once: o})
	}
	must := func(what string, o *store.Once, repeated bool, heads ...store.Head) *store.Outcome {
		s.Helper()
		out, err := send(o, heads...)
		if err != nil {
			s.Fatalf("%s: %v", what, err)
		}
		if out.Repeated != repeated {
			s.Errorf("%s: repeated %t", what, out.Repeated)
		}
		return out
	}
	old := func(f string) rules.Col { return col(rules.Old, s.thing, f) }
	inc := rules.Sum{X: old("int"), By: rules.Value{Kind: rules.Int, V: int64(1)}}
	add := update(s.thing, "x1", "int", inc)
	answer := s.byID(s.thing, "x1", "int")
	add.Answer, add.Echo = &answer, true
	is := func(what string, want int) {
		s.Helper()
		s.check(what, s.find(s.thing, "x1", "int"), fmt.Sprintf("[%d]", want))
	}

	first := must("first", once(1, 1), false, add)
	s.check("first answer", first.Results[0].Answer, "[1]")
	s.now += 10
	again := must("again", once(1, 1), true, add)
	s.hits("again", again, true)
	s.check("answer again", again.Results[0].Answer, "[1]")
	if again.CommitTime != first.CommitTime || first.CommitTime == 0 {
		s.Errorf("commit times %d and %d", first.CommitTime, again.CommitTime)
	}
	is("once", 1)
	// Its answer is of now, and under the rules of now.
	s.write(update(s.thing, "x1", "int", int64(7)))
	s.check("answer of now", must("after a change", once(1, 1), true, add).Results[0].Answer, "[7]")
	hidden := add
	sel := answer
	sel.Where = rules.And{sel.Where, rules.False}
	hidden.Answer, hidden.Guard, hidden.Echo = &sel, rules.False, false
	s.check("hidden now", must("hidden now", once(1, 1), true, hidden).Results[0].Answer, "null")

	// Another request, another key, a key from before.
	if _, err := send(once(1, 2), add); !errors.Is(err, store.ErrReused) {
		s.Errorf("another request: %v", err)
	}
	is("another request", 7)
	must("another key", once(2, 1), false, add)
	is("another key", 8)
	if out, err := s.try(add); err != nil || out.Repeated {
		s.Errorf("without a key: %+v, %v", out, err)
	}
	is("without a key", 9)
	s.now += 5000
	must("forgotten", once(1, 2), false, add)
	is("forgotten", 10)
	if _, err := send(once(1, 1), add); !errors.Is(err, store.ErrReused) {
		s.Errorf("the request before: %v", err)
	}
	must("the new one", once(1, 2), true, add)

	// A refused one leaves nothing; one that hit nothing is an outcome.
	refused := guarded(add, rules.Cmp{Op: rules.Gt, L: old("int"), R: val(rules.Int, int64(10))}, rules.True)
	var w *store.WriteError
	if _, err := send(once(3, 1), refused); !errors.As(err, &w) || w.Why != store.Forbidden {
		s.Errorf("refused: %v", err)
	}
	s.write(update(s.thing, "x1", "int", int64(20)))
	must("allowed now", once(3, 1), false, refused)
	is("allowed now", 21)
	missing := update(s.thing, "x9", "label", "x")
	s.hits("miss", must("miss", once(4, 1), false, missing), false)
	s.write(insert(s.thing, "x9", "label", "there"))
	s.hits("miss again", must("miss again", once(4, 1), true, missing), false)
	s.expect(s.thing, "x9", `["there"]`, "label")

	// Several heads, creates, documents that a condition found, deletes.
	bulk := showing(every(update(s.thing, "", "label", "c"), eq(old("label"), val(rules.String, "a"))), s.thing, rules.True, "_id", "label")
	made := insert(s.user, "u1", "sub", "a", "name", "Ann")
	made2 := s.byID(s.user, "u1", "name")
	made.Answer, made.Echo = &made2, true
	gone := remove(s.thing, "x9")
	gone.Answer = func() *store.Select { s := s.byID(s.thing, "x9", "label"); return &s }()
	upsert := guarded(store.Head{Kind: store.Update, Table: s.user.Object, Set: assigns(s.user, "name", "changed")}, rules.True, rules.True)
	other := insert(s.user, "u2", "sub", "b", "name", "made")
	upsert.Key, upsert.Else = eq(col(rules.Old, s.user, "sub"), val(rules.String, "b")), &other
	upsert.Answer = &store.Select{From: s.user.Object, Var: 900, One: true, Where: rules.True, Columns: columns(900, s.user, "_id", "name")}
	heads := []store.Head{bulk, made, gone, upsert}
	want := [][]string{{`[2,[["x1","c"],["x2","c"]]]`, `["Ann"]`, `["there"]`, `["u2","made"]`}, {`[2,[["x1","c"],["x2","z"]]]`, `["Ann"]`, "null", `["u2","made"]`}}
	for i := range 2 {
		out := must(fmt.Sprint("several ", i), once(5, 1), i == 1, heads...)
		s.hits("several", out, true, true, true, true)
		s.count("several", out, 0, true, 2)
		for k := range heads {
			s.check(fmt.Sprint("several ", i, " ", k), out.Results[k].Answer, want[i][k])
		}
		s.write(update(s.thing, "x2", "label", "z"))
	}
	s.check("documents", s.read(page(s.user, rules.True, "_id", "name"))[0], `[[["u1","Ann"],["u2","made"]]]`)

	// At once: one of them runs.
	const n = 8
	s.write(update(s.thing, "x1", "int", int64(0)))
	outs, errs := make(chan *store.Outcome, n), make(chan error, n)
	for range n {
		go func() {
			out, err := send(once(6, 1), add)
			outs <- out
			errs <- err
		}()
	}
	ran := 0
	for range n {
		out := <-outs
		if err := <-errs; err != nil {
			s.Errorf("race: %v", err)
		} else if !out.Repeated {
			ran++
		}
	}
	if ran != 1 {
		s.Errorf("%d of %d ran", ran, n)
	}
	is("race", 1)

	// Planned for another version, and after a reset.
	version := s.version
	s.deploy(nil)
	if _, err := s.Write(s.context(), &store.Mutation{Version: version, Now: s.now, Heads: []store.Head{add}, Once: once(6, 1)}); !errors.Is(err, store.ErrStale) {
		s.Errorf("another version: %v", err)
	}
	must("version of now", once(6, 1), true, add)
	d, err := s.Deploy(s.context(), &store.Migration{From: s.version, Reset: true, SDL: "fresh", Steps: newWorld().steps()})
	if err != nil {
		s.Fatal(err)
	}
	s.version = d.Version
	s.hits("after a reset", must("after a reset", once(6, 1), false, add), false)
}
