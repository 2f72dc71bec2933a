package web

import (
	"io/fs"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
)

func newDevServer(t *testing.T) *server {
	s := newServer(t)
	s.Issuer = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.Write([]byte("issuer")) })
	return s
}

// TestHost checks that a development server answers to loopback names alone,
// whatever is asked of it.
func TestHost(t *testing.T) {
	for host, want := range map[string]int{
		"localhost:8080": 200, "localhost": 200, "127.0.0.1:8080": 200, "[::1]:8080": 200, "LOCALHOST:1": 200,
		"evil.example": 403, "localhost.evil.example:8080": 403, "127.0.0.1.evil.example": 403, "192.168.0.7:8080": 403, "0.0.0.0:8080": 403, "": 403,
	} {
		for _, path := range []string{"/", "/graphql?query=a", "/dev/issuer/mint", "/healthz"} {
			r := httptest.NewRequest("GET", "http://x"+path, nil)
			r.Host = host
			if w := newDevServer(t).do(r); w.Code != want {
				t.Errorf("Host %q %s: %d, want %d", host, path, w.Code, want)
			}
		}
	}
	r := httptest.NewRequest("GET", "http://api.example.com/healthz", nil)
	if w := newServer(t).do(r); w.Code != 200 {
		t.Errorf("a production server refuses its own name: %d", w.Code)
	}
}

// TestConsole checks that the playground's page finds all it loads on its own
// server, and that its policy allows nothing else.
func TestConsole(t *testing.T) {
	get := func(path string) *httptest.ResponseRecorder {
		return newDevServer(t).do(httptest.NewRequest("GET", "http://localhost"+path, nil))
	}
	page := get("/")
	if page.Code != 200 || !strings.HasPrefix(page.Header().Get("Content-Type"), "text/html") {
		t.Fatalf("%d %s", page.Code, page.Header().Get("Content-Type"))
	}
	policy := page.Header().Get("Content-Security-Policy")
	if !strings.Contains(policy, "default-src 'none'") || !strings.Contains(policy, "script-src 'self';") || strings.Contains(policy, "http") {
		t.Errorf("policy %s", policy)
	}
	links := regexp.MustCompile(`(?:src|href)="([^"]+)"`).FindAllStringSubmatch(page.Body.String(), -1)
	if len(links) < 6 {
		t.Errorf("only %d links", len(links))
	}
	for _, l := range links {
		if w := get(l[1]); !strings.HasPrefix(l[1], "/console/") || w.Code != 200 || w.Body.Len() == 0 {
			t.Errorf("%s: %d, %d bytes", l[1], w.Code, w.Body.Len())
		}
	}
	if strings.Contains(page.Body.String(), "<script>") || regexp.MustCompile(`\son[a-z]+=`).MatchString(page.Body.String()) {
		t.Error("the page has inline scripts")
	}
	if err := fs.WalkDir(consoleFS, ".", func(string, fs.DirEntry, error) error { return nil }); err != nil {
		t.Error(err)
	}
}
