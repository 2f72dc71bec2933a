package web

import (
	"context"
	"crypto/rand"
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"

	"flora.dev/flora/graph"
)

// Options say what a handler serves. Data or Admin must be set.
type Options struct {
	Data  *Endpoint // /graphql
	Admin *Endpoint // /admin/graphql
	// SDL returns what /schema.graphql serves. Nil: 404.
	SDL func() string
	// Ready reports why operations cannot be answered now. Nil: always ready.
	Ready func(context.Context) error
	// Issuer serves /dev/issuer/ and makes this a development server: with
	// the playground at /, and only for requests to a loopback name.
	Issuer http.Handler

	Origins        Origins
	Limits         Limits
	TrustedProxies int // hops of X-Forwarded-For to believe
	Log            *slog.Logger
	Now            func() time.Time // nil: time.Now
}

// New returns the handler of one listener.
func New(o Options) http.Handler {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	mux := http.NewServeMux()
	handle := func(pattern string, h http.Handler) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			traceOf(r.Context()).route = pattern
			h.ServeHTTP(w, r)
		})
	}
	serve := func(pattern string, e *Endpoint) {
		if e != nil {
			handle(pattern, &endpoint{*e, o.Limits, newGate(o.Limits, o.Now), o.TrustedProxies})
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
	handle("/readyz", readOnly(o.ready))
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
	key := make([]byte, 32)
	rand.Read(key)
	return &edge{next: h, log: o.Log, key: key, now: o.Now}
}

// ready says only whether: why is for the log, not for whoever asks.
func (o Options) ready(w http.ResponseWriter, r *http.Request) {
	if o.Ready != nil {
		if err := o.Ready(r.Context()); err != nil {
			o.Log.LogAttrs(r.Context(), slog.LevelWarn, "not ready",
				slog.String("requestId", RequestID(r.Context())), slog.String("error", err.Error()))
			plainText(w, http.StatusServiceUnavailable, "not ready\n")
			return
		}
	}
	plainText(w, http.StatusOK, "ready\n")
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
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      limits.Deadline + 20*time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    128 << 10, // a token, and a query text in the URL of a GET
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
}
