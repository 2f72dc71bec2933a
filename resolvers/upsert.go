package resolvers

import (
	"maps"
	"strings"

	"flora.dev/flora/graph"
	"flora.dev/flora/rules"
	"flora.dev/flora/schema"
	"flora.dev/flora/store"
)

// upsert is an update of the document with an id or unique key, and the insert
// to run where there is none. The store chooses: each branch has the rules of
// what it is, and a document that the caller cannot see is never updated.
func (q *request) upsert(f *graph.Field, c *schema.Collection) (*store.Head, *write, error) {
	now := writeOf(f, c, "", "data") // the update
	if q.tokenForbids(c, c.Access.Create, now.in, rules.Create) && q.tokenForbids(c, c.Access.Update, nil, rules.Update) {
		return nil, nil, q.forbidden(f, rootPath(f), notAllowed)
	}
	key, err := q.upsertKey(f, c, now)
	if err != nil {
		return nil, nil, err
	}
	made := *now // the insert
	if made.id == "" {
		made.id = q.newID()
	}
	if made.in, now.in, err = q.keyed(now, key); err != nil {
		return nil, nil, err
	}
	e, err := q.plant(&made)
	if err != nil {
		return nil, nil, err
	}
	find := q.keyIs(now, key)
	if err := q.data(now, false); err != nil {
		return nil, nil, err
	}
	h, err := q.change(now)
	if err != nil {
		return nil, nil, err
	}
	q.writes-- // one of the two runs
	if h.Guard == rules.False && e.Guard == rules.False {
		return nil, nil, q.forbidden(f, rootPath(f), notAllowed)
	}
	h.Key, h.Else = find, e
	return h, now, nil
}

// upsertKey reads what finds the document: the id, or the fields of one unique key.
func (q *request) upsertKey(f *graph.Field, c *schema.Collection, w *write) (map[*schema.Field]any, error) {
	w.flat, w.branch = true, true
	id, byID := f.Args["id"].(string)
	by, byKey := f.Args["by"].(map[string]any)
	if byID == byKey {
		return nil, q.input(f, rootPath(f), "give either id or by")
	}
	if byID {
		w.id = id
		if !validID(id) {
			return nil, q.input(f, below(rootPath(f), "id"), "an id is 1 to 128 printable ASCII characters")
		}
		return nil, nil
	}
	var keys []string
	for _, u := range c.UpsertKeys() {
		key := map[*schema.Field]any{}
		var names []string
		for _, k := range u.Fields {
			names = append(names, k.Name)
			if by[k.Name] != nil {
				key[k] = by[k.Name]
			}
		}
		if len(key) == len(u.Fields) && len(key) == len(by) {
			return key, nil
		}
		keys = append(keys, strings.Join(names, " and "))
	}
	return nil, q.input(f, below(rootPath(f), "by"), "by takes all fields of one unique key, none of them null: %s", strings.Join(keys, ", or "))
}

// keyed returns the input of the insert, which has the key, and that of the
// update, which does not change it.
func (q *request) keyed(w *write, key map[*schema.Field]any) (made, changed map[string]any, err error) {
	made, changed = map[string]any{}, map[string]any{}
	maps.Copy(made, w.in)
	maps.Copy(changed, w.in)
	for k, x := range key {
		given, ok := w.in[k.Name]
		if relation, is := given.(map[string]any); is {
			given = relation[string(connect)]
		}
		if ok && given != x {
			return nil, nil, q.input(w.field, below(w.path, k.Name), "%s is another value than in by", k.Path())
		}
		made[k.Name] = x
		delete(changed, k.Name)
	}
	return made, changed, nil
}

// keyIs is the condition that the stored document has the key. To find a
// document by a field is to read the field.
func (q *request) keyIs(w *write, key map[*schema.Field]any) rules.Pred {
	if key == nil {
		return nil
	}
	var all []rules.Pred
	for _, k := range w.of.Fields {
		x, ok := key[k]
		if !ok {
			continue
		}
		v := rules.Value{Kind: k.Kind, V: x}
		if k.Fold != nil {
			v.V = rules.Folded(x.(string))
		}
		all = append(all, rules.Cmp{Op: rules.Eq, L: rules.Col{Var: rules.Old, Field: k.Indexed()}, R: rules.Val{Value: v}})
		w.visible = append(w.visible, rules.T(q.field(k, rules.Old)))
		if k.ToOne() {
			w.visible = append(w.visible, q.target(k.Target, x.(string)))
		}
	}
	return rules.AllOf(all...)
}
