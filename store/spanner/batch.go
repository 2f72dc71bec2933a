package spanner

import (
	"context"
	"errors"

	cloud "cloud.google.com/go/spanner"

	"flora.dev/flora/store"
)

// errStepwise says that the statements of a batch do not mean what the heads
// mean one by one. The transaction was rolled back.
var errStepwise = errors.New("run one by one")

// part is one statement of a batch.
type part struct {
	top   int
	kid   int // index among the kids of the top-level head, -1 for itself
	head  *store.Head
	isTop bool
}

// partsOf lists heads and kids in the order in which they run.
func partsOf(m *store.Mutation) []part {
	var parts []part
	for i := range m.Heads {
		parts = flatten(parts, i, -1, &m.Heads[i])
	}
	return parts
}

func flatten(parts []part, top, kid int, h *store.Head) []part {
	parts = append(parts, part{top, kid, h, kid < 0})
	for i := range h.Kids {
		parts = flatten(parts, top, kidOf(kid, i), &h.Kids[i])
	}
	return parts
}

// kidOf is the index by which a refusal names kid i of a head: a kid's own kids
// count as it.
func kidOf(head, i int) int {
	if head < 0 {
		return i
	}
	return head
}

// batch runs all heads and kids in one request. Without a count of 0 that was
// the same as one by one. A 0 before the end was not: kids may have run without
// their head, and what a later statement wrote may have made the document
// readable, or hidden it, so asking afterwards would answer wrongly either way.
func (db *DB) batch(ctx context.Context, m *store.Mutation) (*store.Outcome, error) {
	parts := partsOf(m)
	early, ok := deletesFirst(parts)
	if !ok {
		return nil, errStepwise
	}
	return db.transact(ctx, m, func(ctx context.Context, j *job) error {
		if len(early) > 0 {
			if err := j.answerDeletes(ctx, early); err != nil {
				return err
			}
		}
		statements := make([]cloud.Statement, len(parts))
		verified := j.verified
		for i, p := range parts {
			var err error
			if statements[i], err = j.statement(p.head, false); err != nil {
				return err
			}
			j.verified = true
		}
		j.verified = verified
		counts, err := j.tx.BatchUpdate(ctx, statements)
		return j.judge(ctx, parts, counts, err)
	})
}

// judge decides what the counts of a batch mean. They are looked at before the
// error: it may be a consequence of a statement that hit nothing.
func (j *job) judge(ctx context.Context, parts []part, counts []int64, err error) error {
	for i, n := range counts {
		p := parts[i]
		switch {
		case n > 0:
			j.verified, j.wrote = true, true
			continue
		case p.head.Kind == store.Insert && err == nil && (len(p.head.Checks) == 0 || i == len(parts)-1):
			return j.missed(ctx, p)
		case p.head.Kind != store.Insert && i == len(parts)-1:
			if err := j.missed(ctx, p); err != nil {
				return err
			}
			if p.isTop {
				j.results[p.top].Answer = ""
			}
		default:
			return errStepwise
		}
	}
	if err != nil {
		i := min(len(counts), len(parts)-1)
		return &statementError{parts[i].top, parts[i].head, err}
	}
	known := echoes(parts)
	for i, p := range parts {
		if !p.isTop || counts[i] == 0 {
			continue
		}
		r := &j.results[p.top]
		r.Hit = true
		if p.head.Kind == store.Insert && known[p.head] {
			r.Answer, j.answered[p.top] = echo(p.head, j.m.Now)
		}
	}
	return nil
}
