package store

import (
	"encoding/json"
	"errors"
	"fmt"

	"flora.dev/flora/rules"
)

// Decode reads what a Column answered for a field, from what a JSON decoder that
// uses numbers made of it. The value itself stays out of the error.
func Decode(f *rules.Field, x any) (v rules.Value, err error) {
	v = rules.Value{Kind: f.Kind, List: f.List}
	list, isList := x.([]any)
	switch {
	case x == nil:
	case isList != f.List:
		err = errors.New("a list where none is, or none")
	case isList:
		out := make([]any, len(list))
		for i, e := range list {
			if out[i], err = decodeScalar(f.Kind, e); err != nil {
				return v, err
			}
		}
		v.V = out
	default:
		v.V, err = decodeScalar(f.Kind, x)
	}
	return v, err
}

// decodeScalar reads a scalar of either engine: SQLite has Booleans as 0 and 1.
func decodeScalar(k rules.Kind, x any) (any, error) {
	n, isNumber := x.(json.Number)
	switch k {
	case rules.Bool:
		if isNumber {
			return n == "1", nil
		}
		if b, ok := x.(bool); ok {
			return b, nil
		}
	case rules.Int, rules.Long, rules.Time:
		if isNumber {
			return n.Int64()
		}
	case rules.Float:
		if isNumber {
			f, err := n.Float64()
			return f + 0, err // no engine keeps the sign of zero
		}
	default:
		if s, ok := x.(string); ok {
			return s, nil
		}
	}
	return nil, fmt.Errorf("a %T for %s", x, k)
}
