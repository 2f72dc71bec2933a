package spanner_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"flora.dev/flora/rules"
	"flora.dev/flora/store"
	"flora.dev/flora/store/spanner"
	"flora.dev/flora/store/spanner/emulator"
)

// A probe after a batch is wrong both ways: what ran after the update changed
// what the caller can read.
func TestProbeSeesTheMomentOfItsHead(t *testing.T) {
	t.Run("hidden, then joined", func(t *testing.T) {
		w := newWorld(t)
		out := w.mustWrite(w.change("d2", rules.True, "n", int64(9)), w.insert(w.member, "m2", "team", "red", "user", "alice"))
		if out.Results[0].Hit || !out.Results[1].Hit {
			t.Errorf("results %+v, want a miss and a hit", out.Results)
		}
		if got := strip(w.values(w.doc, "d2", "n")); got != `[2]` {
			t.Errorf("hidden document became %s", got)
		}
		if got := w.values(w.member, "m2", "_id"); got == "null" {
			t.Error("the create after the miss did not commit")
		}
	})
	t.Run("joined, then updated", func(t *testing.T) {
		w := newWorld(t)
		out := w.mustWrite(w.insert(w.member, "m2", "team", "red", "user", "alice"), w.change("d2", rules.True, "n", int64(9)))
		if !out.Results[0].Hit || !out.Results[1].Hit {
			t.Errorf("results %+v, want two hits", out.Results)
		}
	})
	t.Run("readable but refused, then left", func(t *testing.T) {
		w := newWorld(t)
		never := eq(col(rules.Old, w.doc, "n"), val(rules.Long, int64(-1)))
		_, err := w.write(w.change("d1", never, "n", int64(9)), w.remove(w.member, "m1"))
		var refused *store.WriteError
		if !errors.As(err, &refused) || refused.Why != store.Forbidden || refused.Head != 0 {
			t.Errorf("error %v, want head 0 forbidden", err)
		}
		if w.values(w.member, "m1", "_id") == "null" {
			t.Error("the delete after the refusal was committed")
		}
	})
	t.Run("left, then updated", func(t *testing.T) {
		w := newWorld(t)
		out := w.mustWrite(w.remove(w.member, "m1"), w.change("d1", rules.True, "n", int64(9)))
		if !out.Results[0].Hit || out.Results[1].Hit {
			t.Errorf("results %+v, want a hit and a miss", out.Results)
		}
	})
}

// A delete in a batch is answered with what its statement finds, whether the
// answer can be read before the batch or not.
func TestDeleteAnswersInBatch(t *testing.T) {
	w := newWorld(t)
	out := w.mustWrite(w.change("d1", rules.True, "n", int64(5)), answering(w.doc, w.remove(w.doc, "d1"), true, "n"))
	if got := strip(out.Results[1].Answer); got != `[5]` {
		t.Errorf("deleted document was %s, want what the update before made of it", got)
	}
	w.create(w.doc, "d3", "team", "blue", "title", "three")
	count := store.Select{From: w.member.Object, Var: 30, Where: eq(col(30, w.member, "team"), col(10, w.doc, "team")), Total: true}
	leave := answering(w.doc, w.remove(w.doc, "d3"), false, "title")
	leave.Answer.Columns = append(leave.Answer.Columns, store.Column{Nested: &count})
	out = w.mustWrite(w.remove(w.member, "m1"), leave)
	if got := strip(out.Results[1].Answer); got != `["three",[0]]` {
		t.Errorf("answer %s, want it after the delete before", got)
	}
}

// A delete that an earlier statement made possible is answered all the same.
func TestDeleteAfterJoin(t *testing.T) {
	w := newWorld(t)
	gone := answering(w.doc, w.remove(w.doc, "d2"), true, "title")
	gone.Guard, gone.Readable = w.reads(rules.Old, "alice"), w.reads(rules.Old, "alice")
	gone.Answer.Where = rules.And{gone.Answer.Where, w.reads(10, "alice")}
	if out := w.mustWrite(gone); out.Results[0] != (store.Result{}) {
		t.Errorf("delete of a hidden document: %+v", out.Results[0])
	}
	out := w.mustWrite(w.insert(w.member, "m2", "team", "red", "user", "alice"), gone)
	if got := strip(out.Results[1].Answer); got != `["two"]` {
		t.Errorf("joined, then deleted: %s", got)
	}
}

// Answers are the state of the commit, also where the heads ran one by one.
func TestAnswersOfSteps(t *testing.T) {
	w := newWorld(t)
	out := w.mustWrite(w.change("d2", rules.True, "n", int64(9)), // a miss: one by one
		answering(w.doc, w.change("d1", rules.True, "n", int64(5)), true, "n"),
		w.change("d1", rules.True, "n", int64(6)))
	if got := strip(out.Results[1].Answer); got != `[6]` {
		t.Errorf("answer %s, want what the last head made of it", got)
	}
	out = w.mustWrite(answering(w.doc, w.insert(w.doc, "x", "title", "x", "team", "blue", "n", int64(1)), true, "n"),
		w.change("x", rules.True, "n", int64(2)))
	if got := strip(out.Results[0].Answer); got != `[2]` {
		t.Errorf("answer of a create %s, want what the update made of it", got)
	}
}

func TestKids(t *testing.T) {
	w := newWorld(t)
	head := w.insert(w.team, "green", "name", "Green")
	head.Kids = []store.Head{w.change("d1", rules.True, "team", "green")}
	out := w.mustWrite(answering(w.team, head, true, "name"))
	if !out.Results[0].Hit || strip(w.values(w.doc, "d1", "team")) != `["green"]` {
		t.Errorf("results %+v, d1 %s", out.Results, w.values(w.doc, "d1", "team"))
	}

	hidden := w.change("d2", rules.True, "team", "green")
	hidden.Required = true
	head = w.insert(w.team, "grey", "name", "Grey")
	head.Kids = []store.Head{hidden}
	if _, err := w.write(head); refusal(err) != store.Forbidden {
		t.Errorf("a required kid that misses: %v", err)
	}
	if w.values(w.team, "grey", "_id") != "null" {
		t.Error("the head of a refused kid was committed")
	}

	// A head that misses skips its kids, which alone would hit.
	missed := w.change("d2", rules.True, "n", int64(9))
	missed.Kids = []store.Head{w.change("d2", rules.True, "n", int64(8)), w.insert(w.team, "never", "name", "Never")}
	out = w.mustWrite(missed, w.insert(w.team, "after", "name", "After"))
	if out.Results[0].Hit || !out.Results[1].Hit {
		t.Errorf("results %+v", out.Results)
	}
	if w.values(w.team, "never", "_id") != "null" {
		t.Error("a kid ran without its head")
	}
}

func TestRefusals(t *testing.T) {
	w := newWorld(t)
	fine := w.insert(w.doc, "fine", "title", "fine")
	guarded := func(h store.Head) store.Head { // not blind any more
		h.Guard = rules.One{From: val(rules.Ref, "blue"), Target: w.team.Object, Var: 5, Domain: rules.True, Body: rules.True}
		return h
	}
	taken, dangling := w.insert(w.doc, "x", "title", "one"), w.insert(w.doc, "x", "title", "x", "team", "nowhere")
	long := w.insert(w.doc, "x", "title", strings.Repeat("x", 2_621_441))
	for _, c := range []struct {
		name  string
		heads []store.Head
		head  int
		why   store.Refusal
	}{
		{"unique value taken, blind", []store.Head{taken}, 0, store.Conflict},
		{"unique value taken, guarded", []store.Head{guarded(taken)}, 0, store.Conflict},
		{"unique value taken, second of two blind", []store.Head{fine, taken}, 1, store.Conflict},
		{"unique value taken, second of a batch", []store.Head{guarded(fine), taken}, 1, store.Conflict},
		{"unique value taken, first of a batch", []store.Head{guarded(taken), fine}, 0, store.Conflict},
		{"unique value taken, update", []store.Head{w.change("d1", rules.True, "title", "two")}, 0, store.Conflict},
		{"dangling reference, blind", []store.Head{dangling}, 0, store.Forbidden},
		{"dangling reference, guarded", []store.Head{guarded(dangling)}, 0, store.Forbidden},
		{"dangling reference, second of two", []store.Head{fine, dangling}, 1, store.Forbidden},
		{"dangling reference, update", []store.Head{w.change("d1", rules.True, "team", "nowhere")}, 0, store.Forbidden},
		{"document still referenced", []store.Head{w.remove(w.team, "blue")}, 0, store.Conflict},
		{"document still referenced, second of two", []store.Head{fine, w.remove(w.team, "blue")}, 1, store.Conflict},
		{"id taken", []store.Head{w.insert(w.doc, "d1", "title", "again")}, 0, store.Conflict},
		{"text too long", []store.Head{fine, long}, 1, store.TooLarge},
		{"unique text too long, blind", []store.Head{w.insert(w.doc, "x", "title", strings.Repeat("x", 8192))}, 0, store.TooLarge},
		{"unique text too long, second of two", []store.Head{fine, w.insert(w.doc, "x", "title", strings.Repeat("x", 8192))}, 1, store.TooLarge},
		{"unique text too long, update", []store.Head{w.change("d1", rules.True, "title", strings.Repeat("x", 8192))}, 0, store.TooLarge},
	} {
		_, err := w.write(c.heads...)
		var refused *store.WriteError
		switch {
		case !errors.As(err, &refused):
			t.Errorf("%s: error %v", c.name, err)
		case refused.Why != c.why || refused.Head != c.head:
			t.Errorf("%s: head %d refused with %d, want head %d with %d", c.name, refused.Head, refused.Why, c.head, c.why)
		}
		if w.values(w.doc, "fine", "_id") != "null" {
			t.Fatalf("%s: a head of a refused mutation was committed", c.name)
		}
	}
	w.mustWrite(fine)
}

// The client library runs the function of an aborted transaction again.
func TestConcurrentWrites(t *testing.T) {
	w := newWorld(t)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 3 {
				if _, err := w.write(w.change("d1", rules.True, "n", int64(3))); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	// 24 updates after the create: _ts grows by one each time.
	if got := strip(w.values(w.doc, "d1", "_ts")); got != `[1700000000000024]` {
		t.Errorf("_ts %s after 24 updates", got)
	}
}

// What a create answers from its own values is what a read gives.
func TestEchoIsWhatIsStored(t *testing.T) {
	w := newWorld(t)
	fields := []string{"_id", "_ts", "team", "title", "n", "score", "due", "day", "tags"}
	for id, pairs := range map[string][]any{
		"null": {"title", ""},
		"full": {"team", "blue", "title", "a\"\\\u00e9\U0001F331<&>\u2028\x01\n", "n", int64(-1 << 63), "score", 1e21,
			"due", int64(1_600_000_000_123_456), "day", "2024-02-29", "tags", []any{"x", "", "\u00e9"}},
		"empty": {"title", "e", "n", int64(1<<63 - 1), "score", 0.1, "due", int64(-1), "tags", []any{}},
	} {
		out := w.mustWrite(answering(w.doc, w.insert(w.doc, id, pairs...), true, fields...))
		w.wantCalls(id, commit)
		got, want := normal(t, out.Results[0].Answer), normal(t, w.values(w.doc, id, fields...))
		if got != want {
			t.Errorf("%s: echo %s, stored %s", id, got, want)
		}
		w.calls.take()
	}
}

func TestStaleVersion(t *testing.T) {
	w := newWorld(t)
	if _, err := w.db.Deploy(t.Context(), &store.Migration{From: w.version, SDL: "second"}); err != nil {
		t.Fatal(err)
	}
	for name, heads := range map[string][]store.Head{
		"create": {w.insert(w.doc, "x", "title", "x")},
		"update": {w.change("d1", rules.True, "n", int64(9))},
		"delete": {answering(w.doc, w.remove(w.doc, "d1"), false, "title")},
		"batch":  {w.insert(w.doc, "x", "title", "x"), w.change("d1", rules.True, "n", int64(9))},
	} {
		if _, err := w.write(heads...); !errors.Is(err, store.ErrStale) {
			t.Errorf("%s for a version before: %v", name, err)
		}
	}
	w.version++
	w.mustWrite(w.insert(w.doc, "x", "title", "x"))
}

// A server that only creates learns of another server's deployment.
func TestLeaseOfBlindCreates(t *testing.T) {
	w := newWorld(t)
	c := &clock{at: time.Unix(1_700_000_000, 0)}
	other := open(t, w.name, spanner.Options{Now: c.now, Dial: w.calls.dial()})
	if _, err := other.Deployed(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	create := func(id string) error {
		_, err := other.Write(t.Context(), &store.Mutation{Version: w.version, Now: now, Heads: []store.Head{w.insert(w.team, id, "name", id)}})
		return err
	}
	w.calls.take()
	if err := create("a"); err != nil {
		t.Fatal(err)
	}
	w.wantCalls("create with a lease", commit)
	c.advance(time.Minute)
	if err := create("b"); err != nil {
		t.Fatal(err)
	}
	w.wantCalls("create without a lease", query+" "+commit)
	if err := create("c"); err != nil {
		t.Fatal(err)
	}
	w.wantCalls("create with a lease renewed by the last", commit)

	if _, err := w.db.Deploy(t.Context(), &store.Migration{From: w.version, SDL: "second"}); err != nil {
		t.Fatal(err)
	}
	// One that asks is not refused by what it knows: nothing was written as the version is another.
	asks := w.insert(w.team, "e", "name", "e")
	asks.Guard = rules.One{From: val(rules.Ref, "a"), Target: w.team.Object, Var: 5, Domain: rules.True, Body: rules.True}
	_, err := other.Write(t.Context(), &store.Mutation{Version: w.version, Now: now, Heads: []store.Head{asks}})
	if !errors.Is(err, store.ErrStale) {
		t.Errorf("guarded create, within the lease, after a deployment elsewhere: %v", err)
	}
	c.advance(time.Minute)
	if err := create("d"); !errors.Is(err, store.ErrStale) {
		t.Errorf("create after a deployment elsewhere: %v", err)
	}
}

func TestDeadline(t *testing.T) {
	w := newWorld(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, rerr := w.db.Read(ctx, &store.Query{})
	_, werr := w.db.Write(ctx, &store.Mutation{Version: w.version, Heads: []store.Head{w.insert(w.team, "x", "name", "x")}})
	_, derr := w.db.Deployed(ctx, 0)
	for _, err := range []error{rerr, werr, derr} {
		if !errors.Is(err, store.ErrUnavailable) {
			t.Errorf("with a cancelled context: %v", err)
		}
	}
}

func TestClosed(t *testing.T) {
	db := open(t, emulator.Database(t), spanner.Options{})
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Deployed(t.Context(), 0); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("after Close: %v", err)
	}
	if err := db.Close(); err != nil {
		t.Errorf("second Close: %v", err)
	}
}

// An answer that no statement can read is refused before anything is written.
func TestAnswerTooLarge(t *testing.T) {
	for _, tt := range []struct {
		name   string
		levels int
		err    error
		n      string
	}{
		{"within", 2, nil, "[9]"},
		{"beyond", 40, store.ErrLimit, "[1]"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			h := answering(w.doc, w.change("d1", rules.True, "n", int64(9)), false, "n")
			h.Answer.Columns = append(h.Answer.Columns, store.Column{Nested: w.teamOf(col(10, w.doc, "team"), 100, tt.levels)})
			if _, err := w.write(h); !errors.Is(err, tt.err) {
				t.Errorf("error %v, want %v", err, tt.err)
			}
			if got := strip(w.values(w.doc, "d1", "n")); got != tt.n {
				t.Errorf("n is %s, want %s", got, tt.n)
			}
		})
	}
}

// teamOf selects the team that a column names, its members, the team of each,
// and so on.
func (w *world) teamOf(ref rules.Col, v rules.Var, levels int) *store.Select {
	team := &store.Select{From: w.team.Object, Var: v, One: true, Where: eq(col(v, w.team, "_id"), ref),
		Columns: []store.Column{{Value: col(v, w.team, "name")}}}
	if levels > 0 {
		members := &store.Select{From: w.member.Object, Var: v + 1, Where: eq(col(v+1, w.member, "team"), col(v, w.team, "_id")),
			After: rules.True, List: true, Limit: 2}
		members.Columns = []store.Column{{Nested: w.teamOf(col(v+1, w.member, "team"), v+2, levels-1)}}
		team.Columns = append(team.Columns, store.Column{Nested: members})
	}
	return team
}
