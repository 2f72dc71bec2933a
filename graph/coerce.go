package graph

import (
	"encoding/json"
	"fmt"
	"sort"
	"strconv"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// coercer brings input values to the form that Field.Args promises
// (GraphQL, section 3, "Input Coercion").
//
// Literals and JSON take one way: a literal becomes the JSON value that means
// the same, with an enum value as enumName and the value of a variable, which
// was coerced before, as ready.
type coercer struct {
	schema    *ast.Schema
	variables map[string]any // coerced
	condition bool           // in a where argument a variable without a value is null
}

type (
	enumName string
	ready    struct{ value any }
)

// literal turns a literal of the document into an input value. It reports
// false for a variable that has no value.
func (c *coercer) literal(v *ast.Value) (any, bool) {
	switch v.Kind {
	case ast.Variable:
		value, ok := c.variables[v.Raw]
		return ready{value}, ok
	case ast.IntValue, ast.FloatValue:
		return json.Number(v.Raw), true
	case ast.StringValue, ast.BlockValue:
		return v.Raw, true
	case ast.BooleanValue:
		return v.Raw == "true", true
	case ast.EnumValue:
		return enumName(v.Raw), true
	case ast.ListValue:
		list := make([]any, len(v.Children))
		for i, child := range v.Children {
			list[i], _ = c.literal(child.Value) // without a value: null
		}
		return list, true
	case ast.ObjectValue:
		object := make(map[string]any, len(v.Children))
		for _, child := range v.Children {
			if value, ok := c.literal(child.Value); ok || c.condition {
				object[child.Name] = value
			}
		}
		return object, true
	}
	return nil, true // ast.NullValue
}

// arguments returns the coerced arguments of a field or directive. What has
// neither value nor default is absent.
func (c *coercer) arguments(of string, defs ast.ArgumentDefinitionList, given ast.ArgumentList) (map[string]any, *gqlerror.Error) {
	var out map[string]any
	for _, def := range defs {
		at := &place{name: def.Name, of: of}
		var v any
		ok := false
		arg := given.ForName(def.Name)
		if arg != nil {
			// A condition that vanished with its variable would widen the
			// answer: null is refused there.
			in := coercer{schema: c.schema, variables: c.variables, condition: def.Name == "where"}
			v, ok = in.literal(arg.Value)
		}
		if !ok && def.DefaultValue != nil {
			v, ok = c.literal(def.DefaultValue)
		}
		if !ok {
			if def.Type.NonNull {
				return nil, Errorf(BadUserInput, "%s: expected %s, found nothing", at, def.Type)
			}
			continue
		}
		value, err := c.value(def.Type, v, at)
		if err != nil {
			if arg != nil {
				locate(err, arg.Position)
			}
			return nil, err
		}
		if out == nil {
			out = make(map[string]any, len(given))
		}
		out[def.Name] = value
	}
	return out, nil
}

// value coerces one input value to a type.
func (c *coercer) value(t *ast.Type, v any, at *place) (any, *gqlerror.Error) {
	if r, ok := v.(ready); ok {
		if r.value == nil && t.NonNull {
			return nil, mismatch(at, t.String(), nil)
		}
		return r.value, nil // validation compared the types
	}
	if v == nil {
		if t.NonNull {
			return nil, mismatch(at, t.String(), nil)
		}
		return nil, nil
	}
	if t.Elem != nil {
		return c.list(t, v, at)
	}
	def := c.schema.Types[t.NamedType]
	switch {
	case def == nil:
		return nil, Errorf(Internal, "%s: unknown type %s", at, t.NamedType)
	case def.Kind == ast.InputObject:
		return c.object(def, v, at)
	case def.Kind == ast.Enum:
		return enum(def, v, at)
	}
	return scalar(def.Name, v, at)
}

// list coerces a list; a single value is a list of one.
func (c *coercer) list(t *ast.Type, v any, at *place) (any, *gqlerror.Error) {
	in, ok := v.([]any)
	if !ok {
		one, err := c.value(t.Elem, v, at)
		if err != nil {
			return nil, err
		}
		return []any{one}, nil
	}
	out := make([]any, len(in))
	for i, item := range in {
		var err *gqlerror.Error
		if out[i], err = c.value(t.Elem, item, &place{parent: at, index: i}); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (c *coercer) object(def *ast.Definition, v any, at *place) (any, *gqlerror.Error) {
	in, ok := v.(map[string]any)
	if !ok {
		return nil, mismatch(at, "an object "+def.Name, v)
	}
	for _, name := range sortedKeys(in) {
		if def.Fields.ForName(name) == nil {
			return nil, Errorf(BadUserInput, "%s: expected a field of %s, found %s", at, def.Name, clip(strconv.Quote(name)))
		}
	}
	out := make(map[string]any, len(in))
	for _, f := range def.Fields {
		at := &place{parent: at, name: f.Name}
		item, ok := in[f.Name]
		if !ok && f.DefaultValue != nil {
			item, ok = c.literal(f.DefaultValue)
		}
		if !ok {
			if f.Type.NonNull {
				return nil, Errorf(BadUserInput, "%s: expected %s, found nothing", at, f.Type)
			}
			continue
		}
		var err *gqlerror.Error
		if out[f.Name], err = c.value(f.Type, item, at); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func enum(def *ast.Definition, v any, at *place) (any, *gqlerror.Error) {
	var name string
	switch v := v.(type) {
	case enumName:
		name = string(v)
	case string:
		name = v
	}
	if def.EnumValues.ForName(name) != nil {
		return name, nil
	}
	names := make([]string, 0, len(def.EnumValues))
	for _, value := range def.EnumValues {
		names = append(names, value.Name)
	}
	const shown = 10
	if len(names) > shown {
		names = append(names[:shown], "...")
	}
	return nil, mismatch(at, "a value of "+def.Name+" ("+strings.Join(names, ", ")+")", v)
}

// place says where in the input a value stands, for messages.
type place struct {
	parent *place
	name   string // "" for an element of a list
	index  int
	of     string // of an argument: its field or directive
}

func (p *place) String() string {
	path := ""
	for ; p.parent != nil; p = p.parent {
		if p.name == "" {
			path = "[" + strconv.Itoa(p.index) + "]" + path
		} else {
			path = "." + p.name + path
		}
	}
	if p.of == "" {
		return "variable $" + p.name + path
	}
	return "argument " + p.name + path + " of " + p.of
}

func mismatch(at *place, expected string, v any) *gqlerror.Error {
	return Errorf(BadUserInput, "%s: expected %s, found %s", at, expected, found(v))
}

// found describes an input value in a message.
func found(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case bool:
		return strconv.FormatBool(v)
	case json.Number:
		return clip(v.String())
	case string:
		return clip(strconv.Quote(v))
	case enumName:
		return clip(string(v))
	case []any:
		return "a list"
	case map[string]any:
		return "an object"
	}
	return fmt.Sprintf("a %T", v)
}

// clip shortens what a client sent before it is sent back.
func clip(s string) string {
	const longest = 60
	if len(s) <= longest {
		return s
	}
	return strings.ToValidUTF8(s[:longest], "") + "..."
}

func sortedKeys(m map[string]any) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}
