package web

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
	"net/http"
	"regexp"
	"runtime/debug"
	"time"

	"flora.dev/flora/auth"
	"flora.dev/flora/graph"
)

// trace is what one request leaves in the log. It is filled on the way and
// never holds a token, a claim or anything else a user wrote.
type trace struct {
	id       string // made here, the key that an error body gives to its reader
	clientID string // sent by the client, kept beside ours
	route    string
	caller   *auth.Identity
	code     string // of a refusal
	rejected *auth.Rejection
	status   int
	bytes    int
}

type traceKey struct{}

func traceOf(ctx context.Context) *trace {
	if t, ok := ctx.Value(traceKey{}).(*trace); ok {
		return t
	}
	return &trace{}
}

// RequestID returns the id of the request that ctx belongs to, "" outside of one.
func RequestID(ctx context.Context) string { return traceOf(ctx).id }

var clientIDs = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)

// edge gives each request its id, logs it and turns a panic into a masked 500.
type edge struct {
	next http.Handler
	log  *slog.Logger
	key  []byte // of the hashes of subjects in the log
	now  func() time.Time
}

func (e *edge) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	started := e.now()
	t := &trace{id: newID()}
	if id := r.Header.Get("X-Request-Id"); clientIDs.MatchString(id) {
		t.clientID = id
	}
	h := w.Header()
	h.Set("X-Request-Id", t.id)
	h.Set("X-Content-Type-Options", "nosniff")
	rec := &recorder{ResponseWriter: w}
	r = r.WithContext(context.WithValue(r.Context(), traceKey{}, t))
	defer func() {
		p := recover()
		if p == http.ErrAbortHandler {
			panic(p)
		}
		if p != nil {
			e.log.LogAttrs(r.Context(), slog.LevelError, "panic", slog.String("requestId", t.id),
				slog.Any("value", p), slog.String("stack", string(debug.Stack())))
			if rec.status != 0 {
				panic(http.ErrAbortHandler) // half an answer must not look like a whole one
			}
			refuse(rec, r, http.StatusInternalServerError, graph.Internal, "internal error")
		}
		t.status, t.bytes = rec.status, rec.bytes
		e.access(r, t, e.now().Sub(started))
	}()
	e.next.ServeHTTP(rec, r)
}

func (e *edge) access(r *http.Request, t *trace, took time.Duration) {
	level := slog.LevelInfo
	if t.status >= 500 {
		level = slog.LevelError
	}
	if !e.log.Enabled(r.Context(), level) {
		return
	}
	attrs := append(make([]slog.Attr, 0, 12),
		slog.String("requestId", t.id), slog.String("method", method(r.Method)), slog.String("route", t.route),
		slog.Int("status", t.status), slog.Int("bytes", t.bytes), slog.Float64("ms", float64(took.Microseconds())/1000),
	)
	if t.clientID != "" {
		attrs = append(attrs, slog.String("clientRequestId", t.clientID))
	}
	if t.code != "" {
		attrs = append(attrs, slog.String("code", t.code))
	}
	if t.rejected != nil {
		attrs = append(attrs, slog.Any("token", t.rejected))
	}
	if id := t.caller; id != nil {
		attrs = append(attrs, slog.String("provider", id.Provider), slog.String("caller", e.hash(id)))
	}
	e.log.LogAttrs(r.Context(), level, "request", attrs...)
}

// hash is what a log shows of a person: the same within one process, of no use
// to anyone who has a list of subjects but not the key. A prefix of the sum
// leaves nothing to extend, so the plain keyed form will do.
func (e *edge) hash(id *auth.Identity) string {
	text := make([]byte, 0, 256)
	text = append(text, e.key...)
	text = append(text, person(id)...)
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:8])
}

// person keys everything that is kept per caller: a subject means nothing
// without its issuer.
func person(id *auth.Identity) string { return id.Issuer + "\x00" + id.Subject }

func newID() string {
	var b [16]byte
	rand.Read(b[:]) // never fails, says crypto/rand
	return hex.EncodeToString(b[:])
}

// method keeps what a client may write into a request line out of the log.
func method(m string) string {
	switch m {
	case http.MethodGet, http.MethodPost, http.MethodHead, http.MethodOptions, http.MethodPut, http.MethodPatch, http.MethodDelete:
		return m
	}
	return "other"
}

// recorder remembers what was answered.
type recorder struct {
	http.ResponseWriter
	status, bytes int
}

func (r *recorder) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(b []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	n, err := r.ResponseWriter.Write(b)
	r.bytes += n
	return n, err
}

// Unwrap lets http.ResponseController reach the connection.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }
