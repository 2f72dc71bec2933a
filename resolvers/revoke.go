package resolvers

import (
	"context"
	"strconv"
	"strings"
	"time"

	"flora.dev/flora/auth"
	"flora.dev/flora/graph"
	"flora.dev/flora/store"
)

// What the control API does with tokens that count no more.

const (
	maxRevocations = 100_000 // every instance keeps all of them in memory
	revocationPage = 1000
	tokenRevoked   = 30 * 24 * time.Hour // few providers give tokens that live longer
	clockSkew      = 30 * time.Second    // how far ahead an issuer's clock may be
)

// provider finds an access provider by its name.
func (r *AdminResolver) provider(name string) (*auth.Provider, error) {
	var names []string
	for i := range r.Providers {
		if r.Providers[i].Name == name {
			return &r.Providers[i], nil
		}
		names = append(names, r.Providers[i].Name)
	}
	return nil, graph.Errorf(graph.BadUserInput, "provider: there is no such access provider, there are %s", strings.Join(names, ", "))
}

// timeOf reads an argument, or takes the other time where there is none.
func timeOf(name string, text *string, otherwise time.Time) (time.Time, error) {
	if text == nil {
		return otherwise, nil
	}
	t, err := time.Parse(time.RFC3339, *text)
	if err != nil || t.Year() < 1970 {
		return t, graph.Errorf(graph.BadUserInput, "%s: must be a time such as 2026-01-31T12:00:00Z", name)
	}
	return t.UTC(), nil
}

func (r *AdminResolver) revokeTokens(ctx context.Context, provider string, notBefore *string) (*graph.Revocation, error) {
	now := r.Data.opts.Now().UTC()
	at, err := timeOf("notBefore", notBefore, now)
	if err != nil {
		return nil, err
	}
	if at.After(now.Add(clockSkew)) {
		return nil, graph.Errorf(graph.BadUserInput, "notBefore: is in the future, so nobody could log in until then")
	}
	return r.revoke(ctx, provider, auth.Revocation{NotBefore: at})
}

func (r *AdminResolver) revokeNamed(ctx context.Context, provider string, one auth.Revocation, until *string, otherwise time.Time) (*graph.Revocation, error) {
	err := named(one)
	if err != nil {
		return nil, err
	}
	if one.Until, err = timeOf("until", until, otherwise); err != nil {
		return nil, err
	}
	if !one.Until.IsZero() && !one.Until.After(r.Data.opts.Now()) {
		return nil, graph.Errorf(graph.BadUserInput, "until: is over")
	}
	return r.revoke(ctx, provider, one)
}

// revoke withdraws tokens of a provider.
func (r *AdminResolver) revoke(ctx context.Context, provider string, one auth.Revocation) (*graph.Revocation, error) {
	p, err := r.provider(provider)
	if err != nil {
		return nil, err
	}
	one.Issuer = p.Issuer
	err = r.Share(ctx, r.revokes(ctx, "revoke", &one), func() ([]store.Note, error) {
		at, found := r.Revoked.Find(&one)
		switch {
		case found && one.NotBefore.Before(at) && !one.NotBefore.IsZero():
			return nil, graph.Errorf(graph.Conflict, "notBefore: tokens issued before %s are withdrawn already", at.UTC().Format(time.RFC3339Nano))
		case !found && r.Revoked.Len() >= maxRevocations:
			return nil, graph.Errorf(graph.LimitExceeded, "there are %d revocations, no more are kept: revokeTokens withdraws all tokens of a provider at once", maxRevocations)
		}
		note := store.Note{Name: one.NoteName(), Value: one.NoteValue()}
		if !one.Until.IsZero() {
			note.Until = one.Until.UnixMicro()
		}
		return []store.Note{note}, nil
	})
	if err != nil {
		return nil, documentsError(err)
	}
	r.Data.opts.Log.InfoContext(ctx, "tokens revoked", "provider", provider, "by", one.Claim(), "until", one.Until)
	return r.revocation(&one), nil
}

func (r *AdminResolver) restoreNamed(ctx context.Context, provider string, one auth.Revocation) (bool, error) {
	if err := named(one); err != nil {
		return false, err
	}
	return r.restore(ctx, provider, one)
}

// named refuses an empty name: without one a revocation is of all tokens.
func named(one auth.Revocation) error {
	if one.Subject == "" && one.TokenID == "" {
		return graph.Errorf(graph.BadUserInput, "an empty name is in no token")
	}
	return nil
}

// restore takes a revocation back.
func (r *AdminResolver) restore(ctx context.Context, provider string, one auth.Revocation) (found bool, err error) {
	p, err := r.provider(provider)
	if err != nil {
		return false, err
	}
	one.Issuer = p.Issuer
	err = r.Share(ctx, r.revokes(ctx, "restore", &one), func() ([]store.Note, error) {
		_, found = r.Revoked.Find(&one)
		return []store.Note{{Name: one.NoteName()}}, nil
	})
	if err != nil {
		return false, documentsError(err)
	}
	r.Data.opts.Log.InfoContext(ctx, "tokens restored", "provider", provider, "by", one.Claim(), "found", found)
	return found, nil
}

// revokes is what the audit tells of a revocation.
func (r *AdminResolver) revokes(ctx context.Context, verb string, one *auth.Revocation) *store.Entry {
	action := verb + "Tokens"
	switch {
	case one.Subject != "":
		action = verb + "Subject"
	case one.TokenID != "":
		action = verb + "Token"
	}
	return entry(ctx, action, r.revocation(one))
}

// revocations reads a page of those that have not ended.
func (r *AdminResolver) revocations(ctx context.Context, after *string) (*graph.RevocationPage, error) {
	var since int64
	if after != nil {
		var err error
		if since, err = strconv.ParseInt(*after, 10, 64); err != nil || since < 0 {
			return nil, graph.Errorf(graph.BadUserInput, "after: expected what a page ended with")
		}
	}
	notes, err := r.Data.store.Notes(ctx, since)
	if err != nil {
		return nil, documentsError(err)
	}
	page := &graph.RevocationPage{Revocations: []graph.Revocation{}}
	now := r.Data.opts.Now()
	for _, n := range notes.Changed {
		one, err := auth.ParseRevocation(n.Value)
		if !strings.HasPrefix(n.Name, auth.RevocationNotes) || err != nil || !one.Until.IsZero() && !one.Until.After(now) {
			continue
		}
		if len(page.Revocations) == revocationPage {
			page.After = new(strconv.FormatInt(since, 10))
			break
		}
		since = n.Revision
		page.Revocations = append(page.Revocations, *r.revocation(one))
	}
	return page, nil
}

// revocation is how the control API shows one.
func (r *AdminResolver) revocation(one *auth.Revocation) *graph.Revocation {
	text := func(s string) *string {
		if s == "" {
			return nil
		}
		return &s
	}
	at := func(t time.Time) *string {
		if t.IsZero() {
			return nil
		}
		return new(t.UTC().Format(time.RFC3339Nano))
	}
	out := &graph.Revocation{Issuer: one.Issuer, Subject: text(one.Subject), Jti: text(one.TokenID), NotBefore: at(one.NotBefore), Until: at(one.Until)}
	for _, p := range r.Providers {
		if p.Issuer == one.Issuer {
			out.Provider = &p.Name
			if one.Subject != "" {
				out.Identity = new(p.SubjectPrefix + one.Subject)
			}
		}
	}
	return out
}
