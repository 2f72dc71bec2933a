package web

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestParseOrigin(t *testing.T) {
	tests := []struct {
		text    string
		allows  []string // empty: refused
		forbids []string
	}{
		{"https://app.example.com", []string{"https://app.example.com"},
			[]string{"http://app.example.com", "https://app.example.com:8443", "https://app.example.com.evil.com", "https://APP.example.com", "null", ""}},
		{"http://localhost:3000", []string{"http://localhost:3000"}, []string{"http://localhost:3001", "http://localhost"}},
		{"https://*--app.netlify.app", []string{"https://deploy-7--app.netlify.app"},
			[]string{"https://--app.netlify.app", "https://a.b--app.netlify.app", "https://x--evil.netlify.app", "http://x--app.netlify.app", "https://evil.com/--app.netlify.app", "https://x@y--app.netlify.app"}},
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
		"http://10.0.0.1": false, "http://localhost:1/x": false, "ftp://localhost": false, "http://evil@localhost": false,
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
	for name, r := range map[string]*http.Request{
		"other origin":  preflight("https://evil.example", "POST", "authorization"),
		"null origin":   preflight("null", "POST", "authorization"),
		"two origins":   with(preflight(app, "POST", "authorization"), "Origin", "https://evil.example"),
		"other header":  preflight(app, "POST", "x-flora-hidden"),
		"other method":  preflight(app, "DELETE", "authorization"),
		"cookie header": preflight(app, "POST", "cookie"),
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
