package web

import (
	"log/slog"
	"net/http"
	"time"

	"flora.dev/flora/auth"
	"flora.dev/flora/graph"
)

// trace is what one request leaves in the log. It is filled on the way and
// never holds a token, a claim or a value that somebody sent: what a client may
// name is its request id and its operation, both of a form that is checked.
type trace struct {
	id        string // made here, the key that an error body gives to its reader
	clientID  string // sent by the client, kept beside ours
	route     string
	operation string // its name
	caller    *auth.Identity
	code      string // of a refusal, or of the first error
	rejected  *auth.Rejection
	documents int        // in the answer
	trips     func() int // round trips to the store so far; nil: it was not asked
	aborted   bool
}

// traceOf returns the trace of the request that w answers.
func traceOf(w http.ResponseWriter) *trace {
	if r, ok := w.(*recorder); ok {
		return &r.trace
	}
	return &trace{}
}

// maxOperation bounds the name of an operation in the log.
const maxOperation = 64

// note keeps what the executor says of an operation.
func (t *trace) note(r *graph.Response) {
	t.operation, t.code, t.documents = r.Operation[:min(len(r.Operation), maxOperation)], r.Code, r.Documents
}

// access writes the one line of a request.
func (e *edge) access(r *http.Request, answered *recorder, started time.Time) {
	t := &answered.trace
	level := slog.LevelInfo
	if answered.status >= 500 || t.aborted {
		level = slog.LevelError
	}
	if !e.log.Enabled(r.Context(), level) {
		return
	}
	decision := "answered"
	switch {
	case t.aborted:
		decision = "aborted"
	case t.code != "" || answered.status >= 400:
		decision = "refused"
	}
	attrs := append(make([]slog.Attr, 0, 16),
		slog.String("requestId", t.id), slog.String("method", method(r.Method)), slog.String("route", t.route),
		slog.String("decision", decision), slog.Int("status", answered.status), slog.Int("bytes", answered.bytes),
		slog.Float64("ms", float64(e.now().Sub(started).Microseconds())/1000),
	)
	add := func(name, value string) {
		if value != "" {
			attrs = append(attrs, slog.String(name, value))
		}
	}
	add("clientRequestId", t.clientID)
	add("operation", t.operation)
	add("code", t.code)
	if id := t.caller; id != nil {
		add("provider", id.Provider)
		add("caller", auth.Pseudonym(e.key, id.Issuer, id.Subject))
	}
	if t.trips != nil {
		attrs = append(attrs, slog.Int("documents", t.documents), slog.Int("trips", t.trips()))
	}
	if t.rejected != nil {
		attrs = append(attrs, slog.Any("token", t.rejected))
	}
	e.log.LogAttrs(r.Context(), level, "request", attrs...)
}

// method keeps what a client may write into a request line out of the log.
func method(m string) string {
	switch m {
	case http.MethodGet, http.MethodPost, http.MethodHead, http.MethodOptions, http.MethodPut, http.MethodPatch, http.MethodDelete:
		return m
	}
	return "other"
}

// recorder remembers what was answered, and to what.
type recorder struct {
	http.ResponseWriter
	trace         trace
	edge          *edge
	status, bytes int
}

func (r *recorder) WriteHeader(status int) {
	if r.status == 0 && status >= 200 {
		r.status = status
		if r.edge.isDraining() {
			r.Header().Set("Connection", "close") // the next request must find another instance
		}
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(b []byte) (int, error) {
	if r.status == 0 {
		r.WriteHeader(http.StatusOK)
	}
	n, err := r.ResponseWriter.Write(b)
	r.bytes += n
	return n, err
}

// Unwrap lets http.ResponseController reach the connection.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }
