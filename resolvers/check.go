package resolvers

import (
	"flora.dev/flora/rules"
	"flora.dev/flora/schema"
	"flora.dev/flora/store"
	"github.com/vektah/gqlparser/v2/ast"
)

// failure is what the client is told where a check is not true.
type failure struct {
	path    ast.Path
	message string
}

// check gives a head the checks of the document to be stored, without those
// that what is known makes true: of each field that the write sets, then of
// the type. They are folded on the same two sides as the rules.
func (q *request) check(w *write, c *schema.Collection, h *store.Head) {
	ask := func(list []schema.Check, path ast.Path) {
		for _, x := range list {
			if p := rules.T(q.caller.Fold(x.Pred, w.bind)); p != rules.True {
				h.Checks = append(h.Checks, p)
				w.failures = append(w.failures, failure{path, x.Message})
			}
		}
	}
	for _, f := range c.Fields {
		if len(f.Checks) > 0 && w.sets(f) {
			path := w.path
			if !w.linked {
				path = below(path, f.Name)
			}
			ask(f.Checks, path)
		}
	}
	ask(c.Checks, w.path)
}

// existsFirst makes the guard ask for the targets whose existence otherwise the
// foreign keys ask: that one does not exist is said before that a check is not
// true.
func (w *write) existsFirst(h *store.Head) {
	if len(h.Checks) > 0 {
		h.Guard = rules.AllOf(append([]rules.Pred{h.Guard}, w.named...)...)
	}
}

// invalid is the refusal of a check: of the kid with that index, or of the
// document itself (-1).
func (q *request) invalid(w *write, kid, check int) error {
	in := w
	if kid >= 0 {
		in = w.kids[kid]
	}
	x := in.failures[check]
	return q.input(w.field, x.path, "%s", x.message)
}

func (w *write) sets(f *schema.Field) bool {
	for _, a := range w.set {
		if a.Field == f.Field {
			return true
		}
	}
	return false
}
