package spanner_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"flora.dev/flora/rules"
	"flora.dev/flora/store"
	"flora.dev/flora/store/spanner"
)

// faults makes the next requests of a method fail, or their answers get lost.
type faults struct {
	mu     sync.Mutex
	method string
	code   codes.Code
	times  int
	lost   bool // the request is carried out first

	unbounded []string // requests without a deadline
}

func (f *faults) arm(method string, code codes.Code, times int, lost bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.method, f.code, f.times, f.lost = method, code, times, lost
}

// left is how many requests will still fail.
func (f *faults) left() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.times
}

func (f *faults) next(ctx context.Context, method string) (fail, lost bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, ok := ctx.Deadline(); !ok {
		f.unbounded = append(f.unbounded, method)
	}
	if f.times == 0 || !strings.HasSuffix(method, "/"+f.method) {
		return false, false
	}
	f.times--
	return true, f.lost
}

func (f *faults) unary(ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
	fail, lost := f.next(ctx, method)
	if fail && !lost {
		return status.Error(f.code, "planted")
	}
	err := invoke(ctx, method, req, reply, cc, opts...)
	if fail && err == nil {
		return status.Error(f.code, "planted")
	}
	return err
}

func (f *faults) stream(ctx context.Context, desc *grpc.StreamDesc, cc *grpc.ClientConn, method string, stream grpc.Streamer, opts ...grpc.CallOption) (grpc.ClientStream, error) {
	if fail, _ := f.next(ctx, method); fail {
		return nil, status.Error(f.code, "planted")
	}
	return stream(ctx, desc, cc, method, opts...)
}

// faulty opens the world's database again, with faults.
func (w *world) faulty() *faults {
	f := &faults{}
	opts := spanner.Options{Dial: append(w.calls.dial(), grpc.WithChainUnaryInterceptor(f.unary), grpc.WithChainStreamInterceptor(f.stream))}
	w.db = open(w.t, w.name, opts)
	if _, err := w.db.Deployed(w.t.Context(), 0); err != nil {
		w.t.Fatal(err)
	}
	w.calls.take()
	return f
}

func TestLostCommitAnswer(t *testing.T) {
	w := newWorld(t)
	f := w.faulty()
	f.arm("Commit", codes.Unavailable, 1, true)
	out := w.mustWrite(answering(w.doc, w.insert(w.doc, "x", "title", "x"), true, "title"))
	w.wantCalls("create whose answer got lost", commit+" "+commit+" StreamingRead")
	if !out.Results[0].Hit || strip(out.Results[0].Answer) != `["x"]` || out.CommitTime == 0 {
		t.Errorf("outcome %+v", out)
	}
	// The twin: the value is really taken, by another document.
	f.arm("Commit", codes.Unavailable, 1, true)
	if _, err := w.write(w.insert(w.doc, "y", "title", "x")); refusal(err) != store.Conflict {
		t.Errorf("unique value taken, answer lost: %v", err)
	}
	f.arm("Commit", codes.Unavailable, 1, false)
	if _, err := w.write(w.insert(w.doc, "y", "title", "x")); refusal(err) != store.Conflict {
		t.Errorf("unique value taken, request lost: %v", err)
	}
	w.calls.take()
	if _, err := w.write(w.insert(w.doc, "y", "title", "x")); refusal(err) != store.Conflict {
		t.Errorf("unique value taken: %v", err)
	}
	w.wantCalls("unique value taken", commit)
}

// The function of an aborted transaction runs again, from the beginning.
func TestAborted(t *testing.T) {
	w := newWorld(t)
	f := w.faulty()
	upsert := w.change("", rules.True, "n", int64(9))
	made := w.insert(w.doc, "u1", "title", "new", "team", "blue", "n", int64(9))
	upsert.Key, upsert.Else = eq(col(rules.Old, w.doc, "title"), val(rules.String, "new")), &made
	missedFirst := []store.Head{w.change("d2", rules.True, "n", int64(9)), w.change("d1", rules.True, "n", int64(9))}
	for _, c := range []struct {
		method string
		heads  []store.Head
	}{
		{"ExecuteStreamingSql", []store.Head{answering(w.doc, w.change("d1", rules.True, "n", int64(9)), true, "n")}},
		{"Commit", []store.Head{answering(w.doc, w.change("d1", rules.True, "n", int64(9)), true, "n")}},
		{"Commit", []store.Head{w.insert(w.doc, "x", "title", "x")}},
		{"ExecuteBatchDml", []store.Head{w.change("d1", rules.True, "n", int64(9)), answering(w.doc, w.change("d1", rules.True, "n", int64(9)), false, "n")}},
		{"Commit", []store.Head{w.change("d1", rules.True, "n", int64(9)), answering(w.doc, w.change("d1", rules.True, "n", int64(9)), false, "n")}},
		{"ExecuteBatchDml", missedFirst},
		{"ExecuteStreamingSql", missedFirst},
		{"Commit", missedFirst},
		{"Commit", []store.Head{upsert}},
		{"ExecuteStreamingSql", []store.Head{upsert}},
	} {
		f.arm(c.method, codes.Aborted, 1, false)
		out, err := w.write(c.heads...)
		if err != nil {
			t.Errorf("%s aborted, heads %d: %v", c.method, len(c.heads), err)
			continue
		}
		if n := f.left(); n != 0 {
			t.Errorf("%s was never called", c.method)
		}
		last := out.Results[len(c.heads)-1]
		if !last.Hit || last.Answer != "" && strip(last.Answer) != "[9]" || len(out.Results) != len(c.heads) {
			t.Errorf("%s aborted: %+v", c.method, out.Results)
		}
	}
}

// A Commit with more changes than Spanner takes is the doing of the head that
// wrote any number of documents.
func TestTooManyChanges(t *testing.T) {
	w := newWorld(t)
	f := w.faulty()
	one, many := w.change("d1", rules.True, "n", int64(9)), w.change("", rules.True, "n", int64(9))
	many.ID, many.Match = "", w.reads(rules.Old, "alice")
	f.arm("Commit", codes.InvalidArgument, 1, false)
	if _, err := w.write(one, many); refusal(err) != store.TooMany {
		t.Errorf("bulk update: %v", err)
	}
	f.arm("Commit", codes.InvalidArgument, 1, false)
	if _, err := w.write(one, one); err == nil || refusal(err) != 0 {
		t.Errorf("two updates: %v", err)
	}
	if out, err := w.write(one, many); err != nil || out.Results[1].Count != 1 {
		t.Errorf("within the limit: %+v, %v", out, err)
	}
}

func TestUnavailable(t *testing.T) {
	w := newWorld(t)
	f := w.faulty()
	for _, method := range []string{"Commit", "ExecuteStreamingSql", "ExecuteBatchDml"} {
		for name, run := range map[string]func(context.Context) error{
			"create": func(ctx context.Context) error {
				_, err := w.db.Write(ctx, &store.Mutation{Version: w.version, Now: now, Heads: []store.Head{w.insert(w.doc, "x", "title", "x")}})
				return err
			},
			"update": func(ctx context.Context) error {
				_, err := w.db.Write(ctx, &store.Mutation{Version: w.version, Now: now, Heads: []store.Head{w.change("d1", rules.True, "n", int64(9))}})
				return err
			},
			"batch": func(ctx context.Context) error {
				c := w.change("d1", rules.True, "n", int64(9))
				_, err := w.db.Write(ctx, &store.Mutation{Version: w.version, Now: now, Heads: []store.Head{c, c}})
				return err
			},
			"read": func(ctx context.Context) error {
				_, err := w.db.Read(ctx, &store.Query{Roots: []store.Select{*answering(w.doc, store.Head{ID: "d1"}, false, "n").Answer}})
				return err
			},
		} {
			f.arm(method, codes.Unavailable, 1_000_000, false)
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			err := run(ctx)
			hit := f.left() < 1_000_000
			cancel()
			f.arm("", 0, 0, false)
			if hit != (err != nil) || hit && !errors.Is(err, store.ErrUnavailable) {
				t.Errorf("%s while %s fails: %v", name, method, err)
			}
			w.db.Write(t.Context(), &store.Mutation{Version: w.version, Now: now, Heads: []store.Head{w.remove(w.doc, "x")}})
		}
	}
}

// The client library bounds a Commit by an hour.
func TestEveryRequestHasADeadline(t *testing.T) {
	w := newWorld(t)
	f := w.faulty()
	w.mustWrite(answering(w.doc, w.insert(w.doc, "x", "title", "x"), false, "title"))
	w.mustWrite(w.change("d1", rules.True, "n", int64(9)), w.remove(w.doc, "x"))
	w.mustWrite(w.change("d2", rules.True, "n", int64(9)))
	w.values(w.doc, "d1", "n")
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.unbounded) > 0 {
		t.Errorf("without a deadline: %v", f.unbounded)
	}
}
