package transfer

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"flora.dev/flora/rules"
	"flora.dev/flora/schema"
	"flora.dev/flora/store"
)

var zero time.Time

// the documents that a page is of.
const doc rules.Var = 1

// page selects rows of a table, all their values.
func (t *Table) page(where rules.Pred, limit int) store.Select {
	s := store.Select{From: t.Object, Var: doc, Where: where, After: rules.True, Limit: limit, List: true}
	if t.Links {
		s.Order = []store.Order{{Field: t.Fields[0].Field}, {Field: t.Fields[1].Field}}
	} else {
		s.Columns = []store.Column{t.column(t.Object.Key), t.column(t.Object.TS)}
	}
	for _, f := range t.Fields {
		s.Columns = append(s.Columns, t.column(f.Field))
	}
	return s
}

func (t *Table) column(f *rules.Field) store.Column {
	return store.Column{Value: rules.Col{Var: doc, Field: f}}
}

// among says that a field is one of some ids.
func among(f *rules.Field, ids []string) rules.Pred {
	list := make([]any, len(ids))
	for i, id := range ids {
		list[i] = id
	}
	return rules.In{X: rules.Col{Var: doc, Field: f}, List: rules.Val{Value: rules.Value{Kind: rules.ID, List: true, V: list}}}
}

// rows reads the answer to page.
func (t *Table) rows(text string) ([]*Row, error) {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var lists [][][]any
	if err := d.Decode(&lists); err != nil || len(lists) != 1 {
		return nil, fmt.Errorf("read %s: %d lists in the answer: %w", t.Name, len(lists), err)
	}
	out := make([]*Row, len(lists[0]))
	for i, node := range lists[0] {
		r := &Row{Table: t, Values: make([]rules.Value, len(t.Fields))}
		if !t.Links && len(node) >= 2 {
			var err error
			if r.ID, err = as[string](node[0]); err == nil {
				r.TS, err = integer(node[1])
			}
			if err != nil {
				return nil, fmt.Errorf("read %s: %w", t.Name, err)
			}
			node = node[2:]
		}
		if len(node) != len(t.Fields) {
			return nil, fmt.Errorf("read %s: %d values, want %d", t.Name, len(node), len(t.Fields))
		}
		for k, f := range t.Fields {
			v, err := stored(f, node[k])
			if err != nil {
				return nil, fmt.Errorf("read %s: %w", f.Path(), err)
			}
			r.Values[k] = v
		}
		out[i] = r
	}
	return out, nil
}

// stored is a value of an answer.
func stored(f *schema.Field, x any) (v rules.Value, err error) {
	v = rules.Value{Kind: f.Kind, List: f.List}
	list, isList := x.([]any)
	switch {
	case x == nil:
	case isList != f.List:
		err = errors.New("a list where none is, or none")
	case isList:
		out := make([]any, len(list))
		for i, e := range list {
			if out[i], err = storedScalar(f.Kind, e); err != nil {
				return v, err
			}
		}
		v.V = out
	default:
		v.V, err = storedScalar(f.Kind, x)
	}
	return v, err
}

func storedScalar(k rules.Kind, x any) (any, error) {
	switch k {
	case rules.Bool:
		if n, ok := x.(json.Number); ok {
			return n == "1", nil
		}
		return as[bool](x)
	case rules.Int, rules.Long, rules.Time:
		return integer(x)
	case rules.Float:
		n, err := as[json.Number](x)
		if err != nil {
			return nil, err
		}
		f, err := n.Float64()
		return f + 0, err
	}
	return as[string](x)
}

func integer(x any) (int64, error) {
	n, err := as[json.Number](x)
	if err != nil {
		return 0, err
	}
	return n.Int64()
}

// as is a value of the type that an answer must have there. The value itself
// stays out of the error.
func as[T any](x any) (T, error) {
	v, ok := x.(T)
	if !ok {
		return v, fmt.Errorf("a %T where %T is expected", x, v)
	}
	return v, nil
}
