package auth

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
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
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("identity (-want +got):\n%s", diff)
		}
	}
}

// TestVerifyAttacks holds each refused token beside its accepted twin.
func TestVerifyAttacks(t *testing.T) {
	good := claimsJSON()
	signed := func(header, claims string) string { return sign(t, header, claims, "RS256", rsaKey()) }
	claims := func(change ...func(map[string]any)) string { return signed(goodHeader, claimsJSON(change...)) }
	header := func(members string) string { return signed(`{"alg":"RS256","kid":"k1"`+members+`}`, good) }
	raw := func(members string) string { return signed(goodHeader, strings.TrimSuffix(good, "}")+members+"}") }
	parts := strings.Split(goodToken(t), ".")
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil {
		t.Fatal(err)
	}
	withSignature := func(b []byte) string {
		return parts[0] + "." + parts[1] + "." + base64.RawURLEncoding.EncodeToString(b)
	}
	der, err := x509.MarshalPKIXPublicKey(&rsaKey().PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	secret := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	// The last character of 256 bytes in base64url has four unused bits.
	last := parts[2][len(parts[2])-1]
	alphabet := "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	nonCanonical := goodToken(t)[:len(goodToken(t))-1] + string(alphabet[strings.IndexByte(alphabet, last)+1])

	tests := []struct{ name, token, want string }{
		{"good", goodToken(t), ""},
		{"without typ", header(``), ""},
		{"typ at+jwt", header(`,"typ":"AT+JWT"`), ""},
		{"typ application/at+jwt", header(`,"typ":"application/at+JWT"`), ""},
		{"typ of a logout token", header(`,"typ":"logout+jwt"`), CodeType},
		{"typ dpop+jwt", header(`,"typ":"dpop+jwt"`), CodeType},
		{"typ with a kelvin sign", header(`,"typ":"JWT` + "\u212a" + `"`), CodeType},
		{"typ empty", header(`,"typ":""`), CodeType},
		{"typ null", header(`,"typ":null`), CodeType},
		{"typ array", header(`,"typ":["JWT"]`), CodeType},
		{"crit", header(`,"crit":["exp"]`), CodeHeader},
		{"crit empty", header(`,"crit":[]`), CodeHeader},
		{"crit null", header(`,"crit":null`), CodeHeader},
		{"b64", header(`,"b64":true`), CodeHeader},
		{"zip", header(`,"zip":"DEF"`), CodeHeader},
		{"cty", header(`,"cty":"JWT"`), CodeHeader},
		{"jku jwk x5u x5c ignored", header(`,"jku":"https://evil.example","jwk":{"kty":"RSA"},"x5u":"https://evil.example","x5c":[]`), ""},
		{"signed by its own jwk", sign(t, `{"alg":"RS256","kid":"k1","jku":"https://evil.example","jwk":`+mustJSON(t, jwk(t, "k1", &otherKey().PublicKey))+`}`, good, "RS256", otherKey()), CodeSignature},
		{"header name twice", header(`,"alg":"RS256"`), CodeMalformed},
		{"header case-folded crit", header(`,"CRIT":["x"]`), ""}, // another name, says nothing

		{"alg none", b64(`{"alg":"none","kid":"k1"}`) + "." + b64(good) + ".", CodeMalformed},
		{"alg none with signature", strings.Replace(goodToken(t), parts[0], b64(`{"alg":"none","kid":"k1"}`), 1), CodeAlgorithm},
		{"alg nOnE", strings.Replace(goodToken(t), parts[0], b64(`{"alg":"nOnE","kid":"k1"}`), 1), CodeAlgorithm},
		{"alg absent", strings.Replace(goodToken(t), parts[0], b64(`{"kid":"k1"}`), 1), CodeAlgorithm},
		{"alg array", strings.Replace(goodToken(t), parts[0], b64(`{"alg":["RS256"],"kid":"k1"}`), 1), CodeAlgorithm},
		{"alg lower case", strings.Replace(goodToken(t), parts[0], b64(`{"alg":"rs256","kid":"k1"}`), 1), CodeAlgorithm},
		{"HS256 with the public key in PEM", sign(t, `{"alg":"HS256","kid":"k1"}`, good, "HS256", secret), CodeAlgorithm},
		{"HS256 with the public key in DER", sign(t, `{"alg":"HS256","kid":"k1"}`, good, "HS256", der), CodeAlgorithm},
		{"PS256 not allowed here", sign(t, `{"alg":"PS256","kid":"k1"}`, good, "PS256", rsaKey()), CodeAlgorithm},
		{"RS256 with the kid of an EC key", sign(t, `{"alg":"RS256","kid":"ec"}`, good, "RS256", rsaKey()), CodeKey},
		{"key restricted to RS512", sign(t, `{"alg":"RS256","kid":"rs512"}`, good, "RS256", rsaKey()), CodeKey},

		{"other key of the set", sign(t, `{"alg":"RS256","kid":"k2"}`, good, "RS256", otherKey()), ""},
		{"key of another kid", sign(t, `{"alg":"RS256","kid":"k2"}`, good, "RS256", rsaKey()), CodeSignature},
		{"wrong key", sign(t, goodHeader, good, "RS256", otherKey()), CodeSignature},
		{"kid of an encryption key", signed(`{"alg":"RS256","kid":"enc"}`, good), CodeKey},
		{"kid unknown", signed(`{"alg":"RS256","kid":"k9"}`, good), CodeKey},
		{"kid case-folded", signed(`{"alg":"RS256","kid":"K1"}`, good), CodeKey},
		{"kid a path", signed(`{"alg":"RS256","kid":"../../dev/null"}`, good), CodeKey},
		{"kid absent with several keys", signed(`{"alg":"RS256"}`, good), CodeKey},
		{"kid empty", signed(`{"alg":"RS256","kid":""}`, good), CodeHeader},
		{"kid null", signed(`{"alg":"RS256","kid":null}`, good), CodeHeader},
		{"kid number", signed(`{"alg":"RS256","kid":1}`, good), CodeHeader},
		{"kid of 256 bytes", signed(`{"alg":"RS256","kid":"`+strings.Repeat("k", 256)+`"}`, good), CodeKey},
		{"kid of 257 bytes", signed(`{"alg":"RS256","kid":"`+strings.Repeat("k", 257)+`"}`, good), CodeHeader},

		{"signature zero", withSignature(make([]byte, 256)), CodeSignature},
		{"signature trimmed", withSignature(signature[:255]), CodeSignature},
		{"signature with a zero before", withSignature(append([]byte{0}, signature...)), CodeSignature},
		{"signature with a zero behind", withSignature(append(bytes.Clone(signature), 0)), CodeSignature},
		{"signature one bit off", withSignature(append(bytes.Clone(signature[:255]), signature[255]^1)), CodeSignature},
		{"signature empty", parts[0] + "." + parts[1] + ".", CodeMalformed},
		{"signature gone", parts[0] + "." + parts[1], CodeOpaque},
		{"claims changed", parts[0] + "." + b64(claimsJSON(set("sub", "bob"))) + "." + parts[2], CodeSignature},

		{"base64 unused bits", nonCanonical, CodeMalformed},
		{"base64 padding", goodToken(t) + "==", CodeMalformed},
		{"base64 line break", goodToken(t) + "\n", CodeMalformed},
		{"base64 line break inside", parts[0][:4] + "\r\n" + parts[0][4:] + "." + parts[1] + "." + parts[2], CodeMalformed},
		{"base64 blank", " " + goodToken(t), CodeMalformed},
		{"base64 standard alphabet", strings.NewReplacer("-", "+", "_", "/").Replace(sign(t, goodHeader, claimsJSON(set("x", "\u00ff\u00fe~~~???")), "RS256", rsaKey())), CodeMalformed},
		{"opaque", "v2.local", CodeOpaque},
		{"empty", "", CodeOpaque},
		{"only dots", "..", CodeMalformed},
		{"many dots", strings.Repeat(".", 10_000), CodeOpaque},
		{"encrypted", "a.b.c.d.e", CodeEncrypted},
		{"claims no object", signed(goodHeader, `["x"]`), CodeMalformed},
		{"claims with data behind", signed(goodHeader, good+`{}`), CodeMalformed},
		{"claims not UTF-8", signed(goodHeader, strings.Replace(good, "alice", "al\xffce", 1)), CodeMalformed},
		{"claims with a lone surrogate", signed(goodHeader, strings.Replace(good, "alice", `al\ud800ce`, 1)), CodeMalformed},
		{"duplicate sub", raw(`,"sub":"admin"`), CodeMalformed},
		{"duplicate deep inside", raw(`,"x":{"y":[{"z":1,"z":2}]}`), CodeMalformed},
		{"duplicate by escape", raw(`,"s\u0075b":"admin"`), CodeMalformed},
		{"17 deep", raw(`,"x":` + strings.Repeat("[", 16) + strings.Repeat("]", 16)), CodeMalformed},
		{"16 deep", raw(`,"x":` + strings.Repeat("[", 15) + strings.Repeat("]", 15)), ""},
		{"16 KiB and more", claims(set("x", strings.Repeat("x", 12_000))), CodeTooLarge},
		{"nearly 16 KiB", claims(set("x", strings.Repeat("x", 11_600))), ""},

		{"iss absent", claims(unset("iss")), CodeIssuer},
		{"iss without slash", claims(set("iss", strings.TrimSuffix(testIssuer, "/"))), CodeIssuer},
		{"iss upper case", claims(set("iss", "https://TENANT.example.com/")), CodeIssuer},
		{"iss longer", claims(set("iss", testIssuer+"x")), CodeIssuer},
		{"iss array", claims(set("iss", []string{testIssuer})), CodeIssuer},
		{"ISS", claims(unset("iss"), set("ISS", testIssuer)), CodeIssuer},

		{"aud in a list", claims(set("aud", []string{"x", testAudience})), ""},
		{"aud absent", claims(unset("aud")), CodeAudience},
		{"aud other", claims(set("aud", "https://other.example.com")), CodeAudience},
		{"aud with slash", claims(set("aud", testAudience+"/")), CodeAudience},
		{"aud prefix", claims(set("aud", testAudience[:10])), CodeAudience},
		{"aud list of others", claims(set("aud", []string{"x"})), CodeAudience},
		{"aud empty list", claims(set("aud", []string{})), CodeAudience},
		{"aud list with a number", claims(set("aud", []any{testAudience, 1})), CodeAudience},
		{"aud object", claims(set("aud", map[string]any{testAudience: true})), CodeAudience},
		{"AUD", claims(unset("aud"), set("AUD", testAudience)), CodeAudience},

		{"sub absent", claims(unset("sub")), CodeSubject},
		{"sub empty", claims(set("sub", "")), CodeSubject},
		{"sub number", claims(set("sub", 7)), CodeSubject},
		{"sub null", claims(set("sub", nil)), CodeSubject},
		{"sub with NUL", claims(set("sub", "alice\x00")), CodeSubject},
		{"sub with C1 control", claims(set("sub", "alice\u0085")), CodeSubject},
		{"SUB beside sub", claims(set("SUB", "admin")), ""}, // TestVerifyExactNames
		{"Sub only", claims(unset("sub"), set("Sub", "admin")), CodeSubject},

		{"exp absent", claims(unset("exp")), CodeClaim},
		{"exp null", claims(set("exp", nil)), CodeClaim},
		{"exp string", claims(set("exp", "1800003600")), CodeClaim},
		{"exp zero", claims(set("exp", 0)), CodeClaim},
		{"exp negative", claims(set("exp", -1)), CodeClaim},
		{"exp 9999", claims(set("exp", json.Number("253402300799"))), ""},
		{"exp beyond 9999", claims(set("exp", json.Number("253402300800"))), CodeClaim},
		{"exp huge", claims(set("exp", json.Number("1e308"))), CodeClaim},
		{"exp beyond float", claims(set("exp", json.Number("1e400"))), CodeClaim},
		{"exp with exponent", claims(set("exp", json.Number("1.8000036e9"))), ""},
		{"exp with fraction", claims(set("exp", json.Number("1800003600.5"))), ""},
		{"exp past by 29 s", claims(set("exp", 1_800_000_000-29)), ""},
		{"exp past by 30 s", claims(set("exp", 1_800_000_000-30)), CodeExpired},
		{"EXP later than exp", claims(set("exp", 1_700_000_000), set("EXP", 1_900_000_000)), CodeExpired},
		{"nbf in 30 s", claims(set("nbf", 1_800_000_030)), ""},
		{"nbf in 31 s", claims(set("nbf", 1_800_000_031)), CodeNotYet},
		{"nbf string", claims(set("nbf", "0")), CodeClaim},
		{"nbf null", claims(set("nbf", nil)), CodeClaim},
		{"nbf beyond float", claims(set("nbf", json.Number("1e400"))), CodeClaim},
		{"iat absent", claims(unset("iat")), ""},
		{"iat in 30 s", claims(set("iat", 1_800_000_030)), ""},
		{"iat in 31 s", claims(set("iat", 1_800_000_031)), CodeNotYet},
		{"iat string", claims(set("iat", "1800000000")), CodeClaim},

		{"nonce", claims(set("nonce", "n")), CodeIDToken},
		{"at_hash", claims(set("at_hash", "n")), CodeIDToken},
		{"c_hash null", claims(set("c_hash", nil)), CodeIDToken},
		{"cnf", claims(set("cnf", map[string]any{"jkt": "x"})), CodeBoundToken},
	}
	v := newVerifier(t, newClock(), Options{}, testProvider(t))
	for _, test := range tests {
		for _, round := range []string{"first", "again"} {
			if got := code(t, v, test.token); got != test.want {
				t.Errorf("%s (%s): %q, want %q", test.name, round, got, test.want)
			}
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
	c.put(sum(1), verified{size: 10})
	c.put(sum(2), verified{size: 10})
	c.get(sum(1))
	c.put(sum(3), verified{size: 10})
	if !has(c, 1) || has(c, 2) || !has(c, 3) {
		t.Errorf("entries: has 1 %v, 2 %v, 3 %v; want the least recently used gone", has(c, 1), has(c, 2), has(c, 3))
	}
	c.put(sum(4), verified{size: 995})
	if has(c, 1) || has(c, 3) || !has(c, 4) {
		t.Error("bytes: older entries stayed")
	}
	c.put(sum(5), verified{size: 2000})
	if len(c.entries) != 0 || c.bytes != 0 || c.recent.Len() != 0 {
		t.Errorf("an entry larger than the cache left %d entries, %d bytes", len(c.entries), c.bytes)
	}
	c.put(sum(6), verified{size: 7})
	c.put(sum(6), verified{size: 9})
	if c.bytes != 9 {
		t.Errorf("one entry put twice counts %d bytes, want 9", c.bytes)
	}
	c.drop(sum(6))
	if has(c, 6) || c.bytes != 0 {
		t.Error("a dropped entry stayed")
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
