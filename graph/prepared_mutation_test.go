package graph

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"flora.dev/flora/rules"
	"github.com/google/go-cmp/cmp"
)

const (
	createText = `mutation($d: ProductInput!) { createProduct(data: $d) { _id } }`
	deleteText = `mutation($i: ID!) { deleteProduct(id: $i) { _id } }`
)

// TestPreparedMutation asks which mutations are prepared, and which of them
// together.
func TestPreparedMutation(t *testing.T) {
	for name, c := range map[string]struct {
		query     string
		variables []string
		prepared  int
		answered  int
	}{
		"an id is open":                  {deleteText, []string{`{"i":"a"}`, `{"i":"b"}`, `{"i":3}`}, 1, 3},
		"without variables":              {`mutation { deleteProduct(id: "a") { _id } }`, []string{``, `{"x":1}`}, 1, 2},
		"data is open":                   {createText, []string{`{"d":{"name":"a"}}`, `{"d":{"name":"b","color":"GREEN"}}`}, 1, 2},
		"what data there is":             {createText, []string{`{"d":{"name":"a","price":1}}`, `{"d":{"price":2.5,"name":"b"}}`, `{"d":{"name":"b","price":null}}`, `{"d":{"name":"b"}}`}, 3, 4},
		"a list":                         {createText, []string{`{"d":{"name":"a","tags":["x"]}}`, `{"d":{"name":"a","tags":[]}}`}, 0, 0},
		"members are open":               {`mutation($n: String!, $p: Float) { createProduct(data: {name: $n, price: $p, color: RED}) { _id } }`, []string{`{"n":"a"}`, `{"n":"a","p":null}`, `{"n":"a","p":1}`, `{"n":"b","p":2}`}, 3, 4},
		"what is wrong":                  {createText, []string{``, `{"d":null}`, `{"d":{"price":1}}`, `{"d":{"name":"a","name":"a"}}`, `{"d":{"name":"a","x":1}}`, `{"d":"name"}`, `{"d":{"name":null}}`}, 0, 0},
		"a variable that stands twice":   {`mutation($n: String!) { createProduct(data: {name: $n}) { _id reviews(after: $n) { nodes { _id } } } }`, []string{`{"n":"a"}`}, 0, 0},
		"a variable of the answer":       {`mutation($d: ProductInput!, $a: String) { createProduct(data: $d) { _id reviews(after: $a) { nodes { _id } } } }`, []string{`{"d":{"name":"a"},"a":"x"}`, `{"d":{"name":"b"},"a":null}`, `{"d":{"name":"b"}}`}, 2, 2},
		"several documents":              {`mutation($d: [ProductInput!]!) { createProducts(data: $d) { count } }`, []string{`{"d":[{"name":"a"}]}`}, 0, 0},
		"several mutations":              {`mutation($i: ID!) { a: deleteProduct(id: $i) { _id } b: deleteProduct(id: "b") { _id } }`, []string{`{"i":"a"}`}, 0, 0},
		"a mutation in a fragment":       {`mutation($i: ID!) { ...F } fragment F on Mutation { deleteProduct(id: $i) { _id } }`, []string{`{"i":"a"}`}, 0, 0},
		"a mutation that is left out":    {`mutation($i: ID!, $b: Boolean!) { deleteProduct(id: $i) @include(if: $b) { _id } }`, []string{`{"i":"a","b":true}`, `{"i":"a","b":false}`}, 0, 0},
		"no document":                    {`mutation { __typename }`, []string{``}, 0, 0},
		"many members":                   {createText, []string{`{"d":{"name":"` + strings.Repeat("x", 2*preparedKeyText) + `"}}`}, 1, 1},
		"a text that looks like another": {createText, []string{`{"d":{"name":"?"}}`, `{"d":{"name":"{name:?}"}}`}, 1, 2},
	} {
		t.Run(name, func(t *testing.T) {
			prepared, answered := askTwice(t, c.query, "", c.variables[0], c.variables)
			if prepared != c.prepared || answered != 2*c.answered {
				t.Errorf("prepared %d times, answered %d of it, want %d and %d", prepared, answered, c.prepared, 2*c.answered)
			}
		})
	}
}

// TestPreparedMutationValues checks what a prepared mutation is given.
func TestPreparedMutationValues(t *testing.T) {
	e, p := newPreparing(t, Options{})
	for _, variables := range []string{`{"d":{"name":"a","price":1,"color":"RED"}}`, `{"d":{"name":"a","price":1,"color":"RED"}}`, `{"d":{"color":"GREEN","price":2,"name":"b"}}`} {
		e.Do(t.Context(), Request{Query: createText, Variables: []byte(variables)})
	}
	if len(p.prepared) != 1 || !p.prepared[0].Mutation {
		t.Fatalf("prepared %d times", len(p.prepared))
	}
	if diff := cmp.Diff(map[string]any{"data": map[string]any{"color": Variable(0), "name": Variable(1), "price": Variable(2)}}, p.prepared[0].Fields[0].Args); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]any{"GREEN", "b", 2.0}, p.values); diff != "" {
		t.Error(diff)
	}
}

// TestPreparedMutationByGet: a mutation that is known does not happen by GET, and
// one that may be sent again goes the ordinary way.
func TestPreparedMutationByGet(t *testing.T) {
	e, p := newPreparing(t, Options{})
	ask := func(r Request) *Response {
		r.Query, r.Variables = deleteText, []byte(`{"i":"a"}`)
		return e.Do(t.Context(), r)
	}
	ask(Request{})
	ask(Request{})
	if p.answered != 1 || !slices.Equal(p.calls, []string{"mutation"}) {
		t.Fatalf("%d prepared answers, %v", p.answered, p.calls)
	}
	if r := ask(Request{ReadOnly: true}); r.Status != 405 || p.answered != 1 || len(p.calls) != 1 {
		t.Errorf("by GET: %d %s; %d prepared answers, %v", r.Status, r.Body, p.answered, p.calls)
	}
	if r := ask(Request{RetryKey: "k"}); r.Status != 200 || p.answered != 1 || len(p.calls) != 2 || p.op.Retry == nil {
		t.Errorf("with a key: %d %s; %d prepared answers, %v", r.Status, r.Body, p.answered, p.calls)
	}
}

// TestPreparedMutationOnce: what may have happened is not asked again, whatever is
// wrong with its answer; what has not, is.
func TestPreparedMutationOnce(t *testing.T) {
	whole := func(text string) *Answer {
		return &Answer{Roots: []Root{{scalarShape(rules.String), text}}, Extensions: map[string]any{"commitTime": int64(7)}}
	}
	for name, c := range map[string]struct {
		each func() (*Answer, error)
		want string
		long bool // the ordinary way is gone
	}{
		"unprepared":  {func() (*Answer, error) { return nil, ErrUnprepared }, `{"data":{"deleteProduct":"deleteProduct"}}`, true},
		"stale":       {func() (*Answer, error) { return nil, ErrStale }, `{"data":{"deleteProduct":"deleteProduct"}}`, true},
		"whole":       {func() (*Answer, error) { return whole(`"x"`), nil }, `{"data":{"deleteProduct":"x"},"extensions":{"commitTime":7}}`, false},
		"unavailable": {func() (*Answer, error) { return nil, Errorf(Unavailable, "gone") }, `{"errors":[{"message":"gone","path":["deleteProduct"],"extensions":{"code":"UNAVAILABLE"}}],"data":null}`, false},
		"broken text": {func() (*Answer, error) { return whole(`"x`), nil }, `{"errors":[{"message":"internal error","path":["deleteProduct"],"extensions":{"code":"INTERNAL"}}],"data":null,"extensions":{"commitTime":7,"committed":true}}`, false},
		"too few":     {func() (*Answer, error) { return &Answer{Extensions: map[string]any{"commitTime": int64(7)}}, nil }, `{"errors":[{"message":"internal error","path":["deleteProduct"],"extensions":{"code":"INTERNAL"}}],"data":null,"extensions":{"commitTime":7,"committed":true}}`, false},
		"too long": {func() (*Answer, error) { return whole(`"` + strings.Repeat("x", 200) + `"`), nil },
			`{"errors":[{"message":"response too large, in bytes: found 220, the limit is 100","path":["deleteProduct"],"extensions":{"code":"LIMIT_EXCEEDED"}}],"data":null,"extensions":{"commitTime":7,"committed":true}}`, false},
	} {
		t.Run(name, func(t *testing.T) {
			limits := DefaultLimits()
			limits.ResponseBytes = 100
			e, p := newPreparing(t, Options{Limits: limits, Logger: slog.New(slog.DiscardHandler)})
			plain := NewExecutor(Options{Limits: limits, Logger: slog.New(slog.DiscardHandler), Resolver: answersAs{p.fake, c.each}})
			plain.Publish(finderVersion(t))
			ask := func(e *Executor) string {
				r := e.Do(t.Context(), Request{Query: deleteText, Variables: []byte(`{"i":"a"}`)})
				return string(r.Body)
			}
			ask(e)
			p.each, p.calls = c.each, nil
			got := ask(e)
			if got != c.want || p.answered != 1 || len(p.calls) > 0 != c.long {
				t.Errorf("%s; %d prepared answers, %v", got, p.answered, p.calls)
			}
			if ordinary := ask(plain); !c.long && ordinary != got {
				t.Errorf("%s, the ordinary way %s", got, ordinary)
			}
		})
	}
}

// answersAs answers a mutation as each says.
type answersAs struct {
	*fake
	each func() (*Answer, error)
}

func (a answersAs) Mutation(context.Context, *Version, *Operation) (*Answer, error) { return a.each() }
