package serial

import (
	"flora.dev/flora/rules"
	"flora.dev/flora/store"
	"flora.dev/flora/store/internal/sqlgen"
)

// Dynamic reports whether what the head hit decides what its answer asks.
func Dynamic(h *store.Head) bool { return h.Match != nil || h.Else != nil }

// Open returns the answers that are still to be read, at the state of the
// commit, and the head of each. Without any it is nil.
func (r *Run) Open() (q *store.Query, heads []int) {
	q = &store.Query{}
	for i := range r.Mutation.Heads {
		h := &r.Mutation.Heads[i]
		if h.Answer == nil || !r.Results[i].Hit || r.Answered[i] {
			continue
		}
		answer := *h.Answer
		if Dynamic(h) {
			if len(r.hit[i]) == 0 {
				r.Results[i].Answer = empty(h.Answer)
				continue
			}
			answer.Where = rules.And{sqlgen.Among(answer.Var, h.Table.Key, r.hit[i]), answer.Where}
		}
		q.Roots = append(q.Roots, answer)
		heads = append(heads, i)
	}
	if len(heads) == 0 {
		return nil, nil
	}
	return q, heads
}

// empty is the answer of a Select that finds nothing.
func empty(s *store.Select) string {
	switch {
	case s.One:
		return "null"
	case s.Total && s.List:
		return "[0,[]]"
	case s.Total:
		return "[0]"
	case s.List:
		return "[[]]"
	}
	return "[]"
}
