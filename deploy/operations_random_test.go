package deploy

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// generator makes valid operations of an API, one a line: small ones, so that
// few changes concern each.
type generator struct {
	*rand.Rand
	api       *ast.Schema
	n         int
	variables []string
	fragments []string
}

func (g *generator) operation() string {
	g.n++
	g.variables, g.fragments = nil, nil
	kind, root := "query", g.api.Query
	if g.api.Mutation != nil && g.IntN(3) == 0 {
		kind, root = "mutation", g.api.Mutation
	}
	f := root.Fields[g.IntN(len(root.Fields))]
	for strings.HasPrefix(f.Name, "__") {
		f = root.Fields[g.IntN(len(root.Fields))]
	}
	body := g.field(f, 4)
	head := fmt.Sprintf("%s Q%d", kind, g.n)
	if len(g.variables) > 0 {
		head += "(" + strings.Join(g.variables, ", ") + ")"
	}
	return head + " { " + body + " } " + strings.Join(g.fragments, " ") + "\n"
}

func (g *generator) field(f *ast.FieldDefinition, depth int) string {
	var args []string
	for _, a := range f.Arguments {
		if a.Type.NonNull && a.DefaultValue == nil || g.IntN(4) == 0 {
			args = append(args, a.Name+": "+g.value(a.Type, 3))
		}
	}
	out := f.Name
	if len(args) > 0 {
		out += "(" + strings.Join(args, ", ") + ")"
	}
	return out + g.selection(f.Type.Name(), depth)
}

func (g *generator) selection(name string, depth int) string {
	def := g.api.Types[name]
	if def.Kind != ast.Object {
		return ""
	}
	chosen, deep := []string{"__typename"}, false
	for _, i := range g.Perm(len(def.Fields)) {
		f := def.Fields[i]
		object := g.api.Types[f.Type.Name()].Kind == ast.Object
		if len(chosen) > 2 || object && (deep || depth == 0) {
			continue
		}
		deep = deep || object
		chosen = append(chosen, g.field(f, depth-1))
	}
	set := "{ " + strings.Join(chosen, " ") + " }"
	switch g.IntN(6) {
	case 0:
		fragment := fmt.Sprintf("F%d_%d", g.n, len(g.fragments))
		g.fragments = append(g.fragments, "fragment "+fragment+" on "+name+" "+set)
		return " { ..." + fragment + " }"
	case 1:
		return " { ... on " + name + " " + set + " }"
	}
	return " " + set
}

func (g *generator) value(t *ast.Type, depth int) string {
	if g.IntN(5) == 0 {
		variable := fmt.Sprintf("$v%d", len(g.variables))
		g.variables = append(g.variables, "")
		declared := variable + ": " + t.String()
		if before := len(g.variables); g.IntN(3) == 0 { // a default has no variables in it
			if value := g.value(t, depth); len(g.variables) == before {
				declared += " = " + value
			}
			g.variables = g.variables[:before]
		}
		g.variables[len(g.variables)-1] = declared
		return variable
	}
	if !t.NonNull && (depth <= 0 || g.IntN(8) == 0) {
		return "null"
	}
	if t.Elem != nil {
		return "[" + g.value(t.Elem, depth) + "]"
	}
	switch def := g.api.Types[t.Name()]; {
	case def.Kind == ast.Enum:
		return def.EnumValues[g.IntN(len(def.EnumValues))].Name
	case def.Kind == ast.InputObject:
		var members []string
		some := g.IntN(len(def.Fields))
		for i, f := range def.Fields {
			if f.Type.NonNull && f.DefaultValue == nil || i == some {
				members = append(members, f.Name+": "+g.value(f.Type, depth-1))
			}
		}
		return "{" + strings.Join(members, ", ") + "}"
	}
	switch t.Name() {
	case "Int", "Long":
		return "3"
	case "Float":
		return "1.5"
	case "Boolean":
		return "true"
	}
	return `"2026-01-31"`
}
