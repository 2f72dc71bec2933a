package schema

import "flora.dev/flora/rules"

// probes tells rules of writes, and checks, that compare what clients send with
// a field which fewer can read: who tries one value after the other learns it.
func (d *diagnosis) probes() {
	for _, j := range d.judged {
		if j.Reason == "" && (j.action == rules.Create || j.action == rules.Update) {
			d.probe(j.Pred, func(x *field) {
				d.warn(j.Pos, `add its rule, or say why with reason: "..."`, "%s: its %s rule compares what clients send with %s, which not all can read who may try", j.owner(), actionNames[j.action], x.Path())
			})
		}
	}
	for _, c := range d.collections {
		list := c.Checks
		for _, f := range c.fields {
			list = append(list[:len(list):len(list)], f.Checks...)
		}
		for _, k := range list {
			d.probe(k.Pred, func(x *field) {
				d.warn(k.Pos, `reason: "..." on the @auth of `+x.Path()+` says why`, "type %s: a check compares what clients send with %s, which not all can read who may try", c.Name, x.Path())
			})
		}
	}
}

// probe finds the fields with which p compares what clients send, and that are
// read under a rule of their own which p does not imply.
func (d *diagnosis) probe(p rules.Pred, tell func(*field)) {
	own := map[rules.Var]bool{} // of the caller's document
	told := map[*field]bool{}
	walk(p, true, func(q rules.Pred, _ bool) {
		if u, ok := q.(rules.User); ok {
			own[u.Var] = true
		}
		c, ok := q.(rules.Cmp)
		if !ok {
			return
		}
		for _, side := range [][2]rules.Operand{{c.L, c.R}, {c.R, c.L}} {
			sent, ok1 := columnOf(side[0])
			with, ok2 := columnOf(side[1])
			if !ok1 || !ok2 || sent.Var != rules.New || with.Var == rules.New || own[with.Var] {
				continue
			}
			f, x := d.fields[sent.Field], d.fields[with.Field]
			if f == nil || x == nil || !f.Settable() || x.Read.Pred == nil || reasoned(x.Read) || told[x] {
				continue
			}
			more, sure := possible(func(m *model) bool {
				allowed := view{model: m}.named(rules.Old, "old").named(rules.New, "new").pred(p) == rules.True
				name := "old"
				if with.Var != rules.Old {
					name = "the one compared"
				}
				return view{model: m}.named(rules.Old, name).pred(x.Read.Pred) != rules.True && allowed
			})
			if more && sure {
				told[x] = true
				tell(x)
			}
		}
	})
}
