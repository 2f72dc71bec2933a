package main

import (
	"encoding/json"
	"fmt"

	"flora.dev/flora/rules"
	"flora.dev/flora/schema"
	"github.com/goccy/go-yaml/ast"
)

// fieldValue reads a YAML value as the value that a field stores. Where it is
// none, want says what one looks like.
func fieldValue(n ast.Node, f *schema.Field) (v rules.Value, want string) {
	if f.Embedded == nil || n.Type() == ast.NullType {
		return seedValue(n, f.Field)
	}
	x, want := embedded(n, f.Embedded, f.EmbeddedList)
	if want != "" {
		return v, want
	}
	text, ok := rules.CanonicalJSON(x)
	if !ok {
		return v, "a value that is not nested deeper than 32"
	}
	return rules.Value{Kind: rules.Embedded, V: text}, ""
}

// embedded reads a value of an embedded type, or a list of them.
func embedded(n ast.Node, e *schema.Embedded, list bool) (v any, want string) {
	if list {
		nodes, ok := n.(*ast.SequenceNode)
		if !ok {
			return nil, "a list of " + e.Name
		}
		out := make([]any, len(nodes.Values))
		for i, x := range nodes.Values {
			if out[i], want = embedded(x, e, false); want != "" {
				return nil, want
			}
		}
		return out, ""
	}
	values, ok := n.(ast.MapNode)
	if !ok {
		return nil, fmt.Sprintf("a mapping of fields of %s to values", e.Name)
	}
	out := map[string]any{}
	for it := values.MapRange(); it.Next(); {
		name := it.Key().GetToken().Value
		f := e.Field(name)
		if f == nil || f.Kind == rules.Ref {
			return nil, fmt.Sprintf("a %s, which stores no field %s", e.Name, name)
		}
		if it.Value().Type() == ast.NullType {
			continue
		}
		if f.Type != nil {
			if out[name], want = embedded(it.Value(), f.Type, f.List); want != "" {
				return nil, want
			}
			continue
		}
		v, want := seedValue(it.Value(), &rules.Field{Name: name, Kind: f.Kind, List: f.List, Values: f.Values, TypeName: f.TypeName})
		if want != "" {
			return nil, fmt.Sprintf("a %s whose %s is %s", e.Name, name, want)
		}
		out[name] = seedJSON(f.Kind, v.V)
	}
	for _, f := range e.Fields {
		if f.NonNull && f.Kind != rules.Ref && out[f.Name] == nil {
			return nil, fmt.Sprintf("a %s with its %s", e.Name, f.Name)
		}
	}
	return out, ""
}

// seedJSON is a scalar as it stands in the text of an embedded value.
func seedJSON(k rules.Kind, v any) any {
	switch x := v.(type) {
	case []any:
		out := make([]any, len(x))
		for i, e := range x {
			out[i] = seedJSON(k, e)
		}
		return out
	case int64:
		return json.Number(fmt.Sprint(x))
	case float64:
		b, _ := json.Marshal(x)
		return json.Number(b)
	case string:
		if k == rules.JSON {
			return json.RawMessage(x)
		}
	}
	return v
}

// jsonOf reads any YAML value as JSON. It is not ok for what JSON has not.
func jsonOf(n ast.Node) (v any, ok bool) {
	switch n := n.(type) {
	case *ast.NullNode:
		return nil, true
	case *ast.BoolNode:
		return n.Value, true
	case *ast.IntegerNode, *ast.FloatNode:
		text := json.Number(n.GetToken().Value)
		return text, json.Valid([]byte(text))
	case *ast.SequenceNode:
		out := make([]any, len(n.Values))
		for i, e := range n.Values {
			if out[i], ok = jsonOf(e); !ok {
				return nil, false
			}
		}
		return out, true
	case ast.MapNode:
		out := map[string]any{}
		for it := n.MapRange(); it.Next(); {
			if out[it.Key().GetToken().Value], ok = jsonOf(it.Value()); !ok {
				return nil, false
			}
		}
		return out, true
	}
	s, ok := str(n)
	return s, ok
}
