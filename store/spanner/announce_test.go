package spanner_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"cloud.google.com/go/spanner/apiv1/spannerpb"
	"google.golang.org/grpc"

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

// What is written between the fill and the version is in the new column too: a
// value that was taken away does not come back.
func TestFillMeanwhile(t *testing.T) {
	w := newWorld(t)
	w.create(w.doc, "kept", "title", "kept", "n", int64(1))
	w.create(w.doc, "erased", "title", "erased", "n", int64(2))
	w.create(w.doc, "changed", "title", "changed", "n", int64(3))
	n := w.doc.FieldNamed("n").Field
	add(w.doc, "m", rules.String)
	m := w.doc.FieldNamed("m")
	var wrote bool
	meanwhile := func(ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
		err := invoke(ctx, method, req, reply, cc, opts...)
		commit, ok := req.(*spannerpb.CommitRequest)
		if !ok || wrote || len(commit.Mutations) == 0 || commit.Mutations[0].GetUpdate().GetTable() != w.doc.Table {
			return err
		}
		wrote = true
		later := time.Now().UnixMicro()
		imported := w.insert(w.doc, "imported", "title", "imported", "n", int64(5))
		imported.TS = 7
		erased, changed := w.change("erased", rules.True, "n", nil), w.change("changed", rules.True, "n", int64(4))
		erased.Guard, erased.Readable, changed.Guard, changed.Readable = rules.True, rules.True, rules.True, rules.True
		out, werr := w.db.Write(t.Context(), &store.Mutation{Version: w.version, Now: later, Heads: []store.Head{erased, changed, imported}})
		if werr != nil || !out.Results[0].Hit || !out.Results[1].Hit {
			t.Errorf("write meanwhile: %v", werr)
		}
		return err
	}
	deployer := open(t, w.name, spanner.Options{Dial: []grpc.DialOption{grpc.WithChainUnaryInterceptor(meanwhile)}})
	convert := func(v rules.Value) rules.Value {
		out := rules.Value{Kind: rules.String}
		if v.V != nil {
			out.V = fmt.Sprint(v.V)
		}
		return out
	}
	_, err := deployer.Deploy(t.Context(), &store.Migration{From: w.version, SDL: "second", Steps: []schema.Step{
		{Kind: schema.AddColumn, Collection: w.doc, Field: m}, {Kind: schema.Fill, Collection: w.doc, From: n, Column: m.Field, Convert: convert}}})
	if err != nil || !wrote {
		t.Fatalf("wrote meanwhile %t: %v", wrote, err)
	}
	w.version++
	for id, want := range map[string]string{"kept": `["1"]`, "erased": `[null]`, "changed": `["4"]`, "imported": `["5"]`} {
		if got := w.values(w.doc, id, "m"); got != want {
			t.Errorf("%s: %s, want %s", id, got, want)
		}
	}
}
