package main

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/golang-jwt/jwt/v5"
)

// tenant is an access provider whose keys are in a file.
type tenant struct {
	key    *rsa.PrivateKey
	issuer string
}

// signingKeys are those of all tests, by the names of their files: making one
// takes longer than most tests.
var signingKeys sync.Map

func signingKey(t testing.TB, name string) *rsa.PrivateKey {
	t.Helper()
	made, _ := signingKeys.LoadOrStore(name, sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) }))
	key, err := made.(func() (*rsa.PrivateKey, error))()
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// newTenant writes the set of keys that the tokens of a tenant are signed with:
// those of files with other names have others.
func newTenant(t *testing.T, file string) *tenant {
	t.Helper()
	key := signingKey(t, filepath.Base(file))
	set, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "k", Algorithm: "RS256", Use: "sig"}}})
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Dir(file), filepath.Base(file), string(set))
	return &tenant{key, "https://tenant.example.com/"}
}

func (n *tenant) token(t *testing.T, audience, sub string, roles ...string) string {
	t.Helper()
	token := jwt.NewWithClaims(jwt.SigningMethodRS256, jwt.MapClaims{
		"iss": n.issuer, "aud": audience, "sub": sub, "exp": time.Now().Add(time.Hour).Unix(), "roles": roles,
	})
	token.Header["kid"] = "k"
	text, err := token.SignedString(n.key)
	if err != nil {
		t.Fatal(err)
	}
	suite.secret(text)
	return text
}

// TestServe deploys, serves, and compares what a production server gives and
// what it keeps to itself.
func TestServe(t *testing.T) {
	dir := t.TempDir()
	n := newTenant(t, filepath.Join(dir, "keys.json"))
	schema := write(t, dir, "notes.graphql", fmt.Sprintf(notes, ""))
	config := write(t, dir, "flora.yaml", `
store: sqlite:shop.db
admin: { listen: "127.0.0.1:0", audience: https://admin }
cors: { origins: ["https://app.example.com"] }
providers:
  - name: tenant
    issuer: https://tenant.example.com/
    audience: https://api
    jwks: keys.json
    roles:
      - { name: "flora:read", when: "'operator' in CurrentToken().roles" }
`)
	if p := start(t, nil, "deploy", schema, "--config", config); p.wait() != 0 {
		t.Fatalf("deploy: %s", p.err)
	}
	p := start(t, nil, "serve", "--config", config, "--listen", "127.0.0.1:0")
	base := "http://" + p.await(p.err, `"msg":"listening","address":"([^"]+)","version":1`)[1]
	admin := "http://" + p.await(p.err, `"msg":"listening","address":"([^"]+)","api":"control"`)[1]
	const api, control = "https://api", "https://admin"

	for _, tt := range []struct{ name, token, query, want string }{
		{"alice writes", n.token(t, api, "alice"), `mutation { createNote(data: {text: "hi"}) { text owner } }`, `"createNote":{"text":"hi","owner":"alice"}`},
		{"alice reads", n.token(t, api, "alice"), `{ notes { totalCount } }`, `"totalCount":1`},
		{"bob does not", n.token(t, api, "bob"), `{ notes { totalCount } }`, `"totalCount":0`},
		{"nobody does not", "", `{ notes { totalCount } }`, `"totalCount":0`},
		{"another audience", n.token(t, control, "alice"), `{ notes { totalCount } }`, `"UNAUTHENTICATED"`},
		{"introspection", n.token(t, api, "alice"), `{ __schema { queryType { name } } }`, `"errors"`},
	} {
		if got := ask(t, base, tt.token, tt.query); !strings.Contains(got, tt.want) || strings.Contains(got, "hidden") {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
	for path, want := range map[string]int{
		"/readyz": 200, "/healthz": 200, "/schema.graphql": 404, "/": 404, "/dev/issuer/mint": 404, "/admin/graphql": 404, "/console/playground.js": 404,
	} {
		if response, err := http.Get(base + path); err != nil || response.StatusCode != want {
			t.Errorf("GET %s: %v %v, want %d", path, response.Status, err, want)
		}
	}
	for _, tt := range []struct{ name, token, want string }{
		{"operator", n.token(t, control, "olga", "operator"), `{"data":{"schema":{"version":1}}}`},
		{"no role", n.token(t, control, "olga"), `"FORBIDDEN"`},
		{"data audience", n.token(t, api, "olga", "operator"), `"UNAUTHENTICATED"`},
		{"nobody", "", `"UNAUTHENTICATED"`},
	} {
		if got := ask(t, admin+"/admin", tt.token, `{ schema { version } }`); !strings.Contains(got, tt.want) {
			t.Errorf("control API, %s: %s, want %s", tt.name, got, tt.want)
		}
	}
	if got := ask(t, admin, n.token(t, api, "alice"), `{ notes { totalCount } }`); !strings.Contains(got, "NOT_FOUND") {
		t.Errorf("the data API on the admin listener: %s", got)
	}
	if code := p.stop(); code != 0 {
		t.Errorf("stopped with %d: %s", code, p.err)
	}
	if strings.Contains(p.err.String(), "alice") {
		t.Errorf("the log names a subject:\n%s", p.err)
	}
}

func TestServeAddress(t *testing.T) {
	for _, tt := range []struct{ listen, port, want string }{
		{"", "", "127.0.0.1:8080"}, {"", "9000", ":9000"}, {"127.0.0.1:1", "9000", "127.0.0.1:1"},
	} {
		a := &app{env: environment{"PORT": tt.port}}
		if got := (&serveCommand{Listen: tt.listen}).address(a); got != tt.want {
			t.Errorf("listen %q, PORT %q: %s, want %s", tt.listen, tt.port, got, tt.want)
		}
	}
}
