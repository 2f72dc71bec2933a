package rules

import (
	"math"
	"slices"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/types"
)

// assigned lowers a @default or @set expression for f.
func (s *source) assigned(e ast.Expr, f *Field) Operand {
	if s.env.touches(e, nil) {
		return s.assignedUser(e, f)
	}
	if isNullLiteral(e) {
		s.fault(e, "leave the directive out", "null is no value for %s", f.Path())
		return nil
	}
	slot := s.slot(e)
	if slot == nil {
		return nil
	}
	typ := slot.typ
	if f.List && typ.Kind() == types.ListKind {
		typ = typ.Parameters()[0]
	} else if f.List != (typ.Kind() == types.ListKind) && typ.Kind() != types.DynKind {
		s.fault(e, "", "%s is %s, %s is %s", f.Path(), f.describe(), show(e), slot.describe())
		return nil
	}
	if !(&Slot{typ: typ}).fits(f.Kind, f.Target) {
		hint := ""
		if f.ToOne() && slot.identity {
			hint = "Did you mean CurrentUser()?"
		}
		s.fault(e, hint, "%s is %s, %s is %s", f.Path(), f.describe(), show(e), slot.describe())
		return nil
	}
	ref := SlotRef{Slot: slot, Kind: f.Kind, List: f.List}
	if !slot.constant {
		return ref
	}
	v, tainted, ok := Anonymous(zeroTime).value(ref)
	if !ok || tainted || !inRange(f, v) {
		s.fault(e, "", "%s is %s, %s is none", f.Path(), f.describe(), show(e))
		return nil
	}
	elems, _ := v.V.([]any)
	if !f.List {
		elems = []any{v.V}
	}
	for _, x := range elems {
		if !s.inEnum(e, f, x) {
			return nil
		}
	}
	return Val{v}
}

// storable reports whether a claim's value is one that the field can have: a
// token may hold any number and any text.
func storable(f *Field, v Value) bool {
	elems, ok := v.V.([]any)
	if !ok {
		elems = []any{v.V}
	}
	for _, x := range elems {
		if s, ok := x.(string); ok && f.Kind == Enum && !slices.Contains(f.Values, s) {
			return false
		}
	}
	return inRange(f, v)
}

// inRange checks what the type of a stored field demands beyond its kind.
func inRange(f *Field, v Value) bool {
	if f.Kind != Int {
		return true
	}
	elems, ok := v.V.([]any)
	if !ok {
		elems = []any{v.V}
	}
	for _, x := range elems {
		if i := x.(int64); i > math.MaxInt32 || i < math.MinInt32 {
			return false
		}
	}
	return true
}

// assignedUser lowers CurrentUser() and CurrentUser().field.
func (s *source) assignedUser(e ast.Expr, f *Field) Operand {
	sc := &scope{source: s, doc: Old}
	base, name := e, "_id"
	if e.Kind() == ast.SelectKind && !e.AsSelect().IsTestOnly() {
		base, name = e.AsSelect().Operand(), e.AsSelect().FieldName()
	}
	if base.Kind() != ast.CallKind || base.AsCall().FunctionName() != "CurrentUser" {
		s.fault(e, "use CurrentUser() or CurrentUser().field", "%s cannot be stored", show(e))
		return nil
	}
	u := sc.user(base)
	if u == nil {
		return nil
	}
	t := u
	if base != e {
		if t = sc.selected(e, base, name); t == nil {
			return nil
		}
	}
	if t.kind == Embedded || t.kind == JSON || t.inner != nil {
		s.fault(e, "", "%s is %s, which cannot be stored from here", t.path, t.describe())
		return nil
	}
	if _, ok := t.op.(Member); ok {
		s.fault(e, "", "%s is inside an embedded value, which cannot be stored from here", t.path)
		return nil
	}
	have := &term{kind: f.Kind, o: f.Target, field: f}
	if t.op == nil || t.list != f.List || !comparable(t, have) {
		hint := ""
		if t == u && f.Kind == String {
			hint = "Did you mean CurrentIdentity()?"
		}
		s.fault(e, hint, "%s is %s, %s is %s", f.Path(), f.describe(), t.path, t.describe())
		return nil
	}
	if f.Kind == Int && t.kind != Int {
		s.fault(e, "", "%s is %s, %s is %s", f.Path(), f.describe(), t.path, t.describe())
		return nil
	}
	if t.null && f.NonNull {
		s.fault(e, "", "%s may be null, %s may not", t.path, f.Path())
		return nil
	}
	return UserVal{Object: u.o, Identity: s.env.identity(u.o), Field: t.field}
}

// boolean reports whether the slot may be used as a condition.
func (s *Slot) boolean() bool {
	return s.typ.Kind() == types.BoolKind || s.typ.Kind() == types.DynKind
}

// fits reports whether a value of the slot's type can be one of the kind; a
// claim's type is only known when it is there.
func (s *Slot) fits(k Kind, target *Object) bool {
	switch s.typ.Kind() {
	case types.DynKind:
		return true
	case types.StringKind:
		return target == nil && (k == String || k == ID || k == Enum || k == Date || k == UUID || k == Decimal)
	case types.IntKind:
		return k == Int || k == Long || k == Float
	case types.DoubleKind:
		return k == Float
	case types.BoolKind:
		return k == Bool
	case types.TimestampKind:
		return k == Time
	}
	return false
}

// describe names the slot's type for messages.
func (s *Slot) describe() string {
	switch s.typ.Kind() {
	case types.DynKind:
		return "a value of any type"
	case types.StringKind:
		return "a String"
	case types.IntKind, types.UintKind:
		return "an Int"
	case types.DoubleKind:
		return "a Float"
	case types.BoolKind:
		return "a Boolean"
	case types.TimestampKind:
		return "a Time"
	case types.DurationKind:
		return "a duration"
	case types.ListKind:
		return "a list"
	case types.MapKind:
		return "an object"
	}
	return cel.FormatCELType(s.typ)
}

func (f *Field) describe() string {
	switch {
	case f.Many():
		return "a list of " + f.Target.Name
	case f.List:
		return "a list of " + f.TypeName
	}
	return article(f.TypeName)
}

func article(name string) string {
	if name != "" && strings.ContainsRune("AEIOU", rune(name[0])) && name != "User" {
		return "an " + name
	}
	return "a " + name
}

func (t *term) describe() string {
	switch {
	case t.field == nil || t.here:
		if t.o != nil {
			return article(t.o.Name)
		}
		return article(t.kind.String())
	}
	return t.field.describe()
}

// name is how messages call a term: Product.owner, or as it was written.
func (t *term) name() string {
	if t.field != nil && !t.here {
		return t.field.Path()
	}
	return t.path
}
