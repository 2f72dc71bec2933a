package auth

import (
	"context"
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
