// Package workload makes what every peer is asked about: shops with products,
// their categories and reviews, the tokens of their owners, and the operations.
// A seed makes it the same on every machine, apart from the keys of the tokens.
package workload

import (
	"fmt"
	"iter"
	"math/rand/v2"
	"strings"
	"time"
)

// How much there is.
const (
	Owners     = 1000
	PerOwner   = 100
	Categories = 50
	Reviews    = 3 // of each product
	Page       = 20
)

// Category is a category of products.
type Category struct{ ID, Name string }

// Product is what an owner sells, with its reviews.
type Product struct {
	Number                         int
	ID, Name, SKU, Owner, Category string
	Price                          float64
	CreatedAt                      time.Time
	Reviews                        [Reviews]Review
}

// Review is what an owner thinks of somebody's product.
type Review struct {
	ID, Author, Body string
	Stars            int
}

// Names of documents, by number.
func OwnerID(n int) string    { return fmt.Sprintf("own%012d", n) }
func ProductID(n int) string  { return fmt.Sprintf("prd%012d", n) }
func CategoryID(n int) string { return fmt.Sprintf("cat%012d", n) }

// ProductOf is the number of an owner's k-th product. Those of one owner lie
// apart, as they do where many people write at the same time.
func ProductOf(owner, k int) int { return k*Owners + owner }

var words = strings.Fields(`anchor basket candle drawer easel funnel gasket hammer inkwell jacket kettle
	lantern mirror needle oven pillow quiver ribbon saddle teapot urn vase whistle yoke zither`)

func phrase(r *rand.Rand, n int) string {
	picked := make([]string, n)
	for i := range picked {
		picked[i] = words[r.IntN(len(words))]
	}
	return strings.Join(picked, " ")
}

// AllCategories returns the categories.
func AllCategories() []Category {
	r := rand.New(rand.NewPCG(1, 1))
	list := make([]Category, Categories)
	for n := range list {
		list[n] = Category{CategoryID(n), phrase(r, 2)}
	}
	return list
}

// AllProducts returns the products in the order in which they were stored.
func AllProducts() iter.Seq[*Product] {
	return func(yield func(*Product) bool) {
		r := rand.New(rand.NewPCG(1, 2))
		start := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)
		for n := range Owners * PerOwner {
			p := Product{
				Number: n, ID: ProductID(n), Name: phrase(r, 3), SKU: fmt.Sprintf("sku%012d", r.Int64N(1e12)), Owner: OwnerID(n % Owners), Category: CategoryID(r.IntN(Categories)),
				Price: float64(1+r.IntN(100_000)) / 100, CreatedAt: start.Add(time.Duration(r.IntN(365*24*3600)) * time.Second),
			}
			for i := range p.Reviews {
				p.Reviews[i] = Review{fmt.Sprintf("rev%012d", n*Reviews+i), OwnerID(r.IntN(Owners)), phrase(r, 8), 1 + r.IntN(5)}
			}
			if !yield(&p) {
				return
			}
		}
	}
}
