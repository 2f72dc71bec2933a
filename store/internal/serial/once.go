package serial

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"

	"flora.dev/flora/store"
	"flora.dev/flora/store/internal/sqlgen"
)

// record is an outcome as it is stored: what cannot be read again.
type record struct {
	Wrote   bool       `json:"wrote,omitempty"`
	Results []recorded `json:"results"`
}

type recorded struct {
	Hit   bool     `json:"hit,omitempty"`
	Count int64    `json:"count,omitempty"`
	IDs   []string `json:"ids,omitempty"`
}

// Record is the outcome of a run, for a later Recall.
func (r *Run) Record() (string, error) {
	out := record{Wrote: r.Wrote, Results: make([]recorded, len(r.Results))}
	for i, x := range r.Results {
		out.Results[i] = recorded{x.Hit, x.Count, r.hit[i]}
	}
	text, err := json.Marshal(out)
	return string(text), err
}

// Recall takes the results of an earlier run of the same mutation, if there
// was one; their answers are to be read again. committed is when that run
// wrote, in microseconds, 0 if it wrote nothing.
func (r *Run) Recall(ctx context.Context) (committed int64, repeated bool, err error) {
	once := r.Mutation.Once
	s, err := r.Dialect.Recall(once)
	if err != nil {
		return 0, false, err
	}
	rows, _, err := r.Tx.Run(ctx, &s)
	switch {
	case err != nil:
		return 0, false, r.Tx.Refused(0, &r.Mutation.Heads[0], err)
	case len(rows) == 0:
		return 0, false, nil
	case len(rows[0]) != 4:
		return 0, false, fmt.Errorf("recall outcome: %d columns", len(rows[0]))
	}
	row := rows[0]
	if row[0] != sqlgen.Hash(once.Request) {
		return 0, false, store.ErrReused
	}
	if row[3] != strconv.FormatInt(r.Mutation.Version, 10) {
		return 0, false, store.ErrStale // plan the answers again
	}
	var was record
	if err := json.Unmarshal([]byte(row[1]), &was); err != nil {
		return 0, false, fmt.Errorf("recall outcome: %w", err)
	}
	if was.Wrote {
		if committed, err = strconv.ParseInt(row[2], 10, 64); err != nil {
			return 0, false, fmt.Errorf("recall outcome: %w", err)
		}
	}
	if len(was.Results) != len(r.Results) {
		// Rules that were deployed since decide some of the heads by the token alone.
		if !was.Wrote {
			return 0, false, nil
		}
		return 0, false, &store.UnansweredError{CommitTime: committed, Err: fmt.Errorf("recall outcome: %d results, %d heads", len(was.Results), len(r.Results))}
	}
	for i, x := range was.Results {
		r.Results[i] = store.Result{Hit: x.Hit, Count: x.Count}
		r.hit[i] = x.IDs
	}
	return committed, true, nil
}
