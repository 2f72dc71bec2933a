package sqlite

import (
	"context"
	"fmt"

	"flora.dev/flora/internal/leak"
	"flora.dev/flora/store"
	"flora.dev/flora/store/internal/sqlgen"
	"zombiezen.com/go/sqlite"
)

// Write runs the heads in order inside the writer.
func (db *DB) Write(ctx context.Context, m *store.Mutation) (*store.Outcome, error) {
	end, err := db.begin()
	if err != nil {
		return nil, err
	}
	defer end()
	p, err := newPlan(m)
	if err != nil {
		return nil, fmt.Errorf("write: %w", err)
	}
	var out *store.Outcome
	err = db.submit(ctx, &job{run: func(c *conn) (err error) {
		// The group may fail after the job: it runs again then.
		out, err = p.run(c, db.version.Load())
		return err
	}})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// plan is a mutation with its text: printed before the writer's turn.
type plan struct {
	*store.Mutation
	heads   []step
	answers sqlgen.Statement // of all heads that are answered after the last
	roots   []int            // the head of each root of answers
}

// step is a head with its text.
type step struct {
	*store.Head
	top    int // index of the top-level head
	kid    int // index among its kids, -1 for itself
	text   sqlgen.Statement
	echo   bool
	before sqlgen.Statement // a delete's answer
	kids   []step
}

func newPlan(m *store.Mutation) (*plan, error) {
	p := &plan{Mutation: m}
	var after store.Query
	for i := range m.Heads {
		h := &m.Heads[i]
		s, err := p.step(h, i, -1)
		if err != nil {
			return nil, err
		}
		if h.Answer != nil && !s.echo {
			if h.Kind != store.Delete {
				after.Roots = append(after.Roots, *h.Answer)
				p.roots = append(p.roots, i)
			} else if s.before, err = sqlgen.SQLite.Query(&store.Query{Roots: []store.Select{*h.Answer}}); err != nil {
				return nil, err
			}
		}
		p.heads = append(p.heads, s)
	}
	if len(p.roots) == 0 {
		return p, nil
	}
	var err error
	p.answers, err = sqlgen.SQLite.Query(&after)
	return p, err
}

func (p *plan) step(h *store.Head, top, kid int) (step, error) {
	// What a later statement may change is not echoed.
	s := step{Head: h, top: top, kid: kid, echo: len(p.Heads) == 1 && len(h.Kids) == 0 && sqlgen.SQLite.Echoes(h)}
	var err error
	if s.text, err = sqlgen.SQLite.Write(h, sqlgen.Write{Now: p.Now, Echo: s.echo}); err != nil {
		return s, err
	}
	for i := range h.Kids {
		of := kid
		if of < 0 {
			of = i
		}
		k, err := p.step(&h.Kids[i], top, of)
		if err != nil {
			return s, err
		}
		k.echo = false
		s.kids = append(s.kids, k)
	}
	return s, nil
}

// run is the semantics of a mutation: each head sees what those before it did,
// and any refusal ends it. The caller rolls back on an error.
func (p *plan) run(c *conn, version int64) (*store.Outcome, error) {
	if p.Version != version {
		return nil, store.ErrStale
	}
	if leak.On(leak.GuardsOnPreState) {
		p.judge(c)
	}
	out := &store.Outcome{Results: make([]store.Result, len(p.heads))}
	for i := range p.heads {
		if err := c.head(&p.heads[i], &out.Results[i]); err != nil {
			return nil, err
		}
		if out.Results[i].Hit {
			out.CommitTime = p.Now
		}
	}
	if out.CommitTime == 0 || len(p.roots) == 0 {
		return out, nil
	}
	rows, err := c.roots(&p.answers, len(p.roots))
	if err != nil {
		return nil, fmt.Errorf("read answers: %w", err)
	}
	for k, i := range p.roots {
		if r := &out.Results[i]; r.Hit {
			r.Answer = rows.Roots[k]
		}
	}
	return out, nil
}

// head runs one head and, if it hit, its kids.
func (c *conn) head(s *step, r *store.Result) error {
	answer := ""
	if s.before.SQL != "" {
		rows, err := c.roots(&s.before, 1)
		if err != nil {
			return fmt.Errorf("read answer before delete: %w", err)
		}
		answer = rows.Roots[0]
	}
	n := 0
	err := c.run(&s.text, func(st *sqlite.Stmt) {
		n++
		answer = st.ColumnText(0)
	})
	if err != nil {
		return writeError(s.top, s.Kind, err)
	}
	if !s.echo {
		n = c.Changes()
	}
	if n == 0 {
		return c.miss(s)
	}
	r.Hit, r.Answer = true, answer
	for i := range s.kids {
		if err := c.head(&s.kids[i], &store.Result{}); err != nil {
			return err
		}
	}
	return nil
}

// miss tells a refusal from a document that is not there, or hidden.
func (c *conn) miss(s *step) error {
	if len(s.Checks) == 0 && (s.Kind == store.Insert || s.Required) {
		return &store.WriteError{Head: s.top, Why: store.Forbidden}
	}
	probe, err := sqlgen.SQLite.Probe(s.Head)
	if err != nil {
		return fmt.Errorf("write head %d: %w", s.top, err)
	}
	readable, failed := false, 0
	if err := c.run(&probe, func(st *sqlite.Stmt) {
		readable = st.ColumnBool(0)
		if len(s.Checks) > 0 {
			failed = st.ColumnInt(1)
		}
	}); err != nil {
		return writeError(s.top, s.Kind, err)
	}
	return sqlgen.Missed(s.Head, s.top, s.kid, readable, failed)
}
