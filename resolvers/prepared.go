package resolvers

import (
	"context"
	"sync"
	"sync/atomic"

	"flora.dev/flora/auth"
	"flora.dev/flora/graph"
	"flora.dev/flora/internal/leak"
	"flora.dev/flora/rules"
	"flora.dev/flora/store"
)

// prepared are the plans of a query that is asked again and again. Which one
// holds for a caller is decided by what planning asked of him: his roles, what his claims
// answer, which of them there are. What he is, the values of his claims, is in no plan: it
// goes to the statement as its parameters, as do the operation's variables.
type prepared struct {
	of   *Resolvers
	v    *graph.Version
	op   *graph.Operation // its variables are not known
	grow func()

	mu    sync.RWMutex
	first *choice
	plans int
	most  int // plans that there ever were at once
}

// choice is a question, and where its answers lead; or the plan that they led to.
type choice struct {
	ask     rules.Question
	sources []rules.Source // of the values that ask compares
	next    [8]*choice     // by the answer
	plan    *queryPlan
}

// queryPlan is a query without anything of a caller in it.
type queryPlan struct {
	roots   []store.Select
	at      []int // root of the answer of each
	sources []rules.Source
	answer  []graph.Root // without what is read
	kept    atomic.Value
	none    bool // it must be planned for each request
}

// maxPlans is the most plans that one query has. What needs more has
// conditions that differ from caller to caller, or with the time of day.
const maxPlans = 16

var _ graph.Preparer = (*Resolvers)(nil)

// Prepare returns a query that is planned for all its callers. grow is called
// for each plan that it keeps more than ever.
func (r *Resolvers) Prepare(v *graph.Version, op *graph.Operation, grow func()) graph.Prepared {
	if r.opts.Hidden != nil { // each query is told what was hidden from it
		return nil
	}
	return &prepared{of: r, v: v, op: op, grow: grow}
}

// Query answers for the caller in ctx, with the values of the variables.
func (p *prepared) Query(ctx context.Context, variables []any) (*graph.Answer, error) {
	for _, id := range variables { // all are finders' ids
		if id, ok := id.(string); !ok || !validID(id) {
			return nil, graph.ErrUnprepared
		}
	}
	caller := p.of.callerOf(p.v, auth.From(ctx))
	plan := p.find(caller)
	if plan == nil {
		plan = p.make(ctx, caller, variables)
	}
	if plan.none {
		return nil, graph.ErrUnprepared
	}
	given := make([]rules.Value, len(plan.sources))
	for i := range plan.sources {
		given[i] = plan.value(i, caller, variables)
	}
	if leak.On(leak.PlanKeepsCaller) {
		given = leak.First(plan, given).([]rules.Value)
	}
	answer := &graph.Answer{Roots: plan.answer}
	if len(plan.at) == 0 {
		return answer, nil
	}
	rows, err := p.of.store.Read(ctx, &store.Query{Roots: plan.roots, Given: given, Kept: &plan.kept})
	switch {
	case err != nil:
		return nil, p.of.requestBy(ctx, p.v, p.op, auth.From(ctx), caller).storeError(p.op, nil, err)
	case rows.Version != p.v.Number:
		return nil, graph.ErrStale
	}
	answer.Roots = make([]graph.Root, len(plan.answer))
	copy(answer.Roots, plan.answer)
	for i, text := range rows.Roots {
		answer.Roots[plan.at[i]].Text = text
	}
	return answer, nil
}

func (p *queryPlan) value(i int, caller *rules.Caller, variables []any) rules.Value {
	if n := p.sources[i].Variable; n > 0 {
		return rules.Value{Kind: rules.ID, V: variables[n-1]}
	}
	return p.sources[i].Of(caller)
}

// find returns the plan that holds for a caller, nil if there is none yet.
func (p *prepared) find(caller *rules.Caller) *queryPlan {
	p.mu.RLock()
	defer p.mu.RUnlock()
	c := p.first
	for c != nil && c.plan == nil {
		answer := c.ask.Of(caller, c.sources)
		if leak.On(leak.OneVariant) {
			answer = leak.First(c, answer).(uint8)
		}
		c = c.next[answer]
	}
	if c == nil {
		return nil
	}
	return c.plan
}

// make plans the query for callers like this one, and keeps the plan.
func (p *prepared) make(ctx context.Context, caller *rules.Caller, variables []any) *queryPlan {
	traced, trace := caller.Traced()
	q := p.of.requestBy(ctx, p.v, p.op, nil, traced)
	q.trace = trace
	query, at, err := q.query(p.op)
	plan := &queryPlan{none: true}
	if err == nil && trace.Whole() && len(q.answer.Errors) == 0 && len(q.answer.Extensions) == 0 {
		plan = &queryPlan{roots: query.Roots, at: at, sources: trace.Sources, answer: q.answer.Roots}
		if !p.proved(ctx, plan, caller, variables) {
			p.of.opts.Log.ErrorContext(ctx, "a plan that is not that of its own caller is not kept", "operation", p.op.Name)
			plan = &queryPlan{none: true}
		}
	}
	p.keep(trace, plan)
	return plan
}

// proved holds a plan against the one that is made for this caller alone.
func (p *prepared) proved(ctx context.Context, plan *queryPlan, caller *rules.Caller, variables []any) bool {
	op := *p.op
	op.Fields = withVariables(op.Fields, variables)
	q := p.of.requestBy(ctx, p.v, &op, auth.From(ctx), caller)
	query, _, err := q.query(&op)
	if err != nil {
		return false
	}
	given := func(n rules.Given) any { return plan.value(int(n), caller, variables).V }
	return same(plan.roots, query.Roots, given) && same(plan.answer, q.answer.Roots, given)
}

// withVariables puts values into root fields.
func withVariables(fields []*graph.Field, variables []any) []*graph.Field {
	out := make([]*graph.Field, len(fields))
	for i, f := range fields {
		out[i] = f
		if n, ok := f.Args["id"].(graph.Variable); ok {
			known := *f
			known.Args = map[string]any{"id": variables[n]}
			out[i] = &known
		}
	}
	return out
}

// keep adds a plan behind the questions that led to it.
func (p *prepared) keep(trace *rules.Trace, plan *queryPlan) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.plans == maxPlans {
		p.first, p.plans = nil, 0
	}
	at := &p.first
	for i := range trace.Questions {
		ask := &trace.Questions[i]
		if *at == nil {
			*at = &choice{ask: *ask, sources: trace.Sources}
		}
		c := *at
		if c.plan != nil || !c.ask.Same(c.sources, ask, trace.Sources) {
			return // planning does not depend on the answers alone: nothing can be kept
		}
		at = &c.next[ask.Answer]
	}
	if *at == nil { // else another request was faster
		*at = &choice{plan: plan}
		if p.plans++; p.plans > p.most {
			p.most = p.plans
			p.grow()
		}
	}
}
