package resolvers

import (
	"slices"
	"strconv"

	"flora.dev/flora/graph"
	"flora.dev/flora/internal/leak"
	"flora.dev/flora/rules"
	"flora.dev/flora/schema"
	"flora.dev/flora/store"
)

// can is what _can tells about one document: each rule that the token alone
// does not decide is one more value of its node, true or null, in the same
// statement. The row rule holds for every document that is shown, so nothing
// here asks it again.
type can struct {
	*request
	of    *schema.Collection
	v     rules.Var
	sel   *store.Select
	rules map[aspect]rules.Pred // positive
	place map[aspect]int        // in the node
}

// aspect is a rule that _can speaks of: the type's where field is nil.
type aspect struct {
	field  *schema.Field
	action rules.Action
}

// can plans the selection of _can on document v.
func (q *request) can(g *graph.Field, c *schema.Collection, v rules.Var, sel *store.Select) *schema.Shape {
	k := q.cans[sel]
	if k == nil { // aliases of one document share their values
		k = &can{request: q, of: c, v: v, sel: sel, rules: map[aspect]rules.Pred{}, place: map[aspect]int{}}
		if q.cans == nil {
			q.cans = map[*store.Select]*can{}
		}
		q.cans[sel] = k
	}
	out := &schema.Shape{Kind: schema.ShapeCan}
	for _, m := range g.Fields {
		switch m.Name {
		case "__typename":
			out.Members = append(out.Members, literal(m.Key, "Can"))
		case "update":
			out.Members = append(out.Members, member(m.Key, -1, k.allows(out, aspect{nil, rules.Update})))
		case "delete":
			out.Members = append(out.Members, member(m.Key, -1, k.allows(out, aspect{nil, rules.Delete})))
		case "fields":
			each := &schema.Shape{Kind: schema.ShapeEach}
			for _, f := range c.Fields {
				each.Members = append(each.Members, schema.Member{Index: -1, Shape: k.field(out, m, f)})
			}
			out.Members = append(out.Members, member(m.Key, -1, each))
		}
	}
	return out
}

func (k *can) field(out *schema.Shape, g *graph.Field, f *schema.Field) *schema.Shape {
	s := &schema.Shape{Kind: schema.ShapeAspects}
	for _, m := range g.Fields {
		switch m.Name {
		case "__typename":
			s.Members = append(s.Members, literal(m.Key, "FieldCan"))
		case "name":
			s.Members = append(s.Members, literal(m.Key, f.Name))
		case "read":
			s.Members = append(s.Members, member(m.Key, -1, k.allows(out, aspect{f, rules.Read})))
		case "update":
			x := yesNo(false)
			if f.Settable() {
				x = k.allows(out, aspect{nil, rules.Update}, aspect{f, rules.Update})
			}
			s.Members = append(s.Members, member(m.Key, -1, x))
		}
	}
	return s
}

func yesNo(b bool) *schema.Shape {
	return &schema.Shape{Kind: schema.ShapeLiteral, Literal: strconv.AppendBool(nil, b)}
}

// allows is true where all rules definitely allow.
func (k *can) allows(out *schema.Shape, list ...aspect) *schema.Shape {
	var open []aspect
	for _, a := range list {
		switch k.rule(a) {
		case rules.True:
		case rules.False:
			return yesNo(false)
		default:
			open = append(open, a)
		}
	}
	if len(open) == 0 {
		return yesNo(true)
	}
	s := &schema.Shape{Kind: schema.ShapeGranted}
	for _, a := range open {
		place, ok := k.place[a]
		if !ok {
			place = add(k.sel, store.Column{Value: rules.Val{Value: rules.Value{Kind: rules.Bool, V: true}}, Guard: k.rule(a)})
			k.place[a] = place
		}
		i := slices.Index(out.Places, place)
		if i < 0 {
			i, out.Places = len(out.Places), append(out.Places, place)
		}
		s.Places = append(s.Places, i)
	}
	return s
}

// rule is what remains of a rule, in the form that rules.T leaves. The
// document after an update is the stored one: what a client would send is not known.
func (k *can) rule(a aspect) rules.Pred {
	if p, ok := k.rules[a]; ok {
		return p
	}
	var rule rules.Pred
	switch {
	case a.field == nil && a.action == rules.Update:
		rule = k.of.Access.Update.Pred
	case a.field == nil:
		rule = k.of.Access.Delete.Pred
	case a.action == rules.Update:
		rule = a.field.Update.Pred
	default:
		rule = a.field.Read.Pred
	}
	p := rules.Pred(rules.True) // a field without a rule follows its type
	if rule != nil {
		known := k.caller.Fold(rule, rules.Binding{Doc: k.v, Fresh: k.fresh,
			New: func(f *rules.Field) rules.Operand { return rules.Col{Var: k.v, Field: f} }})
		if p = rules.T(known); leak.On(leak.CanUnknown) {
			p = notFalse(known)
		}
	}
	if a.field == nil && a.action == rules.Update {
		p = rules.AllOf(p, k.computable())
	}
	k.rules[a] = p
	return p
}

// computable is the condition that every update needs: the server can compute
// what it sets.
func (k *can) computable() rules.Pred {
	all := []rules.Pred{}
	for _, f := range k.of.Fields {
		if f.Set == nil || !f.SetOnUpdate {
			continue
		}
		x, known := k.caller.Value(f.Set)
		if !known {
			return rules.False
		}
		if u, ok := x.(rules.UserVal); ok {
			all = append(all, rules.T(u.Exists(k.fresh)))
		}
	}
	return rules.AllOf(all...)
}
