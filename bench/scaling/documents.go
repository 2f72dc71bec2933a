package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"

	"flora.dev/flora/bench/workload"
)

// shop is the store of the load comparison at another size.
type shop struct{ owners, products int }

// shopOf is a shop with so many documents: three in four are reviews, and an
// owner has a hundred products or more.
func shopOf(documents int) shop {
	products := documents / (1 + workload.Reviews)
	return shop{min(workload.Owners, max(1, products/workload.PerOwner)), products}
}

// product is the number of one of an owner's products.
func (s shop) product(owner int, r *rand.Rand) int {
	return owner + s.owners*r.IntN((s.products-owner-1)/s.owners+1)
}

func (s shop) documents(add func(string, object)) {
	for _, c := range workload.AllCategories() {
		add("Category", object{"_id": c.ID, "name": c.Name})
	}
	r := rand.New(rand.NewPCG(2, 1))
	for n := range s.products {
		id := workload.ProductID(n)
		add("Product", object{
			"_id": id, "name": fmt.Sprintf("product number %d", n), "sku": fmt.Sprintf("sku%012d", n), "price": float64(1+r.IntN(100_000)) / 100,
			"owner": workload.OwnerID(n % s.owners), "createdAt": day(n), "category": workload.CategoryID(n % workload.Categories),
		})
		for i := range workload.Reviews {
			add("Review", object{
				"_id": fmt.Sprintf("rev%012d", n*workload.Reviews+i), "author": workload.OwnerID(r.IntN(s.owners)), "stars": 1 + r.IntN(5),
				"body": "as it was told, so it came", "product": id,
			})
		}
	}
}

// ask is the body of one of the operations of the load comparison.
func (s shop) ask(operation string) func(int, *rand.Rand) []byte {
	operations := workload.Operations()
	i := slices.IndexFunc(operations, func(o workload.Operation) bool { return o.Name == operation })
	document := operations[i].Document
	return func(owner int, r *rand.Rand) []byte {
		return document.Body(operation, owner, s.product(owner, r), r)
	}
}

// shopSchema is the schema of the load comparison.
func shopSchema() (string, error) {
	text, err := os.ReadFile("schema.graphql")
	if err != nil {
		return "", fmt.Errorf("%w (run in bench/)", err)
	}
	return string(text), nil
}

// fixed is a body that is the same whoever asks.
func fixed(query string) func(int, *rand.Rand) []byte {
	body := fmt.Appendf(nil, `{"query":%q}`, query)
	return func(int, *rand.Rand) []byte { return body }
}

// documents asks stores of 10^3 to 10^6 documents the same.
func documents(r *run) error {
	sdl, err := shopSchema()
	if err != nil {
		return err
	}
	var points []point
	for _, n := range pick(r, []int{1e3, 1e4}, []int{1e3, 1e4, 1e5, 1e6}) {
		shop := shopOf(n)
		store, err := r.sqlite(fmt.Sprintf("documents-%d", n), sdl, shop.documents)
		if err != nil {
			return err
		}
		s, err := r.serve(fmt.Sprintf("documents-%d", n), store)
		if err != nil {
			return err
		}
		defer s.stop()
		for _, ask := range []struct {
			name string
			body func(int, *rand.Rand) []byte
		}{
			{"one by id", shop.ask("Q1")},
			{"own list of 20", shop.ask("Q2")},
			{"nested, 100 documents", shop.ask("Q3")},
			{"count of what all may see", fixed("{ reviews(first: 1) { totalCount } }")},
		} {
			p := s.at(shop.owners)
			p.series, p.x, p.body = ask.name, float64(n), ask.body
			points = append(points, p)
		}
	}
	return r.measure(points)
}
