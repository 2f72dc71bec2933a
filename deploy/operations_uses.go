package deploy

import (
	"fmt"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// What an operation does with a part of an API, written before its coordinate.
const (
	lacks = "!" // it does not surely give a value there
	reads = ">" // values of the enum are in its answer
)

// uses are the schema coordinates that an operation touches: types, fields,
// arguments, members of inputs and values of enums that it names, those behind
// lacks and reads, and those that its variables may touch.
type uses map[string]use

// use is the first place.
type use struct {
	at       string
	variable string // "" where the operation names the coordinate itself
}

// of is how an operation touches what changes.
func (u uses) of(ch change) (found use, ok bool) {
	for _, t := range ch.touches {
		if one, has := u[t]; has && (!ok || found.variable != "" && one.variable == "") {
			found, ok = one, true
		}
	}
	return found, ok
}

// usage walks an operation that is valid under the old API.
type usage struct {
	old, new  *ast.Schema
	doc       *ast.QueryDocument
	operation *ast.OperationDefinition
	uses      uses
	seen      map[string]bool // fragments, and types behind variables
}

func usesOf(op *operation, doc *ast.QueryDocument, old, new *ast.Schema) uses {
	w := &usage{old: old, new: new, doc: doc, operation: op.OperationDefinition, uses: uses{}, seen: map[string]bool{}}
	for _, v := range w.operation.VariableDefinitions {
		if v.DefaultValue != nil {
			w.value(v.DefaultValue, v.Type)
		}
	}
	root := old.Query
	if w.operation.Operation == ast.Mutation {
		root = old.Mutation
	}
	w.selections(root, w.operation.SelectionSet)
	return w.uses
}

func (w *usage) note(coordinate string, p *ast.Position, variable string) {
	if first, ok := w.uses[coordinate]; !ok || first.variable != "" && variable == "" {
		w.uses[coordinate] = use{fmt.Sprintf("%s:%d:%d", p.Src.Name, p.Line, p.Column), variable}
	}
}

func (w *usage) selections(parent *ast.Definition, set ast.SelectionSet) {
	for _, s := range set {
		switch s := s.(type) {
		case *ast.Field:
			w.field(parent, s)
		case *ast.InlineFragment:
			w.note(parent.Name, s.Position, "")
			w.selections(parent, s.SelectionSet) // of the same type: the API has no others
		case *ast.FragmentSpread:
			w.note(parent.Name, s.Position, "")
			if f := w.doc.Fragments.ForName(s.Name); f != nil && !w.seen["..."+s.Name] {
				w.seen["..."+s.Name] = true
				w.selections(parent, f.SelectionSet)
			}
		}
	}
}

func (w *usage) field(parent *ast.Definition, f *ast.Field) {
	def := parent.Fields.ForName(f.Name)
	if def == nil || strings.HasPrefix(f.Name, "__") {
		return
	}
	path := parent.Name + "." + f.Name
	w.note(parent.Name, f.Position, "")
	w.note(path, f.Position, "")
	for _, a := range f.Arguments {
		if arg := def.Arguments.ForName(a.Name); arg != nil {
			w.note(path+"("+a.Name+":)", a.Position, "")
			w.value(a.Value, arg.Type)
		}
	}
	if next := w.new.Types[parent.Name]; next != nil && next.Fields.ForName(f.Name) != nil {
		for _, arg := range next.Fields.ForName(f.Name).Arguments {
			if a := f.Arguments.ForName(arg.Name); a == nil || !w.given(a.Value) {
				w.note(lacks+path+"("+arg.Name+":)", f.Position, "")
			}
		}
	}
	answer := w.old.Types[def.Type.Name()]
	w.note(answer.Name, f.Position, "")
	if answer.Kind == ast.Enum {
		w.note(reads+answer.Name, f.Position, "")
	}
	w.selections(answer, f.SelectionSet)
}

// given reports whether a value is surely not null.
func (w *usage) given(v *ast.Value) bool {
	if v.Kind == ast.Variable {
		def := w.operation.VariableDefinitions.ForName(v.Raw)
		return def != nil && (def.Type.NonNull || def.DefaultValue != nil && def.DefaultValue.Kind != ast.NullValue)
	}
	return v.Kind != ast.NullValue
}

func (w *usage) value(v *ast.Value, t *ast.Type) {
	def := w.old.Types[t.Name()]
	if def == nil {
		return
	}
	w.note(def.Name, v.Position, "")
	switch {
	case v.Kind == ast.Variable:
		w.behind(def.Name, v)
	case v.Kind == ast.ListValue:
		for _, child := range v.Children {
			w.value(child.Value, t)
		}
	case v.Kind == ast.EnumValue:
		w.note(def.Name+"."+v.Raw, v.Position, "")
	case v.Kind == ast.ObjectValue && def.Kind == ast.InputObject:
		for _, child := range v.Children {
			if member := def.Fields.ForName(child.Name); member != nil {
				w.note(def.Name+"."+child.Name, child.Position, "")
				w.value(child.Value, member.Type)
			}
		}
		if next := w.new.Types[def.Name]; next != nil {
			for _, member := range next.Fields {
				if child := v.Children.ForName(member.Name); child == nil || !w.given(child) {
					w.note(lacks+def.Name+"."+member.Name, v.Position, "")
				}
			}
		}
	}
}

// behind notes what a variable of an input type may give or leave out.
func (w *usage) behind(name string, v *ast.Value) {
	if w.seen[name] {
		return
	}
	w.seen[name] = true
	for _, api := range []*ast.Schema{w.old, w.new} {
		def := api.Types[name]
		switch {
		case def == nil:
		case def.Kind == ast.Enum:
			for _, value := range def.EnumValues {
				w.note(name+"."+value.Name, v.Position, v.Raw)
			}
		case def.Kind == ast.InputObject:
			for _, member := range def.Fields {
				w.note(name+"."+member.Name, v.Position, v.Raw)
				w.note(lacks+name+"."+member.Name, v.Position, v.Raw)
				w.behind(member.Type.Name(), v)
			}
		}
	}
}
