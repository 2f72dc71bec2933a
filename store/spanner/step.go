package spanner

import (
	"context"

	"flora.dev/flora/store"
)

// steps runs a mutation as it is defined: head by head, each one's kids after
// it, and what a count of 0 means is asked on the spot, before anything else
// changes what the caller can read.
func (db *DB) steps(ctx context.Context, m *store.Mutation) (*store.Outcome, error) {
	known := echoes(partsOf(m))
	return db.transact(ctx, m, func(ctx context.Context, j *job) error {
		for i := range m.Heads {
			h := &m.Heads[i]
			if h.Kind == store.Delete && h.Answer != nil && !known[h] {
				runs, err := j.foresee(ctx, i)
				if err != nil {
					return err
				}
				if !runs {
					continue
				}
			}
			hit, err := j.step(ctx, part{i, -1, h, true}, known[h])
			if err != nil {
				return err
			}
			j.results[i].Hit = hit
			if !hit {
				j.results[i].Answer = ""
			}
		}
		return nil
	})
}

// step runs one head and, if it hit, its kids. With echo its statement returns
// its answer.
func (j *job) step(ctx context.Context, p part, echo bool) (hit bool, err error) {
	h := p.head
	st, err := j.statement(h, echo)
	if err != nil {
		return false, err
	}
	// Query, not Update: where the first statement of a transaction fails,
	// Update makes the client library begin again and ask twice.
	row, n, err := one(j.tx.Query(ctx, st))
	if err != nil {
		return false, &statementError{p.top, h, err}
	}
	if n == 0 {
		return false, j.missed(ctx, p)
	}
	j.verified, j.wrote = true, true
	if echo && len(row) == 1 {
		j.results[p.top].Answer, j.answered[p.top] = jsonText(row[0]), true
	}
	for i := range h.Kids {
		if _, err := j.step(ctx, part{p.top, kidOf(p.kid, i), &h.Kids[i], false}, false); err != nil {
			return false, err
		}
	}
	return true, nil
}
