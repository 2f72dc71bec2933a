package main

import "flora.dev/flora/rules"

// What the schemas of the non-interference test are written with.

func value(name string, kind rules.Kind, pool ...any) *refField {
	return &refField{name: name, kind: kind, pool: pool}
}

func number(name string) *refField {
	return value(name, rules.Int, int64(0), int64(1), int64(2), int64(5))
}
func boolean(name string) *refField { return value(name, rules.Bool, true, false) }

func inlined(name string, members ...*refField) *refField {
	return &refField{name: name, kind: rules.Embedded, members: members}
}

// ref is a reference; many and inverse are what leads back over one.
func ref(name, target string) *refField {
	return &refField{name: name, kind: rules.Ref, target: target}
}

func many(name, target, back string) *refField {
	return &refField{name: name, kind: rules.Ref, target: target, back: back}
}

func inverse(name, target, back string) *refField {
	return &refField{name: name, kind: rules.Ref, target: target, back: back, single: true}
}

// link is a list kept in a table.
func link(name, target, opposite, table, near, far string) *refField {
	return &refField{name: name, kind: rules.Ref, target: target, opposite: opposite, table: table, near: near, far: far}
}

func (f *refField) with(change func(*refField)) *refField {
	change(f)
	return f
}

func (f *refField) needed() *refField { return f.with(func(f *refField) { f.required = true }) }
func (f *refField) key() *refField    { return f.with(func(f *refField) { f.unique = true }) }
func (f *refField) listed() *refField { return f.with(func(f *refField) { f.list = true }) }
func (f *refField) folded() *refField { return f.with(func(f *refField) { f.fold = true }) }
func (f *refField) loud() *refField   { return f.with(func(f *refField) { f.denyError = true }) }
func (f *refField) owns() *refField   { return f.with(func(f *refField) { f.owning = true }) }

func (f *refField) deleted(how rules.OnDelete) *refField {
	return f.with(func(f *refField) { f.onDelete = how })
}

func (f *refField) readBy(rule refRule) *refField {
	return f.with(func(f *refField) { f.read = rule })
}

func (f *refField) writtenBy(create, update refRule) *refField {
	return f.with(func(f *refField) { f.create, f.update = create, update })
}

func (f *refField) checked(rule refRule) *refField {
	return f.with(func(f *refField) { f.checks = append(f.checks, rule) })
}

func (f *refField) byDefaultIs(value func(*refView) (any, bool)) *refField {
	return f.with(func(f *refField) { f.byDefault = value })
}

func constant(x any) func(*refView) (any, bool) {
	return func(*refView) (any, bool) { return x, true }
}

func callersIdentity(v *refView) (any, bool) { return v.who.identity, v.who.signedIn }

func callersDocument(v *refView) (any, bool) {
	if u := v.user(); u != nil {
		return u.key(), true
	}
	return nil, false
}

// Rules that are common.

func ifSignedIn(v *refView, _ refSides) refTruth { return definite(v.who.signedIn) }

func never(*refView, refSides) refTruth { return isFalse }

func always(*refView, refSides) refTruth { return isTrue }

func holds(role string) refRule {
	return func(v *refView, _ refSides) refTruth { return v.role(role) }
}

func self(v *refView, s refSides) refTruth { return v.isUser(s.doc.key()) }

// userOf: the caller is whom a field names.
func userOf(field string) refRule {
	return func(v *refView, s refSides) refTruth { return v.isUser(s.doc.val(field)) }
}

func either(list ...refRule) refRule {
	return func(v *refView, s refSides) refTruth {
		out := isFalse
		for _, r := range list {
			out = or(out, r(v, s))
		}
		return out
	}
}

// is: a Boolean field; isNot its negation.
func is(field string) refRule {
	return func(_ *refView, s refSides) refTruth { return bare(s.doc.val(field)) }
}

func isNot(field string) refRule {
	return func(_ *refView, s refSides) refTruth { return not(bare(s.doc.val(field))) }
}

var (
	words = []any{"a", "b", "ab", "x1", "xy"}
	codes = []any{"k1", "k2", "k3", "k4", "k5", "k6", "k7", "k8"}
)
