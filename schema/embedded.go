package schema

import (
	"slices"

	"flora.dev/flora/internal/leak"
	"flora.dev/flora/rules"
	"github.com/vektah/gqlparser/v2/ast"
)

// Embedded is a type whose values are stored inside the documents that hold
// them: it has no _id, no rules and no root fields of its own.
type Embedded struct {
	Name        string
	Description string
	Fields      []*EmbeddedField
	Pos         Position
}

// EmbeddedField is a field of an embedded type.
type EmbeddedField struct {
	Name        string
	Description string
	Kind        rules.Kind // Ref for a collection: such a field is neither read nor written
	List        bool       // its elements are never null
	NonNull     bool
	TypeName    string
	Values      []string  // of an enum
	Type        *Embedded // of a nested one
	Pos         Position
}

// embedded is an embedded type while it is loaded.
type embedded struct {
	*Embedded
	fields ast.FieldList
}

// embedded takes a type marked @embedded.
func (l *loader) embedded(def *ast.Definition, fields ast.FieldList, directives []*ast.Directive) {
	owner := "type " + def.Name
	for _, d := range directives {
		switch d.Name {
		case "embedded", "collection":
		case "auth":
			l.fault(l.directivePos(d), "put the rule on the field that holds it", "%s: nothing enforces @auth on an @embedded type", owner)
		default:
			l.fault(l.directivePos(d), remove, "%s: @%s does not go on an @embedded type", owner, d.Name)
		}
	}
	delete(l.refused, def.Name)
	e := &Embedded{Name: def.Name, Description: def.Description, Pos: l.src.pos(def.Position)}
	l.embeddeds[def.Name] = &embedded{e, fields}
	l.schema.Embedded = append(l.schema.Embedded, e)
}

// embeddedFields reads the fields of the embedded types.
func (l *loader) embeddedFields() {
	for _, e := range l.schema.Embedded {
		seen := map[string]bool{}
		for _, def := range l.embeddeds[e.Name].fields {
			path := e.Name + "." + def.Name
			pos := l.src.pos(def.Position)
			if seen[def.Name] {
				l.fault(pos, remove, "%s is declared twice", path)
				continue
			}
			seen[def.Name] = true
			l.name(path, def.Name, pos)
			if len(def.Arguments) > 0 {
				l.fault(l.src.pos(def.Arguments[0].Position), remove, "%s: fields take no arguments of your own", path)
			}
			for _, d := range l.directives(def.Directives, ast.LocationFieldDefinition, path) {
				l.embeddedDirective(path, d)
			}
			if f := l.embeddedField(def, path, pos); f != nil {
				e.Fields = append(e.Fields, f)
			}
		}
	}
	for _, e := range l.schema.Embedded {
		if l.holdsItself(e, e, nil) {
			l.fault(e.Pos, "make one of its fields nullable or a list", "type %s: every value of it would hold another one, without end", e.Name)
		}
	}
}

// members are the fields of an embedded value as rules see them, behind the
// name of the field that holds it. A type that can hold itself ends at the
// first repetition.
func (e *Embedded) members(of *rules.Field, above []*Embedded) []*rules.Field {
	if slices.Contains(above, e) {
		return nil
	}
	var out []*rules.Field
	for _, f := range e.Fields {
		if f.Kind == rules.Ref {
			continue
		}
		m := &rules.Field{Object: of.Object, Name: of.Name + "." + f.Name, Kind: f.Kind, List: f.List, NonNull: f.NonNull, TypeName: f.TypeName, Values: f.Values}
		if f.Type != nil && !f.List {
			m.Members = f.Type.members(m, append(above[:len(above):len(above)], e))
		}
		out = append(out, m)
	}
	return out
}

func (l *loader) embeddedDirective(path string, d *ast.Directive) {
	switch d.Name {
	case "deprecated":
	case "embedded":
		l.warn(l.directivePos(d), remove, "%s: @embedded goes on types, it is ignored here", path)
	case "relation", "index", "unique":
		l.warn(l.directivePos(d), remove, "%s: @%s is ignored inside an @embedded type", path, d.Name)
	case "auth":
		if leak.On(leak.EmbeddedAuth) {
			return
		}
		l.fault(l.directivePos(d), "put the rule on the field that holds the type", "%s: nothing enforces @auth inside an @embedded type", path)
	default:
		l.fault(l.directivePos(d), remove, "%s: @%s does not go inside an @embedded type", path, d.Name)
	}
}

// embeddedField reads one field; nil where its type is none.
func (l *loader) embeddedField(def *ast.FieldDefinition, path string, pos Position) *EmbeddedField {
	t := def.Type
	f := &EmbeddedField{Name: def.Name, Description: def.Description, NonNull: t.NonNull, List: t.Elem != nil, TypeName: t.Name(), Pos: pos}
	at := l.src.pos(t.Position)
	if t.Elem != nil && t.Elem.Elem != nil {
		l.fault(at, "use a list", "%s: lists of lists are not supported", path)
		return nil
	}
	if f.List && !t.Elem.NonNull {
		l.warn(at, "write ["+f.TypeName+"!]", "%s: elements of a list are never null", path)
	}
	f.Kind = kindOf(f.TypeName)
	switch e := l.enums[f.TypeName]; {
	case f.Kind != rules.Invalid:
	case e != nil:
		f.Kind, f.Values = rules.Enum, e.Values
	case l.embeddeds[f.TypeName] != nil:
		f.Kind, f.Type = rules.Embedded, l.embeddeds[f.TypeName].Embedded
	case slices.ContainsFunc(l.collections, func(c *collection) bool { return c.Name == f.TypeName }):
		f.Kind = rules.Ref
		l.warn(at, "store its _id as an ID, or make the outer type a collection",
			"%s: a collection inside an @embedded type is not stored, the field answers NOT_IMPLEMENTED", path)
	default:
		if !l.refused[f.TypeName] {
			l.fault(at, didYouMean(f.TypeName, l.typeNames()), "%s: unknown type %s", path, f.TypeName)
		}
		return nil
	}
	return f
}

// holdsItself reports whether each value of e needs one of target inside it.
func (l *loader) holdsItself(e, target *Embedded, above []*Embedded) bool {
	for _, f := range e.Fields {
		if f.Type == nil || !f.NonNull || f.List {
			continue
		}
		if f.Type == target || !slices.Contains(above, f.Type) && l.holdsItself(f.Type, target, append(above, e)) {
			return true
		}
	}
	return false
}

// Field returns the field of that name, or nil.
func (e *Embedded) Field(name string) *EmbeddedField {
	for _, f := range e.Fields {
		if f.Name == name {
			return f
		}
	}
	return nil
}

// takes reports whether every value of was is one of e.
func (e *Embedded) takes(was *Embedded, above []*Embedded) bool {
	if was == nil {
		return false
	}
	if slices.Contains(above, e) {
		return true
	}
	for _, f := range was.Fields {
		now := e.Field(f.Name)
		if f.Kind == rules.Ref {
			continue
		}
		if now == nil || now.Kind != f.Kind || now.List != f.List {
			return false
		}
		if f.Type != nil && !now.Type.takes(f.Type, append(above[:len(above):len(above)], e)) {
			return false
		}
		for _, v := range f.Values {
			if !slices.Contains(now.Values, v) {
				return false
			}
		}
	}
	for _, f := range e.Fields {
		if f.NonNull && f.Kind != rules.Ref {
			if had := was.Field(f.Name); had == nil || !had.NonNull {
				return false
			}
		}
	}
	return true
}
