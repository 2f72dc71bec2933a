package web

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"flora.dev/flora/graph"
	"flora.dev/flora/internal/strictjson"
	"github.com/go-json-experiment/json/jsontext"
)

// decodePost reads the body of a POST. Its error is what a client may see.
// Duplicate members are refused at every level, as is anything that is not
// UTF-8: two readers that disagree on what a text says are a hole
// (RFC 8259 section 4, RFC 7493).
func decodePost(body []byte) (graph.Request, error) {
	if r, ok := usual(body); ok {
		return r, nil
	}
	members, err := decodeMembers(jsontext.NewDecoder(bytes.NewReader(body)))
	var broken *jsontext.SyntacticError
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return graph.Request{}, errors.New("the body is not valid JSON: it ends too early")
	case errors.Is(err, jsontext.ErrDuplicateName):
		return graph.Request{}, errors.New("the body is not valid JSON: a member is given twice")
	case errors.As(err, &broken):
		return graph.Request{}, fmt.Errorf("the body is not valid JSON, at byte %d", broken.ByteOffset)
	case err != nil:
		return graph.Request{}, err
	}
	return fromMembers(members)
}

// usual reads a body that is as it should be. What is wrong with another one is
// for a reader to say that knows more of it.
func usual(body []byte) (r graph.Request, ok bool) {
	var room [4]strictjson.Member // as many as a GraphQL request has
	members, err := strictjson.Members(room[:0], body)
	if err != nil {
		return r, false
	}
	for _, m := range members {
		ok = true
		switch string(m.Name) {
		case "query":
			r.Query, ok = m.Value.(string)
		case "operationName":
			if m.Value != nil {
				r.OperationName, ok = m.Value.(string)
			}
		case "variables":
			if m.Value != nil {
				r.Decoded, ok = m.Value.(map[string]any)
				r.Variables = m.Text
			}
		case "extensions":
			if m.Value != nil {
				_, ok = m.Value.(map[string]any)
			}
		}
		if !ok {
			return r, false
		}
	}
	return r, r.Query != ""
}

// decodeMembers reads one object, and nothing after it, as the texts of its members.
func decodeMembers(d *jsontext.Decoder) (map[string]jsontext.Value, error) {
	begin, err := d.ReadToken()
	switch {
	case err != nil:
		return nil, err
	case begin.Kind() == '[':
		return nil, errors.New("batched operations are not accepted, send one JSON object")
	case begin.Kind() != '{':
		return nil, errors.New("the body must be a JSON object with a query")
	}
	members := map[string]jsontext.Value{}
	for {
		name, err := d.ReadToken()
		if err != nil {
			return nil, err
		}
		if name.Kind() == '}' {
			break
		}
		key := name.String() // the token is valid until the next read only
		value, err := d.ReadValue()
		if err != nil {
			return nil, err
		}
		members[key] = value.Clone()
	}
	if _, err := d.ReadToken(); err == nil {
		return nil, errors.New("the body holds more than one JSON value")
	} else if err != io.EOF {
		return nil, err
	}
	return members, nil
}

// decodeGet reads the query string of a GET, where variables and extensions
// are JSON texts of their own.
func decodeGet(q url.Values) (graph.Request, error) {
	members := map[string]jsontext.Value{}
	for _, name := range []string{"query", "operationName", "variables", "extensions"} {
		values := q[name]
		switch {
		case len(values) == 0:
		case len(values) > 1:
			return graph.Request{}, fmt.Errorf("parameter %s is given twice", name)
		case name == "variables" || name == "extensions":
			if value := jsontext.Value(values[0]); values[0] != "" {
				if !value.IsValid() {
					return graph.Request{}, fmt.Errorf("parameter %s is not valid JSON", name)
				}
				members[name] = value
			}
		default:
			value, err := jsontext.AppendQuote(nil, values[0])
			if err != nil {
				return graph.Request{}, fmt.Errorf("parameter %s is not UTF-8", name)
			}
			members[name] = value
		}
	}
	r, err := fromMembers(members)
	r.ReadOnly = true
	return r, err
}

// fromMembers checks the types of the members that GraphQL over HTTP defines;
// others are ignored, so that clients may send what later versions define.
func fromMembers(members map[string]jsontext.Value) (graph.Request, error) {
	kind := func(name string) byte {
		if v := members[name]; v != nil {
			return byte(v.Kind())
		}
		return 'n'
	}
	switch kind("query") {
	case '"':
	case 'n':
		return graph.Request{}, errors.New("query is missing")
	default:
		return graph.Request{}, errors.New("query must be a string")
	}
	if k := kind("operationName"); k != '"' && k != 'n' {
		return graph.Request{}, errors.New("operationName must be a string or null")
	}
	for _, name := range []string{"variables", "extensions"} {
		if k := kind(name); k != '{' && k != 'n' {
			return graph.Request{}, fmt.Errorf("%s must be an object or null", name)
		}
	}
	r := graph.Request{Query: text(members["query"])}
	if kind("operationName") == '"' {
		r.OperationName = text(members["operationName"])
	}
	if kind("variables") == '{' {
		r.Variables = bytes.TrimSpace(members["variables"])
	}
	return r, nil
}

// text decodes a string that is known to be valid.
func text(v jsontext.Value) string {
	b, err := jsontext.AppendUnquote(nil, v)
	if err != nil {
		panic("unquote a valid JSON string: " + err.Error())
	}
	return string(b)
}

// jsonBody reports whether a POST declares a JSON body in UTF-8. Anything else
// is refused: a form or text/plain body needs no preflight, so accepting one
// would let any page on the web send operations.
func jsonBody(h http.Header) bool {
	if len(h.Values("Content-Type")) != 1 {
		return false
	}
	if h.Get("Content-Type") == plainJSON {
		return true
	}
	mediaType, params, err := mime.ParseMediaType(h.Get("Content-Type"))
	if err != nil || mediaType != "application/json" {
		return false
	}
	charset, given := params["charset"]
	return !given || strings.EqualFold(charset, "utf-8")
}
