package spanner

import (
	"fmt"

	cloud "cloud.google.com/go/spanner"

	"flora.dev/flora/store/internal/sqlgen"
)

// keep stores the outcome of a mutation that may be sent again, with its Commit:
// no request of its own. Recall read the place of the row in this transaction,
// so of two runs at once Spanner aborts one. Rows go by their table's policy.
// https://cloud.google.com/spanner/docs/ttl
func (j *job) keep() error {
	outcome, err := j.Record()
	if err != nil {
		return fmt.Errorf("store outcome: %w", err)
	}
	o := j.m.Once
	return j.tx.BufferWrite([]*cloud.Mutation{cloud.InsertOrUpdate("flora_once", []string{"key", "request", "outcome", "created", "committed"},
		[]any{sqlgen.Hash(o.Key), sqlgen.Hash(o.Request), outcome, j.m.Now, cloud.CommitTimestamp})})
}
