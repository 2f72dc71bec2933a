package main

import (
	"slices"
	"strings"

	"flora.dev/flora/rules"
)

// refAnswer is what the reference expects of a request.
type refAnswer struct {
	data      map[string]any // nil: data is null
	denied    []any          // paths
	errors    []refError
	committed bool
	wrote     bool // something was committed
	repeated  bool
	conflict  bool // one of the bits that are allowed to show
}

type refError struct {
	code string
	path string // as fmt prints its elements
}

// refCursor stands for a cursor in an answer: opaque to clients.
type refCursor struct {
	list, owner string
	order       string
	keys        []any
}

// reader interprets one operation.
type reader struct {
	*refView
	answer  *refAnswer
	cursors map[string]*refCursor // those seen in answers, by text
	path    []any
}

// refused is the error of a whole operation.
type refused struct{ refError }

func at(path []any, more ...any) []any { return append(path[:len(path):len(path)], more...) }

func (v *refView) refuse(code string, path []any) *refused {
	if code == "FORBIDDEN" && !v.who.signedIn {
		code = "UNAUTHENTICATED"
	}
	return &refused{refError{code, pathText(path)}}
}

func (v *refView) unauthorised(path []any) *refused { return v.refuse("FORBIDDEN", path) }

// query answers a query.
func (v *refView) query(o *operation, cursors map[string]*refCursor) *refAnswer {
	r := &reader{v, &refAnswer{data: map[string]any{}}, cursors, nil}
	for _, s := range o.roots {
		if err := r.check(s); err != nil {
			return &refAnswer{errors: []refError{err.refError}}
		}
	}
	for _, s := range o.roots {
		r.path = []any{s.key}
		r.answer.data[s.key] = r.root(s)
	}
	return r.answer
}

func (r *reader) root(s *selection) any {
	switch s.field {
	case s.t.plural:
		return r.page(s, s.t.plural, r.state.sorted(s.t.name))
	case s.t.plural + "Aggregate":
		return r.aggregate(s, r.state.sorted(s.t.name))
	}
	for _, d := range r.state.sorted(s.t.name) {
		if r.found(s, d) && r.sees(d) {
			return r.node(s.fields, d)
		}
	}
	return nil
}

// found reports whether a finder means d.
func (r *reader) found(s *selection, d *refDoc) bool {
	if s.field == "me" {
		return r.who.signedIn && d.vals[r.schema.link] == r.who.identity
	}
	for k, x := range s.args {
		if k == "id" {
			return d.id == x
		}
		if !r.keyIs(d, k, x) || !r.reads(d, d.t.field(k)) {
			return false
		}
	}
	return true
}

// keyIs reports whether a client's key finds d by a field, as far as targets go.
func (v *refView) keyIs(d *refDoc, field string, x any) bool {
	f := d.t.field(field)
	have, want := d.vals[field], x
	if s, ok := have.(string); ok && f.fold {
		have, want = strings.ToLower(s), strings.ToLower(x.(string))
	}
	return have == want && !(f.toOne() && !v.sees(v.get(f.target, x)))
}

// check finds what the token alone forbids, and malformed arguments, in the
// order of planning, without looking at documents.
func (r *reader) check(s *selection) *refused {
	path := []any{s.key}
	switch s.field {
	case s.t.plural:
		return r.checkPage(s, path, s.t.plural)
	case s.t.plural + "Aggregate":
		return r.checkAggregate(s, path)
	case "me", "find" + s.t.name + "ByID":
	default:
		for _, key := range s.t.uniques {
			for _, k := range key {
				if _, given := s.args[k]; given && len(key) == len(s.args) && !r.folds(s.t, s.t.field(k)).may() {
					return r.unauthorised(at(path, k))
				}
			}
		}
	}
	return r.checkFields(s.t, s.fields, path)
}

func (r *reader) checkFields(t *refType, fields []*selection, path []any) *refused {
	for _, s := range fields {
		f := t.field(strings.TrimSuffix(s.field, "Aggregate"))
		if f == nil {
			continue
		}
		here := at(path, s.key)
		if !r.folds(t, f).may() {
			if f.denyError { // one error per selection
				r.answer.errors = append(r.answer.errors, r.unauthorised(here).refError)
			}
			continue
		}
		var err *refused
		switch {
		case f.many() && s.field != f.name:
			err = r.checkAggregate(s, here)
		case f.many():
			err = r.checkPage(s, here, t.name+"."+f.name)
		case f.kind == rules.Ref:
			err = r.checkFields(s.t, s.fields, here)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// node is a selection on a document that is seen.
func (r *reader) node(fields []*selection, d *refDoc) map[string]any {
	out := map[string]any{}
	for _, s := range fields {
		r.path = append(r.path, s.key)
		out[s.key] = r.member(s, d)
		r.path = r.path[:len(r.path)-1]
	}
	return out
}

func (r *reader) member(s *selection, d *refDoc) any {
	switch s.field {
	case "__typename":
		return d.t.name
	case "_id":
		return d.id
	case "_ts":
		return d.ts
	case "_can":
		return r.can(s, d)
	}
	f := d.t.field(strings.TrimSuffix(s.field, "Aggregate"))
	if !r.reads(d, f) {
		switch {
		case !f.denyError:
			r.answer.denied = append(r.answer.denied, slices.Clone(r.path))
		case r.folds(d.t, f).may():
			r.answer.errors = append(r.answer.errors, refError{"FORBIDDEN", pathText(r.path)})
		}
		return nil
	}
	switch {
	case f.many() && s.field != f.name:
		return r.aggregate(s, r.behind(d, f))
	case f.many():
		return r.page(s, d.t.name+"."+f.name, r.behind(d, f))
	case f.kind == rules.Ref:
		if t := r.target(d, f); t != nil {
			return r.node(s.fields, t)
		}
		return nil
	case f.members != nil:
		return inside(f.members, s.fields, d.vals[f.name])
	}
	return f.shown(d.vals[f.name])
}

// inside is a selection on an embedded value.
func inside(members []*refField, fields []*selection, x any) any {
	have, ok := x.(map[string]any)
	if !ok {
		return nil
	}
	out := map[string]any{}
	for _, s := range fields {
		for _, f := range members {
			switch {
			case f.name != s.field:
			case f.members != nil:
				out[s.key] = inside(f.members, s.fields, have[f.name])
			default:
				out[s.key] = f.shown(have[f.name])
			}
		}
	}
	return out
}

// can is what the caller may do with a document as it is.
func (r *reader) can(s *selection, d *refDoc) any {
	update := r.updatable(d, d) == isTrue && r.computable(d.t)
	out := map[string]any{}
	for _, m := range s.fields {
		switch m.field {
		case "update":
			out[m.key] = update
		case "delete":
			out[m.key] = r.deletable(d) == isTrue
		case "fields":
			all := []any{}
			for _, f := range d.t.fields {
				one := map[string]any{}
				for _, x := range m.fields {
					switch x.field {
					case "name":
						one[x.key] = f.name
					case "read":
						one[x.key] = r.reads(d, f)
					case "update":
						one[x.key] = update && r.schema.settable(f) && r.fieldUpdatable(d, d, f) == isTrue
					}
				}
				all = append(all, one)
			}
			out[m.key] = all
		}
	}
	return out
}

// behind are the documents that a side without a column of d shows: those that
// the caller sees, and whose field that leads back the caller may read.
func (v *refView) behind(d *refDoc, f *refField) (out []*refDoc) {
	for _, c := range v.linked(d, f) {
		if back := v.schema.opposite(f); v.sees(c) && (back == nil || v.reads(c, back)) {
			out = append(out, c)
		}
	}
	return out
}

// linked are all documents behind a side without a column.
func (v *refView) linked(d *refDoc, f *refField) (out []*refDoc) {
	for _, c := range v.state.sorted(f.target) {
		if f.table != "" && v.state[f.table][v.schema.rowOf(f, d.id, c.id).id] != nil || f.table == "" && c.vals[f.back] == d.id {
			out = append(out, c)
		}
	}
	return out
}

// target is the document that a to-one field of d leads to, nil where the
// caller sees none.
func (v *refView) target(d *refDoc, f *refField) *refDoc {
	if f.inverse() {
		for _, c := range v.behind(d, f) {
			return c
		}
		return nil
	}
	if t := v.get(f.target, d.vals[f.name]); v.sees(t) {
		return t
	}
	return nil
}
