package resolvers

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"

	"flora.dev/flora/graph"
	"flora.dev/flora/internal/leak"
	"flora.dev/flora/rules"
	"flora.dev/flora/schema"
	"flora.dev/flora/store"
	"github.com/vektah/gqlparser/v2/ast"
)

// createMany is a list of creates, each a head of its own.
func (q *request) createMany(f *graph.Field, c *schema.Collection) (*planned, error) {
	list, _ := f.Args["data"].([]any)
	path := below(rootPath(f), "data")
	if len(list) > q.opts.MaxWrite {
		return nil, fail(f, path, codeLimit, "data holds %d documents, an operation writes at most %d", len(list), q.opts.MaxWrite)
	}
	for _, x := range list {
		in, _ := x.(map[string]any)
		if err := q.mayCreate(f, c, in); err != nil {
			return nil, err
		}
	}
	p := &planned{}
	var ids []any
	for i, x := range list {
		in, _ := x.(map[string]any)
		w := &write{field: f, of: c, id: q.newID(), in: in, path: append(path[:len(path):len(path)], ast.PathIndex(i))}
		h, err := q.insert(w)
		if err != nil {
			return nil, err
		}
		p.heads, p.writes, ids = append(p.heads, *h), append(p.writes, w), append(ids, w.id)
	}
	if err := q.payload(p, f, c); err != nil {
		return nil, err
	}
	p.many.each = true
	if p.many.sel == nil || len(ids) == 0 {
		return p, nil
	}
	// One statement answers for all.
	p.many.ids = ids
	sel := p.many.sel
	p.many.key = add(sel, store.Column{Value: rules.Col{Var: sel.Var, Field: c.Key}})
	sel.Where = rules.AllOf(rules.In{X: rules.Col{Var: sel.Var, Field: c.Key}, List: rules.Val{Value: rules.Value{Kind: rules.ID, List: true, V: ids}}}, sel.Where)
	p.heads[len(ids)-1].Answer = sel
	return p, nil
}

// updateMany changes the documents that where finds, among those that the
// caller may read and, as they are, update.
func (q *request) updateMany(f *graph.Field, c *schema.Collection) (*planned, error) {
	w := writeOf(f, c, "", "data")
	w.flat = true
	if q.tokenForbids(c, c.Access.Update, w.in, rules.Update) {
		return nil, q.forbidden(f, rootPath(f), notAllowed)
	}
	where, err := q.bulkWhere(f, c)
	if err != nil {
		return nil, err
	}
	h, err := q.update(w)
	if err != nil {
		return nil, err
	}
	h.Match = rules.AllOf(where, h.Readable, q.storedSide(c.Access.Update))
	if leak.On(leak.BulkHidden) {
		h.Match = where
	}
	return q.matching(h, w)
}

// deleteMany deletes the documents that where finds, among those that the
// caller may read and delete.
func (q *request) deleteMany(f *graph.Field, c *schema.Collection) (*planned, error) {
	may := rules.T(q.caller.Fold(c.Access.Delete.Pred, rules.Binding{Fresh: q.fresh}))
	if may == rules.False {
		return nil, q.forbidden(f, rootPath(f), notAllowed)
	}
	where, err := q.bulkWhere(f, c)
	if err != nil {
		return nil, err
	}
	h := q.delete(c, "")
	h.Match, h.Guard = rules.AllOf(where, h.Readable, may), rules.True
	return q.matching(h, &write{field: f, of: c})
}

// matching is a root field whose head addresses documents by a condition.
func (q *request) matching(h *store.Head, w *write) (*planned, error) {
	p := &planned{}
	if err := q.payload(p, w.field, w.of); err != nil {
		return nil, err
	}
	switch {
	case h.Match == rules.False: // nothing that the caller can see
		return p, nil
	case h.Guard == rules.False:
		return nil, q.forbidden(w.field, rootPath(w.field), notAllowed)
	}
	h.Most, h.Answer = q.opts.MaxWrite, p.many.sel
	p.heads, p.writes = []store.Head{*h}, []*write{w}
	return p, nil
}

// bulkWhere is the client's condition on the documents to be written.
func (q *request) bulkWhere(f *graph.Field, c *schema.Collection) (rules.Pred, error) {
	in, _ := f.Args["where"].(map[string]any)
	p, err := q.where(f, below(rootPath(f), "where"), c, rules.Old, in)
	if err != nil {
		return nil, err
	}
	where := rules.T(p)
	if all, _ := f.Args["all"].(bool); where == rules.True && !all && !leak.On(leak.EmptyBulkFilter) {
		return nil, q.input(f, below(rootPath(f), "where"), "where is no condition: say all: true to write every document")
	}
	return where, nil
}

// storedSide is what an update rule says of stored documents alone. One and the
// same grant must allow both sides: this chooses documents, the guard asks the rule.
func (q *request) storedSide(rule schema.Rule) rules.Pred {
	var any []rules.Pred
	for _, g := range rule.Grants {
		any = append(any, q.storedPart(g.Pred))
	}
	return rules.AnyOf(any...)
}

func (q *request) storedPart(p rules.Pred) rules.Pred {
	if parts, ok := p.(rules.And); ok {
		var all []rules.Pred
		for _, x := range parts {
			all = append(all, q.storedPart(x))
		}
		return rules.AllOf(all...)
	}
	changed := false
	stored := rules.T(q.caller.Fold(p, rules.Binding{Fresh: q.fresh, New: func(f *rules.Field) rules.Operand {
		changed = true
		return rules.Col{Var: rules.Old, Field: f}
	}}))
	if changed {
		return rules.True
	}
	return stored
}

// payload is what a mutation of many documents answers.
type payload struct {
	each  bool // a result is one document, else as many as it counts
	total bool // the count is selected
	sel   *store.Select
	ids   []any // of the documents in the order that nodes have, nil: as they come
	key   int   // with ids: the place of _id in a node
}

// payload plans the answer: nodes are those that the caller may read.
func (q *request) payload(p *planned, f *graph.Field, c *schema.Collection) error {
	p.many = &payload{}
	p.shape = &schema.Shape{Kind: schema.ShapePage, Page: &schema.Page{Size: math.MaxInt}}
	v := q.fresh()
	sel := &store.Select{From: c.Object, Var: v, List: true, Limit: q.opts.MaxWrite, After: rules.True, Where: rules.T(q.readRule(c, v))}
	for _, m := range f.Fields {
		switch m.Name {
		case "__typename":
			p.shape.Members = append(p.shape.Members, literal(m.Key, c.Name+"BatchPayload"))
		case "count":
			p.many.total = true
			p.shape.Members = append(p.shape.Members, member(m.Key, -1, &schema.Shape{Kind: schema.ShapeTotal}))
		case "nodes":
			members, err := q.node(m, below(rootPath(f), m.Key), c, v, sel, m.Fields)
			if err != nil {
				return err
			}
			p.many.sel = sel
			p.shape.Members = append(p.shape.Members, member(m.Key, -1, &schema.Shape{Kind: schema.ShapeNodes, Members: members}))
		}
	}
	p.shape.Page.Total, p.shape.Page.Listed = p.many.total, p.many.sel != nil
	return nil
}

// text is the page that the results make.
func (p *payload) text(results []store.Result) (string, error) {
	var parts []string
	if p.total {
		n := int64(0)
		for _, r := range results {
			if p.each {
				n++
			} else {
				n += r.Count
			}
		}
		parts = append(parts, strconv.FormatInt(n, 10))
	}
	if p.sel != nil {
		nodes, err := p.nodes(results)
		if err != nil {
			return "", fmt.Errorf("read answer of many: %w", err)
		}
		parts = append(parts, "["+strings.Join(nodes, ",")+"]")
	}
	return "[" + strings.Join(parts, ",") + "]", nil
}

func (p *payload) nodes(results []store.Result) ([]string, error) {
	var out []string
	if len(results) == 0 || results[len(results)-1].Answer == "" {
		return nil, nil
	}
	var page [][]json.RawMessage
	if err := json.Unmarshal([]byte(results[len(results)-1].Answer), &page); err != nil || len(page) != 1 {
		return nil, fmt.Errorf("%d lists: %w", len(page), err)
	}
	if p.ids == nil {
		for _, node := range page[0] {
			out = append(out, string(node))
		}
		return out, nil
	}
	byID := map[any]string{}
	for _, node := range page[0] {
		var values []json.RawMessage
		var id string
		if err := json.Unmarshal(node, &values); err != nil || len(values) <= p.key {
			return nil, fmt.Errorf("a node of %d values: %w", len(values), err)
		}
		if err := json.Unmarshal(values[p.key], &id); err != nil {
			return nil, err
		}
		byID[id] = string(node)
	}
	for _, id := range p.ids {
		if node, ok := byID[id]; ok {
			out = append(out, node)
		}
	}
	return out, nil
}
