package web

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestContentTypes: only application/json in UTF-8 is read. What a browser
// sends without a preflight (Fetch, "CORS-safelisted request-header") is not.
func TestContentTypes(t *testing.T) {
	for value, want := range map[string]int{
		"application/json": 200, "Application/JSON": 200, "application/json; charset=utf-8": 200, "application/json;charset=UTF-8": 200, `application/json; charset="utf-8"`: 200, "application/json; odata=verbose": 200,
		"application/json; charset=utf-16": 415, "application/json; charset=utf-7": 415, "application/json; charset=latin1": 415, "application/json; charset=": 415, `application/json; charset=""`: 415, "application/json; charset=utf-8; charset=utf-16": 415,
		"application/json, text/plain": 415, "text/plain, application/json": 415, "text/plain; application/json": 415, "text/plain;a=application/json": 415, "application/json text/plain": 415, "application/json,": 415, ",application/json": 415,
		"application/jsonx": 415, "application/json5": 415, "application/json-seq": 415, "application/json+x": 415, "application/ld+json": 415, "application/vnd.api+json": 415, "application/graphql-response+json": 415, "application/graphql": 415, "application/graphql+json": 415,
		"text/json": 415, "text/x-json": 415, "application/x-json": 415, "application/ json": 415, "application /json": 415, "applicati\u0131on/json": 415, "application/j\u017fon": 415, "application/javascript": 415,
		"text/plain": 415, "multipart/form-data; boundary=x": 415, "application/x-www-form-urlencoded": 415, "application/octet-stream": 415, "application/csp-report": 415, "": 415, "*/*": 415, "json": 415, "application/": 415, "/json": 415,
	} {
		s := newServer(t)
		if w := s.do(withType(post(good), value)); w.Code != want || len(s.seen) != map[int]int{200: 1}[want] {
			t.Errorf("%q: %d, want %d", value, w.Code, want)
		}
	}
	for name, r := range map[string]*http.Request{
		"two types":       with(post(good), "Content-Type", "text/plain"),
		"one type twice":  with(post(good), "Content-Type", "application/json"),
		"encoding":        with(post(good), "Content-Encoding", "br"),
		"encoding 'gzip'": with(post(good), "Content-Encoding", "GZIP"),
		"two encodings":   with(post(good), "Content-Encoding", "", "Content-Encoding", "gzip"),
	} {
		s := newServer(t)
		if w := s.do(r); w.Code != 415 || len(s.seen) > 0 {
			t.Errorf("%s: %d", name, w.Code)
		}
	}
}

// TestMethodOverride: a mutation goes by POST whatever else a request says, so
// that no link, image or form of another page starts one.
func TestMethodOverride(t *testing.T) {
	for _, method := range []string{"GET", "HEAD", "PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "PROPFIND", "QUERY", "post", "get", "POST2"} {
		for _, override := range []string{"", "X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override", "X-Original-Method", "X-Rewrite-Method"} {
			s := newServer(t)
			r := httptest.NewRequest(method, "/graphql?query=mutation&_method=POST&method=POST", strings.NewReader(`{"query":"mutation"}`))
			r.Header.Set("Content-Type", "application/json")
			if override != "" {
				r.Header.Set(override, "POST")
			}
			if w := s.do(r); w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") == "" {
				t.Errorf("%s, %s: %d", method, override, w.Code)
			}
			for _, seen := range s.seen {
				if !seen.ReadOnly {
					t.Errorf("%s, %s: a mutation may run", method, override)
				}
			}
		}
	}
	// And no header makes a GET of a POST, or leads to another path.
	s := newServer(t)
	w := s.do(with(post(`{"query":"mutation"}`), "X-HTTP-Method-Override", "GET", "X-Original-URL", "/healthz", "X-Rewrite-URL", "/admin/graphql", "X-Forwarded-Prefix", "/admin"))
	if w.Code != 200 || len(s.seen) != 1 || s.seen[0].ReadOnly {
		t.Errorf("POST: %d, %+v", w.Code, s.seen)
	}
}

// TestDuplicateMembers: no JSON text of a request may say two things.
func TestDuplicateMembers(t *testing.T) {
	for i, body := range []string{
		`{"query":"{ a }","query":"{ a }"}`, `{"query":null,"query":"{ a }"}`, `{"query":"{ a }","\u0071uery":"{ b }"}`, `{"query":"{ a }","variables":{},"variables":{"x":1}}`, `{"query":"{ a }","operationName":"A","operationName":"B"}`,
		`{"query":"{ a }","other":1,"other":1}`, `{"query":"{ a }","other":{"x":1,"x":2}}`, `{"query":"{ a }","extensions":{"x":[{"y":1,"y":1}]}}`, `{"query":"{ a }","variables":{"x":1,"\u0078":2}}`, `{"query":"{ a }","variables":{"":1,"":2}}`, `{"query":"{ a }","variables":{"é":1,"\u00e9":2}}`,
		`{"query":"{ a }","variables":{"😀":1,"\ud83d\ude00":2}}`, `{"query":"{ a }"}{"query":"{ b }"}`, `{"query":"{ a }"},`, `{"query":"{ a }"}null`, "\ufeff" + good, good + "\x00", `{"query":"{ a }","variables":{"x":NaN}}`, `{"query":"{ a }","variables":{"x":01}}`, `{"query":"{ a }",}`, `{'query':"{ a }"}`, `{"query":"{ a }"/**/}`,
		`{"query":"{ a }","variables":{"x":"\udc00"}}`, "{\"query\":\"{ a }\",\"variables\":{\"x\":\"\xc0\xaf\"}}", "{\"query\":\"{ a }\n\"}", `{"query":"{ a }","variables":` + strings.Repeat("[", 100_000),
	} {
		s := newServer(t)
		if w := s.do(post(body)); w.Code != 400 || len(s.seen) > 0 {
			t.Errorf("body %d %.60q: %d", i, body, w.Code)
		}
	}
	for _, query := range []string{
		"query=a&query=a", "query=a&%71uery=b", "query=a&variables={}&variables={}", `query=a&variables={"x":1,"x":2}`, `query=a&variables={"x":{"y":1,"y":2}}`, `query=a&extensions={"x":1,"\u0078":2}`, "query=a&operationName=A&operationName=B", "query=a&variables={}{}", "query=a&variables=%00", "query=%ff", "query=a;variables={}", "query=a&x=%", `query=a&variables="{}"`, "query=a&variables=[]",
	} {
		s := newServer(t)
		r := httptest.NewRequest("GET", "/graphql", nil)
		r.URL.RawQuery = query
		if w := s.do(r); w.Code != 400 || len(s.seen) > 0 {
			t.Errorf("GET %s: %d", query, w.Code)
		}
	}
	// Other case is another name, which nobody reads.
	s := newServer(t)
	s.do(post(`{"query":"{ a }","Query":"{ b }","QUERY":1,"Variables":{"x":1}}`))
	if got := fmt.Sprint(s.seen); len(s.seen) != 1 || s.seen[0].Query != "{ a }" || s.seen[0].Variables != nil {
		t.Errorf("operations %s", got)
	}
}

// TestNotOffered: no upgrade, no cookie, no path beside those served.
func TestNotOffered(t *testing.T) {
	for name, headers := range map[string][]string{
		"WebSocket":  {"Connection", "Upgrade", "Upgrade", "websocket", "Sec-WebSocket-Version", "13", "Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Protocol", "graphql-transport-ws"},
		"HTTP/2":     {"Connection", "Upgrade, HTTP2-Settings", "Upgrade", "h2c", "HTTP2-Settings", "AAMAAABkAARAAAAAAAIAAAAA"},
		"any stream": {"Accept", "text/event-stream"},
	} {
		s := newServer(t)
		w := s.do(with(httptest.NewRequest("GET", "/graphql", nil), headers...))
		if w.Code != 400 && w.Code != 406 || w.Header().Get("Upgrade") != "" || len(s.seen) > 0 {
			t.Errorf("%s: %d", name, w.Code)
		}
	}
	for _, path := range []string{"/graphql/", "/GraphQL", "/graphql/x", "/graphql;x", "/graphql%2f", "/graphql%00", "/graphql.json", "/admin/graphql", "/Admin/graphql", "/%61dmin/graphql", "/graphql%2F..%2Fadmin%2Fgraphql", "/metrics", "/debug/pprof/", "/debug/vars", "/.env", "/.git/config", "/dev/issuer/", "/console/", "/schema.graphql", "/favicon.ico"} {
		r := post(good)
		r.URL.Path, r.URL.RawPath = path, ""
		s := newServer(t)
		if w := s.do(r); w.Code != 404 || len(s.seen) > 0 || w.Header().Get("Set-Cookie") != "" {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
	// A path that the router cleans is answered with the clean one of this very host.
	for _, path := range []string{"//evil.example/graphql", "//evil.example/..", "/\\evil.example", "/x/../graphql", "/./graphql", "//graphql"} {
		r := post(good)
		r.URL.Path = path
		s := newServer(t)
		w := s.do(r)
		if to := w.Header().Get("Location"); len(s.seen) > 0 || strings.HasPrefix(to, "//") || strings.HasPrefix(to, "/\\") || strings.Contains(to, "://") {
			t.Errorf("%s: %d to %s", path, w.Code, to)
		}
	}
}

// FuzzDecodePost: what is accepted means the same to encoding/json.
func FuzzDecodePost(f *testing.F) {
	for _, seed := range []string{good, `{"query":"a","operationName":"b","variables":{"x":[1,null,"\u00e9"]},"extensions":{}}`, `{"query":"a","query":"b"}`, `{"query":"\ud800"}`, `[]`, good + good, `{"query":null}`, `{"query":"a","variables":null,"operationName":null}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		r, err := decodePost(body)
		if err != nil {
			if r.Query != "" || r.OperationName != "" || r.Variables != nil || r.Decoded != nil {
				t.Fatalf("request beside error %v", err)
			}
			return
		}
		var want map[string]json.RawMessage
		if err := json.Unmarshal(body, &want); err != nil {
			t.Fatalf("accepted %q: %v", body, err)
		}
		var query, name string
		var variables map[string]any
		for text, into := range map[string]any{"query": &query, "operationName": &name, "variables": &variables} {
			if want[text] != nil {
				if err := json.Unmarshal(want[text], into); err != nil {
					t.Fatalf("accepted %q: %s: %v", body, text, err)
				}
			}
		}
		if r.Query != query || r.OperationName != name || (r.Variables != nil) != (variables != nil) || r.Variables != nil && string(r.Variables) != string(want["variables"]) {
			t.Fatalf("%q: %+v", body, r)
		}
	})
}
