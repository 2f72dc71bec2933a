package sqlite

import (
	"context"

	"flora.dev/flora/rules"
	"flora.dev/flora/store"
	"flora.dev/flora/store/internal/sqlgen"
	"zombiezen.com/go/sqlite"
)

// Plan tells how a query would be read, in the lines of
// https://sqlite.org/eqp.html.
func (db *DB) Plan(ctx context.Context, q *store.Query) (lines []string, err error) {
	s, err := sqlgen.SQLite.Query(q)
	if err != nil {
		return nil, err
	}
	err = db.read(ctx, func(c *conn) error {
		return c.run(&sqlgen.Statement{SQL: "EXPLAIN QUERY PLAN " + s.SQL}, func(row *sqlite.Stmt) { lines = append(lines, row.ColumnText(3)) })
	})
	return lines, err
}

// Text is the SQL of a condition in the form that rules.T leaves, with the
// values of its parameters, for explanations: the stored document is called
// doc, the one to be stored newDoc.
func Text(p rules.Pred) (sql string, values []rules.Value, err error) {
	s, err := sqlgen.SQLite.Condition(p)
	for _, a := range s.Args {
		values = append(values, a.Value)
	}
	return s.SQL, values, err
}
