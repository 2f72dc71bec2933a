package workload

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// Expected are the answers of the documents for an owner whose products are as
// they were made: the data of each, as encoding/json decodes it.
type Expected struct {
	One    any // Q1 for the newest product
	Newest int // its number
	List   any // Q2
	Nested any // Q3
}

// Expect works out the answers for owners.
func Expect(owners ...int) map[int]Expected {
	products := map[string][]*Product{}
	for _, o := range owners {
		products[OwnerID(o)] = nil
	}
	for p := range AllProducts() {
		if list, ok := products[p.Owner]; ok {
			products[p.Owner] = append(list, p)
		}
	}
	names := map[string]string{}
	for _, c := range AllCategories() {
		names[c.ID] = c.Name
	}
	expected := map[int]Expected{}
	for _, o := range owners {
		list := products[OwnerID(o)]
		slices.SortFunc(list, func(a, b *Product) int {
			return cmp.Or(b.CreatedAt.Compare(a.CreatedAt), strings.Compare(a.ID, b.ID))
		})
		var flat, nested []any
		for _, p := range list[:Page] {
			flat = append(flat, p.object())
			nested = append(nested, p.nested(names))
		}
		expected[o] = Expected{
			One: object{"findProductByID": flat[0]}, Newest: list[0].Number,
			List: object{"products": object{"nodes": flat}}, Nested: object{"products": object{"nodes": nested}},
		}
	}
	return expected
}

type object = map[string]any

func (p *Product) object() any {
	return object{"_id": p.ID, "name": p.Name, "price": p.Price, "sku": p.SKU, "owner": p.Owner, "createdAt": p.CreatedAt.Format(time.RFC3339)}
}

func (p *Product) nested(categories map[string]string) any {
	reviews := slices.SortedFunc(slices.Values(p.Reviews[:]), func(a, b Review) int {
		return cmp.Or(cmp.Compare(b.Stars, a.Stars), strings.Compare(a.ID, b.ID))
	})
	var nodes []any
	for _, r := range reviews {
		nodes = append(nodes, object{"_id": r.ID, "author": r.Author, "stars": float64(r.Stars), "body": r.Body})
	}
	return object{
		"_id": p.ID, "name": p.Name, "price": p.Price, "category": object{"_id": p.Category, "name": categories[p.Category]}, "reviews": object{"nodes": nodes},
	}
}
