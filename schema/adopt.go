package schema

import (
	"fmt"
	"slices"
	"strings"

	"flora.dev/flora/rules"
)

// Names are the columns that are not named as their fields, by table and field:
// those of renamed fields and of fields whose type was changed.
type Names map[string]string

// Place gives the fields of a deployed schema their columns.
func (s *Schema) Place(n Names) {
	if len(n) == 0 {
		return
	}
	for _, c := range s.Collections {
		for _, f := range c.Fields {
			if column := n[c.Table+"."+f.Name]; f.Column != "" && column != "" {
				f.place(column)
			}
		}
		c.placeIndexes()
	}
}

func (f *Field) place(column string) {
	f.Column = column
	if f.Fold != nil {
		f.Fold.Column = foldColumn(column)
	}
}

func (c *Collection) placeIndexes() {
	for _, u := range c.Uniques {
		u.Name = indexName(c.Table, u.Fields, nil, "key")
	}
	for _, i := range c.Indexes {
		i.Name = indexName(c.Table, i.Fields, i.Desc, "idx")
	}
}

// adopt gives the fields of next the columns that old has for the same values,
// and new ones where it has none. It returns the names that next then has, and
// what each of its fields was in old.
func (s *Schema) adopt(old *Schema) (Names, map[*Field]*Field) {
	n, was := Names{}, map[*Field]*Field{}
	for _, c := range s.Collections {
		if before := old.table(c.Table); before != nil {
			c.adopt(before, was)
		}
		for _, f := range c.Fields {
			if f.Column != "" && f.Column != f.Name {
				n[c.Table+"."+f.Name] = f.Column
			}
		}
	}
	return n, was
}

func (c *Collection) adopt(before *Collection, was map[*Field]*Field) {
	c.match(before, was)
	taken := []string{c.Key.Column, c.TS.Column}
	for _, f := range before.Fields {
		taken = append(taken, f.Column)
	}
	for _, f := range c.Fields {
		if f.Column == "" {
			continue
		}
		if g := was[f]; g != nil && f.sameStorage(g) {
			f.place(g.Column)
		} else {
			f.place(free(f.Name, taken))
			taken = append(taken, f.Column)
		}
	}
	c.placeIndexes()
}

// match finds what each stored field of c was: the field that it says it is
// renamed from, or that said so of it, else the one with its name.
func (c *Collection) match(before *Collection, was map[*Field]*Field) {
	stored := func(c *Collection, name string) *Field {
		if f := c.FieldNamed(name); f != nil && f.Column != "" {
			return f
		}
		return nil
	}
	used := map[*Field]bool{}
	pair := func(f, g *Field) {
		if g != nil && !used[g] && was[f] == nil {
			was[f], used[g] = g, true
		}
	}
	for _, f := range c.Fields {
		if f.Column == "" || stored(before, f.Name) != nil {
			continue
		}
		pair(f, stored(before, f.Renamed))
		for _, g := range before.Fields { // a rename is taken back
			if g.Column != "" && g.Renamed == f.Name && c.FieldNamed(g.Name) == nil {
				pair(f, g)
			}
		}
	}
	for _, f := range c.Fields {
		if f.Column != "" {
			pair(f, stored(before, f.Name))
		}
	}
}

// free is a column name that is none of those taken. Engines do not tell
// capital from small letters.
func free(name string, taken []string) string {
	is := func(name string) bool {
		return slices.ContainsFunc(taken, func(t string) bool { return strings.EqualFold(t, name) })
	}
	column := name
	for i := 2; is(column); i++ {
		column = fmt.Sprintf("%s_%d", name[:min(len(name), maxName-8)], i)
	}
	return column
}

func foldColumn(column string) string { return "flora_fold_" + column }

// sameStorage reports whether the values of two fields lie in the same kind of
// column on every engine.
func (f *Field) sameStorage(g *Field) bool {
	return storage(f.Kind) == storage(g.Kind) && f.List == g.List && f.EmbeddedList == g.EmbeddedList
}

func storage(k rules.Kind) rules.Kind {
	switch k {
	case rules.Int:
		return rules.Long
	case rules.ID, rules.Enum, rules.Decimal:
		return rules.String
	}
	return k
}
