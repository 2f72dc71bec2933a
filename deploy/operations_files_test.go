package deploy

const appTSX = "import { gql } from '@apollo/client'\n" +
	"const CARD = gql`fragment TsCard on Product { price }`\n" +
	"export const LIST = gql`\n  query Ts { products { nodes { ...TsCard } } }\n  ${CARD}\n`\n" +
	"const made = gql`query Made { products { nodes { ${fields} } } }`\n" +
	"const called = gql`query Called { makers { nodes { name } } } ${cards()}`\n" +
	"const escaped = gql`query E { products(where: {name: {eq: \"\\`\"}}) { nodes { name } } }`\n" +
	"const typed = graphql(/* GraphQL */ `query Typed { makers { nodes { name } } }`)\n" +
	"const marked = /* GraphQL */ `mutation Marked { deleteMaker(id: \"a\") { name } }`\n" +
	"const text = graphql('{ products { totalCount } }')\n" +
	"const other = sql`select { from`\n" +
	"const open = gql`query { "

const wantFiles = `
app.tsx:4:3 query Ts fails
  hit Product.price app.tsx:2:47
  app.tsx:2:47 Cannot query field "price" on type "Product".
app.tsx:7:14 template skipped
  app.tsx:7:14 its text is put together
app.tsx:8:16 template skipped
  app.tsx:8:16 its text is put together
app.tsx:9:17 template skipped
  app.tsx:9:17 it has an escape
app.tsx:10:38 query Typed untouched
app.tsx:11:31 mutation Marked untouched
app.tsx:12:14 template skipped
  app.tsx:12:14 it is no template, its text is not read
app.tsx:14:14 template skipped
  app.tsx:14:14 it does not end
idle.gql:1:1 fragment Idle skipped
  idle.gql:1:1 no operation here uses it
latin.ts:1:1 file skipped
  latin.ts:1:1 it is not UTF-8
page.vue:2:29 query Vue fails
  hit Product.price page.vue:2:60
  page.vue:2:60 Cannot query field "price" on type "Product".
queries/list.graphql:1:1 query List fails
  hit Product.price price.gql:2:3
  price.gql:2:3 Cannot query field "price" on type "Product".
three/same.gql:1:1 query Same skipped
  three/same.gql:1:1 fragment Same is in several files: one/same.gql:1:1, two/own.gql:1:46, two/same.gql:1:1
two/own.gql:1:1 query Own untouched
`
const wantPrinted = `
clients: 5 breaking, 2 dangerous, 1 safe
  breaking   nullable-output     Product.maker: Maker! became Maker, a rule may hide the Maker  (Maker @auth)  new:3:12
    no operation in web/src uses it
  breaking   removed-field       Product.price  old:2:65
    with it PartialUpdateProductInput.price, ProductAggregateAvg.price, ProductAggregateKey.price, ProductAggregateRange.price, 6 more
    hits query Ts at app.tsx:2:47 (fails)
    hits query Vue at page.vue:2:60 (fails)
    hits query List at price.gql:2:3 (fails)
  breaking   removed-root        Query.findProductBySku  (Product.sku)  new:2:75
    with it Mutation.upsertProduct(id:), Mutation.upsertProduct(by:)
    no operation in web/src uses it
  breaking   required-input      ProductInput.stock: Int became Int!  (Product.stock)  new:2:87
    no operation in web/src uses it
  breaking   removed-enum-value  Tag.OLD  old:4:16
    no operation in web/src uses it
  dangerous  changed-default     Query.best(least:): 1 became 2  (Query.best)  new:5:14
    no operation in web/src uses it
  dangerous  added-enum-value    Tag.RARE  new:4:16
    no operation in web/src uses it
operations in web/src: 3 fails, 3 untouched, 8 skipped
  fails: query Ts  app.tsx:4:3
    app.tsx:2:47  Cannot query field "price" on type "Product".
  fails: query Vue  page.vue:2:29
    page.vue:2:60  Cannot query field "price" on type "Product".
  fails: query List  queries/list.graphql:1:1
    price.gql:2:3  Cannot query field "price" on type "Product".
  skipped: template  app.tsx:7:14  its text is put together
  skipped: template  app.tsx:8:16  its text is put together
  skipped: template  app.tsx:9:17  it has an escape
  skipped: template  app.tsx:12:14  it is no template, its text is not read
  skipped: template  app.tsx:14:14  it does not end
  skipped: fragment Idle  idle.gql:1:1  no operation here uses it
  skipped: file  latin.ts:1:1  it is not UTF-8
  skipped: query Same  three/same.gql:1:1  fragment Same is in several files: one/same.gql:1:1, two/own.gql:1:46, two/same.gql:1:1
`
