package schema

import (
	"fmt"
	"slices"

	"flora.dev/flora/rules"
)

// columns compares the fields of a collection.
func (d *diff) columns(old, next *Collection) {
	kept := map[*Field]bool{}
	for _, f := range next.Fields {
		if f.Column == "" {
			continue
		}
		was := d.was[f]
		d.out.Sources[f.Field] = d.source(was, f)
		if was == nil {
			d.add(next, f)
			continue
		}
		kept[was] = true
		d.compare(next, was, f)
	}
	for _, was := range old.Fields {
		if was.Column == "" || kept[was] {
			continue
		}
		d.change(Change{Text: fmt.Sprintf("drop field %s: its values are lost", was.Path()), Place: was.Path(), Allow: DropField,
			Hint: fmt.Sprintf(`to rename it, say @renamed(from: "%s") on the new field`, was.Name)})
		d.dropColumn(next, was)
	}
}

// source says what the documents that are there get in f, which was may have been.
func (d *diff) source(was, f *Field) (s Source) {
	if was != nil {
		convert, ok := conversion(was, f)
		if ok || was.Kind == f.Kind && was.List == f.List {
			s.Was, s.Convert = was.Field, convert
		}
	}
	if f.NonNull && (was == nil || !was.NonNull) {
		s.Absent, _ = d.filled(f)
	}
	return s
}

// dropColumn takes a field's columns away. Until then the new version writes
// documents without them.
func (d *diff) dropColumn(next *Collection, was *Field) {
	if was.NonNull {
		d.step(Step{Kind: Relax, Collection: next, Was: was.Collection, From: was.Field, Column: optional(was.Field)})
	}
	d.columnDrops = append(d.columnDrops, Step{Kind: DropColumn, Collection: next, Column: was.Field})
	if was.Fold != nil {
		d.columnDrops = append(d.columnDrops, Step{Kind: DropColumn, Collection: next, Column: was.Fold})
	}
}

// add is a new field.
func (d *diff) add(c *Collection, f *Field) {
	s := Step{Kind: AddColumn, Collection: c, Field: f}
	text := "add field " + f.Path()
	if f.NonNull {
		v, ok := d.filled(f)
		if !ok {
			d.refuse(f, `give it a @default of literals and now, or make it optional`, "field %s is new and required: the documents there are would have no value", f.Path())
			return
		}
		s.Value = v
		text += ", with its default for the documents there are"
	}
	d.change(Change{Text: text, Place: f.Path()})
	d.step(s)
}

// filled is the value that documents get which have none: of a @default, else
// of a @set, that needs neither caller nor document.
func (d *diff) filled(f *Field) (rules.Value, bool) {
	for _, x := range []*rules.Expr{f.Default, f.Set} {
		if x == nil {
			continue
		}
		op, known := rules.Anonymous(d.now).Value(x)
		if v, ok := op.(rules.Val); ok && known && v.Value.V != nil {
			return v.Value, true
		}
	}
	return rules.Value{}, false
}

// compare is a field that was there before.
func (d *diff) compare(c *Collection, was, f *Field) {
	if was.Name != f.Name {
		d.rename(was, f)
	}
	describe := func(f *Field) string {
		if f.List {
			return "[" + f.TypeName + "!]"
		}
		return f.TypeName
	}
	switch convert, ok := conversion(was, f); {
	case f.Kind == rules.Ref && was.Kind == rules.Ref && f.Target.Table == was.Target.Table:
		d.limit(c, was, f)
	case f.Embedded != nil && was.Embedded != nil:
		if !f.Embedded.takes(was.Embedded, nil) || f.EmbeddedList != was.EmbeddedList {
			d.refuse(f, "add a new field and copy the values", "field %s: its embedded type loses a field, changes the type of one, or requires one that it did not: the values there are would break it", f.Path())
			return
		}
		d.limit(c, was, f)
	case !ok:
		d.refuse(f, "add a new field and copy the values, or drop this one and give the new one another name", "field %s cannot change from %s to %s: values would be lost", f.Path(), describe(was), describe(f))
	case convert != nil:
		d.change(Change{Text: fmt.Sprintf("change field %s from %s to %s: every value is converted", f.Path(), describe(was), describe(f)), Place: f.Path(), Slow: true})
		d.convert(c, was, f, convert)
	default:
		if describe(was) != describe(f) {
			d.change(Change{Text: fmt.Sprintf("change field %s from %s to %s: its values stay", f.Path(), describe(was), describe(f)), Place: f.Path()})
		}
		d.limit(c, was, f)
		d.fold(c, was, f)
	}
}

// rename keeps the values, and asks where the rules do not stay.
func (d *diff) rename(was, f *Field) {
	d.change(Change{Text: fmt.Sprintf("rename field %s to %s: its values stay", was.Path(), f.Name), Place: f.Path()})
	same := func(a, b Rule) bool {
		return slices.EqualFunc(a.Grants, b.Grants, func(g, h Grant) bool { return g.Text == h.Text && g.Role == h.Role })
	}
	if !same(was.Read, f.Read) || !same(was.Create, f.Create) || !same(was.Update, f.Update) {
		d.change(Change{Text: fmt.Sprintf("field %s has other rules of its own than %s had: the values there are get those", f.Path(), was.Path()), Place: f.Path(), Allow: RenameRules})
	}
}

// convert fills a new column from the old one.
func (d *diff) convert(c *Collection, was, f *Field, convert Convert) {
	g := *f
	g.Field = optional(f.Field)
	d.step(Step{Kind: AddColumn, Collection: c, Field: &g})
	d.step(Step{Kind: Fill, Collection: c, From: was.Field, Column: f.Field, Convert: convert})
	d.folded(c, f)
	d.required(c, g.Field, f)
	d.dropColumn(c, was)
}

// folded fills the second column of a field.
func (d *diff) folded(c *Collection, f *Field) {
	if f.Fold != nil {
		d.step(Step{Kind: Fill, Collection: c, From: f.Field, Column: f.Fold, Convert: func(v rules.Value) rules.Value {
			if s, ok := v.V.(string); ok {
				v.V = rules.Folded(s)
			}
			return v
		}})
	}
}

// fold is @fold on a field that was there before.
func (d *diff) fold(c *Collection, was, f *Field) {
	switch {
	case was.Fold == nil && f.Fold != nil:
		d.change(Change{Text: fmt.Sprintf("add @fold to field %s: every value is folded", f.Path()), Place: f.Path(), Slow: true})
		d.step(Step{Kind: AddFold, Collection: c, Field: f})
		d.folded(c, f)
	case was.Fold != nil && f.Fold == nil:
		d.change(Change{Text: fmt.Sprintf("remove @fold from field %s", f.Path()), Place: f.Path()})
		d.columnDrops = append(d.columnDrops, Step{Kind: DropColumn, Collection: c, Column: was.Fold})
	}
}

// required makes a column that takes null one that does not; those that are
// null get a default that there is.
func (d *diff) required(c *Collection, from *rules.Field, f *Field) {
	if !f.NonNull {
		return
	}
	if v, ok := d.filled(f); ok {
		d.step(Step{Kind: Fill, Collection: c, Column: f.Field, Value: v})
		d.folded(c, f)
	}
	d.step(Step{Kind: Tighten, Collection: c, From: from, Column: f.Field})
}

// limit is what a column takes: null, and which values of an enum.
func (d *diff) limit(c *Collection, was, f *Field) {
	lost, gained := enums(was, f)
	for _, v := range lost {
		d.change(Change{Text: fmt.Sprintf("enum %s loses its value %s: refused while documents have it", was.TypeName, v), Place: f.TypeName, Slow: true})
	}
	for _, v := range gained {
		d.change(Change{Text: fmt.Sprintf("enum %s gains the value %s", f.TypeName, v), Place: f.TypeName})
	}
	if !was.NonNull && f.NonNull {
		text := fmt.Sprintf("field %s becomes required: refused while documents have no value", f.Path())
		if _, ok := d.filled(f); ok {
			text = fmt.Sprintf("field %s becomes required: documents without a value get its default", f.Path())
		}
		d.change(Change{Text: text, Place: f.Path(), Slow: true})
	}
	if was.NonNull && !f.NonNull {
		d.change(Change{Text: fmt.Sprintf("field %s becomes optional", f.Path()), Place: f.Path()})
	}
	switch relaxed := was.NonNull && !f.NonNull; {
	case !was.NonNull && f.NonNull:
		d.required(c, was.Field, f)
	case len(lost) > 0:
		d.step(Step{Kind: Tighten, Collection: c, From: was.Field, Column: f.Field})
	case relaxed || len(gained) > 0 || was.Kind == rules.Enum && f.Kind != rules.Enum:
		d.step(Step{Kind: Relax, Collection: c, Was: was.Collection, From: was.Field, Column: f.Field})
	}
}

// enums are the values that a column loses and gains. One that is no enum any
// more loses none.
func enums(was, f *Field) (lost, gained []string) {
	if f.Kind != rules.Enum || was.Kind != rules.Enum {
		return nil, nil
	}
	without := func(list, other []string) (out []string) {
		for _, v := range list {
			if !slices.Contains(other, v) {
				out = append(out, v)
			}
		}
		return out
	}
	return without(was.Values, f.Values), without(f.Values, was.Values)
}
