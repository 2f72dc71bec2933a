package spanner

import (
	"context"

	"flora.dev/flora/store"
	"flora.dev/flora/store/internal/serial"
	"flora.dev/flora/store/internal/sqlgen"
)

// The answer of a delete is what its statement finds. Where the statement
// cannot return it, it is read before, in the transaction.

// deletesFirst returns the deletes of a batch whose answers are read before the
// batch runs, as a batch returns no rows. It is not ok where a statement before
// the delete may change that answer.
func deletesFirst(parts []serial.Part) (heads []int, ok bool) {
	for k, p := range parts {
		if p.Kid >= 0 || p.Kind != store.Delete || p.Answer == nil {
			continue
		}
		if k > 0 && (touches(parts[:k], p.Head) || !sqlgen.Spanner.Echoes(p.Head)) {
			return nil, false
		}
		heads = append(heads, p.Top)
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
			answer.Where = sqlgen.Among(answer.Var, h.Table.Key, []string{h.ID})
		}
		q.Roots = append(q.Roots, answer)
	}
	texts, err := j.Look(ctx, serial.Part{Head: &j.m.Heads[heads[0]], Top: heads[0], Kid: -1}, &q)
	if err != nil {
		return err
	}
	for k, i := range heads {
		j.Results[i].Answer, j.Answered[i] = texts[k], true
	}
	return nil
}
