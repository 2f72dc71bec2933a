package spanner

import (
	"context"

	"flora.dev/flora/store"
	"flora.dev/flora/store/internal/serial"
)

// steps runs a mutation as it is defined: head by head, and what it means that
// one wrote nothing is asked on the spot, before anything else changes what the
// caller can read.
func (db *DB) steps(ctx context.Context, m *store.Mutation) (*store.Outcome, error) {
	known := echoes(serial.Parts(m))
	return db.transact(ctx, m, func(ctx context.Context, j *job) error {
		j.Echo = known
		return j.Heads(ctx)
	})
}
