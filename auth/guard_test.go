package auth

import (
	"strings"
	"testing"
)

func TestRefuseProduction(t *testing.T) {
	for name, refused := range map[string]bool{"K_SERVICE": true, "KUBERNETES_SERVICE_HOST": true, "HOME": false} {
		err := RefuseProduction(func(n string) string {
			if n == name {
				return "x"
			}
			return ""
		})
		if (err != nil) != refused {
			t.Errorf("%s set: %v", name, err)
		}
	}
}

func TestRefuseDevProviders(t *testing.T) {
	tests := []struct {
		issuer, jwks     string
		strict, insecure bool // accepted without and with the flag
	}{
		{"https://tenant.example.com/", "", true, true},
		{"https://tenant.example.com/", "keys/jwks.json", true, true},
		{"https://tenant.example.com/", "https://keys.example.com/jwks", true, true},
		{"https://tenant.example.com/", "http://keys.example.com/jwks", false, false},
		{"https://tenant.example.com/", "http://127.0.0.1:9/jwks", false, true},
		{"https://tenant.example.com/", "https://localhost/jwks", false, true},
		{"http://tenant.example.com/", "", false, false},
		{"http://tenant.example.com/", "keys/jwks.json", false, false},
		{"http://127.0.0.1:8080/", "", false, true},
		{"http://127.0.0.1:8080/", "keys/jwks.json", false, true},
		{"https://127.0.0.1/", "", false, true},
		{"https://127.9.9.9/", "", false, true},
		{"https://[::1]/", "", false, true},
		{"https://[::ffff:127.0.0.1]/", "", false, true},
		{"https://LOCALHOST/", "", false, true},
		{"https://localhost./", "", false, false},
		{"https://dev.localhost/", "", false, false},
		{"https://localhost.localdomain/", "", false, false},
		{"https://0.0.0.0/", "", false, false},
		{"https://[::]/", "", false, false},
		{"https://127.1/", "", false, false},
		{"https://2130706433/", "", false, false},
		{"https://0x7f000001/", "", false, false},
		{"https://10.1.2.3/", "", true, true}, // a provider inside the company
		{"https://a1.example.com/", "", true, true},
		{"https:///", "", false, false},
		{"tenant.example.com", "", false, false},
		{"https://tenant.example.com/dev/issuer/", "", false, false},
		{"http://127.0.0.1:8080/dev/issuer/", "", false, false},
		{"http://127.0.0.1:8080/dev/issuer", "", false, false},
		{"https://tenant.example.com/Dev/Issuer/", "", false, false},
		{"https://tenant.example.com/x/../dev//issuer/", "", false, false},
		{"https://tenant.example.com/dev%2Fissuer/", "", false, false},
		{"https://tenant.example.com/", "https://tenant.example.com/dev/issuer/.well-known/jwks.json", false, false},
		{"https://tenant.example.com/dev/issuers/", "", true, true},
	}
	for _, test := range tests {
		providers := []Provider{{Name: "p", Issuer: test.issuer, JWKS: test.jwks}}
		if err := RefuseDevProviders(providers, false); (err == nil) != test.strict {
			t.Errorf("%s %s: %v", test.issuer, test.jwks, err)
		}
		if err := RefuseDevProviders(providers, true); (err == nil) != test.insecure {
			t.Errorf("%s %s, insecure: %v", test.issuer, test.jwks, err)
		}
	}
}

func TestNewVerifierRefuses(t *testing.T) {
	a := Provider{Name: "a", Issuer: "https://a.example/", Audience: "x"}
	b := Provider{Name: "b", Issuer: "https://b.example/", Audience: "x", SubjectPrefix: "b|"}
	c := Provider{Name: "c", Issuer: "https://c.example/", Audience: "x", SubjectPrefix: "c|"}
	with := func(p Provider, change func(*Provider)) Provider { change(&p); return p }
	tests := []struct {
		name, want string
		providers  []Provider
	}{
		{"none", "", nil},
		{"one bare, two with prefix", "", []Provider{a, b, c}},
		{"only with prefix", "", []Provider{b, c}},
		{"all algorithms", "", []Provider{with(a, func(p *Provider) {
			p.Algorithms = strings.Fields("RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512 EdDSA")
		})}},
		{"two bare", "subjectPrefix", []Provider{a, with(b, func(p *Provider) { p.SubjectPrefix = "" })}},
		{"same prefix", "begin alike", []Provider{b, with(c, func(p *Provider) { p.SubjectPrefix = "b|" })}},
		{"prefix of a prefix", "begin alike", []Provider{b, with(c, func(p *Provider) { p.SubjectPrefix = "b|c" })}},
		{"prefix of a prefix before", "begin alike", []Provider{b, with(c, func(p *Provider) { p.SubjectPrefix = "b" })}},
		{"same name", "same name", []Provider{a, with(b, func(p *Provider) { p.Name = "a" })}},
		{"same issuer", "same issuer", []Provider{a, with(b, func(p *Provider) { p.Issuer = a.Issuer })}},
		{"no name", "no name", []Provider{with(a, func(p *Provider) { p.Name = "" })}},
		{"no audience", "audience", []Provider{with(a, func(p *Provider) { p.Audience = "" })}},
		{"no issuer", "issuer", []Provider{with(a, func(p *Provider) { p.Issuer = "" })}},
		{"http", "https://", []Provider{with(a, func(p *Provider) { p.Issuer = "http://a.example/" })}},
		{"http loopback", "https://", []Provider{with(a, func(p *Provider) { p.Issuer = "http://127.0.0.1/" })}},
		{"no scheme", "issuer", []Provider{with(a, func(p *Provider) { p.Issuer = "a.example" })}},
		{"user in the URL", "issuer", []Provider{with(a, func(p *Provider) { p.Issuer = "https://u:p@a.example/" })}},
		{"fragment", "issuer", []Provider{with(a, func(p *Provider) { p.Issuer = "https://a.example/#" })}},
		{"key set over http", "jwks", []Provider{with(a, func(p *Provider) { p.JWKS = "http://a.example/jwks" })}},
		{"key set as file URL", "jwks", []Provider{with(a, func(p *Provider) { p.JWKS = "file:///jwks" })}},
		{"HS256", "HS256", []Provider{with(a, func(p *Provider) { p.Algorithms = []string{"RS256", "HS256"} })}},
		{"none algorithm", "none", []Provider{with(a, func(p *Provider) { p.Algorithms = []string{"none"} })}},
	}
	for _, test := range tests {
		_, err := NewVerifier(test.providers, Options{})
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", test.name, err, test.want)
		}
	}
	_, err := NewVerifier([]Provider{{Name: "x", Issuer: "http://x/"}, {Name: "x", Issuer: "http://x/"}}, Options{})
	for _, want := range []string{"audience", "https://", "same name", "same issuer", "subjectPrefix"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("not all faults at once, %q is missing: %v", want, err)
		}
	}
	p := []Provider{{Name: "l", Issuer: "http://127.0.0.1:1/", Audience: "x", JWKS: "http://[::1]:1/jwks"}}
	if _, err := NewVerifier(p, loopback); err != nil {
		t.Errorf("loopback allowed: %v", err)
	}
	p[0].Issuer = "http://10.0.0.1/"
	if _, err := NewVerifier(p, loopback); err == nil {
		t.Error("http to another machine was accepted")
	}
	if _, err := NewVerifier(nil, Options{DevIssuer: &DevIssuer{issuer: devURL}}); err == nil {
		t.Error("a dev issuer without its provider was accepted")
	}
}
