package graph

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"

	"flora.dev/flora/internal/strictjson"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// decodeVariables reads the JSON text of a request's variables strictly, as RFC
// 7493 has it: valid UTF-8, no lone surrogates, no member twice. Numbers stay
// text, so that 64 bits are exact. An absent text and null are no variables.
func decodeVariables(req *Request, limits *Limits) (map[string]any, *gqlerror.Error) {
	text := req.Variables
	if len(text) > limits.VariablesBytes {
		return nil, exceeds("variables too large, in bytes", len(text), limits.VariablesBytes)
	}
	if req.Decoded != nil && limits.VariablesDepth >= strictjson.MaxDepth {
		return req.Decoded, nil
	}
	if len(bytes.TrimSpace(text)) == 0 {
		return nil, nil
	}
	d := jsontext.NewDecoder(bytes.NewReader(text))
	v, err := decodeValue(d, limits.VariablesDepth)
	if err == nil {
		if _, end := d.ReadToken(); end != io.EOF {
			err = errors.New("something follows the object")
		}
	}
	if errors.Is(err, errTooDeep) {
		return nil, exceeds("variables nested too deep", limits.VariablesDepth+1, limits.VariablesDepth)
	}
	if err != nil {
		return nil, Errorf(BadUserInput, "variables: expected a JSON object, found malformed JSON at byte %d", d.InputOffset())
	}
	switch v := v.(type) {
	case nil:
		return nil, nil
	case map[string]any:
		return v, nil
	}
	return nil, Errorf(BadUserInput, "variables: expected a JSON object, found %s", found(v))
}

var errTooDeep = errors.New("nested too deep")

// decodeValue reads one value; lists and objects may nest depth times.
func decodeValue(d *jsontext.Decoder, depth int) (any, error) {
	token, err := d.ReadToken()
	if err != nil {
		return nil, err
	}
	switch token.Kind() {
	case 'n':
		return nil, nil
	case 't', 'f':
		return token.Bool(), nil
	case '"':
		return token.String(), nil
	case '0':
		return json.Number(token.String()), nil
	}
	if depth == 0 {
		return nil, errTooDeep
	}
	if token.Kind() == '[' {
		list := []any{}
		for d.PeekKind() != ']' {
			v, err := decodeValue(d, depth-1)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		_, err := d.ReadToken()
		return list, err
	}
	object := map[string]any{}
	for d.PeekKind() != '}' {
		name, err := d.ReadToken()
		if err != nil {
			return nil, err
		}
		key := name.String()
		if object[key], err = decodeValue(d, depth-1); err != nil {
			return nil, err
		}
	}
	_, err = d.ReadToken()
	return object, err
}

// coerceVariables returns the values of an operation's variables, defaults
// filled in. A variable that has no value is absent.
func coerceVariables(s *ast.Schema, op *ast.OperationDefinition, given map[string]any) (map[string]any, *gqlerror.Error) {
	c := coercer{schema: s}
	out := make(map[string]any, len(op.VariableDefinitions))
	for _, def := range op.VariableDefinitions {
		at := &place{name: def.Variable}
		v, ok := given[def.Variable]
		switch {
		case ok:
		case def.DefaultValue != nil:
			v, _ = c.literal(def.DefaultValue)
		case def.Type.NonNull:
			return nil, locate(Errorf(BadUserInput, "%s: expected %s, found nothing", at, def.Type), def.Position)
		default:
			continue
		}
		value, err := c.value(def.Type, v, at)
		if err != nil {
			return nil, locate(err, def.Position)
		}
		out[def.Variable] = value
	}
	return out, nil
}
