package web

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestForwarded(t *testing.T) {
	for _, tt := range []struct {
		forwarded []string
		proxies   int
		want      string
	}{
		{[]string{"by=3.0.0.1;for=192.0.2.7;host=api.example.com;proto=https"}, 1, "192.0.2.7"},
		{[]string{"for=198.51.100.9, for=192.0.2.7;proto=https"}, 1, "192.0.2.7"},
		{[]string{"for=198.51.100.9", "For=192.0.2.7"}, 1, "192.0.2.7"},
		{[]string{`for="192.0.2.7:4711"`}, 1, "192.0.2.7"},
		{[]string{`for="[2001:db8:1:2::7]:4711"`}, 1, "2001:db8:1:2::/64"},
		{[]string{`for="[2001:db8:1:2::8]"`}, 1, "2001:db8:1:2::/64"},
		{[]string{`for="open, for=192.0.2.7;by=3.0.0.1`}, 1, "192.0.2.7"}, // the quote is the client's
		{[]string{"for=192.0.2.7;by=10.0.0.1, for=10.0.0.1"}, 2, "192.0.2.7"},
		{[]string{"for=unknown"}, 1, "203.0.113.1"}, // who connected
		{[]string{"host=for=192.0.2.7"}, 1, "203.0.113.1"},
		{nil, 1, "203.0.113.1"},
	} {
		r := httptest.NewRequest("POST", "/graphql", nil)
		r.RemoteAddr = "203.0.113.1:9"
		r.Header["Forwarded"] = tt.forwarded
		r.Header.Set("X-Forwarded-For", "198.51.100.66") // the client's own
		got := ""
		fromForwarded(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = clientAddress(r, tt.proxies) })).ServeHTTP(nil, r)
		if got != tt.want {
			t.Errorf("%q: %s, want %s", tt.forwarded, got, tt.want)
		}
		if r.Header.Get("X-Forwarded-For") != "198.51.100.66" {
			t.Error("the request was changed")
		}
	}
}
