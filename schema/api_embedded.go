package schema

import (
	"flora.dev/flora/rules"
	"github.com/vektah/gqlparser/v2/ast"
)

// Embedded types in the derived API: the type, its input, its filter.

// embedded prints the embedded types. The developer's own inputs take the place
// of those that have their name.
func (w *apiWriter) embedded(own func(name string) *ast.Definition) {
	given, asked := map[*Embedded]bool{}, map[*Embedded]bool{}
	lists := false
	for _, c := range w.schema.Collections {
		for _, f := range c.Fields {
			if f.Embedded == nil {
				continue
			}
			if f.Settable() {
				f.Embedded.reach(given)
			}
			if f.EmbeddedList {
				lists = true
			} else {
				f.Embedded.reach(asked)
			}
		}
	}
	for _, e := range w.schema.Embedded {
		w.describe("", e.Description)
		w.line("type %s {", e.Name)
		for _, f := range e.Fields {
			w.describe("  ", f.Description)
			w.line("  %s: %s", f.Name, f.outputType())
			w.used[f.TypeName] = true
		}
		w.line("}\n")
		if given[e] && own(e.Name+"Input") == nil {
			w.line("input %sInput {", e.Name)
			for _, f := range e.Fields {
				w.describe("  ", f.Description)
				w.line("  %s: %s", f.Name, f.inputType())
			}
			w.line("}\n")
		}
		if asked[e] {
			lists = w.embeddedFilter(e) || lists
		}
	}
	if lists {
		w.line("input EmbeddedListFilter {\n  isNull: Boolean\n}\n")
	}
}

// reach notes e and what is nested in it.
func (e *Embedded) reach(seen map[*Embedded]bool) {
	if seen[e] {
		return
	}
	seen[e] = true
	for _, f := range e.Fields {
		if f.Type != nil {
			f.Type.reach(seen)
		}
	}
}

func (f *EmbeddedField) outputType() string {
	t := f.TypeName
	if f.List {
		t = "[" + t + "!]"
	}
	if f.NonNull && f.Kind != rules.Ref {
		t += "!"
	}
	return t
}

func (f *EmbeddedField) inputType() string {
	t := f.TypeName
	switch f.Kind {
	case rules.Embedded:
		t += "Input"
	case rules.Ref:
		t = "ID"
	}
	if f.List {
		t = "[" + t + "!]"
	}
	if f.NonNull && f.Kind != rules.Ref {
		t += "!"
	}
	return t
}

// embeddedFilter prints the filter of an embedded type. It reports whether it
// needs that of lists.
func (w *apiWriter) embeddedFilter(e *Embedded) (lists bool) {
	w.line("input %sWhereInput {", e.Name)
	w.line("  isNull: Boolean")
	for _, f := range e.Fields {
		switch {
		case f.Name == "isNull" || f.Kind == rules.Ref:
		case f.List:
			lists = true
			w.line("  %s: EmbeddedListFilter", f.Name)
		case f.Kind == rules.Embedded:
			w.line("  %s: %sWhereInput", f.Name, f.TypeName)
		default:
			w.filterOf(f.Name, f.Kind, f.TypeName)
		}
	}
	w.line("}\n")
	return lists
}

// filterOf prints a member of a filter that asks a scalar.
func (w *apiWriter) filterOf(name string, k rules.Kind, typeName string) {
	if k == rules.Enum {
		w.enums[typeName] = true
	}
	w.kinds[k] = true
	w.line("  %s: %sFilter", name, typeName)
}

// listFilterOf prints a member of a filter that asks a list of scalars.
func (w *apiWriter) listFilterOf(f *Field) {
	if !comparable(f.Kind) {
		w.filterOf(f.Name, f.Kind, f.TypeName)
		return
	}
	w.lists[f.TypeName] = true
	w.line("  %s: %sElementsFilter", f.Name, f.TypeName)
}

// elementsFilters prints the filters of lists of scalars.
func (w *apiWriter) elementsFilters(name string) {
	if w.lists[name] {
		w.line("input %sElementsFilter {\n  has: %s\n  hasAny: [%s!]\n  isNull: Boolean\n}\n", name, name, name)
	}
}
