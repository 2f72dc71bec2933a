package rules

import (
	"encoding/json"
	"math"
	"math/big"
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

// Slot is a part of an expression that touches no document: it is computed
// once per request from the caller. CEL evaluates it, with == != in and has
// made strict: what CEL answers for mixed types or null claims is unknown here.
type Slot struct {
	Text string // as written, for printing
	typ  *cel.Type
	run  cel.Program
	// identity marks the commonest slot, CurrentIdentity() alone; constant one
	// that is the same for every caller at all times.
	identity, constant bool
	role               string // a test for this role, without an expression
	link               *link  // the claim that finds the caller's document
	provider           string // a test for the provider that vouched for the token
}

// HasRole is the predicate that the caller holds the role.
func HasRole(name string) Pred {
	return SlotTest{&Slot{Text: "HasRole(" + strconv.Quote(name) + ")", typ: cel.BoolType, role: name}}
}

// result is a slot's value; nil is unknown.
type result struct{ v ref.Val }

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
	if !out.identity {
		r := rewriter{f: ast.NewExprFactory(), next: maxID(e), claims: s.env.claims}
		if out.run, err = s.env.strict.PlanProgram(ast.NewAST(r.expr(e), s.info), cel.CostLimit(100_000)); err != nil {
			s.fault(e, "", "cannot plan the expression: %v", err)
			return nil
		}
	}
	if unparsed == nil {
		s.env.slots[text] = out
	}
	return out
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
	claim := func(name string, out *cel.Type, fn func(...ref.Val) ref.Val) cel.EnvOption {
		args := []*cel.Type{dyn, cel.StringType, cel.IntType, cel.BoolType}
		return cel.Function(name, cel.Overload("declared_"+name, args, out, cel.FunctionBinding(fn)))
	}
	env, err := cel.NewEnv(cel.CrossTypeNumericComparisons(true), claim("@claim", dyn, declaredClaim), claim("@hasClaim", cel.BoolType, hasDeclaredClaim),
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
		return a.c.identity, a.c.signedIn
	case "@token":
		return a.c.token, a.c.signedIn
	case "@signedIn":
		return a.c.signedIn, true
	case "@roles":
		return a.c.roles, true
	case "@now":
		return a.c.now, true
	}
	return nil, false
}

type activation struct{ c *Caller }

func (a activation) Parent() cel.Activation { return nil }

func (s *Slot) eval(c *Caller) result {
	switch {
	case s.identity && !c.signedIn:
		return result{}
	case s.identity:
		return result{types.String(c.identity)}
	case s.role != "":
		return result{types.Bool(c.Holds(s.role))}
	case s.provider != "":
		return result{types.Bool(c.provider == s.provider)}
	case s.link != nil:
		return c.linked(*s.link)
	}
	v, _, err := s.run.Eval(activation{c})
	if err != nil || types.IsUnknownOrError(v) {
		return result{}
	}
	return result{v}
}

func (r result) bool() (v, ok bool) {
	b, ok := r.v.(types.Bool)
	return bool(b), ok
}

// scalar reads the value as a kind; ok is false where it is not exactly one.
func (r result) scalar(k Kind) (any, bool) {
	switch v := r.v.(type) {
	case types.Bool:
		return bool(v), k == Bool
	case types.String:
		s := string(v)
		switch k {
		case String, ID, Enum, Ref:
			return s, ValidText(s)
		case Date:
			return s, ValidDate(s)
		case UUID:
			return CanonicalUUID(s)
		case Decimal:
			return CanonicalDecimal(s)
		}
	case types.Int:
		switch k {
		case Int, Long:
			return int64(v), true
		case Float:
			f, ok := exactFloat(int64(v))
			return f, ok
		}
	case types.Double:
		switch k {
		case Int, Long:
			i, ok := exactInt(float64(v))
			return i, ok
		case Float:
			f := float64(v)
			return f + 0, !math.IsNaN(f) && !math.IsInf(f, 0)
		}
	case types.Timestamp:
		if k == Time {
			return v.Time.UnixMicro(), v.Time.Nanosecond()%1000 == 0
		}
	}
	return nil, false
}

// list reads a list of a kind, leaving out what is not exactly one.
func (r result) list(k Kind) (_ Value, tainted, ok bool) {
	l, ok := r.v.(traits.Lister)
	if !ok {
		return Value{}, false, false
	}
	elems := []any{}
	for it := l.Iterator(); it.HasNext() == types.True; {
		if x, ok := (result{it.Next()}).scalar(k); ok {
			elems = append(elems, x)
		} else {
			tainted = true
		}
	}
	return Value{Kind: k, List: true, V: elems}, tainted, true
}

// celClaims turns decoded JSON into CEL's types. A number that neither a
// 64-bit integer nor the shortest form of a double holds exactly becomes
// something that CEL cannot use: unknown.
func celClaims(in map[string]any) map[string]any {
	out := make(map[string]any, len(in))
	for k, v := range in {
		out[k] = celClaim(v)
	}
	return out
}

type inexact struct{}

func celClaim(v any) any {
	switch v := v.(type) {
	case map[string]any:
		return celClaims(v)
	case []any:
		out := make([]any, len(v))
		for i, x := range v {
			out[i] = celClaim(x)
		}
		return out
	case json.Number:
		s := v.String()
		if i, err := strconv.ParseInt(s, 10, 64); err == nil {
			return i
		}
		f, err := strconv.ParseFloat(s, 64)
		if err != nil || len(s) > 64 || hugeExponent(s) {
			return inexact{}
		}
		if i, ok := exactInt(f); ok {
			if sameNumber(s, strconv.FormatInt(i, 10)) {
				return i
			}
		}
		if sameNumber(s, strconv.FormatFloat(f, 'g', -1, 64)) {
			return f
		}
		return inexact{}
	}
	return v
}

// hugeExponent keeps exact arithmetic small: 1e-999999 is no use to anyone.
func hugeExponent(s string) bool {
	i := strings.IndexAny(s, "eE")
	if i < 0 {
		return false
	}
	n, err := strconv.Atoi(s[i+1:])
	return err != nil || n > 400 || n < -400
}

func sameNumber(a, b string) bool {
	x, ok1 := new(big.Rat).SetString(a)
	y, ok2 := new(big.Rat).SetString(b)
	return ok1 && ok2 && x.Cmp(y) == 0
}
