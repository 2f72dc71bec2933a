package rules

import (
	"slices"
	"strings"
	"time"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
)

var zeroTime time.Time

func usesDoc(e ast.Expr) bool {
	found := false
	walk(e, func(x ast.Expr) bool {
		found = found || x.Kind() == ast.IdentKind && x.AsIdent() == "doc"
		return !found
	})
	return found
}

// term lowers an operand that reads a document; nil after a fault.
func (s *scope) term(e ast.Expr) *term {
	switch e.Kind() {
	case ast.IdentKind:
		name := e.AsIdent()
		v, o, depth, mine := s.doc, s.object, s.start, s.mine
		switch name {
		case "oldDoc":
			v = Old
		case "newDoc":
			v = New
		case "doc":
		default:
			b, ok := s.vars[name]
			if !ok {
				break
			}
			v, o, depth, mine = b.v, b.o, s.hops, b.mine
		}
		return &term{op: Col{v, o.Key}, field: o.Key, kind: Ref, o: o, here: true, mine: mine, path: name, depth: depth}
	case ast.SelectKind:
		if e.AsSelect().IsTestOnly() {
			s.fault(e, "", "has(...) is a condition, a value is expected")
			return nil
		}
		return s.selected(e, e.AsSelect().Operand(), e.AsSelect().FieldName())
	case ast.CallKind:
		switch c := e.AsCall(); c.FunctionName() {
		case "CurrentUser":
			return s.user(e)
		case "size":
			arg := c.Target()
			if !c.IsMemberFunction() {
				arg = c.Args()[0]
			}
			return s.size(e, arg)
		}
		s.unsupported(e)
		return nil
	}
	if m, ok := s.info.GetMacroCall(e.ID()); ok {
		s.fault(e, "use exists or all", "%s is not available on documents as a value", m.AsCall().FunctionName())
		return nil
	}
	s.fault(e, "", "%s cannot be used as a value here", show(e))
	return nil
}

// user lowers CurrentUser().
func (s *scope) user(e ast.Expr) *term {
	o := s.userObject(e)
	if o == nil {
		return nil
	}
	v := s.env.fresh()
	id := s.env.identity(o)
	return &term{op: Col{v, o.Key}, field: o.Key, kind: Ref, o: o, here: true, user: true, rooted: true, mine: true, path: show(e),
		hops: []func(Pred) Pred{func(p Pred) Pred { return User{o, id, v, p} }}}
}

// userObject is the collection that CurrentUser() or CurrentUser("Type") names.
func (s *scope) userObject(e ast.Expr) *Object {
	var names []string
	for _, o := range s.env.users {
		names = append(names, o.Name)
	}
	args := e.AsCall().Args()
	switch {
	case len(names) == 0:
		s.fault(e, "mark its unique field with @identity", "CurrentUser() needs a collection with an @identity field")
	case len(args) == 0 && len(names) == 1:
		return s.env.users[0]
	case len(args) == 0:
		s.fault(e, `write CurrentUser("`+names[0]+`")`, "CurrentUser() may be any of %s", strings.Join(names, ", "))
	case len(args) > 1 || args[0].Kind() != ast.LiteralKind:
		s.fault(e, `write CurrentUser("`+names[0]+`")`, "CurrentUser takes the name of a collection")
	default:
		name, _ := args[0].AsLiteral().Value().(string)
		if i := slices.Index(names, name); i >= 0 {
			return s.env.users[i]
		}
		s.fault(e, nearest(name, names), "CurrentUser(%s): no collection of that name has an @identity field", show(args[0]))
	}
	return nil
}

// selected lowers base.name.
func (s *scope) selected(e, base ast.Expr, name string) *term {
	b := s.term(base)
	if b == nil {
		return nil
	}
	if b.kind == Embedded && b.field != nil {
		return s.inside(e, b, name)
	}
	if b.o == nil || b.op == nil {
		hint := ""
		if b.op == nil && b.field != nil {
			hint = "use " + b.path + ".exists(x, x." + name + " ...)"
		}
		s.fault(e, hint, "%s is %s and has no fields", b.path, b.describe())
		return nil
	}
	t := &term{path: b.path + "." + name, hops: b.hops, depth: b.depth, rooted: b.rooted, mine: b.mine}
	f := b.o.Field(name)
	if f == nil {
		names := []string{"_id", "_ts"}
		for _, g := range b.o.Fields {
			names = append(names, g.Name)
		}
		s.fault(e, nearest(name, names), "%s has no field %s", b.o.Name, name)
		return nil
	}
	switch {
	case !b.mine || f == b.o.Key || f == b.o.TS:
	case f.Back != nil: // what stands behind it is decided by the reference there
		s.env.readUserField(f.Back)
	default:
		s.env.readUserField(f)
	}
	f.prepare()
	v := Var(0)
	switch {
	case b.here:
		v = b.op.(Col).Var
	case b.inner != nil:
		if !s.deeper(e, b) {
			return nil
		}
		v = b.op.(Col).Var
		t.hops = append(t.hops[:len(t.hops):len(t.hops)], b.inner)
		t.depth++
	default:
		if !s.deeper(e, b) {
			return nil
		}
		v = s.env.fresh()
		from, target := b.op, b.o
		t.hops = append(t.hops[:len(t.hops):len(t.hops)], func(p Pred) Pred { return One{From: from, Target: target, Var: v, Domain: True, Body: p} })
		t.depth++
	}
	t.field = f
	if f.Many() {
		t.of = Col{v, b.o.Key}
		return t
	}
	if f.Inverse() {
		of, w := Col{v, b.o.Key}, s.env.fresh()
		t.op, t.kind, t.null, t.o = Col{w, f.Target.Key}, Ref, true, f.Target
		t.inner = func(p Pred) Pred {
			return One{From: of, Key: f.Back, Target: f.Target, Var: w, Domain: True, Body: p}
		}
		return t
	}
	t.op, t.kind, t.list, t.null, t.o = Col{v, f}, f.Kind, f.List, !f.NonNull, f.Target
	return t
}

// inside lowers a field of an embedded value: null where the value is. Lists in
// it are only asked whether they are null.
func (s *scope) inside(e ast.Expr, b *term, name string) *term {
	i := slices.IndexFunc(b.field.Members, func(f *Field) bool { return f.Name == b.field.Name+"."+name })
	if i < 0 {
		var names []string
		for _, f := range b.field.Members {
			names = append(names, strings.TrimPrefix(f.Name, b.field.Name+"."))
		}
		s.fault(e, nearest(name, names), "%s has no field %s", b.name(), name)
		return nil
	}
	f := b.field.Members[i]
	m, nested := b.op.(Member)
	if !nested {
		m = Member{X: b.op}
	} else {
		m.Path += "."
	}
	m.Path += name
	m.Kind, m.List = f.Kind, f.List
	t := &term{op: m, field: f, kind: f.Kind, null: b.null || !f.NonNull, path: b.path + "." + name, hops: b.hops, depth: b.depth, rooted: b.rooted, mine: b.mine}
	if f.List {
		t.kind = JSON
	}
	return t
}

func (s *scope) size(e, arg ast.Expr) *term {
	t := s.term(arg)
	if t == nil {
		return nil
	}
	if t.op == nil || !t.list && t.kind != String && t.kind != ID {
		s.fault(e, "", "size applies to a String or a list of scalars, %s is %s", t.path, t.describe())
		return nil
	}
	return &term{op: Size{t.op}, kind: Long, null: t.null, path: "size(" + t.path + ")", hops: t.hops, depth: t.depth}
}

// compare lowers == != < <= > >= where a side reads a document.
func (s *scope) compare(e ast.Expr) Pred {
	a := e.AsCall().Args()
	op := map[string]Op{operators.Equals: Eq, operators.NotEquals: Ne, operators.Less: Lt, operators.LessEquals: Le,
		operators.Greater: Gt, operators.GreaterEquals: Ge}[e.AsCall().FunctionName()]
	return s.comparison(e, op, a[0], a[1])
}

func (s *scope) comparison(e ast.Expr, op Op, l, r ast.Expr) Pred {
	if s.touches(l) && s.touches(r) {
		return s.compareTerms(e, op, s.term(l), s.term(r), l, r)
	}
	if !s.touches(l) { // the document stands on the left below
		l, r = r, l
		op = [...]Op{Eq: Eq, Ne: Ne, Lt: Gt, Le: Ge, Gt: Lt, Ge: Le}[op]
	}
	t := s.term(l)
	if t == nil {
		return Unknown
	}
	if t.op == nil || t.list {
		s.fault(e, "use exists, all, in or size", "%s is %s and cannot be compared", t.path, t.describe())
		return Unknown
	}
	if isNullLiteral(r) {
		return s.compareNull(e, op, t)
	}
	if s.opaque(e, t) {
		return Unknown
	}
	x := s.value(r, t)
	if x == nil || !s.ordered(e, op, t) {
		return Unknown
	}
	return t.test(func(y Operand) Pred { return Cmp{op, y, x} })
}

func (s *scope) compareNull(e ast.Expr, op Op, t *term) Pred {
	switch {
	case op > Ne:
		s.fault(e, "", "null has no order")
	case t.user && t.here:
		s.fault(e, "use HasCurrentIdentity(); a rule with CurrentUser() is not true without one", "CurrentUser() is never null")
	case !t.null:
		s.fault(e, "", "%s is never null", t.name())
	case t.inner != nil && op == Eq:
		return t.wrap(Not{Definite{t.inner(True)}})
	case t.inner != nil:
		return t.wrap(Definite{t.inner(True)})
	case op == Eq:
		return t.wrap(IsNull{t.op})
	default:
		return t.wrap(Not{IsNull{t.op}})
	}
	return Unknown
}

func (s *scope) compareTerms(e ast.Expr, op Op, a, b *term, l, r ast.Expr) Pred {
	if a == nil || b == nil {
		return Unknown
	}
	if a.op == nil || b.op == nil || a.list || b.list {
		s.fault(e, "use exists, all, in or size", "%s is %s, %s is %s: lists cannot be compared", a.name(), a.describe(), b.name(), b.describe())
		return Unknown
	}
	if !comparable(a, b) {
		hint := ""
		if a.user && a.here && b.kind == String || b.user && b.here && a.kind == String {
			hint = "Did you mean CurrentIdentity()?"
		}
		s.fault(e, hint, "%s is %s, %s is %s", a.name(), a.describe(), b.name(), b.describe())
		return Unknown
	}
	if s.opaque(e, a) || !s.ordered(e, op, a) {
		return Unknown
	}
	if op <= Ne && a.null && b.null && !oldAndNew(a, b) && !s.guards[show(l)] && !s.guards[show(r)] {
		s.fault(e, "add "+a.path+" != null && to the same condition", "%s and %s may both be null, and two nulls are equal", a.name(), b.name())
		return Unknown
	}
	if a.inner != nil || b.inner != nil { // equal, or not: definite like every comparison of references
		p := Pred(Definite{a.inside(b.inside(Cmp{Eq, a.op, b.op}))})
		if op == Ne {
			p = Not{p}
		}
		return a.wrap(b.wrap(p))
	}
	return a.wrap(b.wrap(Cmp{op, a.op, b.op}))
}

// oldAndNew reports the same field of the stored and the new document.
func oldAndNew(a, b *term) bool {
	p, q := a.op, b.op
	if m, ok := p.(Member); ok {
		n, ok := q.(Member)
		if !ok || m.Path != n.Path {
			return false
		}
		p, q = m.X, n.X
	}
	x, ok1 := p.(Col)
	y, ok2 := q.(Col)
	return ok1 && ok2 && x.Field == y.Field && (x.Var == Old || x.Var == New) && (y.Var == Old || y.Var == New)
}

func comparable(a, b *term) bool {
	switch {
	case a.o != nil || b.o != nil:
		return a.o == b.o
	case a.kind == Enum || b.kind == Enum:
		return a.field != nil && b.field != nil && a.field.TypeName == b.field.TypeName
	}
	group := func(k Kind) Kind {
		switch k {
		case ID:
			return String
		case Int:
			return Long
		}
		return k
	}
	return group(a.kind) == group(b.kind)
}

func (s *scope) ordered(e ast.Expr, op Op, t *term) bool {
	if op <= Ne {
		return true
	}
	switch t.kind {
	case Int, Long, Float, String, ID, Date, Time, UUID:
		if t.o == nil {
			return true
		}
	}
	s.fault(e, "use == or !=", "%s is %s and has no order", t.name(), t.describe())
	return false
}

// opaque reports a term of a kind that rules only ask whether it is null.
func (s *scope) opaque(e ast.Expr, t *term) bool {
	if t.kind != Decimal && t.kind != JSON && t.kind != Embedded {
		return false
	}
	s.fault(e, "use == null, != null or has", "%s is %s, rules cannot compare its value", t.name(), t.describe())
	return true
}

// value lowers a side that reads no document, typed by the other side.
func (s *scope) value(e ast.Expr, t *term) Operand {
	slot := s.slot(e)
	if slot == nil {
		return nil
	}
	if !slot.fits(t.kind, t.o) {
		hint := ""
		if t.o != nil && slot.identity && slices.Contains(s.env.users, t.o) {
			hint = "Did you mean CurrentUser()?"
		} else if t.kind == Time {
			hint = "write timestamp('2026-01-31T00:00:00Z')"
		}
		s.fault(e, hint, "%s is %s, %s is %s", t.name(), t.describe(), show(e), slot.describe())
		return nil
	}
	if slot.constant {
		v, ok := slot.eval(Anonymous(zeroTime)).scalar(t.kind)
		if !ok {
			s.fault(e, "", "%s is %s, %s is none", t.name(), t.describe(), show(e))
			return nil
		}
		if !s.inEnum(e, t.field, v) {
			return nil
		}
		return Val{Value{Kind: t.kind, V: v}}
	}
	return SlotRef{Slot: slot, Kind: t.kind}
}

func (s *source) inEnum(e ast.Expr, f *Field, v any) bool {
	if f == nil || f.Kind != Enum {
		return true
	}
	for _, x := range f.Values {
		if x == v {
			return true
		}
	}
	s.fault(e, nearest(v.(string), f.Values), "%s is no value of %s", show(e), f.TypeName)
	return false
}

// in lowers x in list.
func (s *scope) in(e ast.Expr) Pred {
	x, list := e.AsCall().Args()[0], e.AsCall().Args()[1]
	if !s.touches(list) {
		return s.inValues(e, x, list)
	}
	if list.Kind() == ast.ListKind {
		var out Or
		for _, el := range list.AsList().Elements() {
			out = append(out, s.comparison(el, Eq, x, el))
		}
		return out
	}
	t := s.term(list)
	if t == nil {
		return Unknown
	}
	if t.op == nil { // a document in a relation list
		if s.action == Create && t.of.Var == New {
			s.fault(e, "", "%s of a new document is always empty: a create rule cannot read it", t.path)
			return Unknown
		}
		if !s.touches(x) || !s.deeper(e, t) {
			s.fault(e, "", "%s is %s, %s is no document", t.path, t.describe(), show(x))
			return Unknown
		}
		m := s.term(x)
		if m == nil || m.o != t.field.Target || m.op == nil {
			s.fault(e, "", "%s is %s, %s is none of them", t.path, t.describe(), show(x))
			return Unknown
		}
		return t.wrap(s.among(m, t))
	}
	if !t.list {
		s.fault(e, "use ==", "%s is %s, in needs a list", t.name(), t.describe())
		return Unknown
	}
	if s.opaque(e, t) {
		return Unknown
	}
	element := *t
	element.list, element.null = false, false
	if !s.touches(x) {
		if isNullLiteral(x) {
			s.fault(x, "", "a list never contains null")
			return Unknown
		}
		if v := s.value(x, &element); v != nil {
			return t.wrap(In{X: v, List: t.op})
		}
		return Unknown
	}
	m := s.term(x)
	if m == nil {
		return Unknown
	}
	if m.op == nil || m.list || !comparable(m, &element) {
		s.fault(e, "", "%s is %s, %s is %s", m.name(), m.describe(), t.name(), t.describe())
		return Unknown
	}
	return m.wrap(t.wrap(In{X: m.op, List: t.op}))
}

// among lowers a document in a relation list. The hops to the document stand
// inside, where the whole is a set that is made once, and outside once more: an
// absent CurrentUser() is unknown, also in an empty list.
func (s *scope) among(m, list *term) Pred {
	v := s.env.fresh()
	field, key := list.field, m.o.Key
	if link := field.Link; link != nil {
		field, key = link.Rows, link.Far
	}
	is := m.inside(Cmp{Eq, m.op, Col{v, key}})
	if m.inner != nil {
		is = Definite{is}
	}
	p := Many{Of: list.of, Field: field, Var: v, Domain: True, Body: m.wrap(is)}
	if len(m.hops) == 0 {
		return p
	}
	return Or{Not{m.wrap(True)}, p}
}

// inValues lowers doc.f in a list that reads no document.
func (s *scope) inValues(e, x, list ast.Expr) Pred {
	t := s.term(x)
	if t == nil {
		return Unknown
	}
	if t.op == nil || t.list {
		s.fault(e, "use exists", "%s is %s and cannot stand before in", t.name(), t.describe())
		return Unknown
	}
	slot := s.slot(list)
	if slot == nil || s.opaque(e, t) {
		return Unknown
	}
	elem := slot.typ
	switch {
	case slot.typ.Kind() == types.ListKind:
		elem = slot.typ.Parameters()[0]
	case slot.typ.Kind() != types.DynKind:
		s.fault(list, "use ==", "%s is %s, in needs a list", show(list), slot.describe())
		return Unknown
	}
	if !(&Slot{typ: elem}).fits(t.kind, t.o) {
		s.fault(e, "", "%s is %s, the list holds %s", t.name(), t.describe(), (&Slot{typ: elem}).describe())
		return Unknown
	}
	if !slot.constant {
		return t.test(func(x Operand) Pred { return In{X: x, List: SlotRef{Slot: slot, Kind: t.kind, List: true}} })
	}
	v, tainted, ok := slot.eval(Anonymous(zeroTime)).list(t.kind)
	if !ok || tainted {
		s.fault(list, "", "%s is %s, an element of the list is none", t.name(), t.describe())
		return Unknown
	}
	for _, el := range v.V.([]any) {
		if !s.inEnum(list, t.field, el) {
			return Unknown
		}
	}
	return t.wrap(In{X: t.op, List: Val{v}})
}

// match lowers startsWith, endsWith and contains.
func (s *scope) match(e ast.Expr) Pred {
	c := e.AsCall()
	op := map[string]MatchOp{"startsWith": StartsWith, "endsWith": EndsWith, "contains": Contains}[c.FunctionName()]
	text := &term{kind: String, path: show(c.Target())}
	var hops []*term
	side := func(x ast.Expr) Operand {
		if !s.touches(x) {
			return s.value(x, text)
		}
		t := s.term(x)
		if t == nil {
			return nil
		}
		if t.op == nil || t.list || t.o != nil || t.kind != String && t.kind != ID {
			hint := ""
			if t.list {
				hint = "use in: 'x' in " + t.path
			}
			s.fault(x, hint, "%s is %s, %s needs a String", t.name(), t.describe(), c.FunctionName())
			return nil
		}
		hops = append(hops, t)
		return t.op
	}
	x, y := side(c.Target()), side(c.Args()[0])
	if x == nil || y == nil {
		return Unknown
	}
	var p Pred = Match{op, x, y}
	for i := len(hops) - 1; i >= 0; i-- {
		p = hops[i].wrap(p)
	}
	return p
}
