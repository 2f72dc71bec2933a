package main

import (
	"cmp"
	"slices"

	"flora.dev/flora/rules"
)

// The reference: what documents, rules and callers are, naively and in memory.

type refSchema struct {
	name           string
	identity, link string // the collection of callers, and its field
	types          []*refType
	links          []*refType // tables of many-to-many relations: their documents are rows
	byName         map[string]*refType
	roles          map[string]refRule // that the schema declares
	caller         func(*generator) *refCaller
	refused        [][2]string // changes of the schema's text that must not load
	lively         [][2]string // types and the fields that make a document of them the caller's own
}

type refType struct {
	name, plural string
	fields       []*refField // in the order of the schema
	uniques      [][]string
	grants       []refGrant
	checks       []refRule
}

// refGrant is one @auth: nil grants nothing. stored is what update says of
// stored documents alone, nil where all of it does.
type refGrant struct {
	role                                 string
	read, create, update, delete, stored refRule
}

type refField struct {
	name             string
	kind             rules.Kind
	list             bool
	pool             []any       // values of a scalar, or of an element of a list
	members          []*refField // of an embedded type
	target, back     string      // of a relation; back: the reference behind a side without a column
	single           bool        // with back: of a one-to-one relation
	table            string      // of a many-to-many relation; near and far are its columns
	near, far        string
	opposite         string // of a many-to-many relation: the list at the other end, if it has one
	owning           bool   // rows of the table are written under this side's rules
	onDelete         rules.OnDelete
	required, unique bool
	fold             bool
	// Rules of the field's own, nil: those of its type.
	read, create, update refRule
	checks               []refRule
	denyError            bool
	// What the server sets; false: it cannot for this caller.
	byDefault, onCreate, onUpdate func(*refView) (any, bool)
}

func (f *refField) stored() bool  { return f.back == "" && f.table == "" }
func (f *refField) many() bool    { return f.back != "" && !f.single || f.table != "" }
func (f *refField) inverse() bool { return f.back != "" && f.single }
func (f *refField) toOne() bool   { return f.kind == rules.Ref && f.stored() }
func (f *refField) plain() bool   { return f.kind != rules.Ref && !f.list && f.members == nil }

// sortable reports whether orderBy takes the field itself.
func (f *refField) sortable() bool { return f.plain() && f.kind != rules.Decimal }

func newRefSchema(name, identity, link string, types ...*refType) *refSchema {
	s := &refSchema{name: name, identity: identity, link: link, types: types, byName: map[string]*refType{}}
	for _, t := range types {
		s.byName[t.name] = t
		for _, f := range t.fields {
			if f.unique {
				t.uniques = append(t.uniques, []string{f.name})
			}
			if f.table != "" && s.byName[f.table] == nil {
				rows := &refType{name: f.table, fields: []*refField{
					{name: f.near, kind: rules.Ref, target: t.name, required: true},
					{name: f.far, kind: rules.Ref, target: f.target, required: true}}}
				s.byName[f.table], s.links = rows, append(s.links, rows)
			}
		}
	}
	return s
}

// settable reports whether clients give the field.
func (s *refSchema) settable(f *refField) bool {
	if f.back != "" {
		f = s.byName[f.target].field(f.back)
	}
	return f.onCreate == nil && f.onUpdate == nil
}

// opposite is the field that leads back over a side without a column, nil
// where none does.
func (s *refSchema) opposite(f *refField) *refField {
	return s.byName[f.target].field(cmp.Or(f.back, f.opposite))
}

func (t *refType) field(name string) *refField {
	for _, f := range t.fields {
		if f.name == name {
			return f
		}
	}
	return nil
}

// refCaller is who asks. provider is the issuer that vouches, "dev" or "partner".
type refCaller struct {
	provider, sub string
	identity      string // what CurrentIdentity() is
	signedIn      bool
	roles         []string
	claims        map[string]any
}

// refView is what rules see. Without a state it is the token alone: rules are
// then the set of what they may come to.
type refView struct {
	schema *refSchema
	state  refState
	who    *refCaller
	now    int64
}

func (v *refView) dark() *refView { return &refView{schema: v.schema, who: v.who, now: v.now} }

func (v *refView) unknown(t *refType) *refDoc { return &refDoc{t: t, dark: true} }

// refSides are the documents that a rule speaks of.
type refSides struct{ doc, old, new *refDoc }

type refRule func(*refView, refSides) refTruth

// What rules ask of the caller and of other documents.

// role is whether the caller holds a role, of the token or of the schema.
func (v *refView) role(name string) refTruth {
	out := definite(slices.Contains(v.who.roles, name))
	if when := v.schema.roles[name]; when != nil {
		out = or(out, certain(when(v, refSides{})))
	}
	return out
}

func (v *refView) isMe(x any) refTruth {
	if !v.who.signedIn {
		return isUnknown
	}
	return equal(x, v.who.identity)
}

// user is the caller's own document, nil if there is none.
func (v *refView) user() *refDoc {
	switch {
	case !v.who.signedIn:
		return nil
	case v.state == nil:
		return v.unknown(v.schema.byName[v.schema.identity])
	}
	for _, d := range v.state[v.schema.identity] {
		if d.vals[v.schema.link] == v.who.identity {
			return d
		}
	}
	return nil
}

func (v *refView) isUser(key any) refTruth {
	u := v.user()
	switch {
	case u == nil:
		return isUnknown
	case u.dark && key == nil: // there may be no user, but none without a key
		return isFalse | isUnknown
	}
	return equal(key, u.key())
}

// isClaim compares a field with a claim that is a string or says nothing.
func (v *refView) isClaim(name string, x any) refTruth {
	c, ok := v.who.claims[name].(string)
	if !v.who.signedIn || !ok {
		return isUnknown
	}
	return equal(x, c)
}

// hasClaim is has(CurrentToken().outer.inner).
func (v *refView) hasClaim(outer, inner string) refTruth {
	m, ok := v.who.claims[outer].(map[string]any)
	if !v.who.signedIn || !ok {
		return isUnknown
	}
	x, there := m[inner]
	switch {
	case !there:
		return isFalse
	case x == nil:
		return isUnknown
	}
	return isTrue
}

// claimAbove compares a claim that is a whole number.
func (v *refView) claimAbove(name string, n int) refTruth {
	c, ok := v.who.claims[name].(int)
	if !v.who.signedIn || !ok {
		return isUnknown
	}
	return definite(c > n)
}

// inClaim is x in CurrentToken().name: elements of another type make it unknown
// where it is not true.
func (v *refView) inClaim(name, x string) refTruth {
	list, ok := v.who.claims[name].([]any)
	if !v.who.signedIn || !ok {
		return isUnknown
	}
	out := isFalse
	for _, e := range list {
		switch e := e.(type) {
		case string:
			out = or(out, definite(e == x))
		default:
			out = or(out, isUnknown)
		}
	}
	return out
}

func (v *refView) get(name string, id any) *refDoc {
	if v.state == nil && id != nil {
		return v.unknown(v.schema.byName[name])
	}
	s, _ := id.(string)
	return v.state[name][s]
}

// hop is a condition on the document that a reference names.
func (v *refView) hop(name string, id any, p func(*refDoc) refTruth) refTruth {
	d := v.get(name, id)
	switch {
	case d == nil:
		return isUnknown
	case v.state == nil:
		return isUnknown | p(d)
	}
	return p(d)
}

func (v *refView) exists(name, back string, id any, p func(*refDoc) refTruth) refTruth {
	out := isFalse
	if v.state == nil {
		return out | p(v.unknown(v.schema.byName[name]))
	}
	for _, d := range v.state[name] {
		if d.vals[back] == id {
			out = or(out, p(d))
		}
	}
	return out
}

func (v *refView) all(name, back string, id any, p func(*refDoc) refTruth) refTruth {
	return not(v.exists(name, back, id, func(d *refDoc) refTruth { return not(p(d)) }))
}

// What grants say. Only true allows, and each grant is decided alone.

func (v *refView) grants(t *refType, rule func(*refGrant) refRule, sides ...refSides) refTruth {
	out := isFalse
	for i := range t.grants {
		g := &t.grants[i]
		r := rule(g)
		if r == nil {
			continue
		}
		all := isTrue
		if g.role != "" {
			all = v.role(g.role)
		}
		for _, s := range sides {
			all = and(all, r(v, s))
		}
		out = or(out, certain(all))
	}
	return out
}

func alone(d *refDoc) refSides { return refSides{d, d, d} }

// both is the law of two sides: one grant must allow the stored and the new.
func both(old, new *refDoc) []refSides { return []refSides{{old, old, new}, {new, old, new}} }

func (v *refView) readable(d *refDoc) refTruth {
	return v.grants(d.t, func(g *refGrant) refRule { return g.read }, alone(d))
}

func (v *refView) sees(d *refDoc) bool { return d != nil && v.readable(d) == isTrue }

// fieldReadable is whether a field of a document that is seen may be read.
func (v *refView) fieldReadable(d *refDoc, f *refField) refTruth {
	if f.read == nil {
		return isTrue
	}
	return certain(f.read(v, alone(d)))
}

func (v *refView) reads(d *refDoc, f *refField) bool { return v.fieldReadable(d, f) == isTrue }

// folds is what the token alone makes of a field's own read rule.
func (v *refView) folds(t *refType, f *refField) refTruth {
	d := v.dark()
	return d.fieldReadable(d.unknown(t), f)
}

func (v *refView) deletable(d *refDoc) refTruth {
	return v.grants(d.t, func(g *refGrant) refRule { return g.delete }, alone(d))
}

func (v *refView) creatable(d *refDoc, given []*refField) refTruth {
	out := v.grants(d.t, func(g *refGrant) refRule { return g.create }, alone(d))
	for _, f := range given {
		if f.create != nil {
			out = and(out, certain(f.create(v, alone(d))))
		}
	}
	return out
}

func (v *refView) updatable(old, new *refDoc, given ...*refField) refTruth {
	out := v.grants(old.t, func(g *refGrant) refRule { return g.update }, both(old, new)...)
	for _, f := range given {
		out = and(out, v.fieldUpdatable(old, new, f))
	}
	return out
}

func (v *refView) fieldUpdatable(old, new *refDoc, f *refField) refTruth {
	if f.update == nil {
		return isTrue
	}
	out := isTrue
	for _, s := range both(old, new) {
		out = and(out, certain(f.update(v, s)))
	}
	return out
}

// computable is whether the server can set what it sets on updates.
func (v *refView) computable(t *refType) bool {
	for _, f := range t.fields {
		if f.onUpdate != nil {
			if _, ok := f.onUpdate(v); !ok {
				return false
			}
		}
	}
	return true
}
