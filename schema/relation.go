package schema

import (
	"slices"
	"strings"
)

// relations pairs the two sides of relations, as Fauna did: fields marked
// with the same name are a pair; a marked list without a namesake pairs with
// the only field of its target that points back. Afterwards every list of a
// collection is the many side of a reference, or it was reported and dropped.
func (l *loader) relations() {
	claimed := map[*field]*field{}
	for _, c := range l.collections {
		for _, f := range c.fields {
			if f.relation != nil {
				l.relationArguments(f)
			}
			if !f.list {
				continue
			}
			back := l.pair(c, f)
			if back == nil {
				continue
			}
			if other := claimed[back]; other != nil {
				l.fault(f.Pos, "give each pair a name of its own: @relation(name: \"...\")",
					"%s: %s is already the other side of %s", f.Path(), back.Path(), other.Path())
				continue
			}
			claimed[back] = f
			f.Back, f.Column = back.Field.Field, ""
		}
	}
	dropped := map[*field]bool{}
	for _, c := range l.collections {
		for _, f := range c.fields {
			if f.list && f.Back == nil || f.target != nil && !f.list && l.oneToOne(c, f, claimed) {
				dropped[f] = true
				l.suspect[f.Name] = true
			}
		}
	}
	for _, c := range l.collections {
		c.fields = slices.DeleteFunc(c.fields, func(f *field) bool { return dropped[f] })
	}
}

func (l *loader) relationArguments(f *field) {
	if a := f.relation.Arguments.ForName("owning"); a != nil {
		l.fault(l.src.pos(a.Position), remove, "%s: @relation(owning:) is not supported in this version", f.Path())
	}
	if a := f.relation.Arguments.ForName("onDelete"); a != nil && a.Value.Raw != "RESTRICT" {
		l.fault(l.src.pos(a.Position), "remove it: a referenced document cannot be deleted", "%s: onDelete %s is not supported in this version", f.Path(), a.Value.Raw)
	}
}

func (f *field) relationName() string {
	if f.relation == nil {
		return ""
	}
	return text(f.relation, "name")
}

// pair finds the reference that a list is the many side of, or reports why
// there is none.
func (l *loader) pair(c *collection, f *field) *field {
	if f.relation == nil {
		hint := "add @relation"
		if !slices.ContainsFunc(f.target.fields, func(g *field) bool { return g.target == c && !g.list }) {
			hint += ", and to " + f.TypeName + " a field that points back: " + lowerFirst(c.Name) + ": " + c.Name
		}
		l.fault(f.Pos, hint, "%s: a list of %s must be a relation", f.Path(), f.TypeName)
		return nil
	}
	name := f.relationName()
	var same, marked, plain, lists []*field
	for _, g := range f.target.fields {
		switch {
		case g == f || g.target != c:
		case g.list:
			if g.relation != nil && g.relationName() == name {
				lists = append(lists, g)
			}
		case g.relation == nil:
			plain = append(plain, g)
		case g.relationName() == name:
			same = append(same, g)
		default:
			marked = append(marked, g)
		}
	}
	candidates := same
	if len(candidates) == 0 && len(lists) == 0 {
		candidates = plain
	}
	switch {
	case len(candidates) == 1:
		return candidates[0]
	case len(candidates) > 1:
		l.fault(f.Pos, "give it and one of them the same @relation(name: \"...\")",
			"%s: %s all point to %s, it is not clear which is the other side", f.Path(), paths(candidates), c.Name)
	case len(lists) > 0:
		l.fault(f.Pos, "declare a type with a reference to each side", "%s: with %s it is many-to-many, which is not supported in this version", f.Path(), paths(lists))
	case len(marked) > 0:
		l.fault(f.Pos, "give both sides the same @relation(name: \"...\")", "%s: no field of %s with the same relation name points back (%s has another)",
			f.Path(), f.TypeName, paths(marked))
	case l.pointsBackBroken(c, f):
	default:
		l.fault(f.Pos, "add to "+f.TypeName+" a field "+lowerFirst(c.Name)+": "+c.Name,
			"%s: no field of %s points back to %s, and one-way lists are not supported in this version", f.Path(), f.TypeName, c.Name)
	}
	return nil
}

// pointsBackBroken reports whether the other side was dropped for a fault of
// its own, so that its absence is not one more.
func (l *loader) pointsBackBroken(c *collection, f *field) bool {
	for _, def := range f.target.def.Fields {
		if def.Type.Name() == c.Name && l.suspect[def.Name] {
			return true
		}
	}
	return false
}

// oneToOne refuses references that are marked as each other's other side.
func (l *loader) oneToOne(c *collection, f *field, claimed map[*field]*field) bool {
	if f.relation == nil || claimed[f] != nil {
		return false
	}
	for _, g := range f.target.fields {
		if g != f && !g.list && g.target == c && g.relation != nil && g.relationName() == f.relationName() && claimed[g] == nil {
			l.fault(f.Pos, "keep one of the two, or remove @relation to keep both as references of their own",
				"%s: with %s it is one-to-one, which is not supported in this version", f.Path(), g.Path())
			return true
		}
	}
	return false
}

func paths(list []*field) string {
	var names []string
	for _, f := range list {
		names = append(names, f.Path())
	}
	return strings.Join(names, ", ")
}
