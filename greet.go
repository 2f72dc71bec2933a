package main

import (
	"encoding/json"
	"fmt"
	"io"
	"time"

	"flora.dev/flora/auth"
	"flora.dev/flora/schema"
	"flora.dev/flora/store"
)

// example is a ready-made operation of a caller.
type example struct{ title, sub, query string }

// greet prints where the server is and what to try first.
func (c *devCommand) greet(w io.Writer, base string, issuer *auth.DevIssuer, d *store.Deployment, s *schema.Schema) error {
	name := c.Schema
	if name == "" {
		name = "the built-in demo"
	}
	fmt.Fprintf(w, `flora dev: %s, version %d

  playground  %[3]s/
  GraphQL     %[3]s/graphql
  schema      %[3]s/schema.graphql
  issuer      %[3]s/dev/issuer/
  store       %s
`, name, d.Version, base, c.storeName())
	for _, e := range c.examples(s) {
		header := ""
		if e.sub != "" {
			token, err := issuer.Mint(auth.MintRequest{Subject: e.sub, TTL: 12 * time.Hour})
			if err != nil {
				return err
			}
			header = " -H 'Authorization: Bearer " + token + "'"
		}
		body, err := json.Marshal(map[string]string{"query": e.query})
		if err != nil {
			return err
		}
		fmt.Fprintf(w, "\n# %s\ncurl -s %s/graphql -H 'Content-Type: application/json'%s -d '%s'\n", e.title, base, header, body)
	}
	_, err := fmt.Fprintf(w, "\nThe tokens above are good for 12 hours; flora token --sub NAME makes others. Ctrl-C stops.\n")
	return err
}

func (c *devCommand) examples(s *schema.Schema) []example {
	if c.Schema == "" {
		return []example{
			{"Ada sees her products, drafts and costs too", "ada", `{ me { name products { totalCount nodes { name price cost public } } } }`},
			{"Grace sees what is public of them, and no costs", "grace", `{ products(where: {owner: {name: {eq: "Ada Lovelace"}}}) { totalCount nodes { name price cost public } } }`},
			{"Grace may not change Ada's lamp: FORBIDDEN", "grace", `mutation { partialUpdateProduct(id: "lamp", data: {price: 1}) { name price } }`},
		}
	}
	first := s.Collections[0]
	query := fmt.Sprintf(`{ %s(first: 3) { totalCount nodes { _id } } }`, first.Plural)
	return []example{
		{"What alice sees", "alice", query},
		{"What anyone sees", "", query},
	}
}
