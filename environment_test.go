package main

import (
	"os"
	"reflect"
	"strings"
	"testing"
	"time"
)

// TestEnvironment puts variables over a file: wholes, parts of them, and what
// the file does not have.
func TestEnvironment(t *testing.T) {
	env := newEnvironment([]string{
		"FLORA_PROVIDERS_0_AUDIENCE=https://other",
		`FLORA_PROVIDERS_1={ name: b, preset: firebase, audience: shop }`,
		"FLORA_PROVIDERS_1_SUBJECT_PREFIX=fb|",
		`FLORA_PROVIDERS_1_ROLES=[customer, { name: manager, when: "CurrentToken().admin == true" }]`,
		"FLORA_PROVIDERS_0_JWKS=env.json",
		"FLORA_LIMITS_RATE=off", "FLORA_LIMITS_MAX_PAGE_SIZE=77", "FLORA_LIMITS_PAGE_SIZE=", "FLORA_LIMITS_DEADLINE=3s",
		`FLORA_CORS_ORIGINS=["https://env.example.com"]`, "FLORA_ADMIN=~", "FLORA_INTROSPECTION=true", "FLORA_TRUSTED_PROXIES=2",
		"FLORA_STORE=sqlite:env.db", "FLORA_SCHEMA=#not: yaml", "FLORA_TOKEN=of a flag",
		// Not Flora's.
		"FLORA_SERVICE_HOST=10.0.0.1", "FLORA_PORT=tcp://10.0.0.1:80", "FLORA_WEB_PORT_80_TCP_ADDR=10.0.0.1", "PORT=1",
	})
	c, err := parseConfig("etc/f.yaml", []byte(`
store: sqlite:file.db
seed: seed.yaml
admin: { listen: "127.0.0.1:1", audience: x }
cors: { origins: ["https://file.example.com"] }
limits: { rate: 5, depth: 4 }
providers:
  - { name: a, issuer: "https://a.example.com/", audience: "https://api" }
`), env, map[string]bool{"FLORA_TOKEN": true})
	if err != nil {
		t.Fatal(err)
	}
	data, _ := c.access()
	for _, x := range []struct{ name, got, want string }{
		{"store", c.Store, "sqlite:env.db"}, {"schema", c.Schema, "#not: yaml"}, {"seed", c.Seed, "etc/seed.yaml"},
		{"kept", data[0].Issuer, "https://a.example.com/"}, {"part", data[0].Audience, "https://other"}, {"file of keys", data[0].JWKS, "env.json"},
		{"added", data[1].Issuer, "https://securetoken.google.com/shop"}, {"part of added", data[1].SubjectPrefix, "fb|"},
		{"role", c.Providers[1].Roles[1].Name, "manager"}, {"origin", strings.Join(c.CORS.Origins, " "), "https://env.example.com"},
	} {
		if x.got != x.want {
			t.Errorf("%s: %s, want %s", x.name, x.got, x.want)
		}
	}
	w, g := c.limits.web, c.limits.graph
	if w.Rate != 0 || g.MaxPageSize != 77 || g.PageSize != 50 || g.Depth != 4 || w.Deadline != 3*time.Second || c.Admin != nil || !*c.Introspection || c.TrustedProxies != 2 {
		t.Errorf("%+v %+v %+v", w, g, c)
	}
}

// TestEnvironmentFaults names the variable in place of file:line:col, and never
// repeats what is in it.
func TestEnvironmentFaults(t *testing.T) {
	const secret = "eyJhbGciOi"
	for _, tt := range []struct {
		file string
		env  []string
		want []string
	}{
		{"", []string{"FLORA_CONFG=" + secret}, []string{"FLORA_CONFG: unknown variable, did you mean FLORA_CONFIG?"}},
		{"", []string{"FLORA_PROVIDERS_3_ISUER=" + secret}, []string{"FLORA_PROVIDERS_3_ISUER: unknown variable, did you mean FLORA_PROVIDERS_3_ISSUER?"}},
		{"", []string{"FLORA_LIMIT_DEPTH=3"}, []string{"FLORA_LIMIT_DEPTH: unknown variable, did you mean FLORA_LIMITS_DEPTH?"}},
		{"", []string{"FLORA_XYZZY=3"}, []string{"FLORA_XYZZY: unknown variable"}},
		{"", []string{"FLORA_LIMITS_DEPHT=3"}, []string{"FLORA_LIMITS_DEPHT: unknown limit depht, there are aliases, body,"}},
		{"", []string{"FLORA_LIMITS_DEPTH=" + secret}, []string{"FLORA_LIMITS_DEPTH: limit depth must be a positive whole number, or a size such as 256KiB, found text"}},
		{"", []string{"FLORA_TRUSTED_PROXIES=" + secret}, []string{"FLORA_TRUSTED_PROXIES: trustedProxies must be a whole number, found text"}},
		{"", []string{"FLORA_INTROSPECTION=yes"}, []string{"FLORA_INTROSPECTION: introspection must be true or false, found text"}},
		{"", []string{"FLORA_CORS=[" + secret}, []string{"FLORA_CORS: the value is not YAML"}},
		{"", []string{"FLORA_CORS=a: 1\n---\nb: 2"}, []string{"FLORA_CORS: the value is not one YAML value"}},
		{"", []string{"FLORA_CORS={orgins: []}"}, []string{"FLORA_CORS: unknown key orgins, did you mean origins?"}},
		{"", []string{"FLORA_PROVIDERS=[{name: a, issuer: 'https://a/', audience: x, roles: [{name: m, when: 'doc.x == 1'}]}]"}, []string{"FLORA_PROVIDERS: role m: "}},
		{"", []string{"FLORA_PROVIDERS_1_NAME=a"}, []string{"FLORA_PROVIDERS_1_NAME: there are 0 before it, count from 0 without gaps"}},
		{"", []string{"FLORA_PROVIDERS_01_NAME=a"}, []string{"FLORA_PROVIDERS_01_NAME: unknown variable"}},
		{"", []string{"FLORA_ADMIN_LISTEN=127.0.0.1:1"}, []string{"FLORA_ADMIN_LISTEN: admin needs an audience"}},
		{"providers:\n  - { name: a, issuer: 'https://a/', audience: x }\n", []string{"FLORA_PROVIDERS_0_ISSUER=http://a/"}, []string{`FLORA_PROVIDERS_0_ISSUER: provider a: issuer: "http://a/" must begin with https://`}},
		{"providers:\n  - { name: a, issuer: 'https://a/', audience: x, roles: [m] }\n", []string{"FLORA_PROVIDERS_0_ROLES_0_WHEN=true"}, []string{"FLORA_PROVIDERS_0_ROLES_0_WHEN: this is no part of what f.yaml:2:59 says"}},
		{"admin: [x]\n", []string{"FLORA_ADMIN_LISTEN=b:1"}, []string{"FLORA_ADMIN_LISTEN: this is no part of what f.yaml:1:8 says", "f.yaml:1:8: admin must be a mapping"}},
	} {
		_, err := parseConfig("f.yaml", []byte(tt.file), newEnvironment(tt.env), map[string]bool{"FLORA_CONFIG": true})
		if err == nil {
			t.Errorf("%v: no error", tt.env)
			continue
		}
		lines := strings.Split(err.Error(), "\n")
		if len(lines) != len(tt.want) || strings.Contains(err.Error(), secret) {
			t.Errorf("%v: %s", tt.env, err)
			continue
		}
		for i, want := range tt.want {
			if !strings.HasPrefix(lines[i], want) {
				t.Errorf("%v: got %s\nwant %s", tt.env, lines[i], want)
			}
		}
	}
}

// TestConfigurationPage holds docs/configuration.md to the code: every key has
// its line there, with the variable that sets it.
func TestConfigurationPage(t *testing.T) {
	text, err := os.ReadFile("docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	names := variables(reflect.TypeFor[config](), "FLORA", "0")
	for _, name := range names {
		if keyOf(name) == nil {
			t.Errorf("%s sets nothing", name)
		}
		if !strings.HasPrefix(name, "FLORA_LIMITS_") && !strings.Contains(string(text), "`"+name+"`") {
			t.Errorf("docs/configuration.md has no %s", name)
		}
	}
	if len(names) < 30 {
		t.Errorf("%d variables", len(names))
	}
}
