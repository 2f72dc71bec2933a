package resolvers

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"flora.dev/flora/auth"
	"flora.dev/flora/graph"
	"flora.dev/flora/store"
)

// TestRevocationLimit fills the list: no instance keeps more, and what is there
// can still be changed and taken back.
func TestRevocationLimit(t *testing.T) {
	const issuer = "https://i.example.com/"
	now := time.Unix(1_800_000_000, 0)
	notes := map[string]string{}
	for i := range maxRevocations {
		one := auth.Revocation{Issuer: issuer, Subject: fmt.Sprint("s", i)}
		notes[one.NoteName()] = one.NoteValue()
	}
	allow := func(context.Context) error { return nil }
	root := &AdminResolver{CanUseProviders: allow, Revoked: &auth.Revocations{}, Providers: []auth.Provider{{Name: "main", Issuer: issuer}},
		Data: &Resolvers{opts: Options{Log: slog.New(slog.DiscardHandler), Now: func() time.Time { return now }}}}
	root.Revoked.Apply(notes, true, now)
	root.Share = func(_ context.Context, _ *store.Entry, decide func() ([]store.Note, error)) error {
		list, err := decide()
		for _, n := range list {
			root.Revoked.Apply(map[string]string{n.Name: n.Value}, false, now)
		}
		return err
	}
	control := graph.NewControl(root, graph.Options{})
	ctx := auth.With(t.Context(), &auth.Identity{Issuer: issuer, Subject: "olga"})
	for _, step := range []struct{ mutation, want string }{
		{`revokeSubject(provider: "main", subject: "new") { issuer }`, graph.LimitExceeded},
		{`revokeToken(provider: "main", jti: "new") { issuer }`, graph.LimitExceeded},
		{`revokeTokens(provider: "main") { issuer }`, graph.LimitExceeded},
		{`revokeSubject(provider: "main", subject: "s7", until: "2100-01-01T00:00:00Z") { until }`, `"2100-01-01T00:00:00Z"`},
		{`restoreSubject(provider: "main", subject: "s7")`, `true`},
		{`revokeSubject(provider: "main", subject: "new") { issuer }`, issuer},
		{`revokeToken(provider: "main", jti: "new") { issuer }`, graph.LimitExceeded},
	} {
		got := control.Do(ctx, graph.Request{Query: "mutation { r: " + step.mutation + " }"})
		if !strings.Contains(string(got.Body), step.want) {
			t.Errorf("%s: %s lacks %s", step.mutation, got.Body, step.want)
		}
	}
}
