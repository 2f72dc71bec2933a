package auth

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestKeysFlood sends 10,000 tokens of as many forged kids in a minute of the
// clock: the issuer is asked six times, and good tokens pass all the while.
func TestKeysFlood(t *testing.T) {
	c, p := newClock(), newPublisher(t, oneKey(t))
	v := newVerifier(t, c, loopback, p.provider())
	p.expect(t, v, "start", "k1", "", 1)
	good := strings.Split(p.token(t, "k1"), ".")
	for i := range 10_000 {
		header := b64(fmt.Sprintf(`{"alg":"RS256","kid":"forged-%d"}`, i))
		if got := code(t, v, header+"."+good[1]+"."+good[2]); got != CodeKey {
			t.Fatalf("forged kid %d: %q", i, got)
		}
		if i%100 == 0 {
			if got := code(t, v, p.token(t, "k1")); got != "" {
				t.Fatalf("good token after %d forged ones: %q", i, got)
			}
		}
		c.Add(6 * time.Millisecond)
	}
	if asked := p.asked.Load() - 1; asked > 6 {
		t.Errorf("the issuer was asked %d times in a minute", asked)
	}
	// The flood over, a rotation is seen on the first use of its key.
	c.Add(10 * time.Second)
	p.publish(twoKeys(t))
	begun := time.Now()
	if got := code(t, v, p.token(t, "k2")); got != "" || time.Since(begun) > time.Second {
		t.Errorf("first use of a new key: %q after %s", got, time.Since(begun))
	}
}

// TestKeysBadBodies keeps the known set whatever an issuer answers in its place.
func TestKeysBadBodies(t *testing.T) {
	text := func(s string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, s) }
	}
	key := jwk(t, "k1", &rsaKey().PublicKey)
	for name, body := range map[string]http.HandlerFunc{
		"HTML":          text("<!doctype html><title>Sign in</title>"),
		"empty":         text(""),
		"1 MB":          text(`{"keys":[` + strings.Repeat(" ", 1<<20) + `]}`),
		"JSON, no set":  text(`{"error":"down"}`),
		"keys no array": text(`{"keys":{}}`),
		"65 keys":       text(`{"keys":[` + strings.Repeat("{},", 64) + `{}]}`),
		"member twice":  text(`{"keys":[],"keys":[]}`),
		"one kid twice": text(jwks(t, key, jwk(t, "k1", &otherKey().PublicKey))),
		"cut off":       text(oneKey(t)[:40]),
		"two documents": text(oneKey(t) + oneKey(t)),
		"another status": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusAccepted)
			fmt.Fprint(w, oneKey(t))
		},
		"redirected": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://evil.example/keys", http.StatusFound)
		},
		"ends in mid-body": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "9999")
			fmt.Fprint(w, oneKey(t))
		},
	} {
		c, p := newClock(), newPublisher(t, "")
		p.answer(body)
		v := newVerifier(t, c, loopback, p.provider())
		if got := code(t, v, p.token(t, "k1")); got != "unavailable" {
			t.Errorf("%s at start: %q", name, got)
		}
		p.publish(oneKey(t))
		c.Add(time.Minute)
		if got := code(t, v, p.token(t, "k1")); got != "" {
			t.Errorf("%s, then the right one: %q", name, got)
		}
		p.answer(body)
		c.Add(6 * time.Minute)
		if got := code(t, v, p.token(t, "k1")); got != "" {
			t.Errorf("%s after the right one: %q", name, got)
		}
	}
}

// FuzzToken changes tokens: none but the one that was signed is accepted, and
// nothing panics.
func FuzzToken(f *testing.F) {
	good := sign(f, goodHeader, claimsJSON(), "RS256", rsaKey())
	parts := strings.Split(good, ".")
	for _, header := range []string{goodHeader, `{"alg":"none","kid":"k1"}`, `{"alg":"HS256","kid":"k1"}`, `{"alg":"RS256","kid":"k1","crit":["x"]}`, `{"alg":"RS256"}`} {
		for _, claims := range []string{claimsJSON(), claimsJSON(set("sub", "bob")), `{"sub":"a","sub":"b"}`, `[]`} {
			f.Add(b64(header) + "." + b64(claims) + "." + parts[2])
		}
	}
	f.Add(good)
	set, err := parseKeySet([]byte(jwks(f, jwk(f, "k1", &rsaKey().PublicKey))))
	if err != nil {
		f.Fatal(err)
	}
	c := newClock()
	v, err := NewVerifier([]Provider{{Name: "test", Issuer: testIssuer, Audience: testAudience}}, Options{Now: c.Now, Logger: quiet()})
	if err != nil {
		f.Fatal(err)
	}
	v.byIssuer[testIssuer].keys.fetcher = benchKeys{set}
	f.Fuzz(func(t *testing.T, bearer string) {
		id, err := v.Verify(t.Context(), bearer)
		if (id != nil) != (err == nil) {
			t.Fatalf("identity %v beside error %v", id, err)
		}
		if id != nil && bearer != good {
			t.Fatalf("accepted %q", bearer)
		}
	})
}
