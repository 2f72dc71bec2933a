package main

import (
	"fmt"
	"math/big"
	"slices"

	"flora.dev/flora/rules"
)

// Figures of the reference: counts, keys of groups, sums of whole numbers, least
// and greatest values.

// checkAggregate refuses keys and figures that the token alone does not make
// readable.
func (r *reader) checkAggregate(s *selection, path []any) *refused {
	if w, ok := s.args["where"].(map[string]any); ok {
		if err := r.checkWhere(s.t, w, at(path, "where")); err != nil {
			return err
		}
	}
	use := func(field string, here []any) *refused {
		if f := s.t.field(field); f != nil && r.folds(s.t, f) != isTrue {
			return r.unauthorised(here)
		}
		return nil
	}
	by := groupBy(s)
	for i, k := range by {
		if slices.Index(by, k) == i {
			if err := use(k, at(path, "groupBy", i)); err != nil {
				return err
			}
		}
	}
	for _, m := range s.fields {
		for _, x := range m.fields {
			here := at(path, m.key, x.key)
			if m.field != "key" {
				if err := use(x.field, here); err != nil {
					return err
				}
			} else if !slices.Contains(by, x.field) {
				return r.refuse("BAD_USER_INPUT", here)
			}
		}
	}
	return nil
}

func groupBy(s *selection) (out []string) {
	list, _ := s.args["groupBy"].([]any)
	for _, e := range list {
		out = append(out, string(e.(name)))
	}
	return out
}

// aggregate answers figures about docs.
func (r *reader) aggregate(s *selection, docs []*refDoc) any {
	w, _ := s.args["where"].(map[string]any)
	type group struct {
		key  []any
		docs []*refDoc
	}
	by := groupBy(s)
	var groups []*group
	if len(by) == 0 {
		groups = []*group{{}}
	}
	for _, d := range docs {
		if !r.sees(d) || w != nil && r.where(d, w) != isTrue {
			continue
		}
		var key []any
		for _, k := range by {
			x := d.vals[k]
			if f := d.t.field(k); f.toOne() && r.target(d, f) == nil {
				x = nil
			}
			key = append(key, x)
		}
		i := slices.IndexFunc(groups, func(g *group) bool { return fmt.Sprint(g.key) == fmt.Sprint(key) })
		if i < 0 {
			i, groups = len(groups), append(groups, &group{key: key})
		}
		groups[i].docs = append(groups[i].docs, d)
	}
	slices.SortFunc(groups, func(a, b *group) int {
		for i := range a.key {
			if c := compareValues(a.key[i], b.key[i]); c != 0 {
				return c
			}
		}
		return 0
	})
	out := []any{}
	for _, g := range groups {
		one := map[string]any{}
		for _, m := range s.fields {
			if m.field == "count" {
				one[m.key] = int64(len(g.docs))
				continue
			}
			part := map[string]any{}
			for _, x := range m.fields {
				if m.field == "key" {
					part[x.key] = s.t.field(x.field).shown(g.key[slices.Index(by, x.field)])
				} else {
					part[x.key] = r.figure(m.field, x.field, s.t, g.docs)
				}
			}
			one[m.key] = part
		}
		out = append(out, one)
	}
	return out
}

func (r *reader) figure(op, field string, t *refType, docs []*refDoc) any {
	var out any
	sum := new(big.Int)
	for _, d := range docs {
		x := r.sortKey(d, []string{field})
		if n, ok := x.(int64); ok {
			sum.Add(sum, big.NewInt(n))
		}
		switch {
		case x == nil:
		case out == nil:
			out = x
		case op == "min" && compareValues(x, out) < 0, op == "max" && compareValues(x, out) > 0:
			out = x
		}
	}
	switch {
	case op == "sum" && !sum.IsInt64():
		return nil
	case op == "sum" && out != nil:
		return sum.Int64()
	}
	if f := t.field(field); f != nil && f.kind == rules.Time {
		return f.shown(out)
	}
	return out
}
