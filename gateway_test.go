package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
)

// TestGateways runs the server behind what the gateways of docs/ do to a
// request: it answers right, with CORS headers of its own, and counts callers
// without a token by their own addresses, whatever they write into headers.
func TestGateways(t *testing.T) {
	add := func(r *http.Request, name, value string) {
		if before := r.Header.Get(name); before != "" {
			value = before + ", " + value
		}
		r.Header.Set(name, value)
	}
	for _, g := range []struct {
		name, config string
		// pass does to a request of a client what the gateway does.
		pass func(r *http.Request, client string)
	}{
		{"REST API", "trustedProxies: 1", func(r *http.Request, client string) {
			add(r, "X-Forwarded-For", client)
			r.Header.Set("X-Forwarded-Proto", "https")
			r.Header.Set("X-Forwarded-Port", "443")
			r.Header.Set("X-Amzn-Trace-Id", "Root=1-67891233-abcdef012345678912345678")
			r.Header.Set("X-Amzn-Apigateway-Api-Id", "abcdef1234")
		}},
		{"edge-optimized REST API", "trustedProxies: 2", func(r *http.Request, client string) {
			add(r, "X-Forwarded-For", client)
			add(r, "X-Forwarded-For", "130.176.1.1") // CloudFront
			add(r, "Via", "2.0 0123456789abcdef.cloudfront.net (CloudFront)")
			r.Header.Set("X-Forwarded-Proto", "https")
			r.Header.Set("X-Amzn-Trace-Id", "Root=1-67891233-abcdef012345678912345678")
		}},
		{"HTTP API", "trustedProxies: 1\ntrustedHeader: Forwarded", func(r *http.Request, client string) {
			r.Header.Del("X-Forwarded-For")
			add(r, "Forwarded", "by=3.120.0.1;for="+client+";host=abcdef1234.execute-api.eu-central-1.amazonaws.com;proto=https")
			add(r, "Via", "HTTP/1.1 AmazonAPIGateway")
			r.Header.Set("X-Amzn-Trace-Id", "Self=1-67891234-12456789abcdef012345678;Root=1-67891233-abcdef012345678912345678")
		}},
		{"HTTP API and ALB", "trustedProxies: 1\ntrustedHeader: forwarded", func(r *http.Request, client string) {
			r.Header.Del("X-Forwarded-For")
			add(r, "Forwarded", "by=3.120.0.1;for="+client+";host=abcdef1234.execute-api.eu-central-1.amazonaws.com;proto=https")
			add(r, "Via", "HTTP/1.1 AmazonAPIGateway")
			add(r, "X-Forwarded-For", "10.0.1.17") // of the VPC link
			r.Header.Set("X-Forwarded-Proto", "http")
			r.Header.Set("X-Forwarded-Port", "80")
		}},
		{"Cloud Run", "trustedProxies: 1", func(r *http.Request, client string) {
			add(r, "X-Forwarded-For", client)
			r.Header.Set("Forwarded", fmt.Sprintf(`for="%s";proto=https`, client))
			r.Header.Set("X-Forwarded-Proto", "https")
			r.Header.Set("X-Cloud-Trace-Context", "105445aa7843bc8bf206b12000100000/1;o=1")
			r.Header.Set("Traceparent", "00-105445aa7843bc8bf206b12000100000-0000000000000001-01")
		}},
	} {
		t.Run(g.name, func(t *testing.T) {
			s := serveBehind(t, g.config, g.pass)
			const a, b = "192.0.2.1", "192.0.2.2"
			if status, body, h := s.ask(a, s.token, nil); status != 200 || body != `{"data":{"notes":{"totalCount":0}}}` || h.Get("Access-Control-Allow-Origin") != "https://app.example.com" {
				t.Errorf("with a token: %d %s %v", status, body, h)
			}
			if status, body, _ := s.ask(a, "bad", nil); status != 401 || !strings.Contains(body, "UNAUTHENTICATED") {
				t.Errorf("with a bad token: %d %s", status, body)
			}
			limited := 0
			for i := range 10 { // a writes another address each time
				spoofed := fmt.Sprintf("198.51.100.%d", i)
				status, _, h := s.ask(a, "", map[string]string{"X-Forwarded-For": spoofed, "Forwarded": `for="` + spoofed})
				if status == 429 && h.Get("Retry-After") != "" && h.Get("Access-Control-Allow-Origin") != "" {
					limited++
				} else if status != 200 {
					t.Errorf("without a token: %d", status)
				}
			}
			if limited < 4 {
				t.Errorf("a was held back %d times of 10", limited)
			}
			if status, body, _ := s.ask(b, "", map[string]string{"X-Forwarded-For": a, "Forwarded": "for=" + a}); status != 200 {
				t.Errorf("b has to answer for a: %d %s", status, body)
			}
		})
	}
}

type behindGateway struct {
	*testing.T
	url, token string
}

// serveBehind starts a server and a gateway in front of it.
func serveBehind(t *testing.T, config string, pass func(*http.Request, string)) *behindGateway {
	dir := t.TempDir()
	n := newTenant(t, filepath.Join(dir, "keys.json"))
	schema := write(t, dir, "notes.graphql", fmt.Sprintf(notes, ""))
	file := write(t, dir, "flora.yaml", config+`
store: sqlite:notes.db
limits: { rate: 1, burst: 2, drainDelay: 0s }
cors: { origins: ["https://app.example.com"] }
providers: [{ name: tenant, issuer: "https://tenant.example.com/", audience: https://api, jwks: keys.json }]
`)
	if p := start(t, nil, "deploy", schema, "--config", file); p.wait() != 0 {
		t.Fatalf("deploy: %s", p.err)
	}
	p := start(t, map[string]string{"PORT": "0"}, "serve", "--config", file)
	address := p.await(p.err, `"msg":"listening","address":"[^"]*:(\d+)"`)[1]
	server, err := url.Parse("http://127.0.0.1:" + address)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(server)
		// Rewrite leaves these out; the gateways see what the client wrote.
		for _, name := range []string{"Forwarded", "X-Forwarded-For"} {
			if v := r.In.Header.Values(name); len(v) > 0 {
				r.Out.Header[name] = v
			}
		}
		client := r.In.Header.Get("Test-Client")
		r.Out.Header.Del("Test-Client")
		pass(r.Out, client)
	}}
	gateway := httptest.NewServer(proxy)
	t.Cleanup(gateway.Close)
	return &behindGateway{t, gateway.URL, n.token(t, "https://api", "ada")}
}

func (s *behindGateway) ask(client, token string, headers map[string]string) (int, string, http.Header) {
	s.Helper()
	body, _ := json.Marshal(map[string]string{"query": "{ notes { totalCount } }"})
	r, err := http.NewRequestWithContext(s.Context(), "POST", s.url+"/graphql", bytes.NewReader(body))
	if err != nil {
		s.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Origin", "https://app.example.com")
	r.Header.Set("Test-Client", client)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	for name, value := range headers {
		r.Header.Set(name, value)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		s.Fatal(err)
	}
	defer response.Body.Close()
	var text bytes.Buffer
	if _, err := text.ReadFrom(response.Body); err != nil {
		s.Fatal(err)
	}
	return response.StatusCode, strings.TrimSpace(text.String()), response.Header
}
