package auth

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/golang-jwt/jwt/v5"
)

const (
	testIssuer   = "https://tenant.example.com/"
	testAudience = "https://api.example.com"
)

// clock is a clock that moves only when told.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func newClock() *clock { return &clock{t: time.Unix(1_800_000_000, 0)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) Add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// Making RSA keys is slow: all tests share these.
var (
	rsaKey   = sync.OnceValue(func() *rsa.PrivateKey { return makeRSA(2048) })
	otherKey = sync.OnceValue(func() *rsa.PrivateKey { return makeRSA(2048) })
	ecKey    = sync.OnceValue(func() *ecdsa.PrivateKey { return makeEC(elliptic.P256()) })
	ec384Key = sync.OnceValue(func() *ecdsa.PrivateKey { return makeEC(elliptic.P384()) })
	edKey    = sync.OnceValue(func() ed25519.PrivateKey {
		_, k, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			panic(err)
		}
		return k
	})
)

func makeRSA(bits int) *rsa.PrivateKey {
	k, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		panic(err)
	}
	return k
}

func makeEC(curve elliptic.Curve) *ecdsa.PrivateKey {
	k, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		panic(err)
	}
	return k
}

// jwk returns a public key as a member list that a test may change.
func jwk(t testing.TB, kid string, public any, change ...func(map[string]any)) map[string]any {
	t.Helper()
	data, err := json.Marshal(jose.JSONWebKey{Key: public, KeyID: kid, Use: "sig"})
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal(data, &m); err != nil {
		t.Fatal(err)
	}
	for _, c := range change {
		c(m)
	}
	return m
}

func set(name string, value any) func(map[string]any) {
	return func(m map[string]any) { m[name] = value }
}

func unset(name string) func(map[string]any) {
	return func(m map[string]any) { delete(m, name) }
}

func jwks(t testing.TB, keys ...map[string]any) string {
	t.Helper()
	data, err := json.Marshal(map[string]any{"keys": keys})
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func writeFile(t *testing.T, content string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "jwks.json")
	if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	return name
}

func b64(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

// sign makes a token of header and claims exactly as written.
func sign(t testing.TB, header, claims, algorithm string, private any) string {
	t.Helper()
	signed := b64(header) + "." + b64(claims)
	var signature []byte
	var err error
	if secret, ok := private.([]byte); ok {
		mac := hmac.New(sha256.New, secret)
		mac.Write([]byte(signed))
		signature = mac.Sum(nil)
	} else {
		signature, err = jwt.GetSigningMethod(algorithm).Sign(signed, private)
	}
	if err != nil {
		t.Fatal(err)
	}
	return signed + "." + base64.RawURLEncoding.EncodeToString(signature)
}

// claimsJSON returns good claims at the start of the test clock.
func claimsJSON(change ...func(map[string]any)) string {
	m := map[string]any{
		"iss": testIssuer, "sub": "alice", "aud": testAudience,
		"iat": 1_800_000_000, "exp": 1_800_003_600,
	}
	for _, c := range change {
		c(m)
	}
	data, err := json.Marshal(m)
	if err != nil {
		panic(err)
	}
	return string(data)
}

const goodHeader = `{"alg":"RS256","typ":"JWT","kid":"k1"}`

func goodToken(t *testing.T, change ...func(map[string]any)) string {
	t.Helper()
	return sign(t, goodHeader, claimsJSON(change...), "RS256", rsaKey())
}

func quiet() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }

func newVerifier(t *testing.T, c *clock, opts Options, providers ...Provider) *Verifier {
	t.Helper()
	opts.Now = c.Now
	if opts.Logger == nil {
		opts.Logger = quiet()
	}
	v, err := NewVerifier(providers, opts)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// code is what a test compares: the code of the rejection, "unavailable", or
// "" for an accepted token.
func code(t *testing.T, v *Verifier, bearer string) string {
	t.Helper()
	id, err := v.Verify(context.Background(), bearer)
	var r *Rejection
	switch {
	case err == nil && id != nil:
		return ""
	case id != nil:
		t.Fatalf("identity %v beside error %v", id, err)
	case errors.Is(err, ErrUnavailable):
		return "unavailable"
	case errors.As(err, &r):
		return r.Code
	}
	t.Fatalf("neither identity nor a typed error: %v", err)
	return ""
}
