package rules

// kleene is the conjunction (neutral True) or disjunction (neutral False) of
// ps, flat, without constants that decide nothing.
func kleene(ps []Pred, neutral Truth) Pred {
	var last Pred // of the parts that are no constants
	n, unknown := 0, false
	for _, p := range ps {
		if t, constant := p.(Truth); constant {
			if t != neutral && t != Unknown {
				return t
			}
			unknown = unknown || t == Unknown
			continue
		}
		parts, nested := flat(p, neutral)
		if !nested {
			n, last = n+1, p
			continue
		}
		n += len(parts)
		if len(parts) > 0 {
			last = parts[len(parts)-1]
		}
	}
	switch {
	case n == 0 && unknown:
		return Unknown
	case n == 0:
		return neutral
	case n == 1 && !unknown:
		return last
	}
	if unknown {
		n++
	}
	out := make([]Pred, 0, n)
	for _, p := range ps {
		if parts, nested := flat(p, neutral); nested {
			out = append(out, parts...)
		} else if _, constant := p.(Truth); !constant {
			out = append(out, p)
		}
	}
	if unknown {
		out = append(out, Unknown)
	}
	if neutral == True {
		return And(out)
	}
	return Or(out)
}

// flat returns the parts of a conjunction in a conjunction, or of a disjunction
// in a disjunction.
func flat(p Pred, neutral Truth) (parts []Pred, nested bool) {
	switch p := p.(type) {
	case And:
		return p, neutral == True
	case Or:
		return p, neutral == False
	}
	return nil, false
}

func not(p Pred) Pred {
	switch p := p.(type) {
	case Truth:
		switch p {
		case True:
			return False
		case False:
			return True
		}
		return Unknown
	case Not:
		return p.P
	}
	return Not{p}
}
