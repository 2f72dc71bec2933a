package rules

import (
	"slices"
	"strings"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
)

// scope is what names mean while one side of one rule is lowered.
type scope struct {
	*source
	object *Object
	action Action
	doc    Var
	vars   map[string]bound // documents bound by exists and all
	hops   int              // relations followed to the bound documents
	start  int              // and to doc, in a named rule
	mine   bool             // doc was found through CurrentUser()
	guards map[string]bool  // paths that are not null in this conjunction
}

type bound struct {
	v    Var
	o    *Object
	mine bool // found through CurrentUser()
}

// term is a typed operand, with the hops that lead to it outermost first. Of a
// document, op is its _id.
type term struct {
	op    Operand // nil for a relation list
	of    Col     // of a relation list: the _id of the document that has it
	field *Field  // op's field or the relation list, nil otherwise
	kind  Kind
	list  bool
	null  bool    // may be null
	o     *Object // the document that op is the _id of
	here  bool    // that document is bound: reading its fields is no further hop
	user  bool    // it is the caller's document
	// rooted: the first hop leads to the caller's document.
	rooted bool
	mine   bool // read through CurrentUser(), however far behind it
	path   string
	hops   []func(Pred) Pred
	depth  int // relations followed
	// inner, of the side of a one-to-one relation that has no column, leads to
	// the document that op is the _id of: comparing it is a test there.
	inner func(Pred) Pred
}

// inside is p where the document of a one-to-one relation is found.
func (t *term) inside(p Pred) Pred {
	if t.inner == nil {
		return p
	}
	return t.inner(p)
}

// test is a test of the term with what no document decides. The document of a
// one-to-one relation that is not there is null.
func (t *term) test(p func(Operand) Pred) Pred {
	if t.inner == nil {
		return t.wrap(p(t.op))
	}
	return t.wrap(If{Definite{t.inner(True)}, t.inner(p(t.op)), p(Val{Value{Kind: Ref}})})
}

func (t *term) wrap(p Pred) Pred {
	for i := len(t.hops) - 1; i >= 0; i-- {
		p = t.hops[i](p)
	}
	return p
}

// lower turns an expression into a predicate with doc as the given side.
func (s *source) lower(e ast.Expr, o *Object, a Action, doc Var) Pred {
	s.env.inlined = 0
	sc := &scope{source: s, object: o, action: a, doc: doc, vars: map[string]bound{}}
	return sc.pred(e)
}

// touches reports whether the expression reads a document.
// Roles that the schema defines may read one too.
func (e *Env) touches(x ast.Expr, vars map[string]bound) bool {
	found := false
	walk(x, func(x ast.Expr) bool {
		switch x.Kind() {
		case ast.IdentKind:
			_, isVar := vars[x.AsIdent()]
			found = found || isVar || slices.Contains(documentNames, x.AsIdent())
		case ast.CallKind:
			name := x.AsCall().FunctionName()
			found = found || name == "CurrentUser" || e.named[name] != nil || e.roles[roleName(x)] != nil
		case ast.ComprehensionKind:
			if r := x.AsComprehension().IterRange(); r.Kind() == ast.IdentKind {
				found = found || e.collection(r.AsIdent()) != nil
			}
		}
		return !found
	})
	return found
}

// roleName is the role that HasRole('name') asks for, "" for other calls.
func roleName(e ast.Expr) string {
	c := e.AsCall()
	if c.FunctionName() != "HasRole" || len(c.Args()) != 1 || c.Args()[0].Kind() != ast.LiteralKind {
		return ""
	}
	name, _ := c.Args()[0].AsLiteral().Value().(string)
	return name
}

// collection returns the collection of that name, or nil.
func (e *Env) collection(name string) *Object {
	for _, o := range e.objects {
		if o.Name == name {
			return o
		}
	}
	return nil
}

func (s *scope) touches(e ast.Expr) bool { return s.env.touches(e, s.vars) }

// pred lowers a condition. After a fault it returns Unknown: the rule is
// refused as a whole.
func (s *scope) pred(e ast.Expr) Pred {
	if !s.touches(e) {
		return s.constant(e)
	}
	switch e.Kind() {
	case ast.IdentKind, ast.SelectKind:
		if e.Kind() == ast.SelectKind && e.AsSelect().IsTestOnly() {
			return s.has(e)
		}
		t := s.term(e)
		if t == nil {
			return Unknown
		}
		if t.kind != Bool || t.list {
			s.fault(e, "", "%s is %s, a condition is expected", show(e), t.describe())
			return Unknown
		}
		return t.wrap(Test{t.op})
	case ast.ComprehensionKind:
		return s.quantifier(e)
	case ast.CallKind:
		return s.call(e)
	}
	s.fault(e, "", "%s is no condition", show(e))
	return Unknown
}

// constant lowers a condition that reads no document.
func (s *scope) constant(e ast.Expr) Pred {
	slot := s.slot(e)
	if slot == nil {
		return Unknown
	}
	if !slot.boolean() {
		s.fault(e, "", "%s is %s, a condition is expected", show(e), slot.describe())
		return Unknown
	}
	if slot.constant {
		b, ok := slot.eval(Anonymous(zeroTime)).bool()
		if !ok {
			return Unknown
		}
		return truth(b)
	}
	return SlotTest{slot}
}

func (s *scope) call(e ast.Expr) Pred {
	c := e.AsCall()
	args := c.Args()
	switch c.FunctionName() {
	case operators.LogicalAnd:
		var parts []ast.Expr
		flatten(e, &parts)
		return s.conjunction(parts)
	case operators.LogicalOr:
		return Or{s.pred(args[0]), s.pred(args[1])}
	case operators.LogicalNot:
		return Not{s.pred(args[0])}
	case operators.Conditional:
		return If{s.pred(args[0]), s.pred(args[1]), s.pred(args[2])}
	case operators.Equals, operators.NotEquals, operators.Less, operators.LessEquals, operators.Greater, operators.GreaterEquals:
		return s.compare(e)
	case operators.In, operators.OldIn:
		return s.in(e)
	case "startsWith", "endsWith", "contains":
		if c.IsMemberFunction() && len(args) == 1 {
			return s.match(e)
		}
	case "HasRole":
		if name := roleName(e); s.env.roles[name] != nil {
			return s.env.HasRole(name)
		}
	case "CurrentUser":
		s.fault(e, "Did you mean HasCurrentIdentity()?", "CurrentUser() is a document, a condition is expected")
		return Unknown
	}
	if n := s.env.named[c.FunctionName()]; n != nil {
		return s.inline(e, n)
	}
	s.unsupported(e)
	return Unknown
}

func (s *scope) unsupported(e ast.Expr) {
	name := e.AsCall().FunctionName()
	if op, ok := operators.FindReverse(name); ok && op != "" {
		name = op
	}
	s.fault(e, "documents know == != < <= > >= in startsWith endsWith contains size has exists all", "%s cannot be applied to document fields", name)
}

func flatten(e ast.Expr, out *[]ast.Expr) {
	if e.Kind() == ast.CallKind && e.AsCall().FunctionName() == operators.LogicalAnd {
		for _, a := range e.AsCall().Args() {
			flatten(a, out)
		}
		return
	}
	*out = append(*out, e)
}

// conjunction lowers parts that all must hold; "x != null" and has(x) in it
// guard comparisons of two nullable fields.
func (s *scope) conjunction(parts []ast.Expr) Pred {
	inner := *s
	inner.guards = map[string]bool{}
	for k := range s.guards {
		inner.guards[k] = true
	}
	for _, p := range parts {
		switch {
		case p.Kind() == ast.SelectKind && p.AsSelect().IsTestOnly():
			inner.guards[show(p.AsSelect().Operand())+"."+p.AsSelect().FieldName()] = true
		case p.Kind() == ast.CallKind && p.AsCall().FunctionName() == operators.NotEquals:
			a := p.AsCall().Args()
			if isNullLiteral(a[1]) {
				inner.guards[show(a[0])] = true
			} else if isNullLiteral(a[0]) {
				inner.guards[show(a[1])] = true
			}
		}
	}
	var out And
	for _, p := range parts {
		out = append(out, inner.pred(p))
	}
	return out
}

func isNullLiteral(e ast.Expr) bool {
	return e.Kind() == ast.LiteralKind && e.AsLiteral().Type() == types.NullType
}

// has lowers has(a.b.c): true where every hop exists and c is not null.
func (s *scope) has(e ast.Expr) Pred {
	t := s.selected(e, e.AsSelect().Operand(), e.AsSelect().FieldName())
	if t == nil {
		return Unknown
	}
	if t.op == nil {
		s.fault(e, "use exists", "has(%s) is applied to a relation list", t.path)
		return Unknown
	}
	if !t.null && len(t.hops) == 0 {
		return True
	}
	test := Pred(Not{IsNull{t.op}})
	if t.inner != nil {
		test = t.inner(True)
	}
	// Definite on documents, but an absent CurrentUser() stays unknown: a
	// negated has must not let strangers in.
	path := *t
	if t.rooted {
		path.hops = t.hops[1:]
		return t.hops[0](Definite{path.wrap(test)})
	}
	return Definite{path.wrap(test)}
}

// quantifier lowers xs.exists(v, p) and xs.all(v, p).
func (s *scope) quantifier(e ast.Expr) Pred {
	c := e.AsComprehension()
	name := ""
	if m, ok := s.info.GetMacroCall(e.ID()); ok {
		name = m.AsCall().FunctionName()
	}
	if (name != "exists" && name != "all") || c.HasIterVar2() {
		s.fault(e, "use exists or all", "%s is not available on documents", name)
		return Unknown
	}
	step := c.LoopStep().AsCall() // accu || p, accu && p
	if r := c.IterRange(); r.Kind() == ast.IdentKind {
		_, isVar := s.vars[r.AsIdent()]
		if o := s.env.collection(r.AsIdent()); o != nil && !isVar {
			inner, v := s.binding(c.IterVar(), o, s.hops, false)
			return Many{Object: o, Var: v, Domain: True, Body: inner.pred(step.Args()[1]), All: name == "all"}
		}
	}
	if !s.touches(c.IterRange()) {
		s.fault(e, "use in: doc.field in CurrentToken().list", "%s over a value of the caller cannot read documents", name)
		return Unknown
	}
	t := s.term(c.IterRange())
	if t == nil {
		return Unknown
	}
	if t.op != nil {
		hint := ""
		if t.list {
			hint = "use in: 'x' in " + t.path
		}
		s.fault(c.IterRange(), hint, "%s is %s, %s needs a relation list", t.path, t.describe(), name)
		return Unknown
	}
	if s.action == Create && t.of.Var == New {
		s.fault(e, "", "%s of a new document is always empty: a create rule cannot read it", t.path)
		return Unknown
	}
	if !s.deeper(e, t) {
		return Unknown
	}
	inner, v := s.binding(c.IterVar(), t.field.Target, t.depth, t.mine)
	return t.wrap(s.behind(t, v, inner.pred(step.Args()[1]), name == "all"))
}

// behind is a quantifier over the documents v of a relation list: those whose
// reference leads back, or those that rows of a link table lead to.
func (s *scope) behind(t *term, v Var, body Pred, all bool) Pred {
	link := t.field.Link
	if link == nil {
		return Many{Of: t.of, Field: t.field, Var: v, Domain: True, Body: body, All: all}
	}
	row := s.env.fresh()
	return Many{Of: t.of, Field: link.Rows, Var: row, Domain: True, All: all,
		Body: One{From: Col{row, link.Far}, Target: t.field.Target, Var: v, Domain: True, Body: body}}
}

// binding returns the scope inside a quantifier over documents of o that are
// depth relations away.
func (s *scope) binding(name string, o *Object, depth int, mine bool) (*scope, Var) {
	v := s.env.fresh()
	inner := *s
	inner.hops = depth + 1
	inner.vars = map[string]bound{}
	for k, b := range s.vars {
		inner.vars[k] = b
	}
	inner.vars[name] = bound{v, o, mine}
	inner.guards = map[string]bool{}
	for path := range s.guards { // name may have meant another document outside
		if path != name && !strings.HasPrefix(path, name+".") {
			inner.guards[path] = true
		}
	}
	return &inner, v
}

// deeper reports whether one more relation may be followed from t.
func (s *scope) deeper(e ast.Expr, t *term) bool {
	if t.depth >= maxHops {
		s.fault(e, "", "%s follows more than %d relations", t.path, maxHops)
		return false
	}
	return true
}
