package spanner

import (
	"context"
	"errors"
	"fmt"
	"strings"

	cloud "cloud.google.com/go/spanner"
	"google.golang.org/grpc/codes"

	"flora.dev/flora/store"
)

// Errors are told apart by their gRPC code and by what was asked, never by
// their text, which quotes stored values and changes between releases.

// isUnavailable reports whether asking again later may succeed. Context errors
// come both raw and with a code.
func isUnavailable(err error) bool {
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return true
	}
	switch cloud.ErrCode(err) {
	case codes.Unavailable, codes.DeadlineExceeded, codes.Canceled, codes.Aborted, codes.ResourceExhausted:
		return true
	}
	return false
}

// unavailable marks err as one after which the caller may try again. A context
// error that came as a code is made one again.
func unavailable(err error) error {
	for code, cause := range map[codes.Code]error{codes.Canceled: context.Canceled, codes.DeadlineExceeded: context.DeadlineExceeded} {
		if cloud.ErrCode(err) == code && !errors.Is(err, cause) {
			return fmt.Errorf("%w: %w: %w", store.ErrUnavailable, cause, err)
		}
	}
	return fmt.Errorf("%w: %w", store.ErrUnavailable, err)
}

// said is an error of Spanner without its text, unless that speaks of rights
// alone, which somebody has to grant.
func said(err error) error {
	code := cloud.ErrCode(err)
	if code == codes.PermissionDenied || code == codes.Unauthenticated {
		return err
	}
	return &store.DriverError{Code: code.String(), Err: err}
}

// exceeds reports whether a statement or its answer is larger than Spanner
// takes. sqlgen's own limits come first; they are an estimate of Spanner's.
func exceeds(err error) bool {
	switch cloud.ErrCode(err) {
	case codes.InvalidArgument:
		return !strings.Contains(err.Error(), "Syntax error")
	case codes.ResourceExhausted: // of the connection, or of the service: only the latter may pass
		return strings.Contains(err.Error(), "larger than max")
	}
	return false
}

// readError is what a failed read means.
func readError(err error) error {
	if exceeds(err) {
		return fmt.Errorf("read spanner: %w: %w", store.ErrLimit, err)
	}
	if isUnavailable(err) {
		return unavailable(err)
	}
	return fmt.Errorf("read spanner: %w", said(err))
}

// writeError is what a failed statement of head h, or of a kid of it, means.
// What is no refusal is an error of this program: a guard that raises
// (OutOfRange), a statement that Spanner does not take (InvalidArgument), a
// missing table (NotFound).
func writeError(top int, h *store.Head, err error) error {
	refuse := func(why store.Refusal) error { return &store.WriteError{Head: top, Why: why, Err: said(err)} }
	if isUnavailable(err) && !exceeds(err) {
		return unavailable(err)
	}
	switch cloud.ErrCode(err) {
	case codes.AlreadyExists: // a unique index; ids are fresh
		return refuse(store.Conflict)
	case codes.FailedPrecondition: // a foreign key
		if h.Kind == store.Delete {
			return refuse(store.Conflict) // of a document that refers to this one
		}
		return refuse(store.Forbidden) // to a document that does not exist
	case codes.InvalidArgument:
		if longKey(h) {
			return refuse(store.TooLarge)
		}
		if strings.Contains(err.Error(), "exceed") { // what a delete reads before it
			return fmt.Errorf("write spanner: %w: %w", store.ErrLimit, err)
		}
	case codes.ResourceExhausted:
		if exceeds(err) {
			return refuse(store.TooLarge)
		}
	}
	return fmt.Errorf("write spanner: %w", said(err))
}
