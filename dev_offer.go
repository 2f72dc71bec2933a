package main

import (
	"context"
	"encoding/json"
	"slices"

	"flora.dev/flora/auth"
	"flora.dev/flora/rules"
	"flora.dev/flora/schema"
	"flora.dev/flora/store"
)

// offered bounds the people whom the development login page names.
const offered = 12

// offer is what the development login page has to choose from: the people in
// the store, and the roles that the schema knows. A store that does not answer
// offers nobody: a name can still be typed.
func offer(ctx context.Context, db store.Store, model *schema.Schema) auth.Offer {
	o := auth.Offer{Roles: model.RoleNames}
	var q store.Query
	for i, c := range model.Me {
		if c.Identity.Kind == rules.String || c.Identity.Kind == rules.ID {
			v := rules.Var(i + 1)
			q.Roots = append(q.Roots, store.Select{From: c.Object, Var: v, Where: rules.True, After: rules.True, List: true, Limit: offered,
				Columns: []store.Column{{Value: rules.Col{Var: v, Field: c.Identity}}}})
		}
	}
	if len(q.Roots) == 0 {
		return o
	}
	rows, err := db.Read(ctx, &q)
	if err != nil {
		return o
	}
	for _, text := range rows.Roots {
		var page [][][]*string
		if json.Unmarshal([]byte(text), &page) != nil || len(page) != 1 {
			continue
		}
		for _, node := range page[0] {
			if len(node) == 1 && node[0] != nil && len(o.Subjects) < offered && !slices.Contains(o.Subjects, *node[0]) {
				o.Subjects = append(o.Subjects, *node[0])
			}
		}
	}
	return o
}
