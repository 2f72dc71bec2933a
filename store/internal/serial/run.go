package serial

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"flora.dev/flora/rules"
	"flora.dev/flora/store"
	"flora.dev/flora/store/internal/sqlgen"
)

// Tx is the transaction of a mutation.
type Tx interface {
	// Run runs a statement. It returns its rows, each value as text: Booleans
	// as 0 and 1, NULL as null; and how many rows it wrote.
	Run(ctx context.Context, s *sqlgen.Statement) (rows [][]string, wrote int64, err error)
	// RunAll runs several in order. None of them returns rows.
	RunAll(ctx context.Context, s []sqlgen.Statement) error
	// Refused is what an error of a statement for a head, or for another one
	// that belongs to the top-level head top, means.
	Refused(top int, h *store.Head, err error) error
}

// Run is one attempt to run a mutation.
type Run struct {
	Mutation *store.Mutation
	Dialect  *sqlgen.Dialect
	Tx       Tx
	// Echo are the heads whose statement returns their answer.
	Echo map[*store.Head]bool
	// Text are statements of heads that are printed already, for a Run that is Verified.
	Text map[*store.Head]sqlgen.Statement
	// Verified: the version was seen to be deployed, in the transaction. Else
	// the first statement asks for it.
	Verified bool
	// Seen, if not nil, is told the version that is deployed.
	Seen func(version int64)

	Results  []store.Result
	Answered []bool // the result has its answer, where it is wanted
	Wrote    bool
	// hit are the documents of a result that the head does not name.
	hit [][]string
}

// New is a run of m.
func New(m *store.Mutation, d *sqlgen.Dialect, tx Tx) *Run {
	n := len(m.Heads)
	return &Run{Mutation: m, Dialect: d, Tx: tx, Results: make([]store.Result, n), Answered: make([]bool, n), hit: make([][]string, n)}
}

// Part is a head and its place in the mutation.
type Part struct {
	*store.Head
	Top int // index of the top-level head
	// Kid is what a refusal names it by: the index among the heads before the
	// top-level head and its kids, -1 for itself. What belongs to one of them
	// counts as it.
	Kid int
}

// Before and Kids are the parts that run before and after a part.
func (p Part) before(i int) Part { return p.nested(&p.Head.Before[i], i) }

func (p Part) kid(i int) Part { return p.nested(&p.Head.Kids[i], len(p.Head.Before)+i) }

func (p Part) nested(h *store.Head, i int) Part {
	if p.Kid >= 0 {
		i = p.Kid
	}
	return Part{h, p.Top, i}
}

// Parts lists all heads in the order in which they run. An upsert stands for
// both of its.
func Parts(m *store.Mutation) []Part {
	var parts []Part
	for i := range m.Heads {
		parts = flatten(parts, Part{&m.Heads[i], i, -1})
	}
	return parts
}

func flatten(parts []Part, p Part) []Part {
	for i := range p.Head.Before {
		parts = flatten(parts, p.before(i))
	}
	parts = append(parts, p)
	for i := range p.Head.Kids {
		parts = flatten(parts, p.kid(i))
	}
	return parts
}

// Heads runs all heads in order. The caller rolls back on an error.
func (r *Run) Heads(ctx context.Context) error {
	for i := range r.Mutation.Heads {
		if _, err := r.head(ctx, Part{&r.Mutation.Heads[i], i, -1}); err != nil {
			return err
		}
	}
	return nil
}

// head runs a head with all that belongs to it.
func (r *Run) head(ctx context.Context, p Part) (hit bool, err error) {
	for i := range p.Before {
		if hit, err := r.head(ctx, p.before(i)); err != nil {
			return false, err
		} else if !hit {
			return false, refuse(p, store.Forbidden)
		}
	}
	ran := p.Head
	switch {
	case p.Else != nil:
		ran, err = r.upsert(ctx, p)
		hit = ran != nil
	case p.Kind == store.Delete && r.ahead(p):
		hit, err = r.delete(ctx, p)
	default:
		hit, err = r.statement(ctx, p)
	}
	switch {
	case err != nil:
		return false, err
	case !hit && len(p.Before) > 0:
		return false, refuse(p, store.Forbidden)
	case !hit:
		return false, nil
	}
	if p.Kid < 0 {
		r.Results[p.Top].Hit = true
	}
	of := Part{ran, p.Top, p.Kid}
	for i := range ran.Kids {
		if _, err := r.head(ctx, of.kid(i)); err != nil {
			return false, err
		}
	}
	return true, nil
}

// statement runs the statement of a head.
func (r *Run) statement(ctx context.Context, p Part) (hit bool, err error) {
	echo := r.Echo[p.Head]
	ids := p.Match != nil && p.Answer != nil && p.Kind == store.Update
	rows, n, err := r.write(ctx, p, p.Head, sqlgen.Write{Echo: echo, IDs: ids})
	if err != nil {
		return false, err
	}
	if n == 0 {
		return r.Missed(ctx, p)
	}
	switch result := &r.Results[p.Top]; {
	case p.Kid >= 0:
	case p.Match != nil:
		result.Count = n
		r.hit[p.Top] = column(rows)
	case echo && len(rows) == 1:
		result.Answer, r.Answered[p.Top] = rows[0][0], true
	}
	return true, nil
}

// upsert runs the update, and the insert if that hit nothing. It returns the
// one that hit.
func (r *Run) upsert(ctx context.Context, p Part) (*store.Head, error) {
	h := p.Head
	rows, n, err := r.write(ctx, p, h, sqlgen.Write{IDs: p.Answer != nil})
	if err != nil {
		return nil, err
	}
	if n > 0 {
		if p.Kid < 0 {
			r.hit[p.Top] = column(rows)
		}
		return h, nil
	}
	if _, n, err = r.write(ctx, p, h.Else, sqlgen.Write{Unless: h}); err != nil {
		return nil, err
	}
	if n > 0 {
		if p.Kid < 0 {
			r.hit[p.Top] = []string{h.Else.ID}
		}
		return h.Else, nil
	}
	_, err = r.Missed(ctx, p)
	return nil, err
}

// write runs the statement of h, which is that of p or its Else.
func (r *Run) write(ctx context.Context, p Part, h *store.Head, w sqlgen.Write) ([][]string, int64, error) {
	s, err := r.Statement(h, w)
	if err != nil {
		return nil, 0, err
	}
	rows, n, err := r.Tx.Run(ctx, &s)
	if err != nil {
		return nil, 0, r.Tx.Refused(p.Top, h, err)
	}
	if n > 1 && h.Match == nil {
		return nil, 0, fmt.Errorf("write head %d: %d rows where one was expected", p.Top, n)
	}
	if n > 0 {
		r.Verified, r.Wrote = true, true
	}
	return rows, n, nil
}

// Statement is the statement of a head. The first of a transaction also asks
// for the schema version: the others see the same one.
func (r *Run) Statement(h *store.Head, w sqlgen.Write) (sqlgen.Statement, error) {
	if s, ok := r.Text[h]; ok {
		return s, nil
	}
	w.Now = r.Mutation.Now
	if !r.Verified {
		w.Version = r.Mutation.Version
	}
	s, err := r.Dialect.Write(h, w)
	if err != nil {
		return s, fmt.Errorf("write: %w", err)
	}
	return s, nil
}

// Missed decides, on the spot, what it means that the statement of a head wrote
// nothing: a hit where nothing was to be done, no hit where the document is no
// business of the caller's.
func (r *Run) Missed(ctx context.Context, p Part) (hit bool, err error) {
	switch {
	case len(p.Checks) > 0:
	case p.Kind == store.Insert && r.Verified:
		return false, refuse(p, store.Forbidden)
	case (p.Kind == store.Link || p.Kind == store.Unlink) && p.Guard == rules.Pred(rules.True) && r.Verified:
		return true, nil
	}
	probe, err := r.Dialect.Probe(p.Head)
	if err != nil {
		return false, fmt.Errorf("write head %d: %w", p.Top, err)
	}
	rows, _, err := r.Tx.Run(ctx, &probe)
	if err != nil {
		return false, r.Tx.Refused(p.Top, p.Head, err)
	}
	a, err := answerOf(rows, p.Head)
	if err != nil {
		return false, err
	}
	if r.Seen != nil {
		r.Seen(a.version)
	}
	if a.version != r.Mutation.Version {
		return false, store.ErrStale
	}
	r.Verified = true
	return a.means(p)
}

// answer is the answer of a probe.
type answer struct {
	found, failed, elseFailed int
	version                   int64
}

func answerOf(rows [][]string, h *store.Head) (a answer, err error) {
	if len(rows) != 1 {
		return a, fmt.Errorf("probe: %d rows", len(rows))
	}
	into := []*int{&a.found, &a.failed}
	if h.Else != nil {
		into = append(into, &a.elseFailed)
	}
	row := rows[0]
	if len(row) != len(into)+1 {
		return a, fmt.Errorf("probe: %d columns", len(row))
	}
	for i, n := range into {
		if *n, err = strconv.Atoi(row[i]); err != nil {
			return a, errors.New("probe: not a number")
		}
	}
	if v := row[len(into)]; v != "null" { // where nothing is deployed
		if a.version, err = strconv.ParseInt(v, 10, 64); err != nil {
			return a, errors.New("probe: not a version")
		}
	}
	return a, nil
}

// means is what a probe says of a head that wrote nothing.
func (a answer) means(p Part) (hit bool, err error) {
	switch {
	case p.Match != nil:
		if a.found > sqlgen.Most(p.Head) {
			return false, refuse(p, store.TooMany)
		}
		if a.found == 0 {
			return true, nil
		}
		return false, refusal(p, p.Head, a.failed)
	case p.Kind == store.Link || p.Kind == store.Unlink:
		if a.failed == 0 { // it was as it shall be
			return true, nil
		}
		return false, refusal(p, p.Head, a.failed)
	case p.Kind == store.Insert || a.found != 0:
		return false, refusal(p, p.Head, a.failed)
	case p.Else != nil && a.elseFailed == 0: // a document that is hidden has the key
		return false, refuse(p, store.Conflict)
	case p.Else != nil:
		return false, refusal(p, p.Else, a.elseFailed)
	case p.Required:
		return false, refuse(p, store.Forbidden)
	}
	return false, nil
}

// refusal is what it means that the condition of h at a place is not true.
func refusal(p Part, h *store.Head, failed int) error {
	switch {
	case failed > len(h.Checks)+1:
		return refuse(p, store.VersionMismatch)
	case failed > 1:
		return &store.WriteError{Head: p.Top, Why: store.Invalid, Kid: p.Kid, Check: failed - 2}
	}
	return refuse(p, store.Forbidden)
}

func refuse(p Part, why store.Refusal) error {
	return &store.WriteError{Head: p.Top, Why: why, Kid: p.Kid}
}

// column is the first column of rows.
func column(rows [][]string) []string {
	out := make([]string, len(rows))
	for i, row := range rows {
		out[i] = row[0]
	}
	return out
}
