package main

import (
	"maps"
	"slices"

	"flora.dev/flora/rules"
)

// Mutations of the reference come in two steps, as the product's: all roots are
// planned, which refuses what the token alone forbids and inputs that are
// wrong, then they run in order.

// refHead is one write, planned.
type refHead struct {
	kind   headKind
	t      *refType
	id     string
	root   []any // where refusals are
	path   []any // of the input
	linked bool  // a relation in another document's input causes it

	set    map[string]any
	made   map[string]func(*refView) (any, bool) // what the server sets
	change map[string]func(old any) any          // what operators make of what is stored
	given  []*refField
	guards []refGuard
	seen   []refGuard // what the caller must see beside the document
	extra  []refExtra

	required bool
	version  *int
	match    refGuard // finds the documents, instead of id
	find     refGuard // finds the one of an upsert
	other    *refHead // its insert

	field        *refField // of a row of a link table
	far          string
	before, kids []*refHead
	nested       []refNested
}

type headKind string

const (
	insert headKind = "insert"
	change headKind = "change"
	erase  headKind = "erase"
	join   headKind = "join"
	part   headKind = "part"
)

type refGuard func(v *refView, d *refDoc) refTruth

// refExtra is a check that an operator brings: of the value it makes.
type refExtra struct {
	path  []any
	field string
}

type refNested struct {
	do    string
	field *refField
	path  []any
	id    string
	in    map[string]any
}

// planner plans the heads of one root field.
type planner struct {
	*refView // without a state
	ids      func() string
	root     []any
	flat     bool // no document of its own
	branch   bool // of an upsert
}

func (p *planner) forbidden() *refused { return p.unauthorised(p.root) }

func (p *planner) wrong(path ...any) *refused { return p.refuse("BAD_USER_INPUT", path) }

func (p *planner) head(kind headKind, t *refType, id string, path []any) *refHead {
	return &refHead{kind: kind, t: t, id: id, root: p.root, path: path, set: map[string]any{},
		made: map[string]func(*refView) (any, bool){}, change: map[string]func(any) any{}}
}

// newDoc is what an insert stores; ok is false where the server cannot compute it.
func (h *refHead) newDoc(v *refView) (d *refDoc, ok bool) {
	d = &refDoc{t: h.t, id: h.id, ts: v.now, vals: map[string]any{}}
	for _, f := range h.t.fields {
		if f.stored() {
			d.vals[f.name] = h.set[f.name]
		}
	}
	return d, h.compute(v, d)
}

// changed is what a change makes of a document.
func (h *refHead) changed(v *refView, old *refDoc) (d *refDoc, ok bool) {
	d = old.with(h.set)
	for k, f := range h.change {
		if d.vals[k] = any(opaque{}); !old.dark {
			d.vals[k] = f(old.vals[k])
		}
	}
	return d, h.compute(v, d)
}

func (h *refHead) compute(v *refView, d *refDoc) bool {
	for k, f := range h.made {
		x, ok := f(v)
		if !ok {
			return false
		}
		d.vals[k] = x
	}
	return true
}

// allowed is whether the rules let a head write: of an insert old is nil.
func (h *refHead) allowed(v *refView, old *refDoc) refTruth {
	out := isTrue
	for _, g := range h.guards {
		out = and(out, certain(g(v, old)))
	}
	if old == nil {
		d, ok := h.newDoc(v)
		if !ok {
			return isFalse
		}
		return and(out, v.creatable(d, h.given))
	}
	d, ok := h.changed(v, old)
	if !ok {
		return isFalse
	}
	for _, g := range h.seen {
		out = and(out, certain(g(v, old)))
	}
	return and(out, v.readable(old), v.updatable(old, d, h.given...))
}

// may is whether the token alone leaves a chance.
func (p *planner) may(h *refHead) bool {
	if h.kind == insert {
		return h.allowed(p.refView, nil).may()
	}
	return h.allowed(p.refView, p.unknown(h.t)).may()
}

// tokenForbids is asked before the input is looked at.
func (p *planner) tokenForbids(t *refType, in map[string]any, create bool) bool {
	var given []*refField
	for _, f := range t.fields {
		if _, ok := in[f.name]; ok {
			given = append(given, f)
		}
	}
	d := p.unknown(t)
	if create {
		return !p.creatable(d, given).may()
	}
	return !p.updatable(d, d, given...).may()
}

// mayCreate refuses creates, and those inside each other.
func (p *planner) mayCreate(t *refType, in map[string]any) *refused {
	if p.tokenForbids(t, in, true) {
		return p.forbidden()
	}
	return p.mayCreateInside(t, in)
}

func (p *planner) mayCreateInside(t *refType, in map[string]any) *refused {
	for _, f := range t.fields {
		relation, _ := in[f.name].(map[string]any)
		if f.kind != rules.Ref {
			continue
		}
		list, ok := relation["create"].([]any)
		if !ok && relation["create"] != nil {
			list = []any{relation["create"]}
		}
		for _, x := range list {
			if err := p.mayCreate(p.schema.byName[f.target], x.(map[string]any)); err != nil {
				return err
			}
		}
	}
	return nil
}

// data reads the input of a head. back is the field that leads to the document
// around a create, parent that document.
func (p *planner) data(h *refHead, in map[string]any, back *refField, parent string) *refused {
	for _, f := range h.t.fields {
		x, given := in[f.name]
		compute := f.onUpdate
		if h.kind == insert {
			if compute = f.onCreate; compute == nil {
				compute = f.byDefault
			}
		}
		var err *refused
		switch {
		case f == back:
			h.given = append(h.given, f)
			if f.toOne() {
				p.names(h, f, parent)
			} else if given {
				err = p.value(h, f, x)
			}
		case given && p.schema.settable(f):
			h.given = append(h.given, f)
			err = p.value(h, f, x)
		case compute != nil:
			err = p.computed(h, f.name, compute)
		case h.kind == insert && f.required:
			err = p.wrong(at(h.path, f.name)...)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (p *planner) computed(h *refHead, field string, compute func(*refView) (any, bool)) *refused {
	if _, ok := compute(p.refView); !ok {
		if !p.branch {
			return p.forbidden()
		}
		h.guards = append(h.guards, func(*refView, *refDoc) refTruth { return isFalse })
		return nil
	}
	h.made[field] = compute
	return nil
}

func (p *planner) value(h *refHead, f *refField, x any) *refused {
	switch {
	case x == nil && (f.required || !f.stored()):
		return p.wrong(at(h.path, f.name)...)
	case f.kind == rules.Ref && x != nil:
		return p.relation(h, f, x.(map[string]any))
	}
	h.set[f.name] = f.held(x)
	return nil
}

// names makes a reference lead to a document that the caller must see.
func (p *planner) names(h *refHead, f *refField, id string) {
	h.set[f.name] = id
	h.guards = append(h.guards, p.visible(f.target, id))
}

func (p *planner) visible(name, id string) refGuard {
	return func(v *refView, _ *refDoc) refTruth {
		d := v.get(name, id)
		switch {
		case d == nil:
			return isFalse
		case v.state == nil:
			return isFalse | v.readable(d)
		}
		return v.readable(d)
	}
}

// operators reads inc, append, prepend and remove.
func (p *planner) operators(h *refHead, s *selection) *refused {
	for _, op := range []string{"inc", "append", "prepend", "remove"} {
		in, _ := s.args[op].(map[string]any)
		for _, f := range h.t.fields {
			x, given := in[f.name]
			if !given {
				continue
			}
			path := at(p.root, op, f.name)
			if !p.folds(h.t, f).may() {
				return p.unauthorised(path)
			}
			if slices.Contains(h.given, f) {
				return p.wrong(path...)
			}
			h.given = append(h.given, f)
			h.guards = append(h.guards, func(v *refView, d *refDoc) refTruth { return v.fieldReadable(d, f) })
			if op == "inc" {
				h.extra = append(h.extra, refExtra{path, f.name})
			}
			h.change[f.name] = applied(op, f.held(x))
		}
	}
	return nil
}

// applied is what an operator makes of a stored value. A null list counts as
// empty, a sum that is out of range is none.
func applied(op string, x any) func(old any) any {
	return func(old any) any {
		if op == "inc" {
			switch old := old.(type) {
			case int64:
				if sum, by := old+x.(int64), x.(int64); (sum > old) == (by > 0) {
					return sum
				}
			case float64:
				return old + x.(float64)
			}
			return nil
		}
		list, _ := old.([]any)
		switch op {
		case "append":
			return slices.Concat(list, x.([]any))
		case "prepend":
			return slices.Concat(x.([]any), list)
		}
		out := []any{}
		for _, e := range list {
			if !slices.Contains(x.([]any), e) {
				out = append(out, e)
			}
		}
		return out
	}
}

// update plans the change of one document.
func (p *planner) update(h *refHead, s *selection, in map[string]any) *refused {
	if err := p.mayCreateInside(h.t, in); err != nil {
		return err
	}
	if err := p.data(h, in, nil, ""); err != nil {
		return err
	}
	if err := p.operators(h, s); err != nil {
		return err
	}
	return p.nest(h)
}

// upsert plans a change and the insert where there is nothing to change.
func (p *planner) upsert(s *selection, in map[string]any) (*refHead, *refused) {
	if p.tokenForbids(s.t, in, true) && p.tokenForbids(s.t, nil, false) {
		return nil, p.forbidden()
	}
	p.flat, p.branch = true, true
	id, byID := s.args["id"].(string)
	by, _ := s.args["by"].(map[string]any)
	data := at(p.root, "data")
	h, e := p.head(change, s.t, id, data), p.head(insert, s.t, id, data)
	h.other = e
	made, now := maps.Clone(in), maps.Clone(in)
	if byID {
		h.find = func(_ *refView, d *refDoc) refTruth { return equal(d.key(), id) }
	} else {
		e.id = p.ids()
		h.find = func(v *refView, d *refDoc) refTruth {
			for k, x := range by {
				if f := d.t.field(k); d.vals[k] != f.held(x) && !(f.fold && v.keyIs(d, k, x)) {
					return isFalse
				}
			}
			return isTrue
		}
		for _, k := range sortedKeys(by) {
			f := s.t.field(k)
			if made[k] = by[k]; f.toOne() {
				made[k] = map[string]any{"connect": by[k]}
				h.seen = append(h.seen, p.visible(f.target, by[k].(string)))
			}
			delete(now, k)
			h.seen = append(h.seen, func(v *refView, d *refDoc) refTruth { return v.fieldReadable(d, f) })
		}
	}
	if err := p.data(e, made, nil, ""); err != nil {
		return nil, err
	}
	if err := p.data(h, now, nil, ""); err != nil {
		return nil, err
	}
	if !p.may(h) && !p.may(e) {
		return nil, p.forbidden()
	}
	return h, nil
}
