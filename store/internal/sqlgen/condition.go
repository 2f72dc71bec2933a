package sqlgen

import "flora.dev/flora/rules"

// Condition prints a predicate in T's form alone, for explanations: the
// columns of rules.Old stand as `doc`.column, those of rules.New as
// `newDoc`.column.
func (d *Dialect) Condition(p rules.Pred) (Statement, error) {
	w := d.printer()
	w.inline = true
	w.bind(rules.Old, &scope{name: quote("doc")})
	w.bind(rules.New, &scope{name: quote("newDoc")})
	if and, ok := p.(rules.And); ok {
		w.conds("", and...)
	} else {
		w.pred(p)
	}
	return w.statement()
}
