package ruletest

import (
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"flora.dev/flora/rules"
)

// Oracle evaluates rule texts on documents in memory: cel-go runs the whole
// text, with the operators replaced by ones written from the language's
// description. It knows no predicates, slots or folding.
type Oracle struct {
	env     *cel.Env
	setting Setting
}

func newOracle(s Setting) *Oracle {
	d, b := cel.DynType, cel.BoolType
	opts := []cel.EnvOption{}
	two := func(name string, fn func(x, y ref.Val) ref.Val, o ...cel.OverloadOpt) {
		opts = append(opts, cel.Function(name, cel.Overload("o"+name, []*cel.Type{d, d}, d, append(o, cel.BinaryBinding(fn))...)))
	}
	two("@oracle_eq", equal)
	two("@oracle_in", in)
	two("@oracle_has", hasClaim)
	two("@oracle_claim", declared)
	two("@oracle_hasClaim", hasDeclared)
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
		cel.Function("CurrentUser", cel.Overload("u", nil, d), cel.Overload("uof", []*cel.Type{d}, d)), cel.Function("HasCurrentIdentity", cel.Overload("h", nil, b)),
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
	for _, n := range s.Named() {
		opts = append(opts, cel.Function(n.Name, cel.Overload("n"+n.Name, []*cel.Type{d}, b)))
	}
	env, err := cel.NewEnv(opts...)
	if err != nil {
		panic(err)
	}
	return &Oracle{env, s}
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
	r := rewrite{f: ast.NewExprFactory(), id: 1 << 20, oracle: o}
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
			for _, u := range w.Users(o.setting) {
				set("@user"+u.Name, w.UserOf(c, u))
			}
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
