package storetest

import (
	"math"
	"math/big"
	"slices"
	"strings"
	"unicode/utf8"

	"flora.dev/flora/rules"
)

// documents are rows in memory: by collection, then field name to value.
type documents map[*rules.Object][]document

type document map[string]any

func (ds documents) byID(o *rules.Object, id any) document {
	for _, d := range ds[o] {
		if d["_id"] == id {
			return d
		}
	}
	return nil
}

// eval is the meaning of a predicate, written from the table of the rule
// language and nothing else.
func (ds documents) eval(p rules.Pred, env map[rules.Var]document) rules.Truth {
	with := func(v rules.Var, d document) map[rules.Var]document {
		e := map[rules.Var]document{v: d}
		for k, x := range env {
			if k != v {
				e[k] = x
			}
		}
		return e
	}
	switch p := p.(type) {
	case rules.Truth:
		return p
	case rules.And:
		out := rules.True
		for _, e := range p {
			out = and(out, ds.eval(e, env))
		}
		return out
	case rules.Or:
		out := rules.False
		for _, e := range p {
			out = or(out, ds.eval(e, env))
		}
		return out
	case rules.Not:
		return not(ds.eval(p.P, env))
	case rules.If:
		switch ds.eval(p.Cond, env) {
		case rules.True:
			return ds.eval(p.Then, env)
		case rules.False:
			return ds.eval(p.Else, env)
		}
		return rules.Unknown
	case rules.Test:
		b, ok := value(p.X, env).(bool)
		if !ok {
			return rules.Unknown
		}
		return truth(b)
	case rules.Cmp:
		l, r := value(p.L, env), value(p.R, env)
		_, lsize := p.L.(rules.Size)
		_, rsize := p.R.(rules.Size)
		if lsize && l == nil || rsize && r == nil {
			return rules.Unknown // the size of null is not null
		}
		return compare(p.Op, l, r)
	case rules.IsNull:
		return truth(value(p.X, env) == nil)
	case rules.In:
		list, ok := value(p.List, env).([]any)
		if !ok {
			return rules.Unknown
		}
		x := value(p.X, env)
		for _, e := range list {
			if e == x {
				return rules.True
			}
		}
		return truth(false)
	case rules.Match:
		x, ok := value(p.X, env).(string)
		y, ok2 := value(p.Y, env).(string)
		if !ok || !ok2 {
			return rules.Unknown
		}
		return truth([]func(string, string) bool{strings.HasPrefix, strings.HasSuffix, strings.Contains}[p.Op](x, y))
	case rules.One:
		d := ds.byID(p.Target, value(p.From, env))
		if d == nil || ds.eval(p.Domain, with(p.Var, d)) != rules.True {
			return rules.Unknown
		}
		return ds.eval(p.Body, with(p.Var, d))
	case rules.Many:
		out := truth(p.All)
		of := value(p.Of, env)
		for _, d := range ds[p.Field.Target] {
			if of == nil || d[p.Field.Back.Name] != of || ds.eval(p.Domain, with(p.Var, d)) != rules.True {
				continue
			}
			if b := ds.eval(p.Body, with(p.Var, d)); p.All {
				out = and(out, b)
			} else {
				out = or(out, b)
			}
		}
		return out
	case rules.User:
		id := value(p.Identity, env)
		for _, d := range ds[p.Object] {
			if id != nil && d[p.Object.Identity.Name] == id {
				return ds.eval(p.Body, with(p.Var, d))
			}
		}
		return rules.Unknown
	case rules.Definite:
		return truth(ds.eval(p.P, env) == rules.True)
	case rules.Guard:
		if ds.eval(p.Rule, env) != rules.True {
			return rules.Unknown
		}
		return ds.eval(p.P, env)
	}
	panic("storetest: predicate without a meaning")
}

func value(x rules.Operand, env map[rules.Var]document) any {
	switch x := x.(type) {
	case rules.Col:
		return env[x.Var][x.Field.Name]
	case rules.Val:
		return x.Value.V
	case rules.Size:
		switch v := value(x.X, env).(type) {
		case string:
			return int64(utf8.RuneCountInString(v))
		case []any:
			return int64(len(v))
		}
		return nil
	case rules.Sum:
		return sum(x.By.Kind, value(x.X, env), x.By.V)
	case rules.Joined:
		list, _ := value(x.List, env).([]any)
		if x.Front {
			return append(append([]any{}, x.Add.V.([]any)...), list...)
		}
		return append(append([]any{}, list...), x.Add.V.([]any)...)
	case rules.Without:
		list, _ := value(x.List, env).([]any)
		left := []any{}
		for _, e := range list {
			if !slices.Contains(x.Drop.V.([]any), e) {
				left = append(left, e)
			}
		}
		return left
	}
	panic("storetest: operand without a value")
}

// sum adds exactly: nil where the sum is no value of the kind.
func sum(k rules.Kind, a, b any) any {
	switch a := a.(type) {
	case int64:
		n := new(big.Int).Add(big.NewInt(a), big.NewInt(b.(int64)))
		if n.IsInt64() && (k == rules.Long || n.Int64() == int64(int32(n.Int64()))) {
			return n.Int64()
		}
	case float64:
		if f := a + b.(float64); !math.IsInf(f, 0) {
			return f
		}
	}
	return nil
}

func compare(op rules.Op, l, r any) rules.Truth {
	switch op {
	case rules.Eq:
		return truth(l == r)
	case rules.Ne:
		return truth(l != r)
	}
	if l == nil || r == nil {
		return rules.Unknown
	}
	c := order(l, r)
	return truth(op == rules.Lt && c < 0 || op == rules.Le && c <= 0 || op == rules.Gt && c > 0 || op == rules.Ge && c >= 0)
}

// order compares values of one kind, null first.
func order(l, r any) int {
	switch l := l.(type) {
	case nil:
		if r == nil {
			return 0
		}
		return -1
	case int64:
		if r, ok := r.(int64); ok {
			return sign(l < r, l > r)
		}
	case float64:
		if r, ok := r.(float64); ok {
			return sign(l < r, l > r)
		}
	case string:
		if r, ok := r.(string); ok {
			return strings.Compare(l, r) // UTF-8 sorts by code point
		}
	}
	return 1
}

func sign(less, more bool) int {
	switch {
	case less:
		return -1
	case more:
		return 1
	}
	return 0
}

func truth(b bool) rules.Truth {
	if b {
		return rules.True
	}
	return rules.False
}

func not(t rules.Truth) rules.Truth {
	switch t {
	case rules.True:
		return rules.False
	case rules.False:
		return rules.True
	}
	return rules.Unknown
}

func and(a, b rules.Truth) rules.Truth {
	switch {
	case a == rules.False || b == rules.False:
		return rules.False
	case a == rules.True && b == rules.True:
		return rules.True
	}
	return rules.Unknown
}

func or(a, b rules.Truth) rules.Truth { return not(and(not(a), not(b))) }
