package deploy

import (
	"slices"
	"strings"

	"flora.dev/flora/schema"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
)

// rule ends the cause of what a type's read rule changes elsewhere.
const rule = " @auth"

// origin knows what declaration of the developer's each part of a derived API
// is generated from.
type origin struct {
	schema *schema.Schema
	api    *ast.Schema
	side   string // old or new
	file   string
	owner  map[string]string          // type of the API -> the declared type, or field, that it is generated for
	at     map[string]schema.Position // declared types, fields and values
	from   map[string]string          // field with @renamed -> the former one
}

// newOrigin reads a schema; nil is one without anything.
func newOrigin(s *schema.Schema, side string) *origin {
	o := &origin{schema: s, side: side, api: &ast.Schema{}, owner: map[string]string{}, at: map[string]schema.Position{}, from: map[string]string{}}
	if s == nil {
		o.schema = &schema.Schema{}
		return o
	}
	o.api, o.file = s.API.AST, s.File
	for _, c := range s.Collections {
		for _, name := range []string{"%", "%Connection", "%Edge", "%WhereInput", "%ListFilter", "%OrderByInput", "%Input", "PartialUpdate%Input",
			"%BatchPayload", "%Aggregate", "%AggregateKey", "%AggregateRange", "%AggregateSum", "%AggregateAvg", "%GroupBy",
			"%IncInput", "%ElementsInput", "%ByInput"} {
			o.owner[strings.Replace(name, "%", c.Name, 1)] = c.Name
		}
		for _, f := range c.Fields {
			if f.Target != nil {
				o.owner[c.Name+strings.ToUpper(f.Name[:1])+f.Name[1:]+"Relation"] = c.Name + "." + f.Name
			}
		}
	}
	for _, e := range s.Embedded {
		o.owner[e.Name], o.owner[e.Name+"Input"], o.owner[e.Name+"WhereInput"] = e.Name, e.Name, e.Name
	}
	for _, e := range s.Enums {
		o.owner[e.Name] = e.Name
	}
	o.declarations()
	return o
}

// declarations notes the places of what the file declares.
func (o *origin) declarations() {
	doc, err := parser.ParseSchema(&ast.Source{Name: o.file, Input: o.schema.SDL})
	if err != nil {
		return // what was loaded in parts is told without its line
	}
	note := func(name string, p *ast.Position) {
		if _, known := o.at[name]; !known && p != nil {
			o.at[name] = schema.Position{File: o.file, Line: p.Line, Column: p.Column}
		}
	}
	for _, def := range append(doc.Definitions, doc.Extensions...) {
		note(def.Name, def.Position)
		if def.Kind == ast.InputObject {
			o.owner[def.Name] = def.Name
		}
		for _, f := range def.Fields {
			path := def.Name + "." + f.Name
			note(path, f.Position)
			if d := f.Directives.ForName("renamed"); d != nil && d.Arguments.ForName("from") != nil {
				o.from[path] = def.Name + "." + d.Arguments.ForName("from").Value.Raw
			}
		}
		for _, v := range def.EnumValues {
			note(def.Name+"."+v.Name, v.Position)
		}
	}
}

// declares reports whether the file has that type, field or value.
func (o *origin) declares(name string) bool {
	_, ok := o.at[name]
	return ok
}

// of is what a member of a type of the API, or an argument of a member, is
// generated from. A member comes and goes with its type: one whose type the
// other API has not is there for what that type is there for.
func (o *origin) of(name, member, arg string, other *origin) string {
	def := o.api.Types[name]
	if def == nil {
		return name
	}
	f := def.Fields.ForName(member)
	if def == o.api.Query || def == o.api.Mutation {
		return o.root(def, f, arg, other)
	}
	if arg != "" {
		if cause := o.behind(f.Arguments.ForName(arg).Type, other); cause != "" {
			return cause
		}
	}
	owner := o.owner[name]
	if o.declares(name + "." + member) {
		return name + "." + member
	}
	c := o.schema.Collection(owner)
	if c != nil && name == owner+"ByInput" {
		for _, u := range c.UpsertKeys() {
			if slices.ContainsFunc(u.Fields, func(f *schema.Field) bool { return f.Name == member }) {
				return key(c, u)
			}
		}
	}
	if o.declares(owner + "." + member) {
		return owner + "." + member
	}
	if c != nil {
		for _, field := range c.Fields {
			if member != "" && (field.Aggregate == member || field.NullFilter() == member) {
				return owner + "." + field.Name
			}
		}
	}
	if f != nil {
		if cause := o.behind(f.Type, other); cause != "" {
			return cause
		}
	}
	return owner
}

// key is where a unique key is declared: on its field, or on the type.
func key(c *schema.Collection, u *schema.Unique) string {
	if len(u.Fields) == 1 {
		return c.Name + "." + u.Fields[0].Name
	}
	return c.Name
}

// behind is what a type is there for that the other API has not: the declared
// type if that has come or gone with it, else its first member. It is "" where
// the other API has the type too.
func (o *origin) behind(t *ast.Type, other *origin) string {
	def := o.api.Types[t.Name()]
	if def == nil || other.api.Types[def.Name] != nil {
		return ""
	}
	owner := o.owner[def.Name]
	switch {
	case other.api.Types[owner] == nil:
		return owner
	case len(def.EnumValues) > 0:
		return o.of(def.Name, def.EnumValues[0].Name, "", other)
	case len(def.Fields) > 0:
		return o.of(def.Name, def.Fields[0].Name, "", other)
	}
	return ""
}

// root is what a root field, or an argument of one, comes from.
func (o *origin) root(def *ast.Definition, f *ast.FieldDefinition, arg string, other *origin) string {
	r := o.entry(def, f.Name)
	if r == nil {
		return def.Name
	}
	if r.Declared != nil {
		return def.Name + "." + r.Name
	}
	path := func(field string) string { return r.Collection.Name + "." + field }
	switch {
	case r.Op == schema.FindUnique && arg != "":
		return path(arg)
	case r.Op == schema.FindUnique:
		return key(r.Collection, r.Unique)
	case r.Op == schema.Me && r.Collection.Identity != nil:
		return path(r.Collection.Identity.Name)
	}
	for _, a := range f.Arguments { // a root field comes and goes with the types of its arguments
		if arg == "" || arg == a.Name {
			if cause := o.behind(a.Type, other); cause != "" {
				return cause
			}
		}
	}
	return r.Collection.Name
}

// entry is the root of that name.
func (o *origin) entry(def *ast.Definition, name string) *schema.Root {
	if def == o.api.Query {
		return o.schema.API.Query[name]
	}
	return o.schema.API.Mutation[name]
}
