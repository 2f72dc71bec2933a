package graph

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"flora.dev/flora/rules"
	"flora.dev/flora/schema"
	"github.com/google/go-cmp/cmp"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// preparing is a fake that prepares what it is asked to.
type preparing struct {
	*fake
	mu       sync.Mutex
	prepared []*Operation
	values   []any // of the last query that was prepared
	answered int
	each     func() (*Answer, error) // nil: what fake answers
}

func (p *preparing) Prepare(_ *Version, op *Operation, grow func()) Prepared {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.prepared = append(p.prepared, op)
	grow()
	return &preparedFake{p, op}
}

type preparedFake struct {
	by *preparing
	op *Operation
}

func (p *preparedFake) Answer(ctx context.Context, values []any) (*Answer, error) {
	p.by.mu.Lock()
	defer p.by.mu.Unlock()
	p.by.values = values
	p.by.answered++
	if p.by.each != nil {
		return p.by.each()
	}
	a := &Answer{}
	for _, field := range p.op.Fields {
		a.Roots = append(a.Roots, Root{scalarShape(rules.String), `"` + field.Key + `"`})
	}
	return a, nil
}

// newPreparing is a server whose resolver prepares.
func newPreparing(t *testing.T, o Options) (*Executor, *preparing) {
	p := &preparing{fake: &fake{}}
	o.Resolver = p
	e := NewExecutor(o)
	e.Publish(finderVersion(t))
	return e, p
}

func finderVersion(t *testing.T) *Version {
	v := testVersion(t, testSDL)
	v.Schema.API.Query = map[string]*schema.Root{"findProductByID": {Op: schema.FindByID}, "products": {Op: schema.List}, "me": {Op: schema.Me}}
	v.Schema.API.Mutation = map[string]*schema.Root{"createProduct": {Op: schema.Create}, "deleteProduct": {Op: schema.Delete}, "createProducts": {Op: schema.CreateMany}}
	return v
}

// TestPrepared asks which requests are prepared, and which of them together: each
// line is sent twice, after its query was made known.
func TestPrepared(t *testing.T) {
	const find = `query($i: ID!) { findProductByID(id: $i) { name } }`
	for name, c := range map[string]struct {
		known     string // variables that the query is made known with
		query     string
		operation string
		variables []string
		prepared  int // how often
		answered  int // from what was prepared
	}{
		"a query":                         {query: `{ me { name } }`, variables: []string{"", "{}", "null", `{"x":1}`}, prepared: 1, answered: 4},
		"a finder's id is open":           {query: find, known: `{"i":"a"}`, variables: []string{`{"i":"a"}`, `{"i":"b"}`, `{"i":3}`}, prepared: 1, answered: 3},
		"what is wrong goes the long way": {query: find, known: `{"i":"a"}`, variables: []string{``, `{"i":null}`, `{"i":"a","i":"a"}`, `{"i":{}}`, `[]`}},
		"other variables are in the key":  {query: `query($f: Float) { products(where: {price: {gt: $f}}) { totalCount } }`, variables: []string{`{}`, `{"f":null}`, `{"f":1}`, `{"f":1.0}`, `{"f":2}`}, prepared: 4, answered: 5},
		"a default is its value":          {query: `query($n: Int = 5) { products(first: $n) { totalCount } }`, variables: []string{`{}`, `{"n":5}`, `{"n":5.0}`, `{"n":6}`}, prepared: 2, answered: 4},
		"a directive's variable":          {query: `query($i: ID!, $b: Boolean!) { findProductByID(id: $i) @skip(if: $b) { name } }`, known: `{"i":"a","b":false}`, variables: []string{`{"i":"a","b":false}`, `{"i":"b","b":false}`, `{"i":"c","b":true}`}, prepared: 2, answered: 3},
		"an id that stands elsewhere":     {query: `query($i: ID!) { findProductByID(id: $i) { name } echo(id: $i) }`, known: `{"i":"a"}`, variables: []string{`{"i":"a"}`, `{"i":"b"}`}, prepared: 2, answered: 2},
		"an id with a default":            {query: `query($i: ID! = "x") { findProductByID(id: $i) { name } }`, variables: []string{`{}`, `{"i":"x"}`, `{"i":"b"}`}, prepared: 2, answered: 3},
		"a page size is checked":          {query: `query($n: Int) { products(first: $n) { nodes { name } } }`, variables: []string{`{"n":1}`, `{"n":100000}`, `{"n":-1}`}, prepared: 1, answered: 1},
		"sizes of another operation":      {query: `query A { products { totalCount } } query B($n: Int) { products(first: $n) { totalCount } }`, operation: "A", variables: []string{`{"n":1}`, `{"n":100000}`}},
		"one of several operations":       {query: `query A { me { name } } query B { me { _id } }`, operation: "B", variables: []string{"", ""}, prepared: 1, answered: 2},
		"no such operation":               {query: `query A { me { name } } query B { me { _id } }`, operation: "C", variables: []string{""}},
		"introspection":                   {query: `{ __schema { queryType { name } } }`, variables: []string{""}},
		"introspection that is left out":  {query: `query($b: Boolean!) { __schema @skip(if: $b) { queryType { name } } me { name } }`, known: `{"b":true}`, variables: []string{`{"b":true}`, `{"b":false}`}},
		"a long text":                     {query: `query($s: String) { echo(s: $s) }`, variables: []string{`{"s":"` + strings.Repeat("x", preparedKeyText) + `"}`}},
		"a long id":                       {query: find, known: `{"i":"a"}`, variables: []string{`{"i":"` + strings.Repeat("x", 2*preparedKeyText) + `"}`}, prepared: 1, answered: 1},
	} {
		t.Run(name, func(t *testing.T) {
			prepared, answered := askTwice(t, c.query, c.operation, c.known, c.variables)
			if prepared != c.prepared || answered != 2*c.answered {
				t.Errorf("prepared %d times, answered %d of it, want %d and %d", prepared, answered, c.prepared, 2*c.answered)
			}
		})
	}
}

// askTwice makes an operation known, and asks it twice with each of the variables:
// it is answered as without preparation. It tells how often it was prepared and
// answered of that.
func askTwice(t *testing.T, query, operation, known string, variables []string) (prepared, answered int) {
	t.Helper()
	brief, p := newPreparing(t, Options{})
	plain := NewExecutor(Options{Resolver: struct{ Resolver }{p.fake}})
	plain.Publish(finderVersion(t))
	ask := func(e *Executor, variables string) string {
		r := e.Do(WithRequestID(t.Context(), "r1"), Request{Query: query, OperationName: operation, Variables: []byte(variables)})
		return fmt.Sprint(r.Status, string(r.Body), r.Operation, r.Code, r.Documents)
	}
	ask(brief, known)
	p.prepared, p.answered = nil, 0
	for range 2 {
		for _, v := range variables {
			if diff := cmp.Diff(ask(plain, v), ask(brief, v)); diff != "" {
				t.Errorf("%s: %s", v, diff)
			}
		}
	}
	return len(p.prepared), p.answered
}

// TestPreparedValues checks what a prepared query is given.
func TestPreparedValues(t *testing.T) {
	e, p := newPreparing(t, Options{})
	const query = `query($a: ID!, $f: Float, $b: ID!) { x: findProductByID(id: $b) { name } y: findProductByID(id: $a) { name } products(where: {price: {gt: $f}}) { totalCount } }`
	for _, variables := range []string{`{"a":"1","b":"2","f":3}`, `{"a":"1","b":"2","f":3}`, `{"a":5,"b":"six","f":3}`} {
		e.Do(t.Context(), Request{Query: query, Variables: []byte(variables)})
	}
	if len(p.prepared) != 1 {
		t.Fatalf("prepared %d times", len(p.prepared))
	}
	want := []any{Variable(1), Variable(0), map[string]any{"price": map[string]any{"gt": 3.0}}}
	var got []any
	for i, f := range p.prepared[0].Fields {
		got = append(got, f.Args[[]string{"id", "id", "where"}[i]])
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]any{"5", "six"}, p.values); diff != "" {
		t.Error(diff)
	}
}

// TestIntrospectionOff: what is refused because a field stands in the text is
// refused each time, though the field is left out.
func TestIntrospectionOff(t *testing.T) {
	e, p := newPreparing(t, Options{})
	for query, on := range map[string]bool{
		`query($b: Boolean!) { __schema @skip(if: $b) { queryType { name } } me { name } }`:                            false,
		`query($b: Boolean!) { ...F @skip(if: $b) me { name } } fragment F on Query { __type(name: "User") { name } }`: false,
		`query($b: Boolean!) { __typename @skip(if: $b) me { name } }`:                                                 true,
	} {
		p.answered = 0
		for range 3 {
			r := e.Do(t.Context(), Request{Query: query, Variables: []byte(`{"b":true}`)})
			if ok := r.Status == 200; ok != on {
				t.Errorf("%s: %d %s", query, r.Status, r.Body)
			}
		}
		if want := map[bool]int{true: 2}[on]; p.answered != want {
			t.Errorf("%s: answered %d times from what was prepared", query, p.answered)
		}
	}
}

// TestPreparedFails: what the store failed to answer is not asked again, and is
// told as ever.
func TestPreparedFails(t *testing.T) {
	e, p := newPreparing(t, Options{})
	p.each = func() (*Answer, error) { return nil, Errorf(Unavailable, "the store is gone") }
	for range 2 {
		r := e.Do(t.Context(), Request{Query: "{ echo }"})
		if want := `{"errors":[{"message":"the store is gone","path":["echo"],"extensions":{"code":"UNAVAILABLE"}}],"data":null}`; len(p.calls) > 0 && p.answered > 0 && string(r.Body) != want {
			t.Errorf("%d %s, want %s", r.Status, r.Body, want)
		}
	}
	if p.answered != 1 || len(p.calls) != 1 {
		t.Errorf("%d prepared answers, %v", p.answered, p.calls)
	}
}

// TestUnprepared: where a prepared query has no answer, or not a whole one, the
// resolver is asked as ever.
func TestUnprepared(t *testing.T) {
	whole := func(text string) []Root { return []Root{{scalarShape(rules.String), text}} }
	for name, each := range map[string]func() (*Answer, error){
		"unprepared": func() (*Answer, error) { return nil, ErrUnprepared },
		"stale":      func() (*Answer, error) { return nil, ErrStale },
		"no answer":  func() (*Answer, error) { return nil, nil },
		"too few":    func() (*Answer, error) { return &Answer{}, nil },
		"errors": func() (*Answer, error) {
			return &Answer{Roots: whole(`"x"`), Errors: gqlerror.List{Errorf(Internal, "x")}}, nil
		},
		"extensions": func() (*Answer, error) {
			return &Answer{Roots: whole(`"x"`), Extensions: map[string]any{"x": 1}}, nil
		},
		"broken text": func() (*Answer, error) { return &Answer{Roots: whole(`"x`)}, nil },
	} {
		t.Run(name, func(t *testing.T) {
			e, p := newPreparing(t, Options{})
			p.each = each
			for range 2 {
				r := e.Do(t.Context(), Request{Query: "{ echo }"})
				if want := `{"data":{"echo":"echo"}}`; r.Status != 200 || string(r.Body) != want {
					t.Errorf("%d %s", r.Status, r.Body)
				}
			}
			if p.answered != 1 || len(p.calls) != 2 {
				t.Errorf("%d prepared answers, %v", p.answered, p.calls)
			}
		})
	}
}

// TestPublishForgets: what was prepared for one version is not asked under the next.
func TestPublishForgets(t *testing.T) {
	e, p := newPreparing(t, Options{})
	for range 3 {
		e.Do(t.Context(), Request{Query: "{ me { name } }"})
	}
	if len(p.prepared) != 1 || p.answered != 2 {
		t.Fatalf("prepared %d times, answered %d", len(p.prepared), p.answered)
	}
	e.Publish(finderVersion(t))
	e.Do(t.Context(), Request{Query: "{ me { name } }"})
	if len(p.prepared) != 1 || p.answered != 2 || len(p.calls) != 2 {
		t.Errorf("after a new version: prepared %d times, answered %d, asked %v", len(p.prepared), p.answered, p.calls)
	}
}

func TestOpenVariables(t *testing.T) {
	e, _ := newPreparing(t, Options{})
	ed := e.current.Load()
	for query, want := range map[string][]string{
		`query($a: ID!) { findProductByID(id: $a) { name } }`:                                                                  {"a"},
		`query($a: ID!, $b: ID!) { x: findProductByID(id: $b) { name } y: findProductByID(id: $a) { name } }`:                  {"a", "b"},
		`query($a: ID!) { x: findProductByID(id: $a) { name } y: findProductByID(id: $a) { name } }`:                           {"a"},
		`query($a: ID!, $b: Boolean!) { findProductByID(id: $a) @skip(if: $b) { name @include(if: $b) } }`:                     {"a"},
		`query($a: ID! = "x") { findProductByID(id: $a) { name } }`:                                                            nil,
		`query($a: ID!) { findProductByID(id: $a) { name } echo(id: $a) }`:                                                     nil,
		`query($a: ID!) { ...F } fragment F on Query { findProductByID(id: $a) { name } }`:                                     nil,
		`query($a: ID!) { findProductByID(id: $a) { name } ...F } fragment F on Query { x: findProductByID(id: $a) { name } }`: nil,
		`query($a: ID!) { findProductByID(id: $a) { name } ... { echo(id: $a) } }`:                                             nil,
		`query($a: String) { products(after: $a) { totalCount } }`:                                                             nil,
		`query A($a: ID!) { findProductByID(id: $a) { name } } query B($a: ID) { echo(id: $a) }`:                               nil,
		`{ findProductByID(id: "a") { name } }`:                                                                                nil,
	} {
		doc, errs := ed.document(query, nil)
		if errs != nil {
			t.Fatalf("%s: %v", query, errs)
		}
		d := &document{ast: doc}
		if got := d.openVariables(ed, doc.Operations[0]); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", query, got, want)
		}
	}
}

// TestFixed: variables have one text if and only if they are the same.
func TestFixed(t *testing.T) {
	f := &form{open: []string{"id"}}
	all := []map[string]any{{}, {"a": nil}, {"a": "1"}, {"a": int64(1)}, {"a": true}, {"a": ""}, {"a": []any{}}, {"a": []any{nil}}, {"a": map[string]any{}},
		{"a": int64(1), "b": nil}, {"b": int64(1)}, {"a": "<\u2028\"\x7f"}, {"a": `\u003c`}, {"a": int64(9007199254740993)}, {"a": int64(9007199254740992)}}
	seen := map[string]int{}
	for i, v := range all {
		text := f.fixed(v)
		if before, ok := seen[text]; ok || text == "" {
			t.Errorf("%v and %v are both %s", all[before], v, text)
		}
		seen[text] = i
		with := maps.Clone(v)
		with["id"] = "x"
		if f.fixed(with) != text {
			t.Errorf("%v: an open variable is in the key", v)
		}
	}
}

// TestGenerationsGrow: what entries take after they were added makes room
// needed as well, and is theirs for as long as they are kept.
func TestGenerationsGrow(t *testing.T) {
	g := newGenerations[string, int](100, 1000)
	held := func() int { return len(g.young) + len(g.old) }
	g.add("a", 1, 100)
	g.grow("a", 800)
	g.add("b", 2, 100)
	if _, ok := g.young["a"]; !ok || held() != 2 {
		t.Fatalf("a generation of 1000 bytes ended at 1000: %v %v", g.young, g.old)
	}
	g.add("c", 3, 100)
	if _, ok := g.old["a"]; !ok || len(g.young) != 1 {
		t.Fatalf("a generation went on at 1100 bytes: %v %v", g.young, g.old)
	}
	if v, ok := g.get("a"); !ok || v != 1 || g.bytes != 1000 {
		t.Fatalf("a is %d, of %d bytes with c", v, g.bytes)
	}
	g.grow("nothing", 1000)
	g.grow("b", 1000) // of the generation before
	g.add("d", 4, 1)
	if _, ok := g.young["a"]; ok || g.bytes != 1 {
		t.Errorf("a generation went on at 1001 bytes: %v", g.young)
	}
	if v, ok := g.get("b"); ok {
		t.Errorf("b is kept: %d", v)
	}
	if v := g.add("d", 5, 1); v != 4 {
		t.Errorf("added twice: %d", v)
	}
}

// TestPreparedIsBounded floods a server with queries and with variables.
func TestPreparedIsBounded(t *testing.T) {
	e, _ := newPreparing(t, Options{})
	ed := e.current.Load()
	check := func(what string) {
		t.Helper()
		ed.prepared.mu.Lock()
		defer ed.prepared.mu.Unlock()
		n, size := len(ed.prepared.young)+len(ed.prepared.old), 0
		for _, m := range []map[preparedKey]*kept[*preparedOperation]{ed.prepared.young, ed.prepared.old} {
			for k := range m {
				size += planBytes + planBytesPer*len(k.document.ast.Operations[0].Position.Src.Input)
			}
		}
		if n == 0 || n > 2*preparedEntries || size > 2*preparedBytes {
			t.Errorf("%s: %d are kept, of %d bytes", what, n, size)
		}
	}
	for i := range 3 * preparedEntries {
		for range 2 {
			e.Do(t.Context(), Request{Query: fmt.Sprintf("{ a%d: echo }", i)})
		}
	}
	check("queries")
	for i := range 3 * preparedEntries {
		text, err := json.Marshal(map[string]string{"s": fmt.Sprint(strings.Repeat("x", 900), i)})
		if err != nil {
			t.Fatal(err)
		}
		e.Do(t.Context(), Request{Query: `query($s: String) { echo(s: $s) }`, Variables: text})
	}
	check("variables")
	for i := range 300 {
		for range 2 {
			e.Do(t.Context(), Request{Query: fmt.Sprintf("{ a%d: echo # %s\n }", i, strings.Repeat("x", 9000))})
		}
	}
	check("long queries")
}
