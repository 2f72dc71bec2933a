package web

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"

	"flora.dev/flora/auth"
	"flora.dev/flora/graph"
)

// Executor runs operations. It never fails: what goes wrong is in the response.
type Executor interface {
	Do(ctx context.Context, r Request) *Response
}

// Response is the answer to one operation.
type Response struct {
	Body []byte // a GraphQL response, complete JSON
	// Code is the code of a request error: the operation did not run and Body
	// has no data. "" for an operation that ran.
	Code string
}

// Endpoint is a GraphQL API and who may call it.
type Endpoint struct {
	Verifier Verifier
	Executor Executor
}

// endpoint serves an Endpoint over HTTP.
type endpoint struct {
	Endpoint
	limits         Limits
	gate           *gate
	trustedProxies int
}

func (e *endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.Method {
	case http.MethodPost, http.MethodGet:
	case http.MethodOptions:
		w.Header().Set("Allow", "GET, POST, OPTIONS")
		private(w.Header())
		w.WriteHeader(http.StatusNoContent)
		return
	default:
		w.Header().Set("Allow", "GET, POST, OPTIONS")
		refuse(w, r, http.StatusMethodNotAllowed, graph.BadUserInput, "operations are sent with POST, queries with GET too")
		return
	}
	mediaType, ok := negotiate(r.Header)
	if !ok {
		refuse(w, r, http.StatusNotAcceptable, graph.BadUserInput, "answers are application/graphql-response+json or application/json")
		return
	}
	var body []byte
	if r.Method == http.MethodPost {
		if body, ok = e.body(w, r); !ok {
			return
		}
	}
	caller, ok := authenticate(w, r, e.Verifier)
	if !ok {
		return
	}
	traceOf(r.Context()).caller = caller
	leave, ok := e.enter(w, r, caller)
	if !ok {
		return
	}
	defer leave()
	e.run(w, r, mediaType, body, caller)
}

// body reads a POST body that is small enough and of the right type.
func (e *endpoint) body(w http.ResponseWriter, r *http.Request) ([]byte, bool) {
	tooLarge := func() ([]byte, bool) {
		refuse(w, r, http.StatusRequestEntityTooLarge, graph.LimitExceeded, "the body is larger than "+strconv.Itoa(e.limits.Body)+" bytes")
		return nil, false
	}
	if r.ContentLength > int64(e.limits.Body) {
		return tooLarge()
	}
	if !jsonBody(r.Header) || r.Header.Get("Content-Encoding") != "" {
		w.Header().Set("Accept-Post", plainJSON)
		refuse(w, r, http.StatusUnsupportedMediaType, graph.BadUserInput, "send the operation as Content-Type: application/json, not compressed")
		return nil, false
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, int64(e.limits.Body)))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return tooLarge()
	case err != nil:
		refuse(w, r, http.StatusBadRequest, graph.BadUserInput, "the body could not be read")
		return nil, false
	}
	return body, true
}

func (e *endpoint) enter(w http.ResponseWriter, r *http.Request, caller *auth.Identity) (func(), bool) {
	key := clientAddress(r, e.trustedProxies)
	if caller != nil {
		key = person(caller)
	}
	leave, wait, message := e.gate.enter(key)
	if leave == nil {
		w.Header().Set("Retry-After", strconv.Itoa(retryAfter(wait)))
		refuse(w, r, http.StatusTooManyRequests, graph.LimitExceeded, message)
		return nil, false
	}
	return leave, true
}

func (e *endpoint) run(w http.ResponseWriter, r *http.Request, mediaType string, body []byte, caller *auth.Identity) {
	var request *Request
	var err error
	if r.Method == http.MethodPost {
		request, err = decodePost(body)
	} else {
		request, err = decodeGet(r.URL.Query())
	}
	if err != nil {
		refuse(w, r, http.StatusBadRequest, graph.BadUserInput, err.Error())
		return
	}
	request.Hidden = r.Header.Get("X-Flora-Hidden") == "1"

	ctx, cancel := context.WithTimeout(auth.With(r.Context(), caller), e.limits.Deadline)
	defer cancel()
	response := e.Executor.Do(ctx, *request)
	traceOf(r.Context()).code = response.Code
	status := statusOf(response.Code, mediaType, request.ReadOnly)
	if status == http.StatusMethodNotAllowed {
		w.Header().Set("Allow", "POST, OPTIONS")
	}
	writeJSON(w, r, status, mediaType, response.Body)
}

// CodeMutationOverGET is the Code of a Response to a mutation that was asked
// for with ReadOnly.
const CodeMutationOverGET = "MUTATION_OVER_GET"

// statusOf is the status of a response. With application/json a well-formed
// request is answered 200 whatever became of it, since a client cannot tell
// otherwise that the body is GraphQL; with application/graphql-response+json a
// request error is 4xx or 5xx (GraphQL over HTTP, section 6.4).
func statusOf(code, mediaType string, readOnly bool) int {
	switch {
	case code == "":
		return http.StatusOK
	case code == CodeMutationOverGET && readOnly:
		return http.StatusMethodNotAllowed
	case code == graph.Unavailable:
		return http.StatusServiceUnavailable
	case code == graph.Internal:
		return http.StatusInternalServerError
	case mediaType == plainJSON:
		return http.StatusOK
	}
	return http.StatusBadRequest
}
