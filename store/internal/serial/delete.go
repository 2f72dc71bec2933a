package serial

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"

	"flora.dev/flora/rules"
	"flora.dev/flora/store"
	"flora.dev/flora/store/internal/sqlgen"
)

// A delete whose answer its statement cannot return, or that takes other
// documents with it, is decided before it runs: its rule may hang on what goes,
// and what it means that a statement hits nothing is known then.

// ahead reports whether a delete is decided before it runs.
func (r *Run) ahead(p Part) bool {
	return len(p.Referrers) > 0 || p.Answer != nil && !r.Echo[p.Head] && !r.Answered[p.Top]
}

func (r *Run) delete(ctx context.Context, p Part) (hit bool, err error) {
	h := p.Head
	q := &store.Query{}
	ask := func(s store.Select) int {
		q.Roots = append(q.Roots, s)
		return len(q.Roots) - 1
	}
	key := []store.Column{{Value: rules.Col{Var: rules.Old, Field: h.Table.Key}}}
	flag := func(where ...rules.Pred) int {
		return ask(store.Select{From: h.Table, Var: rules.Old, One: true, Limit: 1, Where: rules.And(where), Columns: key})
	}
	is := isDocument(h, rules.Old)
	shown, most := -1, sqlgen.Most(h)
	if h.Answer != nil && p.Kid < 0 && !r.Answered[p.Top] {
		s := *h.Answer
		if h.Match != nil {
			s.Where = rules.And{rules.One{From: rules.Col{Var: s.Var, Field: h.Table.Key}, Target: h.Table, Var: rules.Old, Domain: rules.True, Body: is}, s.Where}
		}
		shown = ask(s)
	}
	var readable, found int
	var asked []int
	if h.Match != nil {
		found = ask(store.Select{From: h.Table, Var: rules.Old, Where: is, After: rules.True, List: true, Limit: most + 1, Columns: key})
		asked = append(asked, flag(is, rules.NotTrue{P: h.Guard}))
	} else {
		readable = flag(is, h.Readable)
		asked = append(asked, flag(is, h.Guard))
	}
	if h.Version != nil {
		same := rules.Cmp{Op: rules.Eq, L: rules.Col{Var: rules.Old, Field: h.Table.TS}, R: rules.Val{Value: rules.Value{Kind: rules.Long, V: *h.Version}}}
		asked = append(asked, flag(is, same))
	}
	s := newSweep(r, p)
	first := s.level(q, map[*rules.Object]rules.Pred{h.Table: is})
	roots, err := r.Look(ctx, p, q)
	if err != nil {
		return false, err
	}

	ids := []string{h.ID}
	if h.Match != nil {
		if ids, err = keys(roots[found]); err != nil {
			return false, err
		}
		switch {
		case len(ids) > most:
			return false, refuse(p, store.TooMany)
		case roots[asked[0]] != "null":
			return false, refuse(p, store.Forbidden)
		}
	} else if failed := firstNull(roots, asked); failed > 0 {
		seen := 0
		if roots[readable] != "null" {
			seen = 1
		}
		return answer{found: seen, failed: failed}.means(p)
	}
	if p.Kid < 0 {
		if shown >= 0 {
			r.Results[p.Top].Answer, r.Answered[p.Top] = roots[shown], true
		}
		if h.Match != nil {
			r.Results[p.Top].Count, r.hit[p.Top] = int64(len(ids)), ids
		}
	}
	if len(ids) == 0 {
		return true, nil
	}
	s.add(h.Table, ids)
	if err := s.find(ctx, first, roots); err != nil {
		return false, err
	}
	return true, s.run(ctx)
}

// firstNull is the place, from 1, of the first root asked that is null; 0 if none is.
func firstNull(roots []string, asked []int) int {
	for i, k := range asked {
		if roots[k] == "null" {
			return i + 1
		}
	}
	return 0
}

// isDocument says that v is a document of h: rules.Old, with Match or Key.
func isDocument(h *store.Head, v rules.Var) rules.Pred {
	if h.Match != nil {
		return h.Match
	}
	return rules.Cmp{Op: rules.Eq, L: rules.Col{Var: v, Field: h.Table.Key}, R: rules.Val{Value: rules.Value{Kind: rules.ID, V: h.ID}}}
}

// Look reads in the transaction, on behalf of a head.
func (r *Run) Look(ctx context.Context, p Part, q *store.Query) ([]string, error) {
	s, err := r.Dialect.Query(q)
	if err != nil {
		return nil, fmt.Errorf("write head %d: %w", p.Top, err)
	}
	rows, _, err := r.Tx.Run(ctx, &s)
	if err != nil {
		return nil, r.Tx.Refused(p.Top, p.Head, err)
	}
	n := len(q.Roots)
	if len(rows) != 1 || len(rows[0]) != n+1 {
		return nil, fmt.Errorf("write head %d: %d rows, want one of %d values", p.Top, len(rows), n+1)
	}
	version := int64(0)
	if v := rows[0][n]; v != "null" {
		if version, err = strconv.ParseInt(v, 10, 64); err != nil {
			return nil, fmt.Errorf("read schema version: %w", err)
		}
	}
	if r.Seen != nil {
		r.Seen(version)
	}
	if version != r.Mutation.Version {
		return nil, store.ErrStale
	}
	r.Verified = true
	return rows[0][:n], nil
}

// keys are the ids in the page of a Select of nothing else.
func keys(page string) ([]string, error) {
	var lists [][][1]string
	if err := json.Unmarshal([]byte(page), &lists); err != nil || len(lists) != 1 {
		return nil, fmt.Errorf("read ids: %d lists: %w", len(lists), err)
	}
	ids := make([]string, len(lists[0]))
	for i, node := range lists[0] {
		ids[i] = node[0]
	}
	return ids, nil
}
