package resolvers

import (
	"context"
	"errors"

	"flora.dev/flora/auth"
	"flora.dev/flora/graph"
	"flora.dev/flora/rules"
	"flora.dev/flora/schema"
	"flora.dev/flora/store"
)

// A mutation that is kept is one statement: it hits its document and answers, or
// nothing has happened, and the ordinary way finds out what that means. So no
// refusal is ever said from a plan.

// kinds notes what the variables are, and reports whether all of them stand where
// a plan can have them: as ids of finders and of the document that is written, as
// scalars in its input, as the document that one of its references names.
func (p *prepared) kinds() bool {
	placed, found := 0, 0
	note := func(x any, k rules.Kind) {
		if n, ok := x.(graph.Variable); ok {
			for len(p.kind) <= int(n) {
				p.kind = append(p.kind, rules.Invalid)
			}
			p.kind[n] = k
			placed++
		}
	}
	for _, f := range p.op.Fields {
		found += variablesIn(f.Args)
		note(f.Args["id"], rules.ID)
		root := p.v.Schema.API.Mutation[f.Name]
		data, _ := f.Args["data"].(map[string]any)
		if !p.op.Mutation || root == nil || root.Collection == nil {
			continue
		}
		for name, x := range data {
			sf := root.Collection.FieldNamed(name)
			if sf == nil || sf.List || sf.Kind == rules.JSON || sf.Kind == rules.Embedded {
				continue
			}
			if in, ok := x.(map[string]any); ok && len(in) == 1 && sf.ToOne() && !sf.Inverse() {
				note(in[string(connect)], rules.ID)
			} else if sf.Kind != rules.Ref {
				note(x, sf.Kind)
			}
		}
	}
	return placed == found
}

func variablesIn(x any) (n int) {
	switch x := x.(type) {
	case graph.Variable:
		return 1
	case map[string]any:
		for _, member := range x {
			n += variablesIn(member)
		}
	case []any:
		for _, e := range x {
			n += variablesIn(e)
		}
	}
	return n
}

// fits reports whether plans hold for the values of variables. What planning
// looks at in a value is looked at here: it is an id, or no text that is too long.
// A variable of what is left out is in no plan.
func (p *prepared) fits(variables []any) bool {
	if len(variables) < len(p.kind) {
		return false
	}
	for i, k := range p.kind {
		if k == rules.Invalid {
			continue
		}
		switch x := variables[i].(type) {
		case string:
			if k == rules.ID && !validID(x) || len(x) > min(maxIndexed, p.of.opts.MaxString) {
				return false
			}
		case int64, float64, bool:
			if k == rules.ID {
				return false
			}
		default:
			return false
		}
	}
	return true
}

// keepable reports whether a mutation may be kept, as far as its text shows it.
// It notes whether it makes a document.
func (p *prepared) keepable() bool {
	if _, ok := p.of.store.(store.Keeper); !ok || len(p.op.Fields) != 1 || p.op.Retry != nil {
		return false
	}
	root := p.v.Schema.API.Mutation[p.op.Fields[0].Name]
	if root == nil || !root.Op.WritesOne() {
		return false
	}
	p.makes = root.Op == schema.Create
	return true
}

// keepMutation plans a mutation that may be kept: an error where it is more than a statement.
func (q *request) keepMutation(op *graph.Operation) ([]store.Head, error) {
	p, err := q.plan(op.Fields[0])
	if err != nil {
		return nil, err
	}
	if err := q.fits(op, p.heads); err != nil {
		return nil, err
	}
	echoes(p.heads)
	if len(p.heads) != 1 || !p.heads[0].Echo || len(p.heads[0].Referrers) > 0 || p.heads[0].Version != nil {
		return nil, graph.ErrUnprepared
	}
	q.answer.Roots[0].Shape = p.shape
	return p.heads, nil
}

// write runs a mutation that is kept. Where it has not happened for certain the
// ordinary way is asked.
func (p *prepared) write(ctx context.Context, caller *rules.Caller, plan *keptPlan, given []rules.Value) (*graph.Answer, error) {
	for _, v := range given { // claims that are stored, too
		if text, ok := v.V.(string); ok && len(text) > maxIndexed {
			return nil, graph.ErrUnprepared
		}
	}
	m := &store.Mutation{Version: p.v.Number, Now: caller.Now(), Heads: plan.heads, Given: given, Kept: &plan.kept}
	out, err := p.of.store.(store.Keeper).WriteKept(ctx, m)
	switch {
	case errors.Is(err, store.ErrUnavailable):
		return nil, p.of.requestBy(ctx, p.v, p.op, auth.From(ctx), caller).storeError(p.op, []*write{}, err)
	case err != nil:
		return nil, graph.ErrUnprepared
	}
	answer := &graph.Answer{Roots: []graph.Root{plan.answer[0]}, Extensions: map[string]any{"commitTime": out.CommitTime}}
	answer.Roots[0].Text = out.Results[0].Answer
	return answer, nil
}
