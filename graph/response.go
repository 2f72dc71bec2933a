package graph

import (
	"bytes"
	"encoding/json"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// Request is one GraphQL request.
type Request struct {
	Query         string
	OperationName string
	Variables     []byte // JSON text of an object, null or empty
	// Decoded is what Variables says, where that is known: values as package
	// strictjson has them.
	Decoded  map[string]any
	ReadOnly bool   // mutations are refused: the request came by GET
	RetryKey string // by which the client names a mutation for its retries, "" without one
}

// Response is the answer to a Request.
type Response struct {
	// Status is the HTTP status that fits: 200 if the operation ran, failed
	// or not; 400 if the request was refused before; 405 for a mutation in a
	// ReadOnly request; 500 and 503 if it did not run for no fault of its own.
	Status int
	// Body is the JSON text { errors?, data, extensions? }, in this order, as
	// gqlgen writes it: a reader of a stream meets errors first. A request
	// that was refused has no data (GraphQL, section 7.1).
	Body []byte
	// For the log: the operation's name, the code of the first error, and the
	// documents in the data. "" and 0 where there is none.
	Operation string
	Code      string
	Documents int
}

// Statuses by their numbers: this package knows nothing of HTTP but these.
const (
	statusOK               = 200
	statusBadRequest       = 400
	statusMethodNotAllowed = 405
	statusInternal         = 500
	statusUnavailable      = 503
)

func encode(r *graphql.Response) *Response {
	out := &Response{Status: statusOK, Body: make([]byte, 0, len(r.Data)+64)}
	if r.Data == nil {
		out.Status = refusal(r.Errors)
	}
	sep := byte('{')
	member := func(name string, value []byte) {
		out.Body = append(out.Body, sep, '"')
		out.Body = append(out.Body, name...)
		out.Body = append(out.Body, '"', ':')
		out.Body = append(out.Body, value...)
		sep = ','
	}
	if len(r.Errors) > 0 {
		out.Code = codeOf(r.Errors[0])
		member("errors", marshal(r.Errors))
	}
	if r.Data != nil {
		member("data", r.Data)
	}
	if len(r.Extensions) > 0 {
		member("extensions", marshal(r.Extensions))
	}
	out.Body = append(out.Body, '}')
	return out
}

// refusal is the status of a request that did not run.
func refusal(errs gqlerror.List) int {
	for _, err := range errs {
		switch codeOf(err) {
		case Internal:
			return statusInternal
		case Unavailable:
			return statusUnavailable
		}
	}
	return statusBadRequest
}

// marshal encodes without escaping HTML.
func marshal(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return []byte("null") // a resolver's extension that is no JSON
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}
