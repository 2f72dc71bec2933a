package transfer

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"flora.dev/flora/rules"
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
			id, err := store.Decode(t.Object.Key, node[0])
			if err != nil {
				return nil, fmt.Errorf("read %s: %w", t.Name, err)
			}
			ts, err := store.Decode(t.Object.TS, node[1])
			if err != nil {
				return nil, fmt.Errorf("read %s: %w", t.Name, err)
			}
			r.ID, r.TS, node = id.V.(string), ts.V.(int64), node[2:]
		}
		if len(node) != len(t.Fields) {
			return nil, fmt.Errorf("read %s: %d values, want %d", t.Name, len(node), len(t.Fields))
		}
		for k, f := range t.Fields {
			v, err := store.Decode(f.Field, node[k])
			if err != nil {
				return nil, fmt.Errorf("read %s: %w", f.Path(), err)
			}
			r.Values[k] = v
		}
		out[i] = r
	}
	return out, nil
}
