package main

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"

	"flora.dev/flora/rules"
)

// generator makes documents, changes of them that a caller cannot see, and
// requests.
type generator struct {
	*rand.Rand
	few    bool // documents: the engine takes its time
	seed   uint64
	step   int
	schema *refSchema
	world  refState // what requests are made for
	other  refState // its twin
	who    *refCaller
	now    int64
	past   []*operation
	// Cursors seen in answers: of this caller by text, and texts of others.
	cursors map[string]*refCursor
	aliases int
}

func choose[T any](g *generator, xs ...T) T { return xs[g.IntN(len(xs))] }

func (g *generator) chance(percent int) bool { return g.IntN(100) < percent }

// somebody is a random caller without roles and claims.
func (g *generator) somebody() *refCaller {
	if g.chance(8) {
		return &refCaller{}
	}
	c := &refCaller{provider: "dev", sub: choose(g, "alice", "alice", "alice", "bob", "bob", "carol", "dave"), signedIn: true}
	if g.chance(15) {
		c.provider, c.sub = "partner", "alice"
	}
	c.identity = c.sub
	if c.provider == "partner" {
		c.identity = "partner|" + c.sub
	}
	return c
}

const seedTime = int64(1_770_000_000_000_000) // long before the requests

// documents are random ones, a handful of each type.
func (g *generator) documents() refState {
	s := refState{}
	for _, t := range slices.Concat(g.schema.types, g.schema.links) {
		s[t.name] = map[string]*refDoc{}
	}
	for _, t := range g.schema.types {
		n := 3 + g.IntN(5)
		if g.few {
			n = 2 + g.IntN(3)
		}
		for range n {
			if d := g.document(s, t); d != nil {
				s.put(d)
			}
		}
	}
	for _, own := range g.schema.lively { // documents of the caller's own make the rules lively
		if u := g.user(s); u != nil {
			for range 2 {
				if d := g.document(s, g.schema.byName[own[0]]); d != nil {
					if d.vals[own[1]] = u.id; !s.taken(d) {
						s.put(d)
					}
				}
			}
		}
	}
	for _, rows := range g.schema.links {
		for range 4 + g.IntN(5) {
			g.join(s, rows)
		}
	}
	return s
}

// join adds a row to a link table.
func (g *generator) join(s refState, rows *refType) {
	near, far := g.pick(s, g.schema.byName[rows.fields[0].target]), g.pick(s, g.schema.byName[rows.fields[1].target])
	if near != nil && far != nil {
		s.put(row(rows, near.id, far.id))
	}
}

// user is the caller's document in s.
func (g *generator) user(s refState) *refDoc { return (&refView{g.schema, s, g.who, g.now}).user() }

// document is a random document that s can take, or nil.
func (g *generator) document(s refState, t *refType) *refDoc {
	for range 5 {
		id := fmt.Sprintf("%s%d", strings.ToLower(t.name[:1]), g.IntN(20))
		if s[t.name][id] != nil {
			continue
		}
		d := &refDoc{t: t, id: id, ts: seedTime + int64(max(g.IntN(6)-3, 0)), vals: map[string]any{}}
		ok := true
		for _, f := range t.fields {
			if f.stored() {
				d.vals[f.name] = g.value(s, f, 30)
				ok = ok && (d.vals[f.name] != nil || !f.required)
			}
		}
		if d.settle(); ok && !s.taken(d) {
			return d
		}
	}
	return nil
}

// settle takes references away that lead to a document of the type not before
// this one, so that documents can be planted in order.
func (d *refDoc) settle() {
	for _, f := range d.t.fields {
		if id, ok := d.vals[f.name].(string); ok && f.toOne() && f.target == d.t.name && id >= d.id {
			d.vals[f.name] = nil
		}
	}
}

// value is a random value of a field, nil where it may be and by chance.
func (g *generator) value(s refState, f *refField, nulls int) any {
	if !f.required && g.chance(nulls) {
		return nil
	}
	switch {
	case f.kind == rules.Ref:
		ids := slices.Sorted(maps.Keys(s[f.target]))
		if len(ids) == 0 {
			return nil
		}
		if u := g.user(s); u != nil && f.target == g.schema.identity && g.chance(40) {
			return u.id
		}
		return choose(g, ids...)
	case f.members != nil:
		out := map[string]any{}
		for _, m := range f.members {
			if x := g.value(s, m, nulls); x != nil {
				out[m.name] = x
			}
		}
		return out
	case f.list:
		out := []any{}
		for range g.IntN(3) {
			out = append(out, choose(g, f.pool...))
		}
		return out
	}
	return choose(g, f.pool...)
}

// view is what the caller can see, and what rules decide about it: two states
// with the same view must not be told apart.
func (v *refView) view() string {
	var b strings.Builder
	for _, t := range v.schema.types {
		for _, d := range v.state.sorted(t.name) {
			if !v.sees(d) {
				continue
			}
			fmt.Fprint(&b, t.name, d.id, " ", d.ts, v.deletable(d), v.updatable(d, d))
			for _, f := range t.fields {
				if f.update != nil {
					fmt.Fprint(&b, v.fieldUpdatable(d, d, f))
				}
				switch {
				case !v.reads(d, f):
					b.WriteString(" -")
				case f.table != "" || f.back != "" && v.schema.opposite(f).read != nil:
					for _, c := range v.behind(d, f) {
						b.WriteString(" " + c.id)
					}
				case f.back != "": // as plain from the other end
				case f.toOne() && !v.sees(v.get(f.target, d.vals[f.name])):
					b.WriteString(" ?")
				default:
					fmt.Fprintf(&b, " %#v", d.vals[f.name])
				}
			}
			b.WriteString("\n")
		}
	}
	return b.String()
}

// mutations are the ways in which hidden things change, one for each channel
// through which they might show. Each proposes a state; one that the caller can
// tell from the first is dropped.
var mutations = []struct {
	name  string
	apply func(g *generator, s refState)
}{
	{"one more document", func(g *generator, s refState) { g.add(s, choose(g, g.schema.types...)) }},
	{"many more documents", func(g *generator, s refState) { // more than a page
		if g.few || !g.chance(10) {
			return
		}
		t := choose(g, g.schema.types...)
		d := g.document(s, t)
		if d == nil {
			return
		}
		for i := range 55 {
			n := d.with(nil)
			n.id = fmt.Sprintf("%s-%d", d.id, i)
			for _, key := range t.uniques {
				if f := t.field(key[0]); f.kind == rules.Ref || f.required {
					n.vals[key[0]] = g.value(s, f, 0)
					if f.kind == rules.String {
						n.vals[key[0]] = fmt.Sprintf("%s-%d", d.id, i)
					}
				} else {
					n.vals[key[0]] = nil
				}
			}
			if !s.taken(n) {
				s.put(n)
			}
		}
	}},
	{"one document less", func(g *generator, s refState) {
		t := choose(g, g.schema.types...)
		if d := g.pick(s, t); d != nil && !s.referenced(g.schema, d) {
			s.remove(g.schema, 0, d)
		}
	}},
	{"a link", func(g *generator, s refState) {
		if len(g.schema.links) > 0 {
			rows := choose(g, g.schema.links...)
			if d := g.pick(s, rows); d != nil && g.chance(50) {
				delete(s[rows.name], d.id)
			} else {
				g.join(s, rows)
			}
		}
	}},
	{"another value", func(g *generator, s refState) { g.alter(s, false) }},
	{"a null", func(g *generator, s refState) { g.alter(s, true) }},
	{"another target", func(g *generator, s refState) {
		g.change(s, func(f *refField) bool { return f.toOne() }, 20)
	}},
	{"a later version", func(g *generator, s refState) {
		if d := g.pick(s, choose(g, g.schema.types...)); d != nil {
			n := d.with(nil)
			n.ts = seedTime + 1 + int64(g.IntN(2))
			s.put(n)
		}
	}},
	{"a guarded field", func(g *generator, s refState) {
		g.change(s, func(f *refField) bool { return f.read != nil && f.stored() }, 20)
	}},
}

func (g *generator) add(s refState, t *refType) {
	if d := g.document(s, t); d != nil {
		s.put(d)
	}
}

func (g *generator) pick(s refState, t *refType) *refDoc {
	docs := s.sorted(t.name)
	if len(docs) == 0 {
		return nil
	}
	return choose(g, docs...)
}

func (g *generator) alter(s refState, null bool) {
	nulls := 0
	if null {
		nulls = 100
	}
	g.change(s, func(f *refField) bool { return f.stored() && !(null && f.required) }, nulls)
}

// change gives one field of one document another value.
func (g *generator) change(s refState, of func(*refField) bool, nulls int) {
	t := choose(g, g.schema.types...)
	d := g.pick(s, t)
	var fields []*refField
	for _, f := range t.fields {
		if of(f) {
			fields = append(fields, f)
		}
	}
	if d == nil || len(fields) == 0 {
		return
	}
	f := choose(g, fields...)
	n := d.with(nil)
	n.vals[f.name] = g.value(s, f, nulls)
	if n.settle(); (n.vals[f.name] != nil || !f.required) && !s.taken(n) {
		s.put(n)
	}
}

// twin is a state that the caller cannot tell from s, and how many changes it took.
func (g *generator) twin(s refState) (refState, int) {
	want := (&refView{g.schema, s, g.who, g.now}).view()
	n := 0
	for range 12 + g.IntN(12) {
		next := s.clone()
		choose(g, mutations...).apply(g, next)
		if !maps.EqualFunc(next, s, func(a, b map[string]*refDoc) bool { return maps.Equal(a, b) }) &&
			(&refView{g.schema, next, g.who, g.now}).view() == want {
			s = next
			n++
		}
	}
	return s, n
}
