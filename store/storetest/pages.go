package storetest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"flora.dev/flora/rules"
	"flora.dev/flora/schema"
	"flora.dev/flora/store"
)

type collectionRef = *schema.Collection

// page lists the documents of Var 1 where p holds, by _id.
func page(c collectionRef, p rules.Pred, fields ...string) store.Select {
	return store.Select{From: c.Object, Var: 1, Where: p, After: rules.True, Limit: 1000, List: true, Columns: columns(1, c, fields...)}
}

func (s *suite) decode(text string, into any) {
	s.Helper()
	if err := json.Unmarshal([]byte(text), into); err != nil {
		s.Fatalf("decode %s: %v", text, err)
	}
}

func sortedByID(ds []document) []document {
	return slices.SortedFunc(slices.Values(ds), func(a, b document) int {
		return strings.Compare(a["_id"].(string), b["_id"].(string))
	})
}

// testPages reads a query of several roots and levels, with counts, rules,
// guards and a hidden to-one.
func testPages(s *suite) {
	s.people()
	const team, thing, user, member = rules.Var(1), rules.Var(2), rules.Var(3), rules.Var(4)
	things := store.Select{From: s.thing.Object, Var: thing, Total: true, List: true, Limit: 2, After: rules.True,
		Where: eq(col(thing, s.thing, "team"), col(team, s.team, "_id")),
		Order: []store.Order{{Field: s.thing.Field("label"), Desc: true}},
		Columns: []store.Column{
			{Value: col(thing, s.thing, "label")},
			{Value: col(thing, s.thing, "owner"), Guard: s.isUser(31, "sub-a", col(thing, s.thing, "owner"))},
			{Nested: &store.Select{From: s.user.Object, Var: user, One: true,
				Where:   rules.And{eq(col(user, s.user, "_id"), col(thing, s.thing, "owner")), rules.NotNull{X: col(user, s.user, "name")}},
				Columns: []store.Column{{Value: col(user, s.user, "name")}, {Value: col(user, s.user, "tags")}}}},
			{Guard: rules.True, Nested: &store.Select{From: s.user.Object, Var: user + 50, One: true, Where: eq(col(user+50, s.user, "_id"), col(thing, s.thing, "owner")),
				Columns: columns(user+50, s.user, "sub")}},
		}}
	members := store.Select{From: s.member.Object, Var: member, Total: true, Where: eq(col(member, s.member, "team"), col(team, s.team, "_id"))}
	guarded := store.Column{Guard: s.memberOf(60, "sub-b", col(team, s.team, "_id")), Nested: &store.Select{From: s.member.Object, Var: 70, List: true, Limit: 10, After: rules.True,
		Where: eq(col(70, s.member, "team"), col(team, s.team, "_id")), Columns: columns(70, s.member, "admin")}}
	roots := []store.Select{
		{From: s.team.Object, Var: team, Where: rules.True, After: rules.True, List: true, Total: true, Limit: 10,
			Columns: []store.Column{{Value: col(team, s.team, "name")}, {Nested: &things}, {Nested: &members}, guarded}},
		s.byID(s.team, "none", "name"),
		{From: s.thing.Object, Var: 80, Total: true, Where: rules.False},
		{From: s.thing.Object, Var: 81, List: true, Total: true, Limit: 5, Where: rules.False, After: rules.True, Columns: columns(81, s.thing, "label")},
		s.byID(s.user, "bob", "_id"),
		{From: s.team.Object, Var: 82, List: true, Limit: 2, Where: rules.True, After: rules.True},
	}
	// Things by team: t1 has 1 6 11, t2 2 4 7 9 12, t3 3 8 13. Owners go round: alice bob carol nobody.
	want := []string{
		`[3, [
			["team t1", [3, [["thing 6", null, ["Carol", null], [["sub-c"]]], ["thing 11", null, null, [null]]]], [1], null],
			["team t2", [5, [["thing 9", null, null, [["sub-b"]]], ["thing 7", null, null, [null]]]], [3], [[[[false], [true], [false]]]]],
			["team t3", [3, [["thing 8", ["alice"], ["Alice", ["red", "Ä"]], [["sub-a"]]], ["thing 3", null, null, [null]]]], [0], null]
		]]`, `null`, `[0]`, `[0, []]`, `["bob"]`, `[[[], []]]`}
	for i, got := range s.read(roots...) {
		s.check(fmt.Sprint("root ", i), got, want[i])
	}
}

// testOrder sorts by every kind, both ways, with nulls.
func testOrder(s *suite) {
	ds := s.people()
	for _, k := range kinds {
		if k.kind == rules.Bool {
			continue // unordered in GraphQL terms, and both engines sort false first
		}
		for _, desc := range []bool{false, true} {
			p := page(s.thing, rules.True, "_id")
			p.Order = []store.Order{{Field: s.thing.Field(k.name), Desc: desc}}
			p.Limit = 9
			docs := sortedByID(ds[s.thing.Object])
			slices.SortStableFunc(docs, func(a, b document) int {
				if desc {
					a, b = b, a
				}
				return order(a[k.name], b[k.name])
			})
			var ids []any
			for _, d := range docs[:9] {
				ids = append(ids, []any{d["_id"]})
			}
			s.check(fmt.Sprintf("order by %s, desc %t", k.name, desc), s.read(p)[0], text([]any{ids}))
		}
	}
}

// testCursors walks a list that has nulls and equal values, one page of two
// after another, both ways: each document comes once, the count stays.
func testCursors(s *suite) {
	ds := s.people()
	x, id := col(1, s.thing, "int"), col(1, s.thing, "_id")
	for _, desc := range []bool{false, true} {
		docs := sortedByID(ds[s.thing.Object])
		slices.SortStableFunc(docs, func(a, b document) int {
			if desc {
				a, b = b, a
			}
			return order(a["int"], b["int"])
		})
		next := rules.Gt
		if desc {
			next = rules.Lt
		}
		var after rules.Pred = rules.True
		for at := 0; at < len(docs); at += 2 {
			p := page(s.thing, rules.True, "_id", "int")
			p.Order = []store.Order{{Field: s.thing.Field("int"), Desc: desc}}
			p.After, p.Limit, p.Total = after, 2, true
			var nodes []any
			for _, d := range docs[at:min(at+2, len(docs))] {
				nodes = append(nodes, []any{d["_id"], d["int"]})
			}
			s.check(fmt.Sprintf("page at %d, desc %t", at, desc), s.read(p)[0], text([]any{len(docs), nodes}))
			last := docs[min(at+1, len(docs)-1)]
			later := rules.Cmp{Op: rules.Gt, L: id, R: val(rules.ID, last["_id"])}
			v := last["int"]
			switch {
			case v == nil && !desc:
				after = rules.Or{rules.And{rules.IsNull{X: x}, later}, rules.NotNull{X: x}}
			case v == nil:
				after = rules.And{rules.IsNull{X: x}, later}
			default:
				beyond := rules.Or{rules.Cmp{Op: next, L: x, R: val(rules.Int, v)}, rules.And{eq(x, val(rules.Int, v)), later}}
				if desc {
					beyond = append(beyond, rules.IsNull{X: x})
				}
				after = beyond
			}
		}
	}
}
