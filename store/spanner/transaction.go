package spanner

import (
	"context"
	"errors"
	"fmt"
	"time"

	cloud "cloud.google.com/go/spanner"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/structpb"

	"flora.dev/flora/store"
	"flora.dev/flora/store/internal/serial"
	"flora.dev/flora/store/internal/sqlgen"
)

// job is one attempt to run a mutation in a transaction. The client library
// runs the function of a transaction again when Spanner aborts it: each attempt
// makes its own job.
type job struct {
	*serial.Run
	db      *DB
	tx      *cloud.ReadWriteTransaction
	m       *store.Mutation
	started time.Time // before the first statement was sent
}

func (db *DB) newJob(m *store.Mutation, tx *cloud.ReadWriteTransaction) *job {
	j := &job{db: db, tx: tx, m: m, started: db.opts.Now()}
	j.Run = serial.New(m, sqlgen.Spanner, within{j})
	j.Seen = func(version int64) { db.seen.note(version, j.started) }
	return j
}

// What ends a transaction without a Commit and is no error.
var (
	errNothing  = errors.New("nothing was written")
	errRepeated = errors.New("an earlier run did it")
)

// transact runs f with a fresh job in a read-write transaction, then reads the
// answers that f left open at the state of the commit. With errNothing from f
// the transaction is rolled back, without being an error.
func (db *DB) transact(ctx context.Context, m *store.Mutation, f func(context.Context, *job) error) (*store.Outcome, error) {
	if err := db.lock(ctx); err != nil {
		return nil, unavailable(err)
	}
	var j *job
	var earlier int64
	response, err := db.client.ReadWriteTransactionWithOptions(ctx, func(ctx context.Context, tx *cloud.ReadWriteTransaction) error {
		j = db.newJob(m, tx)
		if m.Once != nil {
			var repeated bool
			var err error
			if earlier, repeated, err = j.Recall(ctx); err != nil {
				return err
			} else if repeated {
				return errRepeated
			}
		}
		err := f(ctx, j)
		switch {
		case err != nil:
			return err
		case m.Once != nil:
			return j.keep()
		case !j.Wrote:
			return errNothing
		}
		return nil
	}, cloud.TransactionOptions{TransactionTag: store.MeterOf(ctx).Tag})
	db.unlock()
	switch {
	case errors.Is(err, errNothing):
		db.seen.note(m.Version, j.started)
		if err := db.answer(ctx, j.Run, time.Time{}); err != nil {
			return nil, err
		}
		return &store.Outcome{Results: j.Results}, nil
	case errors.Is(err, errRepeated):
		if err := db.answer(ctx, j.Run, time.Time{}); err != nil {
			return nil, unanswered(err, earlier)
		}
		return &store.Outcome{Results: j.Results, CommitTime: earlier, Repeated: true}, nil
	case err != nil:
		return nil, transactionError(m, err)
	}
	db.seen.note(m.Version, j.started)
	out := &store.Outcome{Results: j.Results}
	if j.Wrote {
		out.CommitTime = response.CommitTs.UnixMicro()
	}
	if err := db.answer(ctx, j.Run, response.CommitTs); err != nil {
		return nil, unanswered(err, out.CommitTime)
	}
	return out, nil
}

// transactionError is the error that the transaction of a mutation ended with.
func transactionError(m *store.Mutation, err error) error {
	var refused *store.WriteError
	var failed *statementError
	var written *store.UnansweredError
	switch {
	case errors.As(err, &refused):
		return refused
	case errors.As(err, &written):
		return written
	case errors.Is(err, store.ErrStale), errors.Is(err, store.ErrReused), errors.Is(err, store.ErrLimit), errors.Is(err, errStepwise):
		return err
	case errors.As(err, &failed):
		return writeError(failed.top, failed.head, failed.err)
	}
	if cloud.ErrCode(err) == codes.InvalidArgument {
		// More changes, those of indexes among them, than a Commit takes.
		// https://cloud.google.com/spanner/quotas#limits-for
		for i := range m.Heads {
			if h := &m.Heads[i]; h.Match != nil || len(h.Referrers) > 0 {
				return &store.WriteError{Head: i, Why: store.TooMany, Kid: -1, Err: err}
			}
		}
	}
	// The Commit failed: the last statement is as good as any to blame.
	last := len(m.Heads) - 1
	return writeError(last, &m.Heads[last], err)
}

// statementError keeps whose statement failed. The client library looks through
// it for errors after which it runs the transaction again.
type statementError struct {
	top  int
	head *store.Head // or a kid of it
	err  error
}

func (e *statementError) Error() string { return fmt.Sprintf("head %d: %v", e.top, e.err) }
func (e *statementError) Unwrap() error { return e.err }

// lock holds the emulator's only place for a read-write transaction.
func (db *DB) lock(ctx context.Context) error {
	if db.serial == nil {
		return nil
	}
	select {
	case db.serial <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (db *DB) unlock() {
	if db.serial != nil {
		<-db.serial
	}
}

// within runs statements in the transaction of a job.
type within struct{ *job }

// Run runs a statement. Query, not Update: where the first statement of a
// transaction fails, Update makes the client library begin again and ask twice.
func (t within) Run(ctx context.Context, s *sqlgen.Statement) (rows [][]string, wrote int64, err error) {
	st, err := statement(*s, nil)
	if err != nil {
		return nil, 0, err
	}
	result := t.tx.QueryWithOptions(ctx, st, tagged(ctx))
	err = result.Do(func(r *cloud.Row) error {
		row := make([]string, r.Size())
		for i := range row {
			row[i] = text(r.ColumnValue(i))
		}
		rows = append(rows, row)
		return nil
	})
	return rows, result.RowCount, err
}

// RunAll runs statements in one request.
func (t within) RunAll(ctx context.Context, all []sqlgen.Statement) error {
	if len(all) == 1 {
		_, _, err := t.Run(ctx, &all[0])
		return err
	}
	statements := make([]cloud.Statement, len(all))
	for i, s := range all {
		var err error
		if statements[i], err = statement(s, nil); err != nil {
			return err
		}
	}
	_, err := t.tx.BatchUpdateWithOptions(ctx, statements, tagged(ctx))
	return err
}

// Refused keeps whose statement failed. What it means is told after the client
// library had a look at the error.
func (within) Refused(top int, h *store.Head, err error) error {
	if errors.Is(err, store.ErrLimit) {
		return err
	}
	return &statementError{top, h, err}
}

// text is a value as text: Booleans as 0 and 1, NULL as null. Times are not
// among them, and an INT64 travels as a decimal string.
func text(v *structpb.Value) string {
	switch x := v.GetKind().(type) {
	case *structpb.Value_NullValue:
		return "null"
	case *structpb.Value_BoolValue:
		if x.BoolValue {
			return "1"
		}
		return "0"
	}
	return v.GetStringValue()
}
