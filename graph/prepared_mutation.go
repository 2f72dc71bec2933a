package graph

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
)

// inputVariables are the variables that stand for what a mutation of one document
// writes, and nowhere else: its id, its data, members of the data, and documents
// that those connect. Nil: the mutation goes the ordinary way.
func (d *document) inputVariables(ed *edition, op *ast.OperationDefinition) map[string]bool {
	if len(op.SelectionSet) != 1 {
		return nil
	}
	f, ok := op.SelectionSet[0].(*ast.Field)
	if !ok {
		return nil
	}
	root := ed.version.Schema.API.Mutation[f.Name]
	if root == nil || !root.Op.WritesOne() {
		return nil
	}
	uses := map[string]int{}
	countVariables(d.ast, uses)
	input := map[string]bool{}
	note := func(v *ast.Value) {
		if v.Kind == ast.Variable {
			input[v.Raw] = uses[v.Raw] == 1
		}
	}
	for _, a := range f.Arguments {
		switch {
		case a.Name == "id":
			note(a.Value)
		case a.Name != "data":
			return nil
		case a.Value.Kind == ast.Variable:
			note(a.Value)
		}
		for _, member := range a.Value.Children {
			note(member.Value)
			if in := member.Value.Children; member.Value.Kind == ast.ObjectValue && len(in) == 1 && in[0].Name == "connect" {
				note(in[0].Value)
			}
		}
	}
	return input
}

// walk goes through the variables of a mutation, always in the same order.
type walk struct {
	values []any  // that a Variable stands for
	text   []byte // of what is left: the names of members, null, conditions
	failed bool   // something else is left
}

// mutation returns the variables with a Variable in the place of each value.
func (w *walk) mutation(f *form, variables map[string]any) map[string]any {
	out := make(map[string]any, len(variables))
	for _, def := range f.op.VariableDefinitions {
		v, given := variables[def.Variable]
		switch {
		case !given:
			w.text = append(w.text, '-')
			continue
		case f.input[def.Variable]:
			v = w.value(v, 0)
		case v != nil:
			w.failed = true
		}
		out[def.Variable] = v
		w.text = append(w.text, ';')
	}
	return out
}

// value goes through a value: of a variable, a member of it (1), or what that
// connects (2).
func (w *walk) value(v any, depth int) any {
	switch x := v.(type) {
	case nil:
		w.text = append(w.text, '0')
		return nil
	case string, int64, float64, bool:
		if depth == 2 {
			if _, ok := v.(string); !ok {
				break
			}
		}
		w.text = append(w.text, '?')
		w.values = append(w.values, v)
		return Variable(len(w.values) - 1)
	case map[string]any:
		if depth == 2 || depth == 1 && (len(x) != 1 || x["connect"] == nil) {
			break
		}
		names := make([]string, 0, len(x))
		for name := range x {
			names = append(names, name)
		}
		slices.Sort(names)
		out := make(map[string]any, len(x))
		w.text = append(w.text, '{')
		for _, name := range names {
			w.text = append(append(w.text, name...), ':')
			out[name] = w.value(x[name], depth+1)
		}
		w.text = append(w.text, '}')
		return out
	}
	w.failed = true
	return v
}

// written is the answer to a mutation that has happened. Whatever is wrong with
// it, the mutation is not asked for again.
func (e *Executor) written(ctx context.Context, ed *edition, f *form, p *plan, answer *Answer) *Response {
	if answer == nil {
		answer = &Answer{}
	}
	resp := &graphql.Response{Extensions: map[string]any{}}
	w := &writer{ctx: ctx, limits: &ed.options.Limits, buf: make([]byte, 0, estimate(answer))}
	err := func() (err error) {
		defer func() {
			if v := recover(); v != nil {
				err = recovered(ctx, v)
			}
		}()
		if len(answer.Roots) != len(p.op.Fields) {
			return fmt.Errorf("resolver did not answer each of %d fields", len(p.op.Fields))
		}
		return ed.data.write(ctx, w, p, answer)
	}()
	maps.Copy(resp.Extensions, answer.Extensions)
	if err != nil {
		failed := e.failed(ctx, p, err)
		resp.Data, resp.Errors = failed.Data, failed.Errors
		resp.Extensions["committed"] = true
	} else {
		resp.Data = w.buf
		for _, one := range w.errs {
			resp.Errors = append(resp.Errors, e.present(ctx, one))
		}
		if len(w.denied) > 0 {
			resp.Extensions["denied"] = w.denied
		}
	}
	out := encode(e.bound(resp))
	out.Operation = f.op.Name
	if err == nil {
		out.Documents = w.count
	}
	return out
}
