package sqlite

import (
	"context"
	"fmt"

	"flora.dev/flora/internal/leak"
	"flora.dev/flora/store"
	"flora.dev/flora/store/internal/serial"
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

// WriteKept runs the statement of a mutation that is kept.
func (db *DB) WriteKept(ctx context.Context, m *store.Mutation) (*store.Outcome, error) {
	end, err := db.begin()
	if err != nil {
		return nil, err
	}
	defer end()
	h := &m.Heads[0]
	if len(m.Heads) != 1 || !sqlgen.SQLite.Echoes(h) || m.Once != nil || len(h.Before)+len(h.Kids)+len(h.Referrers) > 0 {
		return nil, fmt.Errorf("write: a mutation that cannot be kept")
	}
	s, err := sqlgen.SQLite.PreparedWrite(m)
	if err != nil {
		return nil, fmt.Errorf("write: %w", err)
	}
	out := &store.Outcome{CommitTime: m.Now, Results: make([]store.Result, 1)}
	err = db.submit(ctx, &job{run: func(c *conn) error {
		if m.Version != db.version.Load() {
			return store.ErrStale
		}
		rows, n, err := c.Run(nil, &s)
		switch {
		case err != nil:
			return c.Refused(0, h, err)
		case n == 0:
			return store.ErrMissed
		case n > 1 || len(rows) != 1:
			return fmt.Errorf("write: %d rows where one was expected", n)
		}
		out.Results[0] = store.Result{Hit: true, Answer: rows[0][0]}
		return nil
	}})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// plan is a mutation with the text that is certain to be needed: printed before
// the writer's turn.
type plan struct {
	*store.Mutation
	text    map[*store.Head]sqlgen.Statement
	echo    map[*store.Head]bool
	answers *sqlgen.Statement // of all heads that are answered after the last, nil: to be printed
	roots   []int             // the head of each root of answers
}

func newPlan(m *store.Mutation) (*plan, error) {
	p := &plan{Mutation: m, text: map[*store.Head]sqlgen.Statement{}, echo: map[*store.Head]bool{}}
	var after store.Query
	static := true
	for i := range m.Heads {
		h := &m.Heads[i]
		// What a later statement may change is not echoed.
		if len(m.Heads) == 1 && len(h.Kids) == 0 && sqlgen.SQLite.Echoes(h) {
			p.echo[h] = true
		}
		static = static && !serial.Dynamic(h)
		if h.Answer != nil && !p.echo[h] && h.Kind != store.Delete {
			after.Roots = append(after.Roots, *h.Answer)
			p.roots = append(p.roots, i)
		}
	}
	for _, part := range serial.Parts(m) {
		h := part.Head
		if serial.Dynamic(h) || len(h.Referrers) > 0 {
			continue
		}
		var err error
		if p.text[h], err = sqlgen.SQLite.Write(h, sqlgen.Write{Now: m.Now, Echo: p.echo[h]}); err != nil {
			return nil, err
		}
	}
	if len(p.roots) == 0 || !static {
		return p, nil
	}
	answers, err := sqlgen.SQLite.Query(&after)
	p.answers = &answers
	return p, err
}

// run runs a mutation. The caller rolls back on an error.
func (p *plan) run(c *conn, version int64) (*store.Outcome, error) {
	if p.Version != version {
		return nil, store.ErrStale
	}
	if leak.On(leak.GuardsOnPreState) {
		p.judge(c)
	}
	r := serial.New(p.Mutation, sqlgen.SQLite, c)
	r.Text, r.Echo, r.Verified = p.text, p.echo, true
	ctx := context.Background() // a write is never interrupted
	out := &store.Outcome{}
	var err error
	if p.Once != nil && len(p.Heads) > 0 {
		if out.CommitTime, out.Repeated, err = r.Recall(ctx); err != nil {
			return nil, err
		}
	}
	if !out.Repeated {
		if err := r.Heads(ctx); err != nil {
			return nil, err
		}
		if r.Wrote {
			out.CommitTime = p.Now
		}
		if err := p.keep(c, r); err != nil {
			return nil, err
		}
	}
	if err := p.answer(c, r, out.Repeated); err != nil {
		return nil, fmt.Errorf("read answers: %w", err)
	}
	out.Results = r.Results
	return out, nil
}

// answer reads the answers that the statements did not return.
func (p *plan) answer(c *conn, r *serial.Run, repeated bool) error {
	q, heads := r.Open()
	if q == nil {
		return nil
	}
	s := p.answers
	if s == nil || repeated {
		text, err := sqlgen.SQLite.Query(q)
		if err != nil {
			return err
		}
		s = &text
	} else {
		heads = p.roots
	}
	rows, err := c.roots(s, len(heads))
	if err != nil {
		return err
	}
	for k, i := range heads {
		if result := &r.Results[i]; result.Hit {
			result.Answer = rows.Roots[k]
		}
	}
	return nil
}

// Run runs a statement of a mutation.
func (c *conn) Run(_ context.Context, s *sqlgen.Statement) (rows [][]string, wrote int64, err error) {
	err = c.run(s, func(st *sqlite.Stmt) {
		row := make([]string, st.ColumnCount())
		for i := range row {
			if row[i] = "null"; !st.ColumnIsNull(i) {
				row[i] = st.ColumnText(i)
			}
		}
		rows = append(rows, row)
	})
	return rows, int64(c.Changes()), err
}

// RunAll runs statements in order.
func (c *conn) RunAll(_ context.Context, all []sqlgen.Statement) error {
	for i := range all {
		if err := c.run(&all[i], nil); err != nil {
			return err
		}
	}
	return nil
}

// Refused is what an error of a statement for a head means.
func (c *conn) Refused(top int, h *store.Head, err error) error { return writeError(top, h.Kind, err) }
