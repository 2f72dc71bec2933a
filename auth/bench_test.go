package auth

import (
	"context"
	"testing"
	"time"
)

func BenchmarkVerify(b *testing.B) {
	token := sign(b, goodHeader, claimsJSON(), "RS256", rsaKey())
	c := newClock()
	set, err := parseKeySet([]byte(jwks(b, jwk(b, "k1", &rsaKey().PublicKey))))
	if err != nil {
		b.Fatal(err)
	}
	v, err := NewVerifier([]Provider{{Name: "test", Issuer: testIssuer, Audience: testAudience}}, Options{Now: c.Now})
	if err != nil {
		b.Fatal(err)
	}
	v.byIssuer[testIssuer].keys.fetcher = benchKeys{set}
	for name, cache := range map[string]bool{"cached": true, "new": false} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if !cache {
					v.cache = newTokenCache(0, 0)
				}
				if _, err := v.Verify(context.Background(), token); err != nil {
					b.Fatal(err)
				}
			}
			v.cache = newTokenCache(cacheEntries, cacheBytes)
		})
	}
}

// benchKeys is a set in memory.
type benchKeys struct{ set *keySet }

func (f benchKeys) fetch(context.Context, *keySet) (*keySet, time.Duration, error) {
	return f.set, 0, nil
}
