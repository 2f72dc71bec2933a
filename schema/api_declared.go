package schema

import (
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// What the developer declared beside collections, in the derived API.

// root prints a generated root field, unless the developer's own has its name.
func (w *apiWriter) root(of map[string]*Root, name, format string, args ...any) {
	if r := of[name]; r != nil && r.Declared == nil {
		w.line("  "+name+format, args...)
	}
}

// declared prints the developer's own root fields.
func (w *apiWriter) declared(of map[string]*Root, list []declaredRoot, mutation bool) {
	for _, d := range list {
		r := of[d.def.Name]
		if d.mutation != mutation || r == nil || r.Declared != d.def {
			continue
		}
		w.describe("  ", d.def.Description)
		var args []string
		for _, a := range d.def.Arguments {
			text := a.Name + ": " + a.Type.String()
			if a.DefaultValue != nil {
				text += " = " + a.DefaultValue.String()
			}
			args = append(args, text)
		}
		t := d.def.Type.String()
		page := d.def.Type.Elem != nil && r.Collection != nil
		switch paginated := boolean(named(d.directives, "resolver"), "paginated"); {
		case r.Op == LookUp:
			t = r.Collection.Name
		case r.Op == LookUpList, page && (paginated || !mutation && !r.Resolver):
			t = r.Collection.Name + "Connection"
			if r.Op == LookUpList {
				t += "!"
			}
			args = append(args, w.pageArguments(d.def, r.Collection)...)
		}
		list := ""
		if len(args) > 0 {
			list = "(" + strings.Join(args, ", ") + ")"
		}
		w.line("  %s%s: %s%s", r.Name, list, t, deprecated(named(d.directives, "deprecated")))
	}
}

// pageArguments are those of every list, and Fauna's names for two of them,
// except where the developer's own have the name.
func (w *apiWriter) pageArguments(def *ast.FieldDefinition, c *Collection) []string {
	all := append([]string{"_size: Int", "_cursor: String"},
		strings.Split(strings.Trim(listArguments(c.Object), "()"), ", ")...)
	var out []string
	for _, a := range all {
		name, _, _ := strings.Cut(a, ":")
		if def.Arguments.ForName(name) == nil {
			out = append(out, a)
		}
	}
	return out
}

func boolean(d *ast.Directive, name string) bool {
	if d == nil {
		return false
	}
	a := d.Arguments.ForName(name)
	return a != nil && a.Value.Raw == "true"
}

// own prints the developer's own input types.
func (w *apiWriter) own(inputs []*ast.Definition) {
	for _, def := range inputs {
		w.describe("", def.Description)
		w.line("input %s {", def.Name)
		for _, f := range def.Fields {
			w.describe("  ", f.Description)
			text := f.Name + ": " + f.Type.String()
			if f.DefaultValue != nil {
				text += " = " + f.DefaultValue.String()
			}
			w.line("  %s", text)
			w.used[f.Type.Name()] = true
		}
		w.line("}\n")
	}
}

// types that the developer's own root fields name.
func (w *apiWriter) uses(list []declaredRoot) {
	for _, d := range list {
		w.used[d.def.Type.Name()] = true
		for _, a := range d.def.Arguments {
			w.used[a.Type.Name()] = true
		}
	}
}
