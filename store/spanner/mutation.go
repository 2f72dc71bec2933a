package spanner

import (
	"context"
	"errors"
	"fmt"
	"time"

	"flora.dev/flora/rules"
	"flora.dev/flora/store"
	"flora.dev/flora/store/internal/serial"
	"flora.dev/flora/store/internal/sqlgen"
)

// Write runs a mutation the cheapest way that means what running its heads one
// by one means:
//
//   - creates that ask nothing before they write: one Commit with mutations;
//   - one head: its statement and the Commit;
//   - several: all statements in one request and the Commit, unless a count
//     says that they have to run one by one after all.
func (db *DB) Write(ctx context.Context, m *store.Mutation) (*store.Outcome, error) {
	if m.Version <= 0 { // deployed versions begin with 1
		return nil, store.ErrStale
	}
	for i := range m.Heads {
		if err := checkValues(i, &m.Heads[i]); err != nil {
			return nil, err
		}
	}
	if len(m.Heads) == 0 {
		return &store.Outcome{}, nil
	}
	if err := answerable(m.Heads); err != nil {
		return nil, err
	}
	ctx, end, err := db.begin(ctx, db.opts.Timeout)
	if err != nil {
		return nil, err
	}
	defer end()

	if m.Once == nil && blind(m.Heads) && db.seen.holds(m.Version, db.opts.Now()) {
		out, err := db.insert(ctx, m)
		if !errors.Is(err, errWhich) {
			return out, err
		}
	}
	if len(m.Heads) > 1 || len(m.Heads[0].Before)+len(m.Heads[0].Kids) > 0 {
		out, err := db.batch(ctx, m)
		if !errors.Is(err, errStepwise) {
			return out, err
		}
	}
	return db.steps(ctx, m)
}

// answerable refuses answers that are too large to be read. After the commit,
// when they are read, it is too late to refuse the mutation.
func answerable(heads []store.Head) error {
	var q store.Query
	for i := range heads {
		if h := &heads[i]; h.Answer != nil && h.Kind != store.Delete && !sqlgen.Spanner.Echoes(h) {
			q.Roots = append(q.Roots, *h.Answer)
		}
	}
	if len(q.Roots) == 0 {
		return nil
	}
	if _, err := sqlgen.Spanner.Query(&q); err != nil {
		return fmt.Errorf("write: %w", err)
	}
	return nil
}

// blind reports whether all heads are creates that ask nothing and write only
// known values.
func blind(heads []store.Head) bool {
	for i := range heads {
		h := &heads[i]
		if h.Kind != store.Insert || h.Guard != rules.Pred(rules.True) || len(h.Checks) > 0 || !blind(h.Before) || !blind(h.Kids) {
			return false
		}
		for _, a := range h.Set {
			if _, ok := a.Value.(rules.Val); !ok {
				return false
			}
		}
	}
	return true
}

// answer reads what is still open of the results, in one read at the commit, or
// of the present where nothing was written.
func (db *DB) answer(ctx context.Context, r *serial.Run, at time.Time) error {
	q, heads := r.Open()
	if q == nil {
		return nil
	}
	rows, err := db.readAt(ctx, at, q)
	if err != nil {
		return fmt.Errorf("read answers of a mutation: %w", err)
	}
	if at.IsZero() && rows.Version != r.Mutation.Version {
		return store.ErrStale // nothing was written: plan again
	}
	for k, i := range heads {
		r.Results[i].Answer = rows.Roots[k]
	}
	return nil
}
