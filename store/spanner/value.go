package spanner

import (
	"fmt"
	"time"

	"cloud.google.com/go/civil"
	cloud "cloud.google.com/go/spanner"

	"flora.dev/flora/rules"
)

// param is a value as the client library takes it, with its type even where it
// is null.
func param(v rules.Value) (any, error) {
	if v.List {
		return listParam(v)
	}
	switch x := v.V.(type) {
	case nil:
		return null(v.Kind)
	case int64:
		if v.Kind == rules.Time {
			return time.UnixMicro(x).UTC(), nil
		}
		return x, nil
	case bool:
		return x, nil
	case float64:
		if x == 0 {
			x = 0 // drops the sign, which not every engine stores
		}
		return x, nil
	case string:
		if v.Kind == rules.Date {
			return civil.ParseDate(x)
		}
		return x, nil
	}
	return nil, fmt.Errorf("bind %s: a %T", v.Kind, v.V)
}

func null(k rules.Kind) (any, error) {
	switch k {
	case rules.Invalid: // the bare null of an expression: its use gives the type
		return nil, nil
	case rules.Bool:
		return cloud.NullBool{}, nil
	case rules.Int, rules.Long:
		return cloud.NullInt64{}, nil
	case rules.Float:
		return cloud.NullFloat64{}, nil
	case rules.String, rules.ID, rules.Enum, rules.Ref, rules.UUID, rules.Decimal, rules.JSON, rules.Embedded:
		return cloud.NullString{}, nil
	case rules.Date:
		return cloud.NullDate{}, nil
	case rules.Time:
		return cloud.NullTime{}, nil
	}
	return nil, fmt.Errorf("bind null: of kind %s", k)
}

// listParam is a list as a typed slice. Its elements are never null.
func listParam(v rules.Value) (any, error) {
	elems, ok := v.V.([]any)
	if !ok && v.V != nil {
		return nil, fmt.Errorf("bind list of %s: a %T", v.Kind, v.V)
	}
	switch v.Kind {
	case rules.Bool:
		return slice[bool](v.Kind, elems)
	case rules.Int, rules.Long:
		return slice[int64](v.Kind, elems)
	case rules.Float:
		return slice[float64](v.Kind, elems)
	case rules.String, rules.ID, rules.Enum, rules.Ref, rules.UUID, rules.Decimal, rules.JSON:
		return slice[string](v.Kind, elems)
	case rules.Date:
		return slice[civil.Date](v.Kind, elems)
	case rules.Time:
		return slice[time.Time](v.Kind, elems)
	}
	return nil, fmt.Errorf("bind list of %s", v.Kind)
}

// slice keeps a null list nil: the client library sends that as a typed null.
func slice[T any](k rules.Kind, elems []any) (any, error) {
	if elems == nil {
		return []T(nil), nil
	}
	list := make([]T, len(elems))
	for i, e := range elems {
		x, err := param(rules.Value{Kind: k, V: e})
		if err != nil {
			return nil, err
		}
		if list[i], err = as[T](k, x); err != nil {
			return nil, err
		}
	}
	return list, nil
}

func as[T any](k rules.Kind, x any) (T, error) {
	t, ok := x.(T)
	if !ok {
		return t, fmt.Errorf("bind element of a list of %s: a %T", k, x)
	}
	return t, nil
}
