package rules

import (
	"math"
	"time"
)

// result is the value of a slot: nil for null, bool, int64, float64, string,
// time.Time, []any, map[string]any, or what only CEL knows.
type result struct {
	v     any
	known bool
}

func known(v any) result { return result{v, true} }

// boolean is the result of a test.
func boolean(b bool) result { return result{b, true} }

func (r result) bool() (v, ok bool) {
	b, ok := r.v.(bool)
	return b, ok && r.known
}

// truth is the value as a condition.
func (r result) truth() Truth {
	if b, ok := r.bool(); ok {
		return truth(b)
	}
	return Unknown
}

// scalar reads the value as a kind; ok is false where it is not exactly one.
func (r result) scalar(k Kind) (any, bool) {
	if !r.known {
		return nil, false
	}
	switch v := r.v.(type) {
	case bool:
		return r.v, k == Bool
	case string:
		switch k {
		case String, ID, Enum, Ref:
			return r.v, ValidText(v)
		case Date:
			return r.v, ValidDate(v)
		case UUID:
			return CanonicalUUID(v)
		case Decimal:
			return CanonicalDecimal(v)
		}
	case int64:
		switch k {
		case Int, Long:
			return r.v, true
		case Float:
			f, ok := exactFloat(v)
			return f, ok
		}
	case float64:
		switch k {
		case Int, Long:
			i, ok := exactInt(v)
			return i, ok
		case Float:
			return v + 0, !math.IsNaN(v) && !math.IsInf(v, 0)
		}
	case time.Time:
		if k == Time {
			return v.UnixMicro(), v.Nanosecond()%1000 == 0
		}
	}
	return nil, false
}

// list reads a list of a kind, leaving out what is not exactly one.
func (r result) list(k Kind) (_ Value, tainted, ok bool) {
	all, ok := r.v.([]any)
	if !ok || !r.known {
		return Value{}, false, false
	}
	var elems []any
	shared := true // with the token, as long as nothing is left out or converted
	for i, e := range all {
		x, ok := known(e).scalar(k)
		if shared && (!ok || x != e) {
			elems, shared = append([]any{}, all[:i]...), false
		}
		switch {
		case !ok:
			tainted = true
		case !shared:
			elems = append(elems, x)
		}
	}
	if shared {
		return Value{Kind: k, List: true, V: r.v}, false, true
	}
	return Value{Kind: k, List: true, V: elems}, tainted, true
}
