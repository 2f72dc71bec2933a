package graph

import (
	"fmt"
	"sort"
	"strings"
	"testing"
)

// printFields writes a field tree as key:name(args){...}.
func printFields(fields []*Field) string {
	var out []string
	for _, f := range fields {
		s := f.Key
		if f.Key != f.Name {
			s += ":" + f.Name
		}
		if len(f.Args) > 0 {
			var args []string
			for k, v := range f.Args {
				args = append(args, fmt.Sprintf("%s=%#v", k, v))
			}
			sort.Strings(args)
			s += "(" + strings.Join(args, ",") + ")"
		}
		if f.Fields != nil {
			s += "{" + printFields(f.Fields) + "}"
		}
		out = append(out, s)
	}
	return strings.Join(out, " ")
}

func TestCollect(t *testing.T) {
	tests := []struct{ name, query, variables, want string }{
		{"nested typename", `{ me { __typename n: __typename name } }`, "", `me{__typename n:__typename name}`},
		{"merge", `{ me { name } me { _id name friend { name } } ... on Query { me { friend { _id } } } }`, "",
			`me{name _id friend{name _id}}`},
		{"fragments", `query { ...Q } fragment Q on Query { me { ...U ... { _id } ... on User { friend { ...U } } } } fragment U on User { name }`, "",
			`me{name _id friend{name}}`},
		{"aliases", `{ a: me { x: name } b: me { y: name } }`, "", `a:me{x:name} b:me{y:name}`},
		{"skip and include", `query($y: Boolean!, $n: Boolean = false) {
			a: me @include(if: $y) { name } b: me @include(if: $n) { name } c: me @skip(if: $y) { name }
			...F @skip(if: $y) ... @include(if: $n) { e: me { name } } ...F
			g: me @skip(if: false) @include(if: false) { name } h: me { name @skip(if: $y) _id }
		} fragment F on Query { f: me { name } }`, `{"y": true}`, `a:me{name} f:me{name} h:me{_id}`},
		{"skipped below", `{ me { name @skip(if: true) } }`, "", `me{}`},
		{"absent and null", `query($a: Int, $b: Int, $d: Int = 4) { echo(i: $a, l: null, f: 1, ints: [1], where: {and: []}) b: echo(i: $b) c: echo(i: $d, s: "x") }`, `{"b": null}`,
			`echo(f=1,ints=[]interface {}{1},l=<nil>,n=7,where=map[string]interface {}{"and":[]interface {}{}}) b:echo(i=<nil>,n=7) c:echo(i=4,n=7,s="x")`},
		{"variables inside", `query($a: String, $b: Float, $u: String) { products(where: {name: {eq: $a, in: ["x", "y"]}, price: {gt: $b}, owner: {name: {eq: $u}}}) { totalCount } }`,
			`{"a": "A", "b": 2}`,
			`products(where=map[string]interface {}{"name":map[string]interface {}{"eq":"A", "in":[]interface {}{"x", "y"}}, "owner":map[string]interface {}{"name":map[string]interface {}{"eq":interface {}(nil)}}, "price":map[string]interface {}{"gt":2}}){totalCount}`},
		{"nested arguments", `query($n: Int!) { products { nodes { reviews(first: $n) { nodes { text } } } } }`, `{"n": 3}`,
			`products{nodes{reviews(first=3){nodes{text}}}}`},
		{"order by", `{ products(orderBy: {price: DESC}) { totalCount } }`, "",
			`products(orderBy=[]interface {}{map[string]interface {}{"price":"DESC"}}){totalCount}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newServer(t, Options{})
			for range 2 { // the second run is from the cache
				status, body := s.do(tt.query, tt.variables)
				if status != 200 {
					t.Fatal(body)
				}
				if got := printFields(s.fake.op.Fields); got != tt.want {
					t.Errorf("got  %s\nwant %s", got, tt.want)
				}
			}
		})
	}
}

func TestIntrospection(t *testing.T) {
	s := newServer(t, Options{Introspection: true})
	const query = `query($n: String!) {
		a: me { name } s: __schema { queryType { ...N } } b: __typename t: __type(name: $n) { ...N kind }
		c: me { name } x: __type(name: "Nope") { name } s: __schema { mutationType { name @skip(if: true) __typename } }
	} fragment N on __Type { name }`
	const want = `{"data":{"a":"a","s":{"queryType":{"name":"Query"},"mutationType":{"__typename":"__Type"}},"b":"Query",` +
		`"t":{"name":"User","kind":"OBJECT"},"c":"c","x":null}}`
	if _, body := s.do(query, `{"n": "User"}`); body != want {
		t.Errorf("got  %s\nwant %s", body, want)
	}
	if got := printFields(s.fake.op.Fields); got != `a:me{name} c:me{name}` {
		t.Errorf("fields %s", got)
	}
	s.fake.calls = nil
	if status, body := s.do(`{ __schema { types { name } } }`, ""); status != 200 || len(s.fake.calls) > 0 {
		t.Errorf("introspection alone: %d %s, calls %v", status, body, s.fake.calls)
	}

	off := newServer(t, Options{})
	for _, query := range []string{
		`{ __schema { types { name } } }`, `{ me { name } t: __type(name: "User") { name } }`,
		`{ ...F } fragment F on Query { ... { __schema @skip(if: true) { types { name } } } }`,
	} {
		status, body := off.do(query, "")
		if status != 400 || !strings.Contains(body, `"introspection is off"`) || !strings.Contains(body, ValidationFailed) {
			t.Errorf("%s: %d %s", query, status, body)
		}
	}
	if len(off.fake.calls) > 0 {
		t.Error("resolver was called")
	}
	if status, _ := off.do(`{ __typename }`, ""); status != 200 {
		t.Error("__typename is no introspection")
	}
}

// The query that GraphiQL and other tools begin with.
func TestIntrospectionOfTools(t *testing.T) {
	const query = `query IntrospectionQuery { __schema { description queryType { name } mutationType { name } subscriptionType { name }
		types { ...FullType } directives { name description isRepeatable locations args { ...InputValue } } } }
	fragment FullType on __Type { kind name description specifiedByURL
		fields(includeDeprecated: true) { name description args { ...InputValue } type { ...TypeRef } isDeprecated deprecationReason }
		inputFields { ...InputValue } interfaces { ...TypeRef } enumValues(includeDeprecated: true) { name description isDeprecated deprecationReason }
		possibleTypes { ...TypeRef } }
	fragment InputValue on __InputValue { name description type { ...TypeRef } defaultValue }
	fragment TypeRef on __Type { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name
		ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name } } } } } } } } } }`
	s := newServer(t, Options{Introspection: true})
	status, body := s.do(query, "")
	if status != 200 || !strings.Contains(body, `"name":"ProductConnection"`) || strings.Contains(body, `"errors"`) {
		t.Errorf("%d %.300s", status, body)
	}
	if strings.Contains(body, "SchemaInfo") {
		t.Error("the control API shows")
	}
}
