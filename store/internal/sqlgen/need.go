package sqlgen

import (
	"slices"

	"flora.dev/flora/rules"
	"flora.dev/flora/store"
)

// Need is an index that a statement can use where it reads documents.
type Need struct {
	Object *rules.Object
	Parts  []rules.IndexPart // the key follows; none: the key's own index
	Use    string            // what is read: list, count, condition
	Var    rules.Var         // of the documents
	By     rules.Pred        // what it finds them by, nil where it gives their order alone
	// Ordered: no other sorting is needed then. Where there are several values to find
	// them by, each has an order of its own.
	Ordered bool
	// Served is the index of the object that does the same, as the place in its
	// Indexes; -1 where there is none.
	Served int
}

// Needs are what a query needs of indexes beside those of keys, of unique
// fields and of references that are followed.
func (d *Dialect) Needs(q *store.Query) ([]Need, error) {
	p := d.printer()
	p.needs = &[]Need{}
	_, err := p.query(q)
	return *p.needs, err
}

// need notes that documents v of o are read for which all of qs hold. order is
// that of a list, nil where any will do; split says that the list can be read
// as several SELECTs.
func (p *printer) need(o *rules.Object, v rules.Var, use string, order []store.Order, split bool, qs ...rules.Pred) {
	if p.needs == nil || o == nil || o.Key == nil {
		return
	}
	all := flat(rules.And(qs))
	var b probe
	p.probed(&b, rules.And(all), v)
	if strong := b.strong(); len(strong.one) > 0 || strong.found(o) {
		p.alone(o, v, use, order, all)
		return
	}
	for _, q := range all {
		or, ok := q.(rules.Or)
		if !ok || order != nil && !split {
			continue
		}
		parts := alternatives(or)
		if len(parts) <= maxBranches && !slices.ContainsFunc(parts, func(q rules.Pred) bool { return !p.probes(q, v) }) {
			for _, part := range parts {
				p.alone(o, v, use, order, flat(part))
			}
			return
		}
	}
	p.alone(o, v, use, order, all)
}

func (p *printer) probes(q rules.Pred, v rules.Var) bool {
	var b probe
	p.probed(&b, q, v)
	return len(b.one)+len(b.several) > 0
}

// alone notes the index for a conjunction.
func (p *printer) alone(o *rules.Object, v rules.Var, use string, order []store.Order, all []rules.Pred) {
	n := Need{Object: o, Use: use, Var: v, Served: -1}
	var b probe
	p.probed(&b, rules.And(all), v)
	first := best(b.one)
	if first == nil {
		first = best(b.several)
	}
	switch {
	case b.single(o):
		return
	case first == nil && order == nil || slices.ContainsFunc(b.several, isKey):
		return // nothing helps, or the key does
	case first != nil:
		n.Parts = []rules.IndexPart{{Field: first}}
		for _, q := range all {
			var c probe
			if p.probed(&c, q, v); slices.Contains(append(c.one, c.several...), first) {
				n.By = q
				break
			}
		}
	}
	for _, k := range order {
		if k.Value != nil {
			return // no index has values beyond a relation
		}
		if !isKey(k.Field) && !slices.Contains(b.one, k.Field) && k.Field != first {
			n.Parts = append(n.Parts, rules.IndexPart{Field: k.Field, Desc: k.Desc != order[len(order)-1].Desc})
		}
	}
	if len(n.Parts) == 0 {
		return
	}
	n.Ordered = order != nil && (first == nil || len(b.one) > 0 && !ranged(all, v, n.Parts))
	n.Served = slices.IndexFunc(o.Indexes, func(x rules.Index) bool {
		switch {
		case order == nil || !n.Ordered && len(n.Parts) == 1:
			return b.foundBy(x)
		case n.Ordered && first != nil:
			return b.orderedBy(x, order)
		}
		return !x.Unique && slices.Equal(x.Parts, n.Parts)
	})
	*p.needs = append(*p.needs, n)
}

// ranged reports whether a column beyond those of an index lies in a range: an
// engine may prefer an index that finds the range, and sort.
func ranged(all []rules.Pred, v rules.Var, parts []rules.IndexPart) bool {
	return slices.ContainsFunc(all, func(q rules.Pred) bool {
		c, ok := q.(rules.Cmp)
		if !ok || c.Op == rules.Eq || c.Op == rules.Ne {
			return false
		}
		for _, x := range []rules.Operand{c.L, c.R} {
			if own, ok := x.(rules.Col); ok && own.Var == v && !slices.ContainsFunc(parts, func(p rules.IndexPart) bool { return p.Field == own.Field }) {
				return true
			}
		}
		return false
	})
}

// best is the field that usually leaves the fewest documents.
func best(fs []*rules.Field) (first *rules.Field) {
	rank := func(f *rules.Field) int {
		switch {
		case isKey(f):
			return 0
		case f.Kind == rules.Ref:
			return 1
		case f.Kind == rules.Enum:
			return 3
		case f.Kind == rules.Bool:
			return 4
		}
		return 2
	}
	for _, f := range fs {
		if first == nil || rank(f) < rank(first) {
			first = f
		}
	}
	return first
}
