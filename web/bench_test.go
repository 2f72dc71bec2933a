package web

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"flora.dev/flora/auth"
	"flora.dev/flora/graph"
)

// BenchmarkEdge is what the edge adds to an operation: everything but the
// token's verification, the execution and net/http itself. The difference
// between its cases is what the log and the limits cost.
func BenchmarkEdge(b *testing.B) {
	silent := slog.New(slog.DiscardHandler)
	written := slog.New(slog.NewJSONHandler(discard{}, nil))
	off, on := DefaultLimits(), DefaultLimits()
	off.Rate, off.Concurrent = 0, 0
	on.Rate, on.Burst = 1<<30, 1<<30
	b.Run("bare", func(b *testing.B) { benchEdge(b, silent, off) })
	b.Run("log", func(b *testing.B) { benchEdge(b, written, off) })
	b.Run("limits", func(b *testing.B) { benchEdge(b, silent, on) })
	b.Run("log and limits", func(b *testing.B) { benchEdge(b, written, on) })
}

func benchEdge(b *testing.B, log *slog.Logger, limits Limits) {
	id := &auth.Identity{Provider: "p", Issuer: "https://issuer/", Subject: "ada", ID: "ada"}
	answer := &graph.Response{Status: 200, Body: []byte(`{"data":{}}`), Operation: "Find", Documents: 1}
	h := New(Options{
		Data: &Endpoint{
			Verifier: verifierFunc(func(context.Context, string) (*auth.Identity, error) { return id, nil }),
			Executor: executorFunc(func(context.Context, graph.Request) *graph.Response { return answer }),
			Follow: func(ctx context.Context, id string) (context.Context, func() int) {
				return ctx, func() int { return 1 }
			},
		},
		Limits: limits,
		Log:    log,
	})
	const body = `{"query":"query($id: ID!) { findProductByID(id: $id) { _id name price } }","variables":{"id":"0b8ab0a1-3f1c-4a59-8a3e-6c1c4c0c5d11"}}`
	header := http.Header{"Content-Type": {"application/json"}, "Accept": {"application/json"}, "Authorization": {"Bearer x"}, "Origin": {app}}
	w := httptest.NewRecorder()
	b.ReportAllocs()
	for b.Loop() {
		r := httptest.NewRequest("POST", "/graphql", strings.NewReader(body))
		r.Header = header
		w.Body.Reset()
		clear(w.Header())
		h.ServeHTTP(w, r)
	}
}

type discard struct{}

func (discard) Write(b []byte) (int, error) { return len(b), nil }

// TestLogAndLimitsAreCheap bounds what they allocate, which no other load on the
// machine changes.
func TestLogAndLimitsAreCheap(t *testing.T) {
	measure := func(log *slog.Logger, rate int) float64 {
		s := newServer(t)
		s.Log = log
		s.Limits.Rate, s.Limits.Burst, s.Limits.Concurrent = rate, 1<<30, rate
		h := New(s.Options)
		return testing.AllocsPerRun(200, func() {
			h.ServeHTTP(httptest.NewRecorder(), with(post(good), "Authorization", "Bearer ada"))
		})
	}
	bare := measure(slog.New(slog.DiscardHandler), 0)
	full := measure(slog.New(slog.NewJSONHandler(discard{}, nil)), 1<<30)
	if more := full - bare; more < 1 || more > 10 {
		t.Errorf("log and limits allocate %v times per request beside %v", more, bare)
	}
}
