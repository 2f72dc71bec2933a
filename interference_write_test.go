package main

// refRoot is a root field of a mutation, planned, and what it did.
type refRoot struct {
	s     *selection
	heads []*refHead
	many  bool // it answers a payload
	each  bool // of one document for each head
	hit   bool
	ids   []string // of the documents that it wrote
	// of a delete, whose answer is what it found
	done   bool
	found  any
	denied []any
	errors []refError
}

// refOnce is what is kept of a mutation with an Idempotency-Key.
type refOnce struct {
	text  string
	wrote bool
	roots []*refRoot
}

// mutate answers a mutation and returns the documents after it, and what it
// keeps for a retry. ids makes the _id of each create, past is what is kept of
// earlier mutations.
func (v *refView) mutate(o *operation, ids func() string, past map[string]*refOnce) (*refAnswer, refState, *refOnce) {
	refuse := func(err *refused) (*refAnswer, refState, *refOnce) {
		return &refAnswer{errors: []refError{err.refError}, conflict: err.code == "CONFLICT"}, v.state, nil
	}
	only := []any{}
	if len(o.roots) == 1 {
		only = []any{o.roots[0].key}
	}
	if o.retry != "" && !v.who.signedIn {
		return refuse(v.unauthorised(only))
	}
	now := *v
	now.state = v.state.clone()
	a := &refAnswer{data: map[string]any{}}
	plan := &reader{&now, a, nil, nil}
	var roots []*refRoot
	for _, s := range o.roots {
		x, err := now.plan(s, ids, plan)
		if err != nil {
			return refuse(err)
		}
		roots = append(roots, x)
	}
	heads := 0
	for _, x := range roots {
		heads += len(x.heads)
	}
	keep := &refOnce{text: o.text, roots: roots}
	if old := past[o.who.provider+" "+o.who.sub+" "+o.retry]; o.retry != "" && old != nil && heads > 0 {
		if old.text != o.text {
			return refuse(v.refuse("BAD_USER_INPUT", only))
		}
		a.repeated, a.wrote = true, old.wrote
		roots, keep = old.roots, nil
	} else {
		for _, x := range roots {
			if err := now.root(x); err != nil {
				return refuse(err)
			}
		}
		for _, x := range roots {
			keep.wrote = keep.wrote || len(x.ids) > 0
		}
		a.wrote = keep.wrote
	}
	if heads == 0 {
		keep = nil
	}
	for _, x := range roots {
		r := &reader{&now, &refAnswer{}, nil, []any{x.s.key}}
		switch {
		case x.many:
			a.data[x.s.key] = r.payload(x, a.repeated)
		case x.hit:
			var out any
			if d := now.get(x.s.t.name, x.ids[0]); !x.done && now.sees(d) {
				out = r.node(x.s.fields, d)
			} else if x.done && !a.repeated {
				out, r.answer.denied, r.answer.errors = x.found, x.denied, x.errors
			}
			a.data[x.s.key] = out
			a.committed = a.committed || out == nil
		default:
			a.data[x.s.key] = nil
		}
		a.denied, a.errors = append(a.denied, r.answer.denied...), append(a.errors, r.answer.errors...)
	}
	return a, now.state, keep
}

// plan plans a root field, and what it answers.
func (v *refView) plan(s *selection, ids func() string, answer *reader) (*refRoot, *refused) {
	p := &planner{refView: v.dark(), ids: ids, root: []any{s.key}}
	p.now = v.now
	x := &refRoot{s: s}
	in, _ := s.args["data"].(map[string]any)
	id, _ := s.args["id"].(string)
	data := at(p.root, "data")
	var h *refHead
	var err *refused
	switch s.op {
	case "create":
		if err = p.mayCreate(s.t, in); err == nil {
			h = p.head(insert, s.t, ids(), data)
			if err = p.insertOf(h, in, nil, ""); err == nil {
				err = p.invalid(h)
			}
		}
	case "createMany":
		x.many, x.each = true, true
		err = p.createMany(x, s)
	case "update":
		h = p.head(change, s.t, id, data)
		err = p.update(h, s, in)
	case "upsert":
		h, err = p.upsert(s, in)
	case "delete":
		h = p.head(erase, s.t, id, nil)
	case "updateMany", "deleteMany":
		x.many = true
		h, err = p.matching(s, in, answer)
	}
	if err != nil {
		return nil, err
	}
	if n, ok := s.args["ifVersion"].(int); ok {
		h.version = &n
	}
	if h != nil {
		x.heads = []*refHead{h}
	}
	fields := s.fields
	if x.many {
		fields = nil
		for _, m := range s.fields {
			if m.field == "nodes" {
				if err := answer.checkFields(s.t, m.fields, at(p.root, m.key)); err != nil {
					return nil, err
				}
			}
		}
	}
	if err := answer.checkFields(s.t, fields, p.root); err != nil {
		return nil, err
	}
	if !x.many || x.each {
		return x, nil
	}
	dark := p.unknown(s.t)
	switch {
	case !certain(h.match(p.refView, dark)).may():
		x.heads = nil
	case h.kind == change && !p.may(h):
		return nil, p.forbidden()
	}
	return x, nil
}

// invalid refuses a create whose first open check the token alone makes not true.
func (p *planner) invalid(h *refHead) *refused {
	d, _ := h.newDoc(p.refView)
	if h.allowed(p.refView, nil) != isTrue {
		return nil
	}
	for _, c := range h.checks(p.refView, d) {
		switch t := certain(c.truth()); {
		case t == isTrue:
		case t == isFalse:
			return p.wrong(c.path...)
		default:
			return nil
		}
	}
	return nil
}

// root runs the heads of a root field.
func (v *refView) root(x *refRoot) *refused {
	for _, h := range x.heads {
		if h.kind == erase {
			x.done = true
			v.foresee(x, h)
		}
		ids, hit, err := v.run(h)
		if err != nil {
			return err
		}
		x.hit = x.hit || hit
		x.ids = append(x.ids, ids...)
	}
	return nil
}

// foresee reads the answer of a delete before it runs.
func (v *refView) foresee(x *refRoot, h *refHead) {
	r := &reader{v, &refAnswer{}, nil, []any{x.s.key}}
	if !x.many {
		if d := v.get(h.t.name, h.id); v.sees(d) {
			x.found = r.node(x.s.fields, d)
		}
	} else {
		for _, m := range x.s.fields {
			if m.field == "nodes" {
				x.found = r.nodes(m, h.documents(v))
			}
		}
	}
	x.denied, x.errors = r.answer.denied, r.answer.errors
}

// documents are those that a head addresses, seen or not.
func (h *refHead) documents(v *refView) (out []*refDoc) {
	for _, d := range v.state.sorted(h.t.name) {
		switch {
		case h.match != nil:
			if h.match(v, d) == isTrue {
				out = append(out, d)
			}
		case h.find != nil:
			if h.find(v, d) == isTrue {
				out = append(out, d)
			}
		case d.id == h.id:
			out = append(out, d)
		}
	}
	return out
}

// run runs a head with all that belongs to it. It returns the ids of the
// documents that it wrote.
func (v *refView) run(h *refHead) (ids []string, hit bool, err *refused) {
	for _, k := range h.before {
		if _, hit, err := v.run(k); err != nil {
			return nil, false, err
		} else if !hit {
			return nil, false, v.unauthorised(h.root)
		}
	}
	switch h.kind {
	case insert:
		ids, hit, err = []string{h.id}, true, v.insert(h, false)
	case change:
		ids, hit, err = v.change(h)
	case erase:
		ids, hit, err = v.erase(h)
	default:
		hit, err = true, v.link(h)
	}
	if err == nil && !hit && (h.required || len(h.before) > 0) {
		err = v.unauthorised(h.root)
	}
	if err != nil || !hit {
		return nil, false, err
	}
	for _, k := range h.kids {
		if _, _, err := v.run(k); err != nil {
			return nil, false, err
		}
	}
	return ids, true, nil
}

// insert stores a new document. exists: a document has the key already, which
// the caller does not see.
func (v *refView) insert(h *refHead, exists bool) *refused {
	if h.allowed(v, nil) != isTrue {
		return v.unauthorised(h.root)
	}
	d, _ := h.newDoc(v)
	if err := v.judge(h.checks(v, d)); err != nil {
		return err
	}
	if exists || v.state[h.t.name][h.id] != nil || v.state.taken(d) {
		return v.refuse("CONFLICT", h.root)
	}
	v.state.put(d)
	return nil
}

// refCheck is a check of a document: whether it is true, and where a refusal is.
type refCheck struct {
	path  []any
	truth func() refTruth
}

func (v *refView) judge(list []refCheck) *refused {
	for _, c := range list {
		if c.truth() != isTrue {
			return v.refuse("BAD_USER_INPUT", c.path)
		}
	}
	return nil
}

// checks are those of a document to be stored, in their order.
func (h *refHead) checks(v *refView, d *refDoc) (out []refCheck) {
	for _, x := range h.extra {
		out = append(out, refCheck{x.path, func() refTruth { return not(equal(d.val(x.field), nil)) }})
	}
	for _, f := range h.t.fields {
		_, set := h.set[f.name]
		_, made := h.made[f.name]
		_, changed := h.change[f.name]
		path := h.path
		if !h.linked {
			path = at(path, f.name)
		}
		for _, c := range f.checks {
			if set || made || changed {
				out = append(out, refCheck{path, func() refTruth {
					if d.val(f.name) == nil {
						return isTrue
					}
					return c(v, alone(d))
				}})
			}
		}
	}
	for _, c := range h.t.checks {
		out = append(out, refCheck{h.path, func() refTruth { return c(v, alone(d)) }})
	}
	return out
}

// change updates documents that are seen: one, or all that match.
func (v *refView) change(h *refHead) (ids []string, hit bool, err *refused) {
	docs := h.documents(v)
	if h.match == nil {
		for _, d := range docs {
			seen := v.readable(d)
			for _, g := range h.seen {
				seen = and(seen, certain(g(v, d)))
			}
			if seen != isTrue {
				docs = nil
			}
		}
		if len(docs) == 0 && h.other != nil {
			if err := v.insert(h.other, len(h.documents(v)) > 0); err != nil {
				return nil, false, err
			}
			return []string{h.other.id}, true, nil
		}
		if len(docs) == 0 {
			return nil, false, nil
		}
	}
	next := map[string]*refDoc{}
	for _, d := range docs {
		if h.allowed(v, d) != isTrue {
			return nil, false, v.unauthorised(h.root)
		}
		// A rule sees the new document before it is stored: its _ts is the old one.
		next[d.id], _ = h.changed(v, d)
	}
	var lists [][]refCheck
	for _, d := range docs {
		lists = append(lists, h.checks(v, next[d.id]))
	}
	for i := 0; len(lists) > 0 && i < len(lists[0]); i++ { // one of all, then the next
		for _, list := range lists {
			if err := v.judge(list[i:][:1]); err != nil {
				return nil, false, err
			}
		}
	}
	for _, d := range docs {
		if h.version != nil && d.ts != int64(*h.version) {
			return nil, false, v.refuse("VERSION_MISMATCH", h.root)
		}
		next[d.id].ts = max(v.now, d.ts+1)
		v.state.put(next[d.id])
	}
	for _, d := range docs {
		if v.state.taken(next[d.id]) {
			return nil, false, v.refuse("CONFLICT", h.root)
		}
		ids = append(ids, d.id)
	}
	return ids, true, nil
}

// link adds or removes a row of a link table.
func (v *refView) link(h *refHead) *refused {
	for _, g := range h.guards {
		if g(v, nil) != isTrue {
			return v.unauthorised(h.root)
		}
	}
	r := v.schema.rowOf(h.field, h.id, h.far)
	if h.kind == join {
		v.state.put(r)
	} else {
		delete(v.state[r.t.name], r.id)
	}
	return nil
}

func (v *refView) erase(h *refHead) (ids []string, hit bool, err *refused) {
	docs := h.documents(v)
	if h.match == nil {
		switch {
		case len(docs) == 0 || !v.sees(docs[0]):
			return nil, false, nil
		case v.deletable(docs[0]) != isTrue:
			return nil, false, v.unauthorised(h.root)
		case h.version != nil && docs[0].ts != int64(*h.version):
			return nil, false, v.refuse("VERSION_MISMATCH", h.root)
		}
	}
	for _, d := range docs {
		ids = append(ids, d.id)
	}
	if !v.state.remove(v.schema, v.now, docs...) {
		return nil, false, v.refuse("CONFLICT", h.root)
	}
	return ids, true, nil
}
