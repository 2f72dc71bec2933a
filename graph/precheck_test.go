package graph

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
)

// nest repeats open n times around inner.
func nest(n int, open, inner string) string {
	return strings.Repeat(open+" { ", n) + inner + strings.Repeat(" }", n)
}

// bomb is a document of n fragments, each of which spreads the next twice.
func bomb(n int) string {
	var b strings.Builder
	b.WriteString("{ me { ...f0 } }\n")
	for i := range n {
		fmt.Fprintf(&b, "fragment f%d on User { a: friend { ...f%d } b: friend { ...f%d } }\n", i, i+1, i+1)
	}
	fmt.Fprintf(&b, "fragment f%d on User { name }\n", n)
	return b.String()
}

// repeat makes n copies of an expression with %d for the number.
func repeat(n int, format string) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(strings.ReplaceAll(format, "%d", strconv.Itoa(i)) + " ")
	}
	return b.String()
}

// TestLimits has each limit kept and, as its twin, passed by one.
func TestLimits(t *testing.T) {
	tests := []struct{ name, query, variables, message string }{
		{"text", "{ me { name } } " + "#" + strings.Repeat("x", 32<<10-17), "", ""},
		{"text", "{ me { name } } " + "#" + strings.Repeat("x", 32<<10-16), "", "query text too large, in bytes: found 32769, the limit is 32768"},
		{"tokens", "{ products(where: {name: {in: [" + strings.Repeat("\"x\" ", 1980) + "]}}) { totalCount } }", "", ""},
		{"tokens", "{ products(where: {name: {in: [" + strings.Repeat("\"x\" ", 1981) + "]}}) { totalCount } }", "", "too many tokens: found more, the limit is 2000"},
		{"tokens in malformed text", strings.Repeat("{ ", 5000), "", "too many tokens"},
		{"tokens in comments", "{ me { name } }" + strings.Repeat("#\n", 2001), "", "too many tokens"},
		{"aliases", "{ me { " + repeat(50, "a%d: name") + "} }", "", ""},
		{"aliases", "{ me { " + repeat(51, "a%d: name") + "} }", "", "too many aliases: found 51, the limit is 50"},
		{"repeats", "{ me { " + strings.Repeat("name ", 101) + "} }", "", ""},
		{"repeats", "{ me { " + strings.Repeat("name ", 102) + "} }", "", "too many fields of one response key: found 101, the limit is 100"},
		{"repeats in inline fragments", "{ me { " + strings.Repeat("... { name } ", 102) + "} }", "", "too many fields of one response key: found 101"},
		{"root fields", "{ " + repeat(20, "a%d: me { name }") + "}", "", ""},
		{"root fields", "{ " + repeat(21, "a%d: me { name }") + "}", "", "too many root fields: found 21, the limit is 20"},
		{"root fields in fragments", "{ ...A ...A ...A } fragment A on Query { ...B ...B } fragment B on Query { me { name } me { name } me { name } me { name } }", "", "too many root fields: found 24"},
		{"directives", "{ me { name " + strings.Repeat("... @skip(if: true) { name } ", 50) + "} }", "", ""},
		{"directives", "{ me { name " + strings.Repeat("... @skip(if: true) { name } ", 51) + "} }", "", "too many directives: found 51, the limit is 50"},
		{"fragments", "{ me { " + repeat(50, "...f%d") + "} } " + repeat(50, "fragment f%d on User { name }"), "", ""},
		{"fragments", "{ me { " + repeat(51, "...f%d") + "} } " + repeat(51, "fragment f%d on User { name }"), "", "too many fragments: found 51, the limit is 50"},
		{"operations", repeat(21, "query q%d { me { name } }"), "", "too many operations: found 21, the limit is 20"},
		{"depth", "{ me { " + nest(11, "friend", "name") + " } }", "", ""},
		{"depth", "{ me { " + nest(12, "friend", "name") + " } }", "", "relations nested too deep: found 13, the limit is 12"},
		{"depth, nodes and edges free", "{ products(first: 1) { nodes { reviews(first: 1) { edges { node { product { owner { " + nest(8, "friend", "name") + " } } } } pageInfo { hasNextPage } } } } }", "", ""},
		{"depth, nodes and edges free", "{ products(first: 1) { nodes { reviews(first: 1) { edges { node { product { owner { " + nest(9, "friend", "name") + " } } } } pageInfo { hasNextPage } } } } }", "", "relations nested too deep: found 13"},
		{"depth in fragments", "{ me { ...A } } fragment A on User { " + nest(6, "friend", "...B") + " } fragment B on User { " + nest(6, "friend", "name") + " }", "", "relations nested too deep: found 13"},
		{"cost", "{ products(first: 399) { nodes { reviews(first: 499) { nodes { text } } } } }", "", ""},
		{"cost", "{ products(first: 400) { nodes { reviews(first: 499) { nodes { text } } } } }", "", "too many documents by estimate, ask for smaller pages with first: found 200401, the limit is 200000"},
		{"cost of default pages", "{ products { nodes { reviews { nodes { product { name } } } } } }", "", ""},
		{"cost of default pages", "{ products { nodes { reviews { nodes { product { reviews { nodes { product { reviews { nodes { text } } } } } } } } } } }", "", "too many documents"},
		{"cost by variable", "query($n: Int!) { products(first: $n) { nodes { reviews(first: 500) { nodes { text } } } } }", `{"n": 10}`, ""},
		{"cost by variable", "query($n: Int!) { products(first: $n) { nodes { reviews(first: 500) { nodes { text } } } } }", `{"n": 1000}`, "too many documents"},
		{"cost by default of variable", "query($n: Int = 1000) { products(first: $n) { nodes { reviews(first: 500) { nodes { text } } } } }", ``, "too many documents"},
		{"cost of bulk answers", "mutation { createProducts(data: []) { count nodes { reviews(first: 150) { nodes { text } } } } }", "", ""},
		{"cost of bulk answers", "mutation { createProducts(data: []) { count nodes { reviews(first: 250) { nodes { text } } } } }", "", "too many documents"},
		{"cost of edges", "{ products(first: 1000) { edges { node { reviews(first: 500) { edges { cursor } } } } } }", "", "too many documents"},
		{"cost of counts", "{ products(first: 1000) { nodes { reviews(first: 1000) { totalCount } } } }", "", ""},
		{"cost of what a caller can do", "{ products(first: 1000) { nodes { owner { _can { update fields { name } } } } } }", "", ""},
		{"cost of what a caller can do", "{ products(first: 1000) { nodes { reviews(first: 40) { nodes { product { owner { _can { fields { name } } } } } } } } }", "", "too many documents"},
		{"cost of what a caller can do, aliases", "{ products(first: 1000) { nodes { owner { _can { " + repeat(40, "a%d: fields { name }") + "} } } } }", "", "too many documents"},
		{"depth, can free", "{ me { " + nest(11, "friend", "_can { fields { name } }") + " } }", "", ""},
		{"page size", "{ products(first: 1000) { totalCount } }", "", ""},
		{"page size", "{ products(first: 1001) { totalCount } }", "", "first of products is too large: found 1001, the limit is 1000"},
		{"page size by variable", "query($n: Int!) { products(first: $n) { totalCount } }", `{"n": 1001}`, "first of products is too large: found 1001"},
		{"page size by huge variable", "query($n: Int!) { products(first: $n) { totalCount } }", `{"n": 1e999}`, "first of products is too large"},
		{"negative page size", "{ products(first: -1) { totalCount } }", "", "first of products: expected a page size from 0 to 1000, found -1"},
		{"page size 0", "{ products(first: 0) { totalCount } }", "", ""},
		{"introspection depth", "{ __schema { queryType { " + nest(18, "ofType", "name") + " } } }", "", ""},
		{"introspection depth", "{ __schema { queryType { " + nest(19, "ofType", "name") + " } } }", "", "introspection nested too deep: found 21, the limit is 20"},
		{"introspection cost", "{ __schema { types { fields { args { type { " + repeat(40, "a%d: ofType { name }") + " } } } } } }", "", ""},
		{"introspection cost", "{ " + repeat(10, "s%d: __schema { types { fields { args { type { a: ofType { name } b: ofType { name } c: ofType { name } } } } } }") + " }", "", ""},
		{"introspection cost", "{ ...A a: __schema { ...S } } fragment A on Query { b: __schema { ...S } c: __schema { ...S } } fragment S on __Schema { types { ...T } } fragment T on __Type { fields { args { type { ...O } } } } fragment O on __Type { a: ofType { ...P } b: ofType { ...P } } fragment P on __Type { " + repeat(35, "x%d: ofType { name }") + "}", "", "too many documents"},
		{"bomb within the depth", bomb(10), "", ""},
		{"bomb", bomb(23), "", "too many selected fields"},
		{"wide bomb", "{ me { ...a } } " +
			"fragment a on User { " + repeat(12, "a%d: friend { ...b }") + "} fragment b on User { " + repeat(12, "b%d: friend { ...c }") + "}" +
			"fragment c on User { " + repeat(12, "c%d: friend { ...d }") + "} fragment d on User { " + repeat(12, "d%d: friend { name }") + "}", "", "too many selected fields"},
	}
	for _, tt := range tests {
		name := tt.name
		if tt.message != "" {
			name += ", passed"
		}
		t.Run(name, func(t *testing.T) {
			s := newServer(t, Options{Introspection: true})
			for range 2 { // the second time a document that depends on variables is in the cache
				status, body := s.do(tt.query, tt.variables)
				if tt.message == "" {
					if status != 200 {
						t.Errorf("%d %.500s", status, body)
					}
					continue
				}
				code := LimitExceeded
				if strings.Contains(tt.message, "expected") {
					code = BadUserInput
				}
				if status != 400 || !strings.Contains(body, tt.message) || !strings.Contains(body, code) || len(s.fake.calls) > 0 {
					t.Errorf("%d %.500s", status, body)
				}
			}
		})
	}
}

// A cached document is held against the limits again when variables matter.
func TestLimitsOfCachedDocument(t *testing.T) {
	s := newServer(t, Options{})
	const query = "query($n: Int!) { products(first: $n) { nodes { reviews(first: 500) { nodes { text } } } } }"
	for _, tt := range []struct {
		n, status int
	}{{1, 200}, {1000, 400}, {1001, 400}, {2, 200}} {
		if status, body := s.do(query, fmt.Sprintf(`{"n": %d}`, tt.n)); status != tt.status {
			t.Errorf("n = %d: %d %s", tt.n, status, body)
		}
	}
}

func TestFragmentCycles(t *testing.T) {
	for _, query := range []string{
		`{ me { ...A } } fragment A on User { friend { ...A } }`,
		`{ me { ...A } } fragment A on User { ...B } fragment B on User { friend { ...A } ...B }`,
		`{ ...A } fragment A on Query { ...B } fragment B on Query { ...A me { name } }`,
		`{ ...Nope }`,
		`{ nope { nodes { ...A } } } fragment A on Nope { nodes(first: 5) { x } }`,
	} {
		s := newServer(t, Options{})
		status, body := s.do(query, "")
		if status != 400 || !strings.Contains(body, ValidationFailed) || len(s.fake.calls) > 0 {
			t.Errorf("%s: %d %s", query, status, body)
		}
	}
}

// TestMeasureIsLinear counts steps instead of time: a fragment is measured
// once for each operation, however often it is spread.
func TestMeasureIsLinear(t *testing.T) {
	limits := DefaultLimits()
	doc, err := parse(bomb(23), &limits)
	if err != nil {
		t.Fatal(err)
	}
	v := testVersion(t, testSDL)
	c := checker{schema: v.Schema.API.AST, roles: rolesOf(v.Schema.API.AST), limits: &limits}
	if _, err := c.check(doc); err == nil {
		t.Fatal("the bomb passed")
	}
	if len(c.memo) != 24 {
		t.Errorf("%d fragments in the memo", len(c.memo))
	}
	if got := c.memo["f0"]; got.fields != 3*(1<<23)-2 || got.depth != 23 || got.cost != 1<<24-2 {
		t.Errorf("%+v", got)
	}
}

func TestMeasureSaturates(t *testing.T) {
	limits := DefaultLimits()
	limits.Fragments, limits.Aliases, limits.Tokens = 500, 500, 20000
	doc, err := parse(strings.ReplaceAll(bomb(200), "{ a: friend", "{ products(first: 1000) { nodes { name } } a: friend"), &limits)
	if err != nil {
		t.Fatal(err)
	}
	v := testVersion(t, testSDL)
	c := checker{schema: v.Schema.API.AST, roles: rolesOf(v.Schema.API.AST), limits: &limits}
	if _, err := c.check(doc); err == nil {
		t.Fatal("the bomb passed")
	}
	if got := c.memo["f0"]; got.fields != most || got.cost != most {
		t.Errorf("%+v", got)
	}
}

func TestDocumentsAreBounded(t *testing.T) {
	d := newDocuments()
	for i := range 3 * documentEntries {
		d.add(strconv.Itoa(i), &document{})
	}
	if n := len(d.young) + len(d.old); n > 2*documentEntries {
		t.Errorf("%d documents", n)
	}
	if d.get("0") != nil || d.get(strconv.Itoa(3*documentEntries-1)) == nil {
		t.Error("kept the oldest or lost the newest")
	}
	d = newDocuments()
	for i := range 3 * documentBytes / 10000 {
		d.add(strings.Repeat("x", 10000)+strconv.Itoa(i), &document{})
	}
	if n := len(d.young) + len(d.old); n*10000 > 2*documentBytes {
		t.Errorf("%d documents of 10000 bytes", n)
	}
}
