package spanner_test

import (
	"testing"
	"time"

	"flora.dev/flora/rules"
	"flora.dev/flora/schema"
	"flora.dev/flora/store"
	"flora.dev/flora/store/spanner"
)

// While a deployment is announced, no create goes without a look at the version.
func TestAnnounced(t *testing.T) {
	w := newWorld(t)
	other := open(t, w.name, spanner.Options{Dial: w.calls.dial()})
	create := func(what, id, calls string) {
		t.Helper()
		if _, err := other.Notes(t.Context(), 0); err != nil {
			t.Fatal(err)
		}
		w.calls.take()
		if _, err := other.Write(t.Context(), &store.Mutation{Version: w.version, Now: now, Heads: []store.Head{w.insert(w.team, id, "name", id)}}); err != nil {
			t.Fatal(err)
		}
		w.wantCalls(what, calls)
	}
	create("before", "a", commit)
	note := func(value string, until time.Time) {
		t.Helper()
		if _, err := w.db.Note(t.Context(), nil, store.Note{Name: "deploying", Value: value, Until: until.UnixMicro()}); err != nil {
			t.Fatal(err)
		}
	}
	note("1", time.Now().Add(time.Hour))
	create("announced", "b", query+" "+commit)
	note("", time.Time{})
	create("over", "c", commit)
	note("1", time.Now().Add(-time.Minute))
	create("announced too long ago", "d", commit)
}

// A deployment that fills columns is announced and waits; one that adds is not.
func TestDeployAnnounces(t *testing.T) {
	w := newWorld(t)
	before, err := w.db.Notes(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	patient := open(t, w.name, spanner.Options{Settle: time.Millisecond})
	deploy := func(what string, changes int64, s schema.Step) {
		t.Helper()
		if _, err := patient.Deploy(t.Context(), &store.Migration{From: w.version, SDL: what, Steps: []schema.Step{s}}); err != nil {
			t.Fatal(err)
		}
		w.version++
		after, err := w.db.Notes(t.Context(), 0)
		if err != nil {
			t.Fatal(err)
		}
		if n := after.Revision - before.Revision; n != changes {
			t.Errorf("%s: %d changes of notes, want %d", what, n, changes)
		}
		before = after
	}
	add(w.team, "extra", rules.String)
	extra := w.team.FieldNamed("extra")
	deploy("add", 0, schema.Step{Kind: schema.AddColumn, Collection: w.team, Field: extra})
	fill := schema.Step{Kind: schema.Fill, Collection: w.team, Column: extra.Field, Value: rules.Value{Kind: rules.String, V: "x"}}
	deploy("fill", 2, fill)
	if got := w.values(w.team, "blue", "extra"); got != `["x"]` {
		t.Errorf("filled: %s", got)
	}
}
