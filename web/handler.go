package web

import (
	"context"
	"crypto/rand"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"flora.dev/flora/graph"
)

// Options say what a handler serves. Data or Admin must be set.
type Options struct {
	Data  *Endpoint // /graphql
	Admin *Endpoint // /admin/graphql
	// SDL returns what /schema.graphql serves. Nil: 404.
	SDL func() string
	// Ready reports why operations cannot be answered now, empty if they can.
	// Nil: always ready.
	Ready func(context.Context) []Unready
	// Draining is closed when the server is about to end: it is not ready from
	// then on, and asks clients to connect anew.
	Draining <-chan struct{}
	// Issuer serves /dev/issuer/ and makes this a development server: with
	// the playground at /, and only for requests to a loopback name.
	Issuer http.Handler

	Origins        Origins
	Limits         Limits
	TrustedProxies int  // hops of X-Forwarded-For to believe
	Forwarded      bool // the proxies write Forwarded (RFC 7239) in its place
	Log            *slog.Logger
	LogKey         []byte           // of the hashes of subjects in the log; random if nil
	Now            func() time.Time // nil: time.Now
}

// Unready is a reason why operations cannot be answered now.
type Unready struct {
	Reason string // for whoever asks, so nothing but a fixed text and names of the configuration
	Err    error  // for the log, may be nil
}

// New returns the handler of one listener.
func New(o Options) http.Handler {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	mux := &router{endpoints: map[string]http.Handler{}}
	handle := func(pattern string, h http.Handler) {
		mux.Handle(pattern, routed{pattern, h})
	}
	serve := func(path string, e *Endpoint) {
		if e != nil {
			h := &endpoint{*e, o.Limits, newGate(o.Limits, o.Now), o.TrustedProxies}
			handle(path, h)
			mux.endpoints[path] = routed{path, h}
		}
	}
	serve("/graphql", o.Data)
	serve("/admin/graphql", o.Admin)
	if o.SDL != nil {
		handle("/schema.graphql", readOnly(func(w http.ResponseWriter, r *http.Request) {
			plainText(w, http.StatusOK, o.SDL())
		}))
	}
	handle("/healthz", readOnly(func(w http.ResponseWriter, r *http.Request) { plainText(w, http.StatusOK, "ok\n") }))
	if o.Issuer != nil {
		handle("/dev/issuer/", o.Issuer)
		handle("/console/", readOnly(consoleFiles().ServeHTTP))
		handle("/{$}", readOnly(console))
	}
	handle("/", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		refuse(w, r, http.StatusNotFound, notFound, "nothing is served here")
	}))

	var h http.Handler
	if o.Issuer != nil {
		h = onlyLoopback(newCORS(o.Origins, "auth0-client")(mux)) // Auth0's SDKs send it to their issuer
	} else {
		h = newCORS(o.Origins)(mux)
	}
	if o.Forwarded {
		h = fromForwarded(h)
	}
	if o.LogKey == nil {
		o.LogKey = make([]byte, 32)
		rand.Read(o.LogKey) // never fails, says crypto/rand
	}
	e := &edge{next: h, log: o.Log, key: o.LogKey, draining: o.Draining, now: o.Now}
	handle("/readyz", readOnly(func(w http.ResponseWriter, r *http.Request) {
		if e.isDraining() {
			o.unready(w, r, Unready{Reason: "draining"})
			return
		}
		if o.Ready != nil {
			if list := o.Ready(r.Context()); len(list) > 0 {
				o.unready(w, r, list...)
				return
			}
		}
		plainText(w, http.StatusOK, "ready\n")
	}))
	return e
}

// router finds an endpoint whose path is written plainly at once, everything else
// as ServeMux does: an escaped path leads to the same endpoint.
type router struct {
	http.ServeMux
	endpoints map[string]http.Handler
}

func (m *router) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if h := m.endpoints[r.URL.Path]; h != nil {
		h.ServeHTTP(w, r)
		return
	}
	m.ServeMux.ServeHTTP(w, r)
}

// routed notes the way that a request took.
type routed struct {
	pattern string
	http.Handler
}

func (h routed) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	traceOf(w).route = h.pattern
	h.Handler.ServeHTTP(w, r)
}

// unready answers with the reasons; their causes are for the log.
func (o Options) unready(w http.ResponseWriter, r *http.Request, list ...Unready) {
	var reasons []string
	for _, u := range list {
		reasons = append(reasons, u.Reason)
		attrs := []slog.Attr{slog.String("requestId", traceOf(w).id), slog.String("reason", u.Reason)}
		if u.Err != nil {
			attrs = append(attrs, slog.String("error", u.Err.Error()))
		}
		o.Log.LogAttrs(r.Context(), slog.LevelWarn, "not ready", attrs...)
	}
	plainText(w, http.StatusServiceUnavailable, "not ready: "+strings.Join(reasons, "; ")+"\n")
}

func plainText(w http.ResponseWriter, status int, body string) {
	private(w.Header())
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	io.WriteString(w, body)
}

// readOnly admits GET and HEAD.
func readOnly(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			refuse(w, r, http.StatusMethodNotAllowed, graph.BadUserInput, "only GET is served here")
			return
		}
		next(w, r)
	}
}

// onlyLoopback refuses requests that name another host: a page on the web can
// point a name of its own at 127.0.0.1 and would then be of the same origin as
// a development server (DNS rebinding).
func onlyLoopback(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := r.Host
		if name, _, err := net.SplitHostPort(host); err == nil {
			host = name
		}
		if !loopbackName(host) {
			refuse(w, r, http.StatusForbidden, graph.Forbidden, "the development server answers to localhost only")
			return
		}
		next.ServeHTTP(w, r)
	})
}

// NewServer returns a server for the handler with time-outs that a slow or
// silent client runs into.
func NewServer(h http.Handler, limits Limits, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           closeDoubtful(h),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      limits.Deadline + lateness,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    128 << 10, // a token, and a query text in the URL of a GET
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
}

// closeDoubtful reads nothing behind a request that a proxy before us may have
// seen end elsewhere. net/http takes a length beside a chunked encoding, and an
// encoding in HTTP/1.0, without telling: RFC 9112 section 6.1 has such a
// connection closed. Browsers give the length of what they post.
func closeDoubtful(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if len(r.TransferEncoding) > 0 || !r.ProtoAtLeast(1, 1) {
			w.Header().Set("Connection", "close")
		}
		next.ServeHTTP(w, r)
	})
}
