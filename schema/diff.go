package schema

import (
	"fmt"
	"slices"

	"flora.dev/flora/rules"
)

// Diff compares two schemas: steps brings the tables of old to new, and
// refused says, a line each, what cannot be done without losing something.
// The steps may be applied only if nothing is refused. A nil old is an empty
// store. Collections are known by their tables, fields by their columns.
func Diff(old, new *Schema) (steps []Step, refused []string) {
	if old == nil {
		old = &Schema{}
	}
	d := &diff{}
	var created []*Collection
	for _, c := range new.Collections {
		if old.table(c.Table) == nil {
			created = append(created, c)
		}
	}
	for _, c := range old.Collections {
		if new.table(c.Table) == nil {
			d.refuse("collection %s is dropped: all its documents would be lost", c.Name)
		}
	}
	d.create(created)
	for _, c := range new.Collections {
		if was := old.table(c.Table); was != nil {
			d.columns(was, c)
		}
	}
	for _, c := range new.Collections {
		if was := old.table(c.Table); was != nil {
			d.indexes(was, c)
		}
	}
	d.links(old, new)
	d.steps = append(d.steps, d.drops...)
	return d.steps, d.refused
}

// table is the collection whose documents are in the table of that name.
func (s *Schema) table(name string) *Collection {
	for _, c := range s.Collections {
		if c.Table == name {
			return c
		}
	}
	return nil
}

type diff struct {
	steps, drops []Step
	refused      []string
}

// refuse notes a reason once: a change of an enum concerns many fields.
func (d *diff) refuse(format string, args ...any) {
	if line := fmt.Sprintf(format, args...); !slices.Contains(d.refused, line) {
		d.refused = append(d.refused, line)
	}
}

// create makes tables so that the targets of foreign keys come first. Where
// references form a circle one of them is added at the end.
func (d *diff) create(tables []*Collection) {
	var late []Step
	waiting := slices.Clone(tables)
	for len(waiting) > 0 {
		next := max(0, slices.IndexFunc(waiting, func(c *Collection) bool { return len(missing(c, waiting)) == 0 }))
		c := waiting[next]
		d.steps = append(d.steps, Step{Kind: CreateTable, Collection: c})
		for _, u := range c.Uniques {
			d.steps = append(d.steps, Step{Kind: CreateUnique, Collection: c, Unique: u})
		}
		for _, i := range c.Indexes {
			d.steps = append(d.steps, Step{Kind: CreateIndex, Collection: c, Index: i})
		}
		for _, f := range missing(c, waiting) {
			late = append(late, Step{Kind: AddForeignKey, Collection: c, Field: f})
		}
		waiting = slices.Delete(waiting, next, next+1)
	}
	d.steps = append(d.steps, late...)
}

// missing are c's references to other tables that wait to be created.
func missing(c *Collection, waiting []*Collection) (fields []*Field) {
	for _, f := range c.Fields {
		if f.ToOne() && f.Target != c && slices.Contains(waiting, f.Target) {
			fields = append(fields, f)
		}
	}
	return fields
}

func (c *Collection) column(name string) *Field {
	for _, f := range c.Fields {
		if f.Column == name && name != "" {
			return f
		}
	}
	return nil
}

// links compares the link tables.
func (d *diff) links(old, new *Schema) {
	find := func(s *Schema, table string) *Link {
		for _, k := range s.Links {
			if k.Object.Table == table {
				return k
			}
		}
		return nil
	}
	for _, k := range old.Links {
		if find(new, k.Object.Table) == nil {
			d.refuse("relation %s is dropped: all its links would be lost", k.Object.Table)
		}
	}
	for _, k := range new.Links {
		was := find(old, k.Object.Table)
		switch {
		case was == nil:
			d.steps = append(d.steps, Step{Kind: CreateLink, Link: k})
		case was.Near.Target.Table != k.Near.Target.Table || was.Far.Target.Table != k.Far.Target.Table ||
			was.Near.Column != k.Near.Column || was.Far.Column != k.Far.Column:
			d.refuse("relation %s joins other collections: all its links would be lost", k.Object.Table)
		}
	}
}

func (d *diff) columns(old, new *Collection) {
	for _, was := range old.Fields {
		if was.Column != "" && new.column(was.Column) == nil {
			d.refuse("field %s is dropped: its values would be lost", was.Path())
		}
	}
	for _, f := range new.Fields {
		if f.Column == "" {
			continue
		}
		if was := old.column(f.Column); was != nil {
			d.compare(was, f)
			continue
		}
		if f.NonNull && !f.filled() {
			d.refuse("field %s is new and required, without a constant @default: the documents there are would have no value", f.Path())
			continue
		}
		d.steps = append(d.steps, Step{Kind: AddColumn, Collection: new, Field: f})
	}
}

// filled reports whether documents that exist already can be given a value.
func (f *Field) filled() bool {
	if f.Default == nil {
		return false
	}
	v, ok := f.Default.Const()
	return ok && v.V != nil
}

// compare refuses what would change a column.
func (d *diff) compare(was, f *Field) {
	describe := func(f *Field) string {
		t := f.TypeName
		if f.List {
			t = "[" + t + "!]"
		}
		return t
	}
	switch {
	case was.Kind != f.Kind || was.List != f.List || f.Kind == rules.Ref && was.Target.Table != f.Target.Table:
		d.refuse("field %s changes from %s to %s: its values would be lost", f.Path(), describe(was), describe(f))
		return
	case (was.Fold == nil) != (f.Fold == nil):
		d.refuse("field %s gains or loses @fold: this version cannot fold the values there are", f.Path())
	case f.Embedded != nil && !f.Embedded.takes(was.Embedded, nil) || f.EmbeddedList != was.EmbeddedList:
		d.refuse("field %s: its embedded type loses a field, changes the type of one, or requires one that it did not: the values there are would break it", f.Path())
	case f.NonNull && !was.NonNull:
		d.refuse("field %s becomes required: documents without a value would break it", f.Path())
	case was.NonNull && !f.NonNull:
		d.refuse("field %s becomes optional: this version cannot change the column", f.Path())
	}
	if f.Kind != rules.Enum {
		return
	}
	for _, v := range was.Values {
		if !slices.Contains(f.Values, v) {
			d.refuse("enum %s loses its value %s: documents that have it would break it", f.TypeName, v)
		}
	}
	for _, v := range f.Values {
		if !slices.Contains(was.Values, v) {
			d.refuse("enum %s gains the value %s: this version cannot change the columns that use it", f.TypeName, v)
		}
	}
}

func (d *diff) indexes(old, new *Collection) {
	had := map[string]bool{}
	for _, u := range old.Uniques {
		had[u.Name] = true
	}
	for _, i := range old.Indexes {
		had[i.Name] = true
	}
	has := map[string]bool{}
	for _, u := range new.Uniques {
		has[u.Name] = true
		if !had[u.Name] {
			d.steps = append(d.steps, Step{Kind: CreateUnique, Collection: new, Unique: u})
		}
	}
	for _, i := range new.Indexes {
		has[i.Name] = true
		if !had[i.Name] {
			d.steps = append(d.steps, Step{Kind: CreateIndex, Collection: new, Index: i})
		}
	}
	drop := func(name string) {
		if !has[name] {
			d.drops = append(d.drops, Step{Kind: DropIndex, Collection: new, Name: name})
		}
	}
	for _, u := range old.Uniques {
		drop(u.Name)
	}
	for _, i := range old.Indexes {
		drop(i.Name)
	}
}
