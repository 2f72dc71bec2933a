package resolvers

import (
	"slices"

	"flora.dev/flora/rules"
	"flora.dev/flora/schema"
	"flora.dev/flora/store"
)

// atomic takes the operators of an update: what they store depends on what is
// stored, so each needs read on its field. The rules see the result as the new
// document's.
func (q *request) atomic(w *write) error {
	for _, op := range []string{"inc", "append", "prepend", "remove"} {
		in, _ := w.field.Args[op].(map[string]any)
		for _, f := range w.of.Fields {
			x, given := in[f.Name]
			if !given {
				continue
			}
			if err := q.operation(w, op, f, x); err != nil {
				return err
			}
		}
	}
	return nil
}

func (q *request) operation(w *write, op string, f *schema.Field, x any) error {
	path := below(below(rootPath(w.field), op), f.Name)
	readable := rules.T(q.field(f, rules.Old))
	switch {
	case readable == rules.False:
		return q.forbidden(w.field, path, "%s is not readable, so it cannot be changed in place", f.Path())
	case x == nil:
		return q.input(w.field, path, "%s is null: leave it out", op)
	case slices.Contains(w.given, f):
		return q.input(w.field, path, "%s is given twice: take a value or one operator", f.Path())
	}
	if at := q.oversized(path, x); at != nil {
		return q.input(w.field, at, "%s is longer than %d bytes", f.Path(), q.opts.MaxString)
	}
	w.given = append(w.given, f)
	w.guards = append(w.guards, readable)
	col, by := rules.Col{Var: rules.Old, Field: f.Field}, rules.Value{Kind: f.Kind, List: f.List, V: x}
	var result rules.Operand
	switch op {
	case "inc":
		result = rules.Sum{X: col, By: by}
		w.extra = append(w.extra, extra{rules.NotNull{X: result}, failure{path, f.Path() + " has no value to add to, or the sum is out of range"}})
	case "append", "prepend":
		result = rules.Joined{List: col, Add: by, Front: op == "prepend"}
	default:
		result = rules.Without{List: col, Drop: by}
	}
	w.set = append(w.set, store.Assign{Field: f.Field, Value: result})
	return nil
}
