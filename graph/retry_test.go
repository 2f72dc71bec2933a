package graph

import "testing"

// TestRetry has which requests are the same to a retry key.
func TestRetry(t *testing.T) {
	s := newServer(t, Options{})
	ask := func(req Request) *Retry {
		s.fake.op = nil
		if r := s.Do(t.Context(), req); s.fake.op == nil {
			t.Fatalf("not resolved: %s", r.Body)
		}
		return s.fake.op.Retry
	}
	const create = `mutation A($d: ProductInput!) { createProduct(data: $d) { name } } mutation B($d: ProductInput!) { createProduct(data: $d) { name } }`
	first := Request{Query: create, OperationName: "A", Variables: []byte(`{"d":{"name":"x","price":1.50}}`), RetryKey: "k"}
	want := ask(first)
	if want == nil || want.Key != "k" {
		t.Fatalf("retry = %+v", want)
	}
	for _, tt := range []struct {
		name   string
		change func(*Request)
		same   bool
	}{
		{"again", func(*Request) {}, true},
		{"members in another order", func(r *Request) { r.Variables = []byte(` { "d": { "price": 1.50, "name": "x" } } `) }, true},
		{"another value", func(r *Request) { r.Variables = []byte(`{"d":{"name":"y","price":1.50}}`) }, false},
		{"another operation", func(r *Request) { r.OperationName = "B" }, false},
		{"another text", func(r *Request) { r.Query += " " }, false},
	} {
		r := first
		tt.change(&r)
		if got := ask(r); (got.Request == want.Request) != tt.same {
			t.Errorf("%s: same = %t", tt.name, !tt.same)
		}
	}
	if got := ask(Request{Query: create, OperationName: "A", Variables: first.Variables}); got != nil {
		t.Errorf("without a key: %+v", got)
	}
	if got := ask(Request{Query: `{ me { name } }`, RetryKey: "k"}); got != nil {
		t.Errorf("a query: %+v", got)
	}
}
