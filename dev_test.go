package main

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestDemo sends what the demo prints: an owner sees her products, another
// caller sees less of them and is refused.
func TestDemo(t *testing.T) {
	dir := t.TempDir()
	p, base := dev(t, "--data-dir", dir)
	lines := examples(p.out.String())
	wants := []struct{ has, hasNot string }{
		{`"me":{"name":"Ada Lovelace","products":{"totalCount":6`, "errors"},
		{`"totalCount":4`, "draft"},
		{`"code":"FORBIDDEN"`, `"name"`},
	}
	if len(lines) != len(wants) {
		t.Fatalf("%d curl lines in\n%s", len(lines), p.out)
	}
	for i, want := range wants {
		r, err := http.NewRequest("POST", base+"/graphql", strings.NewReader(lines[i][1]))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Authorization", "Bearer "+lines[i][0])
		if got := send(t, r); !strings.Contains(got, want.has) || strings.Contains(got, want.hasNot) {
			t.Errorf("%s\ngot %s\nwant %s, not %s", lines[i][1], got, want.has, want.hasNot)
		}
	}
	p.await(p.out, `products: 4 shown, 2 hidden by Product\.read, demo/schema\.graphql:\d+:\d+\n`)
	if code := p.stop(); code != 0 || !strings.HasSuffix(p.out.String(), "stopped\n") || p.err.String() != "" {
		t.Errorf("stopped with %d: %s", code, p.err)
	}
}

// TestDataStays checks that the seed is planted once and that a second server
// cannot use the same directory meanwhile.
func TestDataStays(t *testing.T) {
	dir := t.TempDir()
	p, base := dev(t, "--data-dir", dir)
	token := mint(t, dir, "ada")
	ask(t, base, token, `mutation { createProduct(data: {name: "Abacus", category: TOOLS, price: 3}) { _id } }`)
	second := start(t, nil, "dev", "--listen", "127.0.0.1:0", "--data-dir", dir)
	if code := second.wait(); code != 1 || strings.Count(second.err.String(), "\n") != 1 || !strings.Contains(second.err.String(), "another flora has it open") {
		t.Errorf("second server: %d %q", code, second.err)
	}
	taken := start(t, nil, "dev", "--listen", strings.TrimPrefix(base, "http://"), "--data-dir", t.TempDir())
	if code := taken.wait(); code != 1 || strings.Count(taken.err.String(), "\n") != 1 || !strings.Contains(taken.err.String(), "another program uses the port") {
		t.Errorf("port in use: %d %q", code, taken.err)
	}
	p.stop()

	_, base = dev(t, "--data-dir", dir)
	token = mint(t, dir, "ada")
	if got := ask(t, base, token, `{ products(where: {owner: {sub: {eq: "ada"}}}) { totalCount } }`); !strings.Contains(got, `"totalCount":7`) {
		t.Errorf("after a restart: %s", got)
	}
}

const notes = `
type Note @auth(all: "doc.owner == CurrentIdentity()") {
  text: String!
  owner: String! @default(expr: "CurrentIdentity()")
%s}
`

// TestRedeploy saves the schema while the server runs: an addition is
// deployed, a fault and a loss are told and change nothing.
func TestRedeploy(t *testing.T) {
	dir := t.TempDir()
	data := filepath.Join(dir, "data")
	save := func(extra string) string { return write(t, dir, "notes.graphql", fmt.Sprintf(notes, extra)) }
	file := save("")
	seed := write(t, dir, "seed.yaml", "notes:\n  - { text: hello, owner: alice }\n  - { text: secret, owner: bob }\n")
	p, base := dev(t, "--schema", file, "--seed", seed, "--data-dir", data)
	alice := mint(t, data, "alice")
	if got := ask(t, base, alice, `{ notes { nodes { text } } }`); got != `{"data":{"notes":{"nodes":[{"text":"hello"}]}}}` {
		t.Errorf("alice sees %s", got)
	}
	p.await(p.out, `notes: 1 shown, 1 hidden by Note\.read, .*notes\.graphql:2:`)

	save("  stars: Int\n")
	p.await(p.out, `notes\.graphql deployed as version 2\n`)
	if got := ask(t, base, alice, `{ notes { nodes { text stars } } }`); got != `{"data":{"notes":{"nodes":[{"text":"hello","stars":null}]}}}` {
		t.Errorf("after an addition: %s", got)
	}

	save("  stars: Int\n  broken: Nothing\n")
	p.await(p.err, `notes\.graphql:6:\d+: .*Nothing(?s:.*)version 2 stays\n`)
	save("")
	p.await(p.err, `drop field Note\.stars: its values are lost; .*needs --allow drop-field\nflora: this would lose data; start again with --allow, or with --reset (?s:.*)version 2 stays`)
	if got := ask(t, base, alice, `{ notes { nodes { stars } } }`); !strings.Contains(got, `"stars":null`) {
		t.Errorf("after a refused change: %s", got)
	}
	p.stop()

	again := start(t, nil, "dev", "--listen", "127.0.0.1:0", "--schema", file, "--data-dir", data)
	if code := again.wait(); code != 1 || !strings.Contains(again.err.String(), "drop field Note.stars") || !strings.Contains(again.err.String(), "--reset") {
		t.Errorf("start with a loss: %d %s", code, again.err)
	}
	_, base = dev(t, "--schema", file, "--data-dir", data, "--reset")
	if got := ask(t, base, mint(t, data, "alice"), `{ notes { totalCount nodes { text } } }`); got != `{"data":{"notes":{"totalCount":0,"nodes":[]}}}` {
		t.Errorf("after a reset: %s", got)
	}
}

// TestDevIsSafe checks each safeguard around the development issuer.
func TestDevIsSafe(t *testing.T) {
	tests := []struct {
		name string
		env  map[string]string
		args []string
		want string
	}{
		{"all addresses", nil, []string{"--listen", "0.0.0.0:0"}, "loopback only"},
		{"no host", nil, []string{"--listen", ":0"}, "loopback only"},
		{"a name", nil, []string{"--listen", "localhost.example.com:0"}, "loopback only"},
		{"no port", nil, []string{"--listen", "127.0.0.1"}, "not HOST:PORT"},
		{"Cloud Run", map[string]string{"K_SERVICE": "api"}, nil, "K_SERVICE is set"},
		{"Kubernetes", map[string]string{"KUBERNETES_SERVICE_HOST": "10.0.0.1"}, nil, "KUBERNETES_SERVICE_HOST is set"},
		{"Spanner", nil, []string{"--store", "spanner:projects/p1/instances/i1/databases/d1"}, "on an emulator only"},
		{"unknown store", nil, []string{"--store", "postgres:x"}, "neither sqlite"},
		{"address from the environment", map[string]string{"FLORA_LISTEN": "0.0.0.0:0"}, nil, "loopback only"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			args := append([]string{"dev", "--data-dir", t.TempDir()}, tt.args...)
			if !strings.Contains(strings.Join(args, " "), "--listen") && tt.env["FLORA_LISTEN"] == "" {
				args = append(args, "--listen", "127.0.0.1:0")
			}
			p := start(t, tt.env, args...)
			code := p.wait()
			if text := p.err.String(); code != 1 || !strings.Contains(text, tt.want) || strings.Count(text, "\n") != 1 {
				t.Errorf("%d %q, want one line with %q", code, text, tt.want)
			}
		})
	}
}

// TestKeyIsPrivate checks who may read the issuer's key.
func TestKeyIsPrivate(t *testing.T) {
	dir := t.TempDir()
	mint(t, dir, "ada")
	info, err := os.Stat(filepath.Join(dir, "issuer.key"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info.Mode(), err)
	}
}

// TestDevIssuerVouches: any claim of a development token links callers to
// documents, an e-mail address as everywhere only if it is verified.
func TestDevIssuerVouches(t *testing.T) {
	dir := t.TempDir()
	file := write(t, dir, "clients.graphql", `type Client @auth(read: "doc == CurrentUser('Client')") {
  email: String! @unique @identity(claim: "email") @auth(write: "false")
}
type Member @auth(read: "doc == CurrentUser('Member')") { number: Int! @unique @identity(claim: "number") @auth(write: "false") }`)
	seed := write(t, dir, "seed.yaml", "clients: [{ email: a@x }, { email: b@x }]\nmembers: [{ number: 7 }, { number: 8 }]\n")
	data := filepath.Join(dir, "data")
	_, base := dev(t, "--schema", file, "--seed", seed, "--data-dir", data)
	for _, c := range []struct {
		claims []string
		want   string
	}{
		{[]string{`email="a@x"`, `email_verified=true`}, `{"meClient":{"email":"a@x"},"clients":{"data":[{"email":"a@x"}]},"meMember":null}`},
		{[]string{`email="a@x"`}, `{"meClient":null,"clients":{"data":[]},"meMember":null}`},
		{[]string{`number=7`, `email_verified=true`}, `{"meClient":null,"clients":{"data":[]},"meMember":{"number":7}}`},
		{[]string{`number="7"`}, `{"meClient":null,"clients":{"data":[]},"meMember":null}`},
	} {
		var args []string
		for _, claim := range c.claims {
			args = append(args, "--claim", claim)
		}
		got := ask(t, base, mint(t, data, "someone", args...), "{ meClient { email } clients { data { email } } meMember { number } }")
		if !strings.Contains(got, c.want) {
			t.Errorf("%v: %s, want %s", c.claims, got, c.want)
		}
	}
}
