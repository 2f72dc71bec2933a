package graph

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// Options configure an Executor.
type Options struct {
	Resolver Resolver
	// Current, if not nil, is asked before each operation: its error is the
	// answer. What is published may no longer be what holds.
	Current func(ctx context.Context) error
	// Reload publishes the newest schema version. It is called when the
	// resolver answers ErrStale; the operation then starts over.
	Reload func(ctx context.Context) error
	Limits Limits // all zero: DefaultLimits
	// Introspection allows __schema and __type, and errors that suggest names.
	Introspection bool
	Logger        *slog.Logger // nil: slog.Default
}

// Executor runs operations against the schema version that is published when
// they begin. It is safe for use by many goroutines.
//
// It is a gqlgen GraphExecutor, so gqlgen's transports can serve it; Do is
// the shorter way.
type Executor struct {
	options Options
	current atomic.Pointer[edition]
}

var _ graphql.GraphExecutor = (*Executor)(nil)

// NewExecutor returns an Executor of the data API, without a version: until
// the first Publish it answers UNAVAILABLE.
func NewExecutor(o Options) *Executor {
	if o.Limits == (Limits{}) {
		o.Limits = DefaultLimits()
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	return &Executor{options: o}
}

// NewControl returns an Executor of the control API. Of the options it uses
// Current, Limits, Introspection and Logger. It has nothing to publish.
func NewControl(resolvers ResolverRoot, o Options) *Executor {
	e := NewExecutor(o)
	es := NewExecutableSchema(Config{Resolvers: resolvers})
	e.current.Store(newEdition(nil, es, &e.options, e.present))
	return e
}

// Publish makes v the version that operations begin with from now on. Those
// that run keep theirs.
func (e *Executor) Publish(v *Version) {
	es := &dataSchema{version: v, resolver: e.options.Resolver, limits: &e.options.Limits}
	ed := newEdition(v, es, &e.options, e.present)
	ed.data = es
	ed.preparer, _ = e.options.Resolver.(Preparer)
	e.current.Store(ed)
}

// Version returns the published version, nil if there is none.
func (e *Executor) Version() *Version {
	if ed := e.current.Load(); ed != nil {
		return ed.version
	}
	return nil
}

// CreateOperationContext parses, checks and coerces a request against the
// version that is published now. Numbers in params.Variables must be
// json.Number, as gqlgen's transports decode them.
func (e *Executor) CreateOperationContext(ctx context.Context, params *graphql.RawParams) (*graphql.OperationContext, gqlerror.List) {
	ed := e.current.Load()
	if ed == nil {
		return nil, gqlerror.List{Errorf(Unavailable, "no schema is deployed")}
	}
	return ed.open(ctx, params)
}

// DispatchOperation returns the handler that runs an operation of CreateOperationContext.
func (e *Executor) DispatchOperation(ctx context.Context, opCtx *graphql.OperationContext) (graphql.ResponseHandler, context.Context) {
	r := runOf(opCtx)
	handler, inner := r.edition.gqlgen.DispatchOperation(ctx, opCtx)
	return func(ctx context.Context) *graphql.Response {
		resp := handler(ctx)
		if r.stale {
			r.stale = false
			resp = e.startOver(ctx, r)
		}
		return e.bound(resp)
	}, inner
}

// startOver runs an operation again after its version proved to be stale, and
// then for each newer one.
func (e *Executor) startOver(ctx context.Context, r *run) *graphql.Response {
	if e.options.Reload == nil {
		return e.DispatchError(ctx, gqlerror.List{gqlerror.Wrap(ErrStale)})
	}
	var tried *Version
	for {
		if err := e.options.Reload(ctx); err != nil {
			return e.DispatchError(ctx, errorsOf(err, nil))
		}
		opCtx, errs := e.CreateOperationContext(ctx, &r.params)
		if errs != nil {
			return e.DispatchError(ctx, errs)
		}
		again := runOf(opCtx)
		if again.edition.version == tried {
			return e.DispatchError(ctx, gqlerror.List{Errorf(Unavailable, "the schema changes right now, try again")})
		}
		tried = again.edition.version
		handler, inner := again.edition.gqlgen.DispatchOperation(ctx, opCtx)
		resp := handler(inner)
		r.nodes = again.nodes
		if !again.stale {
			return resp
		}
	}
}

// DispatchError presents errors of a request that did not run.
func (e *Executor) DispatchError(ctx context.Context, list gqlerror.List) *graphql.Response {
	resp := &graphql.Response{}
	for _, err := range list[:min(len(list), e.options.Limits.Errors)] {
		resp.Errors = append(resp.Errors, e.present(ctx, err))
	}
	return resp
}

// bound keeps the number of errors small.
func (e *Executor) bound(resp *graphql.Response) *graphql.Response {
	if resp != nil && len(resp.Errors) > e.options.Limits.Errors {
		resp.Errors = resp.Errors[:e.options.Limits.Errors]
	}
	return resp
}

// Do runs one request from text to text. It always returns a response.
func (e *Executor) Do(ctx context.Context, req Request) (out *Response) {
	defer func() {
		if v := recover(); v != nil {
			out = encode(e.DispatchError(ctx, gqlerror.List{gqlerror.Wrap(recovered(ctx, v))}))
		}
	}()
	if current := e.options.Current; current != nil {
		if err := current(ctx); err != nil {
			return encode(e.DispatchError(ctx, errorsOf(err, nil)))
		}
	}
	if ed := e.current.Load(); ed != nil {
		if out := e.brief(ctx, ed, &req); out != nil {
			return out
		}
	}
	ctx = withRetryKey(graphql.StartOperationTrace(ctx), req.RetryKey)
	variables, err := decodeVariables(&req, &e.options.Limits)
	if err != nil {
		return encode(e.DispatchError(ctx, gqlerror.List{err}))
	}
	opCtx, errs := e.CreateOperationContext(ctx, &graphql.RawParams{
		Query:         req.Query,
		OperationName: req.OperationName,
		Variables:     variables,
	})
	if errs != nil {
		return encode(e.DispatchError(ctx, errs))
	}
	if req.ReadOnly && opCtx.Operation.Operation != ast.Query {
		out := encode(e.DispatchError(ctx, gqlerror.List{Errorf(ValidationFailed, "a %s needs POST", opCtx.Operation.Operation)}))
		out.Status = statusMethodNotAllowed
		return out
	}
	handler, ctx := e.DispatchOperation(ctx, opCtx)
	resp := handler(ctx)
	if resp == nil { // gqlgen's answer to a context that ended
		resp = e.ended(ctx)
	}
	out = encode(resp)
	out.Operation, out.Documents = opCtx.Operation.Name, runOf(opCtx).nodes
	return out
}

// ended is the answer to a request whose context ended.
func (e *Executor) ended(ctx context.Context) *graphql.Response {
	message := "the request was cancelled"
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		message = "the request took too long"
	}
	return e.DispatchError(ctx, gqlerror.List{Errorf(Unavailable, "%s", message)})
}
