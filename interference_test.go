package main

import (
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
	interferenceCases = flag.Int("interference.cases", 1000, "cases of the non-interference test on SQLite")
	interferenceOf    = flag.String("interference.schema", "", "desk or shop alone")
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
// D plans most queries anew. The server of D' keeps plans that it made for those
// before the caller: in half of the cases each query is asked twice there.
//
// What a mutation may show, that a unique value is taken or a document is still
// referenced, is predicted: where only that differs, it is the last request.
func TestNonInterference(t *testing.T) {
	t.Parallel()
	inShards(t, *interferenceCases, func(t *testing.T, s *refSchema) *arena { return onSQLite(t, s) })
}

// onSQLite is an arena whose first side has a fresh store each time.
func onSQLite(t *testing.T, s *refSchema) *arena {
	t.Helper()
	open := func() store.Store {
		db, err := sqlite.Open(t.Context(), sqlite.Memory, sqlite.Options{Readers: 1})
		if err != nil {
			t.Fatal(err)
		}
		return db
	}
	used := open()
	t.Cleanup(func() { used.Close() })
	return newArena(t, s, func(side int) store.Store {
		if side == 0 {
			return fresh{open()}
		}
		return used
	})
}

// arenas are of both schemas. The seed of a case says which is its.
type arenas []*arena

func enter(t *testing.T, on func(*testing.T, *refSchema) *arena) (all arenas) {
	for _, s := range []*refSchema{desk(), shop()} {
		if *interferenceOf == "" || *interferenceOf == s.name {
			all = append(all, on(t, s))
		}
	}
	return all
}

func (all arenas) of(seed uint64) *arena {
	return all[rand.New(rand.NewPCG(seed, 1)).IntN(len(all))]
}

// inShards runs cases on as many processors as there are, each with arenas of
// its own.
func inShards(t *testing.T, cases int, on func(*testing.T, *refSchema) *arena) {
	total, shards := newTally(), runtime.GOMAXPROCS(0)
	var mu sync.Mutex
	t.Run("shards", func(t *testing.T) {
		for shard := range shards {
			t.Run(strconv.Itoa(shard), func(t *testing.T) {
				t.Parallel()
				count := newTally()
				enter(t, on).cases(t, *interferenceSeed+uint64(shard), uint64(shards), (cases+shards-1-shard)/shards, count)
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
func (all arenas) cases(t *testing.T, seed, step uint64, n int, count *tally) {
	t.Helper()
	for range n {
		if fault := all.of(seed).interference(t, seed, count); fault != "" {
			t.Fatalf("case -interference.seed=%d -interference.cases=1\n%s", seed, fault)
		}
		seed += step
	}
}

// side is one of the two runs of a case: a server and its expected state.
type side struct {
	server *instance
	state  refState
	past   map[string]*refOnce // mutations that may be sent again
}

// interference runs one case and returns what is wrong, "" if nothing.
func (b *arena) interference(t *testing.T, seed uint64, count *tally) string {
	t.Helper()
	if b.unenforced != "" {
		return "interference: the schema loads with " + b.unenforced
	}
	g := &generator{Rand: rand.New(rand.NewPCG(seed, 0)), few: b.wipe != nil, seed: seed, schema: b.schema, cursors: map[string]*refCursor{}}
	g.who = b.schema.caller(g)
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
	sides := [2]*side{{b.start(t, 0, docs), docs, map[string]*refOnce{}}, {b.start(t, 1, twin), twin, map[string]*refOnce{}}}
	sides[1].server.twice = rand.New(rand.NewPCG(seed, 2)).IntN(2) == 0
	for _, s := range sides {
		defer s.server.stop()
		defer count.plans(s.server)
	}
	var log strings.Builder
	fault := func(format string, args ...any) string {
		return fmt.Sprintf("caller %+v\n%s%s\nD  %s\nD' %s\nlogs %s%s", *g.who, log.String(), fmt.Sprintf(format, args...), show(docs), show(twin), &sides[0].server.log, &sides[1].server.log)
	}
	for step := range b.steps {
		g.step, g.world, g.other, g.now = step, sides[0].state, sides[1].state, stepTime(step).UnixMicro()
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
		count.note(o, sides[0].state, want[0])
		switch {
		case got[0].tooLarge() && got[0] == got[1]:
			count.limits++
			continue
		case b.wipe != nil && (got[0].tooSlow() || got[1].tooSlow()):
			count.slow++
			return ""
		}
		if !last && got[0] != got[1] {
			return fault("interference:\nD  %v\nD' %v", got[0], got[1])
		}
		for i, s := range sides {
			if diff := g.differs(want[i].answer, got[i]); diff != "" {
				return fault("side %d: %s\ngot %v\nwant %v %v", i, diff, got[i], want[i].answer, want[i].answer.data)
			}
			s.took(o, want[i])
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
	kept   *refOnce // for a retry
}

// took makes an expected outcome the side's.
func (s *side) took(o *operation, e expected) {
	s.state = e.state
	if e.kept != nil && o.retry != "" {
		s.past = maps.Clone(s.past)
		s.past[o.who.provider+" "+o.who.sub+" "+o.retry] = e.kept
	}
}

// expect interprets a request.
func (s *side) expect(b *arena, o *operation, cursors map[string]*refCursor, step int) expected {
	v := &refView{b.schema, s.state, o.who, stepTime(step).UnixMicro()}
	if !o.mutation {
		return expected{v.query(o, cursors), s.state, nil}
	}
	a, state, kept := v.mutate(o, stepIDs(step), s.past)
	return expected{a, state, kept}
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
	n.who = b.schema.caller(g)
	if n.who.provider+n.who.sub == g.who.provider+g.who.sub {
		return ""
	}
	want := s.expect(b, &n, g.cursors, step)
	if want.answer.wrote {
		return ""
	}
	count.others++
	got := s.server.send(t, &n, step)
	if got.tooLarge() || b.wipe != nil && got.tooSlow() {
		return ""
	}
	s.took(&n, want)
	if diff := g.differs(want.answer, got); diff != "" {
		return fmt.Sprintf("another caller %+v: %s\ngot %v\nwant %v %v", *n.who, diff, got, want.answer, want.answer.data)
	}
	return ""
}

// show is a state as text.
func show(s refState) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(s)) {
		for _, d := range s.sorted(name) {
			fmt.Fprintf(&b, "  %s %s %d", name, d.id, d.ts)
			for _, f := range d.t.fields {
				if f.stored() {
					fmt.Fprintf(&b, " %s:%v", f.name, d.vals[f.name])
				}
			}
			b.WriteString("\n")
		}
	}
	return b.String()
}
