package spanner

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	cloud "cloud.google.com/go/spanner"

	"flora.dev/flora/store"
	"flora.dev/flora/store/internal/sqlgen"
)

// job is one attempt to run a mutation in a transaction. The client library
// runs the function of a transaction again when Spanner aborts it: each attempt
// makes its own job.
type job struct {
	db       *DB
	tx       *cloud.ReadWriteTransaction
	m        *store.Mutation
	started  time.Time // before the first statement was sent
	verified bool      // m.Version was seen to be deployed, in tx
	results  []store.Result
	answered []bool // the result has its answer, where it is wanted
	wrote    bool
}

var errNothing = errors.New("nothing was written") // ends a transaction without a Commit

// transact runs f with a fresh job in a read-write transaction, then reads the
// answers that f left open at the state of the commit. With errNothing from f
// the transaction is rolled back, without being an error.
func (db *DB) transact(ctx context.Context, m *store.Mutation, f func(context.Context, *job) error) (*store.Outcome, error) {
	if err := db.lock(ctx); err != nil {
		return nil, unavailable(err)
	}
	var j *job
	committed, err := db.client.ReadWriteTransaction(ctx, func(ctx context.Context, tx *cloud.ReadWriteTransaction) error {
		j = &job{db: db, tx: tx, m: m, started: db.opts.Now(),
			results: make([]store.Result, len(m.Heads)), answered: make([]bool, len(m.Heads))}
		err := f(ctx, j)
		if err == nil && !j.wrote {
			return errNothing
		}
		return err
	})
	db.unlock()
	switch {
	case errors.Is(err, errNothing):
		db.seen.note(m.Version, j.started)
		return &store.Outcome{Results: j.results}, nil
	case err != nil:
		return nil, transactionError(m, err)
	}
	db.seen.note(m.Version, j.started)
	if err := db.answer(ctx, m, committed, j.results, j.answered); err != nil {
		return nil, err
	}
	return &store.Outcome{Results: j.results, CommitTime: committed.UnixMicro()}, nil
}

// transactionError is the error that the transaction of a mutation ended with.
func transactionError(m *store.Mutation, err error) error {
	var refused *store.WriteError
	var failed *statementError
	switch {
	case errors.As(err, &refused):
		return refused
	case errors.Is(err, store.ErrStale), errors.Is(err, errStepwise):
		return err
	case errors.As(err, &failed):
		return writeError(failed.top, failed.head, failed.err)
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

// statement prints the statement of a head. The first of a transaction also
// asks for the schema version: the others see the same one.
func (j *job) statement(h *store.Head, echo bool) (cloud.Statement, error) {
	w := sqlgen.Write{Now: j.m.Now, Echo: echo}
	if !j.verified {
		w.Version = j.m.Version
	}
	return statement(sqlgen.Spanner.Write(h, w))
}

// missed decides what it means that a statement wrote nothing: nil if the
// document is no business of the caller's, so that the others go on.
func (j *job) missed(ctx context.Context, p part) error {
	h := p.head
	// A create that was refused right after the version was seen needs no
	// second look at it. See lease.
	if h.Kind == store.Insert && len(h.Checks) == 0 && (j.verified || j.db.seen.holds(j.m.Version, j.started)) {
		return sqlgen.Missed(h, p.top, p.kid, false, 0)
	}
	st, err := statement(sqlgen.Spanner.Probe(h))
	if err != nil {
		return err
	}
	row, _, err := one(j.tx.Query(ctx, st))
	if err != nil {
		return &statementError{p.top, h, err}
	}
	columns := 2
	if len(h.Checks) > 0 {
		columns = 3
	}
	if len(row) != columns {
		return fmt.Errorf("probe: %d columns", len(row))
	}
	version, err := versionOf(row[columns-1])
	if err != nil {
		return err
	}
	j.db.seen.note(version, j.started)
	if version != j.m.Version {
		return store.ErrStale
	}
	j.verified = true
	failed := 0
	if columns == 3 {
		if failed, err = strconv.Atoi(row[1].GetStringValue()); err != nil {
			return fmt.Errorf("probe: %w", err)
		}
	}
	return sqlgen.Missed(h, p.top, p.kid, row[0].GetBoolValue(), failed)
}
