package deploy

import (
	"context"
	"hash/fnv"
	"math/rand/v2"
	"slices"

	"flora.dev/flora/rules"
	"flora.dev/flora/schema"
)

// search puts one question to both sides until their answers differ.
type search struct {
	*pair
	q       *question
	rand    *rand.Rand
	pool    *pool
	callers []*asker
	tries   int
}

// asker is a caller, and what he leaves of the rules.
type asker struct {
	Caller
	rules  *rules.Caller
	folded [2]rules.Pred
}

// trial is one case: a caller and documents.
type trial struct {
	w        *world
	who      *asker
	old, new *record
}

func newSearch(p *pair, q *question, seed uint64) *search {
	h := fnv.New64a() // so that one question's cases do not depend on the others
	h.Write([]byte(q.collection + "." + q.field + " " + q.word()))
	s := &search{pair: p, q: q, rand: rand.New(rand.NewPCG(seed, h.Sum64())), pool: &pool{constants: map[*column][]any{}}}
	for _, c := range q.callers(p, s.rand) {
		s.callers = append(s.callers, s.asker(c))
	}
	return s
}

func (s *search) asker(c Caller) *asker {
	a := &asker{Caller: c, rules: c.at(searchNow)}
	for side := range a.folded {
		a.folded[side] = a.rules.Fold(rules.And(s.q.preds(side)), rules.Binding{})
		s.pool.note(s.columns, a.folded[side])
	}
	return a
}

// run looks for a case that is newly allowed and for one that is newly denied.
func (s *search) run(ctx context.Context, tries int) []Shift {
	var list []Shift
	proven := true
	for to := range 2 { // the side that allows: first what is newly denied, then what is newly allowed
		if s.q.sameSets() && within(rules.And(s.q.preds(to)), rules.And(s.q.preds(1-to))) {
			continue
		}
		proven = false
		if found := s.find(ctx, to, tries); found != nil {
			list = append(list, s.shift(to, found))
		}
	}
	for i := range list {
		list[i].Tries = s.tries
	}
	if own := s.q.demands; len(list) == 0 && !proven && !sameRule(own[0][0].Pred, own[1][0].Pred) {
		list = append(list, Shift{Change: NotFound, Tries: s.tries})
	}
	for i := range list {
		list[i].Collection, list[i].Field, list[i].Action = s.q.collection, s.q.field, s.q.word()
	}
	return list
}

// find returns the simplest case found that the side to allows and the other
// does not. Each caller has a few tries before one has many.
func (s *search) find(ctx context.Context, to, tries int) *trial {
	var barred *trial
	for each, left := 2, tries; left > 0; each *= 4 {
		for i, who := range s.callers {
			if i > 0 && each > 2 && who.settled() {
				continue
			}
			for range min(each, left) {
				t := s.try(who, to)
				if !s.shifts(t, to) {
					continue
				}
				if s.barred(t, to) {
					barred = t
					continue
				}
				if t = s.simplest(t, to); t != nil {
					return t
				}
			}
			if left -= each; left <= 0 || ctx.Err() != nil {
				break
			}
		}
		if barred != nil && each > 64 {
			break
		}
	}
	if barred != nil {
		return s.simplest(barred, to)
	}
	return nil
}

// settled reports that no document is another answer for the caller.
func (a *asker) settled() bool {
	old, ok1 := a.folded[0].(rules.Truth)
	new, ok2 := a.folded[1].(rules.Truth)
	return ok1 && ok2 && (old == rules.True) == (new == rules.True)
}

// try makes up a case. Mostly it is made to be one that the side to allows and
// the other does not.
func (s *search) try(who *asker, to int) *trial {
	s.tries++
	t := s.blank(who)
	if s.rand.IntN(8) == 0 {
		return t
	}
	goals := []int{to, 1 - to}
	if s.rand.IntN(2) == 0 {
		goals[0], goals[1] = goals[1], goals[0]
	}
	if s.rand.IntN(2) == 0 {
		goals = append(goals, goals[0])
	}
	for _, side := range goals {
		v := &solver{w: t.w, who: who.rules, r: s.rand, side: side, vars: map[rules.Var]*record{rules.Old: t.old, rules.New: t.new}}
		if side == to || s.q.field == "" {
			v.want(who.folded[side], side == to)
		} else if own := s.q.demands[side][0].Pred; own != nil {
			v.want(who.rules.Fold(own, rules.Binding{}), false)
		}
	}
	return t
}

// blank is a case of which nothing is decided.
func (s *search) blank(who *asker) *trial {
	t := &trial{w: newWorld(s.pair, s.rand, s.pool), who: who}
	if s.q.action != rules.Create {
		t.old = t.w.add(s.q.collection)
	}
	if s.q.written() {
		t.new = &record{collection: s.q.collection, id: "new", values: map[*column]any{}, base: t.old}
		if t.old != nil {
			t.new.id = t.old.id
		}
		t.w.fresh = t.new
	}
	return t
}

// binding is what a side's rules know of the case.
func (t *trial) binding(side int) rules.Binding {
	b := rules.Binding{Docs: map[rules.Var]rules.Document{}, User: func(o *rules.Object, id rules.Value) rules.Document {
		if d := t.w.user(t.w.columns[o.Identity], id.V, side); d != nil {
			return seen{t.w, d, side}
		}
		return nil
	}, All: func(o *rules.Object) []rules.Document { return t.w.present(t.w.every(o.Name), side) }}
	if t.old != nil {
		b.Docs[rules.Old] = seen{t.w, t.old, side}
	}
	if t.new != nil {
		b.Docs[rules.New] = seen{t.w, t.new, side}
	}
	return b
}

// holds reports whether a predicate allows the case.
func (t *trial) holds(p rules.Pred, side int) bool {
	return p == nil || t.who.rules.Fold(p, t.binding(side)) == rules.True
}

// store enters what the server sets and reports whether it can.
func (t *trial) store(fields []*schema.Field, side int) bool {
	t.new.set[side] = map[*column]any{}
	for _, f := range fields {
		op, known := t.who.rules.Value(f.Set)
		if !known {
			return false
		}
		var v any
		switch op := op.(type) {
		case rules.Val:
			v = op.Value.V
		case rules.UserVal:
			id, _ := op.Identity.(rules.Val)
			d := t.w.user(t.w.columns[op.Object.Identity], id.Value.V, side)
			if d == nil {
				return false
			}
			v = seen{t.w, d, side}.Value(op.Field).V
		}
		if v == nil && f.NonNull {
			return false
		}
		if id, ok := v.(string); ok && f.ToOne() && t.w.find(f.Field.Target.Name, id) == nil {
			return false
		}
		t.new.set[side][t.w.columns[f.Field]] = v
	}
	return true
}

// answers are what the demands of a side say; all false where the server has
// no value to set.
func (s *search) answers(t *trial, side int) []bool {
	list := make([]bool, len(s.q.demands[side]))
	if t.new != nil && !t.store(s.q.sets[side], side) {
		return list
	}
	for i, d := range s.q.demands[side] {
		list[i] = t.holds(d.Pred, side)
	}
	return list
}

// shifts reports whether the side to allows the case and the other does not.
// Of a field that is its own rule's doing, else it is told of the type.
func (s *search) shifts(t *trial, to int) bool {
	other := s.answers(t, 1-to)
	if !slices.Contains(other, false) || s.q.field != "" && other[0] {
		return false
	}
	return !slices.Contains(s.answers(t, to), false) && t.w.sound(t.new)
}

// barred reports whether, on the side that allows the case, something beside
// the rule refuses the write.
func (s *search) barred(t *trial, to int) bool {
	if !s.q.written() || s.q.check {
		return false
	}
	c := s.schemas[to].Collection(s.q.collection)
	if c == nil {
		return false
	}
	checks := c.Checks
	for _, f := range c.Fields {
		k := s.columns[f.Field]
		v, given := t.new.values[k]
		if k == nil || !given || !f.Settable() {
			continue
		}
		checks = append(checks[:len(checks):len(checks)], f.Checks...)
		if t.old != nil && same(v, t.w.value(t.old, k, to)) || v == nil {
			continue
		}
		if !t.holds(ownRule(f, s.q.action).Pred, to) {
			return true
		}
		if id, ok := v.(string); ok && k.Kind == rules.Ref {
			target := &trial{w: t.w, who: t.who, old: t.w.find(k.Target.Name, id)}
			if target.old == nil || !target.holds(s.schemas[to].Collection(k.Target.Name).Access.Read.Pred, to) {
				return true
			}
		}
	}
	return slices.ContainsFunc(checks, func(k schema.Check) bool { return !t.holds(k.Pred, to) })
}
