package rules

import (
	"slices"
	"strconv"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
)

// A schema defines, before its first rule is compiled: claims, roles, named
// rules.

// Claim is a declared claim of the token.
type Claim struct {
	Name string // in rules: CurrentToken().Name
	Key  string // in the token
	Kind Kind   // Bool, Int, Long, Float, String or ID
	List bool
}

// named is a named rule. Its text is parsed when it is first needed, so that
// named rules may stand in any order.
type named struct {
	name   string
	object *Object
	source *source
	root   ast.Expr
	open   bool // being inlined: using it again would be a recursion
}

// Declare makes CurrentToken() an object of these claims only: a name that is
// not among them is a fault.
func (e *Env) Declare(claims []Claim) {
	e.claims = claims
	e.cel = newCEL(claims)
}

// Role defines a role of the schema: callers of the provider ("" for all) hold
// it where the condition is true. It may speak of the token, CurrentUser() and
// roles defined before it.
func (e *Env) Role(name, provider, when string) []Fault {
	s := &source{env: e, text: when}
	root := s.parse()
	if root == nil {
		return s.faults
	}
	p := s.lower(root, nil, Read, Old)
	if len(s.faults) > 0 {
		return s.faults
	}
	if provider != "" {
		from := func(c *Caller) result { return boolean(c.provider == provider) }
		p = And{SlotTest{&Slot{Text: "provider " + strconv.Quote(provider), typ: cel.BoolType, direct: from}}, p}
	}
	e.roles[name] = append(e.roles[name], p)
	return nil
}

// HasRole is the predicate that the caller holds the role, from the provider
// or by the schema. It is definite: a condition that is unknown gives no role.
func (e *Env) HasRole(name string) Pred {
	list := e.roles[name]
	if len(list) == 0 {
		return HasRole(name)
	}
	return Definite{Or(append([]Pred{HasRole(name)}, list...))}
}

// Define defines a named rule on o, to be used as name(document) in rules. It
// may speak of doc and of other named rules, defined before or after it.
// Resolve reports its faults.
func (e *Env) Define(name string, o *Object, text string) {
	e.named[name] = &named{name: name, object: o, source: &source{env: e, text: text}}
}

// Resolve checks a named rule once all are defined.
func (e *Env) Resolve(name string) []Fault {
	n := e.named[name]
	if !n.parse() {
		return n.source.faults
	}
	s := &source{env: e, text: n.source.text, info: n.source.info}
	n.open = true
	s.lower(n.root, n.object, Read, Old)
	n.open = false
	return s.faults
}

func (n *named) parse() bool {
	if n.root == nil && len(n.source.faults) == 0 {
		n.root = n.source.parse("doc")
	}
	return n.root != nil
}

// inline lowers name(document): the rule's text with doc as that document. A
// reference is followed first, so an absent one makes the whole unknown.
func (s *scope) inline(e ast.Expr, n *named) Pred {
	args := e.AsCall().Args()
	if len(args) != 1 || e.AsCall().IsMemberFunction() {
		s.fault(e, "write "+n.name+"(doc)", "%s takes one document", n.name)
		return Unknown
	}
	if n.open {
		s.fault(e, "", "%s uses itself, named rules cannot be recursive", n.name)
		return Unknown
	}
	if !n.parse() { // reported where it is defined
		s.fault(e, "", "%s has a fault of its own", n.name)
		return Unknown
	}
	nodes, _ := measure(n.root)
	if s.env.inlined += nodes; s.env.inlined > maxInlined {
		s.fault(e, "", "with its named rules the rule has more than %d nodes", maxInlined)
		return Unknown
	}
	var t *term
	if s.touches(args[0]) {
		if t = s.term(args[0]); t == nil {
			return Unknown
		}
	}
	if t == nil || t.op == nil || t.o != n.object {
		s.fault(e, "", "%s takes %s, %s is none", n.name, article(n.object.Name), show(args[0]))
		return Unknown
	}
	doc, depth, hops := Var(0), t.depth, t.hops
	if t.here {
		doc = t.op.(Col).Var
	} else {
		if !s.deeper(e, t) {
			return Unknown
		}
		hop := t.inner
		if hop != nil {
			doc = t.op.(Col).Var
		} else {
			doc = s.env.fresh()
			hop = func(p Pred) Pred { return One{From: t.op, Target: t.o, Var: doc, Domain: True, Body: p} }
		}
		hops = append(hops[:len(hops):len(hops)], hop)
		depth++
	}
	inner := &scope{source: &source{env: s.env, text: n.source.text, info: n.source.info}, object: n.object, action: s.action,
		doc: doc, hops: depth, start: depth, mine: t.mine, vars: map[string]bound{}}
	n.open = true
	p := inner.pred(n.root)
	n.open = false
	switch {
	case len(inner.faults) == 0:
	case s.env.inlined > maxInlined:
		s.fault(e, "", "%s", inner.faults[0].Message)
	default: // one is enough, a rule may be used often
		s.fault(e, inner.faults[0].Hint, "%s: %s", n.name, inner.faults[0].Message)
	}
	return (&term{hops: hops}).wrap(p)
}

// Check compiles a @check expression on o: doc and newDoc are the document to
// be stored.
func (e *Env) Check(o *Object, text string) (Pred, []Fault) {
	s := &source{env: e, text: text}
	root := s.parse("doc", "newDoc")
	if root == nil {
		return nil, s.faults
	}
	p := s.lower(root, o, Create, New)
	if len(s.faults) > 0 {
		return nil, s.faults
	}
	return simplify(p), nil
}

func isToken(e ast.Expr) bool {
	return e.Kind() == ast.CallKind && e.AsCall().FunctionName() == "CurrentToken"
}

// checkClaim reports a claim that is not declared, where claims are.
func (s *source) checkClaim(e ast.Expr) {
	if s.env.claims == nil {
		return
	}
	if e.Kind() == ast.CallKind {
		if c := e.AsCall(); c.FunctionName() == operators.Index && isToken(c.Args()[0]) {
			hint := "use CurrentToken().name"
			for _, x := range s.env.claims {
				if key := c.Args()[1]; key.Kind() == ast.LiteralKind && key.AsLiteral().Value() == x.Key {
					hint = "use CurrentToken()." + x.Name
				}
			}
			s.fault(e, hint, "claims are declared in this schema")
		}
		return
	}
	if !isToken(e.AsSelect().Operand()) {
		return
	}
	name := e.AsSelect().FieldName()
	var names []string
	for _, c := range s.env.claims {
		names = append(names, c.Name)
	}
	if !slices.Contains(names, name) {
		s.fault(e, nearest(name, names), "the token has no claim %s", name)
	}
}

// read reads a claim of the token as it is declared. One of another type is
// unknown; in a list, only the elements are that have another one.
func (c *Claim) read(token map[string]any) result {
	v, found := token[c.Key]
	if !found {
		return result{}
	}
	if !c.List {
		x, ok := known(v).scalar(c.Kind)
		return result{x, ok}
	}
	list, ok := v.([]any)
	if !ok {
		return result{}
	}
	elems := make([]any, len(list))
	for i, e := range list {
		if x, ok := known(e).scalar(c.Kind); ok {
			elems[i] = x
		} else {
			elems[i] = inexact{}
		}
	}
	return known(elems)
}

// has is false where the token lacks the claim.
func (c *Claim) has(token map[string]any) result {
	if _, found := token[c.Key]; !found {
		return boolean(false)
	}
	return result{true, c.read(token).known}
}

const claimsType = "Claims"

// claimsProvider makes the declared claims an object type of CEL's checker.
type claimsProvider struct {
	types.Provider
	claims []Claim
}

func newClaimsProvider(claims []Claim) types.Provider {
	base, err := types.NewRegistry()
	if err != nil {
		panic("rules: CEL types: " + err.Error())
	}
	return &claimsProvider{base, claims}
}

// FindStructType finds Claims.
func (p *claimsProvider) FindStructType(name string) (*types.Type, bool) {
	if name == claimsType {
		return types.NewTypeTypeWithParam(types.NewObjectType(claimsType)), true
	}
	return p.Provider.FindStructType(name)
}

// FindStructFieldNames lists the claims.
func (p *claimsProvider) FindStructFieldNames(name string) ([]string, bool) {
	if name != claimsType {
		return p.Provider.FindStructFieldNames(name)
	}
	var out []string
	for _, c := range p.claims {
		out = append(out, c.Name)
	}
	return out, true
}

// FindStructFieldType types a claim. An ID may be compared with references
// too, so its type is only known when it is there.
func (p *claimsProvider) FindStructFieldType(name, field string) (*types.FieldType, bool) {
	if name != claimsType {
		return p.Provider.FindStructFieldType(name, field)
	}
	for _, c := range p.claims {
		if c.Name != field {
			continue
		}
		t := map[Kind]*types.Type{Bool: types.BoolType, Int: types.IntType, Long: types.IntType, Float: types.DoubleType, String: types.StringType}[c.Kind]
		if t == nil {
			t = types.DynType
		}
		if c.List {
			t = types.NewListType(t)
		}
		return &types.FieldType{Type: t}, true
	}
	return nil, false
}
