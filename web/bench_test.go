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
// token's verification, the execution and net/http itself.
func BenchmarkEdge(b *testing.B) {
	id := &auth.Identity{Provider: "p", Issuer: "https://issuer/", Subject: "ada", ID: "ada"}
	answer := &graph.Response{Status: 200, Body: []byte(`{"data":{}}`)}
	limits := DefaultLimits()
	limits.Rate = 0
	h := New(Options{
		Data: &Endpoint{
			Verifier: verifierFunc(func(context.Context, string) (*auth.Identity, error) { return id, nil }),
			Executor: executorFunc(func(context.Context, graph.Request) *graph.Response { return answer }),
		},
		Limits: limits,
		Log:    slog.New(slog.NewJSONHandler(discard{}, nil)),
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
