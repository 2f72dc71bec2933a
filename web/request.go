package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"
)

// A Request is one GraphQL operation as a client sent it.
type Request struct {
	Query         string
	OperationName string
	// Variables hold nil, bool, string, json.Number, []any and map[string]any.
	Variables map[string]any
	// ReadOnly is set for GET: a mutation is refused then.
	ReadOnly bool
	// Hidden asks for extensions.hidden: what rules kept from this caller.
	Hidden bool
}

// maxJSONDepth bounds how deep a body may nest: variables may be 32 levels deep
// and are themselves one level below the body.
const maxJSONDepth = 33

// decodePost reads the body of a POST. Its error is what a client may see.
func decodePost(body []byte) (*Request, error) {
	v, err := decodeJSON(body)
	if err != nil {
		return nil, fmt.Errorf("the body is not valid JSON: %w", err)
	}
	members, ok := v.(map[string]any)
	if !ok {
		if _, batch := v.([]any); batch {
			return nil, errors.New("batched operations are not accepted, send one JSON object")
		}
		return nil, errors.New("the body must be a JSON object with a query")
	}
	return fromMembers(members)
}

// decodeGet reads the query string of a GET, where variables and extensions
// are JSON texts of their own.
func decodeGet(q url.Values) (*Request, error) {
	members := map[string]any{}
	for _, name := range []string{"query", "operationName", "variables", "extensions"} {
		values := q[name]
		if len(values) == 0 {
			continue
		}
		if len(values) > 1 {
			return nil, fmt.Errorf("parameter %s is given twice", name)
		}
		if name == "query" || name == "operationName" {
			if !utf8.ValidString(values[0]) {
				return nil, fmt.Errorf("parameter %s is not UTF-8", name)
			}
			members[name] = values[0]
			continue
		}
		if values[0] == "" {
			continue
		}
		v, err := decodeJSON([]byte(values[0]))
		if err != nil {
			return nil, fmt.Errorf("parameter %s is not valid JSON: %w", name, err)
		}
		members[name] = v
	}
	r, err := fromMembers(members)
	if r != nil {
		r.ReadOnly = true
	}
	return r, err
}

// fromMembers checks the types of the members that GraphQL over HTTP defines;
// others are ignored, as section 5.1 asks.
func fromMembers(members map[string]any) (*Request, error) {
	r := &Request{}
	switch q := members["query"].(type) {
	case string:
		r.Query = q
	case nil:
		return nil, errors.New("query is missing")
	default:
		return nil, errors.New("query must be a string")
	}
	switch n := members["operationName"].(type) {
	case nil:
	case string:
		r.OperationName = n
	default:
		return nil, errors.New("operationName must be a string or null")
	}
	switch v := members["variables"].(type) {
	case nil:
	case map[string]any:
		r.Variables = v
	default:
		return nil, errors.New("variables must be an object or null")
	}
	switch members["extensions"].(type) {
	case nil, map[string]any:
	default:
		return nil, errors.New("extensions must be an object or null")
	}
	return r, nil
}

// decodeJSON decodes one JSON text. Duplicate members are refused at every
// level: two readers that disagree on which of them counts are a hole
// (RFC 8259 section 4).
func decodeJSON(text []byte) (any, error) {
	if len(bytes.TrimSpace(text)) == 0 {
		return nil, errors.New("it is empty")
	}
	if !utf8.Valid(text) {
		return nil, errors.New("it is not UTF-8")
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	v, err := decodeValue(d, 0)
	if err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("something follows the value")
	}
	return v, nil
}

func decodeValue(d *json.Decoder, depth int) (any, error) {
	if depth > maxJSONDepth {
		return nil, fmt.Errorf("it nests deeper than %d levels", maxJSONDepth-1)
	}
	t, err := d.Token()
	if err != nil {
		return nil, plain(err)
	}
	switch t {
	case json.Delim('{'):
		return decodeObject(d, depth)
	case json.Delim('['):
		list := []any{}
		for d.More() {
			v, err := decodeValue(d, depth+1)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		_, err := d.Token()
		return list, plain(err)
	}
	return t, nil
}

func decodeObject(d *json.Decoder, depth int) (any, error) {
	object := map[string]any{}
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return nil, plain(err)
		}
		name, ok := t.(string)
		if !ok {
			return nil, errors.New("a member has no name")
		}
		if _, twice := object[name]; twice {
			return nil, fmt.Errorf("member %q is given twice", clip(name))
		}
		if object[name], err = decodeValue(d, depth+1); err != nil {
			return nil, err
		}
	}
	_, err := d.Token()
	return object, plain(err)
}

// plain says where a JSON text breaks, without Go's vocabulary.
func plain(err error) error {
	var syntax *json.SyntaxError
	switch {
	case err == nil:
		return nil
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("it ends too early")
	case errors.As(err, &syntax):
		return fmt.Errorf("%s at byte %d", syntax.Error(), syntax.Offset)
	}
	return err
}

func clip(s string) string {
	if len(s) > 40 {
		return strings.ToValidUTF8(s[:40], "") + "..."
	}
	return s
}

// jsonBody reports whether a POST declares a JSON body in UTF-8. Anything else
// is refused: a form or text/plain body needs no preflight, so accepting one
// would let any page on the web send operations.
func jsonBody(h http.Header) bool {
	if len(h.Values("Content-Type")) != 1 {
		return false
	}
	mediaType, params, err := mime.ParseMediaType(h.Get("Content-Type"))
	if err != nil || mediaType != "application/json" {
		return false
	}
	charset, given := params["charset"]
	return !given || strings.EqualFold(charset, "utf-8")
}
