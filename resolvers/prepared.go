package resolvers

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"

	"flora.dev/flora/auth"
	"flora.dev/flora/graph"
	"flora.dev/flora/internal/leak"
	"flora.dev/flora/rules"
	"flora.dev/flora/store"
)

// prepared are the plans of an operation that is asked again and again. Which one
// holds for a caller is decided by what planning asked of him: his roles, what his claims
// answer, which of them there are. What he is, the values of his claims, is in no plan: it
// goes to the statement as its parameters, as do the operation's variables.
type prepared struct {
	of   *Resolvers
	v    *graph.Version
	op   *graph.Operation // its variables are not known
	kind []rules.Kind     // of the variables, by number; Invalid for one that is left out
	grow func()

	makes bool // a document, whose id follows the variables

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
	plan    *keptPlan
}

// keptPlan is an operation without anything of a caller in it.
type keptPlan struct {
	roots   []store.Select
	at      []int        // root of the answer of each
	heads   []store.Head // of a mutation: one
	sources []rules.Source
	answer  []graph.Root // without what is read
	kept    atomic.Value
	none    bool // it must be planned for each request
}

// maxPlans is the most plans that one operation has. What needs more has
// conditions that differ from caller to caller, or with the time of day.
const maxPlans = 16

var _ graph.Preparer = (*Resolvers)(nil)

// Prepare returns an operation that is planned for all its callers. grow is called
// for each plan that it keeps more than ever.
func (r *Resolvers) Prepare(v *graph.Version, op *graph.Operation, grow func()) graph.Prepared {
	if r.opts.Hidden != nil { // each query is told what was hidden from it
		return nil
	}
	p := &prepared{of: r, v: v, op: op, grow: grow}
	if !p.kinds() || op.Mutation && !p.keepable() {
		return nil
	}
	return p
}

// Answer answers for the caller in ctx, with the values of the variables.
func (p *prepared) Answer(ctx context.Context, variables []any) (*graph.Answer, error) {
	if !p.fits(variables) {
		return nil, graph.ErrUnprepared
	}
	caller := p.of.callerOf(p.v, auth.From(ctx))
	plan := p.find(caller, variables)
	if plan == nil {
		plan = p.make(ctx, caller, variables)
	}
	if plan.none {
		return nil, graph.ErrUnprepared
	}
	made := ""
	if p.makes {
		made = p.of.newID()
		variables = append(variables[:len(variables):len(variables)], made)
	}
	given := make([]rules.Value, len(plan.sources))
	for i := range plan.sources {
		given[i] = plan.sources[i].Of(caller, variables)
	}
	if leak.On(leak.PlanKeepsCaller) {
		given = leak.First(plan, given).([]rules.Value)
	}
	answer := &graph.Answer{Roots: plan.answer}
	if p.op.Mutation {
		answer, err := p.write(ctx, caller, plan, given)
		if made != "" && errors.Is(err, graph.ErrUnprepared) {
			p.of.spare.Store(&made)
		}
		return answer, err
	}
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

// find returns the plan that holds for a caller and the values of the variables,
// nil if there is none yet.
func (p *prepared) find(caller *rules.Caller, variables []any) *keptPlan {
	p.mu.RLock()
	defer p.mu.RUnlock()
	c := p.first
	for c != nil && c.plan == nil {
		answer := c.ask.Of(caller, c.sources, variables)
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
func (p *prepared) make(ctx context.Context, caller *rules.Caller, variables []any) *keptPlan {
	traced, trace := caller.Traced(variables)
	q := p.of.requestBy(ctx, p.v, p.op, nil, traced)
	q.trace = trace
	if p.makes {
		q.made = trace.Variable(len(variables), rules.ID).V
	}
	plan, err := q.keep(p.op)
	if err != nil || !trace.Whole() {
		plan = &keptPlan{none: true}
	} else {
		plan.sources = trace.Sources
		if !p.proved(ctx, plan, caller, variables) {
			p.of.opts.Log.ErrorContext(ctx, "a plan that is not that of its own caller is not kept", "operation", p.op.Name)
			plan = &keptPlan{none: true}
		}
	}
	p.keep(trace, plan)
	return plan
}

// proved holds a plan against the one that is made for this caller alone.
func (p *prepared) proved(ctx context.Context, plan *keptPlan, caller *rules.Caller, variables []any) bool {
	op := *p.op
	op.Fields = make([]*graph.Field, len(p.op.Fields))
	for i, f := range p.op.Fields {
		known := *f
		known.Args, _ = withVariables(f.Args, variables).(map[string]any)
		op.Fields[i] = &known
	}
	q := p.of.requestBy(ctx, p.v, &op, auth.From(ctx), caller)
	if p.makes {
		q.made = "new"
		variables = append(variables[:len(variables):len(variables)], q.made)
	}
	alone, err := q.keep(&op)
	if err != nil {
		return false
	}
	given := func(n rules.Given) any { return plan.sources[n].Of(caller, variables).V }
	heads := slices.Clone(plan.heads)
	for i := range heads {
		if h := &heads[i]; h.Given != nil {
			h.ID, _ = given(*h.Given).(string)
			h.Given = nil
		}
	}
	return same(plan.roots, alone.roots, given) && same(heads, alone.heads, given) && same(plan.answer, alone.answer, given)
}

// keep plans an operation for more than this request. What it cannot keep is an error.
func (q *request) keep(op *graph.Operation) (*keptPlan, error) {
	plan := &keptPlan{}
	var err error
	if op.Mutation {
		plan.heads, err = q.keepMutation(op)
	} else {
		var query *store.Query
		if query, plan.at, err = q.query(op); err == nil {
			plan.roots = query.Roots
		}
	}
	if err == nil && len(q.answer.Errors)+len(q.answer.Extensions) > 0 {
		err = graph.ErrUnprepared
	}
	plan.answer = q.answer.Roots
	return plan, err
}

// withVariables puts values into arguments.
func withVariables(x any, variables []any) any {
	switch x := x.(type) {
	case graph.Variable:
		return variables[x]
	case map[string]any:
		out := make(map[string]any, len(x))
		for name, member := range x {
			out[name] = withVariables(member, variables)
		}
		return out
	}
	return x
}

// keep adds a plan behind the questions that led to it.
func (p *prepared) keep(trace *rules.Trace, plan *keptPlan) {
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
