package resolvers

import (
	"context"
	"encoding/json"
	"fmt"

	"flora.dev/flora/auth"
	"flora.dev/flora/graph"
	"flora.dev/flora/rules"
	"flora.dev/flora/store"
)

// Who is what the server makes of a caller.
type Who struct {
	Roles []string // that the caller holds
	Open  []string // roles of the schema whose conditions read the caller's documents
	Users []User   // for each collection with an @identity field
}

// User is what CurrentUser() is in rules that speak of a collection.
type User struct {
	Collection string
	Claim      string // that names the document
	Link       string // what the claim says, "" where the token has none that counts
	ID         string // of the document, "" where there is none
}

// Who tells what a caller is in the version v, with system rights: it is for who runs the
// server. Without a version it tells the roles that the providers give.
//
// Errors: those of a query.
func (r *Resolvers) Who(ctx context.Context, v *graph.Version, id *auth.Identity) (*Who, error) {
	c := r.caller(id)
	who := &Who{}
	given := map[string]bool{}
	for _, g := range r.opts.Grants[id.Provider] {
		if !given[g.Role] && c.Holds(g.Role) {
			who.Roles = append(who.Roles, g.Role)
			given[g.Role] = true
		}
	}
	if v == nil {
		return who, nil
	}
	for _, role := range v.Schema.Roles {
		if given[role.Name] {
			continue
		}
		given[role.Name] = true
		switch rules.T(c.Fold(v.Schema.Held[role.Name], rules.Binding{Fresh: rules.Counter(rules.New + 1)})) {
		case rules.True:
			who.Roles = append(who.Roles, role.Name)
		case rules.False:
		default:
			who.Open = append(who.Open, role.Name)
		}
	}
	fresh := rules.Counter(rules.New + 1)
	for _, collection := range v.Schema.Me {
		u := User{Collection: collection.Name, Claim: collection.IdentityClaim}
		link, ok := c.Link(collection.Object)
		if ok {
			u.Link = fmt.Sprint(link.V)
			doc := fresh()
			rows, err := r.store.Read(ctx, &store.Query{Roots: []store.Select{{
				From: collection.Object, Var: doc, One: true,
				Where:   rules.T(rules.Cmp{Op: rules.Eq, L: rules.Col{Var: doc, Field: collection.Identity}, R: rules.Val{Value: link}}),
				Columns: []store.Column{{Value: rules.Col{Var: doc, Field: collection.Key}}},
			}}})
			if err != nil {
				return nil, fmt.Errorf("read %s: %w", collection.Name, err)
			}
			if rows.Version != v.Number {
				return nil, graph.ErrStale
			}
			var node []string
			if err := json.Unmarshal([]byte(rows.Roots[0]), &node); err != nil {
				return nil, fmt.Errorf("read %s: %w", collection.Name, err)
			}
			if len(node) == 1 {
				u.ID = node[0]
			}
		}
		who.Users = append(who.Users, u)
	}
	return who, nil
}
