package auth

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"flora.dev/flora/internal/leak"
)

// Options of a Verifier. The zero value is ready for production.
type Options struct {
	Now        func() time.Time // time.Now if nil
	HTTPClient *http.Client     // fetches key sets; its redirects and cookies are switched off
	Logger     *slog.Logger     // slog.Default() if nil; key sets only, requests are the caller's to log
	LogKey     []byte           // of the hashes of subjects in Rejections; random if nil

	// InsecureLoopback allows issuers and key sets over plain http on loopback
	// addresses: for tests.
	InsecureLoopback bool

	// Revocations are the tokens that count no more, nil for none.
	Revocations *Revocations

	// DevIssuer is trusted without HTTP by the provider that has its issuer,
	// which must be among the providers.
	DevIssuer *DevIssuer
}

// Verifier turns bearer tokens into identities. It is safe for concurrent use.
type Verifier struct {
	byIssuer map[string]*accepted
	names    []string // of issuers, in the order of configuration
	prefixes []string
	cache    *tokenCache
	revoked  *Revocations
	now      func() time.Time
	logKey   []byte
}

// accepted is a provider in use.
type accepted struct {
	Provider
	keys *keySource
}

// NewVerifier checks the providers, all faults at once, and does no I/O: keys
// are fetched when the first token or Ready asks for them.
func NewVerifier(providers []Provider, opts Options) (*Verifier, error) {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.Logger == nil {
		opts.Logger = slog.Default()
	}
	if err := checkProviders(providers, opts); err != nil {
		return nil, err
	}
	v := &Verifier{
		byIssuer: map[string]*accepted{},
		cache:    newTokenCache(cacheEntries, cacheBytes),
		revoked:  opts.Revocations,
		now:      opts.Now,
		logKey:   opts.LogKey,
	}
	if v.logKey == nil {
		v.logKey = make([]byte, 32)
		rand.Read(v.logKey) // never fails (crypto/rand)
	}
	if v.revoked == nil {
		v.revoked = &Revocations{}
	}
	client := httpClient(opts.HTTPClient)
	for _, p := range providers {
		p = p.Complete()
		f, every := p.fetcher(client, opts)
		v.byIssuer[p.Issuer] = &accepted{p, newKeySource(p.Name, f, every, opts.Now, opts.Logger)}
		v.names = append(v.names, p.Issuer)
		if p.SubjectPrefix != "" {
			v.prefixes = append(v.prefixes, p.SubjectPrefix)
		}
	}
	return v, nil
}

// Verify judges a bearer token, given without its scheme. The error is a
// *Rejection, or wraps ErrUnavailable or what Revocations.Current returned; a
// caller with either is not anonymous.
func (v *Verifier) Verify(ctx context.Context, bearer string) (*Identity, error) {
	if current := v.revoked.Current; current != nil {
		if err := current(ctx); err != nil {
			return nil, fmt.Errorf("verify token: %w", err)
		}
	}
	sum := sumOf(bearer)
	if hit, ok := v.cache.get(sum); ok {
		set, err := hit.provider.keys.current(ctx)
		if err != nil {
			return nil, fmt.Errorf("verify token: %w", err)
		}
		if set == hit.set {
			return v.admit(hit)
		}
		v.cache.drop(sum) // the issuer changed its keys: from the beginning
	}
	t, r := parseToken(bearer)
	if r == nil {
		var fresh *verified
		var err error
		if fresh, r, err = v.verify(ctx, t); err != nil {
			return nil, fmt.Errorf("verify token: %w", err)
		}
		if r == nil {
			fresh.size = 8*len(bearer) + 512 // decoded claims take several times their text
			v.cache.put(sum, fresh)
			return v.admit(fresh)
		}
	}
	r.KeyID, r.Algorithm = clip(t.keyID), clip(t.algorithm)
	return nil, v.describe(r, t.issuer, t.subject)
}

// admit judges what time and others may change of a token that passed before.
func (v *Verifier) admit(t *verified) (*Identity, error) {
	now := v.now()
	r := t.lifetime.check(now)
	if r == nil {
		r = v.revoked.check(t.marks, &t.provider.Provider, t.lifetime.issued, now)
	}
	if r != nil {
		return nil, v.describe(r, t.identity.Issuer, t.identity.Subject)
	}
	return t.identity, nil
}

// verify needs provider and keys. The error means that they are not there.
func (v *Verifier) verify(ctx context.Context, t *token) (*verified, *Rejection, error) {
	p, r := v.provider(t)
	if r != nil {
		return nil, r, nil
	}
	if !slices.Contains(p.Algorithms, t.algorithm) {
		return nil, reject(CodeAlgorithm, "the alg of the token is not accepted, expected "+strings.Join(p.Algorithms, ", ")), nil
	}
	set, err := p.keys.current(ctx)
	if err != nil {
		return nil, nil, err
	}
	keys, unknown := set.find(t)
	if unknown {
		if set, err = p.keys.search(ctx, t.keyID); err != nil {
			return nil, nil, err
		}
		keys, _ = set.find(t)
	}
	if len(keys) == 0 {
		return nil, reject(CodeKey, "the issuer publishes no key for the kid and alg of the token"), nil
	}
	if err := checkSignature(t, keys); err != nil {
		return nil, reject(CodeSignature, "the signature does not match"), nil
	}
	life, r := checkClaims(t.claims, &p.Provider)
	if r == nil {
		r = life.check(v.now())
	}
	if r == nil && p.SubjectPrefix == "" {
		r = v.checkBare(t.subject)
	}
	if r != nil {
		return nil, r, nil
	}
	return &verified{identity: p.identity(t, life), provider: p, set: set, lifetime: life, marks: marksOf(t)}, nil, nil
}

// provider picks by iss, before any key is looked up.
func (v *Verifier) provider(t *token) (*accepted, *Rejection) {
	if p, ok := v.byIssuer[t.issuer]; ok {
		return p, nil
	}
	if t.issuer == "" {
		return nil, reject(CodeIssuer, "the token has no issuer (iss)")
	}
	for issuer := range v.byIssuer {
		if strings.TrimSuffix(issuer, "/") == strings.TrimSuffix(t.issuer, "/") {
			return nil, reject(CodeIssuer, "the issuer of the token and the configured one differ in the trailing slash")
		}
	}
	return nil, reject(CodeIssuer, "the issuer of the token is not among the access providers")
}

// checkBare keeps the provider with bare subjects from speaking for another
// one's people.
func (v *Verifier) checkBare(sub string) *Rejection {
	for _, prefix := range v.prefixes {
		if strings.HasPrefix(sub, prefix) {
			return reject(CodeSubject, "the subject begins with the prefix of another access provider")
		}
	}
	return nil
}

func (p *accepted) identity(t *token, life lifetime) *Identity {
	prefix := p.SubjectPrefix
	if leak.On(leak.OneSubject) {
		prefix = ""
	}
	id := &Identity{
		Provider: p.Name,
		Issuer:   t.issuer,
		Subject:  t.subject,
		ID:       prefix + t.subject,
		Claims:   t.claims,
		Vouches:  p.Vouches,
		Expires:  life.expires,
	}
	id.derived = &derived{of: id}
	return id
}

// KeysError says that a provider has no keys to verify with.
type KeysError struct {
	Provider string
	Err      error
}

func (e *KeysError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *KeysError) Unwrap() error { return e.Err }

// Ready returns nil when every provider has keys to verify with, fetching
// them if they are due; else, joined, a *KeysError for each that has none. It
// takes no longer than ctx.
func (v *Verifier) Ready(ctx context.Context) error {
	faults := make([]error, len(v.names))
	var all sync.WaitGroup
	for i, issuer := range v.names {
		p := v.byIssuer[issuer]
		all.Go(func() {
			if err := p.keys.ready(ctx); err != nil {
				faults[i] = &KeysError{p.Name, err}
			}
		})
	}
	all.Wait()
	return errors.Join(faults...)
}

// describe adds what the log may know of the caller.
func (v *Verifier) describe(r *Rejection, issuer, subject string) *Rejection {
	r.Issuer = clip(issuer)
	if subject != "" {
		r.Subject = Pseudonym(v.logKey, issuer, subject)
	}
	return r
}

// clip bounds what an unverified token can put into a log.
func clip(s string) string {
	if len(s) > maxKeyID {
		return strings.ToValidUTF8(s[:maxKeyID], "") + "..."
	}
	return s
}
