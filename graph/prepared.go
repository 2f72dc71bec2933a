package graph

import (
	"context"
	"encoding/json"
	"errors"
	"maps"

	"flora.dev/flora/schema"
	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
)

// An operation that was asked before takes a shorter way: its document is known to
// be valid, and its plan is kept. Nothing that differs from the ordinary way is decided
// here: where something is unusual, and wherever something goes wrong, the request
// goes that way from its beginning, but for a mutation that has happened.

// preparedKey names an operation by all that its plans depend on beside the caller.
type preparedKey struct {
	document  *document
	operation string
	variables string // what is known of those that are no Variable
}

// preparedOperation is an operation with its plans. One that has none goes the
// ordinary way.
type preparedOperation struct {
	plan  *plan
	plans Prepared
}

// A generation of prepared operations.
const (
	preparedEntries = 2000
	preparedBytes   = 16 << 20
	preparedKeyText = 1 << 10 // bytes of the variables in a key
	planBytes       = 4 << 10 // of a plan, beside
	planBytesPer    = 40      // for each byte of its query text
)

// brief runs a request on the short way. Nil: it has to go the ordinary way.
func (e *Executor) brief(ctx context.Context, ed *edition, req *Request) *Response {
	if ed.preparer == nil || ctx.Err() != nil {
		return nil
	}
	doc := ed.documents.get(req.Query)
	if doc == nil {
		return nil
	}
	form := doc.form(ed, req.OperationName)
	if form == nil || form.mutation && (req.ReadOnly || req.RetryKey != "") {
		return nil
	}
	given, err := decodeVariables(req, &ed.options.Limits)
	if err != nil {
		return nil
	}
	key := preparedKey{document: doc, operation: req.OperationName}
	var variables map[string]any
	if len(form.op.VariableDefinitions) > 0 {
		if variables, err = coerceVariables(ed.schema, form.op, given); err != nil {
			return nil
		}
	}
	values, known, ok := form.values(variables)
	if !ok {
		return nil
	}
	key.variables = known
	size := planBytes + planBytesPer*len(req.Query) + len(known)
	p, ok := ed.prepared.get(key)
	if !ok {
		p = ed.prepared.add(key, ed.prepare(doc, form, given, variables, func() { ed.prepared.grow(key, size) }), size)
	}
	if p.plans == nil {
		return nil
	}
	answer, failed := p.plans.Answer(ctx, values)
	switch {
	case errors.Is(failed, ErrUnprepared), errors.Is(failed, ErrStale):
		return nil
	case failed != nil: // the store is in trouble: it is not asked again
		out := encode(e.failed(ctx, p.plan, failed))
		out.Operation = form.op.Name
		return out
	case form.mutation:
		return e.written(ctx, ed, form, p.plan, answer)
	}
	if answer == nil || len(answer.Roots) != len(p.plan.op.Fields) || len(answer.Errors)+len(answer.Extensions) > 0 {
		return nil
	}
	body := make([]byte, len(dataOnly), len(dataOnly)+estimate(answer)+1)
	w := &writer{ctx: ctx, limits: &ed.options.Limits, buf: body[len(dataOnly):]}
	if ed.data.write(ctx, w, p.plan, answer) != nil || len(w.errs) > 0 {
		return nil
	}
	var out *Response
	switch grown := cap(w.buf) != cap(body)-len(dataOnly); {
	case len(w.denied) > 0:
		out = encode(&graphql.Response{Data: w.buf, Extensions: map[string]any{"denied": w.denied}})
	case grown:
		out = encode(&graphql.Response{Data: w.buf})
	default: // the data stands where it belongs already
		copy(body, dataOnly)
		out = &Response{Status: statusOK, Body: append(body[:len(dataOnly)+len(w.buf)], '}')}
	}
	out.Operation, out.Documents = form.op.Name, w.count
	return out
}

// dataOnly is how an answer begins that has no errors.
const dataOnly = `{"data":`

// failed is the answer to a query that the resolver failed to answer.
func (e *Executor) failed(ctx context.Context, p *plan, err error) *graphql.Response {
	resp := &graphql.Response{Data: []byte("null")}
	for _, one := range errorsOf(err, onlyPath(p)) {
		resp.Errors = append(resp.Errors, e.present(ctx, one))
	}
	return e.bound(resp)
}

// prepare plans an operation whose variables are known but for those that are open.
func (ed *edition) prepare(doc *document, form *form, given, variables map[string]any, grow func()) *preparedOperation {
	if doc.varies {
		c := checker{schema: ed.schema, roles: ed.roles, limits: &ed.options.Limits, variables: given}
		if _, err := c.check(doc.ast); err != nil {
			return &preparedOperation{}
		}
	}
	plan, err := collect(ed.schema, doc.ast, form.op, form.opened(variables))
	if err != nil {
		return &preparedOperation{}
	}
	for i := range plan.roots {
		if plan.roots[i].introspection != nil {
			return &preparedOperation{}
		}
	}
	return &preparedOperation{plan, ed.preparer.Prepare(ed.version, plan.op, grow)}
}

// form is what one operation of a document needs of its variables.
type form struct {
	op       *ast.OperationDefinition
	open     []string // of a query: variables whose values no plan depends on, by the number of the Variable
	mutation bool
	input    map[string]bool // of a mutation: variables that stand for what it writes, and nowhere else
}

// values are those that no plan depends on, by the number of the Variable, and a
// text for the others. ok is false where the ordinary way must be gone.
func (f *form) values(variables map[string]any) (open []any, known string, ok bool) {
	if f.mutation {
		w := walk{}
		w.mutation(f, variables)
		return w.values, string(w.text), !w.failed && len(w.text) <= preparedKeyText
	}
	if len(variables) > len(f.open) {
		if known = f.fixed(variables); known == "" {
			return nil, "", false
		}
	}
	open = make([]any, len(f.open))
	for i, name := range f.open {
		open[i] = variables[name]
	}
	return open, known, true
}

// opened are the variables with a Variable in the place of each of the values.
func (f *form) opened(variables map[string]any) map[string]any {
	if f.mutation {
		w := walk{}
		return w.mutation(f, variables)
	}
	known := maps.Clone(variables)
	for i, name := range f.open {
		known[name] = Variable(i)
	}
	return known
}

// fixed is the text of the variables that plans of a query depend on, "" if it is too
// long for a key. A type has one text for each of its values.
func (f *form) fixed(variables map[string]any) string {
	rest := maps.Clone(variables)
	for _, name := range f.open {
		delete(rest, name)
	}
	text, err := json.Marshal(rest) // in the order of names
	if err != nil || len(text) > preparedKeyText {
		return ""
	}
	return string(text)
}

// form returns what is known of an operation: nil for one that is not in the
// document, or that goes the ordinary way for what it asks.
func (d *document) form(ed *edition, operation string) *form {
	d.once.Do(func() {
		if d.varies && len(d.ast.Operations) > 1 { // on variables of others, which are in no key
			return
		}
		for _, op := range d.ast.Operations {
			hidden := !ed.options.Introspection && withoutIntrospection(op, d.ast.Fragments) != nil
			switch {
			case hidden:
			case op.Operation == ast.Query:
				d.forms = append(d.forms, &form{op: op, open: d.openVariables(ed, op)})
			case op.Operation == ast.Mutation && !d.varies:
				if input := d.inputVariables(ed, op); input != nil {
					d.forms = append(d.forms, &form{op: op, mutation: true, input: input})
				}
			}
		}
	})
	op := d.ast.Operations.ForName(operation)
	for _, f := range d.forms {
		if f.op == op {
			return f
		}
	}
	return nil
}

// openVariables are the variables that are used as the id of finders at the
// root, and nowhere else.
func (d *document) openVariables(ed *edition, op *ast.OperationDefinition) (open []string) {
	finders := map[string]int{}
	for _, s := range op.SelectionSet {
		f, ok := s.(*ast.Field)
		if !ok {
			continue
		}
		root := ed.version.Schema.API.Query[f.Name]
		id := f.Arguments.ForName("id")
		if root != nil && root.Op == schema.FindByID && id != nil && id.Value.Kind == ast.Variable {
			finders[id.Value.Raw]++
		}
	}
	uses := map[string]int{}
	countVariables(d.ast, uses)
	for _, def := range op.VariableDefinitions {
		if n := finders[def.Variable]; n > 0 && n == uses[def.Variable] && def.Type.NonNull && def.DefaultValue == nil {
			open = append(open, def.Variable)
		}
	}
	return open
}

// countVariables counts the uses of each variable in a document.
func countVariables(doc *ast.QueryDocument, uses map[string]int) {
	var value func(v *ast.Value)
	value = func(v *ast.Value) {
		if v == nil {
			return
		}
		if v.Kind == ast.Variable {
			uses[v.Raw]++
		}
		for _, child := range v.Children {
			value(child.Value)
		}
	}
	arguments := func(list ast.ArgumentList) {
		for _, a := range list {
			value(a.Value)
		}
	}
	directives := func(list ast.DirectiveList) {
		for _, d := range list {
			arguments(d.Arguments)
		}
	}
	var walk func(set ast.SelectionSet)
	walk = func(set ast.SelectionSet) {
		for _, s := range set {
			directives(directivesOf(s))
			switch s := s.(type) {
			case *ast.Field:
				arguments(s.Arguments)
				walk(s.SelectionSet)
			case *ast.InlineFragment:
				walk(s.SelectionSet)
			}
		}
	}
	for _, op := range doc.Operations {
		directives(op.Directives)
		walk(op.SelectionSet)
	}
	for _, f := range doc.Fragments {
		directives(f.Directives)
		walk(f.SelectionSet)
	}
}
