package main

import (
	"fmt"
	"math/rand/v2"

	"flora.dev/flora/bench/workload"
)

// pocketBase is an operation as PocketBase's records API takes it
// (https://pocketbase.io/docs/api-records/). Its tokens come without a scheme.
func pocketBase(address, operation string, owner, product int, r *rand.Rand, token string) []byte {
	const records = "/api/collections/product/records"
	const newest = records + "?perPage=20&skipTotal=true&sort=-created_at"
	switch operation {
	case "Q1":
		return wire("GET", address, records+"/"+workload.ProductID(product), token, nil)
	case "Q2":
		return wire("GET", address, newest, token, nil)
	case "Q3":
		const category, review = "expand.category_id.", "expand.review_via_product_id."
		return wire("GET", address, newest+"&expand=category_id,review_via_product_id&fields=id,name,price,"+category+"id,"+category+"name,"+
			review+"id,"+review+"author,"+review+"stars,"+review+"body", token, nil)
	case "M1":
		body := fmt.Sprintf(`{"name":"new product here","price":%s,"category_id":%q,"owner":%q}`, workload.Price(r), workload.CategoryID(r.IntN(workload.Categories)), workload.OwnerID(owner))
		return wire("POST", address, records, token, []byte(body))
	default:
		return wire("PATCH", address, records+"/"+workload.ProductID(product), token, []byte(`{"price":`+workload.Price(r)+`}`))
	}
}
