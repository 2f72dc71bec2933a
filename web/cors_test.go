package web

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseOrigin(t *testing.T) {
	tests := []struct {
		text    string
		allows  []string // empty: refused
		forbids []string
	}{
		{"https://app.example.com", []string{"https://app.example.com"},
			[]string{
				"http://app.example.com", "https://app.example.com:8443", "https://app.example.com.evil.com", "https://APP.example.com", "null", "",
				"https://app.example.com/", "https://app.example.com.", "https://app.example.com:443", "https://app.example.com:", "https://app.example.com?", "https://app.example.com#", "https://app.example.com/x", "https://app.example.comx", "https://app.example.co",
				"https://xapp.example.com", "https://evil-app.example.com", "https://x.app.example.com", "https://example.com", "https://appXexample.com", "https://app-example.com", "https://evil.com/app.example.com", "https://evil.com?https://app.example.com",
				"https://user@app.example.com", "https://app.example.com@evil.com", "https://app.example.com:x@evil.com", `https://app.example.com\@evil.com`, "https://app.example.com%00.evil.com", "https://app.example.com\x00", "https://app.example.com%2eevil.com", "https://app.example.com_.evil.com",
				" https://app.example.com", "https://app.example.com ", "https://app.example.com,https://evil.com", "https://app.example.com https://evil.com", "https://evil.com https://app.example.com", "HTTPS://app.example.com", "https:/app.example.com", "https:app.example.com", "//app.example.com", "app.example.com",
				"wss://app.example.com", "ftp://app.example.com", "file://app.example.com", "file://", "data:", "blob:https://app.example.com", "chrome-extension://app.example.com", "capacitor://app.example.com", "https://\u0430pp.example.com", "https://app.example.com\u3002", "https://app\u3002example.com", "NULL", "Null", "undefined", "*", "https://*",
			}},
		{"http://localhost:3000", []string{"http://localhost:3000"}, []string{"http://localhost:3001", "http://localhost"}},
		{"https://*--app.netlify.app", []string{"https://deploy-7--app.netlify.app"},
			[]string{"https://--app.netlify.app", "https://a.b--app.netlify.app", "https://x--evil.netlify.app", "http://x--app.netlify.app", "https://evil.com/--app.netlify.app", "https://x@y--app.netlify.app",
				"https://x--app.netlify.app.evil.com", "https://x--app.netlify.app:8443", "https://x--app.netlify.app.", "https://X--app.netlify.app", "https://x%2f--app.netlify.app", "https://evil.com#--app.netlify.app", "https://evil.com?--app.netlify.app", "https://evil.com:1--app.netlify.app", `https://evil.com\--app.netlify.app`, "https://x_--app.netlify.app", "https://x --app.netlify.app", "https://*--app.netlify.app", "https://\u0430--app.netlify.app", "https://app.netlify.app", "null"}},
		{"https://pr-*.example.com:8443", []string{"https://pr-1.example.com:8443"}, []string{"https://pr-1.example.com", "https://xpr-1.example.com:8443"}},
		{"*", nil, nil},
		{"null", nil, nil},
		{"https://*", nil, nil},
		{"https://*.example.com", nil, nil},
		{"https://a*.example.com", nil, nil},
		{"https://*app.com", nil, nil},
		{"https://*-app.co.uk", nil, nil},
		{"https://app.*-name.com", nil, nil},
		{"https://*--a*--app.example.com", nil, nil},
		{"https://*-app.gov.uk", nil, nil},
		{"https://app*.com", nil, nil},
		{"https://app-*.co.jp", nil, nil},
		{"https://app-*.internal", nil, nil},
		{"https://app-*.com:8443", nil, nil},
		{"https://*ab.example.com", nil, nil},
		{"https://app.example.*", nil, nil},
		{"https://app-*", nil, nil},
		{"https://app-*/", nil, nil},
		{"https://app-*.example.com/", nil, nil},
		{"https://app-*@evil.com", nil, nil},
		{"https://app.example.com:*", nil, nil},
		{"*://app.example.com", nil, nil},
		{"https*://app.example.com", nil, nil},
		{"NULL", nil, nil},
		{"http://app.example.com:80", nil, nil},
		{"https://app.example.com?x", nil, nil},
		{"https://app.example.com#x", nil, nil},
		{"https://", nil, nil},
		{"file://", nil, nil},
		{"https://app.example.com,https://b.example.com", nil, nil},
		{"https://app.example.com https://b.example.com", nil, nil},
		{"https://app.example.com/", nil, nil},
		{"https://app.example.com/path", nil, nil},
		{"https://user@app.example.com", nil, nil},
		{"https://app.example.com:443", nil, nil},
		{"https://App.example.com", nil, nil},
		{"app.example.com", nil, nil},
		{"ftp://app.example.com", nil, nil},
		{"", nil, nil},
	}
	for _, tt := range tests {
		t.Run(tt.text, func(t *testing.T) {
			o, err := ParseOrigin(tt.text)
			if (err == nil) != (tt.allows != nil) {
				t.Fatalf("error %v", err)
			}
			for _, origin := range tt.allows {
				if !o.Allows(origin) {
					t.Errorf("%s is not allowed", origin)
				}
			}
			for _, origin := range tt.forbids {
				if o.Allows(origin) {
					t.Errorf("%s is allowed", origin)
				}
			}
		})
	}
}

func TestLocalhostOrigins(t *testing.T) {
	o := Localhost()
	for origin, want := range map[string]bool{
		"http://localhost:5173": true, "https://localhost": true, "http://127.0.0.1:8080": true, "http://[::1]:3000": true,
		"http://localhost.evil.com": false, "http://127.0.0.1.evil.com": false, "null": false, "": false,
		"http://10.0.0.1": false, "http://127.0.0.1.": false, "http://localhost.": false, "http://xlocalhost": false, "http://app.localhost": false, "http://0.0.0.0": false, "http://127.1": false, "http://2130706433": false, "http://[::]": false, "http://localhost@evil.com": false,
		"http://127.0.0.1@evil.com": false, "http://evil.com#localhost": false, "http://localhost?x": false, "http://localhost#x": false, "http://localhost:1:2": false, "http://localhost:x": false, "//localhost": false, "localhost": false, "file://localhost": false, "http://localhost, http://evil.com": false, "http://localhost%00.evil.com": false, "http://evil.com\\localhost": false, "http://localhost:1/x": false, "ftp://localhost": false, "http://evil@localhost": false,
	} {
		if got := o.Allows(origin); got != want {
			t.Errorf("%s allowed: %v", origin, got)
		}
	}
	if (Origins{}).Allows("http://localhost:5173") {
		t.Error("the zero value allows localhost")
	}
}

func TestPreflight(t *testing.T) {
	preflight := func(origin, method, headers string) *http.Request {
		r := httptest.NewRequest("OPTIONS", "http://flora.test/graphql", nil)
		return with(r, "Origin", origin, "Access-Control-Request-Method", method, "Access-Control-Request-Headers", headers)
	}
	w := newServer(t).do(preflight(app, "POST", "authorization,content-type,idempotency-key"))
	for name, want := range map[string]string{
		"Access-Control-Allow-Origin": app, "Access-Control-Allow-Methods": "POST",
		"Access-Control-Allow-Headers": "authorization,content-type,idempotency-key", "Access-Control-Max-Age": "7200",
	} {
		if got := w.Header().Get(name); got != want {
			t.Errorf("%s = %q, want %q", name, got, want)
		}
	}
	if !strings.Contains(strings.Join(w.Header().Values("Vary"), ","), "Origin") {
		t.Errorf("Vary = %q", w.Header().Values("Vary"))
	}
	for _, header := range strings.Fields("authorization content-type dpop traceparent tracestate baggage x-request-id apollo-require-preflight x-apollo-operation-name graphql-preflight last-event-id idempotency-key") {
		h := newServer(t).do(with(preflight(app, "POST", header), "Access-Control-Request-Private-Network", "true")).Header()
		if h.Get("Access-Control-Allow-Headers") != header || h.Get("Access-Control-Allow-Credentials") != "" || h.Get("Access-Control-Allow-Private-Network") != "" {
			t.Errorf("preflight for %s: %v", header, h)
		}
	}
	for name, r := range map[string]*http.Request{
		"other origin":  preflight("https://evil.example", "POST", "authorization"),
		"null origin":   preflight("null", "POST", "authorization"),
		"two origins":   with(preflight(app, "POST", "authorization"), "Origin", "https://evil.example"),
		"other header":  preflight(app, "POST", "x-flora-hidden"),
		"other method":  preflight(app, "DELETE", "authorization"),
		"cookie header": preflight(app, "POST", "cookie"),
		"any header":    preflight(app, "POST", "*"),
		"one of two":    preflight(app, "POST", "authorization,x-evil"),
		"override":      preflight(app, "POST", "x-http-method-override"),
		"forwarded":     preflight(app, "POST", "x-forwarded-for"),
		"put":           preflight(app, "PUT", "authorization"),
		"patch":         preflight(app, "PATCH", "authorization"),
		"lower case":    preflight(app, "post", "authorization"),
		"near origin":   preflight(app+".evil.example", "POST", "authorization"),
	} {
		if got := newServer(t).do(r).Header().Get("Access-Control-Allow-Origin"); got != "" {
			t.Errorf("%s: allowed as %q", name, got)
		}
	}
}

// TestOtherOrigin is the twin of the CORS headers on every answer.
func TestOtherOrigin(t *testing.T) {
	for _, origin := range []string{"https://evil.example", "null", "https://app.example.com.evil.example"} {
		r := post(good)
		r.Header.Set("Origin", origin)
		w := newServer(t).do(r)
		if got := w.Header().Get("Access-Control-Allow-Origin"); got != "" {
			t.Errorf("%s: Access-Control-Allow-Origin = %q", origin, got)
		}
	}
	w := newServer(t).do(with(post(good), "Origin", "https://evil.example"))
	if got := w.Header().Values("Access-Control-Allow-Origin"); len(got) > 0 {
		t.Errorf("two origins: Access-Control-Allow-Origin = %q", got)
	}
}

// TestReadableRefusals: without these headers a page learns of a refusal only
// that the network failed.
func TestReadableRefusals(t *testing.T) {
	s := newServer(t)
	s.Limits.Rate, s.Limits.Burst = 1, 1
	h := New(s.Options)
	do := func(r *http.Request) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w
	}
	signedIn := func(token, body string) *http.Request { return with(post(body), "Authorization", "Bearer "+token) }
	for _, tt := range []struct {
		status int
		r      *http.Request
	}{
		{200, signedIn("ada", good)}, {429, signedIn("ada", good)}, {401, signedIn("expired", good)}, {503, signedIn("down", good)},
		{500, signedIn("grace", `{"query":"panic"}`)}, {413, post(strings.Repeat(" ", 300<<10))}, {415, withType(post(good), "text/plain")}, {400, post("{")},
	} {
		w := do(tt.r)
		if w.Code != tt.status {
			t.Errorf("%d, want %d", w.Code, tt.status)
		}
		checkHeaders(t, w)
		for _, name := range []string{"Www-Authenticate", "Dpop-Nonce", "Retry-After", "X-Request-Id", "Etag"} {
			if got := w.Header().Get("Access-Control-Expose-Headers"); !strings.Contains(got, name) {
				t.Errorf("%d: %s is not exposed: %s", tt.status, name, got)
			}
		}
	}
}

// TestNoOrigin: who is no page gets the headers of a page that may read nothing,
// so that no cache gives the answer to one to the other.
func TestNoOrigin(t *testing.T) {
	for _, path := range []string{"/", "/console/", "/dev/issuer/", "/graphql?query=a", "/%67raphql?query=a", "/healthz", "/nothing"} {
		for _, method := range []string{"GET", "POST", "PUT", "OPTIONS"} {
			headers := func(more ...string) http.Header {
				w := newDevServer(t).do(with(httptest.NewRequest(method, "http://localhost"+path, nil), more...))
				w.Header().Del("X-Request-Id")
				return w.Header()
			}
			none := headers()
			if diff := cmp.Diff(headers("Origin", "https://evil.example"), none); diff != "" {
				t.Errorf("%s %s (-other origin +none):\n%s", method, path, diff)
			}
			if !strings.Contains(none.Get("Vary"), "Origin") {
				t.Errorf("%s %s: Vary = %q", method, path, none.Values("Vary"))
			}
		}
	}
}
