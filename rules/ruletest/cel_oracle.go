package ruletest

import (
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"reflect"
	"strings"
	"time"
	"unicode/utf8"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
	"flora.dev/flora/rules"
)

// Oracle evaluates rule texts on documents in memory: cel-go runs the whole
// text, with the operators replaced by ones written from the language's
// description. It knows no predicates, slots or folding.
type Oracle struct{ env *cel.Env }

// NewOracle returns an oracle.
func NewOracle() *Oracle {
	d, b := cel.DynType, cel.BoolType
	opts := []cel.EnvOption{}
	two := func(name string, fn func(x, y ref.Val) ref.Val, o ...cel.OverloadOpt) {
		opts = append(opts, cel.Function(name, cel.Overload("o"+name, []*cel.Type{d, d}, d, append(o, cel.BinaryBinding(fn))...)))
	}
	two("@oracle_eq", equal)
	two("@oracle_in", in)
	two("@oracle_has", hasClaim)
	two("@oracle_startsWith", text(strings.HasPrefix))
	two("@oracle_endsWith", text(strings.HasSuffix))
	two("@oracle_contains", text(strings.Contains))
	two("@oracle_<", order(func(c int) bool { return c < 0 }))
	two("@oracle_<=", order(func(c int) bool { return c <= 0 }))
	two("@oracle_>", order(func(c int) bool { return c > 0 }))
	two("@oracle_>=", order(func(c int) bool { return c >= 0 }))
	two("@oracle_hasUser", func(user, x ref.Val) ref.Val {
		if types.IsUnknownOrError(user) {
			return user
		}
		return hasDoc(x)
	}, cel.OverloadIsNonStrict())
	opts = append(opts,
		cel.Function("@oracle_hasDoc", cel.Overload("ohasdoc", []*cel.Type{d}, b, cel.OverloadIsNonStrict(), cel.UnaryBinding(hasDoc))),
		cel.Function("@oracle_size", cel.Overload("osize", []*cel.Type{d}, d, cel.UnaryBinding(size))),
		cel.Function("CurrentIdentity", cel.Overload("i", nil, d)), cel.Function("CurrentToken", cel.Overload("t", nil, d)),
		cel.Function("CurrentUser", cel.Overload("u", nil, d)), cel.Function("HasCurrentIdentity", cel.Overload("h", nil, b)),
		cel.Function("HasRole", cel.Overload("r", []*cel.Type{d}, b)),
		// A named rule's document must be there, whatever the rule asks of it.
		cel.Function("@oracle_there", cel.Overload("othere", []*cel.Type{d}, b, cel.UnaryBinding(func(v ref.Val) ref.Val {
			if isNull(v) {
				return unknown
			}
			return types.True
		}))),
		cel.Function("@oracle_role", cel.Overload("orole", []*cel.Type{d}, b, cel.OverloadIsNonStrict(), cel.UnaryBinding(func(v ref.Val) ref.Val {
			return types.Bool(v == types.True)
		}))))
	for _, n := range Named {
		opts = append(opts, cel.Function(n.Name, cel.Overload("n"+n.Name, []*cel.Type{d}, b)))
	}
	env, err := cel.NewEnv(opts...)
	if err != nil {
		panic(err)
	}
	return &Oracle{env}
}

// Sides are the documents that a rule is asked about.
type Sides struct{ Old, New *Doc }

// Eval returns the value of a rule for a caller. An update rule that says doc
// must hold on both sides.
func (o *Oracle) Eval(w *World, c Caller, a rules.Action, rule string, s Sides) (rules.Truth, error) {
	parsed, iss := o.env.Parse(rule)
	if iss.Err() != nil {
		return 0, iss.Err()
	}
	r := rewrite{f: ast.NewExprFactory(), id: 1 << 20, env: o.env}
	prog, err := o.env.PlanProgram(ast.NewAST(r.expr(parsed.NativeRep().Expr()), parsed.NativeRep().SourceInfo()))
	if err != nil {
		return 0, err
	}
	run := func(doc *Doc) rules.Truth {
		vars := map[string]any{"now": Clock, "@roles": append([]string{}, c.Roles...), "@signedIn": c.Claims != nil}
		set := func(name string, d *Doc) {
			if d != nil {
				vars[name] = docVal{d}
			}
		}
		for _, obj := range w.Objects() {
			list := []ref.Val{}
			for _, d := range w.Docs[obj] {
				list = append(list, docVal{d})
			}
			vars[obj.Name] = list
		}
		set("doc", doc)
		set("oldDoc", s.Old)
		set("newDoc", s.New)
		if c.Claims != nil {
			vars["@identity"], vars["@token"] = c.Identity, claim(c.Claims)
			set("@user", w.UserOf(c.Identity))
		}
		v, _, err := prog.Eval(vars)
		if b, ok := v.(types.Bool); ok && err == nil {
			if b {
				return rules.True
			}
			return rules.False
		}
		return rules.Unknown
	}
	switch {
	case a == rules.Create:
		return run(s.New), nil
	case a != rules.Update:
		return run(s.Old), nil
	}
	x, y := run(s.Old), run(s.New)
	switch {
	case x == rules.False || y == rules.False:
		return rules.False, nil
	case x == rules.True && y == rules.True:
		return rules.True, nil
	}
	return rules.Unknown, nil
}

// rewrite replaces operators and Flora's names.
type rewrite struct {
	f   ast.ExprFactory
	id  int64
	env *cel.Env
	// doc stands for doc inside a named rule.
	doc ast.Expr
}

// inline parses a text that stands for a call.
func (r *rewrite) inline(text string, doc ast.Expr) ast.Expr {
	parsed, iss := r.env.Parse(text)
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

func root(e ast.Expr) string {
	switch e.Kind() {
	case ast.SelectKind:
		return root(e.AsSelect().Operand())
	case ast.IdentKind:
		return e.AsIdent()
	case ast.CallKind:
		return e.AsCall().FunctionName()
	}
	return ""
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
		x := r.expr(s.Operand())
		if !s.IsTestOnly() {
			return r.f.NewSelect(r.next(), x, s.FieldName())
		}
		switch root(s.Operand()) {
		case "CurrentToken":
			return r.call("@oracle_has", x, r.f.NewLiteral(r.next(), types.String(s.FieldName())))
		case "CurrentUser":
			return r.call("@oracle_hasUser", r.ident("@user"), r.f.NewSelect(r.next(), x, s.FieldName()))
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
		return r.ident("@user")
	case "HasCurrentIdentity":
		return r.ident("@signedIn")
	case "HasRole":
		if args[0].AsLiteral().Value() == Role {
			return r.call(operators.LogicalOr, r.call("@oracle_in", r.expr(args[0]), r.ident("@roles")), r.call("@oracle_role", r.inline(RoleWhen, nil)))
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
	for _, n := range Named {
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

var unknown = types.NewErr("unknown")

// cell is a value of a document with its declared type; nil is null. Booleans
// that are not null are CEL's own, so that CEL's logic applies to them.
type cell struct {
	kind rules.Kind
	list bool
	v    any
}

// docVal is a document.
type docVal struct{ *Doc }

var (
	cellType = types.NewObjectType("oracle.Cell")
	docType  = types.NewObjectType("oracle.Doc", traits.IndexerType)
)

func (c cell) ConvertToNative(reflect.Type) (any, error)   { return nil, fmt.Errorf("a cell") }
func (c cell) ConvertToType(ref.Type) ref.Val              { return unknown }
func (c cell) Equal(ref.Val) ref.Val                       { return unknown }
func (c cell) Type() ref.Type                              { return cellType }
func (c cell) Value() any                                  { return c.v }
func (d docVal) ConvertToNative(reflect.Type) (any, error) { return nil, fmt.Errorf("a document") }
func (d docVal) ConvertToType(ref.Type) ref.Val            { return unknown }
func (d docVal) Equal(ref.Val) ref.Val                     { return unknown }
func (d docVal) Type() ref.Type                            { return docType }
func (d docVal) Value() any                                { return d.Doc }

// Get reads a field.
func (d docVal) Get(key ref.Val) ref.Val {
	f := d.Object.Field(string(key.(types.String)))
	switch {
	case f == nil:
		return unknown
	case f.Many():
		out := []ref.Val{}
		for _, x := range d.many(f) {
			out = append(out, docVal{x})
		}
		return types.NewRefValList(types.DefaultTypeAdapter, out)
	case f.Kind == rules.Ref:
		if t := d.target(f); t != nil {
			return docVal{t}
		}
		return cell{kind: rules.Ref}
	}
	v := d.Doc.Value(f).V
	if b, ok := v.(bool); ok {
		return types.Bool(b)
	}
	return cell{f.Kind, f.List, v}
}

func isNull(v ref.Val) bool {
	c, ok := v.(cell)
	return ok && c.v == nil || v.Type() == types.NullType
}

// as reads a value as a kind, exactly or not at all.
func as(v ref.Val, k rules.Kind) (any, bool) {
	switch v := v.(type) {
	case cell:
		return v.v, true
	case types.Bool:
		return bool(v), k == rules.Bool
	case types.String:
		if k == rules.Date {
			_, err := time.Parse("2006-01-02", string(v))
			return string(v), err == nil
		}
		return string(v), k == rules.String || k == rules.ID || k == rules.Enum
	case types.Int:
		if k == rules.Float {
			f := float64(v)
			return f, v <= 1<<53 && v >= -(1<<53)
		}
		return int64(v), k == rules.Int || k == rules.Long
	case types.Double:
		if k == rules.Int || k == rules.Long {
			return int64(v), float64(int64(v)) == float64(v) && math.Abs(float64(v)) <= 1<<53
		}
		return float64(v), k == rules.Float
	case types.Timestamp:
		return v.Time.UnixMicro(), k == rules.Time
	}
	return nil, false
}

func equal(a, b ref.Val) ref.Val {
	x, ok1 := a.(docVal)
	y, ok2 := b.(docVal)
	switch {
	case ok1 && ok2:
		return types.Bool(x.ID == y.ID && x.Object == y.Object)
	case (ok1 || ok2) && (isNull(a) || isNull(b)):
		return types.False
	case ok1 || ok2:
		return unknown
	}
	c, ok := a.(cell)
	if !ok {
		c, ok = b.(cell)
	}
	if ok { // a field decides what the other side must be
		if a.Type() == types.NullType || b.Type() == types.NullType {
			return types.Bool(c.v == nil)
		}
		p, ok1 := as(a, c.kind)
		q, ok2 := as(b, c.kind)
		if !ok1 || !ok2 {
			return unknown
		}
		return types.Bool(p == q)
	}
	if a.Type() == types.NullType || b.Type() == types.NullType {
		if _, ok := a.(types.Bool); ok { // a Boolean field against the literal null
			return types.False
		}
		return unknown
	}
	number := func(v ref.Val) bool { return v.Type() == types.IntType || v.Type() == types.DoubleType }
	if a.Type() != b.Type() && !(number(a) && number(b)) {
		return unknown
	}
	return a.Equal(b)
}

func order(holds func(int) bool) func(a, b ref.Val) ref.Val {
	return func(a, b ref.Val) ref.Val {
		if isNull(a) || isNull(b) {
			return unknown
		}
		c, ok := a.(cell)
		if !ok {
			c, ok = b.(cell)
		}
		if !ok {
			cmp, ok := a.(traits.Comparer)
			if !ok {
				return unknown
			}
			n, ok := cmp.Compare(b).(types.Int)
			if !ok {
				return unknown
			}
			return types.Bool(holds(int(n)))
		}
		p, ok1 := as(a, c.kind)
		q, ok2 := as(b, c.kind)
		if !ok1 || !ok2 {
			return unknown
		}
		switch p := p.(type) {
		case int64:
			return types.Bool(holds(new(big.Int).Sub(big.NewInt(p), big.NewInt(q.(int64))).Sign()))
		case float64:
			return types.Bool(holds(map[bool]int{true: -1}[p < q.(float64)] + map[bool]int{true: 1}[p > q.(float64)]))
		case string:
			return types.Bool(holds(compareRunes([]rune(p), []rune(q.(string)))))
		}
		return unknown
	}
}

func compareRunes(a, b []rune) int {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return int(a[i] - b[i])
		}
	}
	return len(a) - len(b)
}

func in(x, list ref.Val) ref.Val {
	if c, ok := list.(cell); ok {
		if c.v == nil {
			return unknown
		}
		v, ok := as(x, c.kind)
		if !ok {
			return unknown
		}
		for _, e := range c.v.([]any) {
			if v == e {
				return types.True
			}
		}
		return types.False
	}
	if m, ok := list.(traits.Mapper); ok {
		if _, ok := x.(cell); ok {
			return unknown
		}
		_, found := m.Find(x)
		return types.Bool(found)
	}
	l, ok := list.(traits.Lister)
	if !ok {
		return unknown
	}
	var out ref.Val = types.False
	for it := l.Iterator(); it.HasNext() == types.True; {
		e := it.Next()
		if types.IsUnknownOrError(e) || e.Type() == types.NullType {
			out = unknown
			continue
		}
		switch v := equal(x, e); {
		case v == types.True:
			return types.True
		case types.IsUnknownOrError(v):
			out = unknown
		}
	}
	return out
}

func hasClaim(m, key ref.Val) ref.Val {
	mapper, ok := m.(traits.Mapper)
	if !ok {
		return unknown
	}
	v, found := mapper.Find(key)
	if found && types.IsUnknownOrError(v) {
		return unknown
	}
	return types.Bool(found)
}

func hasDoc(x ref.Val) ref.Val {
	return types.Bool(!types.IsUnknownOrError(x) && !isNull(x))
}

func text(fn func(a, b string) bool) func(a, b ref.Val) ref.Val {
	return func(a, b ref.Val) ref.Val {
		x, ok1 := as(a, rules.String)
		y, ok2 := as(b, rules.String)
		p, ok3 := x.(string)
		q, ok4 := y.(string)
		if !ok1 || !ok2 || !ok3 || !ok4 {
			return unknown
		}
		return types.Bool(fn(p, q))
	}
}

func size(v ref.Val) ref.Val {
	switch x := v.Value().(type) {
	case string:
		return types.Int(utf8.RuneCountInString(x))
	case []any:
		return types.Int(len(x))
	}
	if l, ok := v.(traits.Sizer); ok {
		return l.Size()
	}
	return unknown
}

// useless is what CEL cannot convert: reading it is an error, unknown.
type useless struct{}

// claim converts decoded JSON. Null and inexact numbers are useless.
func claim(v any) any {
	switch v := v.(type) {
	case nil:
		return useless{}
	case map[string]any:
		out := map[string]any{}
		for k, x := range v {
			out[k] = claim(x)
		}
		return out
	case []any:
		out := []any{}
		for _, x := range v {
			out = append(out, claim(x))
		}
		return out
	case json.Number:
		exact, _ := new(big.Rat).SetString(v.String())
		if exact.IsInt() && exact.Num().IsInt64() {
			return exact.Num().Int64()
		}
		f, _ := exact.Float64()
		if shortest, _ := new(big.Rat).SetString(fmt.Sprint(f)); shortest.Cmp(exact) == 0 {
			return f
		}
		return useless{}
	}
	return v
}
