package auth

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func testProvider(t *testing.T) Provider {
	return Provider{Name: "test", Issuer: testIssuer, Audience: testAudience, JWKS: writeFile(t, jwks(t,
		jwk(t, "k1", &rsaKey().PublicKey),
		jwk(t, "k2", &otherKey().PublicKey),
		jwk(t, "ec", &ecKey().PublicKey),
		jwk(t, "enc", &rsaKey().PublicKey, set("use", "enc")),
		jwk(t, "rs512", &rsaKey().PublicKey, set("alg", "RS512")),
	))}
}

func TestVerifyIdentity(t *testing.T) {
	p := testProvider(t)
	p.SubjectPrefix, p.Vouches = "test|", []string{"email"}
	v := newVerifier(t, newClock(), Options{}, p)
	for range 2 { // the second time out of the cache
		got, err := v.Verify(context.Background(), goodToken(t, set("n", map[string]any{"deep": []any{1.5, nil}})))
		if err != nil {
			t.Fatal(err)
		}
		want := &Identity{
			Provider: "test", Issuer: testIssuer, Subject: "alice", ID: "test|alice", Vouches: []string{"email"},
			Expires: time.Unix(1_800_003_600, 0),
			Claims: map[string]any{
				"iss": testIssuer, "sub": "alice", "aud": testAudience, "iat": json.Number("1800000000"),
				"exp": json.Number("1800003600"), "n": map[string]any{"deep": []any{json.Number("1.5"), nil}},
			},
		}
		if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(Identity{})); diff != "" {
			t.Fatalf("identity (-want +got):\n%s", diff)
		}
	}
}

func mustJSON(t *testing.T, v any) string {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestVerifyExactNames(t *testing.T) {
	v := newVerifier(t, newClock(), Options{}, testProvider(t))
	id, err := v.Verify(context.Background(), goodToken(t, set("SUB", "admin"), set("Sub", "admin")))
	if err != nil {
		t.Fatal(err)
	}
	if id.Subject != "alice" || id.ID != "alice" {
		t.Errorf("subject %q, id %q, want alice", id.Subject, id.ID)
	}
}

func TestVerifyAlgorithms(t *testing.T) {
	p := testProvider(t)
	p.Algorithms = []string{"RS256", "RS512", "PS256", "ES256", "ES384", "EdDSA"}
	p.JWKS = writeFile(t, jwks(t,
		jwk(t, "rsa", &rsaKey().PublicKey),
		jwk(t, "ec", &ecKey().PublicKey),
		jwk(t, "ec384", &ec384Key().PublicKey),
		jwk(t, "ed", edKey().Public()),
	))
	v := newVerifier(t, newClock(), Options{}, p)
	tests := []struct {
		algorithm, kid string
		private        any
		want           string
	}{
		{"RS256", "rsa", rsaKey(), ""},
		{"RS512", "rsa", rsaKey(), ""},
		{"RS384", "rsa", rsaKey(), CodeAlgorithm},
		{"PS256", "rsa", rsaKey(), ""},
		{"ES256", "ec", ecKey(), ""},
		{"ES256", "rsa", ecKey(), CodeKey},
		{"ES256", "ec384", ecKey(), CodeKey}, // the curve belongs to the algorithm
		{"ES384", "ec384", ec384Key(), ""},
		{"EdDSA", "ed", edKey(), ""},
		{"EdDSA", "ec", edKey(), CodeKey},
	}
	for _, test := range tests {
		token := sign(t, `{"alg":"`+test.algorithm+`","kid":"`+test.kid+`"}`, claimsJSON(), test.algorithm, test.private)
		if got := code(t, v, token); got != test.want {
			t.Errorf("%s with key %s: %q, want %q", test.algorithm, test.kid, got, test.want)
		}
	}
	for _, algorithm := range []string{"ES256", "EdDSA"} {
		kid := map[string]string{"ES256": "ec", "EdDSA": "ed"}[algorithm]
		zero := b64(`{"alg":"`+algorithm+`","kid":"`+kid+`"}`) + "." + b64(claimsJSON()) + "." + base64.RawURLEncoding.EncodeToString(make([]byte, 64))
		if got := code(t, v, zero); got != CodeSignature {
			t.Errorf("%s with a zero signature: %q", algorithm, got)
		}
	}
}

func TestVerifySubjectPrefixes(t *testing.T) {
	bare, other := testProvider(t), testProvider(t)
	other.Name, other.Issuer, other.SubjectPrefix = "other", "https://other.example.com/", "other|"
	v := newVerifier(t, newClock(), Options{}, bare, other)
	for _, test := range []struct{ sub, want string }{
		{"alice", ""}, {"other", ""}, {"other|alice", CodeSubject}, {"other|", CodeSubject},
	} {
		if got := code(t, v, goodToken(t, set("sub", test.sub))); got != test.want {
			t.Errorf("bare subject %q: %q, want %q", test.sub, got, test.want)
		}
	}
	id, err := v.Verify(context.Background(), goodToken(t, set("iss", other.Issuer)))
	if err != nil {
		t.Fatal(err)
	}
	if id.ID != "other|alice" || id.Subject != "alice" || id.Provider != "other" {
		t.Errorf("identity %+v", id)
	}
}

// A cached token ends when its time does, forwards and backwards.
func TestVerifyCachedLifetime(t *testing.T) {
	c := newClock()
	v := newVerifier(t, c, Options{}, testProvider(t))
	token := goodToken(t, set("nbf", 1_800_000_000))
	for _, step := range []struct {
		move time.Duration
		want string
	}{
		{0, ""}, {time.Hour + 29*time.Second, ""}, {time.Second, CodeExpired}, {0, CodeExpired},
		{-time.Hour - 30*time.Second, ""}, {-31 * time.Second, CodeNotYet},
	} {
		c.Add(step.move)
		if got := code(t, v, token); got != step.want {
			t.Errorf("at %s: %q, want %q", c.Now().UTC(), got, step.want)
		}
	}
}

func TestTokenCacheBounds(t *testing.T) {
	sum := func(b byte) (s [32]byte) { s[0] = b; return }
	has := func(c *tokenCache, b byte) bool { _, ok := c.get(sum(b)); return ok }

	c := newTokenCache(2, 1000)
	c.put(sum(1), &verified{size: 10})
	c.put(sum(2), &verified{size: 10})
	c.get(sum(1))
	c.put(sum(3), &verified{size: 10})
	if !has(c, 1) || has(c, 2) || !has(c, 3) {
		t.Errorf("entries: has 1 %v, 2 %v, 3 %v; want the least recently used gone", has(c, 1), has(c, 2), has(c, 3))
	}
	c.put(sum(4), &verified{size: 995})
	if has(c, 1) || has(c, 3) || !has(c, 4) {
		t.Error("bytes: older entries stayed")
	}
	c.put(sum(5), &verified{size: 2000})
	if len(c.entries) != 0 || c.bytes != 0 || c.recent.Len() != 0 {
		t.Errorf("an entry larger than the cache left %d entries, %d bytes", len(c.entries), c.bytes)
	}
	c.put(sum(6), &verified{size: 7})
	c.put(sum(6), &verified{size: 9})
	if c.bytes != 9 {
		t.Errorf("one entry put twice counts %d bytes, want 9", c.bytes)
	}
	c.drop(sum(6))
	if has(c, 6) || c.bytes != 0 {
		t.Error("a dropped entry stayed")
	}

	c = newTokenCache(2, 1000)
	c.put(sum(1), &verified{size: 10})
	for b := byte(2); b < 20; b++ { // none that is used gives way to one that is not
		c.get(sum(1))
		c.put(sum(b), &verified{size: 10})
		if len(c.entries) != 2 || c.entries[sum(1)] == nil || c.entries[sum(b)] == nil {
			t.Fatalf("after entry %d: has 1 %v, it %v", b, has(c, 1), has(c, b))
		}
	}
	if has(c, 1) && has(c, 19) { // all are used
		c.put(sum(20), &verified{size: 10})
	}
	if has(c, 1) || !has(c, 19) || !has(c, 20) {
		t.Errorf("of two that are used: has 1 %v, 19 %v, the new one %v; want the older gone", has(c, 1), has(c, 19), has(c, 20))
	}
}

// TestRejectionTellsDevelopers: what is wrong, in words that lead to the cure
// (RFC 6750 section 3.1 has error_description for that).
func TestRejectionTellsDevelopers(t *testing.T) {
	v := newVerifier(t, newClock(), Options{}, testProvider(t))
	for token, want := range map[string]string{
		"opaque":    "pass the audience of this API to the SDK",
		"a.b.c.d.e": "pass the audience of this API to the SDK",
		goodToken(t, set("aud", "https://other.example.com")):                    "expected " + testAudience,
		goodToken(t, set("exp", 1_700_000_000)):                                  "expired",
		goodToken(t, set("iss", strings.TrimSuffix(testIssuer, "/"))):            "trailing slash",
		goodToken(t, set("nonce", "n")):                                          "ID token, send the access token",
		sign(t, `{"alg":"ES256","kid":"ec"}`, claimsJSON(), "ES256", ecKey()):    "expected RS256",
		goodToken(t, set("sub", nil)):                                            "sub",
		sign(t, `{"alg":"RS256","kid":"gone"}`, claimsJSON(), "RS256", rsaKey()): "publishes no key",
	} {
		_, err := v.Verify(context.Background(), token)
		var r *Rejection
		if !errors.As(err, &r) || !strings.Contains(r.Description, want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

func TestRejectionTellsNoSecrets(t *testing.T) {
	p := testProvider(t)
	p.Audience = `https://api.example.com/"quoted"\` + "\n" + `ü`
	v := newVerifier(t, newClock(), Options{}, p)
	token := goodToken(t, set("sub", "alice-the-secret"), set("aud", "hidden-audience"))
	_, err := v.Verify(context.Background(), token)
	var r *Rejection
	if !errors.As(err, &r) {
		t.Fatalf("error %v, want a rejection", err)
	}
	var logged bytes.Buffer
	slog.New(slog.NewJSONHandler(&logged, nil)).Warn("token", "rejection", r)
	for _, text := range []string{r.Description, logged.String(), err.Error()} {
		for _, secret := range []string{"alice-the-secret", "hidden-audience", token[:20]} {
			if strings.Contains(text, secret) {
				t.Errorf("%q holds %q", text, secret)
			}
		}
	}
	if strings.Trim(r.Description, " !#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[]^_`abcdefghijklmnopqrstuvwxyz{|}~") != "" {
		t.Errorf("description %q has characters that RFC 6750 forbids", r.Description)
	}
	if r.KeyID != "k1" || r.Issuer != testIssuer || r.Algorithm != "RS256" || len(r.Subject) != 16 {
		t.Errorf("for the log: %+v", r)
	}
	if !strings.Contains(r.Description, "https://api.example.com/") {
		t.Errorf("description %q does not name the expected audience", r.Description)
	}
}
