package auth

import "testing"

// TestDerive: what is made of an identity is made once while its token is
// remembered, and never kept for another identity.
func TestDerive(t *testing.T) {
	v := newVerifier(t, newClock(), Options{}, testProvider(t))
	reads := 0
	read := func(id *Identity) any { reads++; return id.ID }
	derive := func(bearer, want string, reading int) *Identity {
		t.Helper()
		id, err := v.Verify(t.Context(), bearer)
		if err != nil {
			t.Fatal(err)
		}
		if got := id.Derive(read); got != want || reads != reading {
			t.Errorf("%v after %d reads, want %s after %d", got, reads, want, reading)
		}
		return id
	}
	ada, bob := goodToken(t, set("sub", "ada")), goodToken(t, set("sub", "bob"))
	derive(ada, "ada", 1)
	id := derive(ada, "ada", 1)
	derive(bob, "bob", 2)
	derive(ada, "ada", 2)
	changed := *id
	changed.ID = "eve"
	if got := changed.Derive(read); got != "eve" {
		t.Errorf("a changed copy: %v", got)
	}
	v.cache = newTokenCache(0, 0)
	derive(ada, "ada", 4)
	derive(ada, "ada", 5)
}
