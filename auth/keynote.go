package auth

import (
	"encoding/json"
	"fmt"
	"time"
)

// KeySet is a key set as an issuer published it, for instances that start while
// the issuer cannot be reached.
type KeySet struct {
	Issuer  string    `json:"iss"`
	From    string    `json:"jwks,omitempty"` // the configured address, "" for that of the discovery document
	Text    string    `json:"set"`
	Fetched time.Time `json:"fetched"` // when it was last seen to be published
}

// KeySetNotes is what the names of all notes of key sets begin with.
const KeySetNotes = "keys/"

// keySetRenewed is how much younger a set must be to be noted again where
// nothing else changed.
const keySetRenewed = time.Hour

// NoteName is the name under which instances share the set.
func (s *KeySet) NoteName() string { return KeySetNotes + s.Issuer }

// NoteValue is its text.
func (s *KeySet) NoteValue() string {
	text, err := json.Marshal(s)
	if err != nil {
		panic("encode key set: " + err.Error()) // strings and a time
	}
	return string(text)
}

// Until is when nobody uses the set any more.
func (s *KeySet) Until() time.Time { return s.Fetched.Add(outageLimit) }

// Renews reports whether s says something that the value of a note does not: it
// is later and differs, or much later.
func (s *KeySet) Renews(value string) bool {
	var was KeySet
	if value == "" || json.Unmarshal([]byte(value), &was) != nil {
		return true
	}
	return s.Fetched.After(was.Fetched) && (s.Text != was.Text || s.From != was.From) || s.Fetched.Sub(was.Fetched) >= keySetRenewed
}

// KeySets are the sets that issuers were seen to publish. Those of local files
// and of the dev issuer are not among them.
func (v *Verifier) KeySets() (list []KeySet) {
	for _, issuer := range v.names {
		p := v.byIssuer[issuer]
		if text, fetched := p.keys.published(); text != "" {
			list = append(list, KeySet{Issuer: issuer, From: p.JWKS, Text: text, Fetched: fetched})
		}
	}
	return list
}

// Learn takes the value of a note: a set that is used where the issuer cannot be
// reached and none that was fetched later is known. It is read as strictly as
// what an issuer sends. Sets of other providers are left alone.
func (v *Verifier) Learn(value string) error {
	var s KeySet
	if err := json.Unmarshal([]byte(value), &s); err != nil {
		return fmt.Errorf("read key set of the store: %w", err)
	}
	p, ok := v.byIssuer[s.Issuer]
	if !ok || p.JWKS != s.From {
		return nil
	}
	if _, remote := p.keys.fetcher.(*remoteKeys); !remote {
		return nil
	}
	set, err := parseKeySet([]byte(s.Text))
	if err != nil {
		return fmt.Errorf("read key set of the store: issuer %s: %w", s.Issuer, err)
	}
	set.text = s.Text
	p.keys.learn(set, s.Fetched)
	return nil
}

// published returns the set in use, "" if there is none, and when it was fetched.
func (s *keySource) published() (text string, fetched time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.set == nil {
		return "", time.Time{}
	}
	return s.set.text, s.loaded
}

// learn keeps a set that another instance fetched.
func (s *keySource) learn(set *keySet, fetched time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now := s.now(); fetched.After(now) {
		fetched = now // by another clock
	}
	s.stored, s.storedAt = set, fetched
}

// useStored takes the set that another instance fetched, if it is younger than
// the one in use and may still be used.
func (s *keySource) useStored(now time.Time) {
	if s.stored == nil || !s.storedAt.After(s.loaded) || now.Sub(s.storedAt) > outageLimit {
		return
	}
	if s.set == nil {
		s.log.Warn("key set of the store in use", "provider", s.provider, "age", now.Sub(s.storedAt).Round(time.Second), "err", s.err)
	}
	s.set, s.loaded = s.stored, s.storedAt
	clear(s.misses)
}
