// Package advice tells which indexes the statements of both engines need.
package advice

import (
	"flora.dev/flora/store"
	"flora.dev/flora/store/internal/sqlgen"
)

// Need is an index that a statement can use.
type Need = sqlgen.Need

// Needs are what a query needs of indexes, beside those of keys, of unique
// fields and of references that it follows. The engines print the same
// conditions, so it is the same for both.
func Needs(q *store.Query) ([]Need, error) { return sqlgen.SQLite.Needs(q) }
