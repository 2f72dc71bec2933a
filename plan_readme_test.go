package main

import (
	"os"
	"strings"
	"testing"

	"flora.dev/flora/schema"
	"github.com/google/go-cmp/cmp"
)

// TestPlanOfReadme holds the plan that the README shows to what flora plan says.
func TestPlanOfReadme(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, shown, found := strings.Cut(string(readme), "$ flora plan notes.graphql --store sqlite:notes.db\n")
	shown, _, closed := strings.Cut(shown, "```\n")
	if !found || !closed {
		t.Fatal("the README shows no plan")
	}
	text := func(name string) []byte {
		b, err := os.ReadFile("testdata/plan/" + name)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	db := openMemory(t)
	(&deployCase{Before: string(text("deployed.graphql")), Given: map[string]any{}}).begin(t, db)
	next, err := schema.Load("notes.graphql", text("notes.graphql"))
	if err != nil {
		t.Fatal(err)
	}
	p, err := plan(t.Context(), db, next, false)
	if err != nil {
		t.Fatal(err)
	}
	r, err := p.review(t.Context(), db, look{})
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	r.print(&b)
	if diff := cmp.Diff(b.String(), shown); diff != "" {
		t.Errorf("flora plan says, the README shows (-want +got):\n%s", diff)
	}
}
