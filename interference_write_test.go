package main

import (
	"slices"

	"flora.dev/flora/rules"
)

// mutate answers a mutation and returns the documents after it. ids makes the
// _id of each create.
func (v *refView) mutate(o *operation, ids func() string) (*refAnswer, refState) {
	before := v.state
	now := *v
	now.state = v.state.clone()
	plan := &reader{&now, &refAnswer{data: map[string]any{}}, nil, nil}
	type written struct {
		s   *selection
		id  string
		hit bool
		// of a delete, whose answer is what it found
		data   any
		denied []any
		errors []refError
		done   bool
	}
	var all []*written
	for _, s := range o.roots {
		plan.checkFields(s.t, s.fields, s.key)
	}
	for _, s := range o.roots {
		w := &written{s: s}
		all = append(all, w)
		var code string
		switch {
		case s.field == "create"+s.t.name:
			w.id, w.hit = ids(), true
			code = now.create(s, w.id)
		case s.field == "delete"+s.t.name:
			w.id, w.done = s.args["id"].(string), true
			d := now.get(s.t.name, w.id)
			if now.sees(d) {
				r := &reader{&now, &refAnswer{}, nil, []any{s.key}}
				w.data = r.node(s.fields, d)
				w.denied, w.errors = r.answer.denied, r.answer.errors
			}
			w.hit, code = now.delete(d)
		default:
			w.id = s.args["id"].(string)
			w.hit, code = now.update(s, w.id)
		}
		if code != "" {
			if code == "FORBIDDEN" && !v.who.signedIn {
				code = "UNAUTHENTICATED"
			}
			return &refAnswer{errors: []refError{{code, s.key}}, serial: len(o.roots) > 1, conflict: code == "CONFLICT"}, before
		}
	}
	a := plan.answer
	for _, w := range all {
		if d := now.get(w.s.t.name, w.id); w.hit && !w.done && now.sees(d) {
			r := &reader{&now, &refAnswer{}, nil, []any{w.s.key}}
			w.data = r.node(w.s.fields, d)
			w.denied, w.errors = r.answer.denied, r.answer.errors
		}
		a.data[w.s.key] = w.data
		a.denied = append(a.denied, w.denied...)
		a.errors = append(a.errors, w.errors...)
		a.committed = a.committed || w.hit && w.data == nil
		a.wrote = a.wrote || w.hit
	}
	return a, now.state
}

// refWrite is what an input does to one document.
type refWrite struct {
	set   map[string]any
	given []*refField
	kids  map[*refField][]string
}

// input takes the data argument apart. The code is not empty where a target is
// hidden or absent.
func (v *refView) input(t *refType, data map[string]any) (w refWrite, code string) {
	w = refWrite{set: map[string]any{}, kids: map[*refField][]string{}}
	for _, f := range t.fields {
		x, ok := data[f.name]
		if !ok {
			continue
		}
		w.given = append(w.given, f)
		switch {
		case f.many():
			for _, id := range x.(map[string]any)["connect"].([]any) {
				w.kids[f] = append(w.kids[f], id.(string))
			}
		case f.toOne() && x != nil:
			id := x.(map[string]any)["connect"].(string)
			if !v.sees(v.get(f.target, id)) {
				code = "FORBIDDEN"
			}
			w.set[f.name] = id
		default:
			w.set[f.name] = stored(x)
		}
	}
	return w, code
}

func (v *refView) create(s *selection, id string) string {
	data, _ := s.args["data"].(map[string]any)
	w, code := v.input(s.t, data)
	if code != "" {
		return code
	}
	d := &refDoc{t: s.t, id: id, ts: v.now, vals: map[string]any{}}
	for _, f := range s.t.fields {
		if f.many() {
			continue
		}
		value, given := w.set[f.name]
		compute := f.onCreate
		if compute == nil && !given {
			compute = f.byDefault
		}
		if compute != nil {
			var known bool
			if value, known = compute(v); !known {
				return "FORBIDDEN"
			}
		}
		d.vals[f.name] = value
	}
	if !v.mayCreate(d, w.given) {
		return "FORBIDDEN"
	}
	if v.taken(d) {
		return "CONFLICT"
	}
	v.state.put(d)
	return v.connect(w, d)
}

func (v *refView) update(s *selection, id string) (hit bool, code string) {
	data, _ := s.args["data"].(map[string]any)
	w, code := v.input(s.t, data)
	for f := range w.kids { // what the token alone forbids of the children
		child := v.schema.byName[f.target]
		back := child.field(f.back)
		if !v.who.signedIn && (s.t.closed || !child.stranger) || back.mayUpdate != nil && !back.mayUpdate(v.who) {
			return false, "FORBIDDEN"
		}
	}
	old := v.get(s.t.name, id)
	if !v.sees(old) {
		return false, ""
	}
	if code != "" {
		return false, code
	}
	if code := v.change(old, w); code != "" {
		return false, code
	}
	return true, v.connect(w, v.get(s.t.name, id))
}

// change updates a document that is seen.
func (v *refView) change(old *refDoc, w refWrite) string {
	d := old.with(w.set)
	d.ts = max(v.now, old.ts+1)
	// A rule sees the new document before it is stored: its _ts is the old one.
	if !v.mayUpdate(old, d, w.given) {
		return "FORBIDDEN"
	}
	if v.taken(d) {
		return "CONFLICT"
	}
	v.state.put(d)
	return ""
}

// connect points children here, each under its own rules.
func (v *refView) connect(w refWrite, parent *refDoc) string {
	for _, f := range parent.t.fields {
		for _, id := range w.kids[f] {
			t := v.schema.byName[f.target]
			child := v.get(t.name, id)
			if !v.sees(child) || !v.sees(parent) {
				return "FORBIDDEN"
			}
			k := refWrite{set: map[string]any{f.back: parent.id}, given: []*refField{t.field(f.back)}}
			if code := v.change(child, k); code != "" {
				return code
			}
		}
	}
	return ""
}

func (v *refView) delete(d *refDoc) (hit bool, code string) {
	switch {
	case !v.sees(d):
		return false, ""
	case !v.mayDelete(d):
		return false, "FORBIDDEN"
	case v.state.referenced(v.schema, d):
		return false, "CONFLICT"
	}
	delete(v.state[d.t.name], d.id)
	return true, ""
}

// taken reports whether another document has one of d's unique keys.
func (v *refView) taken(d *refDoc) bool { return v.state.taken(d) }

func (s refState) taken(d *refDoc) bool {
	for _, key := range d.t.uniques {
		if slices.ContainsFunc(key, func(name string) bool { return d.vals[name] == nil }) {
			continue
		}
		for _, o := range s[d.t.name] {
			if o.id != d.id && !slices.ContainsFunc(key, func(name string) bool { return o.vals[name] != d.vals[name] }) {
				return true
			}
		}
	}
	return false
}

func (s refState) referenced(schema *refSchema, d *refDoc) bool {
	for _, t := range schema.types {
		for _, f := range t.fields {
			if f.kind != rules.Ref || f.many() || f.target != d.t.name {
				continue
			}
			for _, o := range s[t.name] {
				if o.vals[f.name] == d.id {
					return true
				}
			}
		}
	}
	return false
}
