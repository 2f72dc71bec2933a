package transfer

import (
	"strings"

	"flora.dev/flora/rules"
	"flora.dev/flora/schema"
)

// Table is what has rows of its own: a collection, or the links of a relation.
type Table struct {
	Name   string // GraphQL type, or name of the link table
	Object *rules.Object
	Fields []*schema.Field // with a column, in the order of the schema
	Links  bool            // rows of two references, without _id and _ts
	all    *schema.Collection
	place  int
}

// Tables are those of one schema.
type Tables struct {
	List   []*Table // each after those that its required references lead to, as far as possible
	byName map[string]*Table
	of     map[*rules.Object]*Table
}

// NewTables returns the tables of a schema.
func NewTables(s *schema.Schema) *Tables {
	t := &Tables{byName: map[string]*Table{}, of: map[*rules.Object]*Table{}}
	var waiting []*Table
	for _, c := range s.Collections {
		table := &Table{Name: c.Name, Object: c.Object, all: c}
		for _, f := range c.Fields {
			if f.Column != "" {
				table.Fields = append(table.Fields, f)
			}
		}
		waiting = append(waiting, table)
	}
	for len(waiting) > 0 {
		next := firstWith(waiting, func(x *Table) bool { return t.ready(x, false) })
		if next < 0 {
			next = max(0, firstWith(waiting, func(x *Table) bool { return t.ready(x, true) }))
		}
		t.add(waiting[next])
		waiting = append(waiting[:next:next], waiting[next+1:]...)
	}
	for _, l := range s.Links {
		t.add(&Table{Name: l.Object.Name, Object: l.Object, Links: true, Fields: []*schema.Field{{Field: l.Near}, {Field: l.Far}}})
	}
	return t
}

func firstWith(list []*Table, ok func(*Table) bool) int {
	for i, t := range list {
		if ok(t) {
			return i
		}
	}
	return -1
}

// ready reports whether what a table refers to, or must refer to, was added.
func (t *Tables) ready(table *Table, required bool) bool {
	for _, f := range table.Fields {
		if f.ToOne() && f.Target.Object != table.Object && t.of[f.Target.Object] == nil && (f.NonNull || !required) {
			return false
		}
	}
	return true
}

func (t *Tables) add(table *Table) {
	table.place = len(t.List)
	t.List = append(t.List, table)
	t.of[table.Object] = table
	if _, taken := t.byName[table.Name]; !taken {
		t.byName[table.Name] = table
	}
}

// Named returns the table of a type, of a name on disk, or else of a name that
// differs in case alone: nil if there is none.
func (t *Tables) Named(name string) *Table {
	if table := t.byName[name]; table != nil {
		return table
	}
	var found *Table
	for _, table := range t.List {
		if table.Object.Table == name {
			return table
		}
		if strings.EqualFold(table.Name, name) || strings.EqualFold(table.Object.Table, name) {
			if found != nil {
				return nil
			}
			found = table
		}
	}
	return found
}

// target is the table that a reference leads to.
func (t *Tables) target(f *schema.Field) *Table { return t.of[f.Field.Target] }

// Row is one document, or one link.
type Row struct {
	Table  *Table
	ID     string
	TS     int64         // 0 if it brings none
	Values []rules.Value // of Table.Fields
}

// key names a row among those of its table.
func (r *Row) key() string {
	if r.Table.Links {
		return text(r.Values[0]) + "\x00" + text(r.Values[1])
	}
	return r.ID
}

func text(v rules.Value) string {
	s, _ := v.V.(string)
	return s
}

// references calls f for each reference of the row that is not null, with its
// place among the values.
func (r *Row) references(f func(i int, field *schema.Field, id string)) {
	for i, field := range r.Table.Fields {
		if id, ok := r.Values[i].V.(string); ok && field.ToOne() {
			f(i, field, id)
		}
	}
}
