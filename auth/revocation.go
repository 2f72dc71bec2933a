package auth

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"sync"
	"time"
)

// Revocation withdraws tokens of a provider before they expire. Exactly one of
// Subject, TokenID and NotBefore is set.
type Revocation struct {
	Issuer    string    `json:"iss"`
	Subject   string    `json:"sub,omitempty"`      // all tokens with this sub, as it stands in them
	TokenID   string    `json:"jti,omitempty"`      // the token with this jti
	NotBefore time.Time `json:"notBefore,omitzero"` // all tokens issued earlier, or without iat
	Until     time.Time `json:"until,omitzero"`     // when it ends; zero: never. Not with NotBefore
}

// RevocationNotes is what the names of all notes of revocations begin with.
const RevocationNotes = "revoked/"

// mark is what a revocation is found by.
type mark [sha256.Size]byte

func (r *Revocation) mark() mark {
	return markOf(r.Claim(), r.Issuer, r.Subject+r.TokenID) // one of them is empty
}

// markOf hashes: names may be long, and are the issuer's to choose. An issuer is
// a URL without control characters.
func markOf(claim, issuer, name string) mark {
	return sha256.Sum256([]byte(claim + "\x00" + issuer + "\x00" + name))
}

// Claim is the claim that the revocation goes by: sub, jti or iat.
func (r *Revocation) Claim() string {
	switch {
	case r.Subject != "":
		return "sub"
	case r.TokenID != "":
		return "jti"
	}
	return "iat"
}

// NoteName is the name under which instances share the revocation.
func (r *Revocation) NoteName() string {
	m := r.mark()
	return RevocationNotes + hex.EncodeToString(m[:])
}

// NoteValue is its text. Long names are cut: it is found by NoteName.
func (r *Revocation) NoteValue() string {
	short := *r
	short.Subject, short.TokenID = clip(r.Subject), clip(r.TokenID)
	text, err := json.Marshal(&short)
	if err != nil {
		panic("encode revocation: " + err.Error()) // strings, and times within the years 0 to 9999
	}
	return string(text)
}

// ParseRevocation reads the value of a note.
func ParseRevocation(value string) (*Revocation, error) {
	var r Revocation
	if err := json.Unmarshal([]byte(value), &r); err != nil {
		return nil, fmt.Errorf("read revocation: %w", err)
	}
	if n := min(len(r.Subject), 1) + min(len(r.TokenID), 1); n > 1 || (n == 1) != r.NotBefore.IsZero() {
		return nil, errors.New("read revocation: it has not one of sub, jti and notBefore")
	}
	return &r, nil
}

// Revocations are the tokens that are withdrawn, as this instance knows. The
// zero value has none.
type Revocations struct {
	// Current, if not nil, is asked before each token is judged: an error says
	// that others may have been withdrawn since, so that no token can be.
	Current func(context.Context) error

	mu     sync.RWMutex
	ends   map[mark]int64 // of subjects and tokens, in microseconds
	issued map[mark]int64 // of issuers: the notBefore of their tokens, in microseconds
}

const forever = math.MaxInt64

// Apply takes over the notes of revocations that changed: their values by their
// names, "" for one that ended. all says that there are no others.
func (r *Revocations) Apply(notes map[string]string, all bool, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if all || r.ends == nil {
		r.ends, r.issued = map[mark]int64{}, map[mark]int64{}
	}
	for m, end := range r.ends {
		if end <= now.UnixMicro() {
			delete(r.ends, m)
		}
	}
	for name, value := range notes {
		var m mark
		sum, found := strings.CutPrefix(name, RevocationNotes)
		if n, err := hex.Decode(m[:], []byte(sum)); !found || err != nil || n != len(m) {
			continue // of something else
		}
		delete(r.ends, m)
		delete(r.issued, m)
		if value == "" {
			continue
		}
		one, err := ParseRevocation(value)
		switch {
		case err != nil: // by a newer Flora: it withdraws all that its name stands for
			r.ends[m], r.issued[m] = forever, forever
		case !one.NotBefore.IsZero():
			r.issued[m] = one.NotBefore.UnixMicro()
		case one.Until.IsZero():
			r.ends[m] = forever
		default:
			r.ends[m] = one.Until.Add(skew).UnixMicro() // an exp counts for so long
		}
	}
}

// Find returns when the revocation of the same ends, or its notBefore, and
// whether there is one. The zero time: never.
func (r *Revocations) Find(of *Revocation) (at time.Time, found bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	known := r.ends
	if of.Claim() == "iat" {
		known = r.issued
	}
	micro, found := known[of.mark()]
	if !found || micro == forever {
		return time.Time{}, found
	}
	return time.UnixMicro(micro), true
}

// Len is how many revocations there are.
func (r *Revocations) Len() int {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return len(r.ends) + len(r.issued)
}

// marks are what a token may be withdrawn by.
type marks struct{ issuer, subject, id mark }

func marksOf(t *token) marks {
	m := marks{issuer: markOf("iat", t.issuer, ""), subject: markOf("sub", t.issuer, t.subject)}
	if id, ok := t.claims["jti"].(string); ok {
		m.id = markOf("jti", t.issuer, id)
	}
	return m
}

// check judges a verified token.
func (r *Revocations) check(m marks, p *Provider, issued, now time.Time) *Rejection {
	notBefore := int64(math.MinInt64)
	if !p.NotBefore.IsZero() {
		notBefore = p.NotBefore.UnixMicro()
	}
	r.mu.RLock()
	all, some := r.issued[m.issuer]
	subject, id := r.ends[m.subject], r.ends[m.id]
	r.mu.RUnlock()
	if some {
		notBefore = max(notBefore, all)
	}
	switch {
	case notBefore != math.MinInt64 && (issued.IsZero() || issued.UnixMicro() < notBefore):
		return reject(CodeIssuedBefore, "the token was withdrawn with all that were issued before some time; log in again")
	case now.UnixMicro() < subject:
		return reject(CodeRevoked, "the token was withdrawn, as are all of its subject")
	case now.UnixMicro() < id:
		return reject(CodeRevoked, "the token was withdrawn")
	}
	return nil
}
