package schema

import (
	"slices"
	"strings"

	"flora.dev/flora/rules"
	"github.com/vektah/gqlparser/v2/ast"
)

// kindOf is the kind of a built-in scalar, or Invalid.
func kindOf(name string) rules.Kind {
	for _, k := range scalarKinds {
		if k.String() == name {
			return k
		}
	}
	return rules.Invalid
}

// scalarKinds are the kinds of the scalars, in the order of the derived API.
var scalarKinds = []rules.Kind{rules.Bool, rules.Int, rules.Long, rules.Float, rules.String, rules.ID, rules.Date, rules.Time,
	rules.UUID, rules.Decimal, rules.JSON}

// comparable reports whether a filter, a key or a look-up may compare values of
// the kind.
func comparable(k rules.Kind) bool { return k != rules.JSON && k != rules.Embedded }

// sortable reports whether values of the kind have an order.
func sortable(k rules.Kind) bool { return comparable(k) && k != rules.Decimal && k != rules.Ref }

// collection reads a type's own directives that name things, and its fields.
func (l *loader) collection(c *collection) {
	owner := "type " + c.Name
	if d := named(c.directives, "collection"); d != nil {
		if a := d.Arguments.ForName("name"); a != nil {
			c.Object.Table = a.Value.Raw
			l.identifier(owner+": table "+a.Value.Raw, a.Value)
		}
		if a := d.Arguments.ForName("plural"); a != nil {
			c.Plural = a.Value.Raw
			l.identifier(owner+": plural "+a.Value.Raw, a.Value)
		}
	}
	if c.Plural == "" {
		c.Plural = plural(c.Name)
	}
	lower := strings.ToLower(c.Table)
	for _, reserved := range []string{"sqlite_", "spanner_"} {
		if strings.HasPrefix(lower, reserved) {
			l.fault(c.Pos, `give another name with @collection(name: "...")`, "%s: tables whose names begin with %s are reserved", owner, reserved)
		}
	}

	seen := map[string]*ast.FieldDefinition{} // by name in lower case
	for _, def := range c.def.Fields {
		pos := l.src.pos(def.Position)
		path := c.Name + "." + def.Name
		if !l.fieldName(seen, def, pos, path) {
			continue
		}
		f := &field{
			Field: &Field{Field: &rules.Field{Object: c.Object, Name: def.Name}, Collection: c.Collection, Description: def.Description, Pos: pos},
			def:   def,
		}
		if len(def.Arguments) > 0 {
			l.fault(l.src.pos(def.Arguments[0].Position), remove, "%s: fields of a collection take no arguments of your own", path)
		}
		f.directives = l.directives(def.Directives, ast.LocationFieldDefinition, path)
		f.relation = f.directive("relation")
		f.deprecated = f.directive("deprecated")
		if d := f.directive("claim"); d != nil {
			l.fault(l.directivePos(d), remove, "%s: @claim goes on fields of a @claims type", path)
		}
		if named(f.directives, "resolver") != nil {
			l.resolved(c, f)
			continue
		}
		if d := named(f.directives, "embedded"); d != nil {
			l.warn(l.directivePos(d), remove, "%s: @embedded goes on types, it is ignored here", path)
		}
		if !l.fieldType(f, path) {
			l.suspect[def.Name] = true
			continue
		}
		if d := f.directive("fold"); d != nil {
			l.fold(f, d)
		}
		c.fields = append(c.fields, f)
	}
	for _, f := range c.fields {
		if d := f.directive("renamed"); d != nil {
			l.renamed(c, f, d)
		}
	}
}

// renamed reads what a field was before.
func (l *loader) renamed(c *collection, f *field, d *ast.Directive) {
	from := text(d, "from")
	switch {
	case from == f.Name:
		l.fault(l.directivePos(d), "name what the field was before", "%s: @renamed names the field itself", f.Path())
	case c.loaded(from) != nil:
		l.fault(l.directivePos(d), "remove one of them", "%s: @renamed names %s, which is a field of its own", f.Path(), c.loaded(from).Path())
	default:
		l.identifier(f.Path()+": from", d.Arguments.ForName("from").Value)
		f.Renamed = from
	}
}

// fold gives a String a second column, without its case.
func (l *loader) fold(f *field, d *ast.Directive) {
	switch {
	case f.Kind != rules.String || f.List:
		l.fault(l.directivePos(d), remove, "%s: @fold goes on a String, this is a %s", f.Path(), f.def.Type)
		return
	case f.directive("set") != nil && strings.Contains(text(f.directive("set"), "expr"), "CurrentUser"),
		f.directive("default") != nil && strings.Contains(text(f.directive("default"), "expr"), "CurrentUser"):
		l.fault(l.directivePos(d), "use a claim: CurrentToken()", "%s: @fold cannot fold what is copied from CurrentUser()", f.Path())
		return
	}
	f.Field.Field.Fold = &rules.Field{Object: f.Object, Name: f.Name, Column: foldColumn(f.Column), Kind: rules.String, TypeName: "String"}
}

// resolved takes a field that needs a function.
func (l *loader) resolved(c *collection, f *field) {
	for _, d := range f.directives {
		if d.Name != "resolver" && d.Name != "deprecated" {
			l.fault(l.directivePos(d), remove, "%s: @%s does not go on a field with @resolver", f.Path(), d.Name)
		}
	}
	c.Resolved = append(c.Resolved, &Resolved{Name: f.Name, Description: f.Description, Type: f.def.Type, Pos: f.Pos})
}

// identifier checks a name that is given as a string.
func (l *loader) identifier(owner string, v *ast.Value) {
	pos := l.src.pos(v.Position)
	for i, r := range v.Raw {
		if r != '_' && (r|0x20 < 'a' || r|0x20 > 'z') && (i == 0 || r < '0' || r > '9') {
			l.fault(pos, "use letters, digits and _", "%s is not a name", owner)
			return
		}
	}
	if v.Raw == "" {
		l.fault(pos, "use letters, digits and _", "%s is not a name", owner)
		return
	}
	l.name(owner, v.Raw, pos)
}

func (l *loader) fieldName(seen map[string]*ast.FieldDefinition, def *ast.FieldDefinition, pos Position, path string) bool {
	lower := strings.ToLower(def.Name)
	switch first := seen[lower]; {
	case first == nil:
		seen[lower] = def
	case first.Name == def.Name:
		at := l.src.pos(first.Position)
		l.fault(pos, "remove one", "%s is declared twice, first at %d:%d", path, at.Line, at.Column)
		return false
	default:
		l.fault(pos, "rename one", "fields %s and %s differ only in case", first.Name, path)
		return false
	}
	switch def.Name {
	case "_id", "_ts":
		l.fault(pos, remove, "%s is generated for every type", path)
		return false
	case "and", "or", "not":
		l.fault(pos, "rename it", "%s: filters need this name for themselves", path)
	}
	l.name(path, def.Name, pos)
	return true
}

// fieldType reads the type of a field.
func (l *loader) fieldType(f *field, path string) bool {
	t := f.def.Type
	pos := l.src.pos(t.Position)
	f.NonNull = t.NonNull
	if t.Elem != nil {
		if t.Elem.Elem != nil {
			l.fault(pos, "use a list", "%s: lists of lists are not supported", path)
			return false
		}
		f.List = true
	}
	f.TypeName = t.Name()
	f.Column = f.Name
	f.Kind = kindOf(f.TypeName)
	if e := l.enums[f.TypeName]; e != nil {
		f.Kind, f.Values = rules.Enum, e.Values
	}
	if f.Kind != rules.Invalid {
		if f.List && !t.Elem.NonNull {
			l.warn(pos, "write ["+f.TypeName+"!]", "%s: elements of a list are never null", path)
		}
		if f.relation != nil {
			l.fault(l.directivePos(f.relation), remove, "%s: @relation goes on fields whose type is a collection, this is a %s", path, t)
		}
		return true
	}
	if e := l.embeddeds[f.TypeName]; e != nil {
		f.Kind, f.Embedded, f.EmbeddedList, f.List = rules.Embedded, e.Embedded, f.List, false
		if !f.EmbeddedList {
			f.Field.Field.Members = e.members(f.Field.Field, nil)
		}
		if f.EmbeddedList && !t.Elem.NonNull {
			l.warn(pos, "write ["+f.TypeName+"!]", "%s: elements of a list are never null", path)
		}
		return true
	}
	for _, c := range l.collections {
		if c.Name == f.TypeName {
			f.Kind, f.target, f.list = rules.Ref, c, f.List
			f.Target = c.Collection
			f.Field.Field.Target = c.Object
			f.List = false
			return true
		}
	}
	switch {
	case l.claims != nil && l.claims.name == f.TypeName:
		l.fault(pos, remove, "%s: %s describes the token, it cannot be the type of a field", path, f.TypeName)
	case isRoot(f.TypeName):
		l.fault(pos, remove, "%s: %s cannot be the type of a field", path, f.TypeName)
	case !l.refused[f.TypeName] && !l.suspect[f.TypeName]:
		names := slices.Clone(builtinScalars)
		for _, d := range l.declared {
			names = append(names, d.name)
		}
		slices.Sort(names)
		l.fault(pos, didYouMean(f.TypeName, names), "%s: unknown type %s", path, f.TypeName)
	}
	return false
}
