package schema

import (
	"slices"
	"strings"

	"flora.dev/flora/rules"
	"github.com/vektah/gqlparser/v2/ast"
)

// maxName bounds names, in bytes: Spanner takes no longer ones.
// https://cloud.google.com/spanner/quotas#tables
const maxName = 128

// declaration is where a type name was declared first.
type declaration struct {
	name string
	pos  Position
}

// types registers what the document declares: enums and collections. What a
// schema re-declares of the prelude is left out, as exported Fauna schemas
// carry those declarations.
func (l *loader) types(doc *ast.SchemaDocument) {
	extend := l.extensions(doc)
	for _, def := range doc.Definitions {
		if l.prelude(def) {
			continue
		}
		pos := l.src.pos(def.Position)
		if !l.declare(def.Name, pos) {
			continue
		}
		l.refused[def.Name] = true // until it is registered
		switch def.Kind {
		case ast.Object:
			l.object(def, extend[def.Name])
		case ast.Enum:
			l.enum(def, extend[def.Name])
		case ast.Scalar:
			l.fault(pos, "use String", "scalar %s: scalars of your own are not supported", def.Name)
		case ast.InputObject:
			l.input(def)
		default:
			l.fault(pos, remove, "%s %s: %ss are not supported in this version",
				strings.ToLower(string(def.Kind)), def.Name, strings.ToLower(string(def.Kind)))
		}
	}
	for _, ext := range doc.Extensions {
		if isRoot(ext.Name) && ext.Kind == ast.Object {
			l.rootType(ext)
		}
	}
	for _, d := range doc.Directives {
		if l.vocabulary.directives.ForName(d.Name) == nil {
			l.fault(l.src.pos(d.Position), remove, "directive @%s: directives of your own are not supported", d.Name)
		}
	}
	for _, d := range doc.DirectiveExtensions {
		l.fault(l.src.pos(d.Position), remove, "extend directive @%s: directives cannot be extended", d.Name)
	}
	for _, s := range slices.Concat(doc.Schema, doc.SchemaExtension) {
		l.onSchema(s.Directives)
		for _, op := range s.OperationTypes {
			if !strings.EqualFold(string(op.Operation), op.Type) {
				l.fault(l.src.pos(op.Position), remove, "schema: the %s type is generated, it cannot be %s", op.Operation, op.Type)
			}
		}
	}
}

// extensions are the type extensions by the name of a declared type.
func (l *loader) extensions(doc *ast.SchemaDocument) map[string][]*ast.Definition {
	extend := map[string][]*ast.Definition{}
	for _, ext := range doc.Extensions {
		base := doc.Definitions.ForName(ext.Name)
		pos := l.src.pos(ext.Position)
		switch {
		case isRoot(ext.Name) && ext.Kind == ast.Object:
			// after the definitions
		case ext.Kind != ast.Object && ext.Kind != ast.Enum:
			l.fault(pos, remove, "extend %s: only types and enums can be extended", ext.Name)
		case base == nil:
			if !l.suspect[ext.Name] {
				l.fault(pos, didYouMean(ext.Name, definitionNames(doc)), "extend %s: there is no such type", ext.Name)
			}
		case base.Kind != ext.Kind:
			l.fault(pos, "", "extend %s: it is declared as another kind of type", ext.Name)
		default:
			extend[ext.Name] = append(extend[ext.Name], ext)
		}
	}
	return extend
}

func definitionNames(doc *ast.SchemaDocument) (names []string) {
	for _, d := range doc.Definitions {
		names = append(names, d.Name)
	}
	return names
}

// prelude reports whether a definition only repeats what the prelude has.
func (l *loader) prelude(def *ast.Definition) bool {
	switch def.Kind {
	case ast.Scalar:
		return slices.Contains(builtinScalars, def.Name)
	case ast.Enum:
		own := l.vocabulary.enums.ForName(def.Name)
		if own == nil || len(own.EnumValues) != len(def.EnumValues) {
			return false
		}
		for _, v := range def.EnumValues {
			if own.EnumValues.ForName(v.Name) == nil {
				return false
			}
		}
		return true
	}
	return false
}

// declare enters a type name; it reports false where there was one already.
func (l *loader) declare(name string, pos Position) bool {
	if slices.Contains(builtinScalars, name) {
		l.fault(pos, "rename it", "type %s: this is the name of a scalar", name)
		return false
	}
	switch first, ok := l.declared[strings.ToLower(name)]; {
	case !ok:
		l.declared[strings.ToLower(name)] = declaration{name, pos}
		return true
	case first.name == name:
		l.fault(pos, "rename or remove one, or write extend", "type %s is declared twice, first at %d:%d", name, first.pos.Line, first.pos.Column)
	default:
		l.fault(pos, "rename one", "types %s and %s differ only in case", first.name, name)
	}
	return false
}

func isRoot(name string) bool { return name == "Query" || name == "Mutation" || name == "Subscription" }

func (l *loader) object(def *ast.Definition, extend []*ast.Definition) {
	if isRoot(def.Name) {
		l.rootType(def)
		return
	}
	directives, fields := slices.Clone(def.Directives), slices.Clone(def.Fields)
	interfaces := slices.Clone(def.Interfaces)
	for _, ext := range extend {
		directives = append(directives, ext.Directives...)
		fields = append(fields, ext.Fields...)
		interfaces = append(interfaces, ext.Interfaces...)
	}
	pos := l.src.pos(def.Position)
	owner := "type " + def.Name
	l.name(owner, def.Name, pos)
	if len(interfaces) > 0 {
		l.fault(pos, "remove implements", "%s: interfaces are not supported in this version", owner)
	}
	sound := l.directives(directives, ast.LocationObject, owner)
	if len(fields) == 0 {
		l.fault(pos, "add a field in braces: name: String!", "%s has no fields", owner)
		return
	}
	if named(directives, "embedded") != nil {
		l.embedded(def, fields, sound)
		return
	}
	if named(directives, "claims") != nil {
		l.claimsType(def, fields, sound)
		return
	}
	merged := *def
	merged.Fields = fields
	o := &rules.Object{Name: def.Name, Table: def.Name}
	o.Key = &rules.Field{Object: o, Name: "_id", Column: "flora_id", Kind: rules.ID, NonNull: true, TypeName: "ID"}
	o.TS = &rules.Field{Object: o, Name: "_ts", Column: "flora_ts", Kind: rules.Long, NonNull: true, TypeName: "Long"}
	delete(l.refused, def.Name)
	l.collections = append(l.collections, &collection{
		Collection: &Collection{Object: o, Description: def.Description, Pos: pos},
		def:        &merged,
		directives: sound,
	})
}

func (l *loader) enum(def *ast.Definition, extend []*ast.Definition) {
	values, directives := slices.Clone(def.EnumValues), slices.Clone(def.Directives)
	for _, ext := range extend {
		values = append(values, ext.EnumValues...)
		directives = append(directives, ext.Directives...)
	}
	owner := "enum " + def.Name
	l.name(owner, def.Name, l.src.pos(def.Position))
	l.directives(directives, ast.LocationEnum, owner)
	e := &Enum{Name: def.Name, Description: def.Description}
	if len(values) == 0 {
		l.fault(l.src.pos(def.Position), "add values in braces", "%s has no values", owner)
	}
	for _, v := range values {
		pos := l.src.pos(v.Position)
		l.directives(v.Directives, ast.LocationEnumValue, owner+"."+v.Name)
		switch {
		case slices.Contains(e.Values, v.Name):
			l.fault(pos, remove, "%s: value %s is declared twice", owner, v.Name)
			continue
		case v.Name == "true" || v.Name == "false" || v.Name == "null":
			l.fault(pos, "rename it", "%s: %s cannot be a value of an enum", owner, v.Name)
		case strings.HasPrefix(v.Name, "__"):
			l.fault(pos, "rename it", "%s: value %s begins with two underscores, which GraphQL keeps for itself", owner, v.Name)
		case len(v.Name) > maxName:
			l.fault(pos, "shorten it", "%s: value %s is longer than %d characters", owner, v.Name, maxName)
		}
		e.Values = append(e.Values, v.Name)
		e.values = append(e.values, v)
	}
	delete(l.refused, def.Name)
	l.enums[def.Name] = e
	l.schema.Enums = append(l.schema.Enums, e)
}

// name checks the name of a type, field or table.
func (l *loader) name(owner, name string, pos Position) {
	lower := strings.ToLower(name)
	switch {
	case strings.HasPrefix(name, "_"):
		l.fault(pos, "rename it", "%s: names that begin with _ are reserved", owner)
	case strings.HasPrefix(lower, "flora_"):
		l.fault(pos, "rename it", "%s: names that begin with flora_ are reserved", owner)
	case len(name) > maxName:
		l.fault(pos, "shorten it", "%s: the name is longer than %d characters", owner, maxName)
	}
}
