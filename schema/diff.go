package schema

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"flora.dev/flora/rules"
)

// Diff compares a deployed schema with the next, which gets its columns by
// that: the same field has the same column. A nil old is an empty store. now is
// the time that a back-fill by @default(expr: "now") writes. The steps may be
// taken only if nothing is refused. Collections are known by their tables.
func Diff(old, next *Schema, now time.Time) *Difference {
	if old == nil {
		old = &Schema{}
	}
	d := &diff{now: now, out: &Difference{Sources: map[*rules.Field]Source{}}}
	d.out.Names, d.was = next.adopt(old)
	var created []*Collection
	for _, c := range next.Collections {
		if old.table(c.Table) == nil {
			created = append(created, c)
			d.change(Change{Text: "create collection " + c.Name, Place: c.Name})
		}
	}
	for _, c := range old.Collections {
		if next.table(c.Table) == nil {
			d.change(Change{Text: "drop collection " + c.Name + ": all its documents are lost", Place: c.Name, Allow: DropCollection,
				Hint: `to rename it, keep its table with @collection(name: "` + c.Table + `")`})
			d.tables = append(d.tables, Step{Kind: DropTable, Collection: c})
		}
	}
	d.create(created)
	for _, c := range next.Collections {
		if was := old.table(c.Table); was != nil {
			d.columns(was, c)
		}
	}
	for _, c := range next.Collections {
		if was := old.table(c.Table); was != nil {
			d.indexes(was, c)
		}
	}
	d.links(old, next)
	d.out.Steps = slices.Concat(d.steps, d.drops, d.linkDrops, d.columnDrops, d.tables)
	return d.out
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
	now time.Time
	was map[*Field]*Field
	out *Difference

	steps                                 []Step
	drops, linkDrops, columnDrops, tables []Step // the last ones, in this order
}

// change notes a change once: that of an enum concerns many fields.
func (d *diff) change(c Change) {
	if !slices.Contains(d.out.Changes, c) {
		d.out.Changes = append(d.out.Changes, c)
	}
}

func (d *diff) refuse(f *Field, hint, format string, args ...any) {
	d.change(Change{Text: fmt.Sprintf(format, args...), Place: f.Path(), Refused: true, Hint: hint})
}

func (d *diff) step(s Step) { d.steps = append(d.steps, s) }

// create makes tables so that the targets of foreign keys come first. Where
// references form a circle one of them is added at the end.
func (d *diff) create(tables []*Collection) {
	var late []Step
	waiting := slices.Clone(tables)
	for len(waiting) > 0 {
		next := max(0, slices.IndexFunc(waiting, func(c *Collection) bool { return len(missing(c, waiting)) == 0 }))
		c := waiting[next]
		d.step(Step{Kind: CreateTable, Collection: c})
		for _, u := range c.Uniques {
			d.step(Step{Kind: CreateUnique, Collection: c, Unique: u})
		}
		for _, i := range c.Indexes {
			d.step(Step{Kind: CreateIndex, Collection: c, Index: i})
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

// links compares the link tables.
func (d *diff) links(old, next *Schema) {
	find := func(s *Schema, table string) *Link {
		for _, k := range s.Links {
			if k.Object.Table == table {
				return k
			}
		}
		return nil
	}
	for _, k := range old.Links {
		if find(next, k.Object.Table) == nil {
			d.change(Change{Text: fmt.Sprintf("drop relation %s: all its links are lost", k.Object.Table), Place: k.Object.Table, Allow: DropRelation})
			d.linkDrops = append(d.linkDrops, Step{Kind: DropLink, Link: k})
		}
	}
	for _, k := range next.Links {
		was := find(old, k.Object.Table)
		switch {
		case was == nil:
			d.change(Change{Text: "create relation " + k.Object.Table, Place: k.Object.Table})
			d.step(Step{Kind: CreateLink, Link: k})
		case was.Near.Target.Table != k.Near.Target.Table || was.Far.Target.Table != k.Far.Target.Table ||
			was.Near.Column != k.Near.Column || was.Far.Column != k.Far.Column:
			d.change(Change{Text: fmt.Sprintf("relation %s joins other collections: its links have no meaning there", k.Object.Table), Place: k.Object.Table,
				Refused: true, Hint: "give the new relation another name"})
		}
	}
}

func (d *diff) indexes(old, next *Collection) {
	had := map[string]bool{}
	for _, u := range old.Uniques {
		had[u.Name] = true
	}
	for _, i := range old.Indexes {
		had[i.Name] = true
	}
	has := map[string]bool{}
	for _, u := range next.Uniques {
		has[u.Name] = true
		if !had[u.Name] {
			d.change(Change{Text: fmt.Sprintf("create unique index on %s (%s)", next.Name, fieldNames(u.Fields)), Place: next.Name, Slow: true})
			d.step(Step{Kind: CreateUnique, Collection: next, Unique: u})
		}
	}
	for _, i := range next.Indexes {
		has[i.Name] = true
		if !had[i.Name] {
			d.change(Change{Text: fmt.Sprintf("create index on %s (%s)", next.Name, strings.Join(i.Parts(), ", ")), Place: next.Name, Slow: true})
			d.step(Step{Kind: CreateIndex, Collection: next, Index: i})
		}
	}
	drop := func(name, fields string) {
		if !has[name] {
			d.change(Change{Text: fmt.Sprintf("drop index on %s (%s)", old.Name, fields), Place: next.Name})
			d.drops = append(d.drops, Step{Kind: DropIndex, Collection: next, Name: name})
		}
	}
	for _, u := range old.Uniques {
		drop(u.Name, fieldNames(u.Fields))
	}
	for _, i := range old.Indexes {
		drop(i.Name, strings.Join(i.Parts(), ", "))
	}
}

// optional is a column that takes null.
func optional(f *rules.Field) *rules.Field {
	g := *f
	g.NonNull = false
	return &g
}
