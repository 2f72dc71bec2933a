package schema

import (
	"fmt"
	"slices"
	"strings"

	"flora.dev/flora/rules"
)

// relations pairs the two sides of relations, as Fauna did: marked fields of
// the same name are a pair; a marked list without such a partner pairs with the
// only unmarked field of its target that points back. What has no partner is a
// reference, or, a list, one way. Afterwards every field of a collection's type
// has its storage, or it was reported and dropped.
func (l *loader) relations() {
	p := pairing{loader: l, partner: map[*field]*field{}, dropped: map[*field]bool{}}
	p.each(func(c *collection, f *field) {
		if f.list && f.relation != nil {
			p.marked(c, f)
		}
	})
	p.each(func(c *collection, f *field) {
		if !f.list && f.relation != nil && p.partner[f] == nil {
			p.single(c, f)
		}
	})
	p.each(func(c *collection, f *field) {
		if f.list && f.relation != nil && p.partner[f] == nil {
			p.unmarked(c, f)
		}
	})
	p.each(p.store)
	p.each(p.arguments)
	for _, c := range l.collections {
		c.fields = slices.DeleteFunc(c.fields, func(f *field) bool { return p.dropped[f] })
	}
}

// pairing is the state of relations.
type pairing struct {
	*loader
	partner map[*field]*field
	dropped map[*field]bool
}

// each visits the sound fields whose types are collections.
func (p *pairing) each(visit func(c *collection, f *field)) {
	for _, c := range p.collections {
		for _, f := range c.fields {
			if f.target != nil && !p.dropped[f] {
				visit(c, f)
			}
		}
	}
}

func (p *pairing) drop(f *field) {
	p.dropped[f] = true
	p.suspect[f.Name] = true
}

func (p *pairing) pair(f, g *field) { p.partner[f], p.partner[g] = g, f }

func (f *field) relationName() string {
	if f.relation == nil {
		return ""
	}
	return text(f.relation, "name")
}

// candidates are the fields of f's target that point back to c.
func candidates(c *collection, f *field, ok func(g *field) bool) (out []*field) {
	for _, g := range f.target.fields {
		if g != f && g.target == c && ok(g) {
			out = append(out, g)
		}
	}
	return out
}

// marked pairs a marked list with the marked field of its name.
func (p *pairing) marked(c *collection, f *field) {
	same := candidates(c, f, func(g *field) bool { return g.relation != nil && g.relationName() == f.relationName() })
	switch {
	case p.partner[f] != nil || len(same) == 0:
	case len(same) > 1:
		p.ambiguous(c, f, same)
	case p.partner[same[0]] != nil && p.partner[same[0]] != f:
		p.taken(f, same[0])
	default:
		p.pair(f, same[0])
	}
}

// single pairs two marked references.
func (p *pairing) single(c *collection, f *field) {
	same := candidates(c, f, func(g *field) bool {
		return !g.list && g.relation != nil && g.relationName() == f.relationName() && p.partner[g] == nil
	})
	switch len(same) {
	case 0:
	case 1:
		p.pair(f, same[0])
	default:
		p.ambiguous(c, f, same)
	}
}

// unmarked pairs a marked list with the only unmarked field that points back.
func (p *pairing) unmarked(c *collection, f *field) {
	plain := candidates(c, f, func(g *field) bool { return g.relation == nil })
	others := candidates(c, f, func(g *field) bool { return g.relation != nil && g.relationName() != f.relationName() })
	switch {
	case len(plain) > 1:
		p.ambiguous(c, f, plain)
	case len(plain) == 1 && p.partner[plain[0]] != nil:
		p.taken(f, plain[0])
	case len(plain) == 1:
		p.pair(f, plain[0])
	case p.pointsBackBroken(c, f):
		p.drop(f)
	case len(others) > 0 && f.target != c:
		p.fault(f.Pos, "give both sides the same @relation(name: \"...\")", "%s: no field of %s with the same relation name points back (%s has another)",
			f.Path(), f.TypeName, paths(others))
		p.drop(f)
	}
}

func (p *pairing) ambiguous(c *collection, f *field, list []*field) {
	p.fault(f.Pos, "give it and one of them the same @relation(name: \"...\")",
		"%s: %s all point to %s, it is not clear which is the other side", f.Path(), paths(list), c.Name)
	p.drop(f)
}

func (p *pairing) taken(f, g *field) {
	p.fault(f.Pos, "give each pair a name of its own: @relation(name: \"...\")",
		"%s: %s is already the other side of %s", f.Path(), g.Path(), p.partner[g].Path())
	p.drop(f)
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

// store decides where a relation is kept: a key column on the side that is a
// reference, or rows of a link table.
func (p *pairing) store(c *collection, f *field) {
	g := p.partner[f]
	switch {
	case f.Back != nil || f.Link != nil:
	case g == nil && !f.list: // a reference
	case g == nil:
		p.link(c, f, nil)
		p.warn(f.Pos, "add a field of type "+c.Name+" or ["+c.Name+"!] to "+f.TypeName+" and mark both with @relation to reach it from there",
			"%s: no field of %s leads back, the list is kept one way, in the table %s", f.Path(), f.TypeName, f.Link.Object.Table)
	case f.list && g.list:
		p.link(c, f, g)
	case f.list:
		f.Back, f.Column = g.Field.Field, ""
	case g.list:
	default:
		p.oneToOne(c, f, g)
	}
}

// oneToOne gives one of two references the key column: the owning one, else the
// required one, else the first.
func (p *pairing) oneToOne(c *collection, f, g *field) {
	key, other := f, g
	switch {
	case owning(f) && owning(g):
		p.fault(f.Pos, "remove one owning: true", "%s and %s both own their relation, one side has the key", f.Path(), g.Path())
	case owning(f):
	case owning(g), !f.NonNull && g.NonNull:
		key, other = g, f
	}
	if other.NonNull {
		p.warn(other.Pos, "remove the !", "%s: %s has the key of this relation, so this side counts as optional", other.Path(), key.Path())
		other.NonNull = false
	}
	other.Back, other.Single, other.Column = key.Field.Field, true, ""
	if key.directive("unique") == nil {
		p.uniqueKeys = append(p.uniqueKeys, key)
	}
}

func owning(f *field) bool {
	if f.relation == nil {
		return false
	}
	a := f.relation.Arguments.ForName("owning")
	return a != nil && a.Value.Raw == "true"
}

// link makes the link table of a list and its partner, which may be nil.
func (p *pairing) link(c *collection, f, g *field) {
	o := &rules.Object{Name: c.Name + "_" + f.Name}
	o.Table = o.Name
	end := func(name string, at *collection) *rules.Field {
		return &rules.Field{Object: o, Name: name, Column: name, Kind: rules.Ref, NonNull: true, TypeName: at.Name, Target: at.Object, OnDelete: rules.Cascade}
	}
	near, far := end(lowerFirst(c.Name)+"ID", c), end(lowerFirst(f.target.Name)+"ID", f.target)
	if near.Column == far.Column {
		far.Name = f.Name + "ID"
		if strings.EqualFold(far.Name, near.Name) {
			far.Name = "other" + upperFirst(near.Name)
		}
		far.Column = far.Name
	}
	o.Fields = []*rules.Field{near, far}
	rows := func(of *collection, name string, back *rules.Field) *rules.Field {
		return &rules.Field{Object: of.Object, Name: name, Kind: rules.Ref, TypeName: o.Name, Target: o, Back: back}
	}
	f.Column, f.Link = "", &rules.Link{Object: o, Near: near, Far: far, Rows: rows(c, f.Name, near)}
	f.Owning = owning(f)
	if g != nil {
		g.Column, g.Link = "", &rules.Link{Object: o, Near: far, Far: near, Rows: rows(f.target, g.Name, far)}
		g.Owning = owning(g)
		if f.Owning && g.Owning {
			p.fault(f.Pos, "remove one owning: true", "%s and %s both own their relation", f.Path(), g.Path())
		}
	}
	p.schema.Links = append(p.schema.Links, &Link{Object: o, Near: near, Far: far, Pos: f.Pos})
}

// arguments reads onDelete and owning, where the storage is known.
func (p *pairing) arguments(c *collection, f *field) {
	if f.relation == nil {
		return
	}
	if a := f.relation.Arguments.ForName("owning"); a != nil && f.Many() && f.Link == nil {
		p.fault(p.src.pos(a.Position), remove, "%s: the key of this relation is in %s, a list cannot own it", f.Path(), f.Back.Path())
	}
	a := f.relation.Arguments.ForName("onDelete")
	if a == nil {
		return
	}
	pos := p.src.pos(a.Position)
	switch {
	case f.Back != nil:
		p.fault(pos, "put it on "+f.Back.Path(), "%s: onDelete goes on the field that has the key, which says what becomes of its own document", f.Path())
	case f.Link != nil:
		p.fault(pos, remove, "%s: onDelete has no meaning here, links go with either of their ends", f.Path())
	case a.Value.Raw == "SET_NULL" && f.NonNull:
		p.fault(pos, "make it optional, or use CASCADE", "%s: a required reference cannot become null", f.Path())
	case a.Value.Raw == "SET_NULL":
		f.OnDelete = rules.SetNull
	case a.Value.Raw == "CASCADE":
		f.OnDelete = rules.Cascade
	}
}

func paths(list []*field) string {
	var names []string
	for _, f := range list {
		names = append(names, f.Path())
	}
	return strings.Join(names, ", ")
}

// Link is a link table: rows that join documents of two collections, or of one.
type Link struct {
	Object    *rules.Object
	Near, Far *rules.Field // its columns; together its key
	Pos       Position     // of the field that declares it
}

// Index is the name of the index that leads from Far to Near.
func (l *Link) Index() string { return fmt.Sprintf("%s_%s_idx", l.Object.Table, l.Far.Column) }

// elsewhere is a hint where a directive belongs that needs a column, of a field
// that has none.
func (f *Field) elsewhere() string {
	if f.Back != nil {
		return "put it on " + f.Back.Path()
	}
	return remove
}
