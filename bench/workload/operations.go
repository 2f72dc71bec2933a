package workload

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
)

// Operation is something that peers are asked, as Flora takes it.
type Operation struct {
	Name, Title string
	Document
}

// Document is an operation in GraphQL, and the JSON of its variables, in which
// $ID, $PRICE, $CAT and $OWNER stand for what changes with the request.
type Document struct{ Query, Variables string }

// Operations returns the operations.
func Operations() []Operation {
	const product = "{ _id name price sku owner createdAt }"
	const newest = "products(first: 20, orderBy: [{ createdAt: DESC }])"
	return []Operation{
		{"Q1", "one own product by id", Document{
			"query Q1($id: ID!) { findProductByID(id: $id) " + product + " }", `{"id":"$ID"}`}},
		{"Q2", "20 own products by date", Document{
			"query Q2 { " + newest + " { nodes " + product + " } }", `{}`}},
		{"Q3", "the same with category and three reviews each", Document{
			"query Q3 { " + newest + " { nodes { _id name price category { _id name } " +
				"reviews(first: 3, orderBy: [{ stars: DESC }]) { nodes { _id author stars body } } } } }", `{}`}},
		{"M1", "create a product", Document{
			"mutation M1($name: String!, $price: Float!, $sku: String!, $category: ID!) { " +
				"createProduct(data: { name: $name, price: $price, sku: $sku, category: { connect: $category } }) " + product + " }",
			`{"name":"new product here","price":$PRICE,"sku":"sku000000000000","category":"$CAT"}`}},
		{"M2", "change the price of an own product", Document{
			"mutation M2($id: ID!, $price: Float!) { partialUpdateProduct(id: $id, data: { price: $price }) { _id price } }",
			`{"id":"$ID","price":$PRICE}`}},
	}
}

// Body returns the JSON of a request of an owner about a product.
func (d Document) Body(operation string, owner, product int, r *rand.Rand) []byte {
	query, _ := json.Marshal(d.Query) // a string
	variables := strings.NewReplacer(
		"$ID", ProductID(product), "$PRICE", Price(r), "$CAT", CategoryID(r.IntN(Categories)), "$OWNER", OwnerID(owner),
	).Replace(d.Variables)
	return []byte(`{"query":` + string(query) + `,"operationName":"` + operation + `","variables":` + variables + `}`)
}

// Price returns a price of three digits, a point and two digits, the last not 0:
// the shortest text of its number, and as long as any other.
func Price(r *rand.Rand) string {
	return fmt.Sprintf("%d.%d%d", 100+r.IntN(900), r.IntN(10), 1+r.IntN(9))
}

// Reprice changes the price in a request that is sent once more, if it has one.
// A row that is written as it stands costs SQLite no write.
func Reprice(request []byte) {
	const name = `"price":`
	at := bytes.LastIndex(request, []byte(name)) + len(name)
	if at < len(name) || at == len(request) {
		return
	}
	if digit := &request[at]; *digit == '9' {
		*digit = '1'
	} else {
		*digit++
	}
}
