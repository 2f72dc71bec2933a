package resolvers

import (
	"flora.dev/flora/graph"
	"flora.dev/flora/internal/leak"
	"flora.dev/flora/rules"
	"flora.dev/flora/schema"
	"flora.dev/flora/store"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// What the faults of package leak do that takes more than a line. None of it
// is reached in a build without the tag leaks.

// plannedOperation is the key of a plan that keeps what it should not.
type plannedOperation struct {
	of   *Resolvers
	text string
}

func storedColumn(f *rules.Field) rules.Operand { return rules.Col{Var: rules.Old, Field: f} }

// plantSides makes an update's rules see the wrong documents.
func (q *request) plantSides(w *write, set map[*rules.Field]rules.Operand) {
	switch {
	case leak.On(leak.NoStoredSide):
		w.bind.Old = w.bind.New
	case leak.On(leak.NoNewSide):
		w.bind.New = storedColumn
	case leak.On(leak.OperandIsNew):
		for f, x := range set {
			if sum, ok := x.(rules.Sum); ok {
				set[f] = rules.Val{Value: sum.By}
			}
		}
	case leak.On(leak.OmittedIsNull):
		w.bind.New = func(f *rules.Field) rules.Operand {
			if x, ok := set[f]; ok {
				return x
			}
			if f.NonNull {
				return storedColumn(f)
			}
			return rules.Val{Value: rules.Value{Kind: f.Kind, List: f.List}}
		}
	}
}

// eachSide asks all grants together, once for each side.
func (q *request) eachSide(w *write, rule schema.Rule) []rules.Pred {
	stored, changed := w.bind, w.bind
	stored.New, changed.Old = storedColumn, w.bind.New
	return []rules.Pred{rules.T(q.caller.Fold(rule.Pred, stored)), rules.T(q.caller.Fold(rule.Pred, changed))}
}

// notFalse takes what is unknown for true.
func notFalse(p rules.Pred) rules.Pred {
	no := rules.T(rules.Not{P: p})
	if t, ok := no.(rules.Truth); ok {
		return truth(t != rules.True)
	}
	return rules.NotTrue{P: no}
}

// allKeys is the kind of text that a database puts into an error.
func (q *request) allKeys(f *graph.Field) string {
	o, v := q.v.Schema.API.Mutation[f.Name].Collection.Object, q.fresh()
	rows, err := q.store.Read(q.ctx, &store.Query{Roots: []store.Select{{From: o, Var: v, Where: rules.True, After: rules.True, Limit: 100, List: true,
		Columns: []store.Column{{Value: rules.Col{Var: v, Field: o.Key}}}}}})
	if err != nil {
		return ""
	}
	return rows.Roots[0]
}

// rolledBack answers a mutation that did not commit.
func (q *request) rolledBack(m *store.Mutation, roots []*planned, refusal error) (*graph.Answer, error) {
	e, ok := refusal.(*gqlerror.Error)
	if !ok {
		return nil, refusal
	}
	q.answer.Errors = append(q.answer.Errors, e)
	for i, p := range roots {
		q.answer.Roots[i] = graph.Root{Shape: p.shape, Text: "null"}
		if len(p.heads) == 0 || p.many != nil {
			continue
		}
		rows, err := q.store.Read(q.ctx, &store.Query{Roots: []store.Select{*m.Heads[p.first].Answer}})
		if err != nil {
			return nil, err
		}
		q.answer.Roots[i].Text = rows.Roots[0]
	}
	return q.answer, nil
}
