package resolvers

import (
	"fmt"
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

// Lists are read and written as a whole.
const (
	maxElements = 1_000  // of an operator
	maxList     = 10_000 // of what it makes
)

func indexedBy(keys []*schema.Unique, f *schema.Field) bool {
	return slices.ContainsFunc(keys, func(u *schema.Unique) bool { return slices.Contains(u.Fields, f) })
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
	if list, ok := x.([]any); ok && len(list) > maxElements {
		return fail(w.field, path, codeLimit, "%s takes at most %d elements at once", op, maxElements)
	}
	if op == "inc" && w.flat && indexedBy(w.of.Uniques, f) {
		// Which document is changed first would decide whether two meet.
		return q.input(w.field, path, "%s is part of a unique key: change one document by its id", f.Path())
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
		fits := rules.Cmp{Op: rules.Le, L: rules.Size{X: result}, R: rules.Val{Value: rules.Value{Kind: rules.Long, V: int64(maxList)}}}
		w.extra = append(w.extra, extra{fits, failure{path, fmt.Sprintf("%s would hold more than %d elements", f.Path(), maxList)}})
	default:
		result = rules.Without{List: col, Drop: by}
	}
	w.set = append(w.set, store.Assign{Field: f.Field, Value: result})
	return nil
}
