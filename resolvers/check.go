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
// the type. They are folded on the same two sides as the rules. The branches of
// an upsert keep all, so that a check has the same number in both.
func (q *request) check(w *write, h *store.Head) {
	add := func(p rules.Pred, x failure) {
		if p != rules.True || w.branch {
			h.Checks = append(h.Checks, p)
			w.failures = append(w.failures, x)
		}
	}
	ask := func(list []schema.Check, path ast.Path, applies bool) {
		for _, x := range list {
			p := rules.Pred(rules.True)
			if applies {
				p = rules.T(q.caller.Fold(x.Pred, w.bind))
			}
			add(p, failure{path, x.Message})
		}
	}
	for _, x := range w.extra {
		add(x.check, x.failure)
	}
	for _, f := range w.of.Fields {
		path := w.path
		if !w.linked {
			path = below(path, f.Name)
		}
		ask(f.Checks, path, w.sets(f))
	}
	ask(w.of.Checks, w.path, true)
}

// existsFirst makes the guard ask for the targets whose existence otherwise the
// foreign keys ask: that one does not exist is said before that a check is not
// true.
func (w *write) existsFirst(h *store.Head) {
	if len(h.Checks) > 0 {
		h.Guard = rules.AllOf(append([]rules.Pred{h.Guard}, w.named...)...)
	}
}

// invalid is the refusal of a check: of the nested head with that index, those
// before it first, or of the document itself (-1).
func (q *request) invalid(w *write, kid, check int) error {
	in := w
	if kid >= 0 {
		in = append(w.before[:len(w.before):len(w.before)], w.kids...)[kid]
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
