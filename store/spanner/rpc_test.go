package spanner_test

import (
	"errors"
	"testing"

	"flora.dev/flora/rules"
	"flora.dev/flora/store"
)

// What one operation costs, in RPCs.
const (
	query    = "ExecuteStreamingSql"
	batch    = "ExecuteBatchDml"
	commit   = "Commit"
	rollback = "Rollback"
)

func refusal(err error) store.Refusal {
	var w *store.WriteError
	if errors.As(err, &w) {
		return w.Why
	}
	return 0
}

func TestReadIsOneCall(t *testing.T) {
	w := newWorld(t)
	nested := func(v rules.Var) store.Select {
		members := store.Select{From: w.member.Object, Var: v + 2, List: true, Limit: 5,
			Where:   eq(col(v+2, w.member, "team"), col(v+1, w.team, "_id")),
			Columns: []store.Column{{Value: col(v+2, w.member, "user")}}}
		team := store.Select{From: w.team.Object, Var: v + 1, One: true, Where: eq(col(v+1, w.team, "_id"), col(v, w.doc, "team")),
			Columns: []store.Column{{Value: col(v+1, w.team, "name")}, {Nested: &members}}}
		return store.Select{From: w.doc.Object, Var: v, Where: w.reads(v, "alice"), List: true, Total: true, Limit: 10,
			Columns: []store.Column{{Value: col(v, w.doc, "title")}, {Nested: &team}}}
	}
	rows, err := w.db.Read(t.Context(), &store.Query{Roots: []store.Select{nested(10), nested(20)}})
	if err != nil {
		t.Fatal(err)
	}
	w.wantCalls("three levels, two roots", query)
	want := `[1,[["one",["Blue",[[["alice"]]]]]]]`
	if strip(rows.Roots[0]) != want || strip(rows.Roots[1]) != want {
		t.Errorf("roots %q, want twice %s", rows.Roots, want)
	}
	if rows.Version != w.version {
		t.Errorf("version %d, want %d", rows.Version, w.version)
	}
}

func TestNotesAreOneCall(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct{ name, value, calls string }{{"put", "1", query + " " + commit}, {"the same", "1", query + " " + commit}, {"withdraw", "", query + " " + commit}} {
		if _, err := w.db.Note(t.Context(), nil, store.Note{Name: "a", Value: c.value}); err != nil {
			t.Fatal(err)
		}
		w.wantCalls(c.name, c.calls)
	}
	for _, since := range []int64{0, 2} {
		if _, err := w.db.Notes(t.Context(), since); err != nil {
			t.Fatal(err)
		}
		w.wantCalls("notes", query)
	}
}

func TestCallsOfOneHead(t *testing.T) {
	w := newWorld(t)
	guarded := w.insert(w.doc, "g1", "title", "g1")
	guarded.Guard = rules.One{From: val(rules.Ref, "blue"), Target: w.team.Object, Var: 5, Domain: rules.True, Body: rules.True}
	refused := w.insert(w.doc, "g2", "title", "g2")
	refused.Guard = rules.One{From: val(rules.Ref, "none"), Target: w.team.Object, Var: 5, Domain: rules.True, Body: rules.True}
	checked, invalid := w.insert(w.doc, "g3", "title", "g3"), w.insert(w.doc, "g4", "title", "g4")
	checked.Checks, invalid.Checks = []rules.Pred{guarded.Guard}, []rules.Pred{guarded.Guard, refused.Guard}
	checkedUpdate, invalidUpdate := w.change("d1", rules.True, "n", int64(9)), w.change("d1", rules.True, "n", int64(9))
	checkedUpdate.Checks, invalidUpdate.Checks = checked.Checks, invalid.Checks
	refusedDelete, hiddenDelete := w.remove(w.doc, "d1"), w.remove(w.doc, "d2")
	refusedDelete.Guard = eq(col(rules.Old, w.doc, "n"), val(rules.Long, int64(-1)))
	hiddenDelete.Guard = w.reads(rules.Old, "alice")
	hiddenDelete.Readable = w.reads(rules.Old, "alice")
	required := w.change("d2", rules.True, "n", int64(9))
	required.Required = true
	for _, c := range []struct {
		name, calls string
		head        store.Head
		why         store.Refusal
		want        store.Result
	}{
		{"blind create, echo", commit,
			answering(w.doc, w.insert(w.doc, "b1", "title", "b1"), true, "_id", "title", "n", "_ts"), 0,
			store.Result{Hit: true, Answer: `["b1","b1",null,1700000000000000]`}},
		{"blind create, no answer", commit, w.insert(w.doc, "b2", "title", "b2"), 0, store.Result{Hit: true}},
		{"blind create, answer read", commit + " " + query,
			answering(w.doc, w.insert(w.doc, "b3", "title", "b3"), false, "title"), 0,
			store.Result{Hit: true, Answer: `["b3"]`}},
		{"guarded create, echo", query + " " + commit, answering(w.doc, guarded, true, "title"), 0,
			store.Result{Hit: true, Answer: `["g1"]`}},
		{"guarded create, FORBIDDEN", query + " " + query + " " + rollback, answering(w.doc, refused, true, "title"), store.Forbidden, store.Result{}},
		{"checked create, echo", query + " " + commit, answering(w.doc, checked, true, "title"), 0,
			store.Result{Hit: true, Answer: `["g3"]`}},
		{"checked create, BAD_USER_INPUT", query + " " + query + " " + rollback, answering(w.doc, invalid, true, "title"), store.Invalid, store.Result{}},
		{"checked update, echo", query + " " + commit, answering(w.doc, checkedUpdate, true, "title"), 0,
			store.Result{Hit: true, Answer: `["one"]`}},
		{"checked update, BAD_USER_INPUT", query + " " + query + " " + rollback, invalidUpdate, store.Invalid, store.Result{}},
		{"update, echo", query + " " + commit, answering(w.doc, w.change("d1", rules.True, "n", int64(7)), true, "n", "title"), 0,
			store.Result{Hit: true, Answer: `[7,"one"]`}},
		{"update, answer read", query + " " + commit + " " + query, answering(w.doc, w.change("d1", rules.True, "n", int64(8)), false, "n"), 0,
			store.Result{Hit: true, Answer: `[8]`}},
		{"update, FORBIDDEN", query + " " + query + " " + rollback, w.change("d1", eq(col(rules.Old, w.doc, "n"), val(rules.Long, int64(-1))), "n", int64(9)), store.Forbidden, store.Result{}},
		{"update of a hidden document, null", query + " " + query + " " + rollback, w.change("d2", rules.True, "n", int64(9)), 0, store.Result{}},
		{"update of a hidden document, required", query + " " + query + " " + rollback, required, store.Forbidden, store.Result{}},
		{"update of a missing document, null", query + " " + query + " " + rollback, answering(w.doc, w.change("d0", rules.True, "n", int64(9)), true, "n"), 0, store.Result{}},
		{"delete, answer read first", query + " " + query + " " + commit, answering(w.doc, w.remove(w.doc, "b1"), false, "title"), 0,
			store.Result{Hit: true, Answer: `["b1"]`}},
		{"delete, echo", query + " " + commit, answering(w.doc, w.remove(w.doc, "b2"), true, "title"), 0,
			store.Result{Hit: true, Answer: `["b2"]`}},
		{"delete of a missing document, answer read first", query + " " + rollback, answering(w.doc, w.remove(w.doc, "b2"), false, "title"), 0, store.Result{}},
		{"delete, answer read first, FORBIDDEN", query + " " + rollback, answering(w.doc, refusedDelete, false, "title"), store.Forbidden, store.Result{}},
		{"delete, echo, FORBIDDEN", query + " " + query + " " + rollback, answering(w.doc, refusedDelete, true, "title"), store.Forbidden, store.Result{}},
		{"delete of a hidden document", query + " " + rollback, answering(w.doc, hiddenDelete, false, "title"), 0, store.Result{}},
	} {
		out, err := w.write(c.head)
		w.wantCalls(c.name, c.calls)
		if refusal(err) != c.why || err != nil && c.why == 0 {
			t.Errorf("%s: error %v, want refusal %d", c.name, err, c.why)
			continue
		}
		if c.why != 0 {
			continue
		}
		got := out.Results[0]
		got.Answer = strip(got.Answer)
		if got != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
		if (out.CommitTime != 0) != got.Hit {
			t.Errorf("%s: commit time %d with %+v", c.name, out.CommitTime, got)
		}
	}
}

func TestCallsOfSeveralHeads(t *testing.T) {
	w := newWorld(t)
	out := w.mustWrite(
		answering(w.doc, w.insert(w.doc, "s1", "title", "s1"), true, "title"),
		answering(w.doc, w.change("d1", rules.True, "n", int64(5)), true, "n"),
		answering(w.doc, w.change("d1", rules.True, "title", "uno"), true, "title", "n"))
	w.wantCalls("a create and two updates", batch+" "+commit+" "+query)
	for i, want := range []string{`["s1"]`, `[5]`, `["uno",5]`} {
		if got := strip(out.Results[i].Answer); got != want {
			t.Errorf("answer %d: %s, want %s", i, got, want)
		}
	}
	w.mustWrite(w.insert(w.doc, "s2", "title", "s2"), w.insert(w.doc, "s3", "title", "s3"), w.insert(w.doc, "s4", "title", "s4"))
	w.wantCalls("three blind creates", commit)
	w.mustWrite(w.change("d1", rules.True, "n", int64(6)), w.change("d1", rules.True, "n", int64(7)), w.remove(w.doc, "s2"))
	w.wantCalls("three without answers", batch+" "+commit)
	out = w.mustWrite(w.change("d1", rules.True, "n", int64(6)), answering(w.doc, w.remove(w.doc, "s3"), true, "title"))
	w.wantCalls("a delete with its answer", query+" "+batch+" "+commit)
	if got := strip(out.Results[1].Answer); got != `["s3"]` {
		t.Errorf("answer of the delete: %s", got)
	}
	w.mustWrite(w.change("d1", rules.True, "n", int64(6)), w.change("d2", rules.True, "n", int64(6)))
	w.wantCalls("the last is null", batch+" "+query+" "+commit)
	w.mustWrite(w.change("d2", rules.True, "n", int64(6)), w.change("d1", rules.True, "n", int64(6)))
	w.wantCalls("the first is null", batch+" "+rollback+" "+query+" "+query+" "+query+" "+commit)
}
