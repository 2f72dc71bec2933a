package resolvers

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"flora.dev/flora/auth"
	"flora.dev/flora/graph"
	"flora.dev/flora/rules"
	"flora.dev/flora/schema"
	"flora.dev/flora/store"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// recorder is a store that keeps the heads it was given, and answers with err.
type recorder struct {
	store.Store
	heads []store.Head
	once  *store.Once
	out   *store.Outcome // nil: nothing was hit
	err   error
}

func (r *recorder) Write(_ context.Context, m *store.Mutation) (*store.Outcome, error) {
	r.heads, r.once = m.Heads, m.Once
	if r.out != nil {
		return r.out, r.err
	}
	return &store.Outcome{Results: make([]store.Result, len(m.Heads))}, r.err
}

const checkedSchema = `
type Note
  @auth(all: "signedIn")
  @check(expr: "doc.low <= doc.high", message: "upside down")
  @check(expr: "doc.parent.open", message: "closed") {
  text: String! @check(expr: "size(doc.text) > 1", message: "too short") @check(expr: "doc.text != 'no'", message: "no")
  low: Int! @default(expr: "0")
  high: Int! @default(expr: "9")
  by: String @set(on: UPDATE, expr: "CurrentIdentity()") @check(expr: "doc.by != 'eve'", message: "not eve")
  tags: [String!]
  open: Boolean
  parent: Note
  notes: [Note!] @relation
}
type Shown @auth(all: "signedIn") @auth(read: "true") { notes: [Kept!] @relation }
type Kept @auth(all: "signedIn") @check(expr: "doc.n > 1", message: "one") { n: Int, shown: Shown }
`

// mutate runs one root field as caller sub and returns what reached the store.
func mutate(t *testing.T, db *recorder, sub, field string, args map[string]any) ([]store.Head, *gqlerror.Error) {
	t.Helper()
	model, err := schema.Load("f", []byte(checkedSchema))
	if err != nil {
		t.Fatal(err)
	}
	r, err := New(db, bytes.Repeat([]byte{1}, 32), Options{MaxString: 10, NewID: func() string { return "new" }})
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	if sub != "" {
		ctx = auth.With(ctx, &auth.Identity{ID: sub, Claims: map[string]any{}})
	}
	_, err = r.Mutation(ctx, &graph.Version{Number: 1, Schema: model}, &graph.Operation{Fields: []*graph.Field{{Key: "k", Name: field, Args: args}}})
	var failed *gqlerror.Error
	if err != nil && !errors.As(err, &failed) {
		t.Fatal(err)
	}
	return db.heads, failed
}

func show(heads []store.Head) string {
	var out []string
	for _, h := range heads {
		s := rules.Print(h.Guard)
		for _, c := range h.Checks {
			s += " | " + rules.Print(c)
		}
		out = append(out, s)
		if len(h.Kids) > 0 {
			out = append(out, show(h.Kids))
		}
	}
	return strings.Join(out, "; ")
}

func told(e *gqlerror.Error) string { return fmt.Sprint([]ast.PathElement(e.Path)) + ": " + e.Message }

// TestCheckPlan has what of the checks reaches the store, and what is answered
// without it.
func TestCheckPlan(t *testing.T) {
	data := func(kv ...any) map[string]any {
		m := map[string]any{}
		for i := 0; i < len(kv); i += 2 {
			m[kv[i].(string)] = kv[i+1]
		}
		return m
	}
	to := func(id string) map[string]any { return map[string]any{"connect": id} }
	long := strings.Repeat("ä", 6)
	tests := []struct {
		name, sub, field, id string
		data                 map[string]any
		want                 string // guard | checks, or path: message
	}{
		{"known to be invalid", "ann", "createNote", "", data("text", "x"), "[k data text]: too short"},
		{"the first that is not true", "ann", "createNote", "", data("text", "no", "low", int64(10)), "[k data text]: no"},
		{"type", "ann", "createNote", "", data("text", "yes", "low", int64(10)), "[k data]: upside down"},
		{"beyond a reference", "ann", "createNote", "", data("text", "yes", "parent", to("p")), `one(v1, Note, "p", true, true) | one(v1, Note, "p", true, v1.open)`},
		{"anonymous", "", "createNote", "", data("text", "x"), "[k]: not allowed, or a connected document does not exist"},
		{"update leaves out what is not set", "ann", "partialUpdateNote", "n", data("open", true), "true | oldDoc.low <= oldDoc.high | one(v1, Note, oldDoc.parent, true, v1.open)"},
		{"update, invalid for every document", "ann", "partialUpdateNote", "n", data("text", "x"), "true | false | oldDoc.low <= oldDoc.high | one(v1, Note, oldDoc.parent, true, v1.open)"},
		{"value of the server", "eve", "partialUpdateNote", "n", data("open", true), "true | false | oldDoc.low <= oldDoc.high | one(v1, Note, oldDoc.parent, true, v1.open)"},
		{"set to null", "ann", "partialUpdateNote", "n", data("low", int64(1), "high", int64(2), "parent", nil), "true | false"},
		{"target that anyone may read exists first", "ann", "partialUpdateKept", "n", data("shown", to("s")), `one(v1, Shown, "s", true, true) | oldDoc.n > 1`},
		{"valid: nothing more is asked", "ann", "partialUpdateKept", "n", data("n", int64(2), "shown", to("s")), "true"},
		{"list side", "ann", "partialUpdateShown", "s", data("notes", map[string]any{"connect": []any{"a", "b"}}), "true; true | oldDoc.n > 1; true | oldDoc.n > 1"},

		{"text at the limit", "ann", "createNote", "", data("text", long[:10], "parent", to("p")), `one(v1, Note, "p", true, true) | one(v1, Note, "p", true, v1.open)`},
		{"text over the limit", "ann", "createNote", "", data("text", long), "[k data text]: Note.text is longer than 10 bytes"},
		{"element over the limit", "ann", "partialUpdateNote", "n", data("tags", []any{"a", long}), "[k data tags 1]: Note.tags is longer than 10 bytes"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			args := map[string]any{"data": tt.data}
			if tt.id != "" {
				args["id"] = tt.id
			}
			heads, failed := mutate(t, &recorder{}, tt.sub, tt.field, args)
			got := show(heads)
			if failed != nil {
				got = told(failed)
			}
			if got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
			if failed != nil && heads != nil {
				t.Error("the store was asked")
			}
		})
	}
}

// TestInvalid has what the client is told of the check that the store names.
func TestInvalid(t *testing.T) {
	kept := map[string]any{"id": "s", "data": map[string]any{"notes": map[string]any{"connect": []any{"a", "b"}}}}
	note := map[string]any{"id": "n", "data": map[string]any{"text": "yes"}}
	for _, tt := range []struct {
		name, field string
		args        map[string]any
		err         store.WriteError
		want        string
	}{
		{"first check left", "partialUpdateNote", note, store.WriteError{Why: store.Invalid, Kid: -1, Check: 0}, "[k data]: upside down"},
		{"second check left", "partialUpdateNote", note, store.WriteError{Why: store.Invalid, Kid: -1, Check: 1}, "[k data]: closed"},
		{"second kid", "partialUpdateShown", kept, store.WriteError{Why: store.Invalid, Kid: 1, Check: 0}, "[k data notes]: one"},
		{"forbidden", "partialUpdateNote", note, store.WriteError{Why: store.Forbidden}, "[k]: not allowed, or a connected document does not exist"},
	} {
		_, failed := mutate(t, &recorder{err: &tt.err}, "ann", tt.field, tt.args)
		if failed == nil {
			t.Errorf("%s: no error", tt.name)
			continue
		}
		if got := told(failed); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}
