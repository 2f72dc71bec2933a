package graph

import (
	"errors"

	"flora.dev/flora/schema"
	"github.com/vektah/gqlparser/v2/ast"
)

// Object reads the JSON text of an object as strictly as the variables of a
// request: what a tool sends as text. Numbers are json.Number.
func Object(text string) (map[string]any, error) {
	limits := DefaultLimits()
	in, err := decodeVariables(&Request{Variables: []byte(text)}, &limits)
	if err != nil {
		return nil, errors.New("expected a JSON object, found something else, a member twice, or malformed JSON")
	}
	return in, nil
}

// Input coerces what Object read to the data argument of a mutation field: the
// form that Field.Args has. It is nil where the field takes no data.
func Input(s *schema.Schema, field string, in map[string]any) (map[string]any, error) {
	def := s.API.AST.Mutation.Fields.ForName(field)
	if def == nil {
		return nil, Errorf(BadUserInput, "there is no mutation %s", field)
	}
	var data *ast.ArgumentDefinition
	if data = def.Arguments.ForName("data"); data == nil {
		if len(in) > 0 {
			return nil, Errorf(BadUserInput, "%s takes no data", field)
		}
		return nil, nil
	}
	if in == nil {
		in = map[string]any{}
	}
	c := coercer{schema: s.API.AST}
	v, err := c.value(data.Type, in, &place{name: "data", of: field})
	if err != nil {
		return nil, err
	}
	return v.(map[string]any), nil
}
