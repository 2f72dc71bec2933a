package auth

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestStoredKeys starts an instance while the issuer cannot be reached.
func TestStoredKeys(t *testing.T) {
	c, p := newClock(), newPublisher(t, oneKey(t))
	running := newVerifier(t, c, loopback, p.provider())
	if len(running.KeySets()) != 0 {
		t.Error("key sets before any was fetched")
	}
	p.expect(t, running, "running", "k1", "", 1)
	sets := running.KeySets()
	if len(sets) != 1 || sets[0].Issuer != p.issuer() || sets[0].Text != oneKey(t) || !sets[0].Fetched.Equal(c.Now()) {
		t.Fatalf("key sets %+v", sets)
	}
	note := sets[0].NoteValue()
	changed := func(change func(*KeySet)) string {
		s := sets[0]
		change(&s)
		return s.NoteValue()
	}
	p.fail()
	c.Add(23 * time.Hour)
	for _, tt := range []struct{ name, note, want string }{
		{"nothing stored", "", "unavailable"},
		{"stored", note, ""},
		{"by a clock that is ahead", changed(func(s *KeySet) { s.Fetched = c.Now().Add(90 * time.Minute) }), ""},
		{"of another issuer", changed(func(s *KeySet) { s.Issuer = testIssuer }), "unavailable"},
		{"from another address", changed(func(s *KeySet) { s.From = "https://tenant.example.com/keys" }), "unavailable"},
		{"older than a day", changed(func(s *KeySet) { s.Fetched = s.Fetched.Add(-61 * time.Minute) }), "unavailable"},
		{"undated", changed(func(s *KeySet) { s.Fetched = time.Time{} }), "unavailable"},
		{"not JSON", "{", "unavailable"},
		{"a set that no issuer may send", changed(func(s *KeySet) { s.Text = `{"keys":[],"keys":` + s.Text[8:] }), "unavailable"},
		{"a set of another key", changed(func(s *KeySet) { s.Text = jwks(t, jwk(t, "k1", &otherKey().PublicKey)) }), CodeSignature},
	} {
		v := newVerifier(t, c, loopback, p.provider())
		err := v.Learn(tt.note)
		if broken := tt.note == "" || strings.HasPrefix(tt.name, "not ") || strings.HasPrefix(tt.name, "a set that"); (err != nil) != broken {
			t.Errorf("%s: learned with %v", tt.name, err)
		}
		if got := code(t, v, p.token(t, "k1")); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
		if err := v.Ready(t.Context()); (err == nil) != (tt.want != "unavailable") {
			t.Errorf("%s: ready with %v", tt.name, err)
		}
	}

	// The outage counts from when the set was fetched, and ends with the issuer's
	// own answer, also where that withdraws the key.
	v := newVerifier(t, c, loopback, p.provider())
	if err := v.Learn(note); err != nil {
		t.Fatal(err)
	}
	p.expect(t, v, "in the outage", "k1", "", p.asked.Load()+1)
	c.Add(time.Hour - time.Second)
	p.expect(t, v, "a day", "k1", "", p.asked.Load()+1)
	c.Add(time.Minute)
	p.expect(t, v, "more than a day", "k1", "unavailable", p.asked.Load()+1)
	p.publish(secondKey(t))
	c.Add(time.Minute)
	p.expect(t, v, "back, withdrawn", "k1", CodeKey, p.asked.Load()+2)
	p.expect(t, v, "back", "k2", "", p.asked.Load())
}

// TestStoredKeysOfOthers lets an instance that alone is cut off from the issuer
// follow what others see.
func TestStoredKeysOfOthers(t *testing.T) {
	c, p := newClock(), newPublisher(t, oneKey(t))
	v := newVerifier(t, c, loopback, p.provider())
	p.expect(t, v, "reached", "k1", "", 1)
	old := v.KeySets()[0]
	p.fail()
	c.Add(10 * time.Minute)
	later := KeySet{Issuer: p.issuer(), Text: secondKey(t), Fetched: c.Now()}
	for _, s := range []KeySet{old, later} {
		if err := v.Learn(s.NoteValue()); err != nil {
			t.Fatal(err)
		}
	}
	p.expect(t, v, "withdrawn meanwhile", "k1", CodeKey, p.asked.Load()+2)
	p.expect(t, v, "new meanwhile", "k2", "", p.asked.Load())
	if err := v.Learn(old.NoteValue()); err != nil {
		t.Fatal(err)
	}
	c.Add(time.Minute)
	p.expect(t, v, "an older one comes late", "k1", CodeKey, p.asked.Load()+2)
}

func TestKeySetRenews(t *testing.T) {
	at := time.Unix(1_800_000_000, 0)
	was := KeySet{Issuer: "i", Text: "a", Fetched: at}
	for _, tt := range []struct {
		name string
		set  KeySet
		note string
		want bool
	}{
		{"none", was, "", true},
		{"unreadable", was, "{", true},
		{"the same", was, was.NoteValue(), false},
		{"the same, later", KeySet{Issuer: "i", Text: "a", Fetched: at.Add(59 * time.Minute)}, was.NoteValue(), false},
		{"the same, much later", KeySet{Issuer: "i", Text: "a", Fetched: at.Add(time.Hour)}, was.NoteValue(), true},
		{"another, later", KeySet{Issuer: "i", Text: "b", Fetched: at.Add(1)}, was.NoteValue(), true},
		{"another address", KeySet{Issuer: "i", From: "x", Text: "a", Fetched: at.Add(1)}, was.NoteValue(), true},
		{"another, earlier", KeySet{Issuer: "i", Text: "b", Fetched: at.Add(-1)}, was.NoteValue(), false},
	} {
		if got := tt.set.Renews(tt.note); got != tt.want {
			t.Errorf("%s: %t", tt.name, got)
		}
	}
}

// TestLocalKeysAreNotShared keeps the sets of files and of the dev issuer here.
func TestLocalKeysAreNotShared(t *testing.T) {
	c := newClock()
	v := withProviders(t, c, nil, nil)
	if code(t, v, goodToken(t)) != "" || len(v.KeySets()) != 0 {
		t.Errorf("key sets of files: %+v", v.KeySets())
	}
	issuer := openDev(t, filepath.Join(t.TempDir(), "key"), c)
	dev := newVerifier(t, c, Options{DevIssuer: issuer}, issuer.Provider())
	if code(t, dev, mint(t, issuer, MintRequest{Subject: "alice"})) != "" || len(dev.KeySets()) != 0 {
		t.Errorf("key sets of the dev issuer: %+v", dev.KeySets())
	}
	foreign, _ := json.Marshal(KeySet{Issuer: devURL, Text: secondKey(t), Fetched: c.Now()})
	if err := dev.Learn(string(foreign)); err != nil {
		t.Error(err)
	}
	if dev.byIssuer[devURL].keys.stored != nil {
		t.Error("a stored set for the dev issuer")
	}
}
