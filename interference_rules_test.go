package main

import (
	"maps"
	"slices"

	"flora.dev/flora/rules"
)

// The reference: what documents, rules and callers are, naively and in memory.

type refSchema struct {
	name           string
	identity, link string // the collection of callers, and its field
	types          []*refType
	byName         map[string]*refType
}

type refType struct {
	name, plural string
	fields       []*refField
	uniques      [][]string
	grants       []refGrant
	// What the token alone makes of the anonymous: closed, no read grant can
	// hold; stranger, some update grant can.
	closed, stranger bool
}

// refGrant is one @auth: nil grants nothing.
type refGrant struct {
	role                         string
	read, create, update, delete refRule
}

type refField struct {
	name             string
	kind             rules.Kind
	pool             []any  // values of a scalar
	target, back     string // of a relation; back: the reference behind a many side
	required, unique bool
	// Rules of the field's own, nil: those of its type. folds is what the
	// token alone makes of read; unknown where it depends on rows.
	read, create, update refRule
	folds                func(*refCaller) rules.Truth
	mayUpdate            func(*refCaller) bool // what the token alone makes of update, nil: a matter of rows
	denyError            bool
	byDefault, onCreate  func(*refView) (any, bool) // false: cannot be set for this caller
}

func (f *refField) many() bool  { return f.back != "" }
func (f *refField) toOne() bool { return f.kind == rules.Ref && f.back == "" }

func newRefSchema(name, identity, link string, types ...*refType) *refSchema {
	s := &refSchema{name: name, identity: identity, link: link, types: types, byName: map[string]*refType{}}
	for _, t := range types {
		s.byName[t.name] = t
		for _, f := range t.fields {
			if f.unique {
				t.uniques = append(t.uniques, []string{f.name})
			}
		}
	}
	return s
}

func (t *refType) field(name string) *refField {
	for _, f := range t.fields {
		if f.name == name {
			return f
		}
	}
	return nil
}

// refDoc is immutable once it is in a state.
type refDoc struct {
	t    *refType
	id   string
	ts   int64
	vals map[string]any // string, int64, float64, bool, nil; of a reference the id
}

func (d *refDoc) with(set map[string]any) *refDoc {
	n := *d
	n.vals = maps.Clone(d.vals)
	maps.Copy(n.vals, set)
	return &n
}

// refState holds documents by type and id.
type refState map[string]map[string]*refDoc

func (s refState) clone() refState {
	out := refState{}
	for name, docs := range s {
		out[name] = maps.Clone(docs)
	}
	return out
}

func (s refState) put(d *refDoc) { s[d.t.name][d.id] = d }

// sorted are the documents of a type by id.
func (s refState) sorted(name string) []*refDoc {
	out := make([]*refDoc, 0, len(s[name]))
	for _, id := range slices.Sorted(maps.Keys(s[name])) {
		out = append(out, s[name][id])
	}
	return out
}

// refCaller is who asks. provider is the issuer that vouches, "dev" or "partner".
type refCaller struct {
	provider, sub string
	identity      string // what CurrentIdentity() is
	signedIn      bool
	roles         []string
	claims        map[string]any
}

func (c *refCaller) holds(role string) bool { return slices.Contains(c.roles, role) }

// refView is what rules see.
type refView struct {
	schema *refSchema
	state  refState
	who    *refCaller
	now    int64
}

type refSides struct{ doc, old, new *refDoc }

type refRule func(*refView, refSides) rules.Truth

// Kleene's logic.

func definite(b bool) rules.Truth {
	if b {
		return rules.True
	}
	return rules.False
}

func not(t rules.Truth) rules.Truth {
	switch t {
	case rules.True:
		return rules.False
	case rules.False:
		return rules.True
	}
	return rules.Unknown
}

func and(ts ...rules.Truth) rules.Truth {
	out := rules.True
	for _, t := range ts {
		switch {
		case t == rules.False:
			return rules.False
		case t == rules.Unknown:
			out = rules.Unknown
		}
	}
	return out
}

func or(ts ...rules.Truth) rules.Truth {
	out := rules.False
	for _, t := range ts {
		switch {
		case t == rules.True:
			return rules.True
		case t == rules.Unknown:
			out = rules.Unknown
		}
	}
	return out
}

// equal is == on scalars and references: definite.
func equal(a, b any) rules.Truth { return definite(a == b) }

// bare is a Boolean field alone.
func bare(v any) rules.Truth {
	if b, ok := v.(bool); ok {
		return definite(b)
	}
	return rules.Unknown
}

// What rules ask of the caller and of other documents.

func (v *refView) role(name string) rules.Truth { return definite(v.who.holds(name)) }

func (v *refView) isMe(x any) rules.Truth {
	if !v.who.signedIn {
		return rules.Unknown
	}
	return equal(x, v.who.identity)
}

// user is the caller's own document, nil if there is none.
func (v *refView) user() *refDoc {
	if v.who.signedIn {
		for _, d := range v.state[v.schema.identity] {
			if d.vals[v.schema.link] == v.who.identity {
				return d
			}
		}
	}
	return nil
}

func (v *refView) isUser(key any) rules.Truth {
	u := v.user()
	if u == nil {
		return rules.Unknown
	}
	return equal(key, u.id)
}

// isClaim compares a field with a claim that is a string or says nothing.
func (v *refView) isClaim(name string, x any) rules.Truth {
	c, ok := v.who.claims[name].(string)
	if !v.who.signedIn || !ok {
		return rules.Unknown
	}
	return equal(x, c)
}

// hasClaim is has(CurrentToken().outer.inner).
func (v *refView) hasClaim(outer, inner string) rules.Truth {
	m, ok := v.who.claims[outer].(map[string]any)
	if !v.who.signedIn || !ok {
		return rules.Unknown
	}
	x, there := m[inner]
	switch {
	case !there:
		return rules.False
	case x == nil:
		return rules.Unknown
	}
	return rules.True
}

func (v *refView) get(name string, id any) *refDoc {
	s, _ := id.(string)
	return v.state[name][s]
}

func (v *refView) exists(name, back string, id any, p func(*refDoc) rules.Truth) rules.Truth {
	out := rules.False
	for _, d := range v.state[name] {
		if d.vals[back] == id {
			out = or(out, p(d))
		}
	}
	return out
}

func (v *refView) all(name, back string, id any, p func(*refDoc) rules.Truth) rules.Truth {
	return not(v.exists(name, back, id, func(d *refDoc) rules.Truth { return not(p(d)) }))
}

// What grants say. Only true allows, and each grant is decided alone.

func (v *refView) grants(t *refType, rule func(*refGrant) refRule, holds func(refRule) bool) bool {
	for i := range t.grants {
		g := &t.grants[i]
		if r := rule(g); r != nil && (g.role == "" || v.who.holds(g.role)) && holds(r) {
			return true
		}
	}
	return false
}

func (v *refView) one(d *refDoc) func(refRule) bool {
	return func(r refRule) bool { return r(v, refSides{doc: d, old: d, new: d}) == rules.True }
}

// both is the law of two sides: one grant must allow the stored and the new.
func (v *refView) both(old, new *refDoc) func(refRule) bool {
	return func(r refRule) bool {
		return r(v, refSides{old, old, new}) == rules.True && r(v, refSides{new, old, new}) == rules.True
	}
}

func (v *refView) sees(d *refDoc) bool {
	return d != nil && v.grants(d.t, func(g *refGrant) refRule { return g.read }, v.one(d))
}

// reads reports whether a field of a document that is seen may be read.
func (v *refView) reads(d *refDoc, f *refField) bool { return f.read == nil || v.one(d)(f.read) }

func (v *refView) mayDelete(d *refDoc) bool {
	return v.grants(d.t, func(g *refGrant) refRule { return g.delete }, v.one(d))
}

func (v *refView) mayCreate(d *refDoc, given []*refField) bool {
	for _, f := range given {
		if f.create != nil && !v.one(d)(f.create) {
			return false
		}
	}
	return v.grants(d.t, func(g *refGrant) refRule { return g.create }, v.one(d))
}

func (v *refView) mayUpdate(old, new *refDoc, given []*refField) bool {
	for _, f := range given {
		if f.update != nil && !v.both(old, new)(f.update) {
			return false
		}
	}
	return v.grants(old.t, func(g *refGrant) refRule { return g.update }, v.both(old, new))
}
