package resolvers

import (
	"slices"

	"flora.dev/flora/graph"
	"flora.dev/flora/internal/leak"
	"flora.dev/flora/rules"
	"flora.dev/flora/schema"
	"flora.dev/flora/store"
	"github.com/vektah/gqlparser/v2/ast"
)

// write is one document being written: what an input sets on it, and what must
// hold for that.
type write struct {
	field *graph.Field // the root field that causes it
	of    *schema.Collection
	id    any            // of the document (idOf), "" where a predicate finds it
	in    map[string]any // the input
	path  ast.Path       // of the input
	depth int            // of a create inside a create
	back  *back          // of a document that the input of another one creates

	linked bool // a relation in another document's input causes it
	flat   bool // no document of its own: several of them, or either branch of an upsert
	branch bool // of an upsert: what cannot be computed refuses this branch alone

	set     []store.Assign
	given   []*schema.Field // present in the input: their own rules count
	visible []rules.Pred    // what the caller must see beside the document
	guards  []rules.Pred    // users that @set needs, targets that must be readable
	named   []rules.Pred    // targets that anyone may read exist
	nested  []nested        // what relations in the input do to other documents
	bind    rules.Binding   // the two sides, for the rules
	// extra are checks that the write itself brings, failures those of all the
	// head's Checks, before and kids the writes of its Before and Kids.
	extra        []extra
	failures     []failure
	before, kids []*write
}

// back is the field that leads from a document to the one whose input creates it.
type back struct {
	field  *schema.Field // nil where nothing leads back
	parent *write
}

type extra struct {
	check rules.Pred
	failure
}

// head is a statement on the document with an id.
func head(k store.HeadKind, c *schema.Collection, id any) *store.Head {
	h := &store.Head{Kind: k, Table: c.Object}
	if given, ok := id.(rules.Given); ok {
		h.Given = &given
	} else {
		h.ID = id.(string)
	}
	return h
}

// now is the clock of the request.
func (q *request) now() rules.Value {
	if q.trace != nil {
		return q.trace.Now()
	}
	return rules.Value{Kind: rules.Long, V: q.caller.Now()}
}

// writeOf is the write that an argument of a root field asks for.
func writeOf(f *graph.Field, c *schema.Collection, id any, argument string) *write {
	in, _ := f.Args[argument].(map[string]any)
	return &write{field: f, of: c, id: id, in: in, path: below(rootPath(f), argument)}
}

// insert is the guarded insert of a document, refused where the token alone
// forbids it.
func (q *request) insert(w *write) (*store.Head, error) {
	h, err := q.plant(w)
	if err != nil {
		return nil, err
	}
	if h.Guard == rules.False {
		return nil, q.forbidden(w.field, rootPath(w.field), notAllowed)
	}
	return h, q.nest(w, h)
}

// plant is the guarded insert of the document alone.
func (q *request) plant(w *write) (*store.Head, error) {
	c := w.of
	if err := q.count(w); err != nil {
		return nil, err
	}
	h := head(store.Insert, c, w.id)
	h.Readable = rules.False
	if err := q.data(w, true); err != nil {
		return nil, err
	}
	known := map[*rules.Field]rules.Operand{c.Key: rules.Val{Value: h.Document()}, c.TS: rules.Val{Value: q.now()}}
	for _, a := range w.set {
		known[a.Field] = a.Value
	}
	for _, sf := range c.Fields { // an Insert names every column
		if sf.Column == "" {
			continue
		}
		if known[sf.Field] == nil {
			known[sf.Field] = rules.Val{Value: rules.Value{Kind: sf.Kind, List: sf.List}}
		}
		h.Set = append(h.Set, store.Assign{Field: sf.Field, Value: known[sf.Field]})
	}
	h.Set = store.Folded(h.Set)
	w.bind = rules.Binding{Fresh: q.fresh, New: func(f *rules.Field) rules.Operand { return known[f] }}
	h.Guard = rules.AllOf(append(w.guards, q.allowed(w, c.Access.Create, w.given, rules.Create)...)...)
	q.check(w, h)
	read := rules.T(q.caller.Fold(c.Access.Read.Pred, rules.Binding{Fresh: q.fresh, Old: w.bind.New}))
	h.Echo = implies(h.Guard, read) && apart(c.Object, read)
	w.existsFirst(h)
	return h, nil
}

// mayCreate refuses, before the input is looked at, what the token alone
// forbids: the type, or a field in the input, of documents inside it too.
func (q *request) mayCreate(f *graph.Field, c *schema.Collection, in map[string]any) error {
	if q.tokenForbids(c, c.Access.Create, in, rules.Create) {
		return q.forbidden(f, rootPath(f), notAllowed)
	}
	return q.mayCreateInside(f, c, in)
}

// tokenForbids reports whether the token alone forbids an action: on the type,
// or on a field in the input.
func (q *request) tokenForbids(c *schema.Collection, rule schema.Rule, in map[string]any, a rules.Action) bool {
	w := &write{bind: rules.Binding{Fresh: q.fresh}}
	for _, sf := range c.Fields {
		if _, ok := in[sf.Name]; ok {
			w.given = append(w.given, sf)
		}
	}
	return slices.Contains(q.allowed(w, rule, w.given, a), rules.Pred(rules.False))
}

func (q *request) mayCreateInside(f *graph.Field, c *schema.Collection, in map[string]any) error {
	for _, sf := range c.Fields {
		relation, _ := in[sf.Name].(map[string]any)
		if sf.Kind != rules.Ref || relation == nil {
			continue
		}
		list, ok := relation["create"].([]any)
		if !ok {
			list = []any{relation["create"]}
		}
		for _, x := range list {
			if inside, ok := x.(map[string]any); ok {
				if err := q.mayCreate(f, sf.Target, inside); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// update is the guarded update of a document with what its input does to others.
func (q *request) update(w *write) (*store.Head, error) {
	if err := q.mayCreateInside(w.field, w.of, w.in); err != nil {
		return nil, err
	}
	if err := q.data(w, false); err != nil {
		return nil, err
	}
	if err := q.atomic(w); err != nil {
		return nil, err
	}
	h, err := q.change(w)
	if err != nil {
		return nil, err
	}
	return h, q.nest(w, h)
}

// change is the guarded update of one document that sets what w says.
func (q *request) change(w *write) (*store.Head, error) {
	c := w.of
	if err := q.count(w); err != nil {
		return nil, err
	}
	h := head(store.Update, c, w.id)
	h.Set = w.set
	set := map[*rules.Field]rules.Operand{}
	for _, a := range w.set {
		set[a.Field] = a.Value
	}
	w.bind = rules.Binding{Fresh: q.fresh, New: func(f *rules.Field) rules.Operand {
		if x, ok := set[f]; ok {
			return x
		}
		return rules.Col{Var: rules.Old, Field: f}
	}}
	q.plantSides(w, set)
	h.Readable = rules.AllOf(append(w.visible, q.readable(c))...)
	if w.branch && leak.On(leak.UpsertHidden) {
		h.Readable = rules.True
	}
	h.Echo = untouched(h)
	guards := append(w.guards, h.Readable)
	h.Guard = rules.AllOf(append(guards, q.allowed(w, c.Access.Update, w.given, rules.Update)...)...)
	q.check(w, h)
	w.existsFirst(h)
	return h, nil
}

// maxAlong bounds the documents that go with deleted ones, or lose a reference.
// Nobody's rules are asked for them, so it is larger than what callers write by
// themselves; one commit takes about as many.
// https://cloud.google.com/spanner/quotas
const maxAlong = 10_000

func (q *request) delete(c *schema.Collection, id any) *store.Head {
	h := head(store.Delete, c, id)
	h.Echo, h.Referrers, h.Most, h.Along = true, q.v.Schema.Referrers(c), q.opts.MaxWrite, maxAlong
	h.Readable = q.readable(c)
	h.Guard = rules.AllOf(h.Readable, rules.T(q.caller.Fold(c.Access.Delete.Pred, rules.Binding{Fresh: q.fresh})))
	return h
}

// readable is the row rule of the stored document that is written.
func (q *request) readable(c *schema.Collection) rules.Pred {
	return rules.T(q.caller.Fold(c.Access.Read.Pred, rules.Binding{Fresh: q.fresh}))
}

// allowed is the type's rule for the action and those of the fields present
// in the input, on the sides that w.bind gives.
func (q *request) allowed(w *write, rule schema.Rule, given []*schema.Field, a rules.Action) []rules.Pred {
	out := []rules.Pred{rules.T(q.caller.Fold(rule.Pred, w.bind))}
	if leak.On(leak.GrantsHelp) && a == rules.Update {
		out = q.eachSide(w, rule)
	}
	for _, f := range given {
		own := f.Update
		if a == rules.Create {
			own = f.Create
		}
		if own.Pred != nil {
			out = append(out, rules.T(q.caller.Fold(own.Pred, w.bind)))
		}
	}
	return out
}

// count refuses an operation that would write too many documents.
func (q *request) count(w *write) error {
	q.writes++
	if q.writes > q.opts.MaxWrite {
		return fail(w.field, rootPath(w.field), codeLimit, "the operation writes more than %d documents", q.opts.MaxWrite)
	}
	return nil
}
