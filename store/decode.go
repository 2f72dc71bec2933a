package store

import (
	"encoding/json"
	"fmt"

	"flora.dev/flora/rules"
)

// Decode reads what a Column answered for a field, as a JSON decoder that uses
// numbers made it.
func Decode(f *rules.Field, x any) (rules.Value, error) {
	v := rules.Value{Kind: f.Kind, List: f.List}
	list, isList := x.([]any)
	if x == nil || !f.List {
		var err error
		v.V, err = decodeScalar(f.Kind, x)
		return v, err
	}
	if !isList {
		return v, fmt.Errorf("a %T, not a list", x)
	}
	values := make([]any, len(list))
	for i, e := range list {
		var err error
		if values[i], err = decodeScalar(f.Kind, e); err != nil {
			return v, err
		}
	}
	v.V = values
	return v, nil
}

// decodeScalar reads a scalar of either engine. Spanner writes large integers as
// strings, SQLite Booleans as 0 and 1.
func decodeScalar(k rules.Kind, x any) (any, error) {
	switch x := x.(type) {
	case nil, bool:
		return x, nil
	case json.Number:
		switch k {
		case rules.Bool:
			return x != "0", nil
		case rules.Float:
			return x.Float64()
		}
		return x.Int64()
	case string:
		if k == rules.Int || k == rules.Long || k == rules.Time {
			return json.Number(x).Int64()
		}
		return x, nil
	}
	return nil, fmt.Errorf("a %T", x)
}
