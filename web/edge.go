package web

import (
	"encoding/binary"
	"encoding/hex"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"regexp"
	"runtime/debug"
	"time"

	"flora.dev/flora/auth"
	"flora.dev/flora/graph"
)

// Values of headers that are the same in each answer; nobody changes them.
var (
	noSniff    = []string{"nosniff"}
	noStore    = []string{"no-store"}
	varies     = []string{"Authorization, DPoP, Origin, Accept"}
	varyOrigin = []string{"Origin"}
	jsonUTF8   = []string{plainJSON + "; charset=utf-8"}
)

var clientIDs = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)

// edge gives each request its id, logs it and turns a panic into a masked 500.
type edge struct {
	next     http.Handler
	log      *slog.Logger
	key      []byte // of the hashes of subjects in the log
	draining <-chan struct{}
	now      func() time.Time
}

func (e *edge) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	started := e.now()
	rec := &recorder{ResponseWriter: w, edge: e, trace: trace{id: newID()}}
	t := &rec.trace
	if id := r.Header.Get("X-Request-Id"); clientIDs.MatchString(id) {
		t.clientID = id
	}
	h := w.Header()
	h["X-Request-Id"] = []string{t.id}
	h["X-Content-Type-Options"] = noSniff
	defer func() {
		p := recover()
		if p != nil && p != http.ErrAbortHandler {
			e.log.LogAttrs(r.Context(), slog.LevelError, "panic", slog.String("requestId", t.id),
				slog.Any("value", p), slog.String("stack", string(debug.Stack())))
			if rec.status == 0 {
				refuse(rec, r, http.StatusInternalServerError, graph.Internal, "internal error")
				p = nil
			}
		}
		t.aborted = p != nil
		if rec.status == 0 && !t.aborted {
			rec.status = http.StatusOK // what net/http answers for a handler that is silent
		}
		e.access(r, rec, started)
		if t.aborted {
			panic(http.ErrAbortHandler) // half an answer must not look like a whole one
		}
	}()
	e.next.ServeHTTP(rec, r)
}

func (e *edge) isDraining() bool {
	select {
	case <-e.draining:
		return true
	default: // also where the channel is nil
		return false
	}
}

// person keys everything that is kept per caller: a subject means nothing
// without its issuer.
func person(id *auth.Identity) string { return id.Issuer + "\x00" + id.Subject }

// newID is unique, and no secret.
func newID() string {
	var b [16]byte
	binary.LittleEndian.PutUint64(b[:8], rand.Uint64())
	binary.LittleEndian.PutUint64(b[8:], rand.Uint64())
	var text [2 * len(b)]byte
	hex.Encode(text[:], b[:])
	return string(text[:])
}
