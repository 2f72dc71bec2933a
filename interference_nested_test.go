package main

// What relations in an input do to other documents, in the reference.

func (p *planner) relation(h *refHead, f *refField, in map[string]any) *refused {
	path := at(h.path, f.name)
	if f.many() {
		if p.flat {
			return p.wrong(path...)
		}
		for _, do := range []string{"disconnect", "create", "connect"} {
			list, _ := in[do].([]any)
			for i, x := range list {
				n := refNested{do: do, field: f, path: path}
				if do == "create" {
					n.path, n.id, n.in = at(path, do, i), p.ids(), x.(map[string]any)
				} else {
					n.id = x.(string)
				}
				h.nested = append(h.nested, n)
			}
		}
		return nil
	}
	made, _ := in["create"].(map[string]any)
	id, named := in["connect"].(string)
	clear, _ := in["disconnect"].(bool)
	switch {
	case p.flat && (made != nil || f.inverse()):
		return p.wrong(path...)
	case f.inverse():
		if clear {
			h.nested = append(h.nested, refNested{"disconnect", f, path, "", nil})
		}
		if made != nil {
			h.nested = append(h.nested, refNested{"create", f, at(path, "create"), p.ids(), made})
		} else if named {
			h.nested = append(h.nested, refNested{"connect", f, path, id, nil})
		}
	case clear && f.required:
		return p.wrong(path...)
	case clear:
		h.set[f.name] = nil
	case named:
		p.names(h, f, id)
	default:
		id = p.ids()
		h.nested = append(h.nested, refNested{"create", f, at(path, "create"), id, made})
		p.names(h, f, id)
	}
	return nil
}

// insertOf plans a create.
func (p *planner) insertOf(h *refHead, in map[string]any, back *refField, parent string) *refused {
	if err := p.data(h, in, back, parent); err != nil {
		return err
	}
	if !p.may(h) {
		return p.forbidden()
	}
	return p.nest(h)
}

// nest plans what relations in the input do to other documents.
func (p *planner) nest(h *refHead) *refused {
	for _, n := range h.nested {
		var err *refused
		switch {
		case n.do == "create":
			err = p.createInside(h, n)
		case n.field.table != "":
			err = p.linkRow(h, n)
		default:
			err = p.rekey(h, n)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (p *planner) createInside(h *refHead, n refNested) *refused {
	k := p.head(insert, p.schema.byName[n.field.target], n.id, n.path)
	var back *refField
	if !n.field.toOne() {
		back = p.schema.opposite(n.field)
	}
	if err := p.insertOf(k, n.in, back, h.id); err != nil {
		return err
	}
	if n.field.toOne() {
		h.before = append(h.before, k)
		return nil
	}
	h.kids = append(h.kids, k)
	if n.field.table != "" {
		r := p.head(join, h.t, h.id, n.path)
		r.field, r.far = n.field, n.id
		h.kids = append(h.kids, r)
	}
	return nil
}

func (p *planner) linkRow(h *refHead, n refNested) *refused {
	r := p.head(map[string]headKind{"connect": join, "disconnect": part}[n.do], h.t, h.id, n.path)
	r.field, r.far = n.field, n.id
	f, back := n.field, p.schema.opposite(n.field)
	r.guards = []refGuard{func(v *refView, _ *refDoc) refTruth {
		d := v.get(f.target, n.id)
		if d == nil {
			return isFalse
		}
		out := v.readable(d)
		if !f.owning {
			out = and(out, v.updatable(d, d))
		}
		if back != nil {
			out = and(out, v.fieldUpdatable(d, d, back))
		}
		return out
	}}
	if !r.guards[0](p.refView, nil).may() {
		return p.forbidden()
	}
	h.kids = append(h.kids, r)
	return nil
}

func (p *planner) rekey(h *refHead, n refNested) *refused {
	t := p.schema.byName[n.field.target]
	key := t.field(n.field.back)
	k := p.head(change, t, n.id, n.path)
	k.linked, k.given = true, []*refField{key}
	leads := func(v *refView, d *refDoc) refTruth {
		return and(v.fieldReadable(d, key), equal(d.val(key.name), h.id))
	}
	switch {
	case n.do == "connect":
		k.set[key.name] = h.id
		k.guards = []refGuard{p.visible(h.t.name, h.id)}
	case key.required:
		return p.wrong(n.path...)
	default:
		k.set[key.name] = nil
		k.guards = []refGuard{leads}
	}
	for _, f := range t.fields {
		if f.onUpdate != nil && f != key {
			if err := p.computed(k, f.name, f.onUpdate); err != nil {
				return err
			}
		}
	}
	if !p.may(k) {
		return p.forbidden()
	}
	k.required = true
	if n.do == "disconnect" && !n.field.many() {
		k.required = false
		k.match = func(v *refView, d *refDoc) refTruth { return and(leads(v, d), v.readable(d)) }
	}
	h.kids = append(h.kids, k)
	return nil
}
