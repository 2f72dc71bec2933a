package main

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"flora.dev/flora/deploy"
	"flora.dev/flora/rules"
	"flora.dev/flora/schema"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/formatter"
	"github.com/vektah/gqlparser/v2/parser"
)

// indexQuestion is an operation that clients can ask.
type indexQuestion struct{ text, why string }

// indexQuestions are the lists, look-ups and relations of a schema, each in the
// order of its ids and, if guess is set, with the newest first where the server
// notes when documents were made.
func indexQuestions(s *schema.Schema, guess bool) (list []indexQuestion) {
	api := s.API.AST
	finders := map[*schema.Collection]string{}
	for _, name := range slices.Sorted(maps.Keys(s.API.Query)) {
		root := s.API.Query[name]
		def := api.Query.Fields.ForName(name)
		if def == nil || root.Collection == nil {
			continue
		}
		switch root.Op {
		case schema.FindByID:
			finders[root.Collection] = name
		case schema.List, schema.LookUpList:
			for _, o := range newest(root.Collection, guess) {
				list = append(list, indexQuestion{"{ " + name + arguments(api, def, root, o.text) + listed(api, def, root.Op == schema.List && o.text == "") + " }", name + o.why})
			}
		case schema.FindUnique, schema.LookUp:
			list = append(list, indexQuestion{"{ " + name + arguments(api, def, root, "") + " { _id } }", name})
		}
	}
	for _, c := range s.Collections {
		for _, f := range c.Fields {
			def := api.Types[c.Name].Fields.ForName(f.Name)
			if finders[c] == "" || !f.Many() || def == nil {
				continue
			}
			for _, o := range newest(f.Target, guess) {
				text := fmt.Sprintf("{ %s(id: \"x\") { %s%s%s } }", finders[c], f.Name, arguments(api, def, nil, o.text), listed(api, def, false))
				list = append(list, indexQuestion{text, f.Path() + o.why})
			}
		}
	}
	return list
}

// clientQuestion is a query of a client with values for its variables: for all,
// or for those that must have one. It begins every list at its beginning, as the
// client did who got a cursor.
func clientQuestion(s *schema.Schema, q deploy.Query, all bool) indexQuestion {
	doc := *q.Document
	op := *doc.Operations[0]
	rewind(op.SelectionSet)
	for _, f := range doc.Fragments {
		rewind(f.SelectionSet)
	}
	variables := op.VariableDefinitions
	op.VariableDefinitions, doc.Operations = nil, ast.OperationList{&op}
	body := formatted(&doc)
	for _, v := range variables {
		if !regexp.MustCompile(`\$` + v.Variable + `\b`).MatchString(body) {
			continue
		}
		given := *v
		if v.DefaultValue == nil && (all || v.Type.NonNull) {
			if d, err := parser.ParseQuery(&ast.Source{Input: "query ($v: Int = " + sample(s.API.AST, v.Type) + ") { v }"}); err == nil {
				given.DefaultValue = d.Operations[0].VariableDefinitions[0].DefaultValue
			}
		}
		op.VariableDefinitions = append(op.VariableDefinitions, &given)
	}
	return indexQuestion{formatted(&doc), nameOf(q)}
}

func nameOf(q deploy.Query) string { return q.Title + " (" + q.At + ")" }

func formatted(doc *ast.QueryDocument) string {
	var text strings.Builder
	formatter.NewFormatter(&text).FormatQueryDocument(doc)
	return text.String()
}

// rewind takes the cursors from a selection.
func rewind(set ast.SelectionSet) {
	for _, s := range set {
		switch s := s.(type) {
		case *ast.Field:
			s.Arguments = slices.DeleteFunc(s.Arguments, func(a *ast.Argument) bool { return a.Name == "after" || a.Name == "before" || a.Name == "_cursor" })
			rewind(s.SelectionSet)
		case *ast.InlineFragment:
			rewind(s.SelectionSet)
		}
	}
}

// sorting is a value of orderBy, "" for none.
type sorting struct{ text, why string }

var readsClock = regexp.MustCompile(`\bnow\b`)

// newest are the orders in which documents are usually listed.
func newest(c *schema.Collection, guess bool) []sorting {
	list := []sorting{{}}
	for _, f := range c.Fields {
		if guess && f.Kind == rules.Time && !f.List && (f.Set != nil && readsClock.MatchString(f.Set.Text) || f.Default != nil && readsClock.MatchString(f.Default.Text)) {
			list = append(list, sorting{"[{" + f.Name + ": DESC}]", " by " + f.Name + ", the newest first"})
		}
	}
	return list
}

// arguments are those of a field that must be given or that it looks up by, and orderBy.
func arguments(api *ast.Schema, def *ast.FieldDefinition, root *schema.Root, orderBy string) string {
	var out []string
	for _, a := range def.Arguments {
		switch {
		case a.Name == "orderBy" && orderBy != "":
			out = append(out, "orderBy: "+orderBy)
		case a.Type.NonNull && a.DefaultValue == nil || root != nil && slices.ContainsFunc(root.Terms, func(t schema.Term) bool { return t.Arg == a.Name }):
			out = append(out, a.Name+": "+sample(api, a.Type))
		}
	}
	if len(out) == 0 {
		return ""
	}
	return "(" + strings.Join(out, ", ") + ")"
}

// listed selects the documents of a list, however it is declared.
func listed(api *ast.Schema, def *ast.FieldDefinition, total bool) string {
	t := api.Types[def.Type.Name()]
	for _, name := range []string{"nodes", "data"} {
		if t.Fields.ForName(name) == nil || t.Fields.ForName("pageInfo") == nil && t.Fields.ForName("after") == nil {
			continue
		}
		if total && t.Fields.ForName("totalCount") != nil {
			return " { totalCount " + name + " { _id } }"
		}
		return " { " + name + " { _id } }"
	}
	return " { _id }"
}

// sample is a value of a type.
func sample(api *ast.Schema, t *ast.Type) string {
	if t.Elem != nil {
		return "[" + sample(api, t.Elem) + "]"
	}
	switch t.NamedType {
	case "Int", "Long", "Float":
		return "1"
	case "Boolean":
		return "true"
	case "Date":
		return `"2026-01-01"`
	case "Time":
		return `"2026-01-01T00:00:00Z"`
	case "UUID":
		return `"00000000-0000-4000-8000-000000000000"`
	case "Decimal":
		return `"1"`
	}
	def := api.Types[t.NamedType]
	switch {
	case def != nil && def.Kind == ast.Enum:
		return def.EnumValues[0].Name
	case def != nil && def.Kind == ast.InputObject:
		var members []string
		for _, f := range def.Fields {
			if f.Type.NonNull && f.DefaultValue == nil {
				members = append(members, f.Name+": "+sample(api, f.Type))
			}
		}
		return "{" + strings.Join(members, ", ") + "}"
	}
	return `"x"`
}
