package spanner_test

import (
	"testing"

	"flora.dev/flora/rules"
	"flora.dev/flora/store"
)

// TestCallsOfOtherHeads counts what the heads cost that are not one guarded
// statement on one document.
func TestCallsOfOtherHeads(t *testing.T) {
	w := newWorld(t)
	mine := w.reads(rules.Old, "alice")
	never := eq(col(rules.Old, w.doc, "n"), val(rules.Long, int64(-1)))
	bulk := func(h store.Head, match, guard rules.Pred) store.Head {
		h.ID, h.Match, h.Guard, h.Readable = "", rules.And{match, mine}, guard, mine
		return h
	}
	listing := func(h store.Head) store.Head {
		h.Answer = &store.Select{From: w.doc.Object, Var: 10, List: true, Limit: 100, Where: rules.True, After: rules.True,
			Columns: []store.Column{{Value: col(10, w.doc, "_id")}}}
		return h
	}
	upsert := func(title, id string, update, create rules.Pred) store.Head {
		made := w.insert(w.doc, id, "title", title, "team", "blue")
		made.Guard = create
		h := store.Head{Kind: store.Update, Table: w.doc.Object, Set: set(w.doc, "n", int64(4)), Guard: rules.And{mine, update}, Readable: mine,
			Key: eq(col(rules.Old, w.doc, "title"), val(rules.String, title)), Else: &made}
		return h
	}
	showing := func(h store.Head) store.Head {
		h.Answer = &store.Select{From: w.doc.Object, Var: 10, One: true, Where: rules.True, Columns: []store.Column{{Value: col(10, w.doc, "_id")}}}
		return h
	}
	version := func(v int64, h store.Head) store.Head {
		h.Version = &v
		return h
	}
	all := rules.NotNull{X: col(rules.Old, w.doc, "title")}
	w.doc.Object.Field("team").OnDelete, w.member.Object.Field("team").OnDelete = rules.Cascade, rules.Cascade
	cascade := func(id string) store.Head {
		h := w.remove(w.team, id)
		h.Referrers = []*rules.Field{w.doc.Object.Field("team"), w.member.Object.Field("team")}
		return h
	}
	refused := cascade("blue")
	refused.Guard = rules.False
	w.create(w.doc, "d3", "team", "blue", "title", "three", "n", int64(3))
	w.calls.take()
	for _, c := range []struct {
		name, calls string
		head        store.Head
		why         store.Refusal
		want        store.Result
	}{
		{"bulk update", query + " " + commit, bulk(w.change("", rules.True, "n", int64(5)), all, rules.True), 0, store.Result{Hit: true, Count: 2}},
		{"bulk update, answer", query + " " + commit + " " + query, listing(bulk(w.change("", rules.True, "n", int64(6)), all, rules.True)), 0,
			store.Result{Hit: true, Count: 2, Answer: `[[["d1"],["d3"]]]`}},
		{"bulk update of nothing", query + " " + query + " " + rollback, listing(bulk(w.change("", rules.True, "n", int64(6)), never, rules.True)), 0,
			store.Result{Hit: true, Answer: `[[]]`}},
		{"bulk update, FORBIDDEN", query + " " + query + " " + rollback, bulk(w.change("", rules.True, "n", int64(6)), all, never), store.Forbidden, store.Result{}},
		{"upsert that updates", query + " " + commit, upsert("one", "x1", rules.True, rules.True), 0, store.Result{Hit: true}},
		{"upsert that inserts", query + " " + query + " " + commit, upsert("new", "x1", rules.True, rules.True), 0, store.Result{Hit: true}},
		{"upsert, answer", query + " " + commit + " " + query, showing(upsert("new", "x2", rules.True, rules.True)), 0, store.Result{Hit: true, Answer: `["x1"]`}},
		{"upsert, FORBIDDEN", query + " " + query + " " + query + " " + rollback, upsert("one", "x2", never, rules.True), store.Forbidden, store.Result{}},
		{"upsert, hidden", query + " " + query + " " + query + " " + rollback, upsert("two", "x2", rules.True, rules.True), store.Conflict, store.Result{}},
		{"same version", query + " " + commit, version(now+2, w.change("d3", rules.True, "n", int64(1))), 0, store.Result{Hit: true}},
		{"another version", query + " " + query + " " + rollback, version(now-1, w.change("d3", rules.True, "title", "drei")), store.VersionMismatch, store.Result{}},
		{"another version, delete", query + " " + query + " " + rollback, version(1, w.remove(w.doc, "d3")), store.VersionMismatch, store.Result{}},
		{"another version, delete, answer read first", query + " " + rollback, version(1, answering(w.doc, w.remove(w.doc, "d3"), false, "title")), store.VersionMismatch, store.Result{}},
		{"bulk delete", query + " " + commit, bulk(w.remove(w.doc, ""), eq(col(rules.Old, w.doc, "title"), val(rules.String, "new")), rules.True), 0, store.Result{Hit: true, Count: 1}},
		{"cascade, FORBIDDEN", query + " " + rollback, refused, store.Forbidden, store.Result{}},
		{"cascade", query + " " + batch + " " + commit, answering(w.team, cascade("blue"), true, "name"), 0, store.Result{Hit: true, Answer: `["Blue"]`}},
		{"cascade of a missing document", query + " " + rollback, cascade("blue"), 0, store.Result{}},
		{"bulk delete of nothing, answer", query + " " + rollback, listing(bulk(w.remove(w.doc, ""), never, rules.True)), 0, store.Result{Hit: true, Answer: `[[]]`}},
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
	}
}

// TestCallsOnce counts what remembering an outcome costs: one read.
func TestCallsOnce(t *testing.T) {
	w := newWorld(t)
	once := &store.Once{Key: [32]byte{1}, Request: [32]byte{2}}
	send := func(name, calls string, heads ...store.Head) {
		t.Helper()
		if _, err := w.db.Write(t.Context(), &store.Mutation{Version: w.version, Now: now, Heads: heads, Once: once}); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		w.wantCalls(name, calls)
	}
	update := answering(w.doc, w.change("d1", rules.True, "n", int64(7)), true, "n")
	send("update", query+" "+query+" "+commit, update)
	send("again", query+" "+rollback+" "+query, update)
	once.Key[0] = 2
	send("create", query+" "+query+" "+commit, answering(w.doc, w.insert(w.doc, "b1", "title", "b1"), true, "title"))
	once.Key[0] = 3
	heads := []store.Head{w.change("d1", rules.True, "n", int64(7)), w.change("d1", rules.True, "n", int64(8))}
	send("two", query+" "+batch+" "+commit, heads...)
	send("two again", query+" "+rollback, heads...)
	once.Key[0] = 4
	send("miss", query+" "+query+" "+query+" "+commit, w.change("d2", rules.True, "n", int64(9)))
	send("miss again", query+" "+rollback, w.change("d2", rules.True, "n", int64(9)))
}
