package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"flora.dev/flora/store"
	"flora.dev/flora/store/sqlite"
)

var (
	interferenceCases = flag.Int("interference.cases", 2000, "cases of the non-interference test on SQLite")
	interferenceSeed  = flag.Uint64("interference.seed", 1, "of the first case; the others count on")
)

// TestNonInterference changes what a caller cannot see and compares all
// answers. A case is a random store D, a caller, a store D' that the caller
// cannot tell from D (see refView.view), and a sequence of requests in which
// answers feed later requests. D runs on a fresh server; the server of D' also
// answers others between the caller's requests. So it shows
//
//   - non-interference and history independence: D and D' answer the same bytes;
//   - correctness: both answer what the reference interpreter expects;
//   - integrity: both stores end as it expects.
//
// What a mutation may show, that a unique value is taken or a document is still
// referenced, is predicted: where only that differs, it is the last request.
func TestNonInterference(t *testing.T) {
	inShards(t, *interferenceCases, func(t *testing.T) *arena {
		open := func() store.Store {
			db, err := sqlite.Open(t.Context(), sqlite.Memory, sqlite.Options{Readers: 1})
			if err != nil {
				t.Fatal(err)
			}
			return db
		}
		used := open()
		t.Cleanup(func() { used.Close() })
		return newArena(t, desk(), func(side int) store.Store {
			if side == 0 {
				return fresh{open()}
			}
			return used
		})
	})
}

// inShards runs cases on as many processors as there are, each with an arena.
func inShards(t *testing.T, cases int, enter func(*testing.T) *arena) {
	total, shards := newTally(), runtime.GOMAXPROCS(0)
	var mu sync.Mutex
	t.Run("shards", func(t *testing.T) {
		for shard := range shards {
			t.Run(strconv.Itoa(shard), func(t *testing.T) {
				t.Parallel()
				count := newTally()
				enter(t).cases(t, *interferenceSeed+uint64(shard), uint64(shards), (cases+shards-1-shard)/shards, count)
				mu.Lock()
				defer mu.Unlock()
				total.add(count)
			})
		}
	})
	t.Log(total)
	total.judge(t)
}

// fresh is a store that serves one case.
type fresh struct{ store.Store }

// cases runs n cases and reports the first that fails.
func (b *arena) cases(t *testing.T, seed, step uint64, n int, count *tally) {
	t.Helper()
	for range n {
		if fault := b.interference(t, seed, count); fault != "" {
			t.Fatalf("case -interference.seed=%d -interference.cases=1\n%s", seed, fault)
		}
		seed += step
	}
}

// tally counts what happened, to show that the test is not about nothing.
type tally struct {
	cases, changes, requests, seen, writes, allowed, refused, missed, bits, skipped, others int
	channels                                                                                map[string]int
	answers                                                                                 map[string]int // by first error
}

func newTally() *tally { return &tally{channels: map[string]int{}, answers: map[string]int{}} }

func (c *tally) add(o *tally) {
	c.cases, c.changes, c.requests, c.seen = c.cases+o.cases, c.changes+o.changes, c.requests+o.requests, c.seen+o.seen
	c.writes, c.allowed, c.refused, c.missed = c.writes+o.writes, c.allowed+o.allowed, c.refused+o.refused, c.missed+o.missed
	c.bits, c.skipped, c.others = c.bits+o.bits, c.skipped+o.skipped, c.others+o.others
	for k, n := range o.channels {
		c.channels[k] += n
	}
	for k, n := range o.answers {
		c.answers[k] += n
	}
}

func (c *tally) String() string {
	return fmt.Sprintf("%d cases, %d hidden changes, %d requests (%d by others); %d documents seen; %d writes: %d allowed, %d refused, %d missed; %d predicted bits, %d requests skipped\nchannels %v\nanswers %v",
		c.cases, c.changes, c.requests, c.others, c.seen, c.writes, c.allowed, c.refused, c.missed, c.bits, c.skipped, c.channels, c.answers)
}

func (c *tally) judge(t *testing.T) {
	t.Helper()
	if c.cases < 100 || t.Failed() {
		return
	}
	if c.seen < 3*c.cases || c.changes < 3*c.cases || c.requests < 3*c.cases {
		t.Error("too little is seen, changed or asked")
	}
	if c.allowed*100 < 30*c.writes || c.refused*100 < 5*c.writes {
		t.Error("too few writes are allowed, or refused")
	}
	for _, ch := range channels {
		if c.channels[ch.name] == 0 {
			t.Errorf("channel %q was never used", ch.name)
		}
	}
}

// side is one of the two runs of a case: a server and its expected state.
type side struct {
	server *instance
	state  refState
}

// interference runs one case and returns what is wrong, "" if nothing.
func (b *arena) interference(t *testing.T, seed uint64, count *tally) string {
	t.Helper()
	g := &generator{Rand: rand.New(rand.NewPCG(seed, 0)), schema: b.schema, cursors: map[string]*refCursor{}}
	g.who = g.caller()
	docs := g.documents()
	twin, changes := g.twin(docs)
	count.cases++
	count.changes += changes
	for _, t := range b.schema.types {
		for _, d := range docs[t.name] {
			if (&refView{b.schema, docs, g.who, 0}).sees(d) {
				count.seen++
			}
		}
	}
	sides := [2]*side{{b.start(t, 0, docs), docs}, {b.start(t, 1, twin), twin}}
	defer sides[0].server.stop()
	defer sides[1].server.stop()
	var log strings.Builder
	fault := func(format string, args ...any) string {
		return fmt.Sprintf("caller %+v\n%s%s\nD  %s\nD' %s\nlogs %s%s", *g.who, log.String(), fmt.Sprintf(format, args...), show(docs), show(twin), &sides[0].server.log, &sides[1].server.log)
	}
	for step := range b.steps {
		g.world, g.other, g.now = sides[0].state, sides[1].state, stepTime(step).UnixMicro()
		o, want, last := b.next(g, sides, step, count)
		if o == nil {
			continue
		}
		fmt.Fprintf(&log, "%d %s: %s %v\n", step, o.channel, o.text, o.vars)
		if g.chance(60) {
			if f := b.others(t, g, sides[1], o, step, count); f != "" {
				return fault("%s", f)
			}
		}
		var got [2]reply
		for i, s := range sides {
			got[i] = s.server.send(t, o, step)
		}
		count.note(o, want[0].answer, got[0])
		if !last && got[0] != got[1] {
			return fault("interference:\nD  %v\nD' %v", got[0], got[1])
		}
		for i, s := range sides {
			if diff := g.differs(want[i].answer, got[i]); diff != "" {
				return fault("side %d: %s\ngot %v\nwant %v %v", i, diff, got[i], want[i].answer, want[i].answer.data)
			}
			s.state = want[i].state
		}
		g.past = append(g.past, o)
		if last {
			count.bits++
			break
		}
	}
	for i, s := range sides {
		if stored := s.server.dump(t); show(stored) != show(s.state) {
			return fault("the store of side %d is\n%s\nnot\n%s", i, show(stored), show(s.state))
		}
	}
	return ""
}

// stop ends the server, with its store if nothing else uses it.
func (in *instance) stop() {
	if db, ok := in.db.(fresh); ok {
		db.Close()
	}
}

// expected is what the reference makes of a request.
type expected struct {
	answer *refAnswer
	state  refState
}

// expect interprets a request.
func (s *side) expect(b *arena, o *operation, cursors map[string]*refCursor, step int) expected {
	v := &refView{b.schema, s.state, o.who, stepTime(step).UnixMicro()}
	if !o.mutation {
		return expected{v.query(o, cursors), s.state}
	}
	a, state := v.mutate(o, stepIDs(step))
	return expected{a, state}
}

// next makes a request that does not end what the two sides have in common: a
// write may be decided by hidden rows, or show what was hidden. last: it does,
// by a bit that is allowed to show.
func (b *arena) next(g *generator, sides [2]*side, step int, count *tally) (o *operation, want [2]expected, last bool) {
	total := 0
	for _, c := range channels {
		total += c.weight
	}
	for range 12 {
		at := g.IntN(total)
		var row int
		for row = range channels {
			if at -= channels[row].weight; at < 0 {
				break
			}
		}
		if o = channels[row].make(g); o == nil {
			continue
		}
		o.channel = channels[row].name
		for i, s := range sides {
			want[i] = s.expect(b, o, g.cursors, step)
		}
		if !o.mutation {
			return o, want, false
		}
		if !want[0].answer.wrote && g.chance(60) {
			continue // many writes should be allowed
		}
		x, y := want[0].answer, want[1].answer
		alike := reflect.DeepEqual(x.errors, y.errors) && x.committed == y.committed && x.wrote == y.wrote && (x.data == nil) == (y.data == nil)
		if alike && (&refView{b.schema, want[0].state, g.who, g.now}).view() == (&refView{b.schema, want[1].state, g.who, g.now}).view() {
			return o, want, false
		}
		if x.conflict != y.conflict {
			return o, want, true
		}
		count.skipped++
	}
	return nil, want, false
}

// others asks the second server the same text as somebody else, if that
// changes nothing, and keeps the cursors of the answer.
func (b *arena) others(t *testing.T, g *generator, s *side, o *operation, step int, count *tally) string {
	t.Helper()
	n := *o
	n.who = g.caller()
	if n.who.provider+n.who.sub == g.who.provider+g.who.sub {
		return ""
	}
	want := s.expect(b, &n, g.cursors, step)
	if want.answer.wrote {
		return ""
	}
	count.others++
	got := s.server.send(t, &n, step)
	if diff := g.differs(want.answer, got); diff != "" {
		return fmt.Sprintf("another caller %+v: %s\ngot %v\nwant %v %v", *n.who, diff, got, want.answer, want.answer.data)
	}
	return ""
}

// differs compares an answer with what was expected, and learns its cursors.
func (g *generator) differs(want *refAnswer, got reply) string {
	var a struct {
		Data   map[string]any
		Errors []struct {
			Path       []any
			Extensions struct{ Code string }
		}
		Extensions struct {
			Denied    []any
			Committed bool
		}
	}
	dec := json.NewDecoder(bytes.NewReader([]byte(got.body)))
	dec.UseNumber()
	if err := dec.Decode(&a); err != nil {
		return err.Error()
	}
	if got.status != 200 {
		return "status"
	}
	var errs []refError
	for _, e := range a.Errors {
		if len(e.Path) == 0 {
			return "an error without a path"
		}
		errs = append(errs, refError{e.Extensions.Code, e.Path[0].(string)})
	}
	wanted := want.errors[:min(len(want.errors), 10)]
	if want.serial && len(errs) == 1 && (errs[0].code == wanted[0].code || errs[0].code == "FORBIDDEN" || errs[0].code == "UNAUTHENTICATED") {
		wanted = errs
	}
	switch {
	case !slices.Equal(errs, wanted):
		return fmt.Sprintf("errors are %v, not %v", errs, wanted)
	case want.data == nil && a.Data != nil:
		return "data is not null"
	case a.Extensions.Committed != want.committed:
		return "committed differs"
	case got.wrote != want.wrote:
		return "commitTime differs"
	case fmt.Sprint(a.Extensions.Denied) != fmt.Sprint(want.denied[:min(len(want.denied), 100)]):
		return fmt.Sprintf("denied is %v, not %v", a.Extensions.Denied, want.denied)
	}
	if want.data == nil {
		return ""
	}
	return g.same(want.data, a.Data, "data")
}

// same compares a value; cursors are opaque, and remembered.
func (g *generator) same(want, got any, path string) string {
	differs := fmt.Sprintf("%s is %v, not %v", path, got, want)
	switch w := want.(type) {
	case map[string]any:
		m, ok := got.(map[string]any)
		if !ok || len(m) != len(w) {
			return differs
		}
		for _, k := range slices.Sorted(maps.Keys(w)) {
			if d := g.same(w[k], m[k], path+"."+k); d != "" {
				return d
			}
		}
		return ""
	case []any:
		l, ok := got.([]any)
		if !ok || len(l) != len(w) {
			return differs
		}
		for i := range w {
			if d := g.same(w[i], l[i], fmt.Sprintf("%s.%d", path, i)); d != "" {
				return d
			}
		}
		return ""
	case *refCursor:
		text, ok := got.(string)
		if !ok {
			return differs
		}
		if old := g.cursors[text]; old != nil && !reflect.DeepEqual(old, w) {
			return fmt.Sprintf("%s: one cursor for %v and %v", path, *old, *w)
		}
		g.cursors[text] = w
		return ""
	case int64:
		if n, ok := got.(json.Number); ok && n.String() == fmt.Sprint(w) {
			return ""
		}
		return differs
	case float64:
		if n, ok := got.(json.Number); ok {
			if x, err := n.Float64(); err == nil && x == w {
				return ""
			}
		}
		return differs
	}
	if want != got {
		return differs
	}
	return ""
}

func (c *tally) note(o *operation, want *refAnswer, got reply) {
	c.requests++
	c.channels[o.channel]++
	code := "answered"
	if len(want.errors) > 0 {
		code = want.errors[0].code
	}
	c.answers[code]++
	if !o.mutation {
		return
	}
	c.writes++
	switch {
	case want.data == nil:
		c.refused++
	case want.wrote:
		c.allowed++
	default:
		c.missed++
	}
}

// show is a state as text.
func show(s refState) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(s)) {
		for _, d := range s.sorted(name) {
			fmt.Fprintf(&b, "  %s %s %d", name, d.id, d.ts)
			for _, f := range d.t.fields {
				if !f.many() {
					fmt.Fprintf(&b, " %s:%v", f.name, d.vals[f.name])
				}
			}
			b.WriteString("\n")
		}
	}
	return b.String()
}
