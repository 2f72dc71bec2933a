package sqlgen

import (
	"slices"

	"flora.dev/flora/internal/leak"
	"flora.dev/flora/rules"
	"flora.dev/flora/store"
)

// A root list whose condition is an OR is read as one SELECT for each operand,
// where an index finds the documents of each in the order of the list:
//
//	SELECT .. WHERE a UNION ALL SELECT .. WHERE b AND (a) IS NOT TRUE ORDER BY .. LIMIT n
//
// Whatever part of the collection the caller sees, no more documents are read
// than are shown. Of the OR itself an engine reads and sorts all, or walks along
// an order until it has met enough.

// maxBranches bounds the SELECTs: the text grows with their square.
const maxBranches = 6

// branches splits the condition of a list into what all its documents fulfil
// and the operands of its OR; there are none where one SELECT is better.
func (p *printer) branches(s *store.Select, order []store.Order) (rest, parts []rules.Pred) {
	if p.root != s || !s.List || s.Offset > 0 || s.From == nil || s.From.Key == nil ||
		slices.ContainsFunc(order, func(o store.Order) bool { return o.Value != nil }) ||
		leak.On(leak.CountBeforeRule) || leak.On(leak.RuleAfterFilter) {
		return nil, nil
	}
	all := flat(s.Where)
	for i, q := range all {
		or, ok := q.(rules.Or)
		if !ok {
			continue
		}
		rest, parts = slices.Concat(all[:i], all[i+1:]), alternatives(or)
		if p.mergeable(s, order, rest, parts) {
			return rest, parts
		}
	}
	return nil, nil
}

// mergeable reports whether indexes serve the operands of an OR, one in the
// order of the list at least, and none finds few documents by the conditions
// beside it. What an index finds and does not sort is what the caller himself
// is given: the documents of his teams.
func (p *printer) mergeable(s *store.Select, order []store.Order, rest, parts []rules.Pred) bool {
	if len(parts) < 2 || len(parts) > maxBranches {
		return false
	}
	var beside probe
	p.probed(&beside, rules.And(rest), s.Var)
	if beside = beside.strong(); beside.found(s.From) {
		return false
	}
	sorted := false
	for _, part := range parts {
		var b probe
		p.probed(&b, part, s.Var)
		switch {
		case b.ordered(s.From, order):
			sorted = true
		case len(b.several) == 0 || !b.found(s.From):
			return false
		}
	}
	return sorted
}

// flat are the conjuncts of q that are not simply true.
func flat(q rules.Pred) (out []rules.Pred) {
	if and, ok := q.(rules.And); ok {
		for _, e := range and {
			out = append(out, flat(e)...)
		}
	} else if !isTrue(q) {
		out = append(out, q)
	}
	return out
}

func alternatives(q rules.Pred) (out []rules.Pred) {
	if or, ok := q.(rules.Or); ok {
		for _, e := range or {
			out = append(out, alternatives(e)...)
		}
		return out
	}
	return append(out, q)
}

// compound prints the SELECTs. columns are those of each.
func (p *printer) compound(s *store.Select, sc *scope, order []store.Order, rest, parts []rules.Pred) {
	columns := p.text(func() {
		for i, f := range sc.used {
			if i > 0 {
				p.put(", ")
			}
			p.put(sc.name, ".", quote(f.Column))
		}
		p.from(s.From, sc.name)
	})
	sorting := p.text(func() {
		sc.bare = true
		p.orderBy(s.Var, order, s.Backward)
		sc.bare = false
		p.limit(s.Limit)
	})
	piece := func(sep string, qs ...rules.Pred) (text string, w weight) {
		w = p.apart(func() { text = p.text(func() { p.conds(sep, qs...) }) })
		return text, w
	}
	shared, weighs := piece(" AND ", append(rest, s.After)...)
	var texts []string
	var weights []weight
	for _, q := range parts {
		text, w := piece("", q)
		texts, weights = append(texts, text), append(weights, w)
	}
	for i := range parts {
		if i > 0 {
			p.put(" UNION ALL ")
			p.selects++
		}
		p.put(p.branchOpen, "SELECT ", columns, " WHERE ", texts[i])
		p.add(weights[i], branchConds)
		for j := range i {
			p.put(" AND (", texts[j], ") IS NOT TRUE")
			p.add(weights[j], branchConds+2)
			p.calls += 2
		}
		p.put(shared)
		p.add(weighs, branchConds)
		if p.branchEnd != "" {
			p.put(sorting, p.branchEnd)
		}
	}
	p.put(sorting)
}
