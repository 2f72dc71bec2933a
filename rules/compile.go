package rules

import (
	"reflect"
	"strconv"

	"cel.dev/cel-go/cel"
)

// Action is what a rule guards.
type Action uint8

// The actions of rules.
const (
	Read Action = iota + 1
	Create
	Update
	Delete
)

// Env compiles the expressions of one schema. It is not safe for use by
// several goroutines; what it compiles is.
type Env struct {
	cel, strict *cel.Env
	objects     []*Object
	users       []*Object
	slots       map[string]*Slot // by text, so that equal slots are computed once
	userFields  []*Field
	nextVar     Var
}

// NewEnv returns an Env. The objects must be complete: fields, relations,
// identity. users are the collections with an identity field.
func NewEnv(objects, users []*Object) *Env {
	return &Env{cel: newCEL(), strict: newStrictCEL(), objects: objects, users: users, slots: map[string]*Slot{}, nextVar: New + 1}
}

// Rule compiles one @auth argument on o (or on a field of o) for an action.
// Read and Delete speak of Old, Create of New. An Update is lowered twice and
// both must hold: doc as the stored and as the new document.
func (e *Env) Rule(o *Object, a Action, text string) (Pred, []Fault) {
	s := &source{env: e, text: text}
	idents := []string{"doc"}
	switch a {
	case Create:
		idents = append(idents, "newDoc")
	case Update:
		idents = append(idents, "oldDoc", "newDoc")
	}
	root := s.parse(idents...)
	if root == nil {
		return nil, s.faults
	}
	doc := Old
	if a == Create {
		doc = New
	}
	p := s.lower(root, o, a, doc)
	if a == Update && len(s.faults) == 0 {
		// A rule that does not say doc is the same on both sides.
		if q := s.lower(root, o, a, New); usesDoc(root) {
			p = And{p, q}
		}
	}
	if len(s.faults) > 0 {
		return nil, s.faults
	}
	// Fold what no caller can change, so that "true || ..." is literally true.
	return simplify(p), nil
}

// Value compiles a @default or @set expression for f: constants, now, the
// caller, and fields of the caller's document.
func (e *Env) Value(f *Field, text string) (*Expr, []Fault) {
	s := &source{env: e, text: text}
	root := s.parse()
	if root == nil {
		return nil, s.faults
	}
	op := s.assigned(root, f)
	if len(s.faults) > 0 {
		return nil, s.faults
	}
	return &Expr{Text: text, op: op}, nil
}

// UserFields are the fields that the rules compiled so far read through
// CurrentUser(), without the identity field itself.
func (e *Env) UserFields() []*Field { return e.userFields }

func (e *Env) fresh() Var {
	e.nextVar++
	return e.nextVar
}

func (e *Env) readUserField(f *Field) {
	for _, g := range e.userFields {
		if g == f {
			return
		}
	}
	e.userFields = append(e.userFields, f)
}

// HasRole is the predicate that the caller holds the role.
func HasRole(name string) Pred {
	return SlotTest{&Slot{Text: "HasRole(" + strconv.Quote(name) + ")", typ: cel.BoolType, role: name}}
}

// CompileWhen compiles the predicate of a role in flora.yaml: it may speak of
// claims only.
func CompileWhen(text string) (*Slot, []Fault) {
	s := &source{env: NewEnv(nil, nil), text: text}
	root := s.parse()
	if root == nil {
		return nil, s.faults
	}
	if touches(root, nil) {
		s.fault(root, "", "a role's condition may speak of claims only")
		return nil, s.faults
	}
	out := s.slot(root)
	if out != nil && !out.boolean() {
		s.fault(root, "", "the condition is %s, a Boolean is expected", out.describe())
	}
	if len(s.faults) > 0 {
		return nil, s.faults
	}
	return out, nil
}

// Fault is an error in an expression. Offset counts code points from the start
// of the text, for a place in the SDL.
type Fault struct {
	Offset  int
	Message string // what was found and expected, in GraphQL's type names
	Hint    string // may be empty: Did you mean CurrentUser()?
}

// Expr is a compiled @default or @set expression.
type Expr struct {
	Text string
	op   Operand // Val, SlotRef or UserVal with a SlotRef
}

// Const returns the expression's value if it is the same for every caller at
// all times.
func (x *Expr) Const() (Value, bool) {
	v, ok := x.op.(Val)
	return v.Value, ok
}

// simplify folds constants only: a caller of whom nothing is known.
func simplify(p Pred) Pred {
	switch p := p.(type) {
	case And:
		var out And
		for _, x := range p {
			switch x := simplify(x).(type) {
			case Truth:
				if x == False {
					return False
				}
				if x == Unknown {
					out = append(out, x)
				}
			default:
				out = append(out, x)
			}
		}
		if len(out) == 0 {
			return True
		}
		if len(out) == 1 {
			return out[0]
		}
		return out
	case Or:
		var out Or
		for _, x := range p {
			switch x := simplify(x).(type) {
			case Truth:
				if x == True {
					return True
				}
				if x == Unknown {
					out = append(out, x)
				}
			default:
				out = append(out, x)
			}
		}
		if len(out) == 0 {
			return False
		}
		if len(out) == 1 {
			return out[0]
		}
		return out
	case Not:
		return not(simplify(p.P))
	}
	return p
}

// Simplify folds the constants of a predicate that was put together of
// compiled ones.
func Simplify(p Pred) Pred { return simplify(p) }

// Same reports whether two predicates are equal node by node.
func Same(a, b Pred) bool { return reflect.DeepEqual(a, b) }
