package auth

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"
)

// revoke applies revocations as notes of a store.
func revoke(r *Revocations, c *clock, list ...Revocation) {
	notes := map[string]string{}
	for _, one := range list {
		notes[one.NoteName()] = one.NoteValue()
	}
	r.Apply(notes, false, c.Now())
}

func restore(r *Revocations, c *clock, one Revocation) {
	r.Apply(map[string]string{one.NoteName(): ""}, false, c.Now())
}

// withProviders returns a verifier of the test issuer and of another one that
// has the same key.
func withProviders(t *testing.T, c *clock, r *Revocations, change func(*Provider)) *Verifier {
	t.Helper()
	file := writeFile(t, oneKey(t))
	p := Provider{Name: "test", Issuer: testIssuer, Audience: testAudience, JWKS: file}
	other := Provider{Name: "other", Issuer: "https://other.example.com/", Audience: testAudience, JWKS: file, SubjectPrefix: "other|"}
	if change != nil {
		change(&p)
	}
	return newVerifier(t, c, Options{Revocations: r}, p, other)
}

// TestRevoked judges the same tokens before and after a revocation: all were
// verified before, so that the answers of the cache are judged too. A verifier
// that sees them for the first time answers alike.
func TestRevoked(t *testing.T) {
	const other = "https://other.example.com/"
	start := time.Unix(1_800_000_000, 0)
	tokens := map[string]string{
		"alice":          goodToken(t, set("jti", "a1")),
		"alice again":    goodToken(t, set("jti", "a2")),
		"alice later":    goodToken(t, set("iat", 1_800_000_020), set("jti", "a3")),
		"alice undated":  goodToken(t, unset("iat"), set("jti", "a4")),
		"alice unnamed":  goodToken(t),
		"Alice":          goodToken(t, set("sub", "Alice")),
		"bob":            goodToken(t, set("sub", "bob"), set("jti", "b1")),
		"a1":             goodToken(t, set("sub", "a1")),
		"alice of other": goodToken(t, set("iss", other), set("jti", "a1")),
		"machine":        goodToken(t, set("sub", "m@clients"), set("gty", "client-credentials")),
	}
	for _, tt := range []struct {
		name    string
		one     Revocation
		revoked string // names, with a space at both ends
		code    string
	}{
		{"a subject", Revocation{Subject: "alice"}, ", alice, alice again, alice later, alice undated, alice unnamed,", CodeRevoked},
		{"the same name elsewhere", Revocation{Issuer: other, Subject: "alice"}, ", alice of other,", CodeRevoked},
		{"a name with the prefix", Revocation{Issuer: other, Subject: "other|alice"}, "", ""},
		{"a machine", Revocation{Subject: "m@clients"}, ", machine,", CodeRevoked},
		{"a token", Revocation{TokenID: "a1"}, ", alice,", CodeRevoked},
		{"a token that nobody has", Revocation{TokenID: "zz"}, "", ""},
		{"all before", Revocation{NotBefore: start.Add(time.Microsecond)}, ", alice, alice again, alice undated, alice unnamed, Alice, bob, a1, machine,", CodeIssuedBefore},
		{"all before the first", Revocation{NotBefore: start}, ", alice undated,", CodeIssuedBefore},
		{"all of another issuer", Revocation{Issuer: other, NotBefore: start.Add(time.Hour)}, ", alice of other,", CodeIssuedBefore},
		{"an issuer that nobody knows", Revocation{Issuer: "https://x/", Subject: "alice"}, "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.one.Issuer == "" {
				tt.one.Issuer = testIssuer
			}
			c, r := newClock(), &Revocations{}
			v := withProviders(t, c, r, nil)
			all := func(when string, v *Verifier, revoked string) {
				t.Helper()
				for name, token := range tokens {
					want := ""
					if strings.Contains(revoked, ", "+name+",") {
						want = tt.code
					}
					if got := code(t, v, token); got != want {
						t.Errorf("%s, %s: %q, want %q", when, name, got, want)
					}
				}
			}
			all("before", v, "")
			revoke(r, c, tt.one)
			all("verified before", v, tt.revoked)
			all("seen for the first time", withProviders(t, c, r, nil), tt.revoked)
			restore(r, c, tt.one)
			all("restored", v, "")
		})
	}
}

// TestNotBefore is the time in the configuration, which nothing takes back.
func TestNotBefore(t *testing.T) {
	c, r := newClock(), &Revocations{}
	v := withProviders(t, c, r, func(p *Provider) { p.NotBefore = c.Now().Add(10 * time.Second) })
	old, fresh := goodToken(t), goodToken(t, set("iat", 1_800_000_010))
	for name, tt := range map[string]struct{ token, want string }{
		"issued before":       {old, CodeIssuedBefore},
		"without iat":         {goodToken(t, unset("iat")), CodeIssuedBefore},
		"issued at that time": {fresh, ""},
		"of another":          {goodToken(t, set("iss", "https://other.example.com/")), ""},
	} {
		if got := code(t, v, tt.token); got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
	// The later of both counts.
	earlier := Revocation{Issuer: testIssuer, NotBefore: c.Now()}
	revoke(r, c, earlier)
	if got := code(t, v, old); got != CodeIssuedBefore {
		t.Errorf("an earlier time of the list: %q", got)
	}
	revoke(r, c, Revocation{Issuer: testIssuer, NotBefore: c.Now().Add(11 * time.Second)})
	if got := code(t, v, fresh); got != CodeIssuedBefore {
		t.Errorf("a later time of the list: %q", got)
	}
	restore(r, c, earlier)
	if got, still := code(t, v, fresh), code(t, v, old); got != "" || still != CodeIssuedBefore {
		t.Errorf("restored: %q and %q", got, still)
	}
}

// TestRevokedUntil lets a revocation end: never before the token does.
func TestRevokedUntil(t *testing.T) {
	c, r := newClock(), &Revocations{}
	v := withProviders(t, c, r, nil)
	short := goodToken(t, set("exp", 1_800_000_060), set("jti", "a"))
	long := goodToken(t, set("jti", "b"))
	revoke(r, c, Revocation{Issuer: testIssuer, TokenID: "a", Until: time.Unix(1_800_000_060, 0)},
		Revocation{Issuer: testIssuer, TokenID: "b", Until: time.Unix(1_800_000_060, 0)})
	for _, at := range []int64{0, 59, 60, 89} {
		c.t = time.Unix(1_800_000_000+at, 0)
		if a, b := code(t, v, short), code(t, v, long); a != CodeRevoked || b != CodeRevoked {
			t.Errorf("after %d s: %q and %q", at, a, b)
		}
	}
	c.t = time.Unix(1_800_000_090, 0)
	if a, b := code(t, v, short), code(t, v, long); a != CodeExpired || b != "" {
		t.Errorf("at the end: %q and %q", a, b)
	}
	if r.Len() != 2 {
		t.Errorf("%d revocations", r.Len())
	}
	revoke(r, c, Revocation{Issuer: testIssuer, Subject: "x"})
	if r.Len() != 1 {
		t.Errorf("%d revocations after two ended", r.Len())
	}
}

func TestRevocationNotes(t *testing.T) {
	c, r := newClock(), &Revocations{}
	v := withProviders(t, c, r, nil)
	alice, bob := goodToken(t), goodToken(t, set("sub", "bob"))
	byAlice, all := Revocation{Issuer: testIssuer, Subject: "alice"}, Revocation{Issuer: testIssuer}
	expect := func(what, a, b string) {
		t.Helper()
		if x, y := code(t, v, alice), code(t, v, bob); x != a || y != b {
			t.Errorf("%s: %q and %q, want %q and %q", what, x, y, a, b)
		}
	}
	r.Apply(map[string]string{"keys/x": "{}", RevocationNotes + "zz": "{}", RevocationNotes + "00": "{}"}, false, c.Now())
	expect("other notes", "", "")
	revoke(r, c, byAlice)
	r.Apply(nil, false, c.Now())
	expect("nothing changed", CodeRevoked, "")
	r.Apply(nil, true, c.Now())
	expect("all there is", "", "")
	// What a later version may write counts for all that its name stands for.
	for _, value := range []string{"?", "{}", `{"sub":"a","jti":"b"}`, `{"iss":"` + testIssuer + `","until":"x","sub":"alice"}`} {
		r.Apply(map[string]string{byAlice.NoteName(): value}, true, c.Now())
		expect("not understood, of a subject: "+value, CodeRevoked, "")
		r.Apply(map[string]string{all.NoteName(): value}, true, c.Now())
		expect("not understood, of an issuer: "+value, CodeIssuedBefore, CodeIssuedBefore)
	}
	// Names of any length are told apart.
	long := strings.Repeat("x", 5000)
	one, two := Revocation{Issuer: testIssuer, Subject: long + "1"}, Revocation{Issuer: testIssuer, Subject: long + "2"}
	if one.NoteName() == two.NoteName() || len(one.NoteValue()) > 600 || len(one.NoteName()) > 100 {
		t.Errorf("long names: %s, %d bytes", one.NoteName(), len(one.NoteValue()))
	}
	r.Apply(nil, true, c.Now())
	revoke(r, c, one)
	if a, b := code(t, v, goodToken(t, set("sub", long+"1"))), code(t, v, goodToken(t, set("sub", long+"2"))); a != CodeRevoked || b != "" {
		t.Errorf("long names: %q and %q", a, b)
	}
	read, err := ParseRevocation(byAlice.NoteValue())
	if err != nil || *read != byAlice {
		t.Errorf("read %+v, %v", read, err)
	}
}

// TestNotCurrent judges no token while others may have been withdrawn.
func TestNotCurrent(t *testing.T) {
	cut := errors.New("cut off")
	c, r := newClock(), &Revocations{}
	var err error
	r.Current = func(context.Context) error { return err }
	v := withProviders(t, c, r, nil)
	token := goodToken(t)
	for _, err = range []error{nil, cut, nil} {
		id, got := v.Verify(t.Context(), token)
		var rejected *Rejection
		if (id != nil) != (err == nil) || !errors.Is(got, err) || errors.As(got, &rejected) {
			t.Errorf("with %v: %v, %v", err, id, got)
		}
	}
}

// TestRevokedTells what a client is told: that the token was withdrawn.
func TestRevokedTells(t *testing.T) {
	for _, one := range []Revocation{{Subject: "alice"}, {TokenID: "a1"}, {NotBefore: time.Unix(1_800_000_001, 0)}} {
		one.Issuer = testIssuer
		c, r := newClock(), &Revocations{}
		revoke(r, c, one)
		_, err := withProviders(t, c, r, nil).Verify(t.Context(), goodToken(t, set("jti", "a1")))
		rejected, ok := errors.AsType[*Rejection](err)
		if !ok || !strings.Contains(rejected.Description, "withdrawn") || strings.Contains(rejected.Description, "a1") || rejected.Issuer != testIssuer || rejected.Subject == "" {
			t.Errorf("%s: %+v", one.Claim(), rejected)
		}
	}
}
