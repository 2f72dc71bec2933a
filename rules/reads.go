package rules

// Reads returns every field that a positive predicate reads, of any document:
// columns, references followed, and the keys by which relations and the
// caller's document are found.
func Reads(p Pred) []*Field {
	var out []*Field
	seen := map[*Field]bool{}
	note := func(f *Field) {
		if f != nil && !seen[f] {
			seen[f] = true
			out = append(out, f)
		}
	}
	var operand func(Operand)
	var pred func(Pred)
	operand = func(x Operand) {
		switch x := x.(type) {
		case Far:
			operand(x.From)
			note(x.Key)
			operand(x.Value)
			pred(x.Where)
		case Count:
			operand(x.Of)
			note(x.Field.Back)
			pred(x.Where)
		case Col:
			note(x.Field)
		case UserVal:
			note(x.Field)
			note(x.Object.Identity)
		default:
			if x = Inner(x); x != nil {
				operand(x)
			}
		}
	}
	relation := func(of Operand, f *Field) {
		if f != nil {
			operand(of)
			note(f.Back)
		}
	}
	pred = func(p Pred) {
		switch p := p.(type) {
		case And:
			for _, q := range p {
				pred(q)
			}
		case Or:
			for _, q := range p {
				pred(q)
			}
		case Test:
			operand(p.X)
		case NotTest:
			operand(p.X)
		case Cmp:
			operand(p.L)
			operand(p.R)
		case IsNull:
			operand(p.X)
		case NotNull:
			operand(p.X)
		case In:
			operand(p.X)
			operand(p.List)
		case NotIn:
			operand(p.X)
			operand(p.List)
		case Match:
			operand(p.X)
			operand(p.Y)
		case NoMatch:
			operand(p.X)
			operand(p.Y)
		case One:
			operand(p.From)
			note(p.Key)
			pred(p.Domain)
			pred(p.Body)
		case Many:
			relation(p.Of, p.Field)
			pred(p.Domain)
			pred(p.Body)
		case None:
			relation(p.Of, p.Field)
			pred(p.Body)
		case User:
			operand(p.Identity)
			note(p.Object.Identity)
			pred(p.Body)
		case NotTrue:
			pred(p.P)
		case Truth:
		default:
			panic("rules: Reads of a predicate that is not positive")
		}
	}
	pred(p)
	return out
}
