package spanner

import (
	"context"

	"flora.dev/flora/rules"
	"flora.dev/flora/store"
	"flora.dev/flora/store/internal/sqlgen"
)

// The answer of a delete is what its statement finds. Where the statement
// cannot return it, it is read before, in the transaction.

// deletesFirst returns the deletes of a batch whose answers are read before the
// batch runs, as a batch returns no rows. It is not ok where a statement before
// the delete may change that answer.
func deletesFirst(parts []part) (heads []int, ok bool) {
	for k, p := range parts {
		if !p.isTop || p.head.Kind != store.Delete || p.head.Answer == nil {
			continue
		}
		if k > 0 && (touches(parts[:k], p.head) || !sqlgen.Spanner.Echoes(p.head)) {
			return nil, false
		}
		heads = append(heads, p.top)
	}
	return heads, true
}

// answerDeletes reads the answers of deletes before a batch. Of an echo the
// guard of the delete decides, not what the caller may read now: statements
// between may change that.
func (j *job) answerDeletes(ctx context.Context, heads []int) error {
	var q store.Query
	for _, i := range heads {
		h := &j.m.Heads[i]
		answer := *h.Answer
		if sqlgen.Spanner.Echoes(h) {
			answer.Where = isDocument(h, answer.Var)
		}
		q.Roots = append(q.Roots, answer)
	}
	texts, err := j.look(ctx, heads[0], &q)
	if err != nil {
		return err
	}
	for k, i := range heads {
		j.results[i].Answer, j.answered[i] = texts[k], true
	}
	return nil
}

// foresee reads the answer of a delete, and whether it will run at all: what a
// statement that hits nothing means is then known already.
func (j *job) foresee(ctx context.Context, top int) (runs bool, err error) {
	h := &j.m.Heads[top]
	flag := func(p rules.Pred) store.Select {
		return store.Select{From: h.Table, Var: rules.Old, One: true, Where: rules.And{isDocument(h, rules.Old), p},
			Columns: []store.Column{{Value: rules.Col{Var: rules.Old, Field: h.Table.Key}}}}
	}
	texts, err := j.look(ctx, top, &store.Query{Roots: []store.Select{*h.Answer, flag(h.Guard), flag(h.Readable)}})
	if err != nil {
		return false, err
	}
	granted, readable := texts[1] != "null", texts[2] != "null"
	switch {
	case granted:
		j.results[top].Answer, j.answered[top] = texts[0], true
		return true, nil
	case readable || h.Required:
		return false, &store.WriteError{Head: top, Why: store.Forbidden}
	}
	return false, nil
}

// isDocument says that v is the document of h.
func isDocument(h *store.Head, v rules.Var) rules.Pred {
	return rules.Cmp{Op: rules.Eq, L: rules.Col{Var: v, Field: h.Table.Key}, R: rules.Val{Value: rules.Value{Kind: rules.ID, V: h.ID}}}
}

// look reads in the transaction, on behalf of a head.
func (j *job) look(ctx context.Context, top int, q *store.Query) ([]string, error) {
	rows, err := j.db.read(ctx, j.tx, q)
	if err != nil {
		return nil, &statementError{top, &j.m.Heads[top], err}
	}
	if rows.Version != j.m.Version {
		return nil, store.ErrStale
	}
	j.verified = true
	return rows.Roots, nil
}
