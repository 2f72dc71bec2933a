package schema

import (
	"slices"
	"strings"

	"flora.dev/flora/rules"
	"github.com/vektah/gqlparser/v2/ast"
)

// Root fields of the developer's own. A query field without @resolver is a
// look-up by equality of its arguments, as in Fauna; what needs a function
// loads, and answers NOT_IMPLEMENTED.

// Term is an argument of a look-up, and what it is compared with.
type Term struct {
	Arg   string
	Field *rules.Field // _id too
}

// declaredRoot is a root field while it is loaded.
type declaredRoot struct {
	def        *ast.FieldDefinition
	mutation   bool
	directives []*ast.Directive
}

func (d *declaredRoot) path() string {
	if d.mutation {
		return "Mutation." + d.def.Name
	}
	return "Query." + d.def.Name
}

// rootType takes the fields of a root type.
func (l *loader) rootType(def *ast.Definition) {
	pos := l.src.pos(def.Position)
	if def.Name == "Subscription" {
		if len(def.Fields) > 0 {
			l.fault(pos, remove, "type Subscription: subscriptions are not supported in this version")
		}
		return
	}
	if len(def.Interfaces) > 0 {
		l.fault(pos, "remove implements", "type %s: interfaces are not supported in this version", def.Name)
	}
	for _, d := range def.Directives {
		l.fault(l.directivePos(d), remove, "type %s: @%s does not go on a root type", def.Name, d.Name)
	}
	for _, f := range def.Fields {
		r := declaredRoot{def: f, mutation: def.Name == "Mutation"}
		at := l.src.pos(f.Position)
		l.name(r.path(), f.Name, at)
		for _, other := range l.roots {
			if other.mutation == r.mutation && other.def.Name == f.Name {
				first := l.src.pos(other.def.Position)
				l.fault(at, "remove one", "%s is declared twice, first at %d:%d", r.path(), first.Line, first.Column)
			}
		}
		r.directives = l.directives(f.Directives, ast.LocationFieldDefinition, r.path())
		for _, d := range r.directives {
			switch d.Name {
			case "index", "resolver", "deprecated":
			case "relation":
				l.warn(l.directivePos(d), remove, "%s: @relation on a root field means nothing", r.path())
			case "auth":
				l.fault(l.directivePos(d), "put the rule on the type whose documents it returns", "%s: nothing enforces @auth here", r.path())
			default:
				l.fault(l.directivePos(d), remove, "%s: @%s does not go on a root field", r.path(), d.Name)
			}
		}
		l.roots = append(l.roots, r)
	}
}

// declaredRoots enters the root fields of the developer's own.
func (l *loader) declaredRoots(api *API) {
	for _, c := range l.collections {
		for _, f := range c.Resolved {
			l.returnable(c.Name+"."+f.Name, f.Type)
		}
	}
	for _, d := range l.roots {
		r := &Root{Name: d.def.Name, Op: Unresolved, Declared: d.def, Resolver: named(d.directives, "resolver") != nil, Pos: l.src.pos(d.def.Position)}
		sound := l.returnable(d.path(), d.def.Type)
		for _, a := range d.def.Arguments {
			sound = l.inputType(d.path()+": argument "+a.Name, a.Type, l.src.pos(a.Position)) && sound
		}
		if !sound {
			continue
		}
		r.Collection = l.schema.Collection(d.def.Type.Name())
		switch {
		case d.mutation:
			if !r.Resolver {
				l.warn(r.Pos, "use the generated mutations", "%s: it answers NOT_IMPLEMENTED, mutations are generated", d.path())
			}
			api.Mutation[r.Name] = r
			continue
		case r.Resolver:
		case r.Collection == nil:
			l.warn(r.Pos, "return a collection, or remove it", "%s: it answers NOT_IMPLEMENTED, only collections are looked up", d.path())
		default:
			l.lookUp(&d, r)
		}
		api.Query[r.Name] = r
	}
}

// lookUp makes a root field a look-up if each argument names a field of its
// collection that can be compared with it.
func (l *loader) lookUp(d *declaredRoot, r *Root) {
	for _, a := range d.def.Arguments {
		name := a.Name
		f := r.Collection.Field(name)
		if f == nil && name == "id" {
			f = r.Collection.Key
		}
		pos := l.src.pos(a.Position)
		switch {
		case f == nil:
			hint := didYouMean(name, l.collectionNamed(r.Collection.Name).names())
			l.warn(pos, hint, "%s: it answers NOT_IMPLEMENTED, %s has no field %s", d.path(), r.Collection.Name, name)
			return
		case !equatable(f, a.Type):
			l.warn(pos, "", "%s: it answers NOT_IMPLEMENTED, %s cannot be compared with argument %s, a %s", d.path(), f.Path(), name, a.Type)
			return
		}
		r.Terms = append(r.Terms, Term{Arg: name, Field: f})
	}
	r.Op = LookUp
	if d.def.Type.Elem != nil {
		r.Op = LookUpList
	}
}

// equatable reports whether an argument of type t can be equal to f, or to an
// element of it.
func equatable(f *rules.Field, t *ast.Type) bool {
	text := func(name string) bool { return name == "ID" || name == "String" }
	switch {
	case t.Elem != nil || f.Column == "":
		return false
	case f.Kind == rules.Ref:
		return text(t.NamedType)
	case f.Kind == rules.Long && t.NamedType == "Int":
		return true
	}
	return f.TypeName == t.NamedType && comparable(f.Kind) || text(f.TypeName) && text(t.NamedType)
}

// returnable reports whether a field can have that type in answers.
func (l *loader) returnable(owner string, t *ast.Type) bool {
	name := t.Name()
	pos := l.src.pos(t.Position)
	switch {
	case kindOf(name) != rules.Invalid, l.enums[name] != nil, l.schema.Collection(name) != nil, l.embeddeds[name] != nil:
	case l.inputNamed(name) != nil:
		l.fault(pos, "return a type", "%s: input %s cannot be returned", owner, name)
		return false
	case l.refused[name]:
		return false
	default:
		l.fault(pos, didYouMean(name, l.typeNames()), "%s: unknown type %s", owner, name)
		return false
	}
	if t.Elem != nil && t.Elem.Elem != nil {
		l.fault(pos, "use a list", "%s: lists of lists are not supported", owner)
		return false
	}
	return true
}

// inputType reports whether t can be given.
func (l *loader) inputType(owner string, t *ast.Type, pos Position) bool {
	name := t.Name()
	switch {
	case kindOf(name) != rules.Invalid, l.enums[name] != nil, l.inputNamed(name) != nil, l.generatedInput(name):
		return true
	case l.schema.Collection(name) != nil:
		l.fault(pos, "take its _id: ID", "%s: %s is a type, it cannot be given", owner, name)
	case l.embeddeds[name] != nil:
		l.fault(pos, "declare an input for it", "%s: %s is a type, it cannot be given", owner, name)
	case !l.refused[name]:
		l.fault(pos, didYouMean(name, l.typeNames()), "%s: unknown type %s", owner, name)
	}
	return false
}

func (l *loader) typeNames() []string {
	names := slices.Clone(builtinScalars)
	for _, d := range l.declared {
		names = append(names, d.name)
	}
	slices.Sort(names)
	return names
}

func (l *loader) collectionNamed(name string) *collection {
	for _, c := range l.collections {
		if c.Name == name {
			return c
		}
	}
	return nil
}

func (l *loader) inputNamed(name string) *ast.Definition {
	for _, d := range l.inputs {
		if d.Name == name {
			return d
		}
	}
	return nil
}

// input takes an input type of the developer's own.
func (l *loader) input(def *ast.Definition) {
	owner := "input " + def.Name
	l.name(owner, def.Name, l.src.pos(def.Position))
	l.directives(def.Directives, ast.LocationInputObject, owner)
	if len(def.Fields) == 0 {
		l.fault(l.src.pos(def.Position), "add a field in braces: name: String!", "%s has no fields", owner)
	}
	seen := map[string]bool{}
	for _, f := range def.Fields {
		l.directives(f.Directives, ast.LocationInputFieldDefinition, owner+"."+f.Name)
		if seen[f.Name] {
			l.fault(l.src.pos(f.Position), remove, "%s: field %s is declared twice", owner, f.Name)
		}
		seen[f.Name] = true
		if strings.HasPrefix(f.Name, "__") {
			l.fault(l.src.pos(f.Position), "rename it", "%s: field %s begins with two underscores, which GraphQL keeps for itself", owner, f.Name)
		}
	}
	delete(l.refused, def.Name)
	l.inputs = append(l.inputs, def)
}

// generatedInput reports whether name is that of an input type generated for a
// collection, or for a relation of one.
func (l *loader) generatedInput(name string) bool {
	if e, ok := strings.CutSuffix(name, "Input"); ok && l.embeddeds[e] != nil {
		return true
	}
	return slices.ContainsFunc(l.collections, func(c *collection) bool {
		return name == c.Name+"Input" || name == "PartialUpdate"+c.Name+"Input" ||
			slices.ContainsFunc(c.fields, func(f *field) bool { return f.Target != nil && name == relationInput(f.Field) })
	})
}

// checkInputs checks what the fields of input types are. One that has the name
// of a generated input takes its place: its fields are those of the collection,
// or embedded type, that have their names and types.
func (l *loader) checkInputs() {
	for _, def := range l.inputs {
		of, member := l.replaced(def.Name)
		for _, in := range def.Fields {
			path := "input " + def.Name + "." + in.Name
			if !l.inputType(path, in.Type, l.src.pos(in.Type.Position)) || of == "" {
				continue
			}
			switch want, hint := member(in.Name); want {
			case bare(in.Type):
			case "":
				l.warn(l.src.pos(in.Position), hint, "%s: it answers NOT_IMPLEMENTED when given, %s has no such field that a client sets", path, of)
			default:
				l.schema.misfits[def.Name+"."+in.Name] = true
				l.warn(l.src.pos(in.Type.Position), "", "%s: it answers NOT_IMPLEMENTED when given, the field of %s takes a %s", path, of, want)
			}
		}
	}
}

// replaced says what the generated input of that name is of, "" if there is none,
// and the type, without any "!", of a member of it, "" for those it has not.
func (l *loader) replaced(input string) (of string, member func(name string) (typ, hint string)) {
	for _, c := range l.collections {
		if input == c.Name+"Input" || input == "PartialUpdate"+c.Name+"Input" {
			return c.Name, func(name string) (string, string) {
				if f := c.loaded(name); f != nil && f.Settable() {
					return memberType(f.Field), ""
				}
				return "", didYouMean(name, c.names())
			}
		}
	}
	for _, e := range l.schema.Embedded {
		if input == e.Name+"Input" {
			return e.Name, func(name string) (string, string) {
				if f := e.Field(name); f != nil && f.Kind != rules.Ref {
					return strings.ReplaceAll(f.inputType(), "!", ""), ""
				}
				return "", ""
			}
		}
	}
	return "", nil
}

// Misfit reports whether a member of an input of the developer's own has
// another type than the generated input that it takes the place of.
func (s *Schema) Misfit(input, member string) bool { return s.misfits[input+"."+member] }

// bare is a type without any "!".
func bare(t *ast.Type) string {
	if t.Elem != nil {
		return "[" + bare(t.Elem) + "]"
	}
	return t.NamedType
}

// memberType is the type of a field in an input, without any "!".
func memberType(f *Field) string {
	switch {
	case f.Kind == rules.Ref:
		return relationInput(f)
	case f.EmbeddedList:
		return "[" + f.TypeName + "Input]"
	case f.Embedded != nil:
		return f.TypeName + "Input"
	case f.List:
		return "[" + f.TypeName + "]"
	}
	return f.TypeName
}
