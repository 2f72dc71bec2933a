package web

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"sync"
	"testing"
	"time"

	"flora.dev/flora/graph"
)

func TestRate(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	s := newServer(t)
	s.Limits.Rate, s.Limits.Burst = 2, 3
	s.Now = func() time.Time { return now }
	h := New(s.Options)
	ask := func(token string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, with(post(good), "Authorization", "Bearer "+token))
		return w
	}
	for i := range 3 {
		if w := ask("ada"); w.Code != 200 {
			t.Fatalf("operation %d: %d", i, w.Code)
		}
	}
	w := ask("ada")
	if w.Code != 429 || w.Header().Get("Retry-After") != "1" || readError(t, w).Extensions.Code != "LIMIT_EXCEEDED" {
		t.Errorf("%d, Retry-After %q: %s", w.Code, w.Header().Get("Retry-After"), w.Body)
	}
	checkHeaders(t, w)
	if w := ask("grace"); w.Code != 200 {
		t.Errorf("another caller: %d", w.Code)
	}
	now = now.Add(500 * time.Millisecond)
	if w := ask("ada"); w.Code != 200 {
		t.Errorf("half a second later: %d", w.Code)
	}
	if w := ask("ada"); w.Code != 429 {
		t.Errorf("one more: %d", w.Code)
	}
}

func TestConcurrent(t *testing.T) {
	s := newServer(t)
	s.Limits.Concurrent = 2
	inside, leave := make(chan bool), make(chan bool)
	s.Data.Executor = executorFunc(func(_ context.Context, r graph.Request) *graph.Response {
		if r.Query == "hold" {
			inside <- true
			<-leave
		}
		return &graph.Response{Status: 200, Body: []byte(`{}`)}
	})
	h := New(s.Options)
	ask := func(token, query string) int {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, with(post(`{"query":"`+query+`"}`), "Authorization", "Bearer "+token))
		return w.Code
	}
	var running sync.WaitGroup
	for range 2 {
		running.Go(func() {
			if code := ask("ada", "hold"); code != 200 {
				t.Errorf("admitted: %d", code)
			}
		})
		<-inside
	}
	if code := ask("ada", "go"); code != 429 {
		t.Errorf("third: %d", code)
	}
	if code := ask("grace", "go"); code != 200 {
		t.Errorf("another caller: %d", code)
	}
	leave <- true
	leave <- true
	running.Wait()
	if code := ask("ada", "go"); code != 200 {
		t.Errorf("after the others left: %d", code)
	}
}

// TestGateIsBounded fills the gate with more callers than it holds.
func TestGateIsBounded(t *testing.T) {
	now := time.Unix(0, 0)
	g := newGate(Limits{Concurrent: 1, Rate: 1, Burst: 1}, func() time.Time { return now })
	g.max = 10
	leave, _, _ := g.enter("running")
	for i := range 100 {
		done, _, message := g.enter(fmt.Sprint("caller ", i))
		if done == nil {
			t.Fatalf("caller %d: %s", i, message)
		}
		done()
	}
	if len(g.callers) > 11 || g.recent.Len() != len(g.callers) {
		t.Errorf("%d callers are kept", len(g.callers))
	}
	if again, _, _ := g.enter("running"); again != nil {
		t.Error("a running caller was forgotten")
	}
	leave()
}

func TestClientAddress(t *testing.T) {
	tests := []struct {
		forwarded []string
		proxies   int
		want      string
	}{
		{nil, 0, ""},
		{[]string{"203.0.113.9"}, 0, ""}, // nobody vouches for the header
		{[]string{"203.0.113.9"}, 1, "203.0.113.9"},
		{[]string{"6.6.6.6, 203.0.113.9"}, 1, "203.0.113.9"}, // the client made up the first
		{[]string{"6.6.6.6", "203.0.113.9, 10.0.0.1"}, 2, "203.0.113.9"},
		{[]string{"203.0.113.9"}, 2, "198.51.100.7"}, // not through both proxies: who connected counts
		{nil, 1, "198.51.100.7"},
		{[]string{""}, 1, "198.51.100.7"},
		{[]string{"203.0.113.9, "}, 1, "198.51.100.7"},
		{[]string{"203.0.113.9:4711"}, 1, "203.0.113.9"},
		{[]string{"[2001:db8:1:2:3::4]:4711"}, 1, "2001:db8:1:2::/64"},
		{[]string{"2001:db8:1:2:3::4"}, 1, "2001:db8:1:2::/64"},
		{[]string{"::ffff:203.0.113.9"}, 1, "203.0.113.9"},
		{[]string{"nonsense"}, 1, "198.51.100.7"},
	}
	for _, tt := range tests {
		r := &http.Request{RemoteAddr: "198.51.100.7:1234", Header: http.Header{"X-Forwarded-For": tt.forwarded}}
		if got := clientAddress(r, tt.proxies); got != tt.want {
			t.Errorf("%q behind %d: %q, want %q", tt.forwarded, tt.proxies, got, tt.want)
		}
	}
}

// BenchmarkCallerMemory tells what a gate that is full holds for each caller.
func BenchmarkCallerMemory(b *testing.B) {
	var before, after runtime.MemStats
	for b.Loop() {
		runtime.GC()
		runtime.ReadMemStats(&before)
		g := newGate(DefaultLimits(), time.Now)
		for i := range maxCallers {
			leave, _, _ := g.enter(fmt.Sprintf("https://tenant.auth0.com/ auth0|%024d", i))
			leave()
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		runtime.KeepAlive(g)
	}
	b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/maxCallers, "B/caller")
}
