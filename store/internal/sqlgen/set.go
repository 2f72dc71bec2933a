package sqlgen

import (
	"strconv"

	"flora.dev/flora/rules"
)

// A caller set is the set of keys for which a part of a rule holds, where the
// part depends on nothing but known values: "the teams I am a member of". As
//
//	t.team IN (SELECT k FROM _s1)
//
// it is computed once per statement, not once per row, and hops over enforced
// foreign keys need no reading at all. Reads share equal sets through WITH.
type setOf struct {
	object       *rules.Object
	v            rules.Var
	key          *rules.Field
	domain, body rules.Pred
	notNull      bool // leave null keys out
}

type set struct{ name, text string }

// set prints the SELECT of a caller set.
func (p *printer) set(s setOf) {
	p.subquery()
	if p.inline {
		p.deeper(conds, func() { p.setText(s) })
		return
	}
	// Aliases count from the beginning in each set: equal sets, equal text.
	outer := p.alias
	p.alias = 0
	text := ""
	weighs := p.apart(func() { text = p.text(func() { p.setText(s) }) })
	p.alias = outer
	p.selects += weighs.selects
	name := ""
	for _, known := range p.sets {
		if known.text == text {
			name = known.name
		}
	}
	if name == "" {
		name = "_s" + strconv.Itoa(len(p.sets)+1)
		p.sets = append(p.sets, set{name, text})
		p.inSets.add(weighs, below(setConds, s.domain, s.body))
	}
	p.put("SELECT ", name, ".k FROM ", name)
}

func (p *printer) setText(s setOf) {
	p.inSet++
	a := p.newAlias("k")
	defer p.bind(s.v, &scope{name: a})()
	p.need(s.object, s.v, "condition", nil, false, s.domain, s.body)
	key := a + "." + quote(s.key.Column)
	p.put("SELECT ", key, " AS k FROM ", quote(s.object.Table), " AS ", a)
	conds := []rules.Pred{s.domain, s.body}
	if s.notNull && nullable(rules.Col{Var: s.v, Field: s.key}) {
		conds = append(conds, rules.NotNull{X: rules.Col{Var: s.v, Field: s.key}})
	}
	p.conds(" WHERE ", conds...)
	p.inSet--
}

// oneIsSet reports whether a hop is printed as a set of keys: only where an
// index can make the set, else reading the one document by its key is better.
func oneIsSet(q rules.One) bool {
	if _, ok := q.From.(rules.Col); !ok {
		return false
	}
	whole := rules.And{q.Domain, q.Body}
	return ownOnly(whole, q.Var) && anchored(whole, q.Var, false)
}

// manyIsSet reports whether a relation is printed as a set of keys: where some
// equality with a known value makes the set small, or where relations inside it
// would have every row walk over rows that walk over rows.
func manyIsSet(v rules.Var, domain, body rules.Pred) bool {
	whole := rules.And{domain, body}
	return ownOnly(whole, v) && (anchored(whole, v, true) || walks(whole))
}

// walks reports whether q goes over a to-many relation.
func walks(q rules.Pred) bool {
	any := func(qs []rules.Pred) bool {
		for _, e := range qs {
			if walks(e) {
				return true
			}
		}
		return false
	}
	switch q := q.(type) {
	case rules.And:
		return any(q)
	case rules.Or:
		return any(q)
	case rules.NotTrue:
		return walks(q.P)
	case rules.One:
		return any([]rules.Pred{q.Domain, q.Body})
	case rules.User:
		return walks(q.Body)
	case rules.Many, rules.None:
		return true
	}
	return false
}

// anchored reports whether q holds only for documents v that one of their
// fields finds: a reference, the key or the identity; with anyField any field
// that is equal to a known value.
func anchored(q rules.Pred, v rules.Var, anyField bool) bool {
	own := func(x rules.Operand) bool {
		c, ok := x.(rules.Col)
		return ok && c.Var == v && (anyField || c.Field.ToOne() || isKey(c.Field) || c.Field == c.Field.Object.Identity)
	}
	switch q := q.(type) {
	case rules.And:
		for _, e := range q {
			if anchored(e, v, anyField) {
				return true
			}
		}
	case rules.Or:
		for _, e := range q {
			if !anchored(e, v, anyField) {
				return false
			}
		}
		return len(q) > 0
	case rules.Cmp:
		return q.Op == rules.Eq && (own(q.L) && known(q.R) || own(q.R) && known(q.L))
	case rules.In:
		return own(q.X) && known(q.List)
	case rules.User:
		x, ok := userKeyTest(q)
		return ok && own(x)
	case rules.One:
		if !own(q.From) {
			return false
		}
		return oneIsSet(q) || collapses(q) && anchored(q.Body, q.Var, anyField)
	case rules.Many:
		return !q.All && own(q.Of) && manyIsSet(q.Var, q.Domain, q.Body)
	}
	return false
}

func known(x rules.Operand) bool {
	switch x := x.(type) {
	case rules.Val:
		return x.Value.V != nil
	case rules.UserVal:
		return true
	}
	return false
}

// ownOnly reports whether q speaks of no document but v and those it binds.
func ownOnly(q rules.Pred, v rules.Var) bool {
	ok := true
	free(q, []rules.Var{v}, func(rules.Col) { ok = false })
	return ok
}

// onlyKey reports whether q asks nothing of document v but its key.
func onlyKey(q rules.Pred, v rules.Var) bool {
	ok := true
	free(q, nil, func(c rules.Col) { ok = ok && (c.Var != v || isKey(c.Field)) })
	return ok
}

// rejectsNull reports whether q is certainly not true where the key of v is
// replaced by null.
func rejectsNull(q rules.Pred, v rules.Var) bool {
	key := func(x rules.Operand) bool {
		c, ok := x.(rules.Col)
		return ok && c.Var == v
	}
	switch q := q.(type) {
	case rules.And:
		for _, e := range q {
			if rejectsNull(e, v) {
				return true
			}
		}
	case rules.Or:
		for _, e := range q {
			if !rejectsNull(e, v) {
				return false
			}
		}
		return len(q) > 0
	case rules.Cmp:
		return q.Op != rules.Ne && (key(q.L) || key(q.R))
	case rules.In:
		return key(q.X)
	case rules.User:
		x, ok := userKeyTest(q)
		return ok && key(x)
	case rules.Many:
		return !q.All && key(q.Of)
	}
	return false
}

func isTrue(q rules.Pred) bool {
	switch q := q.(type) {
	case nil:
		return true
	case rules.Truth:
		return q == rules.True
	case rules.And:
		for _, e := range q {
			if !isTrue(e) {
				return false
			}
		}
		return true
	}
	return false
}
