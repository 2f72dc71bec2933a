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

// caller is a random caller; claims are missing, null and of the wrong type too.
func (g *generator) caller() *refCaller {
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
	// Few kinds of tokens: each is signed once.
	c.roles = choose(g, nil, nil, []string{"auditor"}, []string{"editor"}, []string{"moderator"}, []string{"admin"},
		[]string{"auditor", "moderator"}, []string{"editor", "admin"})
	c.claims = choose(g, []map[string]any{{}, {"org": "acme"}, {"org": "acme", "limits": map[string]any{}}, {"org": "bolt", "limits": "x"},
		{"org": "", "limits": map[string]any{"items": nil}}, {"org": nil, "limits": map[string]any{"items": 1}}, {"org": 5, "limits": nil},
		{"org": []any{"acme"}, "limits": map[string]any{}}, {"limits": map[string]any{}}}...)
	return c
}

const seedTime = int64(1_770_000_000_000_000) // long before the requests

// documents are random ones, a handful of each type.
func (g *generator) documents() refState {
	s := refState{}
	for _, t := range g.schema.types {
		s[t.name] = map[string]*refDoc{}
	}
	for _, t := range g.schema.types {
		for range 3 + g.IntN(5) {
			if d := g.document(s, t); d != nil {
				s.put(d)
			}
		}
	}
	for range 3 { // members make the rules lively
		if u := (&refView{g.schema, s, g.who, g.now}).user(); u != nil && len(s["Team"]) > 0 && s["Member"] != nil {
			if d := g.document(s, g.schema.byName["Member"]); d != nil {
				if d.vals["user"] = u.id; !s.taken(d) {
					s.put(d)
				}
			}
		}
	}
	return s
}

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
			if !f.many() {
				d.vals[f.name] = g.value(s, f, 30)
				ok = ok && (d.vals[f.name] != nil || !f.required)
			}
		}
		if ok && !s.taken(d) {
			return d
		}
	}
	return nil
}

// value is a random value of a field, nil where it may be and by chance.
func (g *generator) value(s refState, f *refField, nulls int) any {
	if !f.required && g.chance(nulls) {
		return nil
	}
	if f.kind == rules.Ref {
		ids := slices.Sorted(maps.Keys(s[f.target]))
		if len(ids) == 0 {
			return nil
		}
		if u := (&refView{g.schema, s, g.who, g.now}).user(); u != nil && f.target == g.schema.identity && g.chance(40) {
			return u.id
		}
		return choose(g, ids...)
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
			fmt.Fprint(&b, t.name, d.id, " ", d.ts, v.mayDelete(d))
			for _, f := range t.fields {
				switch {
				case f.many():
				case !v.reads(d, f):
					b.WriteString(" -")
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
		if !g.chance(10) {
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
			delete(s[t.name], d.id)
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
		g.change(s, func(f *refField) bool { return f.read != nil && !f.many() }, 20)
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
	g.change(s, func(f *refField) bool { return !f.many() && !(null && f.required) }, nulls)
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
	if (n.vals[f.name] != nil || !f.required) && !s.taken(n) {
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
