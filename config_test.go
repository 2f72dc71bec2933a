package main

import (
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestConfigFaults(t *testing.T) {
	tests := []struct {
		name, text string
		want       []string // lines, in order
	}{
		{"unknown key", "listen: 127.0.0.1:1\nlisen: x\n", []string{"f.yaml:2:1: unknown key lisen"}},
		{"spelling", "data-dir: x\npublicUrl: https://x\n", []string{"f.yaml:1:1: unknown key data-dir, did you mean dataDir?", "f.yaml:2:1: unknown key publicUrl, did you mean publicURL?"}},
		{"nested unknown key", "providers:\n  - name: a\n    isuer: b\n", []string{"f.yaml:3:5: unknown key isuer"}},
		{"number for string", "listen: 8080\n", []string{"f.yaml:1:9: listen must be a string, found 8080"}},
		{"string for number", "\ntrustedProxies: one\n", []string{`f.yaml:2:17: trustedProxies must be a whole number, found "one"`}},
		{"string for bool", "introspection: yes\n", []string{`f.yaml:1:16: introspection must be true or false, found "yes"`}},
		{"scalar for list", "cors: { origins: \"https://a.example\" }\n", []string{`f.yaml:1:18: origins must be a list, found "https://a.example"`}},
		{"list for mapping", "admin: [a]\n", []string{"f.yaml:1:8: admin must be a mapping of keys to values, found a list"}},
		{"all at once", "a: 1\nb: 2\nlisten: []\n", []string{"f.yaml:1:1: unknown key a", "f.yaml:2:1: unknown key b", "f.yaml:3:9: listen must be a string, found a list"}},
		{"key twice", "store: a\nstore: b\n", []string{`f.yaml:2:1: mapping key "store" already defined at [1:1]`}},
		{"not YAML", "a: [\n", []string{"f.yaml:1:4:"}},
		{"two documents", "store: a\n---\nstore: b\n", []string{"f.yaml: more than one YAML document"}},
		{"scalar file", "hello\n", []string{`f.yaml:1:1: the file must be a mapping of keys to values, found "hello"`}},
		{"unknown limit", "limits:\n  dept: 3\n", []string{"f.yaml:2:9: unknown limit dept, there are aliases, body,"}},
		{"limit off", "limits: { depth: off }\n", []string{`f.yaml:1:18: limit depth must be a positive whole number, or a size such as 256KiB, found "off"`}},
		{"limit zero", "limits: { rate: 0 }\n", []string{"f.yaml:1:17: limit rate must be a positive whole number or off, found 0"}},
		{"limit negative", "limits: { cost: -1 }\n", []string{"f.yaml:1:17: limit cost must be"}},
		{"page size", "limits:\n  pageSize: 60\n  maxPageSize: 50\n", []string{"f.yaml:2:13: pageSize 60 is more than maxPageSize 50"}},
		{"deadline", "limits: { deadline: 10 }\n", []string{"f.yaml:1:21: limit deadline must be a time from 100ms to 5m, such as 10s"}},
		{"origin", "cors:\n  origins:\n    - https://ok.example.com\n    - \"*\"\n", []string{`f.yaml:4:7: origin "*" is not accepted, name each origin`}},
		{"role", "providers:\n  - name: a\n    issuer: https://a/\n    audience: x\n    roles:\n      - { name: m, when: \"doc.x == 1\" }\n", []string{"f.yaml:6:"}},
		{"role key", "providers:\n  - name: a\n    roles: [{ name: m, if: x }]\n", []string{"f.yaml:3:24: unknown key if"}},
		{"admin audience", "admin: { listen: \"127.0.0.1:1\", audience: x }\nproviders:\n  - name: a\n    audience: x\n", []string{"f.yaml:4:15: provider a has the audience of the control API"}},
		{"admin without audience", "admin: { listen: \"127.0.0.1:1\" }\n", []string{"f.yaml:1:8: admin needs an audience"}},
		{"public URL", "publicURL: example.com\n", []string{"f.yaml:1:12: publicURL must be"}},
		{"proxies", "trustedProxies: -1\n", []string{"f.yaml:1:17: trustedProxies counts"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := parseConfig("f.yaml", []byte(tt.text))
			if err == nil {
				t.Fatal("no error")
			}
			lines := strings.Split(err.Error(), "\n")
			if len(lines) != len(tt.want) {
				t.Fatalf("got\n%s\nwant %d lines", err, len(tt.want))
			}
			for i, want := range tt.want {
				if !strings.HasPrefix(lines[i], want) {
					t.Errorf("got  %s\nwant %s", lines[i], want)
				}
			}
		})
	}
}

func TestConfig(t *testing.T) {
	c, err := parseConfig(filepath.Join("etc", "flora.yaml"), []byte(`
# a comment
listen: 127.0.0.1:9000
store: sqlite:shop.db
schema: /abs/shop.graphql
dataDir: data
seed: seed.yaml
publicURL: https://api.example.com
trustedProxies: 1
introspection: true
admin: { listen: "127.0.0.1:9090", audience: https://admin.example.com }
limits: { depth: 5, maxWrite: 20, rate: off, body: 1MiB, query: 16 KiB, deadline: 2s, cost: 1_000 }
cors: { origins: ["https://app.example.com", "https://*--app.netlify.app"] }
providers:
  - name: auth0
    issuer: https://TENANT.auth0.com/
    audience: https://api.example.com
    jwks: keys.json
    roles:
      - customer
      - name: manager
        when: "'manager' in CurrentToken()['https://example.com/roles']"
`))
	if err != nil {
		t.Fatal(err)
	}
	for _, got := range []struct{ name, got, want string }{
		{"store", c.Store, "sqlite:etc/shop.db"}, {"schema", c.Schema, "/abs/shop.graphql"}, {"dataDir", c.DataDir, "etc/data"},
		{"seed", c.Seed, "etc/seed.yaml"}, {"jwks", c.Providers[0].JWKS, "etc/keys.json"}, {"listen", c.Listen, "127.0.0.1:9000"},
	} {
		if got.got != got.want {
			t.Errorf("%s = %q, want %q", got.name, got.got, got.want)
		}
	}
	if w, g := c.limits.web, c.limits.graph; w.Rate != 0 || w.Body != 1<<20 || w.Deadline != 2*time.Second || g.MaxWrite != 20 || w.Concurrent != 20 ||
		g.Depth != 5 || g.QueryBytes != 16<<10 || g.Cost != 1000 || g.Tokens != 2000 {
		t.Errorf("limits %+v", c.limits)
	}
	if !c.origins.Allows("https://app.example.com") || !c.origins.Allows("https://pr7--app.netlify.app") || c.origins.Allows("http://localhost:1") {
		t.Errorf("origins %+v", c.origins)
	}
	roles := c.grants()["auth0"]
	if len(roles) != 2 || roles[0].Role != "customer" || roles[0].When != nil || roles[1].Role != "manager" || roles[1].When == nil {
		t.Errorf("roles %+v", roles)
	}
	data, admin := c.access()
	if data[0].Audience != "https://api.example.com" || admin[0].Audience != "https://admin.example.com" {
		t.Errorf("audiences %q, %q", data[0].Audience, admin[0].Audience)
	}
}

func TestConfigMayBeEmpty(t *testing.T) {
	for _, text := range []string{"", "# nothing\n", "listen:\n"} {
		if c, err := parseConfig("f.yaml", []byte(text)); err != nil || c.limits.web.Body != 256<<10 {
			t.Errorf("%q: %v", text, err)
		}
	}
}
