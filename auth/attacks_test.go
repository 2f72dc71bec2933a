package auth

import (
	"maps"
	"slices"
	"testing"

	"flora.dev/flora/auth/authtest"
)

// TestAttacks shows of each attack that the token it was made from is
// accepted, and that the attack is not, with the code that names its fault:
// the first time, and once more after all others, whatever was cached.
func TestAttacks(t *testing.T) {
	corpus := authtest.New(t)
	v := newVerifier(t, &clock{t: authtest.Now()}, Options{}, corpusProviders(t, corpus)...)
	type count struct{ tried, wrong int }
	classes, seen := map[string]*count{}, map[string]bool{}
	for round := range 2 {
		for _, a := range corpus.Attacks {
			n := classes[a.Class]
			if n == nil {
				n = &count{}
				classes[a.Class] = n
			}
			if round == 0 {
				n.tried++
				seen[a.Token] = true
			}
			if got := code(t, v, a.Good); got != "" {
				t.Errorf("%s, %s: the good token is refused: %s", a.Class, a.Name, got)
			}
			if got := code(t, v, a.Token); got != a.Code {
				n.wrong++
				t.Errorf("%s, %s: %q, want %q", a.Class, a.Name, got, a.Code)
			}
		}
	}
	tried, wrong := 0, 0
	for _, class := range slices.Sorted(maps.Keys(classes)) {
		n := classes[class]
		tried, wrong = tried+n.tried, wrong+n.wrong
		t.Logf("%-24s %4d tried, %d wrong", class, n.tried, n.wrong)
	}
	t.Logf("%d tokens tried, %d of them distinct, %d wrong", tried, len(seen), wrong)
	if len(seen) < 1000 {
		t.Errorf("only %d distinct tokens", len(seen))
	}
}

func corpusProviders(t *testing.T, corpus *authtest.Corpus) []Provider {
	t.Helper()
	var all []Provider
	for _, p := range corpus.Providers {
		all = append(all, Provider{
			Name: p.Name, Issuer: p.Issuer, Audience: p.Audience, SubjectPrefix: p.SubjectPrefix, Algorithms: p.Algorithms, JWKS: writeFile(t, p.JWKS),
		})
	}
	return all
}
