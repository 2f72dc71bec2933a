package sqlite

import (
	"context"
	"errors"
	"fmt"

	"flora.dev/flora/store"
	"zombiezen.com/go/sqlite"
)

func isBusy(err error) bool {
	p := sqlite.ErrCode(err).ToPrimary()
	return p == sqlite.ResultBusy || p == sqlite.ResultLocked
}

func isConstraint(err error) bool {
	return sqlite.ErrCode(err).ToPrimary() == sqlite.ResultConstraint
}

// readError gives an error of a read its meaning by its result code.
func readError(ctx context.Context, err error) error {
	switch sqlite.ErrCode(err).ToPrimary() {
	case sqlite.ResultInterrupt:
		if ctx.Err() != nil {
			return unavailable(ctx)
		}
		return fmt.Errorf("read: %w: %w", store.ErrUnavailable, err)
	case sqlite.ResultBusy, sqlite.ResultLocked, sqlite.ResultIOErr, sqlite.ResultFull:
		return fmt.Errorf("read: %w: %w", store.ErrUnavailable, err)
	case sqlite.ResultTooBig:
		return fmt.Errorf("read: %w: %w", store.ErrLimit, err)
	}
	return fmt.Errorf("read: %w", err)
}

// writeError gives an error of a head its meaning by its result code and the
// kind of the head. i is the index of its top-level head.
func writeError(i int, kind store.HeadKind, err error) error {
	switch code := sqlite.ErrCode(err); code {
	case sqlite.ResultConstraintUnique, sqlite.ResultConstraintPrimaryKey, sqlite.ResultConstraintRowID:
		return &store.WriteError{Head: i, Why: store.Conflict, Err: err}
	case sqlite.ResultConstraintForeignKey:
		if kind == store.Delete {
			return &store.WriteError{Head: i, Why: store.Conflict, Err: err}
		}
		return &store.WriteError{Head: i, Why: store.Forbidden, Err: err}
	default:
		switch code.ToPrimary() {
		case sqlite.ResultTooBig:
			return &store.WriteError{Head: i, Why: store.TooLarge, Err: err}
		case sqlite.ResultBusy, sqlite.ResultLocked, sqlite.ResultInterrupt, sqlite.ResultFull, sqlite.ResultIOErr:
			return fmt.Errorf("write head %d: %w: %w", i, store.ErrUnavailable, err)
		}
	}
	return fmt.Errorf("write head %d: %w", i, err)
}

// unavailable is the error of an operation whose context ended.
func unavailable(ctx context.Context) error {
	err := ctx.Err()
	if err == nil {
		err = errors.New("interrupted")
	}
	return fmt.Errorf("%w: %w", store.ErrUnavailable, err)
}
