package transfer

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"flora.dev/flora/graph"
	"flora.dev/flora/rules"
	"flora.dev/flora/schema"
)

// value reads what a field stores.
func (p *parser) value(f *schema.Field, x any) rules.Value {
	v := rules.Value{Kind: f.Kind, List: f.List}
	if x == nil {
		if f.NonNull {
			if c, ok := constant(f); ok {
				return c
			}
			p.fail(f.Name, "is required")
		}
		return v
	}
	at := member{name: f.Name, kind: f.Kind, list: f.List, values: f.Values, typeName: f.TypeName, of: f.Embedded}
	if f.Embedded != nil {
		at.list = f.EmbeddedList
		text, ok := rules.CanonicalJSON(p.list(at, x))
		if !ok {
			p.fail(f.Name, "is nested deeper than 32")
		}
		v.V = text
		return v
	}
	if f.ToOne() {
		at.target = p.target(f)
	}
	v.V = p.list(at, x)
	return v
}

// constant is the @default of a required field, where that needs no caller.
func constant(f *schema.Field) (rules.Value, bool) {
	if f.Default == nil {
		return rules.Value{}, false
	}
	v, known := rules.Anonymous(zero).Value(f.Default)
	c, ok := v.(rules.Val)
	return c.Value, known && ok && !c.Value.Null()
}

// member is a field of a document or of an embedded value.
type member struct {
	name     string
	kind     rules.Kind
	list     bool
	values   []string
	typeName string
	of       *schema.Embedded
	target   *Table // of a reference
}

func (p *parser) list(m member, x any) any {
	if !m.list {
		return p.one(m, x)
	}
	in, ok := x.([]any)
	if !ok {
		p.fail(m.name, "must be a list")
		return nil
	}
	out := make([]any, len(in))
	for i, e := range in {
		out[i] = p.one(m, e)
	}
	return out
}

// one reads one value: of an embedded type as JSON to be stored.
func (p *parser) one(m member, x any) any {
	switch {
	case m.of != nil:
		return p.embedded(m, x)
	case m.kind == rules.JSON:
		text, ok := rules.CanonicalJSON(loose(x))
		if !ok {
			p.fail(m.name, "must be JSON of at most 32 levels, without U+0000")
		}
		return text
	case x == nil:
		p.fail(m.name, "holds null")
		return nil
	case m.kind == rules.Ref:
		return p.reference(m, x)
	case m.kind == rules.Enum:
		s, ok := x.(string)
		if !ok || !slices.Contains(m.values, s) {
			p.fail(m.name, "must be one of %s", strings.Join(m.values, ", "))
		}
		return s
	}
	if s, ok := x.(string); ok && p.fauna && m.kind == rules.Time {
		x = microseconds(s)
	}
	out, expected, ok := graph.Scalar(m.kind.String(), x)
	if !ok {
		p.fail(m.name, "must be %s", expected)
	}
	return out
}

func (p *parser) reference(m member, x any) any {
	id := x
	if to, ok := asReference(x, p.fauna); ok {
		if id = to.id; to.collection != "" && p.Named(to.collection) != m.target {
			p.fail(m.name, "refers to another collection than %s", m.typeName)
		}
	}
	s, ok := id.(string)
	if !ok || !validID(s) {
		p.fail(m.name, "must be the _id of a %s", m.typeName)
	}
	return s
}

// embedded reads a value of an embedded type.
func (p *parser) embedded(m member, x any) any {
	in, ok := x.(map[string]any)
	if !ok {
		p.fail(m.name, "must be an object, a %s", m.of.Name)
		return nil
	}
	out, known := map[string]any{}, map[string]bool{}
	for _, f := range m.of.Fields {
		path := m.name + "." + f.Name
		v := in[f.Name]
		switch {
		case f.Kind == rules.Ref && v != nil:
			continue // not stored
		case f.Kind != rules.Ref && v == nil && f.NonNull:
			p.fail(path, "is required")
		case v != nil:
			kept := p.list(member{name: path, kind: f.Kind, list: f.List, values: f.Values, typeName: f.TypeName, of: f.Type}, v)
			if f.Type == nil {
				kept = packed(f.Kind, kept)
			}
			out[f.Name] = kept
		}
		known[f.Name] = true
	}
	for _, name := range sortedNames(in) {
		if !known[name] {
			p.unknown(m.name + "." + name)
		}
	}
	return out
}

// packed is a scalar as it stands in the text of an embedded value: times as
// microseconds.
func packed(k rules.Kind, v any) any {
	if list, ok := v.([]any); ok {
		out := make([]any, len(list))
		for i, e := range list {
			out[i] = packed(k, e)
		}
		return out
	}
	if n, ok := v.(int64); ok {
		return json.Number(fmt.Sprint(n))
	}
	return shownScalar(k, v)
}

func sortedNames(m map[string]any) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// validID reports whether a text can be an _id.
func validID(id string) bool {
	return id != "" && len(id) <= 128 && strings.IndexFunc(id, func(c rune) bool { return c < ' ' || c > '~' }) < 0
}
