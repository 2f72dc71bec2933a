package main

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"flora.dev/flora/rules"
)

// refAnswer is what the reference expects of a request.
type refAnswer struct {
	data      map[string]any // nil: data is null
	denied    []any          // paths
	errors    []refError
	committed bool
	wrote     bool // something was committed
	serial    bool // of several heads: a later one may be refused before the first runs
	conflict  bool // one of the bits that are allowed to show
}

type refError struct {
	code string
	root string // first element of the path
}

// refCursor stands for a cursor in an answer: opaque to clients.
type refCursor struct {
	list, owner string
	order       string
	keys        []any
}

// reader interprets one operation.
type reader struct {
	*refView
	answer  *refAnswer
	cursors map[string]*refCursor // those seen in answers, by text
	path    []any
}

// refused is the error of a whole operation.
type refused struct{ refError }

func (v *refView) unauthorised(root string) *refused {
	if v.who.signedIn {
		return &refused{refError{"FORBIDDEN", root}}
	}
	return &refused{refError{"UNAUTHENTICATED", root}}
}

// query answers a query.
func (v *refView) query(o *operation, cursors map[string]*refCursor) *refAnswer {
	r := &reader{v, &refAnswer{data: map[string]any{}}, cursors, nil}
	for _, s := range o.roots {
		if err := r.check(s, s.key, true); err != nil {
			return &refAnswer{errors: []refError{err.refError}}
		}
	}
	for _, s := range o.roots {
		r.path = []any{s.key}
		r.answer.data[s.key] = r.root(s)
	}

	return r.answer
}

func (r *reader) root(s *selection) any {
	if s.field == s.t.plural {
		return r.page(s, s.t.plural, r.state.sorted(s.t.name), nil)
	}
	for _, d := range r.state.sorted(s.t.name) {
		if r.found(s, d) && r.sees(d) {
			return r.node(s.fields, d)
		}
	}
	return nil
}

// found reports whether a finder means d.
func (r *reader) found(s *selection, d *refDoc) bool {
	if s.field == "me" {
		return r.who.signedIn && d.vals[r.schema.link] == r.who.identity
	}
	for k, x := range s.args {
		if k == "id" {
			return d.id == x
		}
		f := d.t.field(k)
		if d.vals[k] != x || !r.reads(d, f) || f.toOne() && !r.sees(r.get(f.target, x)) {
			return false
		}
	}
	return true
}

// check finds what the token alone forbids, in the order of planning, without
// looking at documents.
func (r *reader) check(s *selection, root string, isRoot bool) *refused {
	switch {
	case isRoot && s.field == s.t.plural:
		return r.checkPage(s, root, s.t.plural)
	case isRoot:
		for _, k := range slices.Sorted(maps.Keys(s.args)) {
			if f := s.t.field(k); f != nil && f.read != nil && f.folds(r.who) == rules.False && s.field != "me" {
				return r.unauthorised(root)
			}
		}
	}
	return r.checkFields(s.t, s.fields, root)
}

func (r *reader) checkFields(t *refType, fields []*selection, root string) *refused {
	for _, s := range fields {
		f := t.field(s.field)
		if f == nil {
			continue
		}
		if f.read != nil && f.folds(r.who) == rules.False {
			if f.denyError { // one error per selection
				r.answer.errors = append(r.answer.errors, r.unauthorised(root).refError)
			}
			continue
		}
		var err *refused
		switch {
		case f.many():
			err = r.checkPage(s, root, t.name+"."+f.name)
		case f.toOne():
			err = r.checkFields(s.t, s.fields, root)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (r *reader) checkPage(s *selection, root, list string) *refused {
	if w, ok := s.args["where"].(map[string]any); ok && r.forbids(s.t, w) {
		return r.unauthorised(root)
	}
	for _, o := range orders(s) {
		if f := s.t.field(o.field); f != nil && f.read != nil && f.folds(r.who) != rules.True {
			return r.unauthorised(root)
		}
	}
	if text, ok := s.args["after"].(string); ok {
		c := r.cursors[text]
		if c == nil || c.list != list || c.order != orderText(s) || c.owner != r.who.provider+" "+r.who.sub {
			return &refused{refError{"BAD_USER_INPUT", root}}
		}
	}
	for _, m := range s.fields {
		switch m.field {
		case "nodes":
			if err := r.checkFields(s.t, m.fields, root); err != nil {
				return err
			}
		case "edges":
			for _, e := range m.fields {
				if e.field == "node" {
					if err := r.checkFields(s.t, e.fields, root); err != nil {
						return err
					}
				}
			}
		}
	}
	return nil
}

// forbids reports whether a where names a field that the token alone makes
// unreadable.
func (r *reader) forbids(t *refType, in map[string]any) bool {
	for k, x := range in {
		f := t.field(strings.TrimSuffix(k, "IsNull"))
		switch {
		case k == "and" || k == "or":
			for _, e := range x.([]any) {
				if r.forbids(t, e.(map[string]any)) {
					return true
				}
			}
		case k == "not":
			if r.forbids(t, x.(map[string]any)) {
				return true
			}
		case f == nil:
		case f.read != nil && f.folds(r.who) == rules.False:
			return true
		case f.many():
			for _, e := range x.(map[string]any) {
				if r.forbids(r.schema.byName[f.target], e.(map[string]any)) {
					return true
				}
			}
		case f.toOne() && f.name == k:
			if r.forbids(r.schema.byName[f.target], x.(map[string]any)) {
				return true
			}
		}
	}
	return false
}

// node is a selection on a document that is seen.
func (r *reader) node(fields []*selection, d *refDoc) map[string]any {
	out := map[string]any{}
	for _, s := range fields {
		r.path = append(r.path, s.key)
		out[s.key] = r.member(s, d)
		r.path = r.path[:len(r.path)-1]
	}
	return out
}

func (r *reader) member(s *selection, d *refDoc) any {
	switch s.field {
	case "__typename":
		return d.t.name
	case "_id":
		return d.id
	case "_ts":
		return d.ts
	}
	f := d.t.field(s.field)
	if !r.reads(d, f) {
		switch {
		case !f.denyError:
			r.answer.denied = append(r.answer.denied, slices.Clone(r.path))
		case f.folds(r.who) != rules.False:
			r.answer.errors = append(r.answer.errors, refError{"FORBIDDEN", r.path[0].(string)})
		}
		return nil
	}
	switch {
	case f.many():
		var docs []*refDoc
		for _, c := range r.state.sorted(f.target) {
			if r.behind(d, f, c) {
				docs = append(docs, c)
			}
		}
		return r.page(s, d.t.name+"."+f.name, docs, d)
	case f.toOne():
		if t := r.get(f.target, d.vals[f.name]); r.sees(t) {
			return r.node(s.fields, t)
		}
		return nil
	}
	return d.vals[f.name]
}

// behind reports whether c is among what the many side f of d shows.
func (r *reader) behind(d *refDoc, f *refField, c *refDoc) bool {
	return c.vals[f.back] == d.id && r.sees(c) && r.reads(c, c.t.field(f.back))
}

type refOrder struct {
	field string
	desc  bool
}

func orders(s *selection) []refOrder {
	var out []refOrder
	list, _ := s.args["orderBy"].([]any)
	for _, e := range list {
		for k, v := range e.(map[string]any) {
			if !slices.ContainsFunc(out, func(o refOrder) bool { return o.field == k }) {
				out = append(out, refOrder{k, v == name("DESC")})
			}
		}
	}
	return out
}

func orderText(s *selection) string {
	out := ""
	for _, o := range orders(s) {
		out += o.field + map[bool]string{true: " desc ", false: " "}[o.desc]
	}
	return out
}

func sortKey(d *refDoc, field string) any {
	switch field {
	case "_id":
		return d.id
	case "_ts":
		return d.ts
	}
	return d.vals[field]
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

// page answers a connection over docs.
func (r *reader) page(s *selection, list string, docs []*refDoc, _ *refDoc) any {
	order := orders(s)
	keys := func(d *refDoc) []any {
		var out []any
		for _, o := range order {
			out = append(out, sortKey(d, o.field))
		}
		return append(out, d.id)
	}
	w, _ := s.args["where"].(map[string]any)
	var all []*refDoc
	for _, d := range docs {
		if r.sees(d) && (w == nil || r.where(s.t, d, w) == rules.True) {
			all = append(all, d)
		}
	}
	slices.SortFunc(all, func(a, b *refDoc) int { return compareKeys(order, keys(a), keys(b)) })
	shown := all
	after, paged := s.args["after"].(string)
	if paged {
		from := r.cursors[after].keys
		shown = nil
		for _, d := range all {
			if compareKeys(order, keys(d), from) > 0 {
				shown = append(shown, d)
			}
		}
	}
	size := 50
	if n, ok := s.args["first"].(int); ok {
		size = n
	}
	next := len(shown) > size
	shown = shown[:min(size, len(shown))]
	cursor := func(d *refDoc) *refCursor {
		return &refCursor{list, r.who.provider + " " + r.who.sub, orderText(s), keys(d)}
	}
	out := map[string]any{}
	for _, m := range s.fields {
		switch m.field {
		case "__typename":
			out[m.key] = s.t.name + "Connection"
		case "totalCount":
			out[m.key] = int64(len(all))
		case "nodes":
			nodes := []any{}
			for i, d := range shown {
				r.path = append(r.path, m.key, i)
				nodes = append(nodes, r.node(m.fields, d))
				r.path = r.path[:len(r.path)-2]
			}
			out[m.key] = nodes
		case "edges":
			edges := []any{}
			for i, d := range shown {
				r.path = append(r.path, m.key, i)
				e := map[string]any{}
				for _, x := range m.fields {
					if x.field == "cursor" {
						e[x.key] = cursor(d)
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
			for _, x := range m.fields {
				switch x.field {
				case "hasNextPage":
					info[x.key] = next
				case "hasPreviousPage":
					info[x.key] = paged
				case "startCursor":
					info[x.key] = nil
					if len(shown) > 0 {
						info[x.key] = cursor(shown[0])
					}
				case "endCursor":
					info[x.key] = nil
					if len(shown) > 0 {
						info[x.key] = cursor(shown[len(shown)-1])
					}
				}
			}
			out[m.key] = info
		}
	}
	return out
}

// where is a client's condition: Kleene, and unknown where it touches what the
// caller may not read.
func (r *reader) where(t *refType, d *refDoc, in map[string]any) rules.Truth {
	out := rules.True
	for k, x := range in {
		out = and(out, r.condition(t, d, k, x))
	}
	return out
}

func (r *reader) condition(t *refType, d *refDoc, k string, x any) rules.Truth {
	switch k {
	case "and", "or":
		var parts []rules.Truth
		for _, e := range x.([]any) {
			parts = append(parts, r.where(t, d, e.(map[string]any)))
		}
		if k == "and" {
			return and(parts...)
		}
		return or(parts...)
	case "not":
		return not(r.where(t, d, x.(map[string]any)))
	case "_id", "_ts":
		return operators(sortKey(d, k), x.(map[string]any))
	}
	f := t.field(k)
	absent := f == nil
	if absent {
		f = t.field(strings.TrimSuffix(k, "IsNull"))
	}
	if !r.reads(d, f) {
		return rules.Unknown
	}
	switch {
	case absent:
		return equal(!r.sees(r.get(f.target, d.vals[f.name])), x)
	case f.many():
		return r.relation(d, f, x.(map[string]any))
	case f.toOne():
		target := r.get(f.target, d.vals[f.name])
		if !r.sees(target) {
			return rules.Unknown
		}
		return r.where(target.t, target, x.(map[string]any))
	}
	return operators(d.vals[k], x.(map[string]any))
}

func (r *reader) relation(d *refDoc, f *refField, in map[string]any) rules.Truth {
	out := rules.True
	for k, x := range in {
		some, every := rules.False, rules.True
		for _, c := range r.state[f.target] {
			if r.behind(d, f, c) {
				p := r.where(c.t, c, x.(map[string]any))
				some, every = or(some, p), and(every, p)
			}
		}
		switch k {
		case "some":
			out = and(out, some)
		case "none":
			out = and(out, not(some))
		case "every":
			out = and(out, every)
		}
	}
	return out
}

func operators(v any, in map[string]any) rules.Truth {
	out := rules.True
	for op, x := range in {
		out = and(out, operator(v, op, x))
	}
	return out
}

// stored is an operand as documents hold it.
func stored(x any) any {
	switch x := x.(type) {
	case int:
		return int64(x)
	case name:
		return string(x)
	}
	return x
}

func operator(v any, op string, x any) rules.Truth {
	x = stored(x)
	switch op {
	case "eq":
		return equal(v, x)
	case "ne":
		return not(equal(v, x))
	case "isNull":
		return equal(v == nil, x)
	case "in":
		return definite(slices.ContainsFunc(x.([]any), func(e any) bool { return stored(e) == v }))
	}
	if v == nil {
		return rules.Unknown
	}
	switch op {
	case "lt":
		return definite(compareValues(v, x) < 0)
	case "lte":
		return definite(compareValues(v, x) <= 0)
	case "gt":
		return definite(compareValues(v, x) > 0)
	case "gte":
		return definite(compareValues(v, x) >= 0)
	case "startsWith":
		return definite(strings.HasPrefix(v.(string), x.(string)))
	case "contains":
		return definite(strings.Contains(v.(string), x.(string)))
	}
	panic("no operator " + op)
}
