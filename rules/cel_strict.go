package rules

import (
	"cmp"
	"strings"
	"unicode/utf8"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/traits"
	"flora.dev/flora/internal/leak"
)

// What CEL's operators say of results, with == != in and has strict as in
// newStrictCEL. The types that claims usually have are compared here, others
// are handed to CEL's.

// member is a member of an object. One that cannot be used is unknown.
func (r result) member(name string) result {
	object, _ := r.v.(map[string]any)
	v, found := object[name]
	if _, unusable := v.(inexact); unusable || !found {
		return result{}
	}
	return known(v)
}

// has is unknown where the member is null, as strictHas is.
func (r result) has(name string) result {
	if !r.known {
		return r
	}
	object, ok := r.v.(map[string]any)
	if !ok {
		return result{false, leak.On(leak.WrongTypeUnderHas)}
	}
	if _, found := object[name]; !found {
		return boolean(false)
	}
	return result{true, r.member(name).v != nil}
}

// equalStrictly is strictEqual.
func equalStrictly(a, b result) result {
	if !a.known || !b.known {
		return result{}
	}
	switch x := a.v.(type) {
	case string:
		if y, ok := b.v.(string); ok {
			return boolean(x == y)
		}
	case bool:
		if y, ok := b.v.(bool); ok {
			return boolean(x == y)
		}
	case int64:
		if y, ok := b.v.(int64); ok {
			return boolean(x == y)
		}
	}
	return fromCEL(strictEqual(toCEL(a.v), toCEL(b.v)))
}

// inStrictly is strictIn.
func inStrictly(x, list result) result {
	if !x.known || !list.known {
		return result{}
	}
	all, ok := list.v.([]any)
	if !ok {
		return fromCEL(strictIn(toCEL(x.v), toCEL(list.v)))
	}
	out := boolean(false)
	for _, e := range all {
		switch r := equalStrictly(x, known(e)); r.truth() {
		case True:
			return r
		case Unknown:
			out = result{}
		}
	}
	return out
}

// both is && (False decides) or || (True decides).
func both(a, b direct, c *Caller, decides Truth) result {
	l := a(c).truth()
	if l == decides {
		return boolean(l == True)
	}
	r := b(c).truth()
	if r != decides && (l == Unknown || r == Unknown) {
		return result{}
	}
	return boolean(r == True)
}

func (r result) not() result {
	b, ok := r.bool()
	return result{!b, ok}
}

// size is the number of code points of a string, or of elements.
func (r result) size() result {
	switch v := r.v.(type) {
	case string:
		return result{int64(utf8.RuneCountInString(v)), r.known}
	case []any:
		return result{int64(len(v)), r.known}
	case map[string]any:
		return result{int64(len(v)), r.known}
	}
	return result{}
}

// ordered compares values of types that have an order.
func ordered(a, b direct, holds func(int) bool) direct {
	return func(c *Caller) result {
		l, r := a(c), b(c)
		if !l.known || !r.known {
			return result{}
		}
		switch x := l.v.(type) {
		case string:
			if y, ok := r.v.(string); ok {
				return boolean(holds(strings.Compare(x, y)))
			}
		case int64:
			if y, ok := r.v.(int64); ok {
				return boolean(holds(cmp.Compare(x, y)))
			}
		}
		x, ok := toCEL(l.v).(traits.Comparer)
		if !ok {
			return result{}
		}
		n, ok := x.Compare(toCEL(r.v)).(types.Int)
		return result{holds(int(n)), ok}
	}
}
