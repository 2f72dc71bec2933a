package auth

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
)

// FuzzClaims signs whatever header and claims there may be. Of those that are
// accepted another reader, strict as well, finds all that the rules ask for.
func FuzzClaims(f *testing.F) {
	const header = `{"alg":"EdDSA","typ":"JWT","kid":"ed"}`
	for _, h := range []string{header, `{"alg":"EdDSA"}`, `{"alg":"EdDSA","kid":"ed","crit":[]}`, `{"kid":"ed","typ":"at+jwt","alg":"EdDSA","x":"\u00e9"}`, `{"alg":"none","kid":"ed"}`} {
		f.Add(h, claimsJSON())
	}
	for _, c := range []string{
		claimsJSON(set("aud", []string{"x", testAudience}), set("nbf", 1)), claimsJSON(set("exp", json.Number("1.8e9"))), claimsJSON(set("nonce", "n")), claimsJSON(set("cnf", nil)), claimsJSON(set("sub", "\u00e9")), claimsJSON(set("sub", 1)),
		`{"iss":"` + testIssuer + `","sub":"a","\u0073ub":"b"}`, claimsJSON(set("x", map[string]any{"y": []any{1, "z", nil, true}})),
	} {
		f.Add(header, c)
	}
	c := newClock()
	p := Provider{Name: "test", Issuer: testIssuer, Audience: testAudience, Algorithms: []string{"EdDSA"}}
	v, err := NewVerifier([]Provider{p}, Options{Now: c.Now, Logger: quiet()})
	if err != nil {
		f.Fatal(err)
	}
	keys, err := parseKeySet([]byte(jwks(f, jwk(f, "ed", edKey().Public()))))
	if err != nil {
		f.Fatal(err)
	}
	v.byIssuer[testIssuer].keys.fetcher = benchKeys{keys}
	f.Fuzz(func(t *testing.T, header, claims string) {
		signed := b64(header) + "." + b64(claims)
		id, err := v.Verify(t.Context(), signed+"."+base64.RawURLEncoding.EncodeToString(ed25519.Sign(edKey(), []byte(signed))))
		if (id != nil) != (err == nil) {
			t.Fatalf("identity %v beside error %v", id, err)
		}
		if id == nil {
			return
		}
		h, b := readObject(t, header), readObject(t, claims)
		typ, _ := h["typ"].(string)
		lower := bytes.ToLower([]byte(typ))
		if kid, ok := h["kid"]; ok && kid != "ed" || h["alg"] != "EdDSA" || typ != "" && !slices.Contains([]string{"jwt", "at+jwt", "application/at+jwt"}, string(lower)) {
			t.Fatalf("header %s", header)
		}
		for object, names := range map[*map[string]any][]string{&h: {"crit", "b64", "zip", "cty"}, &b: {"nonce", "at_hash", "c_hash", "cnf"}} {
			for _, name := range names {
				if _, ok := (*object)[name]; ok {
					t.Fatalf("%s is there: %s %s", name, header, claims)
				}
			}
		}
		audiences, isList := b["aud"].([]any)
		if b["iss"] != testIssuer || b["sub"] != id.Subject || id.Subject == "" || b["aud"] != testAudience && !(isList && slices.Contains(audiences, any(testAudience))) {
			t.Fatalf("claims %s", claims)
		}
		now := float64(c.Now().Unix())
		for name, fits := range map[string]func(float64) bool{
			"exp": func(f float64) bool { return f > now-30 && f <= maxTime },
			"nbf": func(f float64) bool { return f <= now+30 }, "iat": func(f float64) bool { return f <= now+30 },
		} {
			value, ok := b[name]
			if !ok && name != "exp" {
				continue
			}
			n, _ := value.(json.Number)
			if seconds, err := strconv.ParseFloat(string(n), 64); err != nil || !fits(seconds) {
				t.Fatalf("%s %v: %s", name, value, claims)
			}
		}
	})
}

// readObject reads with a strict library and a lenient one.
func readObject(t *testing.T, text string) map[string]any {
	t.Helper()
	if !jsontext.Value(text).IsValid() {
		t.Fatalf("accepted: %q", text)
	}
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var out map[string]any
	if err := d.Decode(&out); err != nil {
		t.Fatalf("accepted: %q: %v", text, err)
	}
	return out
}

// FuzzParseKeySet: whatever an issuer publishes, what is kept can be used.
func FuzzParseKeySet(f *testing.F) {
	public := &rsaKey().PublicKey
	for _, keys := range []string{
		jwks(f, jwk(f, "a", public), jwk(f, "b", &ecKey().PublicKey), jwk(f, "c", edKey().Public())), jwks(f, jwk(f, "a", public, set("use", "enc"))), jwks(f, jwk(f, "", public), jwk(f, "", public)),
		jwks(f, jwk(f, "a", &ecKey().PublicKey, set("x", "AA"))), jwks(f, jwk(f, "a", edKey().Public(), set("x", ""))), `{"keys":[{"kty":"RSA","n":"","e":""}]}`, `{"keys":[{"kty":"EC","crv":"P-256","x":"","y":""},null,1,"x",[]]}`, `{"keys":[{"kty":"AKP","alg":"ML-DSA-44","pub":"AA"}]}`,
	} {
		f.Add([]byte(keys))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		parsed, err := parseKeySet(data)
		if err != nil {
			return
		}
		readObject(t, string(data))
		ids := map[string]bool{}
		for _, k := range parsed.keys {
			if k.hasID && ids[k.id] {
				t.Fatalf("kid %q twice: %q", k.id, data)
			}
			ids[k.id] = true
			if r, ok := k.public.(*rsa.PublicKey); ok && (r.N.BitLen() < 2048 || r.E < 3) {
				t.Fatalf("RSA key of %d bits: %q", r.N.BitLen(), data)
			}
			for _, algorithm := range []string{"RS256", "PS256", "ES256", "ES384", "ES512", "EdDSA"} {
				if fits(k.public, algorithm) { // it must not panic
					if checkSignature(&token{algorithm: algorithm, signed: "x", signature: make([]byte, 64)}, []key{k}) == nil {
						t.Fatalf("a signature of zeros holds with %q", data)
					}
				}
			}
		}
	})
}
