package resolvers

import (
	"encoding/json"
	"fmt"

	"flora.dev/flora/graph"
	"flora.dev/flora/rules"
	"flora.dev/flora/schema"
	"flora.dev/flora/store"
)

// subject is a document that rules are asked of, with system rights.
type subject struct {
	of     *schema.Collection
	v      rules.Var
	sel    *store.Select     // nil: no document can have the id
	values []json.RawMessage // what the store answered
	exists bool
}

func (x *explanation) subject(c *schema.Collection, id string, create bool) *subject {
	s := &subject{of: c, v: x.fresh(), exists: create}
	switch {
	case create: // there is none, what is asked is asked beside it
		s.sel = &store.Select{Var: s.v, One: true, Where: rules.True}
	case validID(id):
		s.sel = &store.Select{From: c.Object, Var: s.v, One: true, Where: idIs(c.Object, s.v, id)}
	}
	x.subjects = append(x.subjects, s)
	return s
}

// view is how a rule sees a subject: fold leaves what must be asked of it,
// with the document as doc.
type view struct {
	s      *subject
	fold   func(p rules.Pred, doc rules.Var) rules.Pred
	action rules.Action // what the rule's documents are called
}

// of is the view of a stored document; w is the change to it, nil for none.
func (x *explanation) of(s *subject, w *write) view {
	set, action := map[*rules.Field]rules.Operand{}, rules.Read
	if w != nil {
		action = rules.Update
		for _, a := range w.set {
			set[a.Field] = a.Value
		}
	}
	return view{s, func(p rules.Pred, doc rules.Var) rules.Pred {
		return x.caller.Fold(p, rules.Binding{Doc: doc, Fresh: x.fresh, Made: x.find, New: func(f *rules.Field) rules.Operand {
			if v, ok := set[f]; ok {
				return v
			}
			return rules.Col{Var: doc, Field: f}
		}})
	}, action}
}

// connected is the view of a document that an input names, from beside s.
func (x *explanation) connected(s *subject, c *schema.Collection, id string) view {
	for _, m := range x.made {
		if m.id == id {
			return m.as
		}
	}
	return view{s, func(p rules.Pred, _ rules.Var) rules.Pred {
		if !validID(id) {
			return rules.False
		}
		v := x.fresh()
		body := x.caller.Fold(p, rules.Binding{Doc: v, Fresh: x.fresh, Made: x.find})
		if t, ok := body.(rules.Truth); ok && t != rules.True {
			return t
		}
		return rules.One{From: idVal(id), Target: c.Object, Var: v, Domain: rules.True, Body: body}
	}, rules.Read}
}

// made is a document that the write creates, once its own rules were asked:
// those of what is written after it find it.
type made struct {
	of     *schema.Collection
	id     string
	fields func(*rules.Field) rules.Operand
	as     view
}

// find is rules.Made of the documents created so far.
func (x *explanation) find(o *rules.Object, unique *rules.Field, v any) func(*rules.Field) rules.Operand {
	for _, m := range x.made {
		if m.of.Object != o {
			continue
		}
		if has, ok := m.fields(unique).(rules.Val); ok && v != nil && has.Value.V == v {
			return m.fields
		}
	}
	return nil
}

func never(s *subject) view {
	return view{s, func(rules.Pred, rules.Var) rules.Pred { return rules.False }, rules.Read}
}

// part is one rule of the answer.
type part struct {
	graph.RuleExplanation
	needed  bool
	clauses [][]clause // by grant
}

// checkPart is one check of the answer.
type checkPart struct {
	graph.CheckExplanation
	asked clause
}

// clause is a part of a grant, or a check: decided by the token, or asked as two columns,
// -1 for one that cannot hold.
type clause struct {
	graph.ClauseExplanation
	s       *subject
	asked   bool
	yes, no int
}

// rule adds a rule. Its grants are taken apart where all of several parts
// must be true: a conjunction is true, or false, as its parts are.
func (x *explanation) rule(name string, r schema.Rule, at view, needed bool) {
	p := part{needed: needed}
	p.Name, p.Position = name, r.Pos.String()
	for _, g := range r.Grants {
		e := graph.GrantExplanation{Position: g.Pos.String(), Rule: g.Text}
		if g.Role != "" {
			e.Role = &g.Role
		}
		var list []clause
		for _, t := range terms(g, at.action) {
			list = append(list, x.clause(t.text, t.pred, at))
		}
		p.Grants, p.clauses = append(p.Grants, e), append(p.clauses, list)
	}
	x.parts = append(x.parts, p)
}

// single adds a requirement that is no rule of the schema's.
func (x *explanation) single(name string, pos schema.Position, text string, at view) {
	p := part{needed: true, clauses: [][]clause{{x.clause(text, rules.True, at)}}}
	p.Name, p.Position = name, pos.String()
	p.Grants = []graph.GrantExplanation{{Position: pos.String(), Rule: text}}
	x.parts = append(x.parts, p)
}

func (x *explanation) clause(text string, p rules.Pred, at view) clause {
	c := clause{s: at.s, yes: -1, no: -1}
	c.Text, c.Verdict = text, graph.VerdictUnknown
	// Folded twice: variables are unique in a statement.
	yes, no := rules.T(at.fold(p, at.s.v)), rules.F(at.fold(p, at.s.v))
	switch {
	case yes == rules.True:
		c.Verdict = graph.VerdictAllowed
	case no == rules.True:
		c.Verdict = graph.VerdictDenied
	case yes == rules.False && no == rules.False:
	case at.s.sel == nil:
	default:
		residual := spell(at.fold(p, rules.Old), at.action)
		c.asked, c.Residual = true, &residual
		c.yes, c.no = x.ask(at.s, yes), x.ask(at.s, no)
	}
	return c
}

func (x *explanation) ask(s *subject, p rules.Pred) int {
	if p == rules.False {
		return -1
	}
	return add(s.sel, store.Column{Value: rules.Val{Value: rules.Value{Kind: rules.Bool, V: true}}, Guard: p})
}

// read asks the store about all subjects in one statement.
func (x *explanation) read() error {
	var query store.Query
	var at []*subject
	for _, s := range x.subjects {
		if s.sel != nil && (s.sel.From != nil || len(s.sel.Columns) > 0) {
			query.Roots, at = append(query.Roots, *s.sel), append(at, s)
		}
	}
	if len(at) == 0 {
		return nil
	}
	rows, err := x.store.Read(x.ctx, &query)
	if err != nil {
		return err
	}
	if rows.Version != x.v.Number {
		return store.ErrStale
	}
	for i, s := range at {
		if err := json.Unmarshal([]byte(rows.Roots[i]), &s.values); err != nil {
			return fmt.Errorf("read explanation: %w", err)
		}
		s.exists = s.values != nil
	}
	return nil
}

func (c *clause) verdict() graph.Verdict {
	holds := func(i int) bool { return i >= 0 && i < len(c.s.values) && string(c.s.values[i]) != "null" }
	switch {
	case !c.asked:
		return c.Verdict
	case holds(c.yes):
		return graph.VerdictAllowed
	case holds(c.no):
		return graph.VerdictDenied
	}
	return graph.VerdictUnknown
}

// answer puts the verdicts together: of clauses to those of grants (and), of
// grants to those of rules (or).
func (x *explanation) answer() *graph.AccessExplanation {
	out := &graph.AccessExplanation{Exists: x.subjects[0].exists, Rules: []graph.RuleExplanation{}, Checks: []graph.CheckExplanation{}}
	out.Allowed = out.Exists
	for _, p := range x.parts {
		rule := p.RuleExplanation
		rule.Verdict = graph.VerdictDenied
		if rule.Grants == nil {
			rule.Grants = []graph.GrantExplanation{}
		}
		for i := range rule.Grants {
			g := &rule.Grants[i]
			g.Verdict, g.Clauses = graph.VerdictAllowed, []graph.ClauseExplanation{}
			for _, c := range p.clauses[i] {
				c.Verdict = c.verdict()
				if c.Verdict == graph.VerdictAllowed {
					continue
				}
				g.Clauses = append(g.Clauses, c.ClauseExplanation)
				if g.Verdict != graph.VerdictDenied {
					g.Verdict = c.Verdict
				}
			}
			if g.Verdict == graph.VerdictAllowed || rule.Verdict == graph.VerdictDenied {
				rule.Verdict = g.Verdict
			}
		}
		out.Rules = append(out.Rules, rule)
		out.Allowed = out.Allowed && (!p.needed || rule.Verdict == graph.VerdictAllowed)
	}
	for _, p := range x.checks {
		c := p.CheckExplanation
		c.Rule, c.Verdict, c.Residual = p.asked.Text, p.asked.verdict(), p.asked.Residual
		out.Checks = append(out.Checks, c)
		out.Allowed = out.Allowed && c.Verdict == graph.VerdictAllowed
	}
	return out
}
