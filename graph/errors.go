package graph

import (
	"context"
	"errors"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// The codes that a client finds in extensions.code.
const (
	ParseFailed      = "GRAPHQL_PARSE_FAILED"
	ValidationFailed = "GRAPHQL_VALIDATION_FAILED"
	BadUserInput     = "BAD_USER_INPUT"
	Unauthenticated  = "UNAUTHENTICATED"
	Forbidden        = "FORBIDDEN"
	Conflict         = "CONFLICT"
	VersionMismatch  = "VERSION_MISMATCH"
	NotImplemented   = "NOT_IMPLEMENTED"
	LimitExceeded    = "LIMIT_EXCEEDED"
	Unavailable      = "UNAVAILABLE"
	Internal         = "INTERNAL"
)

// Errorf makes an error that reaches the client with the code.
func Errorf(code, format string, args ...any) *gqlerror.Error {
	err := gqlerror.Errorf(format, args...)
	err.Extensions = map[string]any{"code": code}
	return err
}

// codeOf returns the code of an error, "" if it has none.
func codeOf(err *gqlerror.Error) string {
	code, _ := err.Extensions["code"].(string)
	return code
}

// locate adds the place in the query text, unless err has one.
func locate(err *gqlerror.Error, pos *ast.Position) *gqlerror.Error {
	if pos != nil && err.Locations == nil {
		err.Locations = []gqlerror.Location{{Line: pos.Line, Column: pos.Column}}
	}
	return err
}

// errorsOf returns the errors in err as copies: presenting an error writes to
// it, and a resolver may return one value to many requests. An error without
// a path gets the given one.
func errorsOf(err error, path ast.Path) gqlerror.List {
	list, ok := errors.AsType[gqlerror.List](err)
	if !ok || len(list) == 0 {
		one, ok := errors.AsType[*gqlerror.Error](err)
		if !ok {
			one = gqlerror.Wrap(err)
		}
		list = gqlerror.List{one}
	}
	out := make(gqlerror.List, 0, len(list))
	for _, e := range list {
		c := *e
		if c.Path == nil {
			c.Path = path
		}
		out = append(out, &c)
	}
	return out
}

// present is the last look at every error: it hides what has no code, after
// logging it, and adds the request id by which it is found in the log.
func (e *Executor) present(ctx context.Context, err error) *gqlerror.Error {
	id := RequestID(ctx)
	out := *errorsOf(err, nil)[0]
	extensions := map[string]any{}
	for k, v := range out.Extensions {
		extensions[k] = v
	}
	if codeOf(&out) == "" {
		e.options.Logger.ErrorContext(ctx, "operation failed", "requestId", id, "path", out.Path.String(), "error", err)
		out.Message = "internal error"
		extensions = map[string]any{"code": Internal}
	}
	if id != "" {
		extensions["requestId"] = id
	}
	out.Err, out.Extensions = nil, extensions
	return &out
}

type requestIDKey struct{}

// WithRequestID returns a context in which errors carry the id of the request.
func WithRequestID(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, requestIDKey{}, id)
}

// RequestID returns the id of WithRequestID, "" without one.
func RequestID(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey{}).(string)
	return id
}
