package schema

import (
	"slices"

	"flora.dev/flora/rules"
)

// What forgeries is for collections, this is for link tables: their rows have
// no rules, who may write the documents at both ends may join them.

// linked tells relations by whose rows rules decide and that callers can join
// or part themselves.
func (d *diagnosis) linked() {
	type found struct {
		f       *field
		verb    string
		readers []string
	}
	var all []*found
	for _, j := range d.judged {
		if j.Reason != "" {
			continue
		}
		walk(j.Pred, true, func(p rules.Pred, positive bool) {
			m, ok := p.(rules.Many)
			if !ok || m.Field == nil {
				return
			}
			f := d.side(m.Field)
			if f == nil || !d.joins(f, speaksOfCaller(m.Body)) {
				return
			}
			verb := "part"
			if positive != m.All {
				verb = "join"
			}
			i := slices.IndexFunc(all, func(x *found) bool { return x.f == f && x.verb == verb })
			if i < 0 {
				i = len(all)
				all = append(all, &found{f: f, verb: verb})
			}
			all[i].readers = append(all[i].readers, j.String())
		})
	}
	for _, x := range all {
		d.warn(x.f.Pos, `ask for more to update `+x.f.Collection.Name+` or this field, or say why with reason: "..."`,
			"%s: callers can %s documents as it suits %s, which decides by that", x.f.Path(), x.verb, among(x.readers))
	}
}

// side is the field of a relation whose rows rules find by that, or nil.
func (d *diagnosis) side(rows *rules.Field) *field {
	for _, c := range d.collections {
		for _, f := range c.fields {
			if f.Link != nil && f.Link.Rows == rows {
				return f
			}
		}
	}
	return nil
}

// joins reports whether a caller of whom nothing is known can join any document
// that has the field to one at the other end: to his own, or to any.
func (d *diagnosis) joins(f *field, mine bool) bool {
	far, back := d.collectionOf(f.Target), (*field)(nil)
	if o := f.Opposite(); o != nil {
		back = d.fields[o.Field]
	}
	needed := func(c *collection, own *field, waived bool) []rules.Pred {
		list := []rules.Pred{c.Access.Read.Pred}
		if !waived {
			list = append(list, c.Access.Update.Pred)
		}
		if own != nil && own.Update.Pred != nil {
			list = append(list, own.Update.Pred)
		}
		return list
	}
	near := d.collectionOf(f.Collection)
	if reasoned(near.Access.Update) || reasoned(far.Access.Update) || reasoned(f.Update) || back != nil && reasoned(back.Update) {
		return false
	}
	other := "the other"
	if mine && far.Identity != nil {
		other = userName(far.Object)
	}
	yes, sure := possible(func(m *model) bool {
		v := view{model: m, caller: d.bare, own: map[string]bool{}}
		hold := func(list []rules.Pred, document string) bool {
			at, ok := v.named(rules.Old, document).named(rules.New, document), true
			for _, p := range list {
				ok = at.pred(p) == rules.True && ok
			}
			return ok
		}
		here := hold(needed(near, f, back != nil && back.Owning), "the one")
		return hold(needed(far, back, f.Owning), other) && here
	})
	return yes && sure
}

func (d *diagnosis) collectionOf(c *Collection) *collection {
	i := slices.IndexFunc(d.collections, func(x *collection) bool { return x.Collection == c })
	return d.collections[i]
}

// speaksOfCaller reports whether a predicate compares something with the caller.
func speaksOfCaller(p rules.Pred) (yes bool) {
	walk(p, true, func(p rules.Pred, _ bool) {
		_, user := p.(rules.User)
		yes = yes || user || slices.ContainsFunc(operands(p), isIdentity)
	})
	return yes
}
