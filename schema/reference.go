package schema

import (
	"fmt"
	"slices"

	"flora.dev/flora/rules"
)

// Opposite is the field at the other end of a relation: the reference behind a
// side without a column, the side without a column of a reference, the other
// list of a link table. It is nil where nothing leads back.
func (f *Field) Opposite() *Field {
	if f.Target == nil {
		return nil
	}
	if f.Back != nil {
		return f.Target.FieldNamed(f.Back.Name)
	}
	for _, g := range f.Target.Fields {
		switch {
		case f.Link == nil && g.Back == f.Field:
			return g
		case f.Link != nil && g.Link != nil && g.Link.Near == f.Link.Far && g.Link.Object == f.Link.Object:
			return g
		}
	}
	return nil
}

// Referrers are the references that a delete of a document of c reaches: those
// whose documents go with the one they name, or lose it, through any number of
// hops.
func (s *Schema) Referrers(c *Collection) []*rules.Field {
	var out []*rules.Field
	gone := []*rules.Object{c.Object}
	for i := 0; i < len(gone); i++ {
		s.references(func(f *rules.Field) {
			if f.Target != gone[i] || f.OnDelete == rules.Restrict || slices.Contains(out, f) {
				return
			}
			out = append(out, f)
			if f.OnDelete == rules.Cascade && !slices.Contains(gone, f.Object) {
				gone = append(gone, f.Object)
			}
		})
	}
	return out
}

// Consequences tells what a delete does to documents that name the deleted
// one: no rule is asked about it.
func (s *Schema) Consequences() []Diagnostic {
	var out []Diagnostic
	for _, c := range s.Collections {
		for _, f := range c.Fields {
			switch {
			case !f.ToOne():
			case f.OnDelete == rules.Cascade:
				out = append(out, Diagnostic{Pos: f.Pos, Message: fmt.Sprintf("%s: a %s is deleted with its %s, by whoever may delete that", f.Path(), c.Name, f.TypeName)})
			case f.OnDelete == rules.SetNull:
				out = append(out, Diagnostic{Pos: f.Pos, Message: fmt.Sprintf("%s: becomes null when its %s is deleted, by whoever may delete that", f.Path(), f.TypeName)})
			}
		}
	}
	return out
}

// references calls each with every reference that has a column, of collections
// and link tables.
func (s *Schema) references(each func(*rules.Field)) {
	links := map[*rules.Object]bool{}
	for _, c := range s.Collections {
		for _, f := range c.Fields {
			switch {
			case f.ToOne():
				each(f.Field)
			case f.Link != nil && !links[f.Link.Object]:
				links[f.Link.Object] = true
				each(f.Link.Near)
				each(f.Link.Far)
			}
		}
	}
}
