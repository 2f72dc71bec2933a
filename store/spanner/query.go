package spanner

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	cloud "cloud.google.com/go/spanner"
	"google.golang.org/protobuf/types/known/structpb"

	"flora.dev/flora/store"
	"flora.dev/flora/store/internal/sqlgen"
)

// Read runs a query operation as one strong single-use read: one RPC.
func (db *DB) Read(ctx context.Context, q *store.Query) (*store.Rows, error) {
	ctx, end, err := db.begin(ctx, db.opts.Timeout)
	if err != nil {
		return nil, err
	}
	defer end()
	rows, err := db.read(ctx, db.client.Single(), q)
	if err != nil && slices.ContainsFunc(q.Roots, func(s store.Select) bool { return s.From == store.AuditObject }) {
		if missing, lerr := db.lacks(ctx, store.AuditObject.Table, err); lerr == nil && missing {
			return nil, store.ErrNoTable
		}
	}
	return rows, err
}

// readAt runs a query on the snapshot of a commit, without one on the present.
func (db *DB) readAt(ctx context.Context, at time.Time, q *store.Query) (*store.Rows, error) {
	if at.IsZero() {
		return db.read(ctx, db.client.Single(), q)
	}
	return db.read(ctx, db.client.Single().WithTimestampBound(cloud.ReadTimestamp(at)), q)
}

// Snapshot runs f with reads of one read-only transaction.
func (db *DB) Snapshot(ctx context.Context, f func(read func(*store.Query) (*store.Rows, error)) error) error {
	db.open.RLock()
	defer db.open.RUnlock()
	if db.closed {
		return unavailable(errClosed)
	}
	tx := db.client.ReadOnlyTransaction()
	defer tx.Close()
	return f(func(q *store.Query) (*store.Rows, error) {
		ctx, cancel := context.WithTimeout(ctx, db.opts.Timeout)
		defer cancel()
		return db.read(ctx, tx, q)
	})
}

// querier is a snapshot or a transaction.
type querier interface {
	QueryWithOptions(ctx context.Context, st cloud.Statement, opts cloud.QueryOptions) *cloud.RowIterator
}

func (db *DB) read(ctx context.Context, on querier, q *store.Query) (*store.Rows, error) {
	started := db.opts.Now()
	st, err := statement(sqlgen.Spanner.Prepared(q))
	if err != nil {
		return nil, err
	}
	row, err := one(on.QueryWithOptions(ctx, st, tagged(ctx)))
	if err != nil {
		return nil, readError(err)
	}
	n := len(q.Roots)
	if len(row) != n+1 {
		return nil, fmt.Errorf("read spanner: %d columns, want %d", len(row), n+1)
	}
	rows := &store.Rows{Roots: make([]string, n)}
	for i := range n {
		rows.Roots[i] = jsonText(row[i])
	}
	if rows.Version, err = versionOf(row[n]); err != nil {
		return nil, err
	}
	db.seen.note(rows.Version, started)
	return rows, nil
}

// statement converts a statement with its parameters. It takes the result of
// the sqlgen functions.
func statement(s sqlgen.Statement, err error) (cloud.Statement, error) {
	if err != nil {
		return cloud.Statement{}, err
	}
	if len(s.SQL) > maxStatement || len(s.Args) > maxParameters {
		return cloud.Statement{}, fmt.Errorf("%w: %d bytes with %d parameters", store.ErrLimit, len(s.SQL), len(s.Args))
	}
	st := cloud.Statement{SQL: s.SQL, Params: make(map[string]any, len(s.Args))}
	for i, a := range s.Args {
		if st.Params[a.Name], err = param(s.Value(i)); err != nil {
			return cloud.Statement{}, fmt.Errorf("bind %s: %w", a.Name, err)
		}
	}
	return st, nil
}

// one reads the only row of a result, nil if there is none. Values stay as they
// came: decoding one long text into a struct costs more than the rest of a read.
func one(rows *cloud.RowIterator) (values []*structpb.Value, err error) {
	n := 0
	err = rows.Do(func(r *cloud.Row) error {
		n++
		values = make([]*structpb.Value, r.Size())
		for i := range values {
			values[i] = r.ColumnValue(i)
		}
		return nil
	})
	if err == nil && n > 1 {
		err = fmt.Errorf("%d rows where one was expected", n)
	}
	return values, err
}

// jsonText is a column of JSON text. SQL's NULL is JSON's.
func jsonText(v *structpb.Value) string {
	if _, null := v.GetKind().(*structpb.Value_NullValue); null {
		return "null"
	}
	return v.GetStringValue()
}

// versionOf is a schema version, 0 where none is deployed. An INT64 travels as
// a decimal string.
func versionOf(v *structpb.Value) (int64, error) {
	if _, null := v.GetKind().(*structpb.Value_NullValue); null {
		return 0, nil
	}
	n, err := strconv.ParseInt(v.GetStringValue(), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("read schema version: %w", err)
	}
	return n, nil
}
