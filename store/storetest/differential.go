package storetest

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"testing"

	"flora.dev/flora/rules"
	"flora.dev/flora/rules/ruletest"
	"flora.dev/flora/schema"
	"flora.dev/flora/store"
)

// Differential runs n random rules on the store, as conditions on stored
// documents and on the two sides of a change, and compares what is definitely
// true and definitely false with what cel-go makes of the rule's text.
func Differential(t *testing.T, s store.Store, n int, seed uint64) {
	r := rand.New(rand.NewPCG(seed, 0))
	w := ruletest.NewWorld()
	w.Fill(r, 8)
	version := deployWorld(t, s, w)
	d := &differential{t: t, s: s, w: w, r: r, env: w.Env(), oracle: ruletest.NewOracle(), version: version}
	d.g = &ruletest.Generator{World: w, Rand: r}
	for i := range n {
		o := []*rules.Object{w.Product, w.Product, w.Team, w.Member}[r.IntN(4)]
		if i%3 == 2 {
			d.update(i, o)
		} else {
			d.read(i, o)
		}
		if t.Failed() {
			return
		}
	}
	t.Logf("%d of %d rules compiled; decisions: true %d, false %d, unknown %d", d.compiled, n, d.seen[rules.True], d.seen[rules.False], d.seen[rules.Unknown])
	if d.compiled*3 < n || d.seen[rules.True] == 0 || d.seen[rules.False] == 0 || d.seen[rules.Unknown] == 0 {
		t.Error("the generator tests too little")
	}
}

type differential struct {
	t        *testing.T
	s        store.Store
	w        *ruletest.World
	r        *rand.Rand
	g        *ruletest.Generator
	env      *rules.Env
	oracle   *ruletest.Oracle
	version  int64
	compiled int
	seen     [3]int
}

// deployWorld makes the tables and writes the documents.
func deployWorld(t *testing.T, s store.Store, w *ruletest.World) int64 {
	t.Helper()
	var steps []schema.Step
	collections := map[*rules.Object]*schema.Collection{}
	for _, o := range w.Objects() {
		c := &schema.Collection{Object: o}
		for _, f := range o.Fields {
			c.Fields = append(c.Fields, &schema.Field{Field: f, Collection: c})
		}
		collections[o] = c
		steps = append(steps, schema.Step{Kind: schema.CreateTable, Collection: c})
	}
	for _, c := range collections {
		for _, f := range c.Fields {
			f.Target = collections[f.Field.Target]
		}
	}
	dep, err := s.Deploy(t.Context(), &store.Migration{SDL: "differential", Steps: steps})
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range w.Objects() {
		m := &store.Mutation{Version: dep.Version, Now: 1}
		for _, d := range w.Docs[o] {
			h := store.Head{Kind: store.Insert, Table: o, ID: d.ID, Guard: rules.True, Readable: rules.True}
			for _, f := range o.Fields {
				if !f.Many() {
					h.Set = append(h.Set, store.Assign{Field: f, Value: rules.Val{Value: d.Value(f)}})
				}
			}
			m.Heads = append(m.Heads, h)
		}
		if _, err := s.Write(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	return dep.Version
}

// read asks a read rule of every document of o.
func (d *differential) read(i int, o *rules.Object) {
	text := d.g.Rule(o, rules.Read)
	p, faults := d.env.Rule(o, rules.Read, text)
	if len(faults) > 0 {
		return
	}
	d.compiled++
	caller := d.g.Caller()
	fresh := rules.Counter(rules.New + 1)
	v, u := fresh(), fresh()
	yes := rules.T(caller.Rules().Fold(p, rules.Binding{Doc: v, Fresh: fresh}))
	no := rules.F(caller.Rules().Fold(p, rules.Binding{Doc: u, Fresh: fresh}))
	is := d.ask(text, o, v, u, yes, no)
	for _, doc := range d.w.Docs[o] {
		d.compare(i, text, caller, rules.Read, ruletest.Sides{Old: doc, New: doc}, is[0], is[1])
	}
}

// update asks an update rule of one document and a random change of it.
func (d *differential) update(i int, o *rules.Object) {
	text := d.g.Rule(o, rules.Update)
	p, faults := d.env.Rule(o, rules.Update, text)
	if len(faults) > 0 {
		return
	}
	d.compiled++
	caller := d.g.Caller()
	doc := d.w.Docs[o][d.r.IntN(len(d.w.Docs[o]))]
	set := ruletest.Change(d.w, d.r, o)
	fresh := rules.Counter(rules.New + 1)
	v, u := fresh(), fresh()
	bind := func(v rules.Var) rules.Binding {
		return rules.Binding{Doc: v, Fresh: fresh, New: func(f *rules.Field) rules.Operand {
			if x, ok := set[f]; ok {
				return rules.Val{Value: rules.Value{Kind: f.Kind, List: f.List, V: x}}
			}
			return rules.Col{Var: v, Field: f}
		}}
	}
	here := func(v rules.Var) rules.Pred {
		return rules.Cmp{Op: rules.Eq, L: rules.Col{Var: v, Field: o.Key}, R: rules.Val{Value: rules.Value{Kind: rules.ID, V: doc.ID}}}
	}
	yes := rules.AllOf(here(v), rules.T(caller.Rules().Fold(p, bind(v))))
	no := rules.AllOf(here(u), rules.F(caller.Rules().Fold(p, bind(u))))
	is := d.ask(text, o, v, u, yes, no)
	d.compare(i, text, caller, rules.Update, ruletest.Sides{Old: doc, New: doc.With(set)}, is[0], is[1])
}

// ask returns the ids for which each predicate holds.
func (d *differential) ask(text string, o *rules.Object, v, u rules.Var, yes, no rules.Pred) (out [2][]string) {
	d.t.Helper()
	q := &store.Query{}
	for i, where := range []rules.Pred{yes, no} {
		w := []rules.Var{v, u}[i]
		q.Roots = append(q.Roots, store.Select{From: o, Var: w, Where: where, After: rules.True, Limit: 100, List: true,
			Columns: []store.Column{{Value: rules.Col{Var: w, Field: o.Key}}}})
	}
	rows, err := d.s.Read(d.t.Context(), q)
	if err != nil {
		d.t.Fatalf("%s\n%s\n%s\n%v", text, rules.Print(yes), rules.Print(no), err)
	}
	for i := range out {
		var page [1][][1]string
		if err := json.Unmarshal([]byte(rows.Roots[i]), &page); err != nil {
			d.t.Fatalf("%s: %v", rows.Roots[i], err)
		}
		for _, n := range page[0] {
			out[i] = append(out[i], n[0])
		}
	}
	return out
}

func (d *differential) compare(i int, text string, caller ruletest.Caller, a rules.Action, s ruletest.Sides, yes, no []string) {
	d.t.Helper()
	want, err := d.oracle.Eval(d.w, caller, a, text, s)
	if err != nil {
		d.t.Fatalf("oracle: %s: %v", text, err)
	}
	got := rules.Unknown
	switch isTrue, isFalse := slices.Contains(yes, s.Old.ID), slices.Contains(no, s.Old.ID); {
	case isTrue && isFalse:
		d.t.Errorf("rule %d: %s\n%s is both true and false", i, text, s.Old.ID)
	case isTrue:
		got = rules.True
	case isFalse:
		got = rules.False
	}
	d.seen[want]++
	if got != want {
		d.t.Errorf("rule %d: %s\ncaller %+v\nold %v\nnew %v\nstore %v, cel-go %v", i, text, caller, s.Old, s.New, got, want)
	}
}
