package rules

import (
	"strconv"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
	"cel.dev/cel-go/parser"
	"flora.dev/flora/internal/leak"
	exprpb "google.golang.org/genproto/googleapis/api/expr/v1alpha1"
)

// Slot is a part of an expression that touches no document: it is computed from
// the caller, by CEL once per request. == != in and has are made strict: what
// CEL answers for mixed types or null claims is unknown here.
type Slot struct {
	Text string // as written, for printing
	typ  *cel.Type
	run  cel.Program // nil with direct
	direct
	// identity marks the commonest slot, CurrentIdentity() alone; constant one
	// that is the same for every caller at all times.
	identity, constant bool
}

// HasRole is the predicate that the caller holds the role.
func HasRole(name string) Pred {
	return SlotTest{&Slot{Text: "HasRole(" + strconv.Quote(name) + ")", typ: cel.BoolType, direct: holds(name)}}
}

// slot checks and plans the expression, or reports faults and returns nil.
func (s *source) slot(e ast.Expr) *Slot {
	text, unparsed := parser.Unparse(e, s.info)
	if old, ok := s.env.slots[text]; ok && unparsed == nil {
		return old
	}
	if !s.noNull(e) {
		return nil
	}
	expr, err := ast.ExprToProto(e)
	if err != nil {
		s.fault(e, "", "cannot read the expression: %v", err)
		return nil
	}
	info, err := ast.SourceInfoToProto(s.info)
	if err != nil {
		s.fault(e, "", "cannot read the expression: %v", err)
		return nil
	}
	checked, issues := s.env.cel.Check(cel.ParsedExprToAst(&exprpb.ParsedExpr{Expr: expr, SourceInfo: info}))
	if issues.Err() != nil {
		for _, x := range issues.Errors() {
			off := 0
			if r, ok := s.info.GetOffsetRange(x.ExprID); ok {
				off = int(r.Start)
			}
			s.faults = append(s.faults, Fault{Offset: off, Message: typeFault(x.Message)})
		}
		return nil
	}
	out := &Slot{Text: text, typ: checked.OutputType(), identity: text == "CurrentIdentity()", constant: true}
	walk(e, func(x ast.Expr) bool {
		if x.Kind() == ast.CallKind {
			switch x.AsCall().FunctionName() {
			case "CurrentIdentity", "CurrentToken", "HasCurrentIdentity", "HasRole":
				out.constant = false
			}
		}
		if x.Kind() == ast.IdentKind && (x.AsIdent() == "now" || x.AsIdent() == "signedIn") {
			out.constant = false
		}
		return true
	})
	if out.direct = s.env.direct(e); out.direct == nil {
		if out.run, err = s.plan(e); err != nil {
			s.fault(e, "", "cannot plan the expression: %v", err)
			return nil
		}
	}
	if unparsed == nil {
		s.env.slots[text] = out
	}
	return out
}

// plan makes CEL's program of an expression.
func (s *source) plan(e ast.Expr) (cel.Program, error) {
	r := rewriter{f: ast.NewExprFactory(), next: maxID(e), claims: s.env.claims}
	return s.env.strict.PlanProgram(ast.NewAST(r.expr(e), s.info), cel.CostLimit(100_000))
}

// noNull refuses comparisons of claims with null, which could never be true.
func (s *source) noNull(e ast.Expr) bool {
	ok := true
	walk(e, func(x ast.Expr) bool {
		if x.Kind() == ast.LiteralKind && x.AsLiteral().Type() == types.NullType {
			s.fault(x, "use has(...)", "a claim is never equal to null: an absent or null claim is unknown")
			ok = false
		}
		return ok
	})
	return ok
}

func typeFault(msg string) string {
	msg = strings.ReplaceAll(msg, "found no matching overload for ", "cannot apply ")
	for _, op := range []string{"==", "!=", "<=", ">=", "<", ">", "+", "-", "*", "/", "%", "&&", "||"} {
		msg = strings.ReplaceAll(msg, "'_"+op+"_'", op)
	}
	msg = strings.ReplaceAll(msg, "'@in'", "in")
	return strings.ReplaceAll(msg, " applied to ", " to ")
}

func maxID(e ast.Expr) int64 {
	var top int64
	walk(e, func(x ast.Expr) bool { top = max(top, x.ID()); return true })
	return top
}

// rewriter replaces Flora's names and CEL's lenient operators.
type rewriter struct {
	f      ast.ExprFactory
	next   int64
	claims []Claim
}

// claim calls a function on a claim that is declared, or returns nil.
func (r *rewriter) claim(function string, e ast.Expr) ast.Expr {
	x := e.AsSelect()
	if !isToken(x.Operand()) {
		return nil
	}
	for _, c := range r.claims {
		if c.Name == x.FieldName() {
			return r.f.NewCall(e.ID(), function, r.expr(x.Operand()), r.f.NewLiteral(r.id(), types.String(c.Key)),
				r.f.NewLiteral(r.id(), types.Int(c.Kind)), r.f.NewLiteral(r.id(), types.Bool(c.List)))
		}
	}
	return nil
}

func (r *rewriter) id() int64 { r.next++; return r.next }

func (r *rewriter) expr(e ast.Expr) ast.Expr {
	f := r.f
	switch e.Kind() {
	case ast.IdentKind:
		switch e.AsIdent() {
		case "anyone":
			return f.NewLiteral(e.ID(), types.True)
		case "now", "signedIn":
			return f.NewIdent(e.ID(), "@"+e.AsIdent())
		}
		return f.NewIdent(e.ID(), e.AsIdent())
	case ast.SelectKind:
		x := e.AsSelect()
		if x.IsTestOnly() {
			if c := r.claim("@hasClaim", e); c != nil {
				return c
			}
			return f.NewCall(e.ID(), "@has", r.expr(x.Operand()), f.NewLiteral(r.id(), types.String(x.FieldName())))
		}
		if c := r.claim("@claim", e); c != nil {
			return c
		}
		return f.NewSelect(e.ID(), r.expr(x.Operand()), x.FieldName())
	case ast.ListKind:
		return f.NewList(e.ID(), r.exprs(e.AsList().Elements()), e.AsList().OptionalIndices())
	case ast.MapKind:
		var entries []ast.EntryExpr
		for _, m := range e.AsMap().Entries() {
			entries = append(entries, f.NewMapEntry(m.ID(), r.expr(m.AsMapEntry().Key()), r.expr(m.AsMapEntry().Value()), false))
		}
		return f.NewMap(e.ID(), entries)
	case ast.ComprehensionKind:
		c := e.AsComprehension()
		rng, init, cond, step, res := r.expr(c.IterRange()), r.expr(c.AccuInit()), r.expr(c.LoopCondition()), r.expr(c.LoopStep()), r.expr(c.Result())
		if c.HasIterVar2() {
			return f.NewComprehensionTwoVar(e.ID(), rng, c.IterVar(), c.IterVar2(), c.AccuVar(), init, cond, step, res)
		}
		return f.NewComprehension(e.ID(), rng, c.IterVar(), c.AccuVar(), init, cond, step, res)
	case ast.CallKind:
		c := e.AsCall()
		switch c.FunctionName() {
		case "CurrentIdentity":
			return f.NewIdent(e.ID(), "@identity")
		case "CurrentToken":
			return f.NewIdent(e.ID(), "@token")
		case "HasCurrentIdentity":
			return f.NewIdent(e.ID(), "@signedIn")
		case "HasRole":
			return f.NewCall(e.ID(), "@strictIn", r.expr(c.Args()[0]), f.NewIdent(r.id(), "@roles"))
		case operators.Equals:
			return f.NewCall(e.ID(), "@eq", r.exprs(c.Args())...)
		case operators.NotEquals:
			return f.NewCall(e.ID(), operators.LogicalNot, f.NewCall(r.id(), "@eq", r.exprs(c.Args())...))
		case operators.In, operators.OldIn:
			return f.NewCall(e.ID(), "@strictIn", r.exprs(c.Args())...)
		}
		if c.IsMemberFunction() {
			return f.NewMemberCall(e.ID(), c.FunctionName(), r.expr(c.Target()), r.exprs(c.Args())...)
		}
		return f.NewCall(e.ID(), c.FunctionName(), r.exprs(c.Args())...)
	}
	return e
}

func (r *rewriter) exprs(es []ast.Expr) []ast.Expr {
	out := make([]ast.Expr, len(es))
	for i, e := range es {
		out[i] = r.expr(e)
	}
	return out
}

// newStrictCEL returns the environment that evaluates rewritten slots.
func newStrictCEL() *cel.Env {
	dyn := cel.DynType
	binary := func(name string, fn func(a, b ref.Val) ref.Val) cel.EnvOption {
		return cel.Function(name, cel.Overload("strict_"+name, []*cel.Type{dyn, dyn}, cel.BoolType, cel.BinaryBinding(fn)))
	}
	claim := func(name string, out *cel.Type, fn func(*Claim, map[string]any) result) cel.EnvOption {
		args := []*cel.Type{dyn, cel.StringType, cel.IntType, cel.BoolType}
		return cel.Function(name, cel.Overload("declared_"+name, args, out, cel.FunctionBinding(func(args ...ref.Val) ref.Val {
			c := Claim{Key: string(args[1].(types.String)), Kind: Kind(args[2].(types.Int)), List: bool(args[3].(types.Bool))}
			r := fn(&c, args[0].Value().(map[string]any))
			if !r.known {
				return errUnknown
			}
			return toCEL(r.v)
		})))
	}
	env, err := cel.NewEnv(cel.CrossTypeNumericComparisons(true), claim("@claim", dyn, (*Claim).read), claim("@hasClaim", cel.BoolType, (*Claim).has),
		binary("@eq", strictEqual), binary("@strictIn", strictIn), binary("@has", strictHas))
	if err != nil {
		panic("rules: CEL environment: " + err.Error())
	}
	return env
}

var errUnknown = types.NewErr("unknown")

func numeric(v ref.Val) bool {
	switch v.(type) {
	case types.Int, types.Uint, types.Double:
		return true
	}
	return false
}

// strictEqual is unknown for null and for different dynamic types.
func strictEqual(a, b ref.Val) ref.Val {
	if a.Type() == types.NullType || b.Type() == types.NullType {
		return errUnknown
	}
	if a.Type() != b.Type() && !(numeric(a) && numeric(b)) {
		return errUnknown
	}
	return a.Equal(b)
}

// strictIn is a Kleene OR of strictEqual over a list, or a key test on a map.
func strictIn(x, in ref.Val) ref.Val {
	if m, ok := in.(traits.Mapper); ok {
		return strictHas(m, x)
	}
	list, ok := in.(traits.Lister)
	if !ok {
		return errUnknown
	}
	var out ref.Val = types.False
	for it := list.Iterator(); it.HasNext() == types.True; {
		switch r := strictEqual(x, it.Next()); {
		case r == types.True:
			return types.True
		case types.IsUnknownOrError(r):
			out = errUnknown
		}
	}
	return out
}

// strictHas is unknown where the claim is null.
func strictHas(m, key ref.Val) ref.Val {
	mapper, ok := m.(traits.Mapper)
	if !ok && leak.On(leak.WrongTypeUnderHas) {
		return types.False
	}
	if !ok {
		return errUnknown
	}
	v, found := mapper.Find(key)
	switch {
	case !found:
		return types.False
	case types.IsUnknownOrError(v) || v.Type() == types.NullType:
		return errUnknown
	}
	return types.True
}

// ResolveName and Parent make a Caller the activation of its slots. An
// anonymous caller has no identity and no token: whatever asks is unknown.
func (a activation) ResolveName(name string) (any, bool) {
	switch name {
	case "@identity":
		if a.c.token != nil {
			return a.c.token.subject, true
		}
	case "@token":
		if a.c.token != nil {
			return a.c.token.claims, true
		}
	case "@signedIn":
		return a.c.token != nil, true
	case "@roles":
		return a.c.roles, true
	case "@now":
		return a.c.clock(), true
	}
	return nil, false
}

type activation struct{ c *Caller }

func (a activation) Parent() cel.Activation { return nil }

// eval computes a slot.
func (s *Slot) eval(c *Caller) result {
	if c.trace != nil { // asked beside the questions
		c.trace.open = true
	}
	if s.direct != nil {
		return s.direct(c)
	}
	if r, ok := c.memo[s]; ok {
		return r
	}
	v, _, err := s.run.Eval(activation{c})
	r := result{}
	if err == nil {
		r = fromCEL(v)
	}
	if c.memo == nil {
		c.memo = map[*Slot]result{}
	}
	c.memo[s] = r
	return r
}

// fromCEL is a value of CEL as a result.
func fromCEL(v ref.Val) result {
	if types.IsUnknownOrError(v) {
		return result{}
	}
	return known(native(v))
}

func native(v ref.Val) any {
	switch v := v.(type) {
	case types.Null:
		return nil
	case types.Bool:
		return bool(v)
	case types.Int:
		return int64(v)
	case types.Double:
		return float64(v)
	case types.String:
		return string(v)
	case types.Timestamp:
		return v.Time
	case traits.Lister:
		out := []any{}
		for it := v.Iterator(); it.HasNext() == types.True; {
			out = append(out, native(it.Next()))
		}
		return out
	}
	return v
}

// toCEL is the inverse of native.
func toCEL(v any) ref.Val { return types.DefaultTypeAdapter.NativeToValue(v) }
