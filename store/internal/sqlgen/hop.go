package sqlgen

import (
	"flora.dev/flora/internal/leak"
	"flora.dev/flora/rules"
)

// one prints a hop to a document: it is true only where the document exists.
func (p *printer) one(q rules.One) {
	if isNullValue(q.From) {
		p.put("FALSE")
		return
	}
	if _, all := q.Body.(rules.None); all && nullable(q.From) && leak.On(leak.AbsentHopUnderAll) {
		p.put("(", p.operand(q.From), " IS NULL OR ")
		defer p.put(")")
	}
	if collapses(q) {
		p.collapsed(q)
		return
	}
	if oneIsSet(q) {
		p.put(p.operand(q.From), " IN (")
		p.set(setOf{q.Target, q.Var, foundBy(q), q.Domain, q.Body, false})
		p.put(")")
		return
	}
	from := p.operand(q.From)
	p.exists(q.Target, q.Var, foundBy(q), from, q.Domain, q.Body)
}

// foundBy is the field of the target by which a hop finds the document.
func foundBy(q rules.One) *rules.Field {
	if q.Key != nil {
		return q.Key
	}
	return q.Target.Key
}

// collapses reports whether a hop need not be read: its reference is an
// enforced foreign key, so the document exists wherever it is not null, and
// nothing but the document's key is asked.
func collapses(q rules.One) bool {
	c, ok := q.From.(rules.Col)
	if !ok || q.Key != nil || !c.Field.ToOne() || c.Field.Target != q.Target || !isTrue(q.Domain) {
		return false
	}
	return onlyKey(q.Body, q.Var)
}

// collapsed prints the body of a hop with the reference in place of the key.
func (p *printer) collapsed(q rules.One) {
	if isTrue(q.Body) {
		p.isNull(q.From, false)
		return
	}
	from := p.operand(q.From)
	if nullable(q.From) && !rejectsNull(q.Body, q.Var) {
		p.put("(", from, " IS NOT NULL AND ")
		defer p.put(")")
	}
	defer p.bind(q.Var, &scope{key: from})()
	p.pred(q.Body)
}

// many prints "some document behind the relation", or for All "every".
func (p *printer) many(q rules.Many) {
	if q.All {
		p.none(rules.None{Of: q.Of, Field: q.Field, Object: q.Object, Var: q.Var, Body: rules.And{q.Domain, rules.NotTrue{P: q.Body}}})
		return
	}
	if q.Object != nil {
		p.exists(q.Object, q.Var, nil, "", q.Domain, q.Body)
		return
	}
	of := p.operand(q.Of)
	if manyIsSet(q.Var, q.Domain, q.Body) {
		p.put(of, " IN (")
		p.set(setOf{q.Field.Target, q.Var, q.Field.Back, q.Domain, q.Body, false})
		p.put(")")
		return
	}
	if x, far, ok := joins(q); ok {
		p.linked(q, of, p.operand(x), far)
		return
	}
	p.exists(q.Field.Target, q.Var, q.Field.Back, of, q.Domain, q.Body)
}

// joins reports whether q says nothing but that a row of a link table leads to
// the document with key x.
func joins(q rules.Many) (x rules.Operand, far *rules.Field, ok bool) {
	c, ok := q.Body.(rules.Cmp)
	if !ok || c.Op != rules.Eq || !isTrue(q.Domain) || q.Field.Target.Key != nil {
		return nil, nil, false
	}
	for _, side := range [2][2]rules.Operand{{c.L, c.R}, {c.R, c.L}} {
		row, ok1 := side[0].(rules.Col)
		doc, ok2 := side[1].(rules.Col)
		if ok1 && ok2 && row.Var == q.Var && doc.Var != q.Var {
			return doc, row.Field, true
		}
	}
	return nil, nil, false
}

// linked prints a membership in what rows of a link table lead to: an index
// finds those, and the documents by their keys, whichever are fewer.
func (p *printer) linked(q rules.Many, of, x string, far *rules.Field) {
	a := p.newAlias("l")
	p.subquery()
	table := q.Field.Target
	p.put(x, " IN (SELECT ", a, ".", quote(far.Column), " FROM ", quote(table.Table), " AS ", a, " WHERE ", a, ".", quote(q.Field.Back.Column), " = ", of, ")")
}

// none prints "no document behind the relation", which is never null.
func (p *printer) none(q rules.None) {
	if q.Object != nil {
		p.put("NOT ")
		p.deeper(1, func() { p.exists(q.Object, q.Var, nil, "", q.Body) })
		return
	}
	of := p.operand(q.Of)
	if manyIsSet(q.Var, rules.True, q.Body) {
		if nullable(q.Of) {
			p.put("(", of, " IS NULL OR ")
			defer p.put(")")
		}
		p.put(of, " NOT IN (")
		// One null in the set would make every absence unknown.
		p.deeper(1, func() { p.set(setOf{q.Field.Target, q.Var, q.Field.Back, rules.True, q.Body, true}) })
		p.put(")")
		return
	}
	p.put("NOT ")
	p.deeper(1, func() { p.exists(q.Field.Target, q.Var, q.Field.Back, of, rules.True, q.Body) })
}

// exists prints a subquery, correlated by a key or, without one, over a whole
// collection.
func (p *printer) exists(o *rules.Object, v rules.Var, key *rules.Field, equal string, where ...rules.Pred) {
	a := p.newAlias("d")
	defer p.bind(v, &scope{name: a})()
	p.subquery()
	p.put("EXISTS (SELECT 1 FROM ", quote(o.Table), " AS ", a)
	sep := " WHERE "
	if key != nil {
		p.put(sep, a, ".", quote(key.Column), " = ", equal)
		sep = " AND "
	} else {
		p.need(o, v, "condition", nil, false, where...)
	}
	p.deeper(conds, func() { p.conds(sep, where...) })
	p.put(")")
}

// user prints a hop to the caller's own document. A comparison of its key
// alone is printed as a scalar, which an index on the other side can serve.
func (p *printer) user(q rules.User) {
	if q.Object.Identity == nil {
		p.fail("%s has no identity field", q.Object.Name)
		return
	}
	if isNullValue(q.Identity) {
		p.put("FALSE")
		return
	}
	if x, ok := userKeyTest(q); ok {
		left := p.operand(x)
		if leak.On(leak.AbsentUserIsNull) {
			p.put("(", left, " IS NULL AND ", p.userValue(q.Object, q.Identity, q.Object.Key), " IS NULL OR ")
			defer p.put(")")
		}
		p.put(left, " = ", p.userValue(q.Object, q.Identity, q.Object.Key))
		return
	}
	p.inSet++
	id := p.operand(q.Identity)
	p.inSet--
	p.exists(q.Object, q.Var, q.Object.Identity, id, q.Body)
}

// userKeyTest returns X of a hop whose whole body is X == key of the caller's document.
func userKeyTest(q rules.User) (rules.Operand, bool) {
	c, ok := q.Body.(rules.Cmp)
	if !ok || c.Op != rules.Eq {
		return nil, false
	}
	for _, side := range [2][2]rules.Operand{{c.L, c.R}, {c.R, c.L}} {
		k, ok := side[1].(rules.Col)
		if !ok || k.Var != q.Var || !isKey(k.Field) {
			continue
		}
		if x, ok := side[0].(rules.Col); ok && x.Var == q.Var {
			continue
		}
		if _, ok := side[0].(rules.UserVal); ok {
			continue
		}
		return side[0], true
	}
	return nil, false
}

// userHop turns a test of a rules.UserVal into a hop, so that a caller without
// a document makes it unknown whatever the test is.
func (p *printer) userHop(q rules.Pred) (rules.Pred, bool) {
	x, y := operandsOf(q)
	u, ok := userValOf(x)
	if !ok {
		if u, ok = userValOf(y); !ok {
			return nil, false
		}
	}
	p.fresh--
	c := rules.Col{Var: p.fresh, Field: u.Field}
	swap := func(x rules.Operand) rules.Operand {
		if v, ok := userValOf(x); !ok || v != u {
			return x
		}
		if _, ok := x.(rules.Size); ok {
			return rules.Size{X: c}
		}
		return c
	}
	switch t := q.(type) {
	case rules.Test:
		q = rules.Test{X: swap(t.X)}
	case rules.NotTest:
		q = rules.NotTest{X: swap(t.X)}
	case rules.IsNull:
		q = rules.IsNull{X: swap(t.X)}
	case rules.NotNull:
		q = rules.NotNull{X: swap(t.X)}
	case rules.Cmp:
		q = rules.Cmp{Op: t.Op, L: swap(t.L), R: swap(t.R)}
	case rules.In:
		q = rules.In{X: swap(t.X), List: swap(t.List)}
	case rules.NotIn:
		q = rules.NotIn{X: swap(t.X), List: swap(t.List)}
	case rules.Match:
		q = rules.Match{Op: t.Op, X: swap(t.X), Y: swap(t.Y)}
	case rules.NoMatch:
		q = rules.NoMatch{Op: t.Op, X: swap(t.X), Y: swap(t.Y)}
	case rules.One:
		q = rules.One{From: swap(t.From), Key: t.Key, Target: t.Target, Var: t.Var, Domain: t.Domain, Body: t.Body}
	case rules.Many:
		q = rules.Many{Of: swap(t.Of), Field: t.Field, Object: t.Object, Var: t.Var, Domain: t.Domain, Body: t.Body, All: t.All}
	case rules.None:
		q = rules.None{Of: swap(t.Of), Field: t.Field, Object: t.Object, Var: t.Var, Body: t.Body}
	default:
		return nil, false
	}
	return rules.User{Object: u.Object, Identity: u.Identity, Var: c.Var, Body: q}, true
}

// userValOf returns the field of the caller's document that an operand is made of.
func userValOf(x rules.Operand) (rules.UserVal, bool) {
	if s, ok := x.(rules.Size); ok {
		x = s.X
	}
	u, ok := x.(rules.UserVal)
	return u, ok
}
