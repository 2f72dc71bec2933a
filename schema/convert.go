package schema

import (
	"fmt"
	"strconv"
	"time"

	"flora.dev/flora/rules"
)

// Convert makes the value of a column that of another, and loses nothing.
type Convert func(rules.Value) rules.Value

// conversion says how values of was become values of f where that loses
// nothing. Between columns of the same storage nothing need be done: it is nil
// then. It is not ok where no value, or only some, could be kept.
func conversion(was, f *Field) (c Convert, ok bool) {
	if f.Embedded != nil || was.Embedded != nil || f.Kind == rules.Ref || was.Kind == rules.Ref {
		return nil, false
	}
	kind := func(v any) any { return v }
	switch {
	case was.Kind == f.Kind:
	case f.Kind == rules.String || f.Kind == rules.ID:
		kind = textOf(was.Kind)
	case was.Kind == rules.Int && f.Kind == rules.Long:
	case was.Kind == rules.Int && f.Kind == rules.Float:
		kind = func(v any) any { return float64(v.(int64)) }
	case (was.Kind == rules.Int || was.Kind == rules.Long) && f.Kind == rules.Decimal:
		kind = func(v any) any { return strconv.FormatInt(v.(int64), 10) }
	default:
		kind = nil
	}
	switch {
	case kind == nil || was.List && !f.List:
		return nil, false
	case f.sameStorage(was):
		return nil, true
	}
	return func(v rules.Value) rules.Value {
		out := rules.Value{Kind: f.Kind, List: f.List}
		list, isList := v.V.([]any)
		switch {
		case v.V == nil:
		case isList:
			values := make([]any, 0, len(list))
			for _, x := range list {
				values = append(values, kind(x))
			}
			out.V = values
		case f.List:
			out.V = []any{kind(v.V)}
		default:
			out.V = kind(v.V)
		}
		return out
	}, true
}

// textOf writes a value of a kind as the API shows it; nil where it has no one
// text.
func textOf(k rules.Kind) func(any) any {
	switch k {
	case rules.String, rules.ID, rules.Enum, rules.UUID, rules.Decimal, rules.Date:
		return func(v any) any { return v }
	case rules.Int, rules.Long, rules.Bool:
		return func(v any) any { return fmt.Sprint(v) }
	case rules.Time:
		return func(v any) any { return time.UnixMicro(v.(int64)).UTC().Format(time.RFC3339Nano) }
	}
	return nil
}
