package storetest

import (
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"

	"flora.dev/flora/rules"
	"flora.dev/flora/rules/ruletest"
	"flora.dev/flora/schema"
	"flora.dev/flora/store"
)

// Differential runs n random rules on the store, as conditions on stored
// documents, on new ones, and on the two sides of a change, and compares what
// is definitely true and definitely false with what cel-go makes of the rule's
// text.
func Differential(t *testing.T, s store.Store, n int, seed uint64) {
	r := rand.New(rand.NewPCG(seed, 0))
	w := ruletest.NewWorld()
	d := &differential{T: t, s: s, w: w, r: r, seen: ruletest.Coverage{}}
	d.deploy()
	tests := w.Tests(r)
	for i := range n {
		d.rule = i
		if i%2500 == 0 {
			d.fill()
		}
		d.Test = tests[i%len(tests)]
		o := d.Object()
		switch d.r.IntN(6) {
		case 0, 1:
			d.update(o)
		case 2:
			d.create(o)
		case 3:
			d.composed(o)
		default:
			d.read(o)
		}
		if t.Failed() {
			return
		}
	}
	t.Logf("%d of %d rules compiled, the answers of %d took too long; %v", d.compiled, n, d.slow, d.seen)
	if d.slow*500 > n {
		t.Error("too many rules were not decided")
	}
	for _, miss := range d.seen.Missing(n, ruletest.Compiled, ruletest.Asked) {
		t.Error(miss)
	}
}

type differential struct {
	*testing.T
	*ruletest.Test
	s        store.Store
	version  int64
	w        *ruletest.World
	r        *rand.Rand
	rule     int
	compiled int
	slow     int
	seen     ruletest.Coverage
}

// deploy makes the tables.
func (d *differential) deploy() {
	d.Helper()
	var steps []schema.Step
	collections := map[*rules.Object]*schema.Collection{}
	for _, o := range d.w.Objects() {
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
	for _, l := range d.w.Links {
		steps = append(steps, schema.Step{Kind: schema.CreateLink, Link: &schema.Link{Object: l.Object, Near: l.Near, Far: l.Far}})
	}
	dep, err := d.s.Deploy(d.Context(), &store.Migration{SDL: "differential", Steps: steps})
	if err != nil {
		d.Fatal(err)
	}
	d.version = dep.Version
}

// fill replaces the documents in the store by new ones.
func (d *differential) fill() {
	d.Helper()
	var tables []*rules.Object
	tables = append(tables, d.w.Objects()...)
	for _, l := range d.w.Links {
		tables = append(tables, l.Object)
	}
	write := func(o *rules.Object, doc, link store.HeadKind) {
		m := &store.Mutation{Version: d.version, Now: 1}
		for _, x := range d.w.Docs[o] {
			h := store.Head{Kind: doc, Table: o, ID: x.ID, Guard: rules.True, Readable: rules.True}
			if o.Key == nil {
				h.Kind = link
			}
			for _, f := range o.Fields {
				if f.Column != "" && h.Kind != store.Delete {
					h.Set = append(h.Set, store.Assign{Field: f, Value: rules.Val{Value: x.Value(f)}})
				}
			}
			h.Set = store.Folded(h.Set)
			m.Heads = append(m.Heads, h)
		}
		if doc == store.Delete {
			slices.Reverse(m.Heads)
		}
		if _, err := d.s.Write(d.Context(), m); err != nil {
			d.Fatal(err)
		}
	}
	for _, o := range slices.Backward(tables) {
		write(o, store.Delete, store.Unlink)
	}
	d.w.Fill(d.r, 8)
	for _, o := range tables {
		write(o, store.Insert, store.Link)
	}
}

// question is a predicate for each outcome, of one document each.
type question struct {
	v, u    rules.Var
	yes, no rules.Pred
}

// compile makes a rule, and counts what it is made of.
func (d *differential) compile(o *rules.Object, a rules.Action) (text string, p rules.Pred, ok bool) {
	text = d.Rule(o, a)
	p, faults := d.Env.Rule(o, a, text)
	if len(faults) > 0 {
		return "", nil, false
	}
	d.compiled++
	d.seen.Rule(text, p)
	return text, p, true
}

// ask asks for both outcomes of what fold makes for a document.
func (d *differential) ask(text string, o *rules.Object, fold func(v rules.Var, fresh func() rules.Var) rules.Pred, where func(v rules.Var) rules.Pred) (is [2][]string, ok bool) {
	d.Helper()
	fresh := rules.Counter(rules.New + 1)
	q := question{v: fresh(), u: fresh()}
	q.yes = rules.AllOf(where(q.v), rules.T(fold(q.v, fresh)))
	q.no = rules.AllOf(where(q.u), rules.F(fold(q.u, fresh)))
	return d.run(text, o, q)
}

func everything(rules.Var) rules.Pred { return rules.True }

// here says that the document is d.
func here(doc *ruletest.Doc) func(rules.Var) rules.Pred {
	return func(v rules.Var) rules.Pred {
		return rules.Cmp{Op: rules.Eq, L: rules.Col{Var: v, Field: doc.Object.Key}, R: rules.Val{Value: rules.Value{Kind: rules.ID, V: doc.ID}}}
	}
}

// read asks a read rule of every document of o.
func (d *differential) read(o *rules.Object) {
	text, p, ok := d.compile(o, rules.Read)
	if !ok {
		return
	}
	caller := d.Caller()
	is, ok := d.ask(text, o, func(v rules.Var, fresh func() rules.Var) rules.Pred {
		return caller.Rules().Fold(p, rules.Binding{Doc: v, Fresh: fresh})
	}, everything)
	if !ok {
		return
	}
	for _, doc := range d.w.Docs[o] {
		d.compare(text, caller, rules.Read, ruletest.Sides{Old: doc, New: doc}, doc, is)
	}
}

// update asks an update rule of one document and a random change of it.
func (d *differential) update(o *rules.Object) {
	text, p, ok := d.compile(o, rules.Update)
	if !ok {
		return
	}
	caller := d.Caller()
	doc := d.w.Docs[o][d.r.IntN(len(d.w.Docs[o]))]
	change := d.Change(o, caller, text)
	d.seen.Change(change)
	is, ok := d.ask(text, o, func(v rules.Var, fresh func() rules.Var) rules.Pred {
		return caller.Rules().Fold(p, rules.Binding{Doc: v, Fresh: fresh, New: func(f *rules.Field) rules.Operand {
			if w, ok := change[f]; ok {
				return w.Operand(f, rules.Col{Var: v, Field: f})
			}
			return rules.Col{Var: v, Field: f}
		}})
	}, here(doc))
	if !ok {
		return
	}
	d.compare(text, caller, rules.Update, ruletest.Sides{Old: doc, New: doc.After(change)}, doc, is)
}

// create asks a create rule of a new document that is like one there is, with
// some fields omitted. The statement reads nothing but what the rule does, so
// any document may stand for its row.
func (d *differential) create(o *rules.Object) {
	text, p, ok := d.compile(o, rules.Create)
	if !ok {
		return
	}
	caller := d.Caller()
	row := d.w.Docs[o][d.r.IntN(len(d.w.Docs[o]))]
	copies := d.Change(o, caller, text).Copies()
	d.seen.Change(copies)
	doc := row.Fresh(d.r, copies)
	is, ok := d.ask(text, o, func(v rules.Var, fresh func() rules.Var) rules.Pred {
		return caller.Rules().Fold(p, rules.Binding{Fresh: fresh, New: func(f *rules.Field) rules.Operand {
			if w, ok := copies[f]; ok {
				return w.Operand(f, nil)
			}
			return rules.Val{Value: doc.Value(f)}
		}})
	}, here(row))
	if !ok {
		return
	}
	d.compare(text, caller, rules.Create, ruletest.Sides{New: doc}, row, is)
}

// run returns the ids for which each predicate holds. An emulator may take for
// ever where quantifiers are nested deeply.
func (d *differential) run(text string, o *rules.Object, ask question) (out [2][]string, ok bool) {
	d.Helper()
	q := &store.Query{}
	o.Indexes = nil
	if d.rule%2 == 0 { // the half with the ORs that are read as several SELECTs
		o.Indexes = indexesOf(o)
	}
	for i, where := range []rules.Pred{ask.yes, ask.no} {
		d.seen.Asked(where)
		w := []rules.Var{ask.v, ask.u}[i]
		q.Roots = append(q.Roots, store.Select{From: o, Var: w, Where: where, After: rules.True, Limit: 100, List: true,
			Columns: []store.Column{{Value: rules.Col{Var: w, Field: o.Key}}}})
	}
	rows, err := d.s.Read(d.Context(), q)
	if errors.Is(err, context.DeadlineExceeded) {
		d.slow++
		return out, false
	}
	if err != nil {
		d.Fatalf("rule %d: %s\n%s\n%s\n%v", d.rule, text, rules.Print(ask.yes), rules.Print(ask.no), err)
	}
	for i := range out {
		var page [1][][1]string
		if err := json.Unmarshal([]byte(rows.Roots[i]), &page); err != nil {
			d.Fatalf("%s: %v", rows.Roots[i], err)
		}
		for _, n := range page[0] {
			out[i] = append(out[i], n[0])
		}
	}
	return out, true
}

// indexesOf is an index on each field. What an answer says does not depend on
// whether the store has them.
func indexesOf(o *rules.Object) (list []rules.Index) {
	for _, f := range o.Fields {
		if f.Column != "" && !f.List {
			list = append(list, rules.Index{Parts: []rules.IndexPart{{Field: f}}})
		}
	}
	return list
}

// compare holds the store's answer of a document's row against cel-go's.
func (d *differential) compare(text string, caller ruletest.Caller, a rules.Action, s ruletest.Sides, row *ruletest.Doc, is [2][]string) {
	d.Helper()
	d.expect(text, caller, s, row, is, d.eval(caller, a, text, s))
}

func (d *differential) eval(caller ruletest.Caller, a rules.Action, text string, s ruletest.Sides) rules.Truth {
	d.Helper()
	out, err := d.Eval(d.w, caller, a, text, s)
	if err != nil {
		d.Fatalf("oracle: %s: %v", text, err)
	}
	return out
}

func (d *differential) expect(text string, caller ruletest.Caller, s ruletest.Sides, row *ruletest.Doc, is [2][]string, want rules.Truth) {
	d.Helper()
	got := rules.Unknown
	switch isTrue, isFalse := slices.Contains(is[0], row.ID), slices.Contains(is[1], row.ID); {
	case isTrue && isFalse:
		d.Errorf("rule %d: %s\n%s is both true and false", d.rule, text, row.ID)
	case isTrue:
		got = rules.True
	case isFalse:
		got = rules.False
	}
	d.seen.Outcome(want)
	if got != want {
		d.Errorf("rule %d: %s\ncaller %+v\nold %v\nnew %v\nstore %v, cel-go %v", d.rule, text, caller, s.Old, s.New, got, want)
	}
}
