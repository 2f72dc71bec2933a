package sqlite

import (
	"context"
	"fmt"

	"flora.dev/flora/store"
	"flora.dev/flora/store/internal/sqlgen"
	"zombiezen.com/go/sqlite"
)

// Read runs a query as one statement, which is one snapshot.
func (db *DB) Read(ctx context.Context, q *store.Query) (*store.Rows, error) {
	s, err := sqlgen.SQLite.Prepared(q)
	if err != nil {
		return nil, fmt.Errorf("read: %w", err)
	}
	var rows *store.Rows
	err = db.read(ctx, func(c *conn) error {
		rows, err = c.roots(&s, len(q.Roots))
		return err
	})
	if err != nil {
		return nil, err
	}
	return rows, nil
}

// Snapshot runs f in a read transaction.
func (db *DB) Snapshot(ctx context.Context, f func(read func(*store.Query) (*store.Rows, error)) error) error {
	var failed error // of f, whose errors need no reading
	err := db.read(ctx, func(c *conn) error {
		if err := c.exec("BEGIN"); err != nil {
			return err
		}
		defer func() {
			c.SetInterrupt(nil) // nothing ends a transaction on a connection that is interrupted
			c.rollback()
			c.SetInterrupt(c.watch.done)
		}()
		failed = f(func(q *store.Query) (*store.Rows, error) {
			if ctx.Err() != nil {
				return nil, unavailable(ctx)
			}
			s, err := sqlgen.SQLite.Prepared(q)
			if err != nil {
				return nil, fmt.Errorf("read: %w", err)
			}
			rows, err := c.roots(&s, len(q.Roots))
			if err != nil {
				return nil, readError(ctx, err)
			}
			return rows, nil
		})
		return nil
	})
	if failed != nil {
		return failed
	}
	return err
}

// read runs f with a reader that the end of ctx interrupts.
func (db *DB) read(ctx context.Context, f func(*conn) error) error {
	end, err := db.begin()
	if err != nil {
		return err
	}
	defer end()
	if ctx.Err() != nil {
		return unavailable(ctx)
	}
	store.MeterOf(ctx).Trip()
	c := db.readers.take(ctx)
	if c == nil {
		return unavailable(ctx)
	}
	defer db.readers.put(c)
	if err := db.watched(ctx, c, f); err != nil {
		return readError(ctx, err)
	}
	return nil
}

// roots runs the statement of a query and copies its row.
func (c *conn) roots(s *sqlgen.Statement, n int) (*store.Rows, error) {
	rows := &store.Rows{Roots: make([]string, n)}
	err := c.run(s, func(st *sqlite.Stmt) {
		for i := range rows.Roots {
			if st.ColumnIsNull(i) {
				rows.Roots[i] = "null"
			} else {
				rows.Roots[i] = st.ColumnText(i)
			}
		}
		rows.Version = st.ColumnInt64(n)
	})
	return rows, err
}
