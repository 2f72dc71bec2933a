package ruletest

import (
	"math/big"
	"unicode/utf8"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
	"flora.dev/flora/rules"
)

// byKey is a document as its key where a text stands on the other side.
func byKey(v, other ref.Val) ref.Val {
	if d, ok := v.(docVal); ok && other.Type() == types.StringType {
		return cell{rules.Ref, false, d.ID}
	}
	return v
}

func equal(a, b ref.Val) ref.Val {
	a, b = byKey(a, b), byKey(b, a)
	x, ok1 := a.(docVal)
	y, ok2 := b.(docVal)
	switch {
	case ok1 && ok2:
		return types.Bool(x.ID == y.ID && x.Object == y.Object)
	case (ok1 || ok2) && (isNull(a) || isNull(b)):
		return types.False
	case ok1 || ok2:
		return unknown
	}
	for _, side := range [][2]ref.Val{{a, b}, {b, a}} {
		if e, ok := side[0].(embedVal); ok {
			if side[1].Type() != types.NullType {
				return unknown
			}
			return types.Bool(isNull(e))
		}
	}
	c, ok := a.(cell)
	if !ok {
		c, ok = b.(cell)
	}
	if ok { // a field decides what the other side must be
		if a.Type() == types.NullType || b.Type() == types.NullType {
			return types.Bool(c.v == nil)
		}
		p, ok1 := as(a, c.kind)
		q, ok2 := as(b, c.kind)
		if !ok1 || !ok2 {
			return unknown
		}
		return types.Bool(p == q)
	}
	if a.Type() == types.NullType || b.Type() == types.NullType {
		if _, ok := a.(types.Bool); ok { // a Boolean field against the literal null
			return types.False
		}
		return unknown
	}
	number := func(v ref.Val) bool { return v.Type() == types.IntType || v.Type() == types.DoubleType }
	if a.Type() != b.Type() && !(number(a) && number(b)) {
		return unknown
	}
	return a.Equal(b)
}

func order(holds func(int) bool) func(a, b ref.Val) ref.Val {
	return func(a, b ref.Val) ref.Val {
		if isNull(a) || isNull(b) {
			return unknown
		}
		c, ok := a.(cell)
		if !ok {
			c, ok = b.(cell)
		}
		if !ok {
			cmp, ok := a.(traits.Comparer)
			if !ok {
				return unknown
			}
			n, ok := cmp.Compare(b).(types.Int)
			if !ok {
				return unknown
			}
			return types.Bool(holds(int(n)))
		}
		p, ok1 := as(a, c.kind)
		q, ok2 := as(b, c.kind)
		if !ok1 || !ok2 {
			return unknown
		}
		switch p := p.(type) {
		case int64:
			return types.Bool(holds(new(big.Int).Sub(big.NewInt(p), big.NewInt(q.(int64))).Sign()))
		case float64:
			return types.Bool(holds(map[bool]int{true: -1}[p < q.(float64)] + map[bool]int{true: 1}[p > q.(float64)]))
		case string:
			return types.Bool(holds(compareRunes([]rune(p), []rune(q.(string)))))
		}
		return unknown
	}
}

func compareRunes(a, b []rune) int {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return int(a[i] - b[i])
		}
	}
	return len(a) - len(b)
}

func in(x, list ref.Val) ref.Val {
	if c, ok := list.(cell); ok {
		if c.v == nil {
			return unknown
		}
		v, ok := as(x, c.kind)
		if !ok {
			return unknown
		}
		for _, e := range c.v.([]any) {
			if v == e {
				return types.True
			}
		}
		return types.False
	}
	if m, ok := list.(traits.Mapper); ok {
		switch x.(type) { // only claims are sought in an object
		case cell, docVal:
			return unknown
		}
		_, found := m.Find(x)
		return types.Bool(found)
	}
	l, ok := list.(traits.Lister)
	if !ok {
		return unknown
	}
	var out ref.Val = types.False
	for it := l.Iterator(); it.HasNext() == types.True; {
		e := it.Next()
		if types.IsUnknownOrError(e) || e.Type() == types.NullType {
			out = unknown
			continue
		}
		switch v := equal(x, e); {
		case v == types.True:
			return types.True
		case types.IsUnknownOrError(v):
			out = unknown
		}
	}
	return out
}

func hasDoc(x ref.Val) ref.Val {
	return types.Bool(!types.IsUnknownOrError(x) && !isNull(x))
}

func text(fn func(a, b string) bool) func(a, b ref.Val) ref.Val {
	return func(a, b ref.Val) ref.Val {
		x, ok1 := as(a, rules.String)
		y, ok2 := as(b, rules.String)
		p, ok3 := x.(string)
		q, ok4 := y.(string)
		if !ok1 || !ok2 || !ok3 || !ok4 {
			return unknown
		}
		return types.Bool(fn(p, q))
	}
}

func size(v ref.Val) ref.Val {
	switch x := v.Value().(type) {
	case string:
		return types.Int(utf8.RuneCountInString(x))
	case []any:
		return types.Int(len(x))
	}
	if l, ok := v.(traits.Sizer); ok {
		return l.Size()
	}
	return unknown
}
