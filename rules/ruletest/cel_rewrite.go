package ruletest

import (
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
)

// rewrite replaces operators and Flora's names.
type rewrite struct {
	f      ast.ExprFactory
	id     int64
	oracle *Oracle
	// doc stands for doc inside a named rule.
	doc ast.Expr
}

// inline parses a text that stands for a call.
func (r *rewrite) inline(text string, doc ast.Expr) ast.Expr {
	parsed, iss := r.oracle.env.Parse(text)
	if iss.Err() != nil {
		panic(iss.Err())
	}
	inner := *r
	inner.doc = doc
	out := inner.expr(parsed.NativeRep().Expr())
	r.id = inner.id
	return out
}

func (r *rewrite) next() int64 { r.id++; return r.id }

func (r *rewrite) call(name string, args ...ast.Expr) ast.Expr {
	return r.f.NewCall(r.next(), name, args...)
}

func (r *rewrite) ident(name string) ast.Expr { return r.f.NewIdent(r.next(), name) }

func (r *rewrite) all(es []ast.Expr) []ast.Expr {
	out := make([]ast.Expr, len(es))
	for i, e := range es {
		out[i] = r.expr(e)
	}
	return out
}

// base is what a chain of fields begins with.
type base struct {
	name string
	call ast.Expr
}

func root(e ast.Expr) base {
	switch e.Kind() {
	case ast.SelectKind:
		return root(e.AsSelect().Operand())
	case ast.IdentKind:
		return base{e.AsIdent(), nil}
	case ast.CallKind:
		if c := e.AsCall(); c.FunctionName() == operators.Index {
			return root(c.Args()[0])
		}
		return base{e.AsCall().FunctionName(), e}
	}
	return base{}
}

// user is the document that CurrentUser() or CurrentUser("Type") calls.
func (r *rewrite) user(call ast.Expr) ast.Expr {
	if args := call.AsCall().Args(); len(args) == 1 {
		return r.ident("@user" + args[0].AsLiteral().Value().(string))
	}
	return r.ident("@userUser")
}

func (r *rewrite) expr(e ast.Expr) ast.Expr {
	switch e.Kind() {
	case ast.IdentKind:
		switch e.AsIdent() {
		case "doc":
			if r.doc != nil {
				return r.f.CopyExpr(r.doc)
			}
		case "anyone":
			return r.f.NewLiteral(r.next(), types.True)
		case "signedIn":
			return r.ident("@signedIn")
		}
		return r.ident(e.AsIdent())
	case ast.SelectKind:
		s := e.AsSelect()
		x, name := r.expr(s.Operand()), r.f.NewLiteral(r.next(), types.String(s.FieldName()))
		whole := s.Operand().Kind() == ast.CallKind && s.Operand().AsCall().FunctionName() == "CurrentToken"
		switch typed := whole && r.oracle.setting.Declared; {
		case typed && s.IsTestOnly():
			return r.call("@oracle_hasClaim", x, name)
		case typed:
			return r.call("@oracle_claim", x, name)
		case !s.IsTestOnly():
			return r.f.NewSelect(r.next(), x, s.FieldName())
		}
		switch base := root(s.Operand()); base.name {
		case "CurrentToken":
			return r.call("@oracle_has", x, name)
		case "CurrentUser":
			return r.call("@oracle_hasUser", r.user(base.call), r.f.NewSelect(r.next(), x, s.FieldName()))
		}
		return r.call("@oracle_hasDoc", r.f.NewSelect(r.next(), x, s.FieldName()))
	case ast.ListKind:
		return r.f.NewList(r.next(), r.all(e.AsList().Elements()), nil)
	case ast.ComprehensionKind:
		c := e.AsComprehension()
		return r.f.NewComprehension(r.next(), r.expr(c.IterRange()), c.IterVar(), c.AccuVar(), r.expr(c.AccuInit()),
			r.expr(c.LoopCondition()), r.expr(c.LoopStep()), r.expr(c.Result()))
	case ast.CallKind:
		return r.function(e)
	}
	return e
}

func (r *rewrite) function(e ast.Expr) ast.Expr {
	c := e.AsCall()
	args := c.Args()
	switch name := c.FunctionName(); name {
	case "CurrentIdentity":
		return r.ident("@identity")
	case "CurrentToken":
		return r.ident("@token")
	case "CurrentUser":
		return r.user(e)
	case "HasCurrentIdentity":
		return r.ident("@signedIn")
	case "HasRole":
		if args[0].AsLiteral().Value() == role {
			return r.call(operators.LogicalOr, r.call("@oracle_in", r.expr(args[0]), r.ident("@roles")), r.call("@oracle_role", r.inline(r.oracle.setting.roleWhen(), nil)))
		}
		return r.call("@oracle_in", r.expr(args[0]), r.ident("@roles"))
	case operators.Equals:
		return r.call("@oracle_eq", r.all(args)...)
	case operators.NotEquals:
		return r.call(operators.LogicalNot, r.call("@oracle_eq", r.all(args)...))
	case operators.Less, operators.LessEquals, operators.Greater, operators.GreaterEquals:
		op, _ := operators.FindReverse(name)
		return r.call("@oracle_"+op, r.all(args)...)
	case operators.In:
		if l := args[1]; l.Kind() == ast.ListKind && l.AsList().Size() > 0 { // each element alone may be unknown
			out := r.call("@oracle_eq", r.expr(args[0]), r.expr(l.AsList().Elements()[0]))
			for _, el := range l.AsList().Elements()[1:] {
				out = r.call(operators.LogicalOr, out, r.call("@oracle_eq", r.expr(args[0]), r.expr(el)))
			}
			return out
		}
		return r.call("@oracle_in", r.all(args)...)
	case "startsWith", "endsWith", "contains":
		return r.call("@oracle_"+name, r.expr(c.Target()), r.expr(args[0]))
	case "size":
		return r.call("@oracle_size", r.expr(args[0]))
	}
	for _, n := range r.oracle.setting.Named() {
		if n.Name == c.FunctionName() {
			doc := r.expr(args[0])
			return r.call(operators.Conditional, r.call("@oracle_there", r.f.CopyExpr(doc)), r.inline(n.Text, doc), r.f.NewLiteral(r.next(), types.False))
		}
	}
	if c.IsMemberFunction() {
		return r.f.NewMemberCall(r.next(), c.FunctionName(), r.expr(c.Target()), r.all(args)...)
	}
	return r.call(c.FunctionName(), r.all(args)...)
}
