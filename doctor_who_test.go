package main

import (
	"testing"
	"time"

	"flora.dev/flora/auth"
	"flora.dev/flora/graph"
	"flora.dev/flora/resolvers"
	"flora.dev/flora/schema"
	"flora.dev/flora/store"
	"github.com/google/go-cmp/cmp"
)

// TestWho asks both engines what a caller is: roles of the provider and of the
// schema, and the document that is the caller's own, whatever its rules hide.
func TestWho(t *testing.T) {
	model, err := schema.Load("s", []byte(`
extend schema @role(name: "staff", when: "CurrentToken().desk == 'd'") @role(name: "chief", when: "CurrentUser('User').chief")
type User @auth(read: "false") @auth(role: "staff", read: "true") @auth(role: "chief", read: "true") {
  sub: String! @unique @identity @auth(create: "false", update: "false")
  chief: Boolean! @auth(create: "false", update: "false")
}
type Seat @auth(read: "false") {
  mail: String! @unique @identity(claim: "email") @auth(create: "false", update: "false")
}`))
	if err != nil {
		t.Fatal(err)
	}
	for name, open := range map[string]func(*testing.T) store.Store{"sqlite": openMemory, "spanner": openEmulated} {
		t.Run(name, func(t *testing.T) {
			db := open(t)
			p, err := plan(t.Context(), db, model, false)
			if err != nil {
				t.Fatal(err)
			}
			d, err := p.apply(t.Context(), db)
			if err != nil {
				t.Fatal(err)
			}
			s, err := parseSeed("seed", []byte("User: [{ _id: u1, sub: t|ada, chief: true }]\n"), model)
			if err != nil {
				t.Fatal(err)
			}
			if err := s.plant(t.Context(), db, d.Version, time.Now()); err != nil {
				t.Fatal(err)
			}
			r, err := resolvers.New(db, d.Secret, resolvers.Options{Grants: map[string][]resolvers.Grant{"p": {{Role: "customer"}}, "q": {{Role: "other"}}}})
			if err != nil {
				t.Fatal(err)
			}
			v := &graph.Version{Number: d.Version, Schema: model}
			for _, tt := range []struct {
				id   auth.Identity
				want resolvers.Who
			}{
				{auth.Identity{Provider: "p", ID: "t|ada", Claims: map[string]any{"desk": "d", "email": "ada@example.com", "email_verified": true}}, resolvers.Who{
					Roles: []string{"customer", "staff"}, Open: []string{"chief"},
					Users: []resolvers.User{{Collection: "User", Claim: "sub", Link: "t|ada", ID: "u1"}, {Collection: "Seat", Claim: "email"}}}},
				{auth.Identity{Provider: "q", ID: "ada", Claims: map[string]any{"email": "ada@example.com", "email_verified": true}, Vouches: []string{"email"}}, resolvers.Who{
					Roles: []string{"other"}, Open: []string{"chief"},
					Users: []resolvers.User{{Collection: "User", Claim: "sub", Link: "ada"}, {Collection: "Seat", Claim: "email", Link: "ada@example.com"}}}},
			} {
				got, err := r.Who(t.Context(), v, &tt.id)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(&tt.want, got); diff != "" {
					t.Errorf("%s: %s", tt.id.ID, diff)
				}
			}
		})
	}
}
