package schema

import (
	"fmt"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
)

// prelude declares what a schema may use. Arguments that Fauna's schemas give
// and that mean nothing here (index names) are accepted.
const prelude = `
directive @auth(
  all: String, write: String
  read: String, create: String, update: String, delete: String
  role: String, onDeny: OnDeny, reason: String
) repeatable on OBJECT | FIELD_DEFINITION | SCHEMA
directive @identity(claim: String) on FIELD_DEFINITION
directive @set(on: [SetOn!]!, expr: String!) on FIELD_DEFINITION
directive @default(expr: String!) on FIELD_DEFINITION
directive @check(expr: String!, message: String!) repeatable on OBJECT | FIELD_DEFINITION
directive @role(name: String!, when: String!, provider: String) repeatable on SCHEMA
directive @rule(name: String!, on: String!, expr: String!) repeatable on SCHEMA
directive @claims on OBJECT
directive @claim(name: String!) on FIELD_DEFINITION
directive @unique(index: String, fields: [String!]) repeatable on OBJECT | FIELD_DEFINITION
directive @index(name: String, fields: [String!]) repeatable on OBJECT | FIELD_DEFINITION
directive @relation(name: String, owning: Boolean, onDelete: OnDelete) on FIELD_DEFINITION
directive @collection(name: String, plural: String) on OBJECT
directive @embedded on OBJECT | FIELD_DEFINITION
directive @resolver(name: String, paginated: Boolean) repeatable on FIELD_DEFINITION
directive @fold on FIELD_DEFINITION
directive @renamed(from: String!) on FIELD_DEFINITION
directive @deprecated(reason: String) on FIELD_DEFINITION | ENUM_VALUE
directive @specifiedBy(url: String!) on SCALAR

enum OnDeny { NULL ERROR }
enum SetOn { CREATE UPDATE }
enum OnDelete { RESTRICT CASCADE SET_NULL }
`

// builtinScalars are the scalars there are.
var builtinScalars = []string{"Boolean", "Int", "Float", "String", "ID", "Long", "Date", "Time", "UUID", "Decimal", "JSON"}

const remove = "remove it"

// vocabulary is the parsed prelude.
type vocabulary struct {
	directives ast.DirectiveDefinitionList
	enums      ast.DefinitionList
}

func newVocabulary() vocabulary {
	doc, err := parser.ParseSchema(&ast.Source{Name: "prelude", Input: prelude})
	if err != nil {
		panic(fmt.Sprintf("parse prelude: %v", err)) // a constant of ours
	}
	return vocabulary{directives: doc.Directives, enums: doc.Definitions}
}

// directives checks the directives at one place and returns the sound ones.
func (l *loader) directives(list ast.DirectiveList, at ast.DirectiveLocation, owner string) []*ast.Directive {
	var sound []*ast.Directive
	for i, d := range list {
		pos := l.directivePos(d)
		def := l.vocabulary.directives.ForName(d.Name)
		switch {
		case def == nil:
			var names []string
			for _, known := range l.vocabulary.directives {
				names = append(names, known.Name)
			}
			hint := didYouMean(d.Name, names)
			if hint != "" {
				hint = strings.Replace(hint, "mean ", "mean @", 1)
			}
			l.fault(pos, hint, "%s: unknown directive @%s", owner, d.Name)
			continue
		case !slices.Contains(def.Locations, at):
			l.fault(pos, "it goes on "+places(def.Locations), "%s: @%s does not go on %s", owner, d.Name, place(at))
			continue
		case !def.IsRepeatable && slices.ContainsFunc(list[:i], func(o *ast.Directive) bool { return o.Name == d.Name }):
			l.fault(pos, remove, "%s: @%s is given twice", owner, d.Name)
			continue
		}
		if l.arguments(d, def, owner) {
			sound = append(sound, d)
		}
	}
	return sound
}

// directivePos is the place of the directive's @.
func (l *loader) directivePos(d *ast.Directive) Position {
	at := l.src.offset(d.Position)
	if at > 0 && l.src.runes[at-1] == '@' {
		at--
	}
	return l.src.at(at)
}

// arguments checks a directive's arguments and reports whether all are sound.
func (l *loader) arguments(d *ast.Directive, def *ast.DirectiveDefinition, owner string) bool {
	before := len(l.faults)
	for i, arg := range d.Arguments {
		pos := l.src.pos(arg.Position)
		want := def.Arguments.ForName(arg.Name)
		switch {
		case want == nil:
			var names []string
			for _, a := range def.Arguments {
				names = append(names, a.Name)
			}
			hint := didYouMean(arg.Name, names)
			if hint == "" && len(names) > 0 {
				hint = "it has " + strings.Join(names, ", ")
			}
			l.fault(pos, hint, "%s: @%s has no argument %s", owner, d.Name, arg.Name)
		case slices.ContainsFunc(d.Arguments[:i], func(o *ast.Argument) bool { return o.Name == arg.Name }):
			l.fault(pos, remove, "%s: argument %s of @%s is given twice", owner, arg.Name, d.Name)
		case !l.fits(arg.Value, want.Type):
			l.fault(l.src.pos(arg.Value.Position), l.example(want.Type), "%s: argument %s of @%s is a %s, found %s",
				owner, arg.Name, d.Name, strings.TrimSuffix(want.Type.String(), "!"), arg.Value)
		}
	}
	for _, want := range def.Arguments {
		if want.Type.NonNull && d.Arguments.ForName(want.Name) == nil {
			l.fault(l.directivePos(d), "write @"+d.Name+"("+want.Name+": ...)", "%s: @%s lacks its argument %s", owner, d.Name, want.Name)
		}
	}
	return len(l.faults) == before
}

func (l *loader) fits(v *ast.Value, t *ast.Type) bool {
	if t.Elem != nil {
		if v.Kind != ast.ListValue {
			return l.fits(v, t.Elem) // https://spec.graphql.org/September2025/#sec-List.Input-Coercion
		}
		for _, child := range v.Children {
			if !l.fits(child.Value, t.Elem) {
				return false
			}
		}
		return true
	}
	switch t.NamedType {
	case "String":
		return v.Kind == ast.StringValue || v.Kind == ast.BlockValue
	case "Boolean":
		return v.Kind == ast.BooleanValue
	}
	enum := l.vocabulary.enums.ForName(t.NamedType)
	return enum != nil && v.Kind == ast.EnumValue && enum.EnumValues.ForName(v.Raw) != nil
}

// example says how a value of the type is written.
func (l *loader) example(t *ast.Type) string {
	switch name := t.Name(); name {
	case "String":
		if t.Elem != nil {
			return `write a list of quoted names: ["a", "b"]`
		}
		return `write it in quotes: "..."`
	case "Boolean":
		return "write true or false"
	default:
		var values []string
		for _, v := range l.vocabulary.enums.ForName(name).EnumValues {
			values = append(values, v.Name)
		}
		return "write one of " + strings.Join(values, ", ")
	}
}

// text returns the string argument of that name, "" without it.
func text(d *ast.Directive, name string) string {
	if a := d.Arguments.ForName(name); a != nil {
		return a.Value.Raw
	}
	return ""
}

// elements returns the elements of a list argument.
func elements(d *ast.Directive, name string) []*ast.Value {
	a := d.Arguments.ForName(name)
	if a == nil {
		return nil
	}
	if a.Value.Kind != ast.ListValue {
		return []*ast.Value{a.Value}
	}
	var list []*ast.Value
	for _, c := range a.Value.Children {
		list = append(list, c.Value)
	}
	return list
}

func place(at ast.DirectiveLocation) string {
	switch at {
	case ast.LocationObject:
		return "a type"
	case ast.LocationFieldDefinition:
		return "a field"
	case ast.LocationEnumValue:
		return "an enum value"
	case ast.LocationSchema:
		return "the schema"
	}
	return "a " + strings.ToLower(strings.ReplaceAll(string(at), "_", " "))
}

func places(list []ast.DirectiveLocation) string {
	var names []string
	for _, at := range list {
		names = append(names, place(at))
	}
	return strings.Join(names, " or ")
}

// didYouMean is a hint at the name that was probably meant, or "".
func didYouMean(name string, known []string) string {
	best, distance := "", min(max(len(name)/2, 1), 3)+1
	for _, k := range known {
		d := levenshtein.ComputeDistance(strings.ToLower(name), strings.ToLower(k))
		if d < distance {
			best, distance = k, d
		}
	}
	if best == "" {
		return ""
	}
	return "did you mean " + best + "?"
}
