package auth

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

const devURL = "http://127.0.0.1:8080/dev/issuer/"

func openDev(t *testing.T, keyFile string, c *clock) *DevIssuer {
	t.Helper()
	d, err := OpenDevIssuer(keyFile, devURL, testAudience, c.Now)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func mint(t *testing.T, d *DevIssuer, req MintRequest) string {
	t.Helper()
	token, err := d.Mint(req)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func TestDevIssuer(t *testing.T) {
	c, keyFile := newClock(), filepath.Join(t.TempDir(), "data", "issuer.pem")
	d := openDev(t, keyFile, c)
	if info, err := os.Stat(keyFile); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("key file: %v, %v; want 0600", info.Mode(), err)
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(keyFile), ".key-*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	// No HTTP: this client would fail.
	v := newVerifier(t, c, Options{DevIssuer: d, HTTPClient: &http.Client{Transport: refuse{t}}}, d.Provider())
	if err := v.Ready(context.Background()); err != nil {
		t.Errorf("not ready: %v", err)
	}
	token := mint(t, d, MintRequest{
		Subject: "auth0|alice", Roles: []string{"moderator"}, TTL: time.Minute,
		Claims: map[string]any{"org": map[string]any{"id": 7}},
	})
	got, err := v.Verify(context.Background(), token)
	if err != nil {
		t.Fatal(err)
	}
	want := &Identity{
		Provider: "dev", Issuer: devURL, Subject: "auth0|alice", ID: "auth0|alice", Expires: time.Unix(1_800_000_060, 0),
		Claims: map[string]any{
			"iss": devURL, "sub": "auth0|alice", "aud": testAudience,
			"iat": json.Number("1800000000"), "exp": json.Number("1800000060"),
			"org":      map[string]any{"id": json.Number("7")},
			RolesClaim: []any{"moderator"},
		},
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(Identity{})); diff != "" {
		t.Errorf("identity (-want +got):\n%s", diff)
	}

	// The key survives the process; another file is another issuer.
	if got := code(t, v, mint(t, openDev(t, keyFile, c), MintRequest{Subject: "bob"})); got != "" {
		t.Errorf("token of the issuer opened again: %q", got)
	}
	stranger := openDev(t, filepath.Join(t.TempDir(), "k"), c)
	if got := code(t, v, mint(t, stranger, MintRequest{Subject: "bob"})); got != CodeKey {
		t.Errorf("token of another dev issuer: %q, want %q", got, CodeKey)
	}
	c.Add(time.Minute + skew)
	if got := code(t, v, token); got != CodeExpired {
		t.Errorf("token after its minute: %q", got)
	}
	plain := newVerifier(t, c, loopback, Provider{Name: "test", Issuer: testIssuer, Audience: testAudience, JWKS: writeFile(t, oneKey(t))})
	if got := code(t, plain, mint(t, d, MintRequest{Subject: "bob"})); got != CodeIssuer {
		t.Errorf("token at a verifier without dev issuer: %q, want %q", got, CodeIssuer)
	}
}

type refuse struct{ t *testing.T }

func (r refuse) RoundTrip(req *http.Request) (*http.Response, error) {
	r.t.Errorf("asked %s", req.URL)
	return nil, http.ErrNotSupported
}

func TestMintRefuses(t *testing.T) {
	d := openDev(t, filepath.Join(t.TempDir(), "k"), newClock())
	deep := any("x")
	for range 16 {
		deep = []any{deep}
	}
	for name, req := range map[string]MintRequest{
		"no subject":         {},
		"control character":  {Subject: "a\nb"},
		"subject not UTF-8":  {Subject: "a\xff"},
		"claim iss":          {Subject: "a", Claims: map[string]any{"iss": "x"}},
		"claim sub":          {Subject: "a", Claims: map[string]any{"sub": "x"}},
		"claim aud":          {Subject: "a", Claims: map[string]any{"aud": "x"}},
		"claim iat":          {Subject: "a", Claims: map[string]any{"iat": 1}},
		"claim exp":          {Subject: "a", Claims: map[string]any{"exp": 1}},
		"roles as claim":     {Subject: "a", Claims: map[string]any{RolesClaim: []string{"x"}}},
		"lifetime negative":  {Subject: "a", TTL: -time.Second},
		"lifetime too short": {Subject: "a", TTL: time.Millisecond},
		"lifetime too long":  {Subject: "a", TTL: maxTTL + time.Second},
		"claims too large":   {Subject: "a", Claims: map[string]any{"x": strings.Repeat("x", maxToken)}},
		"claims too deep":    {Subject: "a", Claims: map[string]any{"x": deep}},
		"claim no JSON":      {Subject: "a", Claims: map[string]any{"x": func() {}}},
	} {
		if token, err := d.Mint(req); err == nil {
			t.Errorf("%s: minted %s", name, token)
		}
	}
	mint(t, d, MintRequest{Subject: "a", Claims: map[string]any{"ISS": "x"}}) // another name
}

func TestOpenDevIssuerRefuses(t *testing.T) {
	for _, issuer := range []string{
		"https://api.example.com/dev/issuer/", "http://192.168.1.5:8080/dev/issuer/", "http://127.0.0.1:8080/",
		"http://127.0.0.1:8080/dev/issuer", "http://127.0.0.1.example.com/dev/issuer/", "http://127.0.0.1@example.com/dev/issuer/", "",
	} {
		if _, err := OpenDevIssuer(filepath.Join(t.TempDir(), "k"), issuer, testAudience, nil); err == nil {
			t.Errorf("opened at %q", issuer)
		}
	}
	for _, issuer := range []string{"http://localhost:8080/dev/issuer/", "http://[::1]:1/dev/issuer/"} {
		if _, err := OpenDevIssuer(filepath.Join(t.TempDir(), "k"), issuer, testAudience, nil); err != nil {
			t.Errorf("%s: %v", issuer, err)
		}
	}
	dir := t.TempDir()
	good := filepath.Join(dir, "good")
	openDev(t, good, newClock())
	key, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	for name, file := range map[string]struct {
		content string
		mode    os.FileMode
	}{
		"open to the group": {string(key), 0o640},
		"open to others":    {string(key), 0o604},
		"no PEM":            {"x", 0o600},
		"cut short":         {string(key[:len(key)/2]), 0o600},
		"empty":             {"", 0o600},
	} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(file.content), file.mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, file.mode); err != nil {
			t.Fatal(err)
		}
		if _, err := OpenDevIssuer(path, devURL, testAudience, nil); err == nil {
			t.Errorf("key file %s: accepted", name)
		}
	}
	link := filepath.Join(dir, "link")
	if err := os.Symlink(good, link); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenDevIssuer(link, devURL, testAudience, nil); err == nil {
		t.Error("a symbolic link was followed")
	}
}

// flora token may make the key at the moment flora dev does.
func TestOpenDevIssuerTwiceAtOnce(t *testing.T) {
	keyFile := filepath.Join(t.TempDir(), "k")
	ids := make([]string, 3)
	var all sync.WaitGroup
	for i := range ids {
		all.Go(func() {
			if d, err := OpenDevIssuer(keyFile, devURL, testAudience, nil); err != nil {
				t.Error(err)
			} else {
				ids[i] = d.signing().id
			}
		})
	}
	all.Wait()
	if ids[0] == "" || ids[0] != ids[1] || ids[1] != ids[2] {
		t.Errorf("keys %q differ", ids)
	}
}

func TestDevHandler(t *testing.T) {
	c := newClock()
	d := openDev(t, filepath.Join(t.TempDir(), "k"), c)
	v := newVerifier(t, c, Options{DevIssuer: d}, d.Provider())
	h := d.Handler()
	const mintPath, good = "/dev/issuer/mint", `{"sub":"alice","claims":{"org":"a"},"roles":["r"],"ttl":60}`
	origin := map[string]string{"Origin": "http://127.0.0.1:8080", "Content-Type": "application/json"}
	with := func(name, value string) map[string]string {
		headers := map[string]string{name: value}
		for k, v := range origin {
			if k != name {
				headers[k] = v
			}
		}
		return headers
	}
	tests := []struct {
		name, method, path, host, body string
		headers                        map[string]string
		want                           int
	}{
		{"mint", "POST", mintPath, "127.0.0.1:8080", good, origin, 200},
		{"mint at localhost", "POST", mintPath, "localhost:8080", good, with("Origin", "http://localhost:8080"), 200},
		{"mint at IPv6", "POST", mintPath, "[::1]:8080", good, with("Origin", "http://[::1]:8080"), 200},
		{"mint without port", "POST", mintPath, "localhost", good, with("Origin", "http://localhost"), 200},
		{"mint with charset", "POST", mintPath, "127.0.0.1:8080", good, with("Content-Type", "application/json; charset=utf-8"), 200},
		{"mint with fetch metadata", "POST", mintPath, "127.0.0.1:8080", good, with("Sec-Fetch-Site", "same-origin"), 200},
		{"rebound name", "POST", mintPath, "evil.example:8080", good, with("Origin", "http://evil.example:8080"), 403},
		{"rebound name, keys", "GET", "/dev/issuer/.well-known/jwks.json", "evil.example", "", nil, 403},
		{"name that only begins like loopback", "POST", mintPath, "127.0.0.1.evil.example", good, with("Origin", "http://127.0.0.1.evil.example"), 403},
		{"name below localhost", "POST", mintPath, "localhost.evil.example", good, with("Origin", "http://localhost.evil.example"), 403},
		{"no host", "POST", mintPath, "", good, with("Origin", "http://"), 403},
		{"no origin", "POST", mintPath, "127.0.0.1:8080", good, map[string]string{"Content-Type": "application/json"}, 403},
		{"origin of another port", "POST", mintPath, "127.0.0.1:8080", good, with("Origin", "http://127.0.0.1:3000"), 403},
		{"origin of another loopback name", "POST", mintPath, "127.0.0.1:8080", good, with("Origin", "http://localhost:8080"), 403},
		{"origin https", "POST", mintPath, "127.0.0.1:8080", good, with("Origin", "https://127.0.0.1:8080"), 403},
		{"origin null", "POST", mintPath, "127.0.0.1:8080", good, with("Origin", "null"), 403},
		{"origin of an attacker", "POST", mintPath, "127.0.0.1:8080", good, with("Origin", "https://evil.example"), 403},
		{"fetch metadata says cross-site", "POST", mintPath, "127.0.0.1:8080", good, with("Sec-Fetch-Site", "cross-site"), 403},
		{"form", "POST", mintPath, "127.0.0.1:8080", good, with("Content-Type", "text/plain"), 415},
		{"form that names JSON", "POST", mintPath, "127.0.0.1:8080", good, with("Content-Type", "text/plain; application/json"), 415},
		{"too large", "POST", mintPath, "127.0.0.1:8080", good + strings.Repeat(" ", maxToken), origin, 413},
		{"no subject", "POST", mintPath, "127.0.0.1:8080", `{}`, origin, 400},
		{"sub number", "POST", mintPath, "127.0.0.1:8080", `{"sub":1}`, origin, 400},
		{"sub twice", "POST", mintPath, "127.0.0.1:8080", `{"sub":"a","sub":"b"}`, origin, 400},
		{"claims list", "POST", mintPath, "127.0.0.1:8080", `{"sub":"a","claims":[]}`, origin, 400},
		{"claim iss", "POST", mintPath, "127.0.0.1:8080", `{"sub":"a","claims":{"iss":"x"}}`, origin, 400},
		{"roles text", "POST", mintPath, "127.0.0.1:8080", `{"sub":"a","roles":"r"}`, origin, 400},
		{"roles of numbers", "POST", mintPath, "127.0.0.1:8080", `{"sub":"a","roles":[1]}`, origin, 400},
		{"ttl fraction", "POST", mintPath, "127.0.0.1:8080", `{"sub":"a","ttl":1.5}`, origin, 400},
		{"ttl zero", "POST", mintPath, "127.0.0.1:8080", `{"sub":"a","ttl":0}`, origin, 400},
		{"ttl huge", "POST", mintPath, "127.0.0.1:8080", `{"sub":"a","ttl":9223372036854775807}`, origin, 400},
		{"unknown member", "POST", mintPath, "127.0.0.1:8080", `{"sub":"a","Sub":"b"}`, origin, 400},
		{"mint by GET", "GET", mintPath, "127.0.0.1:8080", "", origin, 404},
		{"authorize without anything", "GET", "/dev/issuer/authorize", "127.0.0.1:8080", "", nil, 400},
		{"oauth token without anything", "POST", "/dev/issuer/oauth/token", "127.0.0.1:8080", "", nil, 400},
		{"elsewhere", "GET", "/dev/issuer/x", "127.0.0.1:8080", "", nil, 404},
	}
	for _, test := range tests {
		r := httptest.NewRequest(test.method, test.path, strings.NewReader(test.body))
		r.Host = test.host
		for k, v := range test.headers {
			r.Header.Set(k, v)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		var body struct {
			Token       string `json:"access_token"`
			ExpiresIn   int    `json:"expires_in"`
			Error       string `json:"error"`
			Description string `json:"error_description"`
		}
		if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil {
			t.Errorf("%s: %v: %s", test.name, err, w.Body)
		}
		if w.Code != test.want || (body.Token != "") != (test.want == 200) || (body.Error != "" && body.Description != "") != (test.want != 200) {
			t.Errorf("%s: %d %s, want %d", test.name, w.Code, w.Body, test.want)
		}
		if w.Header().Get("Access-Control-Allow-Origin") != "" || w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%s: headers %v", test.name, w.Header())
		}
		if test.want == 200 {
			if id, err := v.Verify(context.Background(), body.Token); err != nil || id.Subject != "alice" || body.ExpiresIn != 60 {
				t.Errorf("%s: %+v, %v, expires in %d", test.name, id, err, body.ExpiresIn)
			}
		}
	}
}

// A second Flora can verify over HTTP what the dev issuer signs.
func TestDevIssuerOverHTTP(t *testing.T) {
	c := newClock()
	var h http.Handler
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h.ServeHTTP(w, r) }))
	defer server.Close()
	d, err := OpenDevIssuer(filepath.Join(t.TempDir(), "k"), server.URL+devPath, testAudience, c.Now)
	if err != nil {
		t.Fatal(err)
	}
	h = d.Handler()
	v := newVerifier(t, c, loopback, d.Provider())
	if got := code(t, v, mint(t, d, MintRequest{Subject: "alice"})); got != "" {
		t.Errorf("over HTTP: %q", got)
	}
}
