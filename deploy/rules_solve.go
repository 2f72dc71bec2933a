package deploy

import (
	"encoding/json"
	"math/rand/v2"
	"strings"

	"flora.dev/flora/rules"
)

// solver changes the documents of a world so that a predicate, folded for a
// caller, has a value. It does not look back: what it sets for one part may
// undo another, which the evaluation that follows tells.
type solver struct {
	w    *world
	who  *rules.Caller
	r    *rand.Rand
	side int
	vars map[rules.Var]*record
}

// want makes p true, or for yes = false not true. A part that is so already is
// mostly left as it is.
func (s *solver) want(p rules.Pred, yes bool) {
	switch p.(type) {
	case rules.Test, rules.Cmp, rules.IsNull, rules.In, rules.Match:
		if s.r.IntN(5) > 0 && s.is(p) == yes {
			return
		}
	}
	switch p := p.(type) {
	case rules.And:
		s.list(p, yes, yes)
	case rules.Or:
		s.list(p, yes, !yes)
	case rules.Not:
		s.want(p.P, !yes)
	case rules.Definite:
		s.want(p.P, yes)
	case rules.If:
		if s.r.IntN(2) == 0 {
			s.want(p.Cond, true)
			s.want(p.Then, yes)
		} else {
			s.want(p.Cond, false)
			s.want(p.Else, yes)
		}
	case rules.Test:
		if s.unknown(p.X, yes) {
			return
		}
		s.set(p.X, yes)
	case rules.Cmp:
		s.compare(p, yes)
	case rules.IsNull:
		s.null(p.X, yes)
	case rules.In:
		s.in(p, yes)
	case rules.Match:
		s.match(p, yes)
	case rules.One:
		s.one(p, yes)
	case rules.Many:
		s.many(p, yes)
	case rules.User:
		s.user(p, yes)
	}
}

// is reports whether a part without hops is true now.
func (s *solver) is(p rules.Pred) bool {
	docs := make(map[rules.Var]rules.Document, len(s.vars))
	for v, d := range s.vars {
		if d != nil {
			docs[v] = seen{s.w, d, s.side}
		}
	}
	return s.who.Fold(p, rules.Binding{Docs: docs}) == rules.True
}

// list makes all of a list so, or one of them.
func (s *solver) list(ps []rules.Pred, yes, all bool) {
	order := s.r.Perm(len(ps))
	if !all {
		open := order[:0]
		for _, i := range order {
			if _, constant := ps[i].(rules.Truth); !constant {
				open = append(open, i)
			}
		}
		order = open[:min(1, len(open))]
	}
	for _, i := range order {
		s.want(ps[i], yes)
	}
}

// unknown sets null now and then where something is wanted not to be true.
func (s *solver) unknown(x rules.Operand, yes bool) bool {
	if yes || s.r.IntN(5) > 0 {
		return false
	}
	return s.null(x, true)
}

// place is the document and column that an operand is, nil if it is none that
// can be set.
func (s *solver) place(x rules.Operand) (*record, *column) {
	c, ok := x.(rules.Col)
	if !ok {
		return nil, nil
	}
	d, k := s.vars[c.Var], s.w.columns[c.Field]
	if d != nil && k != nil && d.base != nil && k.derived {
		d = d.base
	}
	return d, k
}

func (s *solver) null(x rules.Operand, yes bool) bool {
	d, k := s.place(x)
	if d == nil || k == nil {
		if m, ok := x.(rules.Member); ok {
			return s.member(m, nil, yes)
		}
		return false
	}
	switch v, set := d.values[k]; {
	case yes && k.nonNull:
		return false
	case yes:
		d.values[k] = nil
	case !set || v == nil:
		if k.Kind == rules.Ref {
			d.values[k] = s.target(k).id
		} else {
			d.values[k] = s.w.pool.pick(s.r, k)
		}
	}
	return true
}

// target is some document that a reference may lead to.
func (s *solver) target(k *column) *record {
	docs := s.w.docs[k.Target.Name]
	if len(docs) == 0 || len(docs) < 3 && s.r.IntN(2) == 0 {
		return s.w.add(k.Target.Name)
	}
	return docs[s.r.IntN(len(docs))]
}

// set gives an operand a value and reports whether it can have it.
func (s *solver) set(x rules.Operand, v any) bool {
	switch x := x.(type) {
	case rules.Member:
		return s.member(x, v, false)
	case rules.Size:
		n, _ := v.(int64)
		d, k := s.place(x.X)
		if _, is := x.X.(rules.Member); is && n >= 0 && n <= 64 {
			return s.set(x.X, strings.Repeat("a", int(n)))
		}
		if k == nil || n < 0 || n > 64 {
			return false
		}
		if !k.List {
			d.values[k] = strings.Repeat("a", int(n))
			return true
		}
		list := []any{}
		for range n {
			list = append(list, s.w.pool.element(s.r, k))
		}
		d.values[k] = list
		return true
	}
	d, k := s.place(x)
	if c, ok := x.(rules.Col); ok && c.Field.Name == "_id" {
		id, _ := v.(string)
		return s.w.rename(d, id)
	}
	if d == nil || k == nil || v == nil && k.nonNull {
		return false
	}
	if id, ok := v.(string); ok && k.Kind == rules.Ref {
		s.w.named(k.Target.Name, id)
	}
	d.values[k] = v
	return true
}

// member sets a part of an embedded value: to null, to something, to v.
func (s *solver) member(m rules.Member, v any, null bool) bool {
	d, k := s.place(m.X)
	if d == nil || k == nil {
		return false
	}
	var top map[string]any
	if text, ok := s.w.value(d, k, s.side).(string); ok {
		dec := json.NewDecoder(strings.NewReader(text))
		dec.UseNumber()
		_ = dec.Decode(&top)
	}
	if top == nil {
		top = s.w.pool.object(nil, k.Members)
	}
	at, path := top, strings.Split(m.Path, ".")
	for _, name := range path[:len(path)-1] {
		next, ok := at[name].(map[string]any)
		if !ok {
			next = map[string]any{}
			at[name] = next
		}
		at = next
	}
	name := path[len(path)-1]
	switch {
	case null:
		delete(at, name)
	case v == nil:
		if values := simple(&column{Field: &rules.Field{Kind: m.Kind}}); at[name] == nil && len(values) > 0 {
			at[name] = inside(m.Kind, values[0])
		}
	default:
		at[name] = inside(m.Kind, v)
	}
	text, ok := rules.CanonicalJSON(top)
	if ok {
		d.values[k] = text
	}
	return ok
}

// get reads an operand.
func (s *solver) get(x rules.Operand) (any, bool) {
	switch x := x.(type) {
	case rules.Val:
		return x.Value.V, true
	case rules.Col:
		if d := s.vars[x.Var]; d != nil {
			return seen{s.w, d, s.side}.Value(x.Field).V, true
		}
	}
	return nil, false
}
