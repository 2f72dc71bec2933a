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
		{"unknown key", "listen: 127.0.0.1:1\nlisen: x\n", []string{"f.yaml:2:1: unknown key lisen, did you mean listen?"}},
		{"spelling", "data-dir: x\npublicUrl: https://x\n", []string{"f.yaml:1:1: unknown key data-dir, did you mean dataDir?", "f.yaml:2:1: unknown key publicUrl, did you mean publicURL?"}},
		{"nested unknown key", "providers:\n  - name: a\n    isuer: b\n", []string{"f.yaml:3:5: unknown key isuer, did you mean issuer?"}},
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
		{"admin audience", "admin: { listen: \"127.0.0.1:1\", audience: x }\nproviders:\n  - issuer: https://a/\n    name: a\n    audience: x\n", []string{"f.yaml:5:15: provider a has the audience of the control API"}},
		{"admin without audience", "admin: { listen: \"127.0.0.1:1\" }\n", []string{"f.yaml:1:8: admin needs an audience"}},
		{"public URL", "publicURL: example.com\n", []string{"f.yaml:1:12: publicURL must be"}},
		{"limit of another kind", "limits: { depth: [1], cost: {a: 1}, tokens: 1.5, body: 4GiB }\n", []string{
			`f.yaml:1:56: limit body must be a positive whole number, or a size such as 256KiB, found "4GiB"`, "f.yaml:1:29: limit cost must be a positive whole number, or a size such as 256KiB, found a mapping",
			"f.yaml:1:18: limit depth must be a positive whole number, or a size such as 256KiB, found a list", "f.yaml:1:45: limit tokens must be a positive whole number, or a size such as 256KiB, found 1.5"}},
		{"huge limits", "limits:\n  errors: 99999999999999999999\n  body: 9999999 KiB\n  deadline: 10m\n", []string{
			"f.yaml:3:9: limit body must be", "f.yaml:4:13: limit deadline must be", "f.yaml:2:11: limit errors must be"}},
		{"fraction", "trustedProxies: 1.5\n", []string{"f.yaml:1:17: trustedProxies must be a whole number, found 1.5"}},
		{"huge number", "trustedProxies: 99999999999999999999\n", []string{"f.yaml:1:17: trustedProxies must be a whole number, found"}},
		{"quoted bool", "introspection: \"true\"\n", []string{`f.yaml:1:16: introspection must be true or false, found "true"`}},
		{"tag", "store: !!binary aGk=\n", []string{"f.yaml:1:8: store must be a string, found !!binary"}},
		{"alias", "a: &a [*a]\nstore: &s sqlite:x\nschema: *s\n", []string{"f.yaml:1:1: unknown key a", "f.yaml:2:8: store must be written out", "f.yaml:3:9: schema must be written out"}},
		{"merge key", "providers: [{ <<: { name: a } }]\n", []string{"f.yaml:1:15: unknown key <<"}},
		{"two lines", "store: |\n  sqlite:x\n", []string{"f.yaml:1:8: store must be one line without control characters"}},
		{"not UTF-8", "store: \"\xff\"\n", []string{"f.yaml: the file is not UTF-8"}},
		{"listen", "listen: \"8080\"\n", []string{"f.yaml:1:9: listen must be HOST:PORT, or :PORT for all addresses"}},
		{"port", "listen: \"x:99999\"\n", []string{"f.yaml:1:9: listen must be HOST:PORT"}},
		{"store", "store: mysql:x\n", []string{"f.yaml:1:8: store must be sqlite:PATH or spanner:"}},
		{"admin address", "listen: \"a:1\"\nadmin: { listen: \"a:1\", audience: x }\n", []string{"f.yaml:2:18: admin.listen is the address of the data API"}},
		{"admin empty", "admin: {}\n", []string{"f.yaml:1:8: admin needs listen: HOST:PORT", "f.yaml:1:8: admin needs an audience"}},
		{"password", "publicURL: https://u:p@x/\n", []string{"f.yaml:1:12: publicURL must be https://host or https://host/path"}},
		{"origins", "cors: { origins: [~, \"https://a.example/\", \"HTTPS://a\", \"https://*.com\", \"null\"] }\n", []string{
			`f.yaml:1:19: origin "" is not`, `f.yaml:1:22: origin "https://a.example/" has more than`, `f.yaml:1:44: origin "HTTPS://a": browsers`, `f.yaml:1:57: origin "https://*.com": the star`, `f.yaml:1:74: origin "null" is not accepted`}},
		{"empty provider", "providers:\n  - ~\n", []string{"f.yaml:2:5: provider number 1: has no name", "f.yaml:2:5: provider number 1: has no issuer", "f.yaml:2:5: provider number 1: has no audience"}},
		{"algorithms", "providers:\n  - { name: a, issuer: \"https://a/\", audience: x, algorithms: [none, HS256, rs256, RS256], jwks: \"http://a/keys\" }\n", []string{
			`f.yaml:2:98: provider a: jwks: "http://a/keys" must begin with https://`, `f.yaml:2:64: provider a: algorithm "none" is not supported`, `f.yaml:2:70: provider a: algorithm "HS256" is not supported`,
			`f.yaml:2:77: provider a: algorithm "rs256" is not supported`}},
		{"twice", "providers:\n  - { name: a, issuer: \"https://a/\", audience: x }\n  - { name: a, issuer: \"https://a/\", audience: x, subjectPrefix: a }\n", []string{
			"f.yaml:3:13: provider a: another provider has the same name", "f.yaml:3:24: provider a: another provider has the same issuer https://a/"}},
		{"bare twice", "providers:\n  - { name: a, issuer: \"https://a/\", audience: x }\n  - { name: b, issuer: \"https://b/\", audience: x }\n", []string{"f.yaml:3:5: provider b: needs a subjectPrefix: only one provider may have bare subjects, and a has"}},
		{"prefixes", "providers:\n  - { name: a, issuer: \"https://a/\", audience: x, subjectPrefix: a }\n  - { name: b, issuer: \"https://b/\", audience: x, subjectPrefix: ab }\n", []string{`f.yaml:3:66: provider b: subjectPrefix "ab" and "a" of provider a begin alike`}},
		{"issuers", "providers:\n  - { name: a, issuer: \"http://a/\", audience: x }\n  - { name: b, issuer: \"https://u:p@b/\", audience: x, subjectPrefix: b }\n  - { name: c, issuer: \"https://b/?x\", audience: \"\", subjectPrefix: c }\n", []string{
			`f.yaml:2:24: provider a: issuer: "http://a/" must begin with https://`, "f.yaml:3:24: provider b: issuer: a URL with a user name or a password is not accepted",
			`f.yaml:4:24: provider c: issuer: "https://b/?x" has a query`, "f.yaml:4:50: provider c: has no audience"}},
		{"right", "providers:\n  - { name: a, issuer: \"https://a/\", audience: x, roles: [\"flora:shema\", \"\"] }\n", []string{"f.yaml:2:59: role flora:shema is no right of the control API, there are flora:schema,", "f.yaml:2:74: a role needs a name"}},
		{"preset", "providers:\n  - { preset: okta, name: a, issuer: \"https://a/\", audience: x }\n", []string{`f.yaml:2:15: provider a: preset "okta" is not known, there are auth0, clerk, cognito, firebase, github, google, supabase`}},
		{"trailing slash", "providers:\n  - { preset: auth0, name: a, issuer: \"https://t.auth0.com\", audience: x }\n", []string{"f.yaml:2:39: provider a: preset auth0: its issuers are https://TENANT.auth0.com/, with the slash at the end"}},
		{"project", "providers:\n  - { preset: firebase, name: a, issuer: \"https://securetoken.google.com/other\", audience: shop }\n", []string{"f.yaml:2:92: provider a: preset firebase: its audience is the project that its issuer ends in"}},
		{"control API of Firebase", "admin: { listen: \"a:1\", audience: x }\nproviders:\n  - { preset: firebase, name: a, audience: shop }\n", []string{"f.yaml:1:8: no provider can give a token for the control API"}},
		{"not before", "providers:\n  - name: a\n    issuer: https://a/\n    audience: x\n    notBefore: yesterday\n", []string{"f.yaml:5:16: notBefore must be a time such as"}},
		{"log", "log: debug\n", []string{"f.yaml:1:6: log is info, warn or error"}},
		{"header of proxies", "trustedHeader: X-Real-IP\n", []string{"f.yaml:1:16: trustedHeader is X-Forwarded-For or Forwarded"}},
		{"proxies", "trustedProxies: -1\n", []string{"f.yaml:1:17: trustedProxies counts"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := parseConfig("f.yaml", []byte(tt.text), nil, nil)
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
`), nil, nil)
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
	for _, text := range []string{"", "# nothing\n", "listen:\n", "limits: { depth: , rate: ~ }\n", "\ufeff# mark\r\nadmin: ~\r\n"} {
		if c, err := parseConfig("f.yaml", []byte(text), nil, nil); err != nil || c.limits.web.Body != 256<<10 {
			t.Errorf("%q: %v", text, err)
		}
	}
}
