package deploy

import (
	"slices"

	"flora.dev/flora/rules"
)

// in makes an element of a list, or none.
func (s *solver) in(p rules.In, yes bool) {
	if list, ok := s.get(p.List); ok {
		if _, constant := p.List.(rules.Val); constant || s.r.IntN(2) == 0 {
			elements, _ := list.([]any)
			switch {
			case yes && len(elements) > 0:
				s.set(p.X, elements[s.r.IntN(len(elements))])
			case !yes && len(elements) > 0 && !s.unknown(p.X, yes):
				s.assign(p.X, rules.Ne, rules.Val{Value: rules.Value{V: elements[s.r.IntN(len(elements))]}}, true)
			}
			return
		}
	}
	d, k := s.place(p.List)
	v, ok := s.get(p.X)
	if d == nil || k == nil || !ok {
		return
	}
	list, _ := s.w.value(d, k, s.side).([]any)
	switch {
	case !yes && s.unknown(p.List, yes):
	case !yes:
		d.values[k] = slices.DeleteFunc(slices.Clone(append([]any{}, list...)), func(x any) bool { return x == v })
	case v != nil && !slices.Contains(list, v):
		d.values[k] = append(list[:len(list):len(list)], v)
	}
}

// match makes a text with a part, or without it.
func (s *solver) match(p rules.Match, yes bool) {
	if v, ok := s.get(p.Y); ok && !s.unknown(p.X, yes) {
		part, _ := v.(string)
		x, y := "a", "z"
		if s.r.IntN(2) == 0 {
			x, y = "", ""
		}
		text := x
		if yes {
			text = map[rules.MatchOp]string{rules.StartsWith: part + y, rules.EndsWith: x + part, rules.Contains: x + part + y}[p.Op]
		} else if part != "" && s.r.IntN(2) == 0 {
			text = map[rules.MatchOp]string{rules.StartsWith: "x" + part, rules.EndsWith: part + "x", rules.Contains: string([]rune(part)[1:])}[p.Op]
		}
		if s.set(p.X, text) {
			return
		}
	}
	if v, ok := s.get(p.X); ok { // a prefix in the document of a text that is known
		if text, _ := v.(string); yes {
			s.set(p.Y, text)
		} else {
			s.set(p.Y, text+"x")
		}
	}
}

// inner is the solver with one more document.
func (s *solver) inner(v rules.Var, d *record) *solver {
	in := *s
	in.vars = map[rules.Var]*record{v: d}
	for k, d := range s.vars {
		in.vars[k] = d
	}
	return &in
}

func (s *solver) one(p rules.One, yes bool) {
	if !yes && s.r.IntN(5) == 0 && s.null(p.From, true) {
		return
	}
	from, ok := s.get(p.From)
	if !ok {
		return
	}
	var d *record
	switch id, _ := from.(string); {
	case p.Key != nil && s.w.fresh != nil && s.w.fresh.base == nil && from == s.w.fresh.id:
		return
	case p.Key != nil && from != nil: // the side of one-to-one without a column
		k := s.w.columns[p.Key]
		for _, x := range s.w.docs[p.Target.Name] {
			if s.w.value(x, k, s.side) == from {
				d = x
			}
		}
		if d == nil {
			if !yes && s.r.IntN(2) == 0 {
				return
			}
			d = s.w.add(p.Target.Name)
			d.values[k] = from
		}
	case p.Key == nil && from != nil:
		d = s.w.named(p.Target.Name, id)
	default:
		if _, k := s.place(p.From); k != nil && k.Kind == rules.Ref {
			d = s.target(k)
			s.set(p.From, d.id)
		}
	}
	if d != nil {
		in := s.inner(p.Var, d)
		in.want(p.Domain, true)
		in.want(p.Body, yes)
	}
}

func (s *solver) many(p rules.Many, yes bool) {
	var of any
	var rows []*record
	collection, back := "", (*column)(nil)
	if p.Object != nil {
		collection = p.Object.Name
		rows = s.w.every(collection)
	} else {
		c, ok := p.Of.(rules.Col)
		if !ok || s.vars[c.Var] == nil || p.Field.Back == nil {
			return
		}
		of = s.vars[c.Var].id
		collection, back = p.Field.Target.Name, s.w.columns[p.Field.Back]
		rows = s.w.behind(s.vars[c.Var], p.Field, s.side)
	}
	if yes == p.All { // of every row
		for _, d := range rows {
			in := s.inner(p.Var, d)
			if s.r.IntN(4) == 0 {
				in.want(p.Domain, false)
			} else {
				in.want(p.Body, yes)
			}
		}
		return
	}
	var d *record
	if len(rows) > 0 && s.r.IntN(3) > 0 {
		d = rows[s.r.IntN(len(rows))]
	} else {
		d = s.w.add(collection)
		if back != nil {
			d.values[back] = of
		}
	}
	in := s.inner(p.Var, d)
	in.want(p.Domain, true)
	in.want(p.Body, yes)
}

func (s *solver) user(p rules.User, yes bool) {
	v, ok := p.Identity.(rules.Val)
	k := s.w.columns[p.Object.Identity]
	if !ok || v.Value.Null() || k == nil || !yes && s.r.IntN(5) == 0 {
		return
	}
	d := s.w.user(k, v.Value.V, s.side)
	if d == nil {
		d = s.w.add(p.Object.Name)
		d.values[k] = v.Value.V
	}
	s.inner(p.Var, d).want(p.Body, yes)
}
