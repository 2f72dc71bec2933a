package auth

import (
	"crypto/rsa"
	"math/big"
	"strings"
	"testing"
)

func TestParseKey(t *testing.T) {
	public := &rsaKey().PublicKey
	tests := []struct {
		name, want string // want: part of the reason, "" for a key that is kept
		jwk        map[string]any
	}{
		{"good", "", jwk(t, "k", public)},
		{"without use", "", jwk(t, "k", public, unset("use"))},
		{"without kid", "", jwk(t, "", public)},
		{"EC", "", jwk(t, "k", &ecKey().PublicKey)},
		{"Ed25519", "", jwk(t, "k", edKey().Public())},
		{"key_ops verify", "", jwk(t, "k", public, set("key_ops", []any{"encrypt", "verify"}))},
		{"certificates not read", "", jwk(t, "k", public, set("x5c", "no list"), set("x5u", 1))},
		{"use enc", "use", jwk(t, "k", public, set("use", "enc"))},
		{"use Sig", "use", jwk(t, "k", public, set("use", "Sig"))},
		{"use null", "use", jwk(t, "k", public, set("use", nil))},
		{"key_ops sign", "key_ops", jwk(t, "k", public, set("key_ops", []any{"sign"}))},
		{"key_ops empty", "key_ops", jwk(t, "k", public, set("key_ops", []any{}))},
		{"key_ops text", "key_ops", jwk(t, "k", public, set("key_ops", "verify"))},
		{"private exponent", "private", jwk(t, "k", public, set("d", "AQ"))},
		{"prime", "private", jwk(t, "k", public, set("p", ""))},
		{"kid number", "kid", jwk(t, "k", public, set("kid", 1.0))},
		{"kid long", "kid", jwk(t, strings.Repeat("k", 257), public)},
		{"alg number", "alg", jwk(t, "k", public, set("alg", 1.0))},
		{"secret", "private", map[string]any{"kty": "oct", "k": "c2VjcmV0", "kid": "k"}},
		{"RSA 1024", "1024 bits", jwk(t, "k", &rsa.PublicKey{N: new(big.Int).Lsh(big.NewInt(1), 1023), E: 65537})},
		{"RSA 2047", "2047 bits", jwk(t, "k", &rsa.PublicKey{N: new(big.Int).Lsh(big.NewInt(1), 2046), E: 65537})},
		{"RSA 9000", "RSA", jwk(t, "k", &rsa.PublicKey{N: new(big.Int).Lsh(big.NewInt(1), 8999), E: 65537})},
		{"RSA exponent 1", "RSA", jwk(t, "k", &rsa.PublicKey{N: public.N, E: 1})},
		{"RSA exponent 2", "RSA", jwk(t, "k", &rsa.PublicKey{N: public.N, E: 2})},
	}
	for _, test := range tests {
		_, err := parseKey(test.jwk)
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", test.name, err, test.want)
		}
	}
	for name, broken := range map[string]map[string]any{
		"no object":              nil,
		"secret without value":   {"kty": "oct"},
		"RSA without n":          jwk(t, "k", public, unset("n")),
		"RSA with n no base64":   jwk(t, "k", public, set("n", "***")),
		"EC point off the curve": jwk(t, "k", &ecKey().PublicKey, set("x", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE")),
		"curve of another key":   jwk(t, "k", &ecKey().PublicKey, set("crv", "P-384")),
		"curve unknown":          jwk(t, "k", &ecKey().PublicKey, set("crv", "P-224")),
		"Ed25519 short":          jwk(t, "k", edKey().Public(), set("x", "AAAA")),
		"X25519":                 jwk(t, "k", edKey().Public(), set("crv", "X25519")),
		"kty unknown":            {"kty": "XXX", "n": "AQAB"},
		"kty absent":             jwk(t, "k", public, unset("kty")),
		"kty number":             jwk(t, "k", public, set("kty", 1.0)),
	} {
		if _, err := parseKey(broken); err == nil {
			t.Errorf("%s: kept", name)
		}
	}
}

// A token without kid needs a set that was published with one key, whatever
// was dropped of it.
func TestFindWithoutKeyID(t *testing.T) {
	public := &rsaKey().PublicKey
	enc := jwk(t, "enc", public, set("use", "enc"))
	tests := []struct {
		name, set string
		keys      int
	}{
		{"one key with kid", jwks(t, jwk(t, "k1", public)), 1},
		{"one key without kid", jwks(t, jwk(t, "", public)), 1},
		{"two keys", jwks(t, jwk(t, "k1", public), jwk(t, "k2", &otherKey().PublicKey)), 0},
		{"two keys, one dropped", jwks(t, jwk(t, "k1", public), enc), 0},
		{"one key, dropped", jwks(t, enc), 0},
		{"one key of another type", jwks(t, jwk(t, "k1", &ecKey().PublicKey)), 0},
	}
	for _, test := range tests {
		parsed, err := parseKeySet([]byte(test.set))
		if err != nil {
			t.Fatal(err)
		}
		keys, unknown := parsed.find(&token{algorithm: "RS256"})
		if len(keys) != test.keys || unknown {
			t.Errorf("%s: %d keys (unknown %v), want %d", test.name, len(keys), unknown, test.keys)
		}
	}
	withoutKeyID, err := parseKeySet([]byte(jwks(t, jwk(t, "", public))))
	if err != nil {
		t.Fatal(err)
	}
	if keys, unknown := withoutKeyID.find(&token{algorithm: "RS256", hasKeyID: true, keyID: "k1"}); len(keys) != 0 || !unknown {
		t.Error("a key without kid was found by kid")
	}
}
