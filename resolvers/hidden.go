package resolvers

import (
	"context"

	"encoding/json"
	"flora.dev/flora/graph"
	"flora.dev/flora/rules"
	"flora.dev/flora/schema"
	"flora.dev/flora/store"
)

// Hidden says what a read rule hid from one root field of a query, for
// developers: it is never told to callers in production.
type Hidden struct {
	Path     string `json:"path"`     // response key of the root field
	Shown    int64  `json:"shown"`    // documents that the caller can see, over all pages
	Hidden   int64  `json:"hidden"`   // further ones that the arguments match
	Rule     string `json:"rule"`     // Product.read
	Position string `json:"position"` // file:line:column of the rule
}

type hiddenKey struct{}

// ShowHidden returns a context in which queries carry what rules hid in
// extensions.hidden, if Options.Hidden is set.
func ShowHidden(ctx context.Context) context.Context {
	return context.WithValue(ctx, hiddenKey{}, true)
}

// asked is what a root field asked for, without its row rule.
type asked struct {
	field *graph.Field
	of    *schema.Collection
	v     rules.Var
	where rules.Pred
}

// reportHidden counts, in a statement of its own, what each root field would
// match without the row rule.
func (q *request) reportHidden() {
	if len(q.asked) == 0 {
		return
	}
	var query store.Query
	for _, a := range q.asked {
		all := store.Select{From: a.of.Object, Var: a.v, Where: a.where, After: rules.True, Total: true}
		query.Roots = append(query.Roots, all)
		all.Where = rules.AllOf(a.where, rules.T(q.readRule(a.of, a.v)))
		query.Roots = append(query.Roots, all)
	}
	rows, err := q.store.Read(q.ctx, &query)
	if err != nil {
		q.opts.Log.WarnContext(q.ctx, "count hidden documents", "error", err)
		return
	}
	var out []Hidden
	for i, a := range q.asked {
		all, shown := count(rows.Roots[2*i]), count(rows.Roots[2*i+1])
		if all > shown {
			out = append(out, Hidden{a.field.Key, shown, all - shown, a.of.Name + ".read", a.of.Access.Read.Pos.String()})
		}
	}
	if len(out) == 0 {
		return
	}
	q.opts.Hidden(out)
	if q.ctx.Value(hiddenKey{}) != nil {
		q.answer.Extensions["hidden"] = out
	}
}

// count reads the text of a page that is only a count.
func count(text string) int64 {
	var page []int64
	if json.Unmarshal([]byte(text), &page) != nil || len(page) != 1 {
		return 0
	}
	return page[0]
}
