package rules

// Action is what a rule guards.
type Action uint8

// The actions of rules.
const (
	Read Action = iota + 1
	Create
	Update
	Delete
)

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
	return &Expr{Text: text, op: op, field: f}, nil
}

// UserFields are the fields that the rules compiled so far read through
// CurrentUser(), however many relations behind it, without the identity field
// itself. For a list it is the reference that makes the list.
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

// CompileWhen compiles the predicate of a role in flora.yaml: it may speak of
// claims only.
func CompileWhen(text string) (*Slot, []Fault) {
	s := &source{env: NewEnv(nil, nil), text: text}
	root := s.parse()
	if root == nil {
		return nil, s.faults
	}
	if s.env.touches(root, nil) {
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
	Text  string
	op    Operand // Val, SlotRef or UserVal with a SlotRef
	field *Field  // that gets the value
}

// Const returns the expression's value if it is the same for every caller at
// all times.
func (x *Expr) Const() (Value, bool) {
	v, ok := x.op.(Val)
	return v.Value, ok
}

// simplify folds constants only: a caller of whom nothing is known.
func simplify(p Pred) Pred {
	each := func(ps []Pred) []Pred {
		out := make([]Pred, len(ps))
		for i, p := range ps {
			out[i] = simplify(p)
		}
		return out
	}
	switch p := p.(type) {
	case And:
		return kleene(each(p), True)
	case Or:
		return kleene(each(p), False)
	case Not:
		return not(simplify(p.P))
	}
	return p
}
