package web

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"flora.dev/flora/auth"
	"flora.dev/flora/graph"
	"github.com/google/go-cmp/cmp"
)

// logLines are the lines of a JSON log.
func logLines(t *testing.T, text string) (list []map[string]any) {
	t.Helper()
	for line := range strings.Lines(text) {
		var m map[string]any
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			t.Fatalf("not JSON: %s", line)
		}
		list = append(list, m)
	}
	return list
}

// TestAccessLine sends one request of each kind: it leaves one line, of known
// members.
func TestAccessLine(t *testing.T) {
	always := []string{"time", "level", "msg", "requestId", "method", "route", "decision", "status", "bytes", "ms"}
	abort := func(w http.ResponseWriter, r *http.Request) { panic(http.ErrAbortHandler) }
	tests := []struct {
		name     string
		request  *http.Request
		decision string
		code     string
		more     []string // members
	}{
		{"anonymous", post(good), "answered", "", []string{"documents", "trips"}},
		{"named operation", with(post(`{"query":"named"}`), "Authorization", "Bearer ada", "X-Request-Id", "mine"), "answered", "",
			[]string{"clientRequestId", "operation", "provider", "caller", "documents", "trips"}},
		{"failed operation", post(`{"query":"denied"}`), "refused", graph.Forbidden, []string{"code", "documents", "trips"}},
		{"bad body", with(post(`{`), "Authorization", "Bearer ada"), "refused", graph.BadUserInput, []string{"code", "provider", "caller"}},
		{"bad token", with(post(good), "Authorization", "Bearer expired"), "refused", graph.Unauthenticated, []string{"code", "token"}},
		{"other scheme", with(post(good), "Authorization", "Basic YTpi"), "refused", graph.Unauthenticated, []string{"code", "token"}},
		{"two headers", with(post(good), "Authorization", "Bearer ada", "Authorization", "Bearer ada"), "refused", graph.BadUserInput, []string{"code", "token"}},
		{"token in the URL", httptest.NewRequest("GET", "/graphql?access_token=ada", nil), "refused", graph.BadUserInput, []string{"code", "token"}},
		{"preflight", with(httptest.NewRequest("OPTIONS", "/graphql", nil), "Origin", app, "Access-Control-Request-Method", "POST"), "answered", "", nil},
		{"not found", httptest.NewRequest("GET", "/nothing", nil), "refused", notFound, []string{"code"}},
		{"health", httptest.NewRequest("GET", "/healthz", nil), "answered", "", nil},
		{"broken off", httptest.NewRequest("GET", "/dev/issuer/abort", nil), "aborted", "", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newServer(t)
			inner := s.Data.Executor
			s.Data.Executor = executorFunc(func(ctx context.Context, r graph.Request) *graph.Response {
				switch r.Query {
				case "named":
					return &graph.Response{Status: 200, Body: []byte(`{}`), Operation: strings.Repeat("N", 100), Documents: 3}
				case "denied":
					return &graph.Response{Status: 200, Body: []byte(`{}`), Code: graph.Forbidden}
				}
				return inner.Do(ctx, r)
			})
			s.Data.Follow = func(ctx context.Context, id string) (context.Context, func() int) {
				return ctx, func() int { return len(id) }
			}
			if tt.decision == "aborted" {
				s.Issuer = http.HandlerFunc(abort)
				tt.request.Host = "localhost"
			}
			func() {
				defer func() {
					if p := recover(); p != nil && tt.decision != "aborted" {
						t.Errorf("panic %v", p)
					}
				}()
				s.do(tt.request)
			}()
			lines := logLines(t, s.log.String())
			if len(lines) != 1 {
				t.Fatalf("%d lines: %s", len(lines), s.log.String())
			}
			line := lines[0]
			want := slices.Sorted(slices.Values(append(slices.Clone(always), tt.more...)))
			if diff := cmp.Diff(want, slices.Sorted(maps.Keys(line))); diff != "" {
				t.Errorf("members (-want +got):\n%s", diff)
			}
			if code, _ := line["code"].(string); line["msg"] != "request" || line["decision"] != tt.decision || code != tt.code {
				t.Errorf("line %v, want %s %s", line, tt.decision, tt.code)
			}
			if name, ok := line["operation"].(string); ok && len(name) != maxOperation {
				t.Errorf("name of %d characters", len(name))
			}
			if trips, ok := line["trips"].(float64); ok && trips != 32 {
				t.Errorf("trips %v", trips)
			}
		})
	}
}

// TestPseudonym checks that one key gives one name to a person on all
// instances and in both kinds of line, and that another key or person gives another.
func TestPseudonym(t *testing.T) {
	caller := func(key, token string) string {
		s := newServer(t)
		s.LogKey = []byte(key)
		s.do(with(post(good), "Authorization", "Bearer "+token))
		return logLines(t, s.log.String())[0]["caller"].(string)
	}
	ada := caller("k", "ada")
	if ada != caller("k", "ada") || ada != auth.Pseudonym([]byte("k"), "https://issuer/", "ada") {
		t.Error("one person, two names")
	}
	if ada == caller("k", "grace") || ada == caller("l", "ada") {
		t.Error("one name for two")
	}
}

// TestRoutes: the log names the way that a request took, however its path is written.
func TestRoutes(t *testing.T) {
	for path, want := range map[string]string{
		"/graphql?query=a": "/graphql", "/%67raphql?query=a": "/graphql", "http://flora.test/graphql?query=a": "/graphql",
		"/healthz": "/healthz", "/graphql/": "/", "/nothing": "/", "//graphql": "",
	} {
		s := newServer(t)
		s.do(httptest.NewRequest("GET", path, nil))
		if line := logLines(t, s.log.String())[0]; line["route"] != want || (want == "/graphql") != (len(s.seen) == 1) {
			t.Errorf("%s: route %v, want %s; operations %v", path, line["route"], want, s.seen)
		}
	}
}
