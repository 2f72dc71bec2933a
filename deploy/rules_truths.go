package deploy

import "flora.dev/flora/rules"

// maxAtoms bounds a table of truths: 3 to the power of it are looked at.
const maxAtoms = 7

// truths is a table over the atoms of two predicates.
type truths struct {
	index  map[string]int
	two    []bool // the atom is never unknown
	values []rules.Truth
}

// parts are the predicates that a connective joins, nil for an atom.
func parts(p rules.Pred) []rules.Pred {
	switch p := p.(type) {
	case rules.And:
		return p
	case rules.Or:
		return p
	case rules.Not:
		return []rules.Pred{p.P}
	case rules.If:
		return []rules.Pred{p.Cond, p.Then, p.Else}
	case rules.Definite:
		return []rules.Pred{p.P}
	}
	return nil
}

// compile enters the atoms of a predicate and returns its value in the present
// case.
func (t *truths) compile(p rules.Pred) func() rules.Truth {
	kids := make([]func() rules.Truth, 0, 4)
	for _, q := range parts(p) {
		kids = append(kids, t.compile(q))
	}
	switch p := p.(type) {
	case rules.Truth:
		return func() rules.Truth { return p }
	case rules.And:
		return func() rules.Truth { return decided(kids, rules.False) }
	case rules.Or:
		return func() rules.Truth { return decided(kids, rules.True) }
	case rules.Not:
		return func() rules.Truth { return negation(kids[0]()) }
	case rules.If:
		return func() rules.Truth {
			switch kids[0]() {
			case rules.True:
				return kids[1]()
			case rules.False:
				return kids[2]()
			}
			return rules.Unknown
		}
	case rules.Definite:
		return func() rules.Truth {
			if kids[0]() == rules.True {
				return rules.True
			}
			return rules.False
		}
	}
	name, negated := atom(p)
	i, known := t.index[name]
	if !known {
		i = len(t.two)
		t.index[name] = i
		t.two = append(t.two, twoValued(p))
	}
	return func() rules.Truth {
		if negated {
			return negation(t.values[i])
		}
		return t.values[i]
	}
}

func negation(v rules.Truth) rules.Truth { return normal(v, false).(rules.Truth) }

// decided is the value of a list that one element of that value decides.
func decided(list []func() rules.Truth, by rules.Truth) rules.Truth {
	out := negation(by)
	for _, f := range list {
		switch v := f(); v {
		case by:
			return v
		case rules.Unknown:
			out = v
		}
	}
	return out
}

// atom is the name of an atom, and whether it is the negation of what the name
// says.
func atom(p rules.Pred) (name string, negated bool) {
	c, ok := p.(rules.Cmp)
	if ok && (c.Op == rules.Ne || c.Op == rules.Ge || c.Op == rules.Gt) {
		return signature(normal(p, false)), true
	}
	return signature(p), false
}

func twoValued(p rules.Pred) bool {
	known := func(x rules.Operand) bool {
		switch x.(type) {
		case rules.Col, rules.Val:
			return true
		}
		return false
	}
	switch p := p.(type) {
	case rules.IsNull:
		return known(p.X)
	case rules.Cmp:
		return p.Op <= rules.Ne && known(p.L) && known(p.R)
	}
	return false
}

// every reports whether f holds in all cases from the i-th atom on.
func (t *truths) every(i int, f func() bool) bool {
	if i == len(t.values) {
		return f()
	}
	for _, v := range []rules.Truth{rules.True, rules.False, rules.Unknown} {
		if t.values[i] = v; v == rules.Unknown && t.two[i] {
			continue
		}
		if !t.every(i+1, f) {
			return false
		}
	}
	return true
}
