package auth

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"fmt"
	"slices"
	"strconv"
)

// Published is what a provider publishes to verify its tokens with.
type Published struct {
	From    string   // where the keys are: a URL or a file, "" if that is not known
	Keys    []string // those that verify tokens of an accepted algorithm, in words
	Others  []string // those of other algorithms
	Dropped []string // those that are not used, with the reason
	Err     error    // that there is none, wraps ErrUnavailable
}

// Published fetches the keys of a provider, by its issuer, as its first token would have it done.
// It is for people: not while tokens are verified.
func (v *Verifier) Published(ctx context.Context, issuer string) (out Published) {
	p, ok := v.byIssuer[issuer]
	if !ok {
		return Published{Err: fmt.Errorf("%w: there is no provider %s", ErrUnavailable, issuer)}
	}
	_, out.Err = p.keys.current(ctx)
	switch f := p.keys.fetcher.(type) {
	case *remoteKeys:
		out.From = f.from
	case *fileKeys:
		out.From = f.path
	}
	p.keys.mu.Lock()
	set := p.keys.set
	p.keys.mu.Unlock()
	if set == nil {
		return out
	}
	out.Dropped = set.dropped
	for _, k := range set.keys {
		accepted := slices.ContainsFunc(p.Algorithms, func(a string) bool {
			return fits(k.public, a) && (k.algorithm == "" || k.algorithm == a)
		})
		if accepted {
			out.Keys = append(out.Keys, k.String())
		} else {
			out.Others = append(out.Others, k.String())
		}
	}
	return out
}

// String is the kid and the type of the key.
func (k key) String() string {
	id := "without kid"
	if k.hasID {
		id = strconv.Quote(k.id)
	}
	kind := ""
	switch public := k.public.(type) {
	case *rsa.PublicKey:
		kind = fmt.Sprintf("RSA %d", public.N.BitLen())
	case *ecdsa.PublicKey:
		kind = "EC " + public.Curve.Params().Name
	case ed25519.PublicKey:
		kind = "Ed25519"
	}
	if k.algorithm != "" {
		kind += " " + k.algorithm
	}
	return id + " " + kind
}

// Inspection is what Verify makes of a token, and what it went by.
type Inspection struct {
	// Header and Claims are as far as they are readable. They are verified if
	// there is an Identity, or a Rejection for a reason that is looked at after the signature.
	Header, Claims map[string]any
	Provider       *Provider // whose issuer the token names, nil if none is known
	Identity       *Identity
	Rejection      *Rejection
	Err            error // neither: the token could not be judged
}

// Inspect verifies a token and tells more about it than a stranger may know:
// for the person who holds it.
func (v *Verifier) Inspect(ctx context.Context, bearer string) (in Inspection) {
	t, _ := parseToken(bearer)
	in.Header, in.Claims = t.header, t.claims
	if p, ok := v.byIssuer[t.issuer]; ok {
		in.Provider = &p.Provider
	}
	id, err := v.Verify(ctx, bearer)
	if r, ok := err.(*Rejection); ok {
		in.Rejection = r
	} else if err != nil {
		in.Err = err
	}
	in.Identity = id
	return in
}
