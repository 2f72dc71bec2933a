package deploy

import (
	"reflect"

	"flora.dev/flora/rules"
)

// compare makes a comparison hold, or not, by setting one of its sides.
func (s *solver) compare(p rules.Cmp, yes bool) {
	l, r, op := p.L, p.R, p.Op
	if s.r.IntN(2) == 0 {
		l, r = r, l
		op = [...]rules.Op{rules.Eq: rules.Eq, rules.Ne: rules.Ne, rules.Lt: rules.Gt, rules.Le: rules.Ge, rules.Gt: rules.Lt, rules.Ge: rules.Le}[op]
	}
	if !yes {
		op = [...]rules.Op{rules.Eq: rules.Ne, rules.Ne: rules.Eq, rules.Lt: rules.Ge, rules.Le: rules.Gt, rules.Gt: rules.Le, rules.Ge: rules.Lt}[op]
	}
	if !s.assign(l, op, r, yes) {
		s.assign(r, [...]rules.Op{rules.Eq: rules.Eq, rules.Ne: rules.Ne, rules.Lt: rules.Gt, rules.Le: rules.Ge, rules.Gt: rules.Lt, rules.Ge: rules.Le}[op], l, yes)
	}
}

// assign sets x so that x op with holds.
func (s *solver) assign(x rules.Operand, op rules.Op, with rules.Operand, yes bool) bool {
	if s.unknown(x, yes) {
		return true
	}
	v, ok := s.get(with)
	if !ok {
		return false
	}
	d, k := s.place(x)
	kind := kindOf(x)
	switch op {
	case rules.Ne:
		if k == nil {
			return s.set(x, beside(kind, v, 1))
		}
		if k.Kind == rules.Ref {
			if t := s.target(k); t.id != v {
				d.values[k] = t.id
			} else {
				d.values[k] = s.w.add(k.Target.Name).id
			}
			return true
		}
		for range 4 {
			if x := s.w.pool.pick(s.r, k); !reflect.DeepEqual(x, v) {
				d.values[k] = x
				return true
			}
		}
		return s.null(x, true)
	case rules.Lt:
		v = beside(kind, v, -1)
	case rules.Gt:
		v = beside(kind, v, 1)
	case rules.Le, rules.Ge:
		if s.r.IntN(2) == 0 {
			step := 1
			if op == rules.Le {
				step = -1
			}
			if n := beside(kind, v, step); n != nil {
				v = n
			}
		}
	}
	if v == nil && op != rules.Eq {
		return false
	}
	return s.set(x, v)
}

func kindOf(x rules.Operand) rules.Kind {
	switch x := x.(type) {
	case rules.Col:
		return x.Field.Kind
	case rules.Member:
		return x.Kind
	case rules.Size:
		return rules.Long
	}
	return rules.Invalid
}
