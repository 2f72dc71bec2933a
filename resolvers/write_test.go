package resolvers

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"flora.dev/flora/auth"
	"flora.dev/flora/graph"
	"flora.dev/flora/rules"
	"flora.dev/flora/schema"
	"flora.dev/flora/store"
	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the plans anew")

// planner runs operations on the world writes up to the store, which keeps what
// it was given and refuses it.
func planner(t *testing.T, opts Options) (*graph.Executor, *recorder) {
	t.Helper()
	text, err := os.ReadFile("../testdata/worlds/writes/schema.graphql")
	if err != nil {
		t.Fatal(err)
	}
	model, err := schema.Load("schema.graphql", text)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	opts.NewID = func() string { n++; return fmt.Sprintf("new-%d", n) }
	opts.Now = func() time.Time { return time.UnixMicro(5) }
	db := &recorder{err: &store.WriteError{Why: store.Conflict}}
	r, err := New(db, bytes.Repeat([]byte{1}, 32), opts)
	if err != nil {
		t.Fatal(err)
	}
	e := graph.NewExecutor(graph.Options{Resolver: r})
	e.Publish(&graph.Version{Number: 1, Schema: model})
	return e, db
}

func plans(t *testing.T, e *graph.Executor, db *recorder, sub, operation string) string {
	t.Helper()
	db.heads = nil
	ctx := t.Context()
	if sub != "" {
		ctx = auth.With(ctx, &auth.Identity{ID: sub, Issuer: "i", Subject: sub, Claims: map[string]any{}})
	}
	answer := e.Do(ctx, graph.Request{Query: operation})
	if db.heads == nil {
		return string(answer.Body) + "\n"
	}
	var b strings.Builder
	describe(&b, "", db.heads)
	return b.String()
}

// describe prints heads: what each writes and what it asks.
func describe(b *strings.Builder, indent string, heads []store.Head) {
	kinds := []string{"insert", "update", "delete", "link", "unlink"}
	for _, h := range heads {
		if len(h.Before) > 0 {
			describe(b, indent+"  before ", h.Before)
		}
		fmt.Fprintf(b, "%s%s %s/%s", indent, kinds[h.Kind], h.Table.Name, h.ID)
		for _, a := range h.Set {
			if v, ok := a.Value.(rules.Val); h.Kind == store.Insert && ok && v.Value.Null() {
				continue
			}
			fmt.Fprintf(b, " %s=%s", a.Field.Name, rules.Print(rules.Test{X: a.Value}))
		}
		b.WriteString("\n")
		line := func(name string, p rules.Pred) {
			if p != nil {
				fmt.Fprintf(b, "%s  %s %s\n", indent, name, rules.Print(p))
			}
		}
		line("match", h.Match)
		line("key", h.Key)
		line("guard", h.Guard)
		for _, c := range h.Checks {
			line("check", c)
		}
		if h.Version != nil {
			fmt.Fprintf(b, "%s  version %d\n", indent, *h.Version)
		}
		if h.Else != nil {
			describe(b, indent+"  else ", []store.Head{*h.Else})
		}
		describe(b, indent+"  then ", h.Kids)
	}
}

// TestWritePlan has what operations ask of the store, or answer without it:
// testdata/writes.txt has each operation, indented, and below it the plan.
func TestWritePlan(t *testing.T) {
	const file = "testdata/writes.txt"
	e, db := planner(t, Options{MaxWrite: 6, MaxPage: 8})
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	for line := range strings.Lines(string(text)) {
		switch sub, operation, ok := strings.Cut(strings.TrimSpace(line), ": mutation "); {
		case strings.HasPrefix(line, "#"):
			got.WriteString("\n" + line)
		case ok && !strings.HasPrefix(line, "{"):
			got.WriteString(line + plans(t, e, db, strings.TrimPrefix(sub, "nobody"), "mutation "+operation))
		}
	}
	if *update {
		if err := os.WriteFile(file, []byte(strings.TrimPrefix(got.String(), "\n")), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(string(text), strings.TrimPrefix(got.String(), "\n")); diff != "" && !*update {
		t.Errorf("plans differ (-want +got):\n%s", diff)
	}
}

// TestSize: what could be larger than a commit is refused, whatever is stored.
func TestSize(t *testing.T) {
	e, db := planner(t, Options{MaxWrite: 20_000})
	for _, tt := range []struct {
		name, operation string
		fits            bool
	}{
		{"a field", `mutation { updateTasks(where: { points: { gt: 1 } }, data: { title: "x" }) { count } }`, true},
		{"three of them", `mutation { updateTasks(where: { points: { gt: 1 } }, data: { title: "x", state: "y", points: 1 }) { count } }`, true},
		{"four", `mutation { updateTasks(where: { points: { gt: 1 } }, data: { title: "x", state: "y", points: 1, score: 1 }) { count } }`, false},
		{"a field in an index", `mutation { updateTasks(where: { points: { gt: 1 } }, data: { code: "x" }) { count } }`, true},
		{"and another", `mutation { updateTasks(where: { points: { gt: 1 } }, data: { code: "x", title: "x" }) { count } }`, false},
		{"two fields of the operation", `mutation { a: updateTasks(where: { points: { gt: 1 } }, data: { title: "x" }) { count } b: updateTasks(where: { points: { gt: 1 } }, data: { title: "x", state: "y" }) { count } }`, false},
	} {
		got := plans(t, e, db, "ada", tt.operation)
		if fits := !strings.Contains(got, graph.LimitExceeded); fits != tt.fits {
			t.Errorf("%s: fits = %t: %s", tt.name, fits, got)
		}
	}
}
