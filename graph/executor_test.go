package graph

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"flora.dev/flora/rules"
	"flora.dev/flora/schema"
	"github.com/99designs/gqlgen/graphql"
	"github.com/google/go-cmp/cmp"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

const testSDL = `
scalar Long
scalar Date
scalar Time
enum Color { RED GREEN }
enum OrderDirection { ASC DESC }
type Query {
  findProductByID(id: ID!): Product
  products(where: ProductWhere, orderBy: [ProductOrder!], first: Int, after: String): ProductConnection!
  me: User
  echo(b: Boolean, i: Int, l: Long, f: Float, s: String, id: ID, d: Date, t: Time, e: Color,
    ints: [Int!], matrix: [[Int]], where: ProductWhere, required: Required, n: Int! = 7): String
}
type Mutation {
  createProduct(data: ProductInput!): Product
  deleteProduct(id: ID!): Product
  createProducts(data: [ProductInput!]!): ProductBatchPayload!
}
type ProductBatchPayload { count: Int! nodes: [Product!]! }
type Product { _id: ID! name: String! price: Float owner: User! reviews(first: Int, after: String): ReviewConnection! }
type User { _id: ID! name: String! friend: User products(first: Int): ProductConnection! _can: Can! }
type Can { update: Boolean! delete: Boolean! fields: [FieldCan!]! }
type FieldCan { name: String! read: Boolean! update: Boolean! }
type Review { _id: ID! text: String product: Product! }
type ProductConnection { nodes: [Product!]! edges: [ProductEdge!]! pageInfo: PageInfo! totalCount: Int! }
type ProductEdge { cursor: String! node: Product! }
type ReviewConnection { nodes: [Review!]! edges: [ReviewEdge!]! pageInfo: PageInfo! totalCount: Int! }
type ReviewEdge { cursor: String! node: Review! }
type PageInfo { hasNextPage: Boolean! hasPreviousPage: Boolean! startCursor: String endCursor: String }
input ProductInput { name: String! price: Float color: Color = RED tags: [String!] }
input ProductWhere { name: StringFilter price: FloatFilter owner: ProductWhere and: [ProductWhere!] }
input StringFilter { eq: String in: [String!] }
input FloatFilter { gt: Float }
input ProductOrder { price: OrderDirection }
input Required { a: Int! b: Int! = 3 c: String }
`

func testVersion(t testing.TB, sdl string) *Version {
	t.Helper()
	s, err := gqlparser.LoadSchema(&ast.Source{Name: "test", Input: sdl})
	if err != nil {
		t.Fatal(err)
	}
	return &Version{Number: 1, Schema: &schema.Schema{API: &schema.API{AST: s}}}
}

// fake answers each field with its key as a string, unless told otherwise.
type fake struct {
	op      *Operation
	version *Version
	calls   []string
	answer  func(op *Operation) (*Answer, error)
}

func (f *fake) resolve(kind string, v *Version, op *Operation) (*Answer, error) {
	f.op, f.version = op, v
	f.calls = append(f.calls, kind)
	if f.answer != nil {
		return f.answer(op)
	}
	a := &Answer{}
	for _, field := range op.Fields {
		a.Roots = append(a.Roots, Root{scalarShape(rules.String), `"` + field.Key + `"`})
	}
	return a, nil
}

func (f *fake) Query(_ context.Context, v *Version, op *Operation) (*Answer, error) {
	return f.resolve("query", v, op)
}

func (f *fake) Mutation(_ context.Context, v *Version, op *Operation) (*Answer, error) {
	return f.resolve("mutation", v, op)
}

func scalarShape(k rules.Kind) *schema.Shape {
	return &schema.Shape{Kind: schema.ShapeScalar, Scalar: k}
}

type testServer struct {
	*Executor
	fake *fake
	log  *bytes.Buffer
}

func newServer(t testing.TB, o Options) *testServer {
	s := &testServer{fake: &fake{}, log: &bytes.Buffer{}}
	o.Resolver = s.fake
	o.Logger = slog.New(slog.NewTextHandler(s.log, nil))
	s.Executor = NewExecutor(o)
	s.Publish(testVersion(t, testSDL))
	return s
}

func (s *testServer) do(query, variables string) (int, string) {
	r := s.Do(WithRequestID(context.Background(), "r1"), Request{Query: query, Variables: []byte(variables)})
	return r.Status, string(r.Body)
}

func TestDo(t *testing.T) {
	const id = `,"requestId":"r1"`
	tests := []struct {
		name, query, variables string
		answer                 func(*Operation) (*Answer, error)
		status                 int
		body                   string
	}{
		{name: "query", query: `{ me { name } }`, status: 200, body: `{"data":{"me":"me"}}`},
		{name: "order of keys", query: `{ b: me { name } __typename a: me { _id } t: __typename }`, status: 200,
			body: `{"data":{"b":"b","__typename":"Query","a":"a","t":"Query"}}`},
		{name: "mutation", query: `mutation { __typename deleteProduct(id: 5) { name } }`, status: 200,
			body: `{"data":{"__typename":"Mutation","deleteProduct":"deleteProduct"}}`},
		{name: "typename alone", query: `{ __typename }`, status: 200, body: `{"data":{"__typename":"Query"}}`},
		{name: "all skipped", query: `{ me @skip(if: true) { name } }`, status: 200, body: `{"data":{}}`},
		{name: "syntax", query: `{ me { name }`, status: 400,
			body: `{"errors":[{"message":"Expected Name, found \u003cEOF\u003e","locations":[{"line":1,"column":14}],"extensions":{"code":"GRAPHQL_PARSE_FAILED"` + id + `}}]}`},
		{name: "empty", query: ` `, status: 400,
			body: `{"errors":[{"message":"the document has no operation","extensions":{"code":"GRAPHQL_VALIDATION_FAILED"` + id + `}}]}`},
		{name: "UTF-8", query: "{ me { name } } #\xff", status: 400,
			body: `{"errors":[{"message":"the query text is not valid UTF-8","extensions":{"code":"GRAPHQL_PARSE_FAILED"` + id + `}}]}`},
		{name: "unknown field without suggestion", query: `{ me { nam } }`, status: 400,
			body: `{"errors":[{"message":"Cannot query field \"nam\" on type \"User\".","locations":[{"line":1,"column":8}],"extensions":{"code":"GRAPHQL_VALIDATION_FAILED"` + id + `}}]}`},
		{name: "variables", query: `query($id: ID!) { findProductByID(id: $id) { name } }`, variables: `{"id": true}`, status: 400,
			body: `{"errors":[{"message":"variable $id: expected ID (a string or an integer), found true","locations":[{"line":1,"column":7}],"extensions":{"code":"BAD_USER_INPUT"` + id + `}}]}`},
		{name: "argument", query: `{ a: echo(i: 2147483648) }`, status: 400,
			body: `{"errors":[{"message":"argument i of echo: expected Int (an integer of 32 bits), found 2147483648","path":["a"],"locations":[{"line":1,"column":11}],"extensions":{"code":"BAD_USER_INPUT"` + id + `}}]}`},
		{name: "defer", query: `{ ... @defer { me { name } } }`, status: 400,
			body: `{"errors":[{"message":"@defer is not supported","locations":[{"line":1,"column":8}],"extensions":{"code":"GRAPHQL_VALIDATION_FAILED"` + id + `}}]}`},
		{name: "subscription", query: `subscription { me { name } }`, status: 400,
			body: `{"errors":[{"message":"Schema does not support operation type \"subscription\"","locations":[{"line":1,"column":1}],"extensions":{"code":"GRAPHQL_VALIDATION_FAILED"` + id + `}}]}`},
		{name: "masked", query: `{ me { name } }`, answer: fails(errors.New("no such table: secret")), status: 200,
			body: `{"errors":[{"message":"internal error","path":["me"],"extensions":{"code":"INTERNAL"` + id + `}}],"data":null}`},
		{name: "masked without code", query: `{ me { name } }`, answer: fails(gqlerror.Errorf("secret")), status: 200,
			body: `{"errors":[{"message":"internal error","path":["me"],"extensions":{"code":"INTERNAL"` + id + `}}],"data":null}`},
		{name: "panic", query: `{ me { name } }`, answer: func(*Operation) (*Answer, error) { panic("secret") }, status: 200,
			body: `{"errors":[{"message":"internal error","path":["me"],"extensions":{"code":"INTERNAL"` + id + `}}],"data":null}`},
		{name: "coded", query: `mutation { a: deleteProduct(id: 1) { name } b: deleteProduct(id: 2) { name } }`,
			answer: func(op *Operation) (*Answer, error) {
				err := Errorf(Forbidden, "not <allowed>")
				err.Path = ast.Path{ast.PathName(op.Fields[1].Key)}
				return nil, fmt.Errorf("write: %w", err)
			}, status: 200,
			body: `{"errors":[{"message":"not \u003callowed\u003e","path":["b"],"extensions":{"code":"FORBIDDEN"` + id + `}}],"data":null}`},
		{name: "list of errors", query: `{ me { name } }`,
			answer: fails(gqlerror.List{Errorf(Conflict, "one"), Errorf(Conflict, "two")}), status: 200,
			body: `{"errors":[{"message":"one","path":["me"],"extensions":{"code":"CONFLICT"` + id + `}},{"message":"two","path":["me"],"extensions":{"code":"CONFLICT"` + id + `}}],"data":null}`},
		{name: "beside data", query: `{ me { name } }`,
			answer: func(*Operation) (*Answer, error) {
				return &Answer{
					Roots:      []Root{{scalarShape(rules.Int), "1"}},
					Extensions: map[string]any{"committed": true},
					Errors:     gqlerror.List{Errorf(NotImplemented, "half")},
				}, nil
			}, status: 200,
			body: `{"errors":[{"message":"half","extensions":{"code":"NOT_IMPLEMENTED"` + id + `}}],"data":{"me":1},"extensions":{"committed":true}}`},
		{name: "malformed text keeps extensions", query: `mutation { deleteProduct(id: 1) { name } }`,
			answer: func(*Operation) (*Answer, error) {
				return &Answer{Roots: []Root{{scalarShape(rules.Int), "x"}}, Extensions: map[string]any{"commitTime": 5}}, nil
			}, status: 200,
			body: `{"errors":[{"message":"internal error","path":["deleteProduct"],"extensions":{"code":"INTERNAL"` + id + `}}],"data":null,"extensions":{"commitTime":5,"committed":true}}`},
		{name: "committed without an answer", query: `mutation { deleteProduct(id: 1) { name } }`,
			answer: func(*Operation) (*Answer, error) {
				return &Answer{Extensions: map[string]any{"commitTime": 5}}, Errorf(Unavailable, "gone")
			}, status: 200,
			body: `{"errors":[{"message":"gone","path":["deleteProduct"],"extensions":{"code":"UNAVAILABLE"` + id + `}}],"data":null,"extensions":{"commitTime":5,"committed":true}}`},
		{name: "not committed", query: `mutation { deleteProduct(id: 1) { name } }`,
			answer: func(*Operation) (*Answer, error) { return &Answer{}, Errorf(Unavailable, "gone") }, status: 200,
			body: `{"errors":[{"message":"gone","path":["deleteProduct"],"extensions":{"code":"UNAVAILABLE"` + id + `}}],"data":null}`},
		{name: "too few roots", query: `{ me { name } }`, answer: func(*Operation) (*Answer, error) { return &Answer{}, nil }, status: 200,
			body: `{"errors":[{"message":"internal error","path":["me"],"extensions":{"code":"INTERNAL"` + id + `}}],"data":null}`},
		{name: "denied", query: `{ me { name } }`,
			answer: func(*Operation) (*Answer, error) {
				return &Answer{Roots: []Root{{&schema.Shape{Kind: schema.ShapeScalar, Scalar: rules.Int, Guarded: true}, "null"}}}, nil
			}, status: 200,
			body: `{"data":{"me":null},"extensions":{"denied":[["me"]]}}`},
		{name: "denied with error", query: `{ me { name } }`,
			answer: func(*Operation) (*Answer, error) {
				return &Answer{Roots: []Root{{&schema.Shape{Denied: true, DenyError: true}, ""}}}, nil
			}, status: 200,
			body: `{"errors":[{"message":"not allowed to read this field","path":["me"],"extensions":{"code":"FORBIDDEN"` + id + `}}],"data":{"me":null}}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newServer(t, Options{})
			s.fake.answer = tt.answer
			status, body := s.do(tt.query, tt.variables)
			want := strings.NewReplacer(`\u003c`, "<", `\u003e`, ">").Replace(tt.body)
			if diff := cmp.Diff(want, body); diff != "" || status != tt.status {
				t.Errorf("status %d, want %d; body (-want +got):\n%s", status, tt.status, diff)
			}
			if !json.Valid([]byte(body)) {
				t.Error("body is not JSON")
			}
			masked := strings.Contains(body, Internal)
			if logged := strings.Contains(s.log.String(), "requestId=r1"); logged != masked {
				t.Errorf("logged %v, masked %v: %s", logged, masked, s.log)
			}
		})
	}
}

func fails(err error) func(*Operation) (*Answer, error) {
	return func(*Operation) (*Answer, error) { return nil, err }
}

func TestDoCapsErrorsAndDenied(t *testing.T) {
	s := newServer(t, Options{})
	s.fake.answer = func(*Operation) (*Answer, error) {
		a := &Answer{Roots: []Root{{&schema.Shape{Kind: schema.ShapePage, Page: &schema.Page{Listed: true, Size: 500}, Members: []schema.Member{
			member("nodes", -1, &schema.Shape{Kind: schema.ShapeNodes, Members: []schema.Member{
				member("x", 0, &schema.Shape{Kind: schema.ShapeScalar, Scalar: rules.Int, Guarded: true}),
				member("y", 0, &schema.Shape{Denied: true, DenyError: true}),
			}}),
		}}, "[[" + strings.Repeat("[null],", 199) + "[null]]]"}}}
		for range 5 {
			a.Errors = append(a.Errors, Errorf(NotImplemented, "half"))
		}
		return a, nil
	}
	_, body := s.do(`{ products { totalCount } }`, "")
	var got struct {
		Errors     []any
		Extensions struct{ Denied [][]any }
	}
	if err := json.Unmarshal([]byte(body), &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Errors) != 10 || len(got.Extensions.Denied) != 100 {
		t.Errorf("%d errors, %d denied", len(got.Errors), len(got.Extensions.Denied))
	}
	if diff := cmp.Diff([]any{"products", "nodes", 99.0, "x"}, got.Extensions.Denied[99]); diff != "" {
		t.Error(diff)
	}
}

func TestDoDoesNotWriteToSharedErrors(t *testing.T) {
	s := newServer(t, Options{})
	shared := Errorf(Forbidden, "no")
	s.fake.answer = fails(shared)
	s.do(`{ me { name } }`, "")
	if shared.Path != nil || len(shared.Extensions) != 1 {
		t.Errorf("shared error became %#v", shared)
	}
}

func TestDoReadOnly(t *testing.T) {
	s := newServer(t, Options{})
	for query, want := range map[string]int{`{ me { name } }`: 200, `mutation { deleteProduct(id: 1) { name } }`: 405} {
		if got := s.Do(context.Background(), Request{Query: query, ReadOnly: true}); got.Status != want {
			t.Errorf("%s: %d %s", query, got.Status, got.Body)
		}
	}
	if diff := cmp.Diff([]string{"query"}, s.fake.calls); diff != "" {
		t.Error(diff)
	}
}

func TestDoOperationName(t *testing.T) {
	s := newServer(t, Options{})
	const query = `query a { a: me { name } } mutation b { b: deleteProduct(id: 1) { name } }`
	for name, want := range map[string]string{
		"a": `{"data":{"a":"a"}}`,
		"b": `{"data":{"b":"b"}}`,
		"c": `{"errors":[{"message":"the document has no operation c","extensions":{"code":"GRAPHQL_VALIDATION_FAILED"}}]}`,
		"":  `{"errors":[{"message":"the document has several operations, operationName must name one","extensions":{"code":"GRAPHQL_VALIDATION_FAILED"}}]}`,
	} {
		if got := s.Do(context.Background(), Request{Query: query, OperationName: name}); string(got.Body) != want {
			t.Errorf("%q: %s", name, got.Body)
		}
	}
}

func TestDoContextEnded(t *testing.T) {
	s := newServer(t, Options{})
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	got := s.Do(ctx, Request{Query: `{ me { name } }`})
	if got.Status != 503 || !strings.Contains(string(got.Body), Unavailable) || len(s.fake.calls) > 0 {
		t.Errorf("%d %s, calls %v", got.Status, got.Body, s.fake.calls)
	}
}

func TestDoWithoutVersion(t *testing.T) {
	e := NewExecutor(Options{Resolver: &fake{}})
	if got := e.Do(context.Background(), Request{Query: `{ me { name } }`}); got.Status != 503 || e.Version() != nil {
		t.Errorf("%d %s", got.Status, got.Body)
	}
}

// A document that is valid in one version must not run in the next.
func TestNoDocumentCrossesVersions(t *testing.T) {
	s := newServer(t, Options{})
	const query = `{ me { name } }`
	for range 2 {
		if status, body := s.do(query, ""); status != 200 {
			t.Fatal(body)
		}
	}
	next := testVersion(t, `type Query { me: User } type User { _id: ID! }`)
	s.Publish(next)
	if status, body := s.do(query, ""); status != 400 {
		t.Errorf("field of the old version: %d %s", status, body)
	}
	if status, _ := s.do(`{ me { _id } }`, ""); status != 200 || s.fake.version != next || s.Version() != next {
		t.Error("new version does not run")
	}
}

func TestStaleStartsOver(t *testing.T) {
	old, next := testVersion(t, testSDL), testVersion(t, testSDL)
	run := func(reload func(s *testServer) error, stale func(v *Version) bool) (*testServer, int, string) {
		var s *testServer
		s = newServer(t, Options{Reload: func(context.Context) error { return reload(s) }})
		s.Publish(old)
		s.fake.answer = func(op *Operation) (*Answer, error) {
			if stale(s.fake.version) {
				return nil, fmt.Errorf("read: %w", ErrStale)
			}
			return &Answer{Roots: []Root{{scalarShape(rules.Int), "1"}}}, nil
		}
		status, body := s.do(`query($id: ID!) { findProductByID(id: $id) { name } }`, `{"id": 5}`)
		return s, status, body
	}
	publish := func(s *testServer) error { s.Publish(next); return nil }

	s, status, body := run(publish, func(v *Version) bool { return v == old })
	if status != 200 || body != `{"data":{"findProductByID":1}}` || len(s.fake.calls) != 2 || s.fake.op.Fields[0].Args["id"] != "5" {
		t.Errorf("%d %s, calls %v", status, body, s.fake.calls)
	}
	s, status, body = run(publish, func(v *Version) bool { return true })
	if status != 503 || !strings.Contains(body, Unavailable) || len(s.fake.calls) != 2 {
		t.Errorf("stale twice: %d %s, calls %v", status, body, s.fake.calls)
	}
	last := testVersion(t, testSDL)
	newer := func(s *testServer) error {
		s.Publish(map[*Version]*Version{old: next, next: last}[s.Version()])
		return nil
	}
	s, status, body = run(newer, func(v *Version) bool { return v != last })
	if status != 200 || len(s.fake.calls) != 3 {
		t.Errorf("one deployment after the other: %d %s, calls %v", status, body, s.fake.calls)
	}
	s, status, body = run(func(*testServer) error { return errors.New("secret") }, func(v *Version) bool { return true })
	if status != 500 || strings.Contains(body, "secret") || len(s.fake.calls) != 1 {
		t.Errorf("reload fails: %d %s", status, body)
	}
	gone := func(s *testServer) error { s.Publish(testVersion(t, `type Query { me: ID }`)); return nil }
	s, status, body = run(gone, func(v *Version) bool { return v == old })
	if status != 400 || !strings.Contains(body, ValidationFailed) || len(s.fake.calls) != 1 {
		t.Errorf("field is gone: %d %s", status, body)
	}
}

// The executor serves gqlgen's transports as well: same answers.
func TestGraphExecutor(t *testing.T) {
	s := newServer(t, Options{})
	ctx := graphql.StartOperationTrace(WithRequestID(context.Background(), "r1"))
	params := &graphql.RawParams{Query: `query($id: ID!) { findProductByID(id: $id) { name } }`, Variables: map[string]any{"id": json.Number("7")}}
	opCtx, errs := s.CreateOperationContext(ctx, params)
	if errs != nil {
		t.Fatal(errs)
	}
	handler, ctx := s.DispatchOperation(ctx, opCtx)
	if resp := handler(ctx); string(resp.Data) != `{"findProductByID":"findProductByID"}` {
		t.Errorf("%s", resp.Data)
	}
	if resp := handler(ctx); resp != nil {
		t.Errorf("second response %v", resp)
	}
	params.Variables = nil
	if _, errs := s.CreateOperationContext(ctx, params); len(errs) != 1 || codeOf(errs[0]) != BadUserInput {
		t.Errorf("missing variable: %v", errs)
	}
}

func BenchmarkDo(b *testing.B) {
	s := newServer(b, Options{})
	s.fake.answer = func(*Operation) (*Answer, error) {
		return &Answer{Roots: []Root{{scalarShape(rules.Int), "1"}}}, nil
	}
	req := Request{Query: `query($id: ID!) { findProductByID(id: $id) { _id name price owner { name } } }`, Variables: []byte(`{"id": "x"}`)}
	ctx := context.Background()
	b.ReportAllocs()
	for b.Loop() {
		s.Do(ctx, req)
	}
}

// Operations that run while versions change see one version each.
func TestPublishWhileRunning(t *testing.T) {
	a := testVersion(t, `type Query { x: ID a: ID }`)
	b := testVersion(t, `type Query { x: ID b: ID }`)
	e := NewExecutor(Options{Resolver: byVersion{a: "A", b: "B"}})
	e.Publish(a)
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			for j := range 200 {
				if i == 0 {
					e.Publish([]*Version{a, b}[j%2])
					continue
				}
				for _, tt := range []struct{ query, ok string }{{`{ a }`, `{"data":{"a":"A"}}`}, {`{ b }`, `{"data":{"b":"B"}}`}} {
					got := e.Do(context.Background(), Request{Query: tt.query})
					if got.Status == 200 && string(got.Body) != tt.ok || got.Status != 200 && got.Status != 400 {
						t.Errorf("%s: %d %s", tt.query, got.Status, got.Body)
					}
				}
			}
		})
	}
	wg.Wait()
}

type byVersion map[*Version]string

func (r byVersion) Query(_ context.Context, v *Version, op *Operation) (*Answer, error) {
	return &Answer{Roots: []Root{{scalarShape(rules.String), `"` + r[v] + `"`}}}, nil
}

func (r byVersion) Mutation(ctx context.Context, v *Version, op *Operation) (*Answer, error) {
	return r.Query(ctx, v, op)
}

// TestForTheLog checks what a response says of itself beside its body.
func TestForTheLog(t *testing.T) {
	product := &schema.Shape{Kind: schema.ShapeObject, Members: []schema.Member{{Name: "name", Key: []byte(`"name":`), Shape: scalarShape(rules.String)}}}
	for _, tt := range []struct {
		query, name, code string
		documents         int
	}{
		{"query Mine { me { name } }", "Mine", "", 1},
		{"{ me { name } }", "", "", 1},
		{"query Other { __typename }", "Other", "", 0},
		{"query Wrong { nothing }", "", ValidationFailed, 0},
		{"query", "", ParseFailed, 0},
	} {
		s := newServer(t, Options{})
		s.fake.answer = func(*Operation) (*Answer, error) { return &Answer{Roots: []Root{{product, `["x"]`}}}, nil }
		r := s.Do(context.Background(), Request{Query: tt.query})
		if r.Operation != tt.name || r.Code != tt.code || r.Documents != tt.documents {
			t.Errorf("%s: %q %q %d documents: %s", tt.query, r.Operation, r.Code, r.Documents, r.Body)
		}
	}
}
