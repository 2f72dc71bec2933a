package storetest

import (
	"flora.dev/flora/rules"
	"flora.dev/flora/rules/ruletest"
)

// composed asks what a client's condition becomes: the rule of a field guards
// a condition, and a hop exists only where the target's rule is true. Both are
// random rules.
func (d *differential) composed(o *rules.Object) {
	hops := []*rules.Field{nil} // nil: the guard of a field
	for _, f := range o.Fields {
		if f.Kind == rules.Ref {
			hops = append(hops, f)
		}
	}
	hop := hops[d.r.IntN(len(hops))]
	target := o
	if hop != nil {
		target = hop.Target
	}
	seen, p, ok1 := d.compile(target, rules.Read)
	asked, q, ok2 := d.compile(target, rules.Read)
	if !ok1 || !ok2 {
		return
	}
	all := d.r.IntN(2) == 0
	caller := d.Caller()
	is, ok := d.ask(seen+"\nand "+asked, o, func(v rules.Var, fresh func() rules.Var) rules.Pred {
		return compose(o, hop, all, v, fresh, func(v rules.Var) (rules.Pred, rules.Pred) {
			return caller.Rules().Fold(p, rules.Binding{Doc: v, Fresh: fresh}), caller.Rules().Fold(q, rules.Binding{Doc: v, Fresh: fresh})
		})
	}, everything)
	if !ok {
		return
	}
	name := "guarded by "
	d.seen["composed"]++
	if hop != nil {
		name = hop.Path() + " seen by "
	}
	for _, doc := range d.w.Docs[o] {
		decide := func(t *ruletest.Doc) (rules.Truth, rules.Truth) {
			s := ruletest.Sides{Old: t}
			return d.eval(caller, rules.Read, seen, s), d.eval(caller, rules.Read, asked, s)
		}
		d.expect(name+seen+"\nasked "+asked, caller, ruletest.Sides{Old: doc}, doc, is, composedTruth(doc, hop, all, decide))
	}
}

// compose makes the predicate as a planner does.
func compose(o *rules.Object, f *rules.Field, all bool, v rules.Var, fresh func() rules.Var, fold func(rules.Var) (rules.Pred, rules.Pred)) rules.Pred {
	if f == nil {
		rule, p := fold(v)
		return rules.Guard{Rule: rule, P: p}
	}
	w := fresh()
	domain, body := fold(w)
	key := rules.Col{Var: v, Field: o.Key}
	switch {
	case f.Link != nil:
		row, other := fresh(), fresh()
		far := rules.Col{Var: row, Field: f.Link.Far}
		again, _ := fold(other)
		return rules.Many{Of: key, Field: f.Link.Rows, Var: row, All: all,
			Domain: rules.One{From: far, Target: f.Target, Var: other, Domain: rules.True, Body: again},
			Body:   rules.One{From: far, Target: f.Target, Var: w, Domain: rules.True, Body: body}}
	case f.Many():
		return rules.Many{Of: key, Field: f, Var: w, Domain: domain, Body: body, All: all}
	case f.Inverse():
		return rules.One{From: key, Key: f.Back, Target: f.Target, Var: w, Domain: domain, Body: body}
	}
	return rules.One{From: rules.Col{Var: v, Field: f}, Target: f.Target, Var: w, Domain: domain, Body: body}
}

// composedTruth is what it must be.
func composedTruth(doc *ruletest.Doc, f *rules.Field, all bool, decide func(*ruletest.Doc) (rules.Truth, rules.Truth)) rules.Truth {
	if f != nil && f.Many() {
		stop, out := rules.True, rules.False
		if all {
			stop, out = rules.False, rules.True
		}
		for _, t := range doc.Behind(f) {
			switch seen, is := decide(t); {
			case seen != rules.True:
			case is == stop:
				return stop
			case is == rules.Unknown:
				out = rules.Unknown
			}
		}
		return out
	}
	if f != nil {
		list := doc.Behind(f)
		if len(list) == 0 {
			return rules.Unknown
		}
		doc = list[0]
	}
	if seen, is := decide(doc); seen == rules.True {
		return is
	}
	return rules.Unknown
}
