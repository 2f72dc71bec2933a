package schema

import (
	"fmt"
	"slices"
	"strings"

	"flora.dev/flora/rules"
)

// What a rule believes, others may write. A warning is given where a caller
// can write it of whom nothing is known but a token, who belongs to nothing
// in the way the rule asks for, and against whom every other stored fact
// stands. So a rule that asks an owner, a role or a claim is never warned of,
// and where a case is too involved to tell nothing is said.

// at is how messages point at a place.
func at(p Position) string { return fmt.Sprintf(" at %d:%d", p.Line, p.Column) }

// among lists a few names.
func among(names []string) string {
	slices.Sort(names)
	names = slices.Compact(names)
	if n := len(names); n > 3 {
		names = append(names[:2:2], fmt.Sprintf("%d more", n-2))
	}
	if n := len(names); n > 1 {
		return strings.Join(names[:n-1], ", ") + " and " + names[n-1]
	}
	return strings.Join(names, "")
}

// writer is the view of a write of c by that caller. anyRow: the stored
// document may be any, so it is against the caller too.
func (d *diagnosis) writer(m *model, c *collection, action rules.Action, anyRow bool) view {
	v := view{model: m, caller: d.bare, own: map[string]bool{"new": true, "old": !anyRow}}
	v = v.named(rules.Old, "old").named(rules.New, "new")
	v.replaced = func(document string, f *rules.Field) rules.Operand {
		if document != "new" {
			return nil
		}
		stored := rules.Col{Var: rules.Old, Field: f}
		own := d.fields[f]
		switch {
		case own == nil: // _id and _ts
			if action == rules.Update {
				return stored
			}
		case own.Set != nil && (own.SetOnCreate && action == rules.Create || own.SetOnUpdate && action == rules.Update):
			if x, ok := own.Set.Const(); ok {
				return rules.Val{Value: x}
			}
		case action != rules.Update:
		case own.Set != nil, m.choose("changes "+f.Name, 2) == 0:
			return stored
		}
		return nil
	}
	return v
}

// fieldsAllow reports whether the rules of the fields that the case changes
// hold: on an update those it does not keep, on a create those that matter.
func (d *diagnosis) fieldsAllow(v view, c *collection, action rules.Action, matter []*rules.Field) bool {
	ok := true
	for _, f := range c.fields {
		switch {
		case action == rules.Create && f.Create.Pred != nil && slices.Contains(matter, f.Field.Field):
			ok = v.pred(f.Create.Pred) == rules.True && ok
		case action == rules.Update && f.Update.Pred != nil:
			if changes, asked := v.memo["changes "+f.Name]; asked && (changes == 1 || v.gathering) {
				ok = v.pred(f.Update.Pred) == rules.True && ok
			}
		}
	}
	return ok
}

// ranged is a quantifier as rows of c, found by the reference back, for which
// body asks.
type ranged struct {
	c       *collection
	row     rules.Var
	back    *rules.Field  // nil: any row
	parent  rules.Operand // what back leads to
	body    rules.Pred    // of a row that makes exists true, or all false
	matters []*rules.Field
	mine    bool // body speaks of the caller
}

func (d *diagnosis) ranged(p rules.Many) (r ranged, ok bool) {
	r = ranged{row: p.Var, body: p.Body}
	o := p.Object
	if p.Field != nil {
		o, r.back, r.parent = p.Field.Target, p.Field.Back, p.Of
	} else if parts, isAnd := p.Body.(rules.And); isAnd && !p.All {
		for i, part := range parts { // m.team == doc.team is what a relation says by itself
			if back, parent := link(part, p.Var); back != nil {
				r.back, r.parent, r.body = back, parent, without(parts, i)
				break
			}
		}
	}
	if p.All {
		r.body = rules.Not{P: r.body}
	}
	for _, c := range d.collections {
		if c.Object == o {
			r.c = c
		}
	}
	r.mine = speaksOfCaller(r.body)
	for _, col := range columns(r.body) {
		if col.Var == p.Var {
			r.matters = append(r.matters, col.Field)
		}
	}
	if r.back != nil {
		r.matters = append(r.matters, r.back)
	}
	return r, r.c != nil
}

func isIdentity(x rules.Operand) bool {
	s, ok := x.(rules.SlotRef)
	return ok && s.Slot.Text == "CurrentIdentity()"
}

// link reads a comparison of a reference of row with a document elsewhere.
func link(p rules.Pred, row rules.Var) (back *rules.Field, parent rules.Operand) {
	c, ok := p.(rules.Cmp)
	if !ok || c.Op != rules.Eq {
		return nil, nil
	}
	for _, side := range [][2]rules.Operand{{c.L, c.R}, {c.R, c.L}} {
		here, ok1 := side[0].(rules.Col)
		there, ok2 := side[1].(rules.Col)
		if ok1 && ok2 && here.Var == row && here.Field.ToOne() && there.Var != row {
			return here.Field, there
		}
	}
	return nil, nil
}

// is reports whether the row named "old" or "new" is one that the rule looks
// for. v is the writer's view, which knows what a new row keeps of the old.
func (r *ranged) is(v view, row rules.Var) bool {
	wanted := true
	if r.back != nil {
		key, _ := v.key(v.resolve(rules.Col{Var: row, Field: r.back}))
		wanted = v.choose(key+" is wanted", 2) == 0
	}
	reader := view{model: v.model, replaced: v.replaced}.named(rules.Old, "old").named(rules.New, "new").named(r.row, v.names[row])
	// Old and New of the rule are other documents than those of the write.
	reader.names[rules.Old], reader.names[rules.New] = "the rule's old", "the rule's new"
	reader.replaced = func(document string, f *rules.Field) rules.Operand {
		x := v.replaced(document, f)
		if c, ok := x.(rules.Col); ok && c.Var == rules.Old {
			return rules.Col{Var: written, Field: f}
		}
		return x
	}
	reader.names[written] = "old"
	return reader.pred(r.body) == rules.True && wanted
}

// written stands for the stored row in the view of a rule that reads it.
const written rules.Var = -1

// member decides a quantifier in the writer's rule: where the rule looks for
// the caller's own row, the caller is among the rows of the same relation, but
// in no way that the rule asks for. Any other authority the caller has not.
func (d *diagnosis) member(r *ranged, row rules.Var) func(view, rules.Many) (rules.Truth, bool) {
	return func(v view, p rules.Many) (rules.Truth, bool) {
		q, ok := d.ranged(p)
		if !ok || q.c != r.c || q.back != r.back || p.All || !r.mine || row != rules.New {
			return rules.Unknown, true
		}
		if !implies(q.body, q.row, r.body, r.row) {
			return rules.True, true
		}
		if r.back == nil {
			return rules.False, true
		}
		wanted, _ := v.key(v.resolve(rules.Col{Var: row, Field: r.back}))
		parent, _ := v.key(v.resolve(q.parent))
		return is(parent != wanted), true
	}
}

// implies reports whether a row that satisfies p satisfies q. It says yes
// where there are too many cases.
func implies(p rules.Pred, pv rules.Var, q rules.Pred, qv rules.Var) bool {
	differ, sure := possible(func(m *model) bool {
		a := view{model: m}.named(pv, "row").pred(p) == rules.True
		if !a && !m.gathering {
			return false
		}
		return a && view{model: m}.named(qv, "row").pred(q) != rules.True
	})
	return !(sure && differ)
}

// way is how a caller makes a rule say what it should not.
type way struct {
	action   rules.Action
	from, to bool // whether the stored row is one that the rule looks for, and the new one
	verb     string
}

var (
	gains  = []way{{rules.Create, false, true, "create"}, {rules.Update, false, true, "change"}}
	losses = []way{{rules.Delete, true, false, "delete"}, {rules.Update, true, false, "change"}}
)

// forgeries tells collections in which rules look for rows that callers can
// write themselves.
func (d *diagnosis) forgeries() {
	type found struct {
		judged
		verb    string
		readers []string
	}
	var all []*found
	known := map[string]bool{} // many rules ask the same
	for _, j := range d.judged {
		if j.Reason != "" {
			continue
		}
		walk(j.Pred, true, func(p rules.Pred, positive bool) {
			m, ok := p.(rules.Many)
			if !ok {
				return
			}
			r, ok := d.ranged(m)
			if !ok {
				return
			}
			ways := losses
			if positive != m.All {
				ways = gains
			}
			for _, way := range ways {
				for i, w := range d.judged {
					if w.c != r.c || w.f != nil || w.shared || w.action != way.action || w.Reason != "" || w.Pos == j.Pos && w.action == j.action {
						continue
					}
					question := fmt.Sprint(i, way.verb, positive, rules.Print(m))
					yes, asked := known[question]
					if !asked {
						yes = d.forges(&w, way, &r)
						known[question] = yes
					}
					if !yes {
						continue
					}
					i := slices.IndexFunc(all, func(f *found) bool { return f.Pos == w.Pos && f.verb == way.verb })
					if i < 0 {
						i = len(all)
						all = append(all, &found{judged: w, verb: way.verb})
					}
					all[i].readers = append(all[i].readers, j.String())
				}
			}
		})
	}
	for _, f := range all {
		d.warn(f.Pos, `ask for more, or say why with reason: "..."`, "type %s: callers can %s one as it suits %s, which decides by these documents",
			f.c.Name, f.verb, among(f.readers))
	}
}

func (d *diagnosis) forges(w *judged, way way, r *ranged) bool {
	yes, sure := possible(func(m *model) bool {
		v := d.writer(m, r.c, way.action, way.from && !r.mine) // who takes back what is his own forges nothing
		row := rules.New
		if way.from || way.action == rules.Delete {
			row = rules.Old
		}
		v.many = d.member(r, row)
		ok := v.pred(w.Pred) == rules.True
		if !ok && !m.gathering {
			return false
		}
		if way.action != rules.Create {
			ok = r.is(v, rules.Old) == way.from && ok
		}
		if way.action != rules.Delete {
			ok = r.is(v, rules.New) == way.to && ok
		}
		return d.fieldsAllow(v, r.c, way.action, r.matters) && ok
	})
	return yes && sure
}

// openFields tells fields that every signed-in caller can set on any document
// and that rules read there.
func (d *diagnosis) openFields(c *collection) {
	for _, w := range d.judged {
		if w.c != c || w.f != nil || w.action != rules.Update || w.Reason != "" || w.shared || !d.atWill(c, w.Pred, nil) {
			continue
		}
		for _, f := range c.fields {
			asked := slices.ContainsFunc(columns(w.Pred), func(x rules.Col) bool { return x.Field == f.Field.Field })
			if asked || f.Set != nil || f.Column == "" || f.Update.Pred != nil && !d.atWill(c, w.Pred, f.Update.Pred) {
				continue
			}
			var names []string
			for _, j := range d.judged {
				mine := j.c == c && j.f == nil && (j.action == rules.Read || j.action == rules.Update)
				if j.Reason == "" && !mine && j.f != f && reads(j.Pred, f.Field.Field) {
					names = append(names, j.String())
				}
			}
			if names != nil {
				d.warn(w.Pos, `ask for more, or say why with reason: "..."`, "%s: every signed-in caller can change it, and %s decides by it", f.Path(), among(names))
			}
		}
	}
}

// atWill reports whether every signed-in caller can update any document of c.
func (d *diagnosis) atWill(c *collection, rule, own rules.Pred) bool {
	yes, sure := possible(func(m *model) bool {
		v := d.writer(m, c, rules.Update, true)
		ok := true
		for _, p := range []rules.Pred{c.Access.Read.Pred, rule, own} {
			if p != nil {
				ok = v.pred(p) == rules.True && ok
			}
		}
		return ok
	})
	return yes && sure
}

// reads reports whether a rule reads a field, other than of rows that it looks
// through.
func reads(p rules.Pred, f *rules.Field) bool {
	if _, ok := p.(rules.Many); ok {
		return false
	}
	for _, x := range operands(p) {
		if c, ok := columnOf(x); ok && c.Field == f {
			return true
		}
	}
	list, _ := children(p)
	return slices.ContainsFunc(list, func(q rules.Pred) bool { return reads(q, f) })
}
