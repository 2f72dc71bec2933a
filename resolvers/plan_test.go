package resolvers

import (
	"bytes"
	"context"
	"testing"

	"flora.dev/flora/auth"
	"flora.dev/flora/graph"
	"flora.dev/flora/schema"
	"flora.dev/flora/store"
)

const plannedSchema = `
type Product @auth(all: "doc.owner == CurrentIdentity()") @index(fields: ["owner", "createdAt"]) {
  name: String!
  owner: String!
  createdAt: Time!
  category: Category!
  reviews: [Review!] @relation
}
type Category @auth(read: "signedIn") { name: String! }
type Review @auth(read: "signedIn") @index(fields: ["product", "stars"]) { stars: Int! body: String! product: Product! }
`

// BenchmarkPlan is what comes before the store is asked, which here has nothing:
// planning a query for its caller, and all that the Executor does with one that
// it knows.
func BenchmarkPlan(b *testing.B) {
	model, err := schema.Load("schema.graphql", []byte(plannedSchema))
	if err != nil {
		b.Fatal(err)
	}
	for _, tt := range []struct {
		name    string
		request graph.Request
		empty   string // what the store answers
		want    string
	}{
		{"Q1", graph.Request{Query: `query Q1($id: ID!) { findProductByID(id: $id) { _id name owner createdAt } }`, Variables: []byte(`{"id":"p1"}`)},
			"null", `{"data":{"findProductByID":null}}`},
		{"Q3", graph.Request{Query: `query Q3 { products(first: 20, orderBy: [{ createdAt: DESC }]) { nodes { _id name category { _id name } ` +
			`reviews(first: 3, orderBy: [{ stars: DESC }]) { nodes { _id stars body } } } } }`},
			"[[]]", `{"data":{"products":{"nodes":[]}}}`},
	} {
		resolver, err := New(emptyStore{text: tt.empty}, bytes.Repeat([]byte{1}, 32), Options{})
		if err != nil {
			b.Fatal(err)
		}
		ctx := auth.With(b.Context(), &auth.Identity{ID: "ada", Issuer: "i", Subject: "ada", Claims: map[string]any{"sub": "ada"}})
		version := &graph.Version{Number: 1, Schema: model}
		kept := &keepOperation{Resolver: resolver}
		e := graph.NewExecutor(graph.Options{Resolver: kept})
		e.Publish(version)
		if got := e.Do(ctx, tt.request); string(got.Body) != tt.want {
			b.Fatalf("%s: %s", tt.name, got.Body)
		}
		b.Run(tt.name+"/plan", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := resolver.Query(ctx, version, kept.op); err != nil {
					b.Fatal(err)
				}
			}
		})
		e = graph.NewExecutor(graph.Options{Resolver: resolver})
		e.Publish(version)
		b.Run(tt.name+"/request", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if got := e.Do(ctx, tt.request); string(got.Body) != tt.want {
					b.Fatalf("%s", got.Body)
				}
			}
		})
	}
}

// keepOperation keeps the query that it was asked.
type keepOperation struct {
	graph.Resolver
	op *graph.Operation
}

func (k *keepOperation) Query(ctx context.Context, v *graph.Version, op *graph.Operation) (*graph.Answer, error) {
	k.op = op
	return k.Resolver.Query(ctx, v, op)
}

// emptyStore answers each root field with the same text.
type emptyStore struct {
	store.Store
	text string
}

func (s emptyStore) Read(_ context.Context, q *store.Query) (*store.Rows, error) {
	rows := &store.Rows{Version: 1}
	for range q.Roots {
		rows.Roots = append(rows.Roots, s.text)
	}
	return rows, nil
}
