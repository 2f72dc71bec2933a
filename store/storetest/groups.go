package storetest

import (
	"fmt"
	"math"
	"math/big"
	"slices"
	"strings"

	"flora.dev/flora/rules"
	"flora.dev/flora/store"
)

// testGroups groups by every kind, by two keys, beyond a reference and by none,
// with all figures of every kind, and compares them with figures made here.
func testGroups(s *suite) {
	ds := s.people()
	const v, owner = rules.Var(1), rules.Var(2)
	things := ds[s.thing.Object]
	some := rules.Cmp{Op: rules.Lt, L: col(v, s.thing, "label"), R: val(rules.String, "thing 5")}
	shown := rules.Far{From: col(v, s.thing, "owner"), Target: s.user.Object, Var: owner,
		Where: rules.NotNull{X: col(owner, s.user, "name")}, Value: col(owner, s.user, "_id")}
	field := func(name string) groupKey {
		return groupKey{col(v, s.thing, name), func(d document) any { return d[name] }}
	}
	beyond := groupKey{shown, func(d document) any {
		if d["owner"] == "bob" { // who has no name
			return nil
		}
		return d["owner"]
	}}
	for _, c := range []struct {
		name  string
		where rules.Pred
		keep  func(document) bool
		keys  []groupKey
	}{
		{"all", rules.True, func(document) bool { return true }, nil},
		{"none", rules.False, func(document) bool { return false }, nil},
		{"groups of none", rules.False, func(document) bool { return false }, []groupKey{field("int")}},
		{"some by two", some, func(d document) bool { return d["label"].(string) < "thing 5" }, []groupKey{field("state"), field("flag")}},
		{"beyond", rules.True, func(document) bool { return true }, []groupKey{beyond, field("state")}},
	} {
		s.groups(c.name, things, v, c.where, c.keep, c.keys)
	}
	for _, k := range kinds {
		s.groups("by "+k.name, things, v, rules.True, func(document) bool { return true }, []groupKey{field(k.name)})
	}
	few := store.Select{From: s.thing.Object, Var: v, Where: rules.True, Limit: 2, Groups: &store.Groups{Keys: []rules.Operand{col(v, s.thing, "label")}}}
	s.check("the first groups", s.read(few)[0], `[[["thing 0"], ["thing 1"]]]`)
	nested := store.Select{From: s.team.Object, Var: 50, Where: rules.True, After: rules.True, List: true, Limit: 9, Columns: []store.Column{{
		Nested: &store.Select{From: s.thing.Object, Var: v, Where: eq(col(v, s.thing, "team"), col(50, s.team, "_id")), Limit: 9,
			Groups: &store.Groups{Figures: []store.Figure{{Op: store.Count}}}}}}}
	s.check("groups of each document", s.read(nested)[0], `[[[[[[3]]]], [[[[5]]]], [[[[3]]]]]]`)
}

type groupKey struct {
	is rules.Operand
	of func(document) any
}

func (s *suite) groups(name string, ds []document, v rules.Var, where rules.Pred, keep func(document) bool, keys []groupKey) {
	s.Helper()
	sel := store.Select{From: s.thing.Object, Var: v, Where: where, Limit: 100, Groups: &store.Groups{}}
	for _, k := range keys {
		sel.Groups.Keys = append(sel.Groups.Keys, k.is)
	}
	figures := []store.Figure{{Op: store.Count}}
	for _, k := range kinds {
		f := col(v, s.thing, k.name)
		if k.kind != rules.Bool {
			figures = append(figures, store.Figure{Op: store.Min, Of: f}, store.Figure{Op: store.Max, Of: f})
		}
		if k.kind == rules.Int || k.kind == rules.Long || k.kind == rules.Float {
			figures = append(figures, store.Figure{Op: store.Sum, Of: f}, store.Figure{Op: store.Avg, Of: f})
		}
	}
	sel.Groups.Figures = figures

	type group struct {
		key []any
		ds  []document
	}
	var want []*group
	if len(keys) == 0 {
		want = []*group{{}}
	}
	for _, d := range ds {
		if !keep(d) {
			continue
		}
		key := []any{}
		for _, k := range keys {
			key = append(key, k.of(d))
		}
		at := slices.IndexFunc(want, func(g *group) bool { return len(keys) == 0 || text(g.key) == text(key) })
		if at < 0 {
			want, at = append(want, &group{key: key}), len(want)
		}
		want[at].ds = append(want[at].ds, d)
	}
	slices.SortFunc(want, func(a, b *group) int {
		for i := range a.key {
			if c := order(number(a.key[i]), number(b.key[i])); c != 0 {
				return c
			}
		}
		return 0
	})
	rows := []any{}
	for _, g := range want {
		row := slices.Clone(g.key)
		for _, f := range figures {
			row = append(row, figure(f, g.ds))
		}
		rows = append(rows, row)
	}
	s.check(name, sums(s.read(sel)[0]), text([]any{rows}))
}

// number makes a Boolean one that can be ordered.
func number(x any) any {
	if b, ok := x.(bool); ok {
		return map[bool]int64{true: 1}[b]
	}
	return x
}

// figure is what a group must say.
func figure(f store.Figure, ds []document) any {
	if f.Op == store.Count {
		return len(ds)
	}
	var values []any
	for _, d := range ds {
		if x := d[f.Of.(rules.Col).Field.Name]; x != nil {
			values = append(values, x)
		}
	}
	switch f.Op {
	case store.Min, store.Max:
		if len(values) == 0 {
			return nil
		}
		if f.Op == store.Min {
			return slices.MinFunc(values, order)
		}
		return slices.MaxFunc(values, order)
	case store.Avg:
		return []any{figure(store.Figure{Op: store.Sum, Of: f.Of}, ds), len(values)}
	}
	total, any := new(big.Rat), false
	for _, x := range values {
		any = true
		switch x := x.(type) {
		case int64:
			total.Add(total, new(big.Rat).SetInt64(x))
		case float64:
			if math.Abs(x) >= 1e20 {
				return nil
			}
			r, _ := new(big.Rat).SetString(new(big.Rat).SetFloat64(x).FloatString(9))
			total.Add(total, r)
		}
	}
	if !any {
		return nil
	}
	return total.FloatString(9)
}

// sums brings decimal strings, which need not end alike, to nine decimals.
func sums(got string) string {
	v, err := decode(got)
	if err != nil {
		return got
	}
	var walk func(any) any
	walk = func(x any) any {
		switch x := x.(type) {
		case []any:
			for i := range x {
				x[i] = walk(x[i])
			}
		case string:
			if r, ok := new(big.Rat).SetString(x); ok && strings.Trim(x, "-.0123456789") == "" && x != "" {
				return r.FloatString(9)
			}
		}
		return x
	}
	return fmt.Sprint(text(walk(v)))
}
