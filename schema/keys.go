package schema

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"flora.dev/flora/rules"
	"github.com/vektah/gqlparser/v2/ast"
)

// keys reads @unique and @index, adds an index for each reference, and names
// what is on disk.
func (l *loader) keys() {
	disk := map[string]string{} // tables and indexes share one name space
	for _, k := range l.schema.Links {
		l.onDisk(disk, k.Pos, k.Object.Table, "table "+k.Object.Table+" of a relation", "another name")
		l.onDisk(disk, k.Pos, k.Index(), "index "+k.Index()+" of a relation", "another name")
		if len(k.Index()) > maxName {
			l.fault(k.Pos, "shorten the names of the type and the field", "table %s: the name of its index is longer than %d characters", k.Object.Table, maxName)
		}
	}
	for _, c := range l.collections {
		l.onDisk(disk, c.Pos, c.Table, "table "+c.Table+" of "+c.Name, `@collection(name: "...")`)
	}
	for _, c := range l.collections {
		for _, d := range c.directives {
			if d.Name == "unique" || d.Name == "index" {
				l.typeKey(c, d)
			}
		}
		for _, f := range c.fields {
			for _, d := range f.directives {
				if d.Name == "unique" || d.Name == "index" {
					l.fieldKey(c, f, d)
				}
			}
		}
		for _, f := range l.uniqueKeys {
			if f.Collection == c.Collection && !slices.ContainsFunc(c.Uniques, func(u *Unique) bool { return len(u.Fields) == 1 && u.Fields[0] == f.Field }) {
				l.unique(c, []*Field{f.Field}, f.Pos)
			}
		}
		for _, f := range c.fields {
			if f.ToOne() && f.Unique == nil && !c.indexedFirst(f.Field) {
				l.index(c, []*Field{f.Field}, nil, Position{})
			}
		}
		c.indexes()
		for _, u := range c.Uniques {
			l.onDisk(disk, c.Pos, u.Name, "index "+u.Name+" of "+c.Name, "another table name: @collection(name: \"...\")")
		}
		for _, i := range c.Indexes {
			l.onDisk(disk, c.Pos, i.Name, "index "+i.Name+" of "+c.Name, "another table name: @collection(name: \"...\")")
		}
	}
}

// onDisk enters a name on disk, where case does not tell names apart.
func (l *loader) onDisk(disk map[string]string, pos Position, name, owner, hint string) {
	lower := strings.ToLower(name)
	if other, taken := disk[lower]; taken {
		l.fault(pos, "give one of them "+hint, "%s and %s have the same name in the store", owner, other)
		return
	}
	disk[lower] = owner
}

// indexedFirst reports whether an index declared on the type begins with the
// field. One on the field alone would not help then: SQLite prefers the
// shorter one, and sorts.
func (c *collection) indexedFirst(f *Field) bool {
	return slices.ContainsFunc(c.Indexes, func(i *Index) bool { return i.Fields[0] == f })
}

func (l *loader) typeKey(c *collection, d *ast.Directive) {
	owner := "type " + c.Name
	names := elements(d, "fields")
	if a := d.Arguments.ForName("index"); a != nil {
		l.fault(l.src.pos(a.Position), remove, "%s: @%s(index:) goes on a field", owner, d.Name)
		return
	}
	if len(names) == 0 {
		l.fault(l.directivePos(d), `write @`+d.Name+`(fields: ["a", "b"])`, "%s: @%s on a type names its fields", owner, d.Name)
		return
	}
	var fields, desc []*Field
	for _, v := range names {
		pos := l.src.pos(v.Position)
		name, down := strings.CutSuffix(v.Raw, " DESC")
		f := c.loaded(name)
		switch {
		case f == nil:
			if !l.suspect[name] {
				l.fault(pos, didYouMean(name, c.names()), "%s: @%s names an unknown field %s", owner, d.Name, name)
			}
			return
		case slices.Contains(fields, f.Field):
			l.fault(pos, remove, "%s: @%s names %s twice", owner, d.Name, name)
			return
		case down && d.Name == "unique":
			l.fault(pos, `write "`+name+`"`, "%s: @unique has no order", owner)
			return
		case !l.keyable(f, d, pos):
			return
		}
		fields = append(fields, f.Field)
		if down {
			desc = append(desc, f.Field)
		}
	}
	if d.Name == "unique" {
		l.unique(c, fields, l.directivePos(d))
	} else {
		l.index(c, fields, desc, l.directivePos(d))
	}
}

func (l *loader) fieldKey(c *collection, f *field, d *ast.Directive) {
	pos := l.directivePos(d)
	if a := d.Arguments.ForName("fields"); a != nil {
		l.fault(l.src.pos(a.Position), "put it on the type", "%s: @%s(fields:) goes on a type", f.Path(), d.Name)
		return
	}
	if !l.keyable(f, d, pos) {
		return
	}
	if d.Name == "unique" {
		l.unique(c, []*Field{f.Field}, pos)
	} else if f.directive("unique") == nil { // a unique index serves as well
		l.index(c, []*Field{f.Field}, nil, pos)
	}
}

// keyable reports whether a field can be part of an index.
func (l *loader) keyable(f *field, d *ast.Directive, pos Position) bool {
	switch {
	case f.Column == "":
		l.fault(pos, f.elsewhere(), "%s: @%s goes on fields with a column, this is one side of a relation", f.Path(), d.Name)
	case f.List:
		l.fault(pos, remove, "%s: @%s does not go on a list", f.Path(), d.Name)
	case !comparable(f.Kind):
		l.fault(pos, remove, "%s: @%s does not go on a %s, which has no equality", f.Path(), d.Name, f.TypeName)
	default:
		return true
	}
	return false
}

func (l *loader) unique(c *collection, fields []*Field, pos Position) {
	name := indexName(c.Table, fields, nil, "key")
	if slices.ContainsFunc(c.Uniques, func(u *Unique) bool { return u.Name == name }) {
		l.fault(pos, remove, "type %s: %s is declared unique twice", c.Name, fieldNames(fields))
		return
	}
	u := &Unique{Name: name, Fields: fields}
	c.Uniques = append(c.Uniques, u)
	if len(fields) == 1 {
		fields[0].Unique = u
	}
}

func (l *loader) index(c *collection, fields, desc []*Field, pos Position) {
	name := indexName(c.Table, fields, desc, "idx")
	if slices.ContainsFunc(c.Indexes, func(i *Index) bool { return i.Name == name }) {
		l.fault(pos, remove, "type %s: the index on %s is declared twice", c.Name, fieldNames(fields))
		return
	}
	c.Indexes = append(c.Indexes, &Index{Name: name, Fields: fields, Desc: desc, Pos: pos})
}

// indexes tells the planners of statements what they can use.
func (c *collection) indexes() {
	add := func(fields, desc []*Field, unique bool) {
		x := rules.Index{Unique: unique}
		for _, f := range fields {
			x.Parts = append(x.Parts, rules.IndexPart{Field: f.Indexed(), Desc: slices.Contains(desc, f)})
		}
		c.Object.Indexes = append(c.Object.Indexes, x)
	}
	for _, u := range c.Uniques {
		add(u.Fields, nil, true)
	}
	for _, i := range c.Indexes {
		add(i.Fields, i.Desc, false)
	}
}

// indexName depends on the index alone, so that it is the same in every
// version of a schema. A name that is too long, or that other fields of the
// table could have as well (a_b and c, a and b_c, a in another order), ends in a
// hash.
func indexName(table string, fields, desc []*Field, suffix string) string {
	parts := []string{table}
	ambiguous := len(desc) > 0
	for _, f := range fields {
		parts = append(parts, f.Indexed().Column)
		ambiguous = ambiguous || len(fields) > 1 && strings.Contains(f.Column, "_")
	}
	name := strings.Join(append(slices.Clone(parts), suffix), "_")
	if ambiguous || len(name) > maxName {
		for i, f := range fields {
			if slices.Contains(desc, f) {
				parts[i+1] += " DESC"
			}
		}
		sum := sha256.Sum256([]byte(strings.Join(parts, ".")))
		tail := "_" + hex.EncodeToString(sum[:6]) + "_" + suffix
		name = strings.TrimSuffix(name, "_"+suffix)
		name = name[:min(len(name), maxName-len(tail))] + tail
	}
	return name
}

// loaded is the sound field of that name.
func (c *collection) loaded(name string) *field {
	for _, f := range c.fields {
		if f.Name == name {
			return f
		}
	}
	return nil
}

func (c *collection) names() (names []string) {
	for _, f := range c.fields {
		names = append(names, f.Name)
	}
	return names
}

func fieldNames(fields []*Field) string {
	var names []string
	for _, f := range fields {
		names = append(names, f.Name)
	}
	return strings.Join(names, ", ")
}

// unlinkable says why a field cannot be compared with the claim that names a
// caller, "" if it can.
func unlinkable(f *field) string {
	switch {
	case f.List:
		return "a list, which names several"
	case f.Kind == rules.Float:
		return "a Float, whose digits a claim may round: two callers could be one"
	case f.Kind == rules.Bool:
		return "a Boolean, which tells only two callers apart"
	}
	switch f.Kind {
	case rules.String, rules.ID, rules.Int, rules.Long, rules.Enum, rules.Date, rules.Time, rules.UUID, rules.Decimal:
		return ""
	}
	return "a " + f.TypeName + ", which no claim can hold"
}

// identities reads @identity and returns the collections that have one.
func (l *loader) identities() (users []*rules.Object) {
	for _, c := range l.collections {
		for _, f := range c.fields {
			d := f.directive("identity")
			if d == nil {
				continue
			}
			pos := l.directivePos(d)
			why := unlinkable(f)
			switch {
			case why != "":
				l.fault(pos, "put it on a unique String, ID, UUID, Int or Long", "%s: @identity is compared with a claim, this is %s", f.Path(), why)
			case f.Unique == nil:
				l.fault(pos, "add @unique", "%s: an @identity field must be unique", f.Path())
			case c.Identity != nil:
				l.fault(pos, "keep one", "%s: %s is the @identity field of this type already", f.Path(), c.Identity.Path())
			case d.Arguments.ForName("claim") != nil && text(d, "claim") == "":
				l.fault(pos, `leave it out for "sub"`, "%s: the claim's name is empty", f.Path())
			default:
				c.Identity, c.IdentityClaim = f.Field.Field, "sub"
				if claim := text(d, "claim"); claim != "" {
					c.IdentityClaim = claim
				}
				users = append(users, c.Object)
				l.schema.Me = append(l.schema.Me, c.Collection)
				continue
			}
			l.suspect["CurrentUser"] = true
		}
	}
	return users
}
