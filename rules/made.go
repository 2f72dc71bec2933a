package rules

import "maps"

// Made finds a document that the same operation stores before the one a rule is
// asked of: the document of o whose unique field has the value. It returns its
// fields, nil for any other document. For what is said of an operation that is
// not run; one that runs finds it in the store.
type Made func(o *Object, unique *Field, v any) func(*Field) Operand

// made folds what is asked of a document behind a hop, where that is one of
// Binding.Made. It is not ok for others.
func (f *folder) made(o *Object, unique *Field, x Operand, v Var, domain, body Pred) (_ Pred, ok bool) {
	val, is := x.(Val)
	if f.b.Made == nil || !is {
		return nil, false
	}
	fields := f.b.Made(o, unique, val.Value.V)
	if fields == nil {
		return nil, false
	}
	g := *f
	g.fields = maps.Clone(f.fields)
	if g.fields == nil {
		g.fields = map[Var]func(*Field) Operand{}
	}
	g.fields[v] = fields
	if d := g.pred(domain); d != True {
		return Unknown, true
	}
	return g.pred(body), true
}
