package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Pages of the reference: order, cursors, windows.

type refOrder struct {
	names []string // fields from the document on; a list is counted
	desc  bool
}

func orders(s *selection) []refOrder {
	var out []refOrder
	list, _ := s.args["orderBy"].([]any)
	for _, e := range list {
		var o refOrder
		for x := e; ; {
			in, ok := x.(map[string]any)
			if !ok {
				o.desc = x == name("DESC")
				break
			}
			for k, v := range in {
				o.names, x = append(o.names, k), v
			}
		}
		if !slices.ContainsFunc(out, func(p refOrder) bool { return slices.Equal(p.names, o.names) }) {
			out = append(out, o)
		}
	}
	return out
}

func orderText(s *selection) string {
	out := ""
	for _, o := range orders(s) {
		out += fmt.Sprint(o.names, o.desc)
	}
	return out
}

// checkOrder refuses sort keys that the token alone does not make readable.
func (r *reader) checkOrder(s *selection, path []any) *refused {
	list, _ := s.args["orderBy"].([]any)
	for i, e := range list {
		here, t := at(path, "orderBy", i), s.t
		for in, ok := e.(map[string]any); ok && t != nil; in, ok = e.(map[string]any) {
			var next *refType
			for k, x := range in {
				f := t.field(k)
				if e = x; f == nil {
					continue
				}
				if r.folds(t, f) != isTrue {
					return r.unauthorised(here)
				}
				here = at(here, k)
				if f.back != "" || f.table != "" {
					if back := r.schema.opposite(f); back != nil && r.folds(r.schema.byName[f.target], back) != isTrue {
						return r.unauthorised(here)
					}
				}
				if !f.many() {
					next = r.schema.byName[f.target]
				}
			}
			t = next
		}
	}
	return nil
}

func (r *reader) checkPage(s *selection, path []any, list string) *refused {
	if w, ok := s.args["where"].(map[string]any); ok {
		if err := r.checkWhere(s.t, w, at(path, "where")); err != nil {
			return err
		}
	}
	if err := r.checkOrder(s, path); err != nil {
		return err
	}
	for _, k := range []string{"after", "before"} {
		if text, ok := s.args[k].(string); ok {
			c := r.cursors[text]
			if c == nil || c.list != list || c.order != orderText(s) || c.owner != r.who.provider+" "+r.who.sub {
				return r.refuse("BAD_USER_INPUT", at(path, k))
			}
		}
	}
	for _, m := range s.fields {
		switch m.field {
		case "nodes", "data":
			if err := r.checkFields(s.t, m.fields, at(path, m.key)); err != nil {
				return err
			}
		case "edges":
			for _, e := range m.fields {
				if e.field == "node" {
					if err := r.checkFields(s.t, e.fields, at(path, m.key, e.key)); err != nil {
						return err
					}
				}
			}
		}
	}
	return nil
}

// sortKey is what documents are sorted by: null beyond what is not seen.
func (r *reader) sortKey(d *refDoc, names []string) any {
	switch names[0] {
	case "_id":
		return d.id
	case "_ts":
		return d.ts
	}
	f := d.t.field(names[0])
	switch {
	case f.many():
		return int64(len(r.behind(d, f)))
	case len(names) > 1:
		if t := r.target(d, f); t != nil {
			return r.sortKey(t, names[1:])
		}
		return nil
	}
	return d.vals[names[0]]
}

// compareValues sorts nulls first.
func compareValues(a, b any) int {
	switch x := a.(type) {
	case nil:
		if b == nil {
			return 0
		}
		return -1
	case string:
		if y, ok := b.(string); ok {
			return strings.Compare(x, y)
		}
	case int64:
		if y, ok := b.(int64); ok {
			return cmp.Compare(x, y)
		}
	case float64:
		if y, ok := b.(float64); ok {
			return cmp.Compare(x, y)
		}
	case bool:
		if y, ok := b.(bool); ok {
			return cmp.Compare(map[bool]int{true: 1}[x], map[bool]int{true: 1}[y])
		}
	}
	return 1
}

func compareKeys(order []refOrder, a, b []any) int {
	for i, o := range order {
		c := compareValues(a[i], b[i])
		if o.desc {
			c = -c
		}
		if c != 0 {
			return c
		}
	}
	return compareValues(a[len(order)], b[len(order)])
}

// window is the part of a list that a page shows, and what it says of the rest.
type window struct {
	shown      []*refDoc
	next, prev bool
}

func (r *reader) window(s *selection, all []*refDoc, keys func(*refDoc) []any) (w window) {
	order := orders(s)
	from, to := 0, len(all)
	cut := func(name string, past int) int {
		c := r.cursors[s.args[name].(string)]
		n := 0
		for n < len(all) && compareKeys(order, keys(all[n]), c.keys) < past {
			n++
		}
		return n
	}
	_, after := s.args["after"].(string)
	_, before := s.args["before"].(string)
	if after {
		from, w.prev = cut("after", 1), true
	}
	if before {
		to, w.next = cut("before", 0), true
	}
	size, sized := 50, false
	for _, k := range []string{"first", "limit", "last"} {
		if n, ok := s.args[k].(int); ok {
			size, sized = n, true
		}
	}
	if n, ok := s.args["offset"].(int); ok {
		from, w.prev = min(n, to), n > 0
	}
	shown := all[min(from, to):to]
	_, last := s.args["last"]
	if last || before && !sized && !after {
		w.prev = w.prev || len(shown) > size
		shown = shown[max(len(shown)-size, 0):]
	} else {
		w.next = w.next || len(shown) > size
		shown = shown[:min(size, len(shown))]
	}
	w.shown = shown
	return w
}

// page answers a connection over docs.
func (r *reader) page(s *selection, list string, docs []*refDoc) any {
	order := orders(s)
	memo := map[*refDoc][]any{}
	keys := func(d *refDoc) []any {
		if memo[d] == nil {
			for _, o := range order {
				memo[d] = append(memo[d], r.sortKey(d, o.names))
			}
			memo[d] = append(memo[d], d.id)
		}
		return memo[d]
	}
	w, _ := s.args["where"].(map[string]any)
	var all []*refDoc
	for _, d := range docs {
		if r.sees(d) && (w == nil || r.where(d, w) == isTrue) {
			all = append(all, d)
		}
	}
	slices.SortFunc(all, func(a, b *refDoc) int { return compareKeys(order, keys(a), keys(b)) })
	page := r.window(s, all, keys)
	cursor := func(i int) any {
		if len(page.shown) == 0 {
			return nil
		}
		return &refCursor{list, r.who.provider + " " + r.who.sub, orderText(s), keys(page.shown[i])}
	}
	out := map[string]any{}
	for _, m := range s.fields {
		switch m.field {
		case "__typename":
			out[m.key] = s.t.name + "Connection"
		case "totalCount":
			out[m.key] = int64(len(all))
		case "nodes":
			out[m.key] = r.nodes(m, page.shown)
		case "edges":
			edges := []any{}
			for i, d := range page.shown {
				r.path = append(r.path, m.key, i)
				e := map[string]any{}
				for _, x := range m.fields {
					if x.field == "cursor" {
						e[x.key] = cursor(i)
						continue
					}
					r.path = append(r.path, x.key)
					e[x.key] = r.node(x.fields, d)
					r.path = r.path[:len(r.path)-1]
				}
				edges = append(edges, e)
				r.path = r.path[:len(r.path)-2]
			}
			out[m.key] = edges
		case "pageInfo":
			info := map[string]any{}
			values := map[string]any{"hasNextPage": page.next, "hasPreviousPage": page.prev, "startCursor": cursor(0), "endCursor": cursor(len(page.shown) - 1)}
			for _, x := range m.fields {
				info[x.key] = values[x.field]
			}
			out[m.key] = info
		}
	}
	return out
}

// nodes are documents that the caller sees, in their order.
func (r *reader) nodes(m *selection, docs []*refDoc) []any {
	nodes := []any{}
	for i, d := range docs {
		r.path = append(r.path, m.key, i)
		nodes = append(nodes, r.node(m.fields, d))
		r.path = r.path[:len(r.path)-2]
	}
	return nodes
}

// sortedKeys is the order in which members of an input are planned.
func sortedKeys(m map[string]any) []string { return slices.Sorted(maps.Keys(m)) }
