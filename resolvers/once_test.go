package resolvers

import (
	"regexp"
	"strings"
	"testing"

	"flora.dev/flora/auth"
	"flora.dev/flora/graph"
	"flora.dev/flora/store"
	"github.com/google/go-cmp/cmp"
)

// TestOnce has what makes two mutations one: who asks, the key, and what is asked.
func TestOnce(t *testing.T) {
	e, db := planner(t, Options{})
	db.err = nil
	db.out = &store.Outcome{Results: make([]store.Result, 2), Repeated: true, CommitTime: 1}
	type asked struct {
		once *store.Once
		ids  []string
	}
	ask := func(id *auth.Identity, key, text string) (asked, string) {
		db.once, db.heads = nil, nil
		answer := e.Do(auth.With(t.Context(), id), graph.Request{RetryKey: key,
			Query: `mutation { createNotes(data: [{ text: "` + text + `" }, { text: "b" }]) { count } }`})
		a := asked{once: db.once}
		for _, h := range db.heads {
			a.ids = append(a.ids, h.ID)
		}
		return a, string(answer.Body)
	}
	ada := &auth.Identity{ID: "ada", Issuer: "i", Subject: "ada", Claims: map[string]any{}}
	first, body := ask(ada, "k", "a")
	uuid := regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	if len(first.ids) != 2 || first.ids[0] == first.ids[1] || !uuid.MatchString(first.ids[0]) {
		t.Errorf("ids %v", first.ids)
	}
	if first.once == nil || first.once.Since != 5-24*3600*1e6 {
		t.Errorf("once %+v", first.once)
	}
	if !strings.Contains(body, `"repeated":true`) {
		t.Errorf("answer %s", body)
	}
	if again, _ := ask(ada, "k", "a"); cmp.Diff(first.once, again.once) != "" || cmp.Diff(first.ids, again.ids) != "" {
		t.Errorf("again: %+v, first %+v", again, first)
	}
	if other, _ := ask(ada, "k", "x"); other.once.Key != first.once.Key || other.once.Request == first.once.Request {
		t.Errorf("another request: %+v", other)
	}
	for name, id := range map[string]*auth.Identity{
		"another key":     ada,
		"another subject": {ID: "bob", Issuer: "i", Subject: "bob"},
		"another issuer":  {ID: "ada", Issuer: "j", Subject: "ada"},
		"parts shifted":   {ID: "ada", Issuer: `i" "ada`, Subject: ""},
	} {
		key := "k"
		if name == "another key" {
			key = "l"
		}
		if other, _ := ask(id, key, "a"); other.once.Key == first.once.Key || other.ids[0] == first.ids[0] {
			t.Errorf("%s: the same", name)
		}
	}
	if a, body := ask(nil, "k", "a"); a.once != nil || !strings.Contains(body, graph.Unauthenticated) {
		t.Errorf("nobody: %s", body)
	}
	db.err = store.ErrReused
	if _, body := ask(ada, "k", "a"); !strings.Contains(body, graph.BadUserInput) {
		t.Errorf("reused: %s", body)
	}
	db.err = nil
	if a, _ := ask(ada, "", "a"); a.once != nil || a.ids[0] != "new-1" {
		t.Errorf("without a key: %+v", a)
	}
}
