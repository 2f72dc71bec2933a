package rules

import (
	"strings"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
)

// direct computes a slot, or a part of one, without CEL's evaluator: a tenth of
// its time. The answer is the same.
type direct func(c *Caller) result

// direct returns how to compute an expression of the forms that rules usually
// have, nil for another one. Left out is what costs the more the longer a claim
// is: there CEL's limit decides.
func (e *Env) direct(x ast.Expr) direct {
	switch x.Kind() {
	case ast.LiteralKind:
		return literal(x)
	case ast.IdentKind:
		switch x.AsIdent() {
		case "anyone":
			return constant(true)
		case "signedIn":
			return signedIn
		case "now":
			return func(c *Caller) result { return known(c.clock()) }
		}
	case ast.ListKind:
		elems := make([]any, 0, x.AsList().Size())
		for _, el := range x.AsList().Elements() {
			d := literal(el)
			if d == nil {
				return nil
			}
			elems = append(elems, d(nil).v)
		}
		return constant(elems)
	case ast.SelectKind:
		return e.directSelect(x)
	case ast.CallKind:
		return e.directCall(x)
	}
	return nil
}

func constant(v any) direct { return func(*Caller) result { return known(v) } }

func literal(x ast.Expr) direct {
	if x.Kind() != ast.LiteralKind {
		return nil
	}
	switch v := native(x.AsLiteral()).(type) {
	case bool, int64, float64, string:
		return constant(v)
	}
	return nil
}

func signedIn(c *Caller) result { return boolean(c.token != nil) }

func currentIdentity(c *Caller) result {
	if c.token == nil {
		return result{}
	}
	return known(c.token.subject)
}

func currentToken(c *Caller) result {
	if c.token == nil {
		return result{}
	}
	return known(c.token.claims)
}

func holds(role string) direct {
	return func(c *Caller) result { return boolean(c.Holds(role)) }
}

// directSelect computes x.name and has(x.name), where x is the token or inside.
func (e *Env) directSelect(x ast.Expr) direct {
	s := x.AsSelect()
	name := s.FieldName()
	if isToken(s.Operand()) {
		for _, claim := range e.claims {
			if claim.Name != name {
				continue
			}
			return func(c *Caller) result {
				switch {
				case c.token == nil:
					return result{}
				case s.IsTestOnly():
					return claim.has(c.token.claims)
				}
				return claim.read(c.token.claims)
			}
		}
	}
	of := e.inToken(s.Operand())
	switch {
	case of == nil:
		return nil
	case s.IsTestOnly():
		return func(c *Caller) result { return of(c).has(name) }
	}
	return func(c *Caller) result { return of(c).member(name) }
}

// inToken is direct for the token and what is selected from it.
func (e *Env) inToken(x ast.Expr) direct {
	call := x.Kind() == ast.CallKind && (isToken(x) || x.AsCall().FunctionName() == operators.Index)
	if call || x.Kind() == ast.SelectKind && !x.AsSelect().IsTestOnly() {
		return e.direct(x)
	}
	return nil
}

func (e *Env) directCall(x ast.Expr) direct {
	call := x.AsCall()
	args := call.Args()
	if call.IsMemberFunction() {
		args = append([]ast.Expr{call.Target()}, args...)
	}
	switch name := call.FunctionName(); name {
	case "CurrentIdentity":
		return currentIdentity
	case "CurrentToken":
		return currentToken
	case "HasCurrentIdentity":
		return signedIn
	case "HasRole":
		if role := roleName(x); role != "" {
			return holds(role)
		}
	case "timestamp", "duration":
		return directTime(name, args)
	case operators.Index:
		of, key := e.inToken(args[0]), text(args[1])
		if of != nil && key != nil {
			return func(c *Caller) result { return of(c).member(*key) }
		}
	case "startsWith", "endsWith":
		return e.directAffix(name, args)
	case operators.Less, operators.LessEquals, operators.Greater, operators.GreaterEquals:
		if short(args[0]) || short(args[1]) {
			return e.directOf(name, args)
		}
	case operators.Add, operators.Subtract:
		return directShift(name, args)
	default:
		return e.directOf(name, args)
	}
	return nil
}

// directOf computes an operator of parts that are computed directly.
func (e *Env) directOf(name string, args []ast.Expr) direct {
	parts := make([]direct, len(args))
	for i, x := range args {
		if parts[i] = e.direct(x); parts[i] == nil {
			return nil
		}
	}
	switch len(parts) {
	case 1:
		return directUnary(name, parts[0])
	case 2:
		return directBinary(name, parts[0], parts[1])
	case 3:
		if name == operators.Conditional {
			return directChoice(parts[0], parts[1], parts[2])
		}
	}
	return nil
}

func directUnary(name string, a direct) direct {
	switch name {
	case operators.LogicalNot:
		return func(c *Caller) result { return a(c).not() }
	case "size":
		return func(c *Caller) result { return a(c).size() }
	}
	return nil
}

func directBinary(name string, a, b direct) direct {
	switch name {
	case operators.Equals:
		return func(c *Caller) result { return equalStrictly(a(c), b(c)) }
	case operators.NotEquals:
		return func(c *Caller) result { return equalStrictly(a(c), b(c)).not() }
	case operators.In, operators.OldIn:
		return func(c *Caller) result { return inStrictly(a(c), b(c)) }
	case operators.LogicalAnd:
		return func(c *Caller) result { return both(a, b, c, False) }
	case operators.LogicalOr:
		return func(c *Caller) result { return both(a, b, c, True) }
	case operators.Less:
		return ordered(a, b, func(n int) bool { return n < 0 })
	case operators.LessEquals:
		return ordered(a, b, func(n int) bool { return n <= 0 })
	case operators.Greater:
		return ordered(a, b, func(n int) bool { return n > 0 })
	case operators.GreaterEquals:
		return ordered(a, b, func(n int) bool { return n >= 0 })
	}
	return nil
}

func directChoice(cond, yes, no direct) direct {
	return func(c *Caller) result {
		switch cond(c).truth() {
		case True:
			return yes(c)
		case False:
			return no(c)
		}
		return result{}
	}
}

// directTime computes timestamp and duration of a literal that is one.
func directTime(name string, args []ast.Expr) direct {
	typ := map[string]ref.Type{"timestamp": types.TimestampType, "duration": types.DurationType}[name]
	if len(args) != 1 || text(args[0]) == nil {
		return nil
	}
	r := fromCEL(types.String(*text(args[0])).ConvertToType(typ))
	if !r.known {
		return nil
	}
	return constant(r.v)
}

// directShift computes now with a duration added or subtracted.
func directShift(name string, args []ast.Expr) direct {
	if args[0].Kind() != ast.IdentKind || args[0].AsIdent() != "now" || args[1].Kind() != ast.CallKind || args[1].AsCall().FunctionName() != "duration" {
		return nil
	}
	by := directTime("duration", args[1].AsCall().Args())
	if by == nil {
		return nil
	}
	d := by(nil).v.(types.Duration)
	if name == operators.Subtract {
		return func(c *Caller) result { return fromCEL(types.Timestamp{Time: c.clock()}.Subtract(d)) }
	}
	return func(c *Caller) result { return fromCEL(types.Timestamp{Time: c.clock()}.Add(d)) }
}

// directAffix computes startsWith and endsWith of a literal.
func (e *Env) directAffix(name string, args []ast.Expr) direct {
	test := strings.HasPrefix
	if name == "endsWith" {
		test = strings.HasSuffix
	}
	a, affix := e.direct(args[0]), text(args[1])
	if a == nil || affix == nil {
		return nil
	}
	return func(c *Caller) result {
		r := a(c)
		s, ok := r.v.(string)
		return result{test(s, *affix), ok && r.known}
	}
}

// text is what a literal says, nil for anything else.
func text(x ast.Expr) *string {
	if x.Kind() == ast.LiteralKind {
		if s, ok := x.AsLiteral().(types.String); ok {
			return (*string)(&s)
		}
	}
	return nil
}

// short reports that an expression is no longer than the rule says.
func short(x ast.Expr) bool {
	switch x.Kind() {
	case ast.LiteralKind, ast.IdentKind:
		return true
	case ast.CallKind:
		name := x.AsCall().FunctionName()
		return name == "timestamp" || name == "size"
	}
	return false
}
