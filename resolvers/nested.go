package resolvers

import (
	"flora.dev/flora/internal/leak"
	"flora.dev/flora/rules"
	"flora.dev/flora/schema"
	"flora.dev/flora/store"
	"github.com/vektah/gqlparser/v2/ast"
)

// nested is what a relation in an input does to another document, beside the
// columns of the document that has the input.
type nested struct {
	do    verb
	field *schema.Field
	path  ast.Path
	id    string         // of the other document, "" where only its reference finds it
	in    map[string]any // of a create
}

type verb string

const (
	create     verb = "create"
	connect    verb = "connect"
	disconnect verb = "disconnect"
)

// maxNested bounds creates inside each other.
const maxNested = 5

// related takes what an input says of a relation.
func (q *request) related(w *write, path ast.Path, f *schema.Field, x any) error {
	in, ok := x.(map[string]any)
	if !ok { // an input of the developer's own may name the document alone
		in = map[string]any{string(connect): x}
	}
	if f.Many() {
		return q.relatedMany(w, path, f, in)
	}
	made, _ := in[string(create)].(map[string]any)
	id := q.idOf(in[string(connect)])
	named := id != nil
	clear, _ := in[string(disconnect)].(bool)
	n := 0
	for _, given := range []bool{made != nil, named, clear} {
		if given {
			n++
		}
	}
	switch {
	case n != 1 && !(f.Inverse() && clear && n == 2):
		return q.input(w.field, path, "%s takes one of create, connect and disconnect: true", f.Path())
	case w.flat && (made != nil || f.Inverse()):
		return q.input(w.field, path, "%s takes a document that exists here, by its own reference", f.Path())
	case f.Inverse():
		if clear {
			w.nested = append(w.nested, nested{disconnect, f, path, "", nil})
		}
		if made != nil {
			w.nested = append(w.nested, nested{create, f, below(path, string(create)), q.newID(), made})
		} else if named {
			w.nested = append(w.nested, nested{connect, f, path, id.(string), nil})
		}
	case clear && f.NonNull:
		return q.input(w.field, path, "%s is required: connect another document", f.Path())
	case clear:
		w.set = append(w.set, store.Assign{Field: f.Field, Value: rules.Val{Value: rules.Value{Kind: rules.Ref}}})
	case named:
		q.names(w, f, id)
	default:
		id := q.newID()
		w.nested = append(w.nested, nested{create, f, below(path, string(create)), id, made})
		q.names(w, f, id)
	}
	return nil
}

func (q *request) relatedMany(w *write, path ast.Path, f *schema.Field, in map[string]any) error {
	if w.flat {
		return q.input(w.field, path, "%s cannot be given here: write one document by its id", f.Path())
	}
	for _, do := range []verb{disconnect, create, connect} {
		here := below(path, string(do))
		list, ok := in[string(do)].([]any)
		if !ok && in[string(do)] != nil {
			list = []any{in[string(do)]}
		}
		if len(list) > q.opts.MaxPage {
			return q.input(w.field, here, "%s names %d documents, at most %d are allowed", do, len(list), q.opts.MaxPage)
		}
		for i, x := range list {
			n := nested{do: do, field: f, path: path}
			ok := false
			if do == create {
				n.path, n.id = append(here[:len(here):len(here)], ast.PathIndex(i)), q.newID()
				n.in, ok = x.(map[string]any)
			} else {
				n.id, ok = x.(string)
			}
			if !ok {
				return q.input(w.field, append(here, ast.PathIndex(i)), "%s holds null", do)
			}
			w.nested = append(w.nested, n)
		}
	}
	return nil
}

// backward is the field of a document created inside another one's input that
// leads to that: given, as it is written, though the input does not say it.
func (q *request) backward(w *write, x any, given bool) error {
	f := w.back.field
	w.given = append(w.given, f)
	switch {
	case given && f.ToOne():
		return q.input(w.field, below(w.path, f.Name), "%s is the document around this one: leave it out", f.Path())
	case f.ToOne():
		q.names(w, f, w.back.parent.id)
	case given:
		return q.given(w, below(w.path, f.Name), f, x)
	}
	return nil
}

// nest gives a head what the relations in its input do to other documents:
// each is a write of that document, under that document's rules. Targets of
// references are created before the head, all else comes after it.
func (q *request) nest(w *write, h *store.Head) error {
	for i := range w.nested {
		n := &w.nested[i]
		var err error
		switch {
		case n.do == create:
			err = q.createInside(w, h, n)
		case n.field.Link != nil:
			err = q.linkRow(w, h, n)
		default:
			err = q.rekey(w, h, n)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (q *request) createInside(w *write, h *store.Head, n *nested) error {
	if w.depth == maxNested {
		return fail(w.field, n.path, codeLimit, "more than %d creates inside each other", maxNested)
	}
	k := &write{field: w.field, of: n.field.Target, id: n.id, in: n.in, path: n.path, depth: w.depth + 1}
	if !n.field.ToOne() {
		k.back = &back{n.field.Opposite(), w}
	}
	head, err := q.insert(k)
	if err != nil {
		return err
	}
	heads := append(append(head.Before, *head), head.Kids...)
	self := &heads[len(head.Before)]
	writes := append(append(k.before, k), k.kids...)
	self.Before, self.Kids, self.Echo = nil, nil, false
	k.before, k.kids = nil, nil
	if n.field.ToOne() {
		h.Before, w.before = append(h.Before, heads...), append(w.before, writes...)
		return nil
	}
	h.Kids, w.kids = append(h.Kids, heads...), append(w.kids, writes...)
	if n.field.Link != nil {
		return q.row(w, h, n, rules.True)
	}
	return nil
}

// rekey is the update of a document whose reference the input of another one
// changes: to lead to that, or to no document.
func (q *request) rekey(w *write, h *store.Head, n *nested) error {
	key := n.field.Opposite()
	byID := n.id != "" || n.do == connect || n.field.Many()
	if byID && !validID(n.id) || !key.Settable() {
		return q.forbidden(w.field, rootPath(w.field), notAllowed)
	}
	k := &write{field: w.field, of: n.field.Target, id: n.id, path: n.path, linked: true, given: []*schema.Field{key}}
	to := rules.Value{Kind: rules.Ref, V: w.id}
	col := rules.Col{Var: rules.Old, Field: key.Field}
	leads := rules.AllOf(rules.T(q.field(key, rules.Old)), rules.Cmp{Op: rules.Eq, L: col, R: rules.Val{Value: to}})
	switch {
	case n.do == connect:
		k.guards = []rules.Pred{q.target(w.of, w.id)}
	case key.NonNull:
		return q.input(w.field, n.path, "%s is required: connect the document elsewhere, or delete it", key.Path())
	default: // only from here, which the caller must be able to see
		k.guards = []rules.Pred{leads}
		to.V = nil
	}
	k.set = []store.Assign{{Field: key.Field, Value: rules.Val{Value: to}}}
	for _, f := range k.of.Fields {
		if f.Set != nil && f.SetOnUpdate && f != key {
			if err := q.computed(k, f, f.Set); err != nil {
				return err
			}
		}
	}
	head, err := q.change(k)
	if err != nil {
		return err
	}
	if leak.On(leak.ListConnect) {
		head.Guard = rules.AllOf(append(k.guards, head.Readable)...)
	}
	if head.Guard == rules.False {
		return q.forbidden(w.field, rootPath(w.field), notAllowed)
	}
	head.Required = byID
	if !byID { // what the caller cannot see stays
		head.Match, head.Most = rules.AllOf(leads, head.Readable), 1
	}
	h.Kids, w.kids = append(h.Kids, *head), append(w.kids, k)
	return nil
}

// linkRow adds or removes the row of a link table that joins a document to
// another one. It is an update of both: this one's was asked by its own head.
// The other one need only be readable where this side owns the relation.
func (q *request) linkRow(w *write, h *store.Head, n *nested) error {
	v := q.fresh()
	bind := rules.Binding{Doc: v, Fresh: q.fresh, New: func(f *rules.Field) rules.Operand { return rules.Col{Var: v, Field: f} }}
	far := n.field.Target
	all := []rules.Pred{rules.T(q.readRule(far, v))}
	if !n.field.Owning && !leak.On(leak.LinkOneSide) {
		all = append(all, rules.T(q.caller.Fold(far.Access.Update.Pred, bind)))
	}
	if f := n.field.Opposite(); f != nil && f.Update.Pred != nil {
		all = append(all, rules.T(q.caller.Fold(f.Update.Pred, bind)))
	}
	body := rules.AllOf(all...)
	if body == rules.False || !validID(n.id) {
		return q.forbidden(w.field, rootPath(w.field), notAllowed)
	}
	return q.row(w, h, n, rules.One{From: idVal(n.id), Target: far.Object, Var: v, Domain: rules.True, Body: body})
}

func (q *request) row(w *write, h *store.Head, n *nested, guard rules.Pred) error {
	k := &write{field: w.field, path: n.path}
	if err := q.count(k); err != nil {
		return err
	}
	l := n.field.Link
	ref := func(f *rules.Field, id any) store.Assign {
		return store.Assign{Field: f, Value: rules.Val{Value: rules.Value{Kind: rules.Ref, V: id}}}
	}
	head := store.Head{Kind: store.Link, Table: l.Object, Set: []store.Assign{ref(l.Near, w.id), ref(l.Far, n.id)},
		Guard: guard, Readable: rules.False, Required: true}
	if n.do == disconnect {
		head.Kind = store.Unlink
	}
	h.Kids, w.kids = append(h.Kids, head), append(w.kids, k)
	return nil
}
