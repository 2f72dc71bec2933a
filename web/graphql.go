package web

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"

	"flora.dev/flora/auth"
	"flora.dev/flora/graph"
)

// Executor runs operations. It never fails: what goes wrong is in the response.
type Executor interface {
	Do(ctx context.Context, r graph.Request) *graph.Response
}

// Endpoint is a GraphQL API and who may call it.
type Endpoint struct {
	Verifier Verifier
	Executor Executor
	// Follow makes a context by which the store can be asked how often it was
	// reached for the request of the id. Nil: not told.
	Follow func(ctx context.Context, requestID string) (context.Context, func() int)
	// Hidden marks the context of a request that asks, with the header
	// X-Flora-Hidden: 1, what rules hid from its caller. Nil: nobody is told.
	Hidden func(context.Context) context.Context
	// Deadline is that of its requests, in place of the one of the Limits. 0: that.
	Deadline time.Duration
}

// lateness is how long an answer may take on its way.
const lateness = 20 * time.Second

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
	traceOf(w).caller = caller
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
	if !jsonBody(r.Header) || len(r.Header.Values("Content-Encoding")) > 0 {
		w.Header().Set("Accept-Post", plainJSON)
		refuse(w, r, http.StatusUnsupportedMediaType, graph.BadUserInput, "send the operation as Content-Type: application/json, not compressed")
		return nil, false
	}
	var body []byte
	var err error
	if r.ContentLength > 0 {
		body = make([]byte, r.ContentLength)
		_, err = io.ReadFull(r.Body, body)
	} else {
		body, err = io.ReadAll(http.MaxBytesReader(w, r.Body, int64(e.limits.Body)))
	}
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return tooLarge()
	case err != nil:
		refuse(w, r, http.StatusBadRequest, graph.BadUserInput, "the body could not be read")
		return nil, false
	}
	r.Body.Close() // of one that was read to its end: net/http would look for the rest
	return body, true
}

func (e *endpoint) enter(w http.ResponseWriter, r *http.Request, caller *auth.Identity) (func(), bool) {
	if e.limits.Concurrent == 0 && e.limits.Rate == 0 {
		return func() {}, true
	}
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
	var request graph.Request
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
	var ok bool
	if request.RetryKey, ok = idempotencyKey(r.Header); !ok {
		refuse(w, r, http.StatusBadRequest, graph.BadUserInput, "Idempotency-Key is one value of 1 to 255 printable ASCII characters")
		return
	}
	deadline := e.limits.Deadline
	if e.Deadline > 0 {
		deadline = e.Deadline
		http.NewResponseController(w).SetWriteDeadline(time.Now().Add(deadline + lateness)) // else that of the server
	}
	t := traceOf(w)
	late := withDeadline(graph.WithRequestID(auth.With(r.Context(), caller), t.id), time.Now().Add(deadline))
	defer late.end()
	ctx := context.Context(late)
	if e.Hidden != nil && r.Header.Get("X-Flora-Hidden") == "1" {
		ctx = e.Hidden(ctx)
	}
	t.trips = func() int { return 0 }
	if e.Follow != nil {
		ctx, t.trips = e.Follow(ctx, t.id)
	}
	response := e.Executor.Do(ctx, request)
	t.note(response)
	if response.Status == http.StatusMethodNotAllowed {
		w.Header().Set("Allow", "POST, OPTIONS")
	}
	writeJSON(w, r, statusFor(mediaType, response.Status), mediaType, response.Body)
}

// idempotencyKey reads the header by which a client names a mutation for its
// retries (draft-ietf-httpapi-idempotency-key-header); "" without one.
func idempotencyKey(h http.Header) (key string, ok bool) {
	values := h.Values("Idempotency-Key")
	switch {
	case len(values) == 0:
		return "", true
	case len(values) > 1 || values[0] == "" || len(values[0]) > 255:
		return "", false
	}
	for _, c := range []byte(values[0]) {
		if c < 0x20 || c > 0x7e {
			return "", false
		}
	}
	return values[0], true
}

// statusFor is the status of a response under a media type. With
// application/json a well-formed request is answered 200 even if its document
// is not valid: its clients take any other status for an answer that is not
// GraphQL (GraphQL over HTTP, section 6.4.1).
func statusFor(mediaType string, status int) int {
	if mediaType == plainJSON && status == http.StatusBadRequest {
		return http.StatusOK
	}
	return status
}
