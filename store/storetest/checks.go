package storetest

import (
	"errors"
	"fmt"

	"flora.dev/flora/rules"
	"flora.dev/flora/store"
)

// invalid checks that heads are refused because a check is not true: which
// head, which of its kids (-1: itself), which check; and that nothing was
// written.
func (s *suite) invalid(what string, head, kid, check int, heads ...store.Head) {
	s.Helper()
	before := s.state()
	_, err := s.try(heads...)
	var w *store.WriteError
	if !errors.As(err, &w) {
		s.Errorf("%s: error %v, want a refusal", what, err)
	} else if got, want := fmt.Sprint(w.Why, w.Head, w.Kid, w.Check), fmt.Sprint(store.Invalid, head, kid, check); got != want {
		s.Errorf("%s: refusal, head, kid, check are %s, want %s", what, got, want)
	}
	if after := s.state(); after != before {
		s.Errorf("%s: refused, but the store changed from %s to %s", what, before, after)
	}
}

func checked(h store.Head, checks ...rules.Pred) store.Head {
	h.Checks = checks
	return h
}

func testChecks(s *suite) {
	s.write(insert(s.user, "u1", "sub", "a", "name", "Ann"), insert(s.user, "u2", "sub", "b"))
	named := rules.NotNull{X: col(rules.Old, s.user, "name")}
	is := func(name string) rules.Pred { return eq(col(rules.Old, s.user, "name"), val(rules.String, name)) }
	unknown := rules.Cmp{Op: rules.Lt, L: col(rules.Old, s.user, "email"), R: val(rules.String, "x")}

	// Creates: they speak of other documents only.
	yes, no := s.userExists("u1"), s.userExists("u2") // u2 has no name
	s.hits("create", s.write(checked(insert(s.user, "c1", "sub", "c1"), yes, yes)), true)
	s.hits("guarded create", s.write(checked(guarded(insert(s.user, "c2", "sub", "c2"), yes, rules.False), yes)), true)
	s.invalid("create, first", 0, -1, 0, checked(insert(s.user, "c3", "sub", "c3"), no, no))
	s.invalid("create, second", 0, -1, 1, checked(insert(s.user, "c3", "sub", "c3"), yes, no, rules.False))
	s.invalid("create, never", 0, -1, 0, checked(insert(s.user, "c3", "sub", "c3"), rules.False))
	s.invalid("guarded create", 0, -1, 0, checked(guarded(insert(s.user, "c3", "sub", "c3"), yes, rules.False), no))
	s.refused("the guard of a create comes first", 0, store.Forbidden, checked(guarded(insert(s.user, "c3", "sub", "c3"), no, rules.False), no))
	s.refused("forbidden create that would be valid", 0, store.Forbidden, checked(guarded(insert(s.user, "c3", "sub", "c3"), no, rules.False), yes))
	s.invalid("checks of a create come before the conflict", 0, -1, 0, checked(insert(s.user, "c3", "sub", "a"), no))
	s.refused("valid and taken", 0, store.Conflict, checked(insert(s.user, "c3", "sub", "a"), yes))

	// Updates: the stored document is known to be readable and the guard true.
	s.hits("update", s.write(checked(update(s.user, "u1", "email", "x@y"), named, is("Ann"))), true)
	s.write(update(s.user, "u1", "email", nil))
	s.invalid("update, second", 0, -1, 1, checked(update(s.user, "u1", "name", "Bea"), named, is("Bob")))
	s.invalid("update, unknown", 0, -1, 0, checked(update(s.user, "u1", "name", "Bea"), unknown))
	s.invalid("guarded update", 0, -1, 0, checked(guarded(update(s.user, "u1", "name", "Bea"), named, named), is("Bob")))
	s.refused("the guard of an update comes first", 0, store.Forbidden, checked(guarded(update(s.user, "u1", "name", "Bea"), is("Bob"), rules.True), is("Bob")))
	s.hits("hidden", s.write(checked(guarded(update(s.user, "u2", "name", "Bea"), named, named), is("Bob"))), false)
	s.hits("missing", s.write(checked(update(s.user, "u9", "name", "Bea"), is("Bob"))), false)
	s.invalid("checks of an update come before the conflict", 0, -1, 0, checked(update(s.user, "u1", "sub", "b"), is("Bob")))
	s.refused("update that is valid and taken", 0, store.Conflict, checked(update(s.user, "u1", "sub", "b"), is("Ann")))
	required := checked(guarded(update(s.user, "u2", "name", "Bea"), named, named), is("Bob"))
	required.Required = true
	s.refused("required and hidden", 0, store.Forbidden, required)

	// Several heads: each check is asked at its own place.
	good := update(s.user, "u2", "email", "u2@y")
	bad := checked(insert(s.user, "c3", "sub", "c3"), no)
	s.invalid("last", 1, -1, 0, good, bad)
	s.invalid("first", 0, -1, 0, bad, good)
	s.invalid("update between", 1, -1, 0, good, checked(update(s.user, "u1", "name", "Bea"), is("Bob")), insert(s.user, "c4", "sub", "c4"))
	s.hits("made valid by the head before", s.write(update(s.user, "u1", "name", "Bob"), checked(update(s.user, "u1", "name", "Cid"), is("Bob"))), true, true)
	s.invalid("made invalid by the head before", 1, -1, 0, update(s.user, "u1", "name", "Dan"), checked(update(s.user, "u1", "name", "Eve"), is("Cid")))
	s.invalid("a head after would make it valid", 0, -1, 0, checked(insert(s.user, "c3", "sub", "c3"), no), update(s.user, "u2", "name", "Now"))
	s.invalid("a head after would make it invalid", 0, -1, 1, checked(insert(s.user, "c3", "sub", "c3"), yes, no), update(s.user, "u1", "name", nil))
	s.hits("a miss before", s.write(update(s.user, "u9", "name", "X"), checked(update(s.user, "u1", "name", "Cid"), is("Cid"))), false, true)

	// Kids.
	s.write(insert(s.thing, "x1", "label", "one"), insert(s.thing, "x2", "label", "two"))
	label := func(l string) rules.Pred { return eq(col(rules.Old, s.thing, "label"), val(rules.String, l)) }
	connect := func(id string, checks ...rules.Pred) store.Head {
		h := checked(update(s.thing, id, "owner", "u5"), checks...)
		h.Required = true
		return h
	}
	parent := checked(insert(s.user, "u5", "sub", "u5"), yes)
	parent.Kids = []store.Head{connect("x1", label("one")), connect("x2", label("two"), label("one"))}
	s.invalid("second kid", 1, 1, 1, good, parent)
	parent.Kids[1] = connect("x2", label("two"))
	parent.Checks = []rules.Pred{no}
	s.invalid("head before its kids", 0, -1, 0, parent)
	parent.Kids[0] = connect("nothing", label("one"))
	parent.Checks = nil
	s.refused("missing kid", 0, store.Forbidden, parent)
	parent.Kids[0] = connect("x1", label("one"))
	s.hits("with kids", s.write(parent), true)
	s.expect(s.thing, "x2", `["u5"]`, "owner")
}
