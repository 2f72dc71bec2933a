package deploy

import (
	"fmt"
	"slices"
	"testing"
)

// TestQueries: queries come with their fragments, mutations and what is unclear not at all.
func TestQueries(t *testing.T) {
	list := Queries([]File{
		{"a.graphql", "query A { products { nodes { ...F } } } fragment F on Product { _id } mutation M { deleteProduct(id: 1) { _id } }"},
		{"b.ts", "const q = gql`query B { me { ...F ...G } }`\nconst g = gql`fragment G on User { name @client _id }`"},
		{"c.graphql", "fragment F on User { _id }"},
		{"d.graphql", "query {"},
		{"e.graphql", "{ me { _id } }"},
	})
	var got []string
	for _, q := range list {
		got = append(got, fmt.Sprint(q.Title, " ", q.At, " ", len(q.Document.Fragments)))
	}
	if want := []string{"query A a.graphql:1:1 1", "query e.graphql:1:1 0"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
