package storetest

import (
	"errors"
	"fmt"

	"flora.dev/flora/rules"
	"flora.dev/flora/schema"
	"flora.dev/flora/store"
)

// every is an update or delete of all documents where match holds.
func every(h store.Head, match rules.Pred) store.Head {
	h.ID, h.Match, h.Guard, h.Readable = "", match, rules.True, rules.True
	return h
}

// showing gives a head a page as its answer: those of c where p holds.
func showing(h store.Head, c *schema.Collection, p rules.Pred, fields ...string) store.Head {
	s := page(c, p, fields...)
	s.Total = true
	h.Answer = &s
	return h
}

func (s *suite) count(what string, o *store.Outcome, i int, hit bool, n int64) {
	s.Helper()
	if r := o.Results[i]; r.Hit != hit || r.Count != n {
		s.Errorf("%s: hit %t, count %d; want %t, %d", what, r.Hit, r.Count, hit, n)
	}
}

func testBulk(s *suite) {
	people := []store.Head{}
	for i, name := range []any{"Ann", "Bea", "Ann", nil, "Ann"} {
		people = append(people, insert(s.user, fmt.Sprint("u", i), "sub", fmt.Sprint("s", i), "name", name, "email", fmt.Sprint(i, "@y")))
	}
	s.write(people...)
	old := func(f string) rules.Col { return col(rules.Old, s.user, f) }
	named := func(n string) rules.Pred { return eq(old("name"), val(rules.String, n)) }
	s.now++

	o := s.write(every(update(s.user, "", "name", "Dot"), named("Ann")))
	s.count("update", o, 0, true, 3)
	s.check("updated", s.read(page(s.user, eq(col(1, s.user, "name"), val(rules.String, "Dot")), "_id", "_ts"))[0],
		fmt.Sprintf(`[[["u0",%d],["u2",%d],["u4",%d]]]`, s.now, s.now, s.now))
	o = s.write(every(update(s.user, "", "name", "X"), named("nobody")))
	s.count("update of nothing", o, 0, true, 0)
	if o.CommitTime != 0 {
		s.Errorf("update of nothing: commit time %d", o.CommitTime)
	}

	// One document where the guard or a check is not true refuses all.
	first := rules.Cmp{Op: rules.Ne, L: old("_id"), R: val(rules.ID, "u2")}
	unknown := rules.Cmp{Op: rules.Lt, L: rules.Size{X: old("tags")}, R: val(rules.Long, int64(3))}
	no := func(h store.Head, guard rules.Pred, checks ...rules.Pred) store.Head {
		h.Guard, h.Checks = guard, checks
		return h
	}
	dots := every(update(s.user, "", "name", "E"), named("Dot"))
	s.refused("guard of one", 0, store.Forbidden, no(dots, first))
	s.refused("guard unknown", 0, store.Forbidden, no(dots, unknown))
	s.invalid("check of one", 0, -1, 1, no(dots, rules.True, named("Dot"), first))
	s.invalid("check unknown", 0, -1, 0, no(dots, rules.True, unknown))
	s.refused("guard before check", 0, store.Forbidden, no(dots, first, unknown))
	s.refused("guard of a document that a head before changed", 1, store.Forbidden, update(s.user, "u0", "email", nil), no(dots, rules.NotNull{X: old("email")}))
	s.count("guard and checks of all", s.write(no(dots, named("Dot"), rules.NotNull{X: old("email")})), 0, true, 3)
	s.count("nobody to refuse", s.write(no(dots, rules.False, rules.False)), 0, true, 0)
	// Those that do not match are not asked.
	s.count("others are not asked", s.write(no(every(update(s.user, "", "name", "F"), named("E")), rules.Cmp{Op: rules.Ne, L: old("_id"), R: val(rules.ID, "u1")})), 0, true, 3)

	// Most.
	few := every(update(s.user, "", "name", "G"), named("F"))
	few.Most = 2
	s.refused("too many", 0, store.TooMany, few)
	s.refused("too many comes before the guard", 0, store.TooMany, no(few, rules.False))
	few.Most = 3
	s.count("just enough", s.write(few), 0, true, 3)

	// A unique value for all is a conflict, for one it is none.
	s.refused("unique", 0, store.Conflict, every(update(s.user, "", "email", "same@y"), named("G")))
	s.count("unique, of one", s.write(every(update(s.user, "", "email", "same@y"), named("Bea"))), 0, true, 1)
	// A column of each document itself.
	s.write(every(update(s.user, "", "email", old("sub")), named("G")))
	s.expect(s.user, "u4", `["s4"]`, "email")

	// Answers show what was hit, also where it no longer matches, under their own rule.
	visible := rules.Cmp{Op: rules.Ne, L: col(1, s.user, "_id"), R: val(rules.ID, "u2")}
	o = s.write(showing(every(update(s.user, "", "name", "H"), named("G")), s.user, visible, "_id", "name"), update(s.user, "u4", "name", "I"))
	s.count("with an answer", o, 0, true, 3)
	s.check("answer", o.Results[0].Answer, `[2,[["u0","H"],["u4","I"]]]`)
	o = s.write(showing(every(update(s.user, "", "name", "J"), named("nobody")), s.user, rules.True, "_id"))
	s.check("answer of nothing", o.Results[0].Answer, `[0,[]]`)

	// As a kid.
	kid := update(s.user, "u1", "name", "Kim")
	kid.Kids = []store.Head{every(update(s.user, "", "name", "Lea"), rules.IsNull{X: old("name")}), every(update(s.user, "", "name", "Moe"), named("nobody"))}
	s.hits("kids", s.write(kid), true)
	s.expect(s.user, "u3", `["Lea"]`, "name")
	kid.Kids[1] = no(every(update(s.user, "", "name", "Moe"), named("Lea")), rules.False)
	s.refused("refused kid", 0, store.Forbidden, kid)

	s.bulkDelete()
}

func (s *suite) bulkDelete() {
	s.write(insert(s.thing, "x1", "label", "a"), insert(s.thing, "x2", "label", "a", "owner", "u1"), insert(s.thing, "x3", "label", "b"), insert(s.thing, "x4", "label", "a"))
	label := func(l string) rules.Pred { return eq(col(rules.Old, s.thing, "label"), val(rules.String, l)) }
	free := rules.IsNull{X: col(rules.Old, s.thing, "owner")}
	all := every(remove(s.thing, ""), label("a"))
	for _, withAnswer := range []bool{false, true} {
		h := all
		if withAnswer {
			h = showing(h, s.thing, rules.Cmp{Op: rules.Ne, L: col(1, s.thing, "_id"), R: val(rules.ID, "x4")}, "_id", "label")
		}
		what := fmt.Sprint("delete, answer ", withAnswer)
		guarded := h
		guarded.Guard = free
		s.refused(what+", guard", 0, store.Forbidden, guarded)
		few := h
		few.Most = 2
		s.refused(what+", too many", 0, store.TooMany, few)
		o := s.write(h)
		s.count(what, o, 0, true, 3)
		if withAnswer {
			s.check(what, o.Results[0].Answer, `[2,[["x1","a"],["x2","a"]]]`)
		}
		s.check(what+": left", s.read(page(s.thing, rules.True, "_id"))[0], `[[["x3"]]]`)
		o = s.write(h)
		s.count(what+" again", o, 0, true, 0)
		if withAnswer {
			s.check(what+" again", o.Results[0].Answer, `[0,[]]`)
		}
		s.write(insert(s.thing, "x1", "label", "a"), insert(s.thing, "x2", "label", "a", "owner", "u1"), insert(s.thing, "x4", "label", "a"))
	}
	s.refused("delete of referenced documents", 0, store.Conflict, every(remove(s.user, ""), eq(col(rules.Old, s.user, "_id"), val(rules.ID, "u1"))))
}

// testVersions checks writes that name the version of their document.
func testVersions(s *suite) {
	s.write(insert(s.user, "u1", "sub", "a", "name", "Ann"), insert(s.user, "u2", "sub", "b"))
	named := rules.NotNull{X: col(rules.Old, s.user, "name")}
	at := func(v int64, h store.Head) store.Head {
		h.Version = &v
		return h
	}
	v := s.now
	s.refused("older", 0, store.VersionMismatch, at(v-1, update(s.user, "u1", "name", "Bea")))
	s.refused("newer", 0, store.VersionMismatch, at(v+1, update(s.user, "u1", "name", "Bea")))
	s.hits("same", s.write(at(v, update(s.user, "u1", "name", "Bea"))), true)
	s.refused("changed meanwhile", 0, store.VersionMismatch, at(v, update(s.user, "u1", "name", "Cyn")))
	s.hits("its new version", s.write(at(v+1, update(s.user, "u1", "name", "Cyn"))), true)

	// The fixed order: hidden, forbidden, invalid, version, conflict.
	s.hits("hidden", s.write(at(1, guarded(update(s.user, "u2", "name", "X"), named, named))), false)
	s.hits("missing", s.write(at(1, update(s.user, "u9", "name", "X"))), false)
	s.refused("forbidden", 0, store.Forbidden, at(1, guarded(update(s.user, "u1", "name", "X"), rules.False, named)))
	s.invalid("invalid", 0, -1, 0, at(1, checked(update(s.user, "u1", "name", "X"), rules.False)))
	s.refused("valid", 0, store.VersionMismatch, at(1, checked(update(s.user, "u1", "name", "X"), named)))
	s.refused("before the conflict", 0, store.VersionMismatch, at(1, update(s.user, "u1", "sub", "b")))
	s.refused("conflict", 0, store.Conflict, at(v+2, update(s.user, "u1", "sub", "b")))
	s.refused("second head", 1, store.VersionMismatch, update(s.user, "u1", "name", "X"), at(v+2, update(s.user, "u1", "name", "Y")))
	s.hits("after the head before", s.write(update(s.user, "u1", "name", "X"), at(v+3, update(s.user, "u1", "name", "Y"))), true, true)

	// Deletes, with and without an answer.
	for _, answered := range []bool{false, true} {
		h := guarded(remove(s.user, "u1"), named, named)
		if answered {
			sel := s.byID(s.user, "u1", "name")
			h.Answer = &sel
		}
		what := fmt.Sprint("delete, answer ", answered)
		s.refused(what, 0, store.VersionMismatch, at(v, h))
		s.refused(what+", forbidden", 0, store.Forbidden, at(v, guarded(h, rules.False, named)))
		hidden := h
		hidden.ID = "u2"
		s.hits(what+", hidden", s.write(at(v, hidden)), false)
		s.hits(what+", same", s.write(at(v+4, h)), true)
		s.now = v + 4
		s.write(insert(s.user, "u1", "sub", "a", "name", "Ann"))
	}
}

// testBefore checks heads that need others to have run.
func testBefore(s *suite) {
	s.write(insert(s.user, "u1", "sub", "a", "name", "Ann"), insert(s.thing, "x1", "label", "one"))
	with := func(h store.Head, before ...store.Head) store.Head {
		h.Before = before
		return h
	}
	// The reference leads to a document that is made before.
	h := guarded(insert(s.thing, "x2", "label", "two", "owner", "u2"), s.userExists("u2"), rules.False)
	h.Before = []store.Head{insert(s.user, "u2", "sub", "b", "name", "Bob")}
	answer := s.byID(s.thing, "x2", "label", "owner")
	h.Answer, h.Echo = &answer, true
	o := s.write(h)
	s.hits("create before a create", o, true)
	s.check("answer", o.Results[0].Answer, `["two", "u2"]`)
	s.hits("create before an update", s.write(with(update(s.thing, "x1", "owner", "u3"), insert(s.user, "u3", "sub", "c"))), true)
	s.expect(s.thing, "x1", `["u3"]`, "owner")

	made := insert(s.user, "u4", "sub", "d")
	owned := rules.NotNull{X: col(rules.Old, s.thing, "text")}
	s.refused("before a miss", 0, store.Forbidden, with(update(s.thing, "x9", "owner", "u4"), made))
	s.refused("before a hidden document", 0, store.Forbidden, with(guarded(update(s.thing, "x1", "owner", "u4"), owned, owned), made))
	s.refused("before a forbidden one", 0, store.Forbidden, with(guarded(update(s.thing, "x1", "owner", "u4"), rules.False, rules.True), made))
	s.refused("forbidden itself", 1, store.Forbidden, update(s.user, "u1", "name", "X"), with(update(s.thing, "x1", "owner", "u4"), guarded(made, rules.False, rules.False)))
	s.refused("update that misses", 0, store.Forbidden, with(update(s.thing, "x1", "owner", "u1"), update(s.user, "u9", "name", "X")))
	s.refused("conflict of the one before", 0, store.Conflict, with(update(s.thing, "x1", "owner", "u4"), insert(s.user, "u4", "sub", "a")))

	// Which check: those before count before the kids.
	s.invalid("check of the second before", 0, 1, 0, with(update(s.thing, "x1", "owner", "u4"), made, checked(insert(s.user, "u5", "sub", "e"), rules.False)))
	s.invalid("check of the head", 0, -1, 0, with(checked(update(s.thing, "x1", "owner", "u4"), rules.False), made))
	kid := with(update(s.thing, "x1", "owner", "u4"), made)
	kid.Kids = []store.Head{checked(update(s.user, "u1", "name", "K"), rules.True), checked(update(s.user, "u1", "name", "K"), rules.True, rules.False)}
	s.invalid("check of a kid", 0, 2, 1, kid)
	kid.Kids = kid.Kids[:1]
	s.hits("before and kids", s.write(kid), true)
}

// testUpsert checks each decision between the two branches.
func testUpsert(s *suite) {
	s.write(insert(s.user, "u1", "sub", "a", "name", "Ann"), insert(s.user, "u2", "sub", "b"))
	named := rules.NotNull{X: col(rules.Old, s.user, "name")}
	upsert := func(sub, id string, update, read, create rules.Pred) store.Head {
		made := guarded(insert(s.user, id, "sub", sub, "name", "made"), create, rules.False)
		h := guarded(store.Head{Kind: store.Update, Table: s.user.Object, Set: assigns(s.user, "name", "changed")}, update, read)
		h.Key, h.Else = eq(col(rules.Old, s.user, "sub"), val(rules.String, sub)), &made
		sel := store.Select{From: s.user.Object, Var: 900, One: true, Where: rules.True, Columns: columns(900, s.user, "_id", "name")}
		h.Answer = &sel
		return h
	}
	answers := func(what, want string, h store.Head) {
		s.Helper()
		o := s.write(h)
		s.hits(what, o, true)
		s.check(what, o.Results[0].Answer, want)
	}
	yes, no := rules.Pred(rules.True), rules.Pred(rules.False)
	answers("seen", `["u1", "changed"]`, upsert("a", "n1", named, named, yes))
	answers("seen, create forbidden", `["u1", "changed"]`, upsert("a", "n1", named, named, no))
	s.refused("seen, not to be updated", 0, store.Forbidden, upsert("a", "n1", no, named, yes))
	s.refused("seen, not to be updated nor created", 0, store.Forbidden, upsert("a", "n1", no, named, no))
	answers("absent", `["n3", "made"]`, upsert("c", "n3", named, named, yes))
	answers("absent, update forbidden", `["n4", "made"]`, upsert("d", "n4", no, named, yes))
	s.refused("absent, create forbidden", 0, store.Forbidden, upsert("e", "n5", named, named, no))
	// A hidden document shows only to those who may create.
	s.refused("hidden, create allowed", 0, store.Conflict, upsert("b", "n5", named, named, yes))
	s.refused("hidden, create forbidden", 0, store.Forbidden, upsert("b", "n5", named, named, no))
	invalid := upsert("b", "n5", named, named, yes)
	invalid.Else.Checks = []rules.Pred{yes, no}
	s.invalid("hidden, create invalid", 0, -1, 1, invalid)
	invalid = upsert("e", "n5", named, named, yes)
	invalid.Else.Checks = []rules.Pred{no}
	s.invalid("absent, create invalid", 0, -1, 0, invalid)
	invalid = upsert("a", "n5", named, named, yes)
	invalid.Checks, invalid.Else.Checks = []rules.Pred{yes, yes, no}, []rules.Pred{yes, yes, yes}
	s.invalid("seen, update invalid", 0, -1, 2, invalid)
	invalid.Checks = []rules.Pred{yes, yes, yes}
	answers("seen, update valid", `["u1", "changed"]`, invalid)
	// Nothing is told of what a hidden document is like.
	unlike := upsert("b", "n5", yes, no, yes)
	unlike.Checks, unlike.Else.Checks = []rules.Pred{no}, []rules.Pred{yes}
	s.refused("hidden, update invalid", 0, store.Conflict, unlike)
	// Another unique key than the one that finds.
	s.write(update(s.user, "u1", "email", "x@y"))
	taken := upsert("f", "n6", named, named, yes)
	for i, a := range taken.Else.Set {
		if a.Field.Name == "email" {
			taken.Else.Set[i].Value = val(rules.String, "x@y")
		}
	}
	s.refused("another key is taken", 0, store.Conflict, taken)

	// By _id: the id of both branches.
	byID := upsert("g", "n7", named, named, yes)
	byID.Key, byID.ID = nil, "n7"
	answers("by id, absent", `["n7", "made"]`, byID)
	answers("by id, seen", `["n7", "changed"]`, byID)
	s.write(update(s.user, "n7", "name", nil))
	s.refused("by id, hidden", 0, store.Conflict, byID)

	// Several in one operation, an answer under its own rule, no answer at all.
	o := s.write(upsert("h", "n8", named, named, yes), upsert("h", "n9", named, named, yes))
	s.hits("twice", o, true, true)
	s.check("first", o.Results[0].Answer, `["n8", "changed"]`)
	s.check("second", o.Results[1].Answer, `["n8", "changed"]`)
	quiet := upsert("i", "n10", named, named, yes)
	quiet.Answer = nil
	s.hits("without an answer", s.write(quiet, quiet), true, true)
	s.expect(s.user, "n10", `["changed"]`, "name")
	hiding := upsert("j", "n11", named, named, yes)
	hiding.Answer.Where = rules.False
	answers("answer that is hidden", "null", hiding)
	s.refused("second refused", 1, store.Forbidden, upsert("k", "n12", named, named, yes), upsert("a", "n13", no, yes, yes))
	s.race(func(i int) store.Head {
		h := upsert("raced", fmt.Sprint("r", i), named, named, yes)
		h.Answer = nil
		return h
	})
	s.check("one of the race", s.read(store.Select{From: s.user.Object, Var: 1, Total: true, Where: eq(col(1, s.user, "sub"), val(rules.String, "raced"))})[0], `[1]`)
}

// race runs a head of each writer at once: all must succeed.
func (s *suite) race(head func(i int) store.Head) {
	s.Helper()
	const n = 8
	errs := make(chan error, n)
	for i := range n {
		go func() {
			_, err := s.try(head(i))
			errs <- err
		}()
	}
	var all []error
	for range n {
		all = append(all, <-errs)
	}
	if err := errors.Join(all...); err != nil {
		s.Errorf("race: %v", err)
	}
}
