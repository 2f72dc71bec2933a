package rules

// T is the part of a folded predicate that is definitely true, in a form that
// needs no three-valued NOT: negations are pushed to the atoms, where each has
// a form of its own. A null that SQL makes of it means "not true", nothing
// else. T(p) is True where p always allows and False where it never does.
//
// F, its dual, is the part that is definitely false.
func T(p Pred) Pred {
	if isPositive(p) {
		return p
	}
	return positive(p, true)
}

// F is the part of a folded predicate that is definitely false, in T's form.
func F(p Pred) Pred { return positive(p, false) }

// positive returns T(p) for want = true and F(p) for want = false.
func positive(p Pred, want bool) Pred {
	switch p := p.(type) {
	case Truth:
		return truth(p == truth(want))
	case And:
		return each(p, want, want)
	case Or:
		return each(p, want, !want)
	case Not:
		return positive(p.P, !want)
	case If:
		return AnyOf(
			AllOf(positive(p.Cond, true), positive(p.Then, want)),
			AllOf(positive(p.Cond, false), positive(p.Else, want)))
	case Test:
		if want {
			return p
		}
		return NotTest(p)
	case Cmp:
		if !want {
			p.Op = [...]Op{Eq: Ne, Ne: Eq, Lt: Ge, Le: Gt, Gt: Le, Ge: Lt}[p.Op]
		}
		return p
	case IsNull:
		if want {
			return p
		}
		return NotNull(p)
	case In:
		if want {
			return In{p.X, p.List, false}
		}
		if p.Tainted {
			return False
		}
		return NotIn{p.X, p.List}
	case Match:
		if want {
			return p
		}
		return NoMatch(p)
	case One:
		p.Body = AllOf(positive(p.Domain, true), positive(p.Body, want))
		p.Domain = True
		if p.Body == False {
			return False
		}
		return p
	case Many:
		if p.All == want { // nothing may contradict
			body := AllOf(positive(p.Domain, true), notTrue(positive(p.Body, want)))
			if body == False {
				return True
			}
			return None{p.Of, p.Field, p.Object, p.Var, body}
		}
		p.Body = AllOf(positive(p.Domain, true), positive(p.Body, want))
		p.Domain, p.All = True, false
		if p.Body == False {
			return False
		}
		return p
	case User:
		p.Body = positive(p.Body, want)
		if p.Body == False {
			return False
		}
		return p
	case Definite:
		if want {
			return positive(p.P, true)
		}
		return notTrue(positive(p.P, true))
	case Guard:
		return AllOf(positive(p.Rule, true), positive(p.P, want))
	}
	panic("rules: T of a predicate that is not folded or already positive")
}

func each(ps []Pred, want, all bool) Pred {
	var room [8]Pred
	out := room[:0]
	for _, p := range ps {
		if !want || !isPositive(p) {
			p = positive(p, want)
		}
		out = append(out, p)
	}
	if all {
		return AllOf(out...)
	}
	return AnyOf(out...)
}

// isPositive reports that T leaves a folded predicate as it is, which is usual.
func isPositive(p Pred) bool {
	switch p := p.(type) {
	case Truth:
		return p != Unknown
	case And:
		return arePositive(p, True)
	case Or:
		return arePositive(p, False)
	case Test, Cmp, IsNull, Match:
		return true
	case In:
		return !p.Tainted
	case One:
		return p.Domain == True && isPositive(p.Body) && p.Body != False
	case Many:
		return !p.All && p.Domain == True && isPositive(p.Body) && p.Body != False
	case User:
		return isPositive(p.Body) && p.Body != False
	}
	return false
}

// arePositive reports it of the parts of And and Or.
func arePositive(ps []Pred, neutral Truth) bool {
	for _, p := range ps {
		_, constant := p.(Truth)
		if _, nested := flat(p, neutral); constant || nested || !isPositive(p) {
			return false
		}
	}
	return len(ps) > 1
}

func notTrue(p Pred) Pred {
	if t, ok := p.(Truth); ok {
		return truth(t != True)
	}
	return NotTrue{p}
}

// AllOf is the conjunction of positive predicates, flat and simplified. There
// is no Unknown among them.
func AllOf(ps ...Pred) Pred { return kleene(ps, True) }

// AnyOf is the disjunction of positive predicates, flat and simplified.
func AnyOf(ps ...Pred) Pred { return kleene(ps, False) }
