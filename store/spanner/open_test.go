package spanner_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"flora.dev/flora/rules"
	"flora.dev/flora/schema"
	"flora.dev/flora/store"
	"flora.dev/flora/store/spanner"
	"flora.dev/flora/store/spanner/emulator"
)

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	host := emulator.Host(t)
	for _, c := range []struct {
		name, database, host string
		want                 string
		is                   error
	}{
		{"another form", "projects/p/databases/d", host, "want spanner:projects/P/instances/I/databases/D", nil},
		{"no database", emulator.Name(t), host, "no such database", nil},
		{"no instance", "projects/p/instances/none/databases/d", host, "no such database", nil},
		{"unreachable", "projects/p/instances/i/databases/d", "127.0.0.1:1", "no answer from the emulator at 127.0.0.1:1", store.ErrUnavailable},
	} {
		started := time.Now()
		db, err := spanner.Open(t.Context(), c.database, spanner.Options{Emulator: c.host, Connect: time.Second})
		if err == nil {
			db.Close()
			t.Errorf("%s: no error", c.name)
			continue
		}
		if !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v, want one line with %q", c.name, err, c.want)
		}
		if c.is != nil && !errors.Is(err, c.is) {
			t.Errorf("%s: %v is not %v", c.name, err, c.is)
		}
		if d := time.Since(started); d > 5*time.Second {
			t.Errorf("%s: took %s", c.name, d)
		}
	}
}

func TestOpenCreates(t *testing.T) {
	t.Parallel()
	name := emulator.Name(t)
	for range 2 { // the second finds what the first made
		db := open(t, name, spanner.Options{Create: true})
		if _, err := db.Deployed(t.Context()); !errors.Is(err, store.ErrNoSchema) {
			t.Errorf("empty database: %v", err)
		}
	}
}

func TestDeploy(t *testing.T) {
	w := newWorld(t)
	first, err := w.db.Deployed(t.Context())
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

func TestDeployBlamesStep(t *testing.T) {
	w := newWorld(t)
	w.create(w.doc, "d3", "title", "three", "n", int64(1))
	extra := add(w.doc, "extra", rules.String)
	unique := &schema.Unique{Name: "Doc_n", Fields: []*schema.Field{w.doc.Fields[2]}}
	steps := []schema.Step{
		{Kind: schema.AddColumn, Collection: w.doc, Field: w.doc.Fields[len(w.doc.Fields)-1]},
		{Kind: schema.CreateUnique, Collection: w.doc, Unique: unique},
		{Kind: schema.CreateIndex, Collection: w.doc, Index: &schema.Index{Name: "Doc_day", Fields: []*schema.Field{w.doc.Fields[5]}}},
	}
	_, err := w.db.Deploy(t.Context(), &store.Migration{From: 1, SDL: "second", Steps: steps})
	var failed *store.StepError
	if !errors.As(err, &failed) {
		t.Fatalf("unique index over equal values: %v", err)
	}
	if failed.Step.Kind != schema.CreateUnique {
		t.Errorf("blamed step of kind %d: %v", failed.Step.Kind, err)
	}
	if d, err := w.db.Deployed(t.Context()); err != nil || d.Version != 1 {
		t.Errorf("deployed %+v, %v, want still version 1", d, err)
	}
	_ = extra

	// With the values corrected the same deployment goes through.
	w.mustWrite(w.remove(w.doc, "d3"))
	if _, err := w.db.Deploy(t.Context(), &store.Migration{From: 1, SDL: "second", Steps: steps}); err != nil {
		t.Errorf("again: %v", err)
	}
}
