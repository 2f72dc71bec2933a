package main

import "slices"

// Mutations of many documents, in the reference.

func (p *planner) createMany(x *refRoot, s *selection) *refused {
	list := s.args["data"].([]any)
	for _, e := range list {
		if err := p.mayCreate(s.t, e.(map[string]any)); err != nil {
			return err
		}
	}
	for i, e := range list {
		h := p.head(insert, s.t, p.ids(), at(p.root, "data", i))
		if err := p.insertOf(h, e.(map[string]any), nil, ""); err != nil {
			return err
		}
		x.heads = append(x.heads, h)
	}
	return nil
}

// matching plans a bulk write.
func (p *planner) matching(s *selection, in map[string]any, answer *reader) (*refHead, *refused) {
	p.flat = true
	var stored refGuard
	if s.op == "deleteMany" {
		stored = func(v *refView, d *refDoc) refTruth { return v.deletable(d) }
		if !p.deletable(p.unknown(s.t)).may() {
			return nil, p.forbidden()
		}
	} else {
		stored = func(v *refView, d *refDoc) refTruth {
			return v.grants(d.t, func(g *refGrant) refRule {
				if g.stored != nil {
					return g.stored
				}
				return g.update
			}, alone(d))
		}
		if p.tokenForbids(s.t, in, false) {
			return nil, p.forbidden()
		}
	}
	where := s.args["where"].(map[string]any)
	if err := answer.checkWhere(s.t, where, at(p.root, "where")); err != nil {
		return nil, err
	}
	if all, _ := s.args["all"].(bool); !all && p.where(p.unknown(s.t), where) == isTrue {
		return nil, p.wrong(at(p.root, "where")...)
	}
	h := p.head(erase, s.t, "", at(p.root, "data"))
	if s.op == "updateMany" {
		h.kind = change
		if err := p.update(h, s, in); err != nil {
			return nil, err
		}
	}
	h.match = func(v *refView, d *refDoc) refTruth {
		return and(certain(v.where(d, where)), v.readable(d), stored(v, d))
	}
	return h, nil
}

// payload is what a mutation of many documents answers.
func (r *reader) payload(x *refRoot, repeated bool) any {
	out := map[string]any{}
	for _, m := range x.s.fields {
		switch {
		case m.field == "count":
			out[m.key] = int64(len(x.ids))
		case x.done && !repeated:
			out[m.key] = x.found
			r.answer.denied, r.answer.errors = x.denied, x.errors
		default:
			ids := x.ids
			if !x.each {
				ids = slices.Sorted(slices.Values(ids))
			}
			var docs []*refDoc
			for _, id := range ids {
				if d := r.get(x.s.t.name, id); r.sees(d) {
					docs = append(docs, d)
				}
			}
			out[m.key] = r.nodes(m, docs)
		}
	}
	return out
}
