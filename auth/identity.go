package auth

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"sync"
	"time"
)

// Identity is a verified caller. It is immutable and shared by requests.
type Identity struct {
	Provider string // name of the access provider that vouched
	Issuer   string // iss
	Subject  string // sub as in the token; (Issuer, Subject) keys everything kept per person
	ID       string // what rules see as CurrentIdentity(): the provider's subjectPrefix + Subject
	// Claims are all claims as decoded: nil, bool, string, json.Number, []any, map[string]any.
	Claims  map[string]any
	Vouches []string // claims other than sub that may link to a document
	Expires time.Time

	derived *derived // nil for an identity that no verifier remembers
}

// derived is what the reader of an identity made of it.
type derived struct {
	of   *Identity
	once sync.Once
	v    any
}

// Derive returns what read makes of the identity. It reads once for as long as
// the verifier remembers the token: read is always the same, and what it returns
// immutable.
func (id *Identity) Derive(read func(*Identity) any) any {
	d := id.derived
	if d == nil || d.of != id { // a changed copy is another identity
		return read(id)
	}
	d.once.Do(func() { d.v = read(id) })
	return d.v
}

// Pseudonym is what a log shows of a person: the same wherever the key is, of no
// use to anyone who has a list of subjects but not the key. A subject means
// nothing without its issuer. A prefix of the sum leaves nothing to extend, so
// the plain keyed form will do.
func Pseudonym(key []byte, issuer, subject string) string {
	text := make([]byte, 0, 256)
	text = append(append(append(append(text, key...), issuer...), 0), subject...)
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:8])
}

type contextKey struct{}

// With returns a context that carries the caller.
func With(ctx context.Context, id *Identity) context.Context {
	return context.WithValue(ctx, contextKey{}, id)
}

// From returns the caller, nil for an anonymous one.
func From(ctx context.Context) *Identity {
	id, _ := ctx.Value(contextKey{}).(*Identity)
	return id
}
