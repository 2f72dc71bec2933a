package graph

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// dataSchema is the executable schema of the data API: what gqlgen generates
// for a schema known when a program is built, for one known when it runs.
type dataSchema struct {
	version  *Version
	resolver Resolver
	limits   *Limits
}

var _ graphql.ExecutableSchema = (*dataSchema)(nil)

// Schema returns the derived API.
func (d *dataSchema) Schema() *ast.Schema { return d.version.Schema.API.AST }

// Complexity is not used: the pre-check estimates.
func (d *dataSchema) Complexity(context.Context, string, string, int, map[string]any) (int, bool) {
	return 0, false
}

// Exec answers the operation in the context once.
func (d *dataSchema) Exec(context.Context) graphql.ResponseHandler {
	done := false
	return func(ctx context.Context) *graphql.Response {
		if done {
			return nil
		}
		done = true
		r := runOf(graphql.GetOperationContext(ctx))
		data, err := d.answer(ctx, r)
		if errors.Is(err, ErrStale) {
			r.stale = true
		} else if err != nil {
			for _, e := range errorsOf(err, onlyPath(r.plan)) {
				graphql.AddError(ctx, e)
			}
		}
		if data == nil {
			data = []byte("null")
		}
		return &graphql.Response{Data: data}
	}
}

// onlyPath is the path of the only field of an operation: an error that names
// none must be of that one.
func onlyPath(p *plan) ast.Path {
	if len(p.op.Fields) != 1 {
		return nil
	}
	return ast.Path{ast.PathName(p.op.Fields[0].Key)}
}

// answer asks the resolver and writes the data.
func (d *dataSchema) answer(ctx context.Context, r *run) (data []byte, err error) {
	answer := &Answer{}
	defer func() {
		if v := recover(); v != nil {
			data, err = nil, recovered(ctx, v)
		}
		extend(ctx, answer, err != nil)
	}()
	if fields := r.plan.op.Fields; len(fields) > 0 {
		resolve := d.resolver.Query
		if r.plan.op.Mutation {
			resolve = d.resolver.Mutation
		}
		if answer, err = resolve(ctx, d.version, r.plan.op); err != nil {
			return nil, err
		}
		if answer == nil || len(answer.Roots) != len(fields) {
			return nil, fmt.Errorf("resolver did not answer each of %d fields", len(fields))
		}
	}
	w := &writer{ctx: ctx, limits: d.limits, buf: make([]byte, 0, estimate(answer))}
	if err := d.write(ctx, w, r.plan, answer); err != nil {
		return nil, err
	}
	r.nodes = w.count
	d.note(ctx, w, answer)
	return w.buf, nil
}

// extend tells what the resolver has to say beside the data.
func extend(ctx context.Context, a *Answer, failed bool) {
	if a == nil {
		return
	}
	if _, wrote := a.Extensions["commitTime"]; wrote && failed {
		// Too late to refuse: who sends the mutation again writes again.
		a.Extensions["committed"] = true
	}
	for name, v := range a.Extensions {
		if name != "denied" {
			graphql.RegisterExtension(ctx, name, v)
		}
	}
}

// estimate is the expected size of the data: names come to the text.
func estimate(a *Answer) int {
	n := 64
	for _, r := range a.Roots {
		n += 2 * len(r.Text)
	}
	return n
}

// write appends the data object, keys in the order of the selection.
func (d *dataSchema) write(ctx context.Context, w *writer, p *plan, a *Answer) error {
	next := 0
	for i := range p.roots {
		root := &p.roots[i]
		w.buf = append(w.buf, "{,"[min(i, 1)])
		w.buf = appendString(w.buf, root.key)
		w.buf = append(w.buf, ':')
		switch {
		case root.field != nil:
			if err := w.root(root.key, a.Roots[next]); err != nil {
				return err
			}
			next++
		case root.introspection != nil:
			answer, err := introspect(ctx, d.Schema(), root.introspection)
			if err != nil {
				return err
			}
			w.buf = append(w.buf, answer...)
		default:
			w.buf = appendString(w.buf, root.typename)
		}
	}
	if len(p.roots) == 0 { // everything was skipped
		w.buf = append(w.buf, '{')
	}
	w.buf = append(w.buf, '}')
	if n := len(w.buf); n > w.limits.ResponseBytes {
		return exceeds("response too large, in bytes", n, w.limits.ResponseBytes)
	}
	return nil
}

// note adds what is to be said about single values.
func (d *dataSchema) note(ctx context.Context, w *writer, a *Answer) {
	for _, list := range [...]gqlerror.List{a.Errors, w.errs} {
		if len(list) == 0 {
			continue
		}
		for _, e := range errorsOf(list, nil) {
			graphql.AddError(ctx, e)
		}
	}
	if len(w.denied) > 0 {
		graphql.RegisterExtension(ctx, "denied", w.denied)
	}
}

// recovered makes an error of a panic, for the log. It has no code, so the
// client sees an internal error.
func recovered(_ context.Context, v any) error {
	return fmt.Errorf("panic: %v\n%s", v, debug.Stack())
}
