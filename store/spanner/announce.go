package spanner

import (
	"context"
	"slices"
	"time"

	"flora.dev/flora/schema"
	"flora.dev/flora/store"
)

// deploying is the note that announces a deployment.
const deploying = "deploying"

// announcedFor is for how long, should the deployment end without a word.
const announcedFor = time.Hour

// disturbs reports whether steps need that no document is created without a
// look at the version: one that is filled, or held to what a column takes,
// would be missed.
func disturbs(steps []schema.Step) bool {
	return slices.ContainsFunc(steps, func(s schema.Step) bool {
		return s.Kind == schema.Fill || s.Kind == schema.Tighten || s.Kind == schema.DropColumn || s.Kind == schema.DropTable
	})
}

// announce tells all instances of a deployment, and waits until they know.
func (db *DB) announce(ctx context.Context) (over func(), err error) {
	until := db.opts.Now().Add(announcedFor)
	if _, err := db.Note(ctx, nil, store.Note{Name: deploying, Value: "1", Until: until.UnixMicro()}); err != nil {
		return nil, err
	}
	db.seen.announce(until)
	over = func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), db.opts.Timeout)
		defer cancel()
		db.Note(ctx, nil, store.Note{Name: deploying}) // else it ends by itself
		db.seen.announce(time.Time{})
	}
	if err := db.settle(ctx); err != nil {
		over()
		return nil, err
	}
	return over, nil
}

// settle waits until all instances heard of what was written before.
func (db *DB) settle(ctx context.Context) error {
	if db.opts.Settle <= 0 {
		return nil
	}
	if err := pause(ctx, db.opts.Settle); err != nil {
		return unavailable(err)
	}
	return nil
}
