package storetest

import (
	"errors"
	"fmt"
	"sync"

	"flora.dev/flora/rules"
	"flora.dev/flora/store"
)

// refused checks that heads are refused with a reason at a head, and that
// nothing was written: what reads the same before and after.
func (s *suite) refused(what string, head int, why store.Refusal, heads ...store.Head) {
	s.Helper()
	before := s.state()
	_, err := s.try(heads...)
	var w *store.WriteError
	if !errors.As(err, &w) {
		s.Errorf("%s: error %v, want a refusal", what, err)
	} else if w.Head != head || w.Why != why {
		s.Errorf("%s: head %d refused for %d, want head %d for %d", what, w.Head, w.Why, head, why)
	}
	if after := s.state(); after != before {
		s.Errorf("%s: refused, but the store changed from %s to %s", what, before, after)
	}
}

// state is all that the store holds of what the write tests touch.
func (s *suite) state() string {
	s.Helper()
	return fmt.Sprint(s.read(page(s.user, rules.True, "_id", "_ts", "sub", "name", "email"), page(s.team, rules.True, "_id", "_ts", "name"),
		page(s.member, rules.True, "_id", "_ts", "team", "user", "admin"), page(s.thing, rules.True, "_id", "_ts", "label", "owner", "team", "parent", "int")))
}

func (s *suite) hits(what string, o *store.Outcome, want ...bool) {
	s.Helper()
	written := false
	for i, w := range want {
		if o.Results[i].Hit != w {
			s.Errorf("%s: head %d hit %t", what, i, o.Results[i].Hit)
		}
		if !w && o.Results[i].Answer != "" {
			s.Errorf("%s: head %d answers %s without a hit", what, i, o.Results[i].Answer)
		}
		written = written || w
	}
	if (o.CommitTime > 0) != written || o.CommitTime < 0 {
		s.Errorf("%s: commit time %d, written %t", what, o.CommitTime, written)
	}
}

func (s *suite) userExists(id string) rules.Pred {
	return rules.One{From: val(rules.Ref, id), Target: s.user.Object, Var: 40, Domain: rules.True, Body: rules.NotNull{X: col(40, s.user, "name")}}
}

func testInsert(s *suite) {
	s.hits("plain", s.write(insert(s.user, "u1", "sub", "a", "name", "Ann")), true)
	s.expect(s.user, "u1", fmt.Sprintf(`["u1", %d, "a", "Ann", null, null]`, s.now), "_id", "_ts", "sub", "name", "email", "tags")

	h := insert(s.thing, "x1", "label", "one", "owner", "u1")
	s.hits("guard true", s.write(guarded(h, s.userExists("u1"), rules.True)), true)
	h.ID = "x2"
	s.refused("guard false", 0, store.Forbidden, guarded(h, rules.False, rules.True))
	s.refused("guard on a hidden document", 0, store.Forbidden, guarded(h, s.userExists("nobody"), rules.True))
	s.expect(s.thing, "x2", "null", "_id")
}

func testUpdate(s *suite) {
	s.write(insert(s.user, "u1", "sub", "a", "name", "Ann"), insert(s.user, "u2", "sub", "b"))
	named := rules.NotNull{X: col(rules.Old, s.user, "name")}

	// Granted, and its deny twins.
	s.hits("granted", s.write(guarded(update(s.user, "u1", "name", "Bea"), named, named)), true)
	s.expect(s.user, "u1", `["Bea", "a"]`, "name", "sub")
	before := s.state()
	s.hits("hidden", s.write(guarded(update(s.user, "u2", "name", "Bea"), named, named)), false)
	s.hits("missing", s.write(guarded(update(s.user, "u9", "name", "Bea"), rules.True, rules.True)), false)
	if s.state() != before {
		s.Error("a miss changed the store")
	}
	s.refused("readable", 0, store.Forbidden, guarded(update(s.user, "u1", "name", "Cyn"), rules.False, named))
	required := guarded(update(s.user, "u9", "name", "Cyn"), rules.True, rules.True)
	required.Required = true
	s.refused("required and missing", 0, store.Forbidden, required)
	required.ID, required.Guard, required.Readable = "u2", named, named
	s.refused("required and hidden", 0, store.Forbidden, required)

	// A miss lets the others go on.
	s.hits("miss between", s.write(update(s.user, "u9", "name", "X"), update(s.user, "u1", "name", "Dot"), update(s.user, "u8", "name", "X")), false, true, false)
	s.expect(s.user, "u1", `["Dot"]`, "name")

	// A column of the stored document as a value, null, and nothing set at all.
	s.write(update(s.user, "u1", "email", col(rules.Old, s.user, "name"), "name", nil))
	s.expect(s.user, "u1", `[null, "Dot"]`, "name", "email")
	s.hits("touch", s.write(update(s.user, "u1")), true)

	// _ts grows strictly, whatever the clock does.
	var last, ts []int64
	s.decode(s.find(s.user, "u1", "_ts"), &last)
	for _, now := range []int64{s.now, s.now - 1_000_000, s.now + 5, s.now + 5} {
		s.now = now
		s.write(update(s.user, "u1", "name", "E"))
		s.decode(s.find(s.user, "u1", "_ts"), &ts)
		if want := max(now, last[0]+1); ts[0] != want {
			s.Errorf("_ts after an update at %d: %d, want %d", now, ts[0], want)
		}
		last[0] = ts[0]
	}
}

func testDelete(s *suite) {
	s.write(insert(s.user, "u1", "sub", "a", "name", "Ann"), insert(s.user, "u2", "sub", "b"))
	named := rules.NotNull{X: col(rules.Old, s.user, "name")}
	answer := s.byID(s.user, "u1", "name", "sub")
	s.refused("readable", 0, store.Forbidden, guarded(remove(s.user, "u1"), rules.False, named))
	s.hits("hidden", s.write(guarded(remove(s.user, "u2"), named, named)), false)
	s.expect(s.user, "u2", `["b"]`, "sub")
	for _, echo := range []bool{false, true} {
		h := guarded(remove(s.user, "u1"), named, named)
		h.Answer, h.Echo = &answer, echo
		o := s.write(h)
		s.hits("granted", o, true)
		s.check("answer of a delete", o.Results[0].Answer, `["Ann", "a"]`)
		s.expect(s.user, "u1", "null", "_id")
		s.hits("again", s.write(h), false)
		s.write(insert(s.user, "u1", "sub", "a", "name", "Ann"))
	}
}

func testKids(s *suite) {
	s.write(insert(s.user, "u1", "sub", "a", "name", "Ann"), insert(s.thing, "x1", "label", "one"), insert(s.thing, "x2", "label", "two"))
	connect := func(id string) store.Head {
		h := update(s.thing, id, "owner", "u2")
		h.Required = true
		return h
	}
	parent := insert(s.user, "u2", "sub", "b")
	parent.Kids = []store.Head{connect("x1"), connect("x2")}
	s.write(parent)
	s.expect(s.thing, "x1", `["u2"]`, "owner")
	s.expect(s.thing, "x2", `["u2"]`, "owner")

	// Kids of a miss do not run; a kid that is required and misses ends all.
	miss := update(s.user, "nobody", "name", "X")
	miss.Kids = []store.Head{update(s.thing, "x1", "label", "changed")}
	s.hits("kids of a miss", s.write(miss, update(s.user, "u1", "name", "Bea")), false, true)
	s.expect(s.thing, "x1", `["one"]`, "label")
	parent = update(s.user, "u1", "name", "Cyn")
	grand := update(s.thing, "x1", "label", "changed")
	grand.Kids = []store.Head{connect("nothing")}
	parent.Kids = []store.Head{grand}
	s.refused("kid that misses", 1, store.Forbidden, update(s.user, "u2", "name", "Zed"), parent)
	optional := update(s.user, "u1", "name", "Cyn")
	optional.Kids = []store.Head{update(s.thing, "nothing", "label", "x"), update(s.thing, "x2", "label", "kid")}
	s.hits("optional kid", s.write(optional), true)
	s.expect(s.thing, "x2", `["kid"]`, "label")
}

// testSerial checks that a head sees what those before it did, and that a
// probe does not see what those after it would do.
func testSerial(s *suite) {
	s.write(insert(s.team, "t1", "name", "one"), insert(s.user, "u1", "sub", "a", "name", "Ann"), insert(s.thing, "x1", "label", "one", "team", "t1"))
	mine := s.memberOf(50, "a", col(rules.Old, s.thing, "team"))
	change := guarded(update(s.thing, "x1", "label", "two"), mine, mine)
	join := insert(s.member, "m1", "team", "t1", "user", "u1", "admin", true)
	leave := remove(s.member, "m1")

	o := s.write(change, join)
	s.hits("hidden, then joined", o, false, true)
	s.expect(s.thing, "x1", `["one"]`, "label")
	s.write(leave)
	s.hits("joined, then readable", s.write(join, change), true, true)
	s.expect(s.thing, "x1", `["two"]`, "label")
	s.hits("left, then hidden", s.write(leave, change), true, false)

	// A value that an earlier head wrote decides a later one.
	is := func(label string) rules.Pred { return eq(col(rules.Old, s.thing, "label"), val(rules.String, label)) }
	s.hits("chain", s.write(
		guarded(update(s.thing, "x1", "label", "three"), is("two"), rules.True),
		guarded(update(s.thing, "x1", "label", "four"), is("three"), rules.True)), true, true)
	s.expect(s.thing, "x1", `["four"]`, "label")
	s.refused("chain broken", 1, store.Forbidden,
		guarded(update(s.thing, "x1", "label", "five"), is("four"), rules.True),
		guarded(update(s.thing, "x1", "label", "six"), is("four"), rules.True))
	// An inserted document is a target for the next head; deleted, it is gone.
	s.hits("insert, then refer", s.write(insert(s.user, "u2", "sub", "b", "name", "Bob"),
		guarded(insert(s.thing, "x2", "label", "x", "owner", "u2"), s.userExists("u2"), rules.True), update(s.thing, "x2", "label", "y"), remove(s.thing, "x2"), update(s.thing, "x2", "label", "z")),
		true, true, true, true, false)
}

func testAllOrNothing(s *suite) {
	s.write(insert(s.user, "u1", "sub", "a", "name", "Ann"), insert(s.user, "u2", "sub", "b"))
	good := []store.Head{insert(s.user, "u3", "sub", "c"), update(s.user, "u1", "name", "Bea"), remove(s.user, "u2")}
	for i, bad := range []struct {
		what string
		why  store.Refusal
		head store.Head
	}{
		{"forbidden create", store.Forbidden, guarded(insert(s.user, "u4", "sub", "d"), rules.False, rules.True)},
		{"forbidden update", store.Forbidden, guarded(update(s.user, "u1", "name", "X"), rules.False, rules.True)},
		{"unique value", store.Conflict, insert(s.user, "u4", "sub", "a")},
		{"dangling reference", store.Forbidden, insert(s.thing, "x1", "label", "x", "owner", "nobody")},
	} {
		s.refused(bad.what+" last", 3, bad.why, append(good[:3:3], bad.head)...)
		s.refused(bad.what+" first", 0, bad.why, append([]store.Head{bad.head}, good...)...)
		s.refused(bad.what+" between", 1, bad.why, good[i%3], bad.head, good[(i+1)%3])
	}
	s.hits("without", s.write(good...), true, true, true)
}

func testConstraints(s *suite) {
	s.write(insert(s.user, "u1", "sub", "a", "email", "x@y"), insert(s.user, "u2", "sub", "b", "email", nil), insert(s.user, "u3", "sub", "c"),
		insert(s.thing, "x1", "label", "one", "owner", "u1"), insert(s.thing, "x2", "label", "two", "parent", "x1"))
	// Two nulls are no conflict (u2 and u3), two values are.
	s.refused("unique on insert", 0, store.Conflict, insert(s.user, "u4", "sub", "d", "email", "x@y"))
	s.refused("unique on update", 0, store.Conflict, update(s.user, "u2", "email", "x@y"))
	s.refused("same id", 0, store.Conflict, insert(s.user, "u1", "sub", "d"))
	s.refused("rules come before the conflict", 0, store.Forbidden, guarded(insert(s.user, "u4", "sub", "a"), rules.False, rules.True))
	s.hits("own value again", s.write(update(s.user, "u1", "email", "x@y")), true)

	s.refused("dangling on insert", 0, store.Forbidden, insert(s.thing, "x3", "label", "x", "owner", "nobody"))
	s.refused("dangling on update", 0, store.Forbidden, update(s.thing, "x1", "owner", "nobody"))
	s.refused("dangling through a late foreign key", 0, store.Forbidden, update(s.user, "u1", "home", "nothing"))
	s.refused("delete of a referenced document", 0, store.Conflict, remove(s.user, "u1"))
	s.refused("delete of a parent", 0, store.Conflict, remove(s.thing, "x1"))
	s.hits("reference removed", s.write(update(s.thing, "x1", "owner", nil), remove(s.user, "u1")), true, true)
	s.hits("child first", s.write(remove(s.thing, "x2"), remove(s.thing, "x1")), true, true)
	s.hits("itself", s.write(insert(s.thing, "x5", "label", "x", "parent", "x5")), true)

	// What no planner sends is an error, not a refusal, and writes nothing.
	before := s.state()
	for what, h := range map[string]store.Head{
		"null in a required column": insert(s.thing, "x9", "label", nil),
		"unknown enum value":        insert(s.thing, "x9", "label", "x", "state", "NEVER"),
	} {
		_, err := s.try(h)
		var w *store.WriteError
		if err == nil || errors.As(err, &w) || errors.Is(err, store.ErrUnavailable) {
			s.Errorf("%s: error %v, want a plain one", what, err)
		}
	}
	if s.state() != before {
		s.Error("a broken write changed the store")
	}
}

// testAnswers checks that answers are the state at the commit, under the
// answer's own rule.
func testAnswers(s *suite) {
	s.write(insert(s.user, "u1", "sub", "a", "name", "Ann"), insert(s.user, "u2", "sub", "b", "name", "Bob"))
	answer := func(h store.Head, where rules.Pred) store.Head {
		sel := s.byID(s.user, h.ID, "name", "_ts")
		if where != nil {
			sel.Where = rules.And{sel.Where, where}
		}
		h.Answer, h.Echo = &sel, where == nil
		return h
	}
	named := rules.NotNull{X: col(900, s.user, "name")}
	s.now++
	o := s.write(answer(update(s.user, "u1", "name", "A1"), nil), answer(insert(s.user, "u3", "sub", "c", "name", "C1"), named),
		update(s.user, "u1", "name", "A2"), answer(update(s.user, "u9", "name", "X"), nil), answer(remove(s.user, "u2"), named), answer(update(s.user, "u3", "name", nil), named))
	s.hits("several", o, true, true, true, false, true, true)
	for i, want := range []string{fmt.Sprintf(`["A2", %d]`, s.now+1), "null", "", "", fmt.Sprintf(`["Bob", %d]`, s.now-1), "null"} {
		if got := o.Results[i].Answer; want == "" && got != "" {
			s.Errorf("answer %d: %s, want none", i, got)
		} else if want != "" {
			s.check(fmt.Sprint("answer ", i), got, want)
		}
	}
	// An answer with more than the row, after a create that only its own rule hides.
	h := insert(s.thing, "x1", "label", "one", "owner", "u1")
	h.Answer = &store.Select{From: s.thing.Object, Var: 5, One: true, Where: eq(col(5, s.thing, "_id"), val(rules.ID, "x1")), Columns: []store.Column{
		{Value: col(5, s.thing, "label"), Guard: rules.False},
		{Nested: &store.Select{From: s.user.Object, Var: 6, One: true, Where: eq(col(6, s.user, "_id"), col(5, s.thing, "owner")), Columns: columns(6, s.user, "name")}}}}
	s.check("nested answer", s.write(h).Results[0].Answer, `[null, ["A2"]]`)
}

// testCaller writes values of the caller's own document.
func testCaller(s *suite) {
	s.write(insert(s.user, "u1", "sub", "a", "name", "Ann"))
	value := func(sub, field string) rules.Operand {
		return rules.UserVal{Object: s.user.Object, Identity: val(rules.String, sub), Field: s.user.Field(field)}
	}
	exists := func(sub string) rules.Pred {
		return rules.User{Object: s.user.Object, Identity: val(rules.String, sub), Var: 40, Body: rules.True}
	}
	s.write(guarded(insert(s.thing, "x1", "label", "one", "owner", value("a", "_id"), "text", value("a", "name")), exists("a"), rules.True))
	s.expect(s.thing, "x1", `["u1", "Ann"]`, "owner", "text")
	s.refused("no such caller", 0, store.Forbidden, guarded(insert(s.thing, "x2", "label", "one", "owner", value("z", "_id")), exists("z"), rules.True))
	s.write(guarded(update(s.thing, "x1", "text", value("a", "sub")), exists("a"), rules.True))
	s.expect(s.thing, "x1", `["a"]`, "text")
	// In a rule an absent caller is unknown, under every test.
	for i, p := range []rules.Pred{
		rules.Cmp{Op: rules.Ne, L: val(rules.String, "q"), R: value("z", "name")}, eq(val(rules.String, nil), value("z", "name")),
		rules.IsNull{X: value("z", "name")}, rules.NotNull{X: value("z", "sub")}, rules.NotIn{X: val(rules.String, "q"), List: value("z", "tags")},
	} {
		s.refused(fmt.Sprint("absent caller ", i), 0, store.Forbidden, guarded(insert(s.thing, "x3", "label", "x"), p, rules.True))
	}
	s.write(guarded(insert(s.thing, "x3", "label", "x"), rules.And{rules.Cmp{Op: rules.Ne, L: val(rules.String, "q"), R: value("a", "name")}, rules.NotNull{X: value("a", "sub")}}, rules.True))
}

func testConcurrency(s *suite) {
	const n = 12
	errs := make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			// Pairs fight for one unique value; each also writes a document of its own.
			_, errs[i] = s.try(insert(s.team, fmt.Sprint("t", i), "name", "x"), insert(s.user, fmt.Sprint("u", i), "sub", fmt.Sprint("sub", i/2)))
		})
	}
	wg.Wait()
	won := 0
	for i := range n {
		var w *store.WriteError
		switch {
		case errs[i] == nil:
			won++
			s.expect(s.team, fmt.Sprint("t", i), `["x"]`, "name")
		case errors.As(errs[i], &w) && w.Why == store.Conflict && w.Head == 1:
			s.expect(s.team, fmt.Sprint("t", i), "null", "name")
		default:
			s.Errorf("writer %d: %v", i, errs[i])
		}
	}
	if won != n/2 {
		s.Errorf("%d of %d writers won, want one of each pair", won, n)
	}
}
