package spanner_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"flora.dev/flora/rules"
	"flora.dev/flora/schema"
	"flora.dev/flora/store"
	"flora.dev/flora/store/spanner"
	"flora.dev/flora/store/spanner/emulator"
	"github.com/google/go-cmp/cmp"
)

func TestDeploy(t *testing.T) {
	w := newWorld(t)
	first, err := w.db.Deployed(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	if first.Version != 1 || first.SDL != "first" || len(first.Secret) != 32 || bytes.Equal(first.Secret, make([]byte, 32)) {
		t.Errorf("deployed %+v", first)
	}
	for _, from := range []int64{0, 2} {
		if _, err := w.db.Deploy(t.Context(), &store.Migration{From: from}); !errors.Is(err, store.ErrStale) {
			t.Errorf("deploy from %d: %v", from, err)
		}
	}
	fresh := open(t, emulator.Database(t), spanner.Options{})
	if _, err := fresh.Deploy(t.Context(), &store.Migration{From: 1}); !errors.Is(err, store.ErrStale) {
		t.Errorf("deploy from 1 on an empty store: %v", err)
	}

	second, err := w.db.Deploy(t.Context(), &store.Migration{From: 1, Reset: true, SDL: "second", Steps: w.steps()})
	if err != nil {
		t.Fatal(err)
	}
	if second.Version != 2 || second.SDL != "second" || !bytes.Equal(second.Secret, first.Secret) {
		t.Errorf("after a reset: %+v, want version 2 with the secret of version 1", second)
	}
	if got := w.values(w.doc, "d1", "_id"); got != "null" {
		t.Errorf("a document outlived the reset: %s", got)
	}
}

// A database that has not all system tables of now gets them when it is deployed to.
func TestDeployOlder(t *testing.T) {
	db := open(t, emulator.Database(t,
		"CREATE TABLE flora_meta (name STRING(128) NOT NULL, value BYTES(64) NOT NULL) PRIMARY KEY (name)",
		"CREATE TABLE flora_schema (version INT64 NOT NULL, sdl STRING(MAX) NOT NULL, created INT64 NOT NULL) PRIMARY KEY (version)"), spanner.Options{})
	team := collection("Team")
	add(team, "name", rules.String)
	d, err := db.Deploy(t.Context(), &store.Migration{SDL: "x", Steps: []schema.Step{{Kind: schema.CreateTable, Collection: team}}})
	if err != nil {
		t.Fatal(err)
	}
	if n, err := db.Note(t.Context(), nil, store.Note{Name: "a", Value: "1"}); err != nil || n != 1 {
		t.Errorf("note: %d, %v", n, err)
	}
	w := &world{t: t}
	for i := range 2 {
		out, err := db.Write(t.Context(), &store.Mutation{Version: d.Version, Now: now, Once: &store.Once{}, Heads: []store.Head{w.insert(team, "a", "name", "A")}})
		if err != nil || out.Repeated != (i == 1) {
			t.Errorf("write %d: %+v, %v", i, out, err)
		}
	}
}

// A database that was deployed to before there were notes has none.
func TestNotesOlder(t *testing.T) {
	w := newWorld(t)
	emulator.Alter(t, w.name, "DROP INDEX flora_note_name", "DROP TABLE flora_note")
	n, err := w.db.Notes(t.Context(), 7)
	if diff := cmp.Diff(&store.Notes{Version: 1, Revision: 7, Missing: true}, n); err != nil || diff != "" {
		t.Errorf("notes: %v %s", err, diff)
	}
	if _, err := w.db.Note(t.Context(), nil, store.Note{Name: "a", Value: "1"}); !errors.Is(err, store.ErrNoTable) {
		t.Errorf("note: %v", err)
	}
	if _, err := w.db.Deploy(t.Context(), &store.Migration{From: 1, SDL: "second"}); err != nil {
		t.Fatal(err)
	}
	if revision, err := w.db.Note(t.Context(), nil, store.Note{Name: "a", Value: "1"}); err != nil || revision != 1 {
		t.Errorf("note after a deployment: %d, %v", revision, err)
	}
	if n, err = w.db.Notes(t.Context(), 0); err != nil || n.Missing || len(n.Changed) != 1 || n.Version != 2 {
		t.Errorf("notes after a deployment: %+v, %v", n, err)
	}
}

// One that was deployed to before there was an audit has none: what would be
// written there is refused, and all else goes on.
func TestAuditOlder(t *testing.T) {
	w := newWorld(t)
	emulator.Alter(t, w.name, "DROP INDEX flora_audit_at", "DROP TABLE flora_audit")
	ask := &store.Query{Roots: []store.Select{{From: store.AuditObject, Var: 1, Where: rules.True, List: true, Limit: 1,
		Columns: []store.Column{{Value: rules.Col{Var: 1, Field: store.AuditObject.Field("action")}}}}}}
	entry := &store.Entry{Subject: "s", Action: "a", Detail: "{}"}
	if _, err := w.db.Read(t.Context(), ask); !errors.Is(err, store.ErrNoTable) {
		t.Errorf("read: %v", err)
	}
	if _, err := w.db.Note(t.Context(), entry, store.Note{Name: "a", Value: "1"}); !errors.Is(err, store.ErrNoTable) {
		t.Errorf("note: %v", err)
	}
	if n, err := w.db.Notes(t.Context(), 0); err != nil || n.Missing || len(n.Changed) > 0 {
		t.Errorf("notes: %+v, %v", n, err)
	}
	if _, err := w.db.Note(t.Context(), nil, store.Note{Name: "a", Value: "1"}); err != nil {
		t.Errorf("note without an entry: %v", err)
	}
	if _, err := w.db.Deploy(t.Context(), &store.Migration{From: 1, SDL: "second", Audit: entry}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.db.Note(t.Context(), entry, store.Note{Name: "b", Value: "1"}); err != nil {
		t.Errorf("note after a deployment: %v", err)
	}
	if rows, err := w.db.Read(t.Context(), ask); err != nil || rows.Roots[0] != `[[["a"]]]` {
		t.Errorf("read after a deployment: %+v, %v", rows, err)
	}
}

// growth is a deployment of all kinds of steps of which the one before the last
// fails while two documents have the same n.
func (w *world) growth() []schema.Step {
	note := collection("Note")
	ref(note, "doc", w.doc)
	add(note, "text", rules.String)
	kind := add(w.doc, "kind", rules.Enum)
	kind.TypeName, kind.Values = "Kind", []string{"A", "B"}
	ref(w.doc, "origin", w.team)
	field := func(name string) *schema.Field { return w.doc.FieldNamed(name) }
	index := func(c *schema.Collection, name string, f *schema.Field) schema.Step {
		return schema.Step{Kind: schema.CreateIndex, Collection: c, Index: &schema.Index{Name: name, Fields: []*schema.Field{f}}}
	}
	return []schema.Step{
		{Kind: schema.CreateTable, Collection: note},
		index(note, "Note_doc", note.Fields[0]),
		{Kind: schema.AddColumn, Collection: w.doc, Field: field("kind")},
		{Kind: schema.AddColumn, Collection: w.doc, Field: field("origin")},
		index(w.doc, "Doc_origin", field("origin")),
		index(w.doc, "Doc_day", field("day")),
		{Kind: schema.CreateUnique, Collection: w.doc, Unique: &schema.Unique{Name: "Doc_n", Fields: []*schema.Field{field("n")}}},
		index(w.doc, "Doc_due", field("due")),
	}
}

func TestDeployAgainAfterFailure(t *testing.T) {
	w := newWorld(t)
	w.create(w.doc, "d3", "title", "three", "n", int64(1))
	steps := w.growth()
	_, err := w.db.Deploy(t.Context(), &store.Migration{From: 1, SDL: "second", Steps: steps})
	var failed *store.StepError
	if !errors.As(err, &failed) {
		t.Fatalf("unique index over equal values: %v", err)
	}
	if failed.Step.Kind != schema.CreateUnique {
		t.Errorf("blamed %s: %v", failed.Step, err)
	}
	if d, err := w.db.Deployed(t.Context(), 0); err != nil || d.Version != 1 {
		t.Errorf("deployed %+v, %v, want still version 1", d, err)
	}

	// With the values corrected the same deployment goes through, over what the
	// first left behind. What belongs to version 1 stays.
	w.mustWrite(w.remove(w.doc, "d3"))
	if _, err := w.db.Deploy(t.Context(), &store.Migration{From: 1, SDL: "second", Steps: steps}); err != nil {
		t.Fatalf("again: %v", err)
	}
	if got := strip(w.values(w.doc, "d1", "title", "n", "team", "kind", "origin")); got != `["one",1,"blue",null,null]` {
		t.Errorf("document after two attempts: %s", got)
	}
	w.version = 2
	if _, err := w.write(w.change("d1", rules.True, "origin", "nowhere")); refusal(err) != store.Forbidden {
		t.Errorf("dangling reference in a new column: %v", err)
	}
	if _, err := w.write(w.change("d1", rules.True, "title", "two")); refusal(err) != store.Conflict {
		t.Errorf("unique value taken, index of version 1: %v", err)
	}
}

// A table that holds rows was not left by a deployment.
func TestDeployRefusesForeignTable(t *testing.T) {
	w := newWorld(t)
	fresh := open(t, emulator.Database(t), spanner.Options{})
	if _, err := fresh.Deploy(t.Context(), &store.Migration{SDL: "a", Steps: w.steps()}); err != nil {
		t.Fatal(err)
	}
	head := w.insert(w.team, "blue", "name", "Blue")
	if _, err := fresh.Write(t.Context(), &store.Mutation{Version: 1, Now: now, Heads: []store.Head{head}}); err != nil {
		t.Fatal(err)
	}
	_, err := fresh.Deploy(t.Context(), &store.Migration{From: 1, SDL: "b", Steps: w.steps()})
	if err == nil || !strings.Contains(err.Error(), "a table Team with rows") {
		t.Errorf("create a table that holds rows: %v", err)
	}
	if _, err := fresh.Write(t.Context(), &store.Mutation{Version: 1, Now: now, Heads: []store.Head{w.remove(w.team, "blue")}}); err != nil {
		t.Errorf("the table is gone: %v", err)
	}
}
