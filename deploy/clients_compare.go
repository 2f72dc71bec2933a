package deploy

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"flora.dev/flora/rules"
	"flora.dev/flora/schema"
	"github.com/vektah/gqlparser/v2/ast"
)

// comparison finds the changes between two APIs.
type comparison struct {
	old, new *origin
	renamed  map[string]string // field or type of the old file -> its name in the new one
	changes  []change
}

// renames notes what goes on under another name: fields with @renamed, and
// collections whose documents stay in the same table.
func (c *comparison) renames() {
	for is, was := range c.new.from {
		if c.old.declares(was) && !c.new.declares(was) {
			c.renamed[was] = is
		}
	}
	for _, was := range c.old.schema.Collections {
		for _, is := range c.new.schema.Collections {
			if was.Table == is.Table && was.Name != is.Name && c.new.schema.Collection(was.Name) == nil {
				c.renamed[was.Name] = is.Name
			}
		}
	}
}

// add notes a change and settles what it is told under.
func (c *comparison) add(ch change) {
	if is, ok := c.renamed[ch.cause]; ok {
		ch.cause = is
	}
	if ch.touches == nil {
		ch.touches = []string{ch.Path}
	}
	c.changes = append(c.changes, ch)
}

func (c *comparison) tell(kind string, s Severity, path, detail, cause string) {
	c.add(change{Consequence: Consequence{Kind: kind, Severity: s, Path: path, Detail: detail}, cause: cause})
}

// cause is what a change of a member of a type comes from; side is the API that
// has the member.
func (c *comparison) cause(side *origin, name, member, arg string) string {
	if c.old.declares(name) != c.new.declares(name) && !isRoot(name) {
		return name // an input of the developer's own that takes the place of the generated one
	}
	other := c.old
	if side == c.old {
		other = c.new
	}
	cause := side.of(name, member, arg, other)
	was, is := c.old.field(cause), c.new.field(cause)
	if was != nil && is != nil && (c.renamed[was.TypeName] == is.TypeName || was.TypeName == is.TypeName && was.Kind != is.Kind) {
		return is.TypeName // the type changed, not the field
	}
	return cause
}

func isRoot(name string) bool { return name == "Query" || name == "Mutation" }

// field is the declared field of a collection at that path, or nil.
func (o *origin) field(path string) *schema.Field {
	name, field, _ := strings.Cut(path, ".")
	if collection := o.schema.Collection(name); collection != nil {
		return collection.FieldNamed(field)
	}
	return nil
}

// types compares what both have. What only one of them has is told with the
// fields and arguments through which alone operations reach it.
func (c *comparison) types() {
	names := map[string]bool{}
	for name := range c.old.api.Types {
		names[name] = true
	}
	for name := range c.new.api.Types {
		names[name] = true
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		a, b := c.old.api.Types[name], c.new.api.Types[name]
		switch {
		case a == nil && isRoot(name):
			c.fields(&ast.Definition{Name: name, Kind: ast.Object}, b)
		case a == nil:
			if c.new.schema.Collection(name) != nil {
				c.tell(addedType, Safe, name, "", name)
			}
		case b == nil:
			if is := c.renamed[name]; is != "" {
				c.tell(renamedType, Breaking, name, "is "+is+" now", is)
			} else if c.old.schema.Collection(name) != nil {
				c.tell(removedType, Breaking, name, "", name)
			}
		case a.BuiltIn || b.BuiltIn:
		case a.Kind != b.Kind:
			c.tell(changedType, Breaking, name, fmt.Sprintf("%s became %s", kindName(a), kindName(b)), name)
		case a.Kind == ast.Object:
			c.fields(a, b)
		case a.Kind == ast.InputObject:
			c.members(a, b)
		case a.Kind == ast.Enum:
			c.values(a, b)
		}
	}
}

func kindName(def *ast.Definition) string {
	return map[ast.DefinitionKind]string{ast.Object: "a type", ast.InputObject: "an input", ast.Enum: "an enum", ast.Scalar: "a scalar"}[def.Kind]
}

// fields compares an output type.
func (c *comparison) fields(a, b *ast.Definition) {
	removed, added := removedField, addedField
	if isRoot(a.Name) {
		removed, added = removedRoot, addedRoot
	}
	for _, f := range a.Fields {
		if strings.HasPrefix(f.Name, "__") {
			continue
		}
		path := a.Name + "." + f.Name
		g := b.Fields.ForName(f.Name)
		if g != nil {
			c.output(path, a.Name, f, g)
			c.arguments(path, a.Name, f, g)
			if f.Directives.ForName("deprecated") == nil && g.Directives.ForName("deprecated") != nil {
				c.tell(deprecatedField, Safe, path, "", c.cause(c.new, a.Name, f.Name, ""))
			}
			continue
		}
		cause := c.cause(c.old, a.Name, f.Name, "")
		switch is := c.renamed[path]; {
		case is != "":
			c.tell(renamedField, Breaking, path, "is "+is+" now", cause)
		default:
			c.tell(removed, Breaking, path, c.successor(a.Name, f.Name), cause)
		}
	}
	for _, g := range b.Fields {
		if a.Fields.ForName(g.Name) == nil && !strings.HasPrefix(g.Name, "__") {
			c.tell(added, Safe, b.Name+"."+g.Name, "", c.cause(c.new, b.Name, g.Name, ""))
		}
	}
}

// successor names the root field that does what a removed one did, of the same
// collection, if there is one.
func (c *comparison) successor(name, field string) string {
	if !isRoot(name) {
		return ""
	}
	was := c.old.entry(c.old.api.Types[name], field)
	roots := c.new.schema.API.Query
	if name == "Mutation" {
		roots = c.new.schema.API.Mutation
	}
	for _, is := range slices.Sorted(maps.Keys(roots)) {
		r := roots[is]
		switch {
		case was == nil || was.Collection == nil || r.Collection == nil || was.Op != r.Op || was.Declared != nil || r.Declared != nil:
		case was.Op == schema.FindUnique && was.Unique.Name != r.Unique.Name:
		case was.Collection.Table == r.Collection.Table:
			return "is " + is + " now"
		}
	}
	return ""
}

// output compares the type of a field.
func (c *comparison) output(path, name string, f, g *ast.FieldDefinition) {
	detail := f.Type.String() + " became " + g.Type.String()
	cause := c.cause(c.new, name, f.Name, "")
	lost, gained := nullability(f.Type, g.Type)
	if lost || gained {
		if target := c.hidden(path); target != "" {
			cause = target + rule
		}
	}
	switch {
	case shape(f.Type) != shape(g.Type):
		c.tell(changedType, Breaking, path, detail, cause)
	case lost:
		c.tell(nullableOutput, Breaking, path, detail+c.why(path), cause)
	case gained:
		c.tell(nonNullOutput, Safe, path, detail, cause)
	}
}

// hidden is the collection whose read rule alone made a required reference
// nullable or not null, or "".
func (c *comparison) hidden(path string) string {
	was, is := c.old.field(path), c.new.field(path)
	if was == nil || is == nil || !was.ToOne() || !is.ToOne() || was.NonNull != is.NonNull || was.TypeName != is.TypeName ||
		(was.Read.Pred == nil) != (is.Read.Pred == nil) ||
		(was.Target.Access.Read.Pred == rules.True) == (is.Target.Access.Read.Pred == rules.True) {
		return ""
	}
	return is.TypeName
}

// why says which rule made an output nullable.
func (c *comparison) why(path string) string {
	was, is := c.old.field(path), c.new.field(path)
	switch {
	case was == nil || is == nil || was.NonNull && !is.NonNull:
		return ""
	case was.Read.Pred == nil && is.Read.Pred != nil:
		return ", a rule may hide it"
	case c.hidden(path) != "":
		return ", a rule may hide the " + is.TypeName
	}
	return ""
}

// shape is a type without any "!".
func shape(t *ast.Type) string { return strings.ReplaceAll(t.String(), "!", "") }

// nullability says where two types of the same shape differ: lost is a "!" that
// is gone somewhere, gained one that is new.
func nullability(a, b *ast.Type) (lost, gained bool) {
	if a == nil || b == nil {
		return false, false
	}
	lost, gained = nullability(a.Elem, b.Elem)
	return lost || a.NonNull && !b.NonNull, gained || !a.NonNull && b.NonNull
}
