package web

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"flora.dev/flora/auth"
	"flora.dev/flora/graph"
	"github.com/google/go-cmp/cmp"
)

// verifierFunc and executorFunc stand in for auth and graph.
type verifierFunc func(context.Context, string) (*auth.Identity, error)

func (f verifierFunc) Verify(ctx context.Context, token string) (*auth.Identity, error) {
	return f(ctx, token)
}

type executorFunc func(context.Context, graph.Request) *graph.Response

func (f executorFunc) Do(ctx context.Context, r graph.Request) *graph.Response { return f(ctx, r) }

type hiddenKey struct{}

const app = "https://app.example.com"

// server is a handler with fakes: the token "ada" is good, "down" cannot be
// verified, any other is refused.
type server struct {
	Options
	seen   []graph.Request
	who    *auth.Identity
	hidden bool
	log    bytes.Buffer
}

func newServer(t *testing.T) *server {
	t.Helper()
	origins, err := ParseOrigin(app)
	if err != nil {
		t.Fatal(err)
	}
	s := &server{}
	s.Options = Options{
		Data: &Endpoint{
			Verifier: verifierFunc(func(_ context.Context, token string) (*auth.Identity, error) {
				switch token {
				case "ada", "grace":
					return &auth.Identity{Provider: "test", Issuer: "https://issuer/", Subject: token, ID: token}, nil
				case "down":
					return nil, errors.New("no keys at https://secret.internal")
				}
				return nil, &auth.Rejection{Code: "token_expired", Description: `the token "expired"`}
			}),
			Executor: executorFunc(func(ctx context.Context, r graph.Request) *graph.Response {
				s.seen = append(s.seen, r)
				s.who = auth.From(ctx)
				s.hidden = ctx.Value(hiddenKey{}) != nil
				switch r.Query {
				case "panic":
					panic("secret detail")
				case "syntax":
					return &graph.Response{Status: 400, Body: []byte(`{"errors":[]}`)}
				case "mutation":
					if r.ReadOnly {
						return &graph.Response{Status: 405, Body: []byte(`{"errors":[]}`)}
					}
				case "unavailable":
					return &graph.Response{Status: 503, Body: []byte(`{"errors":[]}`)}
				}
				return &graph.Response{Status: 200, Body: []byte(`{"data":{}}`)}
			}),
			Hidden: func(ctx context.Context) context.Context { return context.WithValue(ctx, hiddenKey{}, true) },
		},
		Origins: origins,
		Limits:  DefaultLimits(),
		Log:     slog.New(slog.NewJSONHandler(&s.log, nil)),
	}
	s.Limits.Rate = 0
	return s
}

func (s *server) do(r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	New(s.Options).ServeHTTP(w, r)
	return w
}

// post is a sound operation from the allowed origin.
func post(body string) *http.Request {
	r := httptest.NewRequest("POST", "http://flora.test/graphql", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Origin", app)
	return r
}

func with(r *http.Request, headers ...string) *http.Request {
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	return r
}

const good = `{"query":"{ a }"}`

// TestRefusals checks every class of refusal: its status, its code, that the
// executor was not asked, and that a browser application can read it.
func TestRefusals(t *testing.T) {
	get := func(method, path string) *http.Request {
		return with(httptest.NewRequest(method, "http://flora.test"+path, nil), "Origin", app)
	}
	large := `{"query":"` + strings.Repeat("x", 256<<10) + `"}`
	chunked := post(large)
	chunked.ContentLength = -1
	bare := post(good)
	bare.Header.Del("Content-Type")
	tests := []struct {
		name    string
		request *http.Request
		status  int
		code    string
	}{
		{"no content type", bare, 415, graph.BadUserInput},
		{"text body", withType(post(good), "text/plain"), 415, graph.BadUserInput},
		{"form body", withType(post(good), "application/x-www-form-urlencoded"), 415, graph.BadUserInput},
		{"other charset", withType(post(good), "application/json; charset=utf-16"), 415, graph.BadUserInput},
		{"compressed", with(post(good), "Content-Encoding", "gzip"), 415, graph.BadUserInput},
		{"too large", post(large), 413, graph.LimitExceeded},
		{"too large, chunked", chunked, 413, graph.LimitExceeded},
		{"empty", post(""), 400, graph.BadUserInput},
		{"not JSON", post(`{"query":`), 400, graph.BadUserInput},
		{"two values", post(good + good), 400, graph.BadUserInput},
		{"batch", post(`[` + good + `]`), 400, graph.BadUserInput},
		{"string", post(`"{ a }"`), 400, graph.BadUserInput},
		{"duplicate member", post(`{"query":"{ a }","query":"{ b }"}`), 400, graph.BadUserInput},
		{"duplicate escaped member", post(`{"query":"{ a }","qu\u0065ry":"{ b }"}`), 400, graph.BadUserInput},
		{"duplicate variable", post(`{"query":"{ a }","variables":{"x":{"y":1,"y":2}}}`), 400, graph.BadUserInput},
		{"not UTF-8", post("{\"query\":\"\xff\"}"), 400, graph.BadUserInput},
		{"lone surrogate", post(`{"query":"\ud800"}`), 400, graph.BadUserInput},
		{"no query", post(`{"qeury":"{ a }"}`), 400, graph.BadUserInput},
		{"null query", post(`{"query":null}`), 400, graph.BadUserInput},
		{"number query", post(`{"query":1}`), 400, graph.BadUserInput},
		{"list variables", post(`{"query":"{ a }","variables":[]}`), 400, graph.BadUserInput},
		{"string variables", post(`{"query":"{ a }","variables":"{}"}`), 400, graph.BadUserInput},
		{"number operation name", post(`{"query":"{ a }","operationName":0}`), 400, graph.BadUserInput},
		{"list extensions", post(`{"query":"{ a }","extensions":[]}`), 400, graph.BadUserInput},
		{"empty retry key", with(post(good), "Idempotency-Key", ""), 400, graph.BadUserInput},
		{"long retry key", with(post(good), "Idempotency-Key", strings.Repeat("k", 256)), 400, graph.BadUserInput},
		{"retry key beyond ASCII", with(post(good), "Idempotency-Key", "kä"), 400, graph.BadUserInput},
		{"two retry keys", with(post(good), "Idempotency-Key", "a", "Idempotency-Key", "a"), 400, graph.BadUserInput},
		{"accepts images", with(post(good), "Accept", "image/png"), 406, graph.BadUserInput},
		{"put", get("PUT", "/graphql"), 405, graph.BadUserInput},
		{"delete", get("DELETE", "/graphql"), 405, graph.BadUserInput},
		{"get without query", get("GET", "/graphql"), 400, graph.BadUserInput},
		{"get with two queries", get("GET", "/graphql?query=a&query=b"), 400, graph.BadUserInput},
		{"get with broken variables", get("GET", "/graphql?query=a&variables=%7B"), 400, graph.BadUserInput},
		{"unknown path", get("GET", "/nothing"), 404, notFound},
		{"no admin here", get("POST", "/admin/graphql"), 404, notFound},
		{"no schema here", get("GET", "/schema.graphql"), 404, notFound},
		{"no playground here", get("GET", "/"), 404, notFound},
		{"no issuer here", get("POST", "/dev/issuer/mint"), 404, notFound},
		{"bad token", with(post(good), "Authorization", "Bearer expired"), 401, graph.Unauthenticated},
		{"bad token and bad body", with(post("{"), "Authorization", "Bearer expired"), 401, graph.Unauthenticated},
		{"bad token, get", with(get("GET", "/graphql?query=a"), "Authorization", "Bearer expired"), 401, graph.Unauthenticated},
		{"other scheme", with(post(good), "Authorization", "Basic YTpi"), 401, graph.Unauthenticated},
		{"bare token", with(post(good), "Authorization", "ada"), 401, graph.Unauthenticated},
		{"empty header", with(post(good), "Authorization", ""), 401, graph.Unauthenticated},
		{"empty token", with(post(good), "Authorization", "Bearer "), 401, graph.Unauthenticated},
		{"two tokens in one", with(post(good), "Authorization", "Bearer ada, Bearer grace"), 401, graph.Unauthenticated},
		{"two headers", with(post(good), "Authorization", "Bearer ada", "Authorization", "Bearer ada"), 400, graph.BadUserInput},
		{"token in the URL", get("GET", "/graphql?query=a&access_token=ada"), 400, graph.BadUserInput},
		{"verifier down", with(post(good), "Authorization", "Bearer down"), 503, graph.Unavailable},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newServer(t)
			w := s.do(tt.request)
			if w.Code != tt.status {
				t.Fatalf("status = %d, want %d: %s", w.Code, tt.status, w.Body)
			}
			if len(s.seen) > 0 {
				t.Errorf("the executor was asked: %+v", s.seen)
			}
			body := readError(t, w)
			if body.Extensions.Code != tt.code || body.Message == "" {
				t.Errorf("error = %+v, want code %s and a message", body, tt.code)
			}
			if id := w.Header().Get("X-Request-Id"); id == "" || body.Extensions.RequestID != id {
				t.Errorf("request id %q in the header, %q in the body", id, body.Extensions.RequestID)
			}
			checkHeaders(t, w)
		})
	}
}

func withType(r *http.Request, mediaType string) *http.Request {
	r.Header.Set("Content-Type", mediaType)
	return r
}

// checkHeaders checks what every answer to an allowed origin carries.
func checkHeaders(t *testing.T, w *httptest.ResponseRecorder) {
	t.Helper()
	for name, want := range map[string]string{
		"Access-Control-Allow-Origin": app,
		"Cache-Control":               "no-store",
		"Vary":                        "Authorization, DPoP, Origin, Accept",
		"X-Content-Type-Options":      "nosniff",
	} {
		if got := strings.Join(w.Header().Values(name), ", "); got != want {
			t.Errorf("%s = %q, want %q", name, got, want)
		}
	}
	if got := w.Header().Get("Access-Control-Expose-Headers"); !strings.Contains(got, "Www-Authenticate") || !strings.Contains(got, "Retry-After") {
		t.Errorf("Access-Control-Expose-Headers = %q", got)
	}
	for _, name := range []string{"Access-Control-Allow-Credentials", "Set-Cookie"} {
		if got := w.Header().Get(name); got != "" {
			t.Errorf("%s = %q, want none", name, got)
		}
	}
}

func readError(t *testing.T, w *httptest.ResponseRecorder) errorEntry {
	t.Helper()
	var body errorBody
	if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil || len(body.Errors) != 1 {
		t.Fatalf("not a GraphQL error body: %v: %s", err, w.Body)
	}
	return body.Errors[0]
}

func TestChallenge(t *testing.T) {
	w := newServer(t).do(with(post(good), "Authorization", "Bearer expired"))
	const want = `Bearer error="invalid_token", error_description="the token 'expired'"`
	if got := w.Header().Get("WWW-Authenticate"); got != want {
		t.Errorf("WWW-Authenticate = %s, want %s", got, want)
	}
	w = newServer(t).do(with(post(good), "Authorization", "Bearer ada", "Authorization", "Bearer ada"))
	if got := w.Header().Get("WWW-Authenticate"); !strings.HasPrefix(got, `Bearer error="invalid_request"`) {
		t.Errorf("WWW-Authenticate = %s, want invalid_request", got)
	}
	// Anonymous callers are told nothing of tokens.
	if got := newServer(t).do(post(good)).Header().Get("WWW-Authenticate"); got != "" {
		t.Errorf("WWW-Authenticate = %s for an anonymous caller", got)
	}
}

func TestCaller(t *testing.T) {
	tests := []struct{ name, authorization, want string }{
		{"anonymous", "", ""},
		{"signed in", "Bearer ada", "ada"},
		{"scheme in any case", "bEARER  grace", "grace"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, r := newServer(t), post(good)
			if tt.authorization != "" {
				r.Header.Set("Authorization", tt.authorization)
			}
			w := s.do(r)
			got := ""
			if s.who != nil {
				got = s.who.ID
			}
			if w.Code != 200 || got != tt.want {
				t.Errorf("status %d, caller %q, want %q", w.Code, got, tt.want)
			}
			checkHeaders(t, w)
		})
	}
}

func TestStatusByMediaType(t *testing.T) {
	const graphQL, plain = graphqlJSON, plainJSON
	tests := []struct {
		query, accept string
		status        int
		mediaType     string
	}{
		{"{ a }", "", 200, plain},
		{"{ a }", "*/*", 200, plain},
		{"{ a }", plain, 200, plain},
		{"{ a }", graphQL, 200, graphQL},
		{"{ a }", graphQL + ", " + plain + ";q=0.9", 200, graphQL},
		{"{ a }", plain + ", " + graphQL + ";q=0.5", 200, plain},
		{"{ a }", graphQL + ", */*;q=0.1", 200, graphQL},
		{"{ a }", "text/html, application/*;q=0.2", 200, plain},
		{"syntax", plain, 200, plain},
		{"syntax", graphQL, 400, graphQL},
		{"unavailable", plain, 503, plain},
		{"unavailable", graphQL, 503, graphQL},
	}
	for _, tt := range tests {
		t.Run(tt.query+" "+tt.accept, func(t *testing.T) {
			r := post(`{"query":"` + tt.query + `"}`)
			if tt.accept != "" {
				r.Header.Set("Accept", tt.accept)
			}
			w := newServer(t).do(r)
			if got := w.Header().Get("Content-Type"); w.Code != tt.status || got != tt.mediaType+"; charset=utf-8" {
				t.Errorf("%d %s, want %d %s", w.Code, got, tt.status, tt.mediaType)
			}
			checkHeaders(t, w)
		})
	}
}

func TestMutationOverGET(t *testing.T) {
	w := newServer(t).do(httptest.NewRequest("GET", "/graphql?query=mutation", nil))
	if w.Code != 405 || w.Header().Get("Allow") != "POST, OPTIONS" {
		t.Errorf("GET: %d, Allow %q", w.Code, w.Header().Get("Allow"))
	}
	if w := newServer(t).do(post(`{"query":"mutation"}`)); w.Code != 200 {
		t.Errorf("POST: %d", w.Code)
	}
}

func TestRequest(t *testing.T) {
	s := newServer(t)
	s.do(with(post(`{"query":"a\n","operationName":"Q","variables":{"x":9007199254740993},"extensions":{},"other":1}`), "X-Flora-Hidden", "1", "Idempotency-Key", strings.Repeat("k", 254)+"~"))
	if !s.hidden {
		t.Error("X-Flora-Hidden: 1 is not heard")
	}
	s.do(httptest.NewRequest("GET", "/graphql?query=a&operationName=&variables=%7B%22x%22:1%7D&extensions=", nil))
	if s.hidden {
		t.Error("what rules hid is asked for by itself")
	}
	want := []graph.Request{
		{Query: "a\n", OperationName: "Q", Variables: []byte(`{"x":9007199254740993}`), Decoded: map[string]any{"x": json.Number("9007199254740993")}, RetryKey: strings.Repeat("k", 254) + "~"},
		{Query: "a", Variables: []byte(`{"x":1}`), ReadOnly: true},
	}
	if diff := cmp.Diff(want, s.seen); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
}

// TestPanic checks that a fault of ours is masked, logged, and readable for
// the application.
func TestPanic(t *testing.T) {
	s := newServer(t)
	w := s.do(with(post(`{"query":"panic"}`), "Authorization", "Bearer ada"))
	e := readError(t, w)
	if w.Code != 500 || e.Extensions.Code != graph.Internal || strings.Contains(w.Body.String(), "secret") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	checkHeaders(t, w)
	if !strings.Contains(s.log.String(), "secret detail") || !strings.Contains(s.log.String(), e.Extensions.RequestID) {
		t.Errorf("the log has no cause: %s", s.log.String())
	}
}

func TestRequestID(t *testing.T) {
	for id, kept := range map[string]bool{"trace-1.a_B": true, "": false, "a b": false, strings.Repeat("x", 65): false, "a\"b": false} {
		s := newServer(t)
		w := s.do(with(post(good), "X-Request-Id", id))
		if got := w.Header().Get("X-Request-Id"); len(got) != 32 || got == id {
			t.Errorf("%q: request id %q is not the server's own", id, got)
		}
		if got := strings.Contains(s.log.String(), `"clientRequestId":"`+id+`"`); got != kept {
			t.Errorf("%q kept: %v, want %v", id, got, kept)
		}
	}
}

// TestLogHasNoSecrets checks the access line of a request full of them.
func TestLogHasNoSecrets(t *testing.T) {
	s := newServer(t)
	r := post(`{"query":"hush","variables":{"x":"hush"}}`)
	r.URL.RawQuery = "hush=1"
	s.do(with(r, "Authorization", "Bearer grace", "User-Agent", "hush", "Referer", "http://hush/"))
	line := s.log.String()
	if strings.Contains(line, "hush") || strings.Contains(line, "grace") {
		t.Errorf("log line shows what a user sent: %s", line)
	}
	for _, want := range []string{`"status":200`, `"route":"/graphql"`, `"provider":"test"`, `"caller":"`, `"requestId":"`} {
		if !strings.Contains(line, want) {
			t.Errorf("log line has no %s: %s", want, line)
		}
	}
}

func TestDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t)
		s.Data.Executor = executorFunc(func(ctx context.Context, r graph.Request) *graph.Response {
			began := time.Now()
			<-ctx.Done()
			if took := time.Since(began); took != 10*time.Second {
				t.Errorf("deadline after %s", took)
			}
			return &graph.Response{Status: 503, Body: []byte(`{"errors":[]}`)}
		})
		if w := s.do(post(good)); w.Code != 503 {
			t.Errorf("status %d", w.Code)
		}
	})
}

// TestLongDeadline gives an endpoint more time than the server's connections have.
func TestLongDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t)
		s.Data.Deadline = time.Hour
		began := time.Now()
		s.Data.Executor = executorFunc(func(ctx context.Context, r graph.Request) *graph.Response {
			<-ctx.Done()
			return &graph.Response{Status: 200, Body: []byte(`{}`)}
		})
		w := &connection{ResponseRecorder: httptest.NewRecorder()}
		New(s.Options).ServeHTTP(w, post(good))
		if took := time.Since(began); took != time.Hour || w.until.Sub(began) <= took {
			t.Errorf("deadline after %s, no answer after %s", took, w.until.Sub(began))
		}
	})
}

// connection is a recorder that keeps until when an answer may be written.
type connection struct {
	*httptest.ResponseRecorder
	until time.Time
}

func (c *connection) SetWriteDeadline(t time.Time) error {
	c.until = t
	return nil
}

func TestHealth(t *testing.T) {
	s := newServer(t)
	s.SDL = func() string { return "type Query" }
	for path, want := range map[string]string{"/healthz": "ok\n", "/readyz": "ready\n", "/schema.graphql": "type Query"} {
		if w := s.do(httptest.NewRequest("GET", path, nil)); w.Code != 200 || w.Body.String() != want {
			t.Errorf("%s: %d %q", path, w.Code, w.Body)
		}
		if w := s.do(httptest.NewRequest("POST", path, nil)); w.Code != 405 {
			t.Errorf("POST %s: %d", path, w.Code)
		}
	}
	s.Ready = func(context.Context) []Unready {
		return []Unready{{Reason: "store unavailable", Err: errors.New("secret cause")}, {Reason: "no keys of provider p"}}
	}
	if w := s.do(httptest.NewRequest("GET", "/readyz", nil)); w.Code != 503 || w.Body.String() != "not ready: store unavailable; no keys of provider p\n" {
		t.Errorf("/readyz: %d %q", w.Code, w.Body)
	}
	if !strings.Contains(s.log.String(), "secret cause") {
		t.Errorf("the log does not say why: %s", s.log.String())
	}
	draining := make(chan struct{})
	s.Draining = draining
	if w := s.do(httptest.NewRequest("GET", "/healthz", nil)); w.Header().Get("Connection") != "" {
		t.Error("a connection is closed before its time")
	}
	close(draining)
	for path, want := range map[string]string{"/healthz": "200 ok\n", "/readyz": "503 not ready: draining\n"} {
		w := s.do(httptest.NewRequest("GET", path, nil))
		if got := fmt.Sprint(w.Code, " ", w.Body); got != want || w.Header().Get("Connection") != "close" {
			t.Errorf("%s: %q, Connection %q", path, got, w.Header().Get("Connection"))
		}
	}
	if w := s.do(post(good)); w.Code != 200 || w.Header().Get("Connection") != "close" {
		t.Errorf("an operation while draining: %d, Connection %q", w.Code, w.Header().Get("Connection"))
	}
}
