package storetest

import (
	"fmt"
	"math/rand/v2"

	"flora.dev/flora/rules"
	"flora.dev/flora/store"
)

// people writes a few users, teams, members and things, and returns them as
// documents. Caller "alice" is in t1 and t2, "bob" in t2; nobody is "zoe".
func (s *suite) people() documents {
	s.Helper()
	ds := documents{}
	write := func(c collectionRef, id string, set ...any) {
		d := document{"_id": id, "_ts": s.now}
		for i := 0; i < len(set); i += 2 {
			d[set[i].(string)] = set[i+1]
		}
		ds[c.Object] = append(ds[c.Object], d)
		s.write(insert(c, id, set...))
	}
	write(s.user, "alice", "sub", "sub-a", "name", "Alice", "email", "a@x", "tags", []any{"red", "Ä"})
	write(s.user, "bob", "sub", "sub-b", "tags", []any{})
	write(s.user, "carol", "sub", "sub-c", "name", "Carol")
	for _, t := range []string{"t1", "t2", "t3"} {
		write(s.team, t, "name", "team "+t)
	}
	write(s.member, "m1", "team", "t1", "user", "alice", "admin", true)
	write(s.member, "m2", "team", "t2", "user", "alice", "admin", false)
	write(s.member, "m3", "team", "t2", "user", "bob", "admin", true)
	write(s.member, "m4", "team", "t2", "admin", false)

	ex := extremes()
	owners := []any{"alice", "bob", "carol", nil}
	teams := []any{nil, "t1", "t2", "t3", "t2"}
	for i := range 14 {
		set := []any{"label", fmt.Sprint("thing ", i)}
		for _, k := range kinds {
			if i%4 != 3 {
				set = append(set, k.name, ex[k.kind][i%len(ex[k.kind])])
			}
			switch i % 3 {
			case 0:
				set = append(set, k.name+"s", []any{ex[k.kind][i%len(ex[k.kind])], ex[k.kind][0]})
			case 1:
				set = append(set, k.name+"s", []any{})
			}
		}
		if o := owners[i%len(owners)]; o != nil {
			set = append(set, "owner", o)
		}
		if t := teams[i%len(teams)]; t != nil {
			set = append(set, "team", t)
		}
		if i > 4 && i%2 == 0 {
			set = append(set, "parent", fmt.Sprint("th", i-4))
		}
		write(s.thing, fmt.Sprint("th", i), set...)
	}
	return ds
}

// testPredicates checks the T and F form of every kind of predicate against
// its meaning, on every thing.
func testPredicates(s *suite) {
	ds := s.people()
	var ps []rules.Pred
	for _, k := range kinds {
		ps = append(ps, s.atoms(k.name, k.kind)...)
	}
	ps = append(ps, s.relations("sub-a")...)
	ps = append(ps, s.relations("sub-b")...)
	ps = append(ps, s.relations("nobody")...)
	s.agree(ds, ps)

	// "None" over a set of keys, some of them null, whose documents are mine.
	for _, sub := range []string{"sub-a", "sub-b", "sub-c", "nobody"} {
		none := rules.None{Of: col(1, s.thing, "_id"), Field: s.thing.Field("children"), Var: 11, Body: s.isUser(20, sub, col(11, s.thing, "owner"))}
		meaning := rules.Not{P: rules.Definite{P: rules.Many{Of: none.Of, Field: none.Field, Var: none.Var, Domain: rules.True, Body: none.Body}}}
		s.check("none of "+sub, s.read(page(s.thing, none, "_id"))[0], s.expected(ds, meaning, rules.True))
		none.Of = col(1, s.thing, "parent")
		meaning.P = rules.Definite{P: rules.Many{Of: none.Of, Field: none.Field, Var: none.Var, Domain: rules.True, Body: none.Body}}
		s.check("none beside "+sub, s.read(page(s.thing, none, "_id"))[0], s.expected(ds, meaning, rules.True))
	}
}

// testRandomPredicates checks combinations.
func testRandomPredicates(s *suite) {
	ds := s.people()
	var atoms []rules.Pred
	for _, k := range kinds {
		atoms = append(atoms, s.atoms(k.name, k.kind)...)
	}
	for _, sub := range []string{"sub-a", "sub-b", "nobody"} {
		for range 6 {
			atoms = append(atoms, s.relations(sub)...)
		}
	}
	r := rand.New(rand.NewPCG(1, 2))
	var ps []rules.Pred
	for range 120 {
		ps = append(ps, combine(r, atoms, 3))
	}
	s.agree(ds, ps)
}

func combine(r *rand.Rand, atoms []rules.Pred, depth int) rules.Pred {
	if depth == 0 || r.IntN(4) == 0 {
		return atoms[r.IntN(len(atoms))]
	}
	sub := func() rules.Pred { return combine(r, atoms, depth-1) }
	switch r.IntN(6) {
	case 0:
		return rules.Not{P: sub()}
	case 1:
		return rules.If{Cond: sub(), Then: sub(), Else: sub()}
	case 2:
		return rules.Definite{P: sub()}
	case 3:
		return rules.Guard{Rule: sub(), P: sub()}
	case 4:
		return rules.And{sub(), sub()}
	}
	return rules.Or{sub(), sub()}
}

// agree checks that T(p) finds the things where p is true, and F(p) those
// where it is false.
func (s *suite) agree(ds documents, ps []rules.Pred) {
	s.Helper()
	const batch = 8
	for start := 0; start < len(ps); start += batch {
		var roots []store.Select
		var wants, names []string
		for i, p := range ps[start:min(start+batch, len(ps))] {
			for _, form := range []struct {
				name string
				p    rules.Pred
				want rules.Truth
			}{{"T", rules.T(p), rules.True}, {"F", rules.F(p), rules.False}} {
				roots = append(roots, page(s.thing, form.p, "_id"))
				wants = append(wants, s.expected(ds, p, form.want))
				names = append(names, fmt.Sprintf("%s of predicate %d: %+v", form.name, start+i, p))
			}
		}
		for i, got := range s.read(roots...) {
			s.check(names[i], got, wants[i])
		}
	}
}

// expected is the page of the things for which p has a value.
func (s *suite) expected(ds documents, p rules.Pred, t rules.Truth) string {
	ids := []any{}
	for _, d := range sortedByID(ds[s.thing.Object]) {
		if ds.eval(p, map[rules.Var]document{1: d}) == t {
			ids = append(ids, []any{d["_id"]})
		}
	}
	return text([]any{ids})
}

// atoms are the tests of one field of a thing.
func (s *suite) atoms(name string, k rules.Kind) []rules.Pred {
	x, xs := col(1, s.thing, name), col(1, s.thing, name+"s")
	values := extremes()[k]
	v, other := val(k, values[0]), val(k, values[len(values)-1])
	ps := []rules.Pred{
		eq(x, v), rules.Cmp{Op: rules.Ne, L: x, R: v}, rules.Cmp{Op: rules.Ne, L: other, R: x},
		eq(x, val(k, nil)), rules.Cmp{Op: rules.Ne, L: val(k, nil), R: x}, eq(x, x), rules.Cmp{Op: rules.Ne, L: x, R: x},
		rules.IsNull{X: x}, rules.IsNull{X: xs},
		rules.In{X: x, List: listVal(k, values[0], values[1])}, rules.In{X: x, List: listVal(k)},
		rules.In{X: x, List: rules.Val{Value: rules.Value{Kind: k, List: true}}},
		rules.In{X: v, List: xs}, rules.In{X: x, List: xs},
		rules.Cmp{Op: rules.Gt, L: rules.Size{X: xs}, R: val(rules.Int, int64(0))},
		eq(rules.Size{X: xs}, val(rules.Int, int64(2))), rules.Cmp{Op: rules.Ne, L: rules.Size{X: xs}, R: col(1, s.thing, "int")},
	}
	if k == rules.Bool {
		return append(ps, rules.Test{X: x})
	}
	for _, op := range []rules.Op{rules.Lt, rules.Le, rules.Gt, rules.Ge} {
		ps = append(ps, rules.Cmp{Op: op, L: x, R: v}, rules.Cmp{Op: op, L: other, R: x}, rules.Cmp{Op: op, L: x, R: val(k, nil)})
	}
	if k != rules.String && k != rules.ID {
		return ps
	}
	for _, op := range []rules.MatchOp{rules.StartsWith, rules.EndsWith, rules.Contains} {
		for _, y := range []string{"", "p", "P", "Grö", "☃ 𝄞", "\u0301", "%", "_", "ain", "longer than any of the texts there are"} {
			ps = append(ps, rules.Match{Op: op, X: x, Y: val(k, y)})
		}
		ps = append(ps, rules.Match{Op: op, X: x, Y: val(k, nil)}, rules.Match{Op: op, X: x, Y: x}, rules.Match{Op: op, X: val(k, "plain text"), Y: x})
	}
	return append(ps, rules.Cmp{Op: rules.Le, L: rules.Size{X: x}, R: val(rules.Int, int64(5))})
}

// relations are predicates over other documents, for a caller.
func (s *suite) relations(sub string) []rules.Pred {
	owner, team, parent := col(1, s.thing, "owner"), col(1, s.thing, "team"), col(1, s.thing, "parent")
	id := val(rules.String, sub)
	hop := func(from rules.Operand, to collectionRef, domain, body rules.Pred) rules.Pred {
		return rules.One{From: from, Target: to.Object, Var: 10, Domain: domain, Body: body}
	}
	user := func(body rules.Pred) rules.Pred {
		return rules.User{Object: s.user.Object, Identity: id, Var: 20, Body: body}
	}
	members := func(all bool, domain, body rules.Pred) rules.Pred {
		return rules.Many{Of: col(10, s.team, "_id"), Field: s.team.Field("members"), Var: 11, Domain: domain, Body: body, All: all}
	}
	children := func(all bool, domain, body rules.Pred) rules.Pred {
		return rules.Many{Of: col(1, s.thing, "_id"), Field: s.thing.Field("children"), Var: 11, Domain: domain, Body: body, All: all}
	}
	isMe := s.isUser(20, sub, col(11, s.member, "user"))
	admin := rules.Test{X: col(11, s.member, "admin")}
	return []rules.Pred{
		s.isUser(20, sub, owner),
		user(rules.Cmp{Op: rules.Ne, L: owner, R: col(20, s.user, "_id")}),
		user(eq(col(20, s.user, "name"), col(1, s.thing, "text"))),
		user(rules.In{X: val(rules.String, "red"), List: col(20, s.user, "tags")}),
		user(rules.IsNull{X: col(20, s.user, "name")}),
		hop(owner, s.user, rules.True, rules.True),
		hop(owner, s.user, rules.True, eq(col(10, s.user, "sub"), id)),
		hop(owner, s.user, rules.True, rules.Cmp{Op: rules.Ne, L: col(10, s.user, "_id"), R: val(rules.Ref, "bob")}),
		hop(owner, s.user, rules.Not{P: rules.IsNull{X: col(10, s.user, "name")}}, eq(col(10, s.user, "name"), val(rules.String, "Alice"))),
		hop(val(rules.Ref, "alice"), s.user, rules.True, eq(col(10, s.user, "name"), col(1, s.thing, "text"))),
		hop(val(rules.Ref, "nobody"), s.user, rules.True, eq(col(10, s.user, "_id"), val(rules.Ref, "nobody"))),
		hop(team, s.team, rules.True, members(false, rules.True, isMe)),
		hop(team, s.team, rules.True, members(false, rules.True, rules.And{isMe, admin})),
		hop(team, s.team, rules.True, members(false, admin, isMe)),
		hop(team, s.team, rules.True, members(true, rules.True, isMe)),
		hop(team, s.team, rules.True, members(true, isMe, admin)),
		hop(team, s.team, rules.True, members(false, rules.True, rules.Or{isMe, eq(col(11, s.member, "user"), val(rules.Ref, "bob"))})),
		hop(team, s.team, rules.True, rules.Or{members(false, rules.True, isMe), eq(col(10, s.team, "_id"), val(rules.Ref, "t3"))}),
		hop(parent, s.thing, rules.True, rules.One{From: col(10, s.thing, "team"), Target: s.team.Object, Var: 12, Domain: rules.True, Body: rules.Many{
			Of: col(12, s.team, "_id"), Field: s.team.Field("members"), Var: 11, Domain: rules.True, Body: isMe}}),
		hop(parent, s.thing, rules.True, eq(col(10, s.thing, "owner"), owner)),
		hop(parent, s.thing, rules.True, rules.And{s.isUser(20, sub, col(10, s.thing, "owner")), rules.Cmp{Op: rules.Ne, L: col(10, s.thing, "team"), R: team}}),
		children(false, rules.True, rules.And{s.isUser(20, sub, col(11, s.thing, "owner")), rules.Cmp{Op: rules.Ne, L: col(11, s.thing, "team"), R: team}}),
		children(false, rules.True, s.isUser(20, sub, col(11, s.thing, "owner"))),
		children(true, rules.True, s.isUser(20, sub, col(11, s.thing, "owner"))),
		children(false, rules.True, eq(col(11, s.thing, "team"), team)),
		children(true, rules.Test{X: col(11, s.thing, "flag")}, rules.Cmp{Op: rules.Gt, L: col(11, s.thing, "int"), R: val(rules.Int, int64(0))}),
		children(false, rules.True, rules.Match{Op: rules.Contains, X: col(11, s.thing, "text"), Y: val(rules.String, "a")}),
	}
}
