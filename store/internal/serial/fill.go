package serial

import (
	"encoding/json"
	"fmt"
	"strings"

	"flora.dev/flora/rules"
)

// Filling is a document that a migration converts: its id, and the value that
// is converted.
type Filling struct {
	ID    string
	Value rules.Value
}

// Fillings reads what ToFill asked for.
func Fillings(f *rules.Field, page string) ([]Filling, error) {
	d := json.NewDecoder(strings.NewReader(page))
	d.UseNumber()
	var lists [][][2]any
	if err := d.Decode(&lists); err != nil || len(lists) != 1 {
		return nil, fmt.Errorf("read documents to convert: %d lists: %w", len(lists), err)
	}
	out := make([]Filling, len(lists[0]))
	for i, node := range lists[0] {
		id, _ := node[0].(string)
		v, err := valueOf(f, node[1])
		if err != nil {
			return nil, fmt.Errorf("read %s to convert: %w", f.Path(), err)
		}
		out[i] = Filling{id, v}
	}
	return out, nil
}

func valueOf(f *rules.Field, x any) (rules.Value, error) {
	v := rules.Value{Kind: f.Kind, List: f.List}
	list, isList := x.([]any)
	if x == nil || !f.List {
		var err error
		v.V, err = scalarOf(f.Kind, x)
		return v, err
	}
	if !isList {
		return v, fmt.Errorf("a %T, not a list", x)
	}
	values := make([]any, len(list))
	for i, e := range list {
		var err error
		if values[i], err = scalarOf(f.Kind, e); err != nil {
			return v, err
		}
	}
	v.V = values
	return v, nil
}

// scalarOf reads a scalar of either engine. Spanner writes large integers as
// strings, SQLite Booleans as 0 and 1.
func scalarOf(k rules.Kind, x any) (any, error) {
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
