package deploy

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"flora.dev/flora/schema"
	"github.com/google/go-cmp/cmp"
)

const shopBefore = `
type Product @auth(read: "anyone", reason: "r") { name: String! price: Int tag: Tag! sku: String @unique stock: Int maker: Maker! }
type Maker @auth(read: "anyone", reason: "r") { name: String! products: [Product!] @relation }
enum Tag { NEW OLD }
type Query { best(tag: Tag, least: Int = 1): [Product!] @resolver }`

const shopAfter = `
type Product @auth(read: "anyone", reason: "r") { name: String! tag: Tag! sku: String stock: Int! maker: Maker! label: String @deprecated }
type Maker @auth(read: "signedIn") { name: String! products: [Product!] @relation }
enum Tag { NEW RARE }
type Query { best(tag: Tag, least: Int = 2): [Product!] @resolver }`

// summary has a line for each operation.
func summary(list []OperationBreak) string {
	var out []string
	for _, o := range list {
		line := fmt.Sprintf("%s %s %s", o.At, o.Name, o.Outcome)
		for _, h := range o.Hits {
			line += "\n  hit " + h.Break
			if h.Uses != h.Break {
				line += " by " + h.Uses
			}
			if line += " " + h.At; h.Variable != "" {
				line += " $" + h.Variable
			}
		}
		for _, r := range o.Reasons {
			line += "\n  " + r.At + " " + r.Message
		}
		out = append(out, line)
	}
	return strings.Join(out, "\n")
}

// judged are the operations of a folder.
func judged(dir fs.FS, old, new *schema.Schema) ([]OperationBreak, error) {
	files, err := Files(dir)
	return Operations(files, old, new), err
}

func TestOperations(t *testing.T) {
	old, new := load(t, "old", shopBefore), load(t, "new", shopAfter)
	for _, tt := range []struct{ name, text, want string }{
		{"untouched", "query Names { products { nodes { name } } }", "a.graphql:1:1 query Names untouched"},
		{"removed field", "{\n  products { nodes { name price } }\n}", `a.graphql:1:1 query fails
  hit Product.price a.graphql:2:27
  a.graphql:2:27 Cannot query field "price" on type "Product".`},
		{"removed from a filter", "{ products(where: {price: {gt: 1}}) { nodes { name } } }", `a.graphql:1:1 query fails
  hit Product.price by ProductWhereInput.price a.graphql:1:20
  a.graphql:1:20 Field "price" is not defined by type "ProductWhereInput".`},
		{"perhaps in a variable", "query Q($w: ProductWhereInput) { products(where: $w) { nodes { name } } }", `a.graphql:1:1 query Q affected
  hit Product.price by ProductWhereInput.price a.graphql:1:50 $w
  hit Tag.OLD a.graphql:1:50 $w`},
		{"not in this variable", "query Q($id: ID!) { findProductByID(id: $id) { name } }", "a.graphql:1:1 query Q untouched"},
		{"removed finder", `{ findProductBySku(sku: "a") { name } }`, `a.graphql:1:1 query fails
  hit Query.findProductBySku a.graphql:1:3
  a.graphql:1:3 Cannot query field "findProductBySku" on type "Query". Did you mean "findProductByID"?`},
		{"required in a literal", `mutation { createProduct(data: {name: "a", tag: NEW}) { name } }`, `a.graphql:1:1 mutation fails
  hit ProductInput.stock a.graphql:1:32
  a.graphql:1:32 Field "ProductInput.stock" of required type "Int!" was not provided.`},
		{"given in a literal", `mutation { createProduct(data: {name: "a", tag: NEW, stock: 1}) { name } }`, "a.graphql:1:1 mutation untouched"},
		{"required in a variable", `mutation C($data: ProductInput!) { createProduct(data: $data) { name } }`, `a.graphql:1:1 mutation C affected
  hit Product.price by ProductInput.price a.graphql:1:56 $data
  hit ProductInput.stock a.graphql:1:56 $data
  hit Tag.OLD a.graphql:1:56 $data`},
		{"nullable answer", "{ products { nodes { maker { name } } } }", `a.graphql:1:1 query affected
  hit Product.maker a.graphql:1:22`},
		{"new value in an answer", "{ products { nodes { tag } } }", `a.graphql:1:1 query dangerous
  hit Tag.RARE a.graphql:1:22`},
		{"removed value", "{ best(tag: OLD, least: 3) { name } }", `a.graphql:1:1 query fails
  hit Tag.OLD a.graphql:1:13
  a.graphql:1:13 Value "OLD" does not exist in "Tag" enum.`},
		{"removed value in a variable", "query B($t: Tag) { best(tag: $t, least: 3) { name } }", `a.graphql:1:1 query B affected
  hit Tag.OLD a.graphql:1:30 $t`},
		{"removed value as a default", "query B($t: Tag = OLD) { best(tag: $t, least: 3) { name } }", `a.graphql:1:1 query B fails
  hit Tag.OLD a.graphql:1:19
  a.graphql:1:19 Value "OLD" does not exist in "Tag" enum.`},
		{"another default", "{ best { name } }", `a.graphql:1:1 query dangerous
  hit Query.best(least:) a.graphql:1:3`},
		{"invalid in both", "{ nothing }", `a.graphql:1:1 query invalid
  a.graphql:1:3 Cannot query field "nothing" on type "Query".`},
		{"valid only now", "{ products { nodes { label } } }", "a.graphql:1:1 query untouched"},
		{"not GraphQL", "{ products {", `a.graphql:1:13 document invalid
  a.graphql:1:13 Expected Name, found <EOF>`},
		{"a schema", "type Product { name: String }", `a.graphql:1:1 document skipped
  a.graphql:1:1 it declares types, there are no operations in it`},
		{"directives of a library", "query Q @cached { products @connection(key: \"p\") { nodes { name } } }", "a.graphql:1:1 query Q untouched"},
		{"fields of a library", "{ products { nodes { chosen @client price } } }", `a.graphql:1:1 query fails
  hit Product.price a.graphql:1:37
  a.graphql:1:37 Cannot query field "price" on type "Product".`},
		{"several", "query A { products { totalCount } } query B { makers { nodes { name } } }", "a.graphql:1:1 query A untouched\na.graphql:1:37 query B untouched"},
		{"behind text of two lines", "{ products(where: {name: {eq: \"\"\"é\né\"\"\"}}) { nodes { price } } }", `a.graphql:1:1 query fails
  hit Product.price a.graphql:2:19
  a.graphql:2:19 Cannot query field "price" on type "Product".`},
	} {
		got, err := judged(fstest.MapFS{"a.graphql": {Data: []byte(tt.text)}}, old, new)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(tt.want, summary(got)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

// TestOperationsJSON shows the form that a script reads.
func TestOperationsJSON(t *testing.T) {
	list, err := judged(fstest.MapFS{"a.gql": {Data: []byte("query P($w: ProductWhereInput) { products(where: $w) { nodes { price } } }")}},
		load(t, "old", shopBefore), load(t, "new", shopAfter))
	if err != nil {
		t.Fatal(err)
	}
	list[0].Hits = list[0].Hits[:2]
	got, err := json.Marshal(list)
	if err != nil {
		t.Fatal(err)
	}
	want := `[{"name":"query P","at":"a.gql:1:1","outcome":"fails",` +
		`"reasons":[{"at":"a.gql:1:64","message":"Cannot query field \"price\" on type \"Product\"."}],` +
		`"hits":[{"break":"Product.price","uses":"Product.price","at":"a.gql:1:64"},{"break":"Tag.OLD","uses":"Tag.OLD","at":"a.gql:1:50","variable":"w"}]}]`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Error(diff)
	}
}

// TestOperationsOf has operations on small schemas.
func TestOperationsOf(t *testing.T) {
	for _, tt := range []struct{ name, old, new, text, want string }{
		{"deprecated", "type A { x: Int y: Int }", "type A { x: Int y: Int @deprecated }", "{ as { nodes { y } } }", "dangerous\n  hit A.y a.gql:1:16"},
		{"not what is deprecated", "type A { x: Int y: Int }", "type A { x: Int y: Int @deprecated }", "{ as { nodes { x } } }", "untouched"},
		{"another type, required too", "type A { x: Int y: Int }", "type A { x: Int y: String! }", "mutation { createA(data: {x: 1}) { x } }",
			"fails\n  hit A.y by AInput.y a.gql:1:26\n  a.gql:1:26 Field \"AInput.y\" of required type \"String!\" was not provided."},
		{"a literal that validation does not read", "type A { d: Date }", "type A { d: Time }", `{ as(where: {d: {eq: "2026-01-31"}}) { totalCount } }`,
			"affected\n  hit A.d by AWhereInput.d a.gql:1:14"},
		{"a literal of both types", "type A { x: Int }", "type A { x: Long }", `{ as(where: {x: {eq: 1}}) { totalCount } }`, "untouched"},
		{"a variable of one of them", "type A { x: Int }", "type A { x: Long }", "query ($f: IntFilter) { as(where: {x: $f}) { totalCount } }",
			"fails\n  hit A.x by AWhereInput.x a.gql:1:36\n  a.gql:1:8 Unknown type \"IntFilter\".\n  a.gql:1:39 Variable \"$f\" of type \"IntFilter\" used in position expecting type \"LongFilter\"."},
		{"in an empty store", "", "type A { x: Int }", "{ as { totalCount } }", "untouched"},
		{"not even then", "", "type A { x: Int }", "{ others { totalCount } }", "invalid\n  a.gql:1:3 Cannot query field \"others\" on type \"Query\"."},
	} {
		got, err := judged(fstest.MapFS{"a.gql": {Data: []byte(tt.text)}}, load(t, "old", tt.old), load(t, "new", tt.new))
		if err != nil {
			t.Fatal(err)
		}
		_, after, _ := strings.Cut(summary(got), got[0].Name+" ")
		if diff := cmp.Diff(tt.want, after); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

// TestOperationsFiles reads a folder as clients have it.
func TestOperationsFiles(t *testing.T) {
	dir := fstest.MapFS{
		"queries/list.graphql":           {Data: []byte("query List { products { nodes { ...Card } } }")},
		"queries/card.graphql":           {Data: []byte("fragment Card on Product { name ...Price }")},
		"price.gql":                      {Data: []byte("fragment Price on Product {\n  price\n}")},
		"idle.gql":                       {Data: []byte("fragment Idle on Product { price }")},
		"one/same.gql":                   {Data: []byte("fragment Same on Product { name }")},
		"two/same.gql":                   {Data: []byte("fragment Same on Product { price }")},
		"three/same.gql":                 {Data: []byte("query Same { products { nodes { ...Same } } }")},
		"two/own.gql":                    {Data: []byte("query Own { products { nodes { ...Same } } } fragment Same on Product { name }")},
		"node_modules/x/a.graphql":       {Data: []byte("{ products { nodes { price } } }")},
		".hidden/a.graphql":              {Data: []byte("{ products { nodes { price } } }")},
		"readme.md":                      {Data: []byte("gql`{ products { nodes { price } } }`")},
		"app.tsx":                        {Data: []byte(appTSX)},
		"page.vue":                       {Data: []byte("<script>\nconst é = \"é\", q = graphql(`query Vue { products { nodes { price } } }`)\n</script>")},
		"latin.ts":                       {Data: []byte("\xff gql`{ x }`")},
		"generated/commented.d/empty.js": {Data: []byte("// gql`{ products { nodes { price } } }`\n * gql`{ price }`\nconst a = gql``")},
	}
	got, err := judged(dir, load(t, "old", shopBefore), load(t, "new", shopAfter))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.TrimSpace(wantFiles), summary(got)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	var b strings.Builder
	PrintClients(&b, Clients(load(t, "old", shopBefore), load(t, "new", shopAfter)), got, "web/src", false)
	if diff := cmp.Diff(strings.TrimLeft(wantPrinted, "\n"), b.String()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestPrintClients: without operations nothing is said of them, and safe changes
// are listed on demand.
func TestPrintClients(t *testing.T) {
	breaks := Clients(load(t, "old", "type A { x: Int y: Int! }"), load(t, "new", "type A { x: Int @deprecated z: Int }"))
	for all, want := range map[bool]string{
		false: `
clients: 1 breaking, 0 dangerous, 2 safe
  breaking   removed-field       A.y  old:1:17
    with it AAggregateAvg.y, AAggregateKey.y, AAggregateRange.y, AAggregateSum.y, 6 more
`,
		true: `
clients: 1 breaking, 0 dangerous, 2 safe
  breaking   removed-field       A.y  old:1:17
    with it AAggregateAvg.y, AAggregateKey.y, AAggregateRange.y, AAggregateSum.y, 6 more
  safe       deprecated          A.x  new:1:10
  safe       added-field         A.z  new:1:29
`,
	} {
		var b strings.Builder
		PrintClients(&b, breaks, nil, "", all)
		if diff := cmp.Diff(strings.TrimPrefix(want, "\n"), b.String()); diff != "" {
			t.Errorf("all %v (-want +got):\n%s", all, diff)
		}
	}
}
