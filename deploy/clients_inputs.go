package deploy

import (
	"slices"

	"github.com/vektah/gqlparser/v2/ast"
)

// input is an argument, or a member of an input type.
type input struct {
	path  string
	typ   *ast.Type
	value *ast.Value // its default, or nil
	cause string
}

// required reports whether leaving it out is an error.
func (i *input) required() bool { return i.typ.NonNull && i.value == nil }

// arguments compares those of a field.
func (c *comparison) arguments(path, name string, f, g *ast.FieldDefinition) {
	before := len(c.changes)
	at := func(side *origin, a *ast.ArgumentDefinition) *input {
		return &input{path + "(" + a.Name + ":)", a.Type, a.DefaultValue, c.cause(side, name, f.Name, a.Name)}
	}
	for _, a := range f.Arguments {
		if b := g.Arguments.ForName(a.Name); b != nil {
			c.input(at(c.old, a), at(c.new, b))
		} else {
			is := at(c.old, a)
			c.tell(removedArgument, Breaking, is.path, "", is.cause)
		}
	}
	for _, b := range g.Arguments {
		if f.Arguments.ForName(b.Name) == nil {
			c.added(addedArgument, at(c.new, b))
		}
	}
	// An argument of a generated mutation that changes because another comes or
	// goes (upsert's id with by, a default with inc) is told with that one.
	if r := c.new.entry(c.new.api.Types[name], f.Name); isRoot(name) && r != nil && r.Declared == nil {
		list := c.changes[before:]
		if i := slices.IndexFunc(list, func(ch change) bool { return ch.cause != r.Collection.Name }); i >= 0 {
			for j := range list {
				if list[j].cause == r.Collection.Name {
					list[j].cause = list[i].cause
				}
			}
		}
	}
}

// members compares an input type.
func (c *comparison) members(a, b *ast.Definition) {
	at := func(side *origin, f *ast.FieldDefinition) *input {
		return &input{a.Name + "." + f.Name, f.Type, f.DefaultValue, c.cause(side, a.Name, f.Name, "")}
	}
	for _, f := range a.Fields {
		if g := b.Fields.ForName(f.Name); g != nil {
			c.input(at(c.old, f), at(c.new, g))
		} else {
			is := at(c.old, f)
			c.tell(removedInputField, Breaking, is.path, "", is.cause)
		}
	}
	for _, g := range b.Fields {
		if a.Fields.ForName(g.Name) == nil {
			c.added(addedInputField, at(c.new, g))
		}
	}
}

func (c *comparison) added(kind string, is *input) {
	if !is.required() {
		c.tell(kind, Safe, is.path, "", is.cause)
		return
	}
	c.add(change{Consequence{requiredInput, Breaking, is.path, "new, " + is.typ.String()}, is.cause, []string{lacks + is.path}, true})
}

// input compares what both have. For inputs it is the "!" that comes which breaks.
func (c *comparison) input(was, is *input) {
	change := change{cause: is.cause, checked: true, Consequence: Consequence{Path: is.path, Detail: was.typ.String() + " became " + is.typ.String()}}
	lost, gained := nullability(was.typ, is.typ)
	switch {
	case shape(was.typ) != shape(is.typ):
		change.Kind, change.Severity = changedType, Breaking
		change.checked = c.literals(was.typ, is.typ)
		change.touches = []string{is.path}
		if is.required() && !was.required() {
			change.touches = append(change.touches, lacks+is.path)
		}
	case is.typ.NonNull && !was.typ.NonNull, is.required() && !was.required():
		change.Kind, change.Severity, change.touches = requiredInput, Breaking, []string{lacks + is.path}
		if was.value != nil && is.value == nil {
			change.Detail += ", without its default"
		}
		if elements, _ := nullability(is.typ.Elem, was.typ.Elem); elements {
			change.touches = append(change.touches, is.path)
		}
	case gained:
		change.Kind, change.Severity = narrowedType, Breaking
	case printed(was.value) != printed(is.value):
		change.Kind, change.Severity, change.touches, change.checked = changedDefault, Dangerous, []string{lacks + is.path}, false
		change.Detail = printed(was.value) + " became " + printed(is.value)
	case lost:
		change.Kind, change.Severity = optionalInput, Safe
	default:
		return
	}
	c.add(change)
}

func printed(v *ast.Value) string {
	if v == nil {
		return "no default"
	}
	return v.String()
}

// literals reports whether validation knows which literals of type a are none
// of type b. It does not look into those of scalars that are not GraphQL's own;
// an Int is a Long.
func (c *comparison) literals(a, b *ast.Type) bool {
	if (a.Elem == nil) != (b.Elem == nil) {
		return true
	}
	was, is := c.old.api.Types[a.Name()], c.new.api.Types[b.Name()]
	switch {
	case was == nil || is == nil || was.Name == is.Name || was.Name == "Int" && is.Name == "Long":
		return true
	case is.Kind == ast.InputObject && was.Kind == ast.InputObject:
		for _, f := range is.Fields {
			g := was.Fields.ForName(f.Name)
			if g == nil || c.new.api.Types[f.Type.Name()].Kind != ast.Scalar {
				continue
			}
			if !c.literals(g.Type, f.Type) {
				return false
			}
		}
		return true
	}
	return is.Kind != ast.Scalar || is.BuiltIn
}

// values compares an enum. A value that is gone breaks those who give it, one
// that is new may surprise those who read it.
func (c *comparison) values(a, b *ast.Definition) {
	given, read := c.old.positions(a.Name)
	for _, v := range a.EnumValues {
		w, path := b.EnumValues.ForName(v.Name), a.Name+"."+v.Name
		switch {
		case w == nil && given:
			c.tell(removedEnumValue, Breaking, path, "", c.cause(c.old, a.Name, v.Name, ""))
		case w == nil:
			c.tell(removedEnumValue, Safe, path, "no client gives it", c.cause(c.old, a.Name, v.Name, ""))
		case v.Directives.ForName("deprecated") == nil && w.Directives.ForName("deprecated") != nil:
			c.tell(deprecatedField, Safe, path, "", c.cause(c.new, a.Name, v.Name, ""))
		}
	}
	for _, w := range b.EnumValues {
		if a.EnumValues.ForName(w.Name) != nil {
			continue
		}
		ch := change{Consequence: Consequence{addedEnumValue, Safe, b.Name + "." + w.Name, ""}, cause: c.cause(c.new, b.Name, w.Name, "")}
		if read {
			ch.Severity, ch.touches = Dangerous, []string{reads + b.Name}
		}
		c.add(ch)
	}
}

// positions says whether clients give values of an enum, and whether they read them.
func (o *origin) positions(enum string) (given, read bool) {
	for _, def := range o.api.Types {
		for _, f := range def.Fields {
			if f.Type.Name() == enum {
				given, read = given || def.Kind == ast.InputObject, read || def.Kind == ast.Object
			}
			for _, a := range f.Arguments {
				given = given || a.Type.Name() == enum
			}
		}
	}
	return given, read
}
