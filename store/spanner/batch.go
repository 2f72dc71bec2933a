package spanner

import (
	"context"
	"errors"

	cloud "cloud.google.com/go/spanner"

	"flora.dev/flora/store"
	"flora.dev/flora/store/internal/serial"
	"flora.dev/flora/store/internal/sqlgen"
)

// errStepwise says that the statements of a batch do not mean what the heads
// mean one by one. The transaction was rolled back.
var errStepwise = errors.New("run one by one")

// batchable reports whether a batch can mean what the heads mean: each of them
// is one statement, of which the count tells all.
func batchable(parts []serial.Part) bool {
	for _, p := range parts {
		if p.Else != nil || len(p.Referrers) > 0 || p.Match != nil && p.Answer != nil {
			return false
		}
	}
	return true
}

// batch runs all heads and kids in one request. Without a count of 0 that was
// the same as one by one. A 0 before the end was not: kids may have run without
// their head, and what a later statement wrote may have made the document
// readable, or hidden it, so asking afterwards would answer wrongly either way.
func (db *DB) batch(ctx context.Context, m *store.Mutation) (*store.Outcome, error) {
	parts := serial.Parts(m)
	early, ok := deletesFirst(parts)
	if !ok || !batchable(parts) {
		return nil, errStepwise
	}
	return db.transact(ctx, m, func(ctx context.Context, j *job) error {
		if len(early) > 0 {
			if err := j.answerDeletes(ctx, early); err != nil {
				return err
			}
		}
		statements := make([]cloud.Statement, len(parts))
		verified := j.Verified
		for i, p := range parts {
			var err error
			if statements[i], err = statement(j.Statement(p.Head, sqlgen.Write{})); err != nil {
				return err
			}
			j.Verified = true
		}
		j.Verified = verified
		counts, err := j.tx.BatchUpdateWithOptions(ctx, statements, tagged(ctx))
		return j.judge(ctx, parts, counts, err)
	})
}

// judge decides what the counts of a batch mean. They are looked at before the
// error: it may be a consequence of a statement that hit nothing.
func (j *job) judge(ctx context.Context, parts []serial.Part, counts []int64, err error) error {
	hits := make([]bool, len(parts))
	for i, n := range counts {
		p := parts[i]
		last := i == len(parts)-1
		switch {
		case n > 0:
			j.Verified, j.Wrote, hits[i] = true, true, true
		case len(p.Before) > 0, p.Kind != store.Insert && !last:
			return errStepwise
		case p.Kind == store.Insert && !last && (err != nil || len(p.Checks) > 0):
			return errStepwise
		default:
			var missed error
			if hits[i], missed = j.Missed(ctx, p); missed != nil {
				return missed
			}
		}
	}
	if err != nil {
		i := min(len(counts), len(parts)-1)
		return &statementError{parts[i].Top, parts[i].Head, err}
	}
	known := echoes(parts)
	for i, p := range parts {
		if p.Kid >= 0 {
			continue
		}
		r := &j.Results[p.Top]
		if r.Hit = hits[i]; !r.Hit {
			r.Answer = ""
			continue
		}
		if p.Match != nil {
			r.Count = counts[i]
		}
		if p.Kind == store.Insert && known[p.Head] {
			r.Answer, j.Answered[p.Top] = echo(p.Head, j.m.Now)
		}
	}
	return nil
}
