package resolvers

import (
	"context"
	"errors"
	"fmt"
	"math"

	"flora.dev/flora/graph"
	"flora.dev/flora/internal/leak"
	"flora.dev/flora/store"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// Codes that clients see in extensions.code.
const (
	codeInput     = "BAD_USER_INPUT"
	codeAnonymous = "UNAUTHENTICATED" // what is missing is an identity
	codeForbidden = "FORBIDDEN"
	codeConflict  = "CONFLICT"
	codeVersion   = "VERSION_MISMATCH"
	codeLimit     = "LIMIT_EXCEEDED"

	codeNotImplemented = "NOT_IMPLEMENTED"
	codeUnavailable    = "UNAVAILABLE"
)

// fail is an error with a code at a field. Its text never holds stored values.
func fail(f *graph.Field, path ast.Path, code, format string, args ...any) *gqlerror.Error {
	e := &gqlerror.Error{Message: fmt.Sprintf(format, args...), Path: path, Extensions: map[string]any{"code": code}}
	if f != nil && f.Pos != nil {
		e.Locations = []gqlerror.Location{{Line: f.Pos.Line, Column: f.Pos.Column}}
	}
	return e
}

func rootPath(f *graph.Field) ast.Path { return ast.Path{ast.PathName(f.Key)} }

func (q *request) input(f *graph.Field, path ast.Path, format string, args ...any) *gqlerror.Error {
	return fail(f, path, codeInput, format, args...)
}

// forbidden is FORBIDDEN, or UNAUTHENTICATED where nobody is signed in.
func (q *request) forbidden(f *graph.Field, path ast.Path, format string, args ...any) *gqlerror.Error {
	code := codeForbidden
	if !q.caller.SignedIn() {
		code = codeAnonymous
	}
	return fail(f, path, code, format, args...)
}

// notAllowed is the one answer to every refused write.
const notAllowed = "not allowed, or a connected document does not exist"

// storeError turns an engine's error into what the client may see.
func (q *request) storeError(op *graph.Operation, writes []*write, err error) error {
	var w *store.WriteError
	switch {
	case errors.As(err, &w) && w.Head < len(writes):
		f := writes[w.Head].field
		switch w.Why {
		case store.Forbidden:
			return q.forbidden(f, rootPath(f), notAllowed)
		case store.Conflict:
			if leak.On(leak.ErrorText) {
				return fail(f, rootPath(f), codeConflict, "a unique value is taken: %s", q.allKeys(f))
			}
			return fail(f, rootPath(f), codeConflict, "a unique value is taken, or the document is still referenced")
		case store.Invalid:
			return q.invalid(writes[w.Head], w.Kid, w.Check)
		case store.VersionMismatch:
			return fail(f, rootPath(f), codeVersion, "the document has changed since that version")
		case store.TooMany:
			return fail(f, rootPath(f), codeLimit, "too many documents would be written: at most %d, and 10000 that go with deleted ones", q.opts.MaxWrite)
		case store.TooLarge:
			return fail(f, rootPath(f), codeInput, "a value is larger than the store takes")
		}
	case errors.Is(err, store.ErrStale):
		return graph.ErrStale
	case errors.Is(err, store.ErrReused):
		return fail(nil, nil, codeInput, "this Idempotency-Key was used for another operation: a new one needs a new key")
	case errors.Is(err, store.ErrUnavailable):
		if !errors.Is(q.ctx.Err(), context.Canceled) { // else the client left
			q.opts.Log.WarnContext(q.ctx, "store unavailable", "requestId", graph.RequestID(q.ctx), "error", err)
		}
		if writes != nil && op.Retry == nil {
			return fail(nil, nil, codeUnavailable, "the store cannot be reached or took too long: look whether the mutation was written before you try again, or send it with an Idempotency-Key")
		}
		return fail(nil, nil, codeUnavailable, "the store cannot be reached or took too long, try again")
	case q.outdated():
		return graph.ErrStale
	case errors.Is(err, store.ErrLimit):
		return fail(op.Fields[0], nil, codeLimit, "the operation is larger than the store takes: ask for fewer levels or fields")
	}
	return err
}

// outdated reports whether another version is deployed than the operation was
// planned for: what a statement names may be gone, which is an error to the store.
func (q *request) outdated() bool {
	n, err := q.store.Notes(q.ctx, math.MaxInt64)
	return err == nil && n.Version != q.v.Number
}
