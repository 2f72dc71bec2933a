package rules

// Pred is a predicate over documents with three values. Its nodes are the
// types below. A predicate is immutable; compiled ones are shared by all
// requests.
type Pred interface{ pred() }

// Truth is true, false or unknown. Only True allows.
type Truth uint8

// The three values. As a Pred a Truth is a constant.
const (
	Unknown Truth = iota
	False
	True
)

// Var names a document in a predicate. Old and New are the two sides of a
// write; reads and deletes speak of Old. Others are bound by One, Many and User.
type Var int

// The stored document, and the document after the change.
const (
	Old Var = 1
	New Var = 2
)

// Op is a comparison.
type Op uint8

// Eq and Ne are definite: two nulls are equal, one null is not. The ordering
// comparisons are unknown where an operand is null.
const (
	Eq Op = iota
	Ne
	Lt
	Le
	Gt
	Ge
)

// MatchOp is a string test: case-sensitive, by code point, unknown on null.
type MatchOp uint8

// The string tests.
const (
	StartsWith MatchOp = iota
	EndsWith
	Contains
)

type (
	// And, Or, Not and If are Kleene.
	And []Pred
	Or  []Pred
	Not struct{ P Pred }
	If  struct{ Cond, Then, Else Pred }

	// Test is a bare Boolean operand; null is unknown.
	Test struct{ X Operand }
	// Cmp compares two scalars or references of one kind.
	Cmp struct {
		Op   Op
		L, R Operand
	}
	// IsNull is definite.
	IsNull struct{ X Operand }
	// In tests membership. List is a list column, or a Val whose value is a
	// list. A null list is unknown, a null X in a list is false. Tainted: the
	// list has an element that cannot be compared, so absence is unknown.
	In struct {
		X, List Operand
		Tainted bool
	}
	// Match is a string test of X against Y.
	Match struct {
		Op   MatchOp
		X, Y Operand
	}
	// One is a hop over the reference From (a column of kind Ref, or a value)
	// to the document Var of Target. The hop exists only if the document does
	// and Domain is true; otherwise the whole is unknown.
	One struct {
		From         Operand
		Key          *Field // the unique field of Target that equals From, nil: its _id
		Target       *Object
		Var          Var
		Domain, Body Pred
	}
	// Many is exists (or all) over the documents Var behind the many side
	// Field of document Of, or over all of Object, restricted to those where
	// Domain is true.
	Many struct {
		Of           Operand // the _id of the document whose relation it is, nil with Object
		Field        *Field  // nil with Object
		Object       *Object // the collection ranged over, nil with Field
		Var          Var
		Domain, Body Pred
		All          bool
	}
	// User is a hop to the caller's own document in Object: unknown where the
	// caller has none. Identity is the value of the linking claim.
	User struct {
		Object   *Object
		Identity Operand
		Var      Var
		Body     Pred
	}
	// Definite is P made two-valued: unknown becomes false.
	Definite struct{ P Pred }
	// Guard is P where Rule is true, else unknown: a client's condition on a
	// field with a read rule of its own.
	Guard struct{ Rule, P Pred }
	// Slot tests a part that touches no document.
	SlotTest struct{ Slot *Slot }
)

// What T leaves: True, False, And, Or, Test (with False for its negation as
// Cmp), Cmp, IsNull, In, Match, and these.
type (
	// NotNull is the negation of IsNull.
	NotNull struct{ X Operand }
	// NotIn is definitely absent: false on a null list, true for a null X.
	NotIn struct{ X, List Operand }
	// NoMatch is the negation of Match: false on null.
	NoMatch struct {
		Op   MatchOp
		X, Y Operand
	}
	// NotTest is a Boolean operand that is false, not null.
	NotTest struct{ X Operand }
	// NotTrue is "P is not true": P may be null in SQL.
	NotTrue struct{ P Pred }
	// None says that no document behind the relation, or of Object, satisfies
	// Body. It is two-valued.
	None struct {
		Of     Operand
		Field  *Field
		Object *Object
		Var    Var
		Body   Pred
	}
)

func (Truth) pred()    {}
func (And) pred()      {}
func (Or) pred()       {}
func (Not) pred()      {}
func (If) pred()       {}
func (Test) pred()     {}
func (Cmp) pred()      {}
func (IsNull) pred()   {}
func (In) pred()       {}
func (Match) pred()    {}
func (One) pred()      {}
func (Many) pred()     {}
func (User) pred()     {}
func (Definite) pred() {}
func (Guard) pred()    {}
func (SlotTest) pred() {}
func (NotNull) pred()  {}
func (NotIn) pred()    {}
func (NoMatch) pred()  {}
func (NotTest) pred()  {}
func (NotTrue) pred()  {}
func (None) pred()     {}

// Operand is a scalar in a predicate.
type Operand interface{ operand() }

type (
	// Col is a field of a document.
	Col struct {
		Var   Var
		Field *Field
	}
	// Val is a known value.
	Val struct{ Value Value }
	// SlotRef is the value of a slot, read as Kind. Fold replaces it.
	SlotRef struct {
		Slot *Slot
		Kind Kind
		List bool
	}
	// Size is the number of code points of a string or elements of a list.
	Size struct{ X Operand }
	// UserVal is a field of the caller's document, as a scalar subquery: what
	// @set and @default may store. Identity is the value of the linking claim.
	UserVal struct {
		Object   *Object
		Identity Operand
		Field    *Field
	}
)

func (Col) operand()     {}
func (Val) operand()     {}
func (SlotRef) operand() {}
func (Size) operand()    {}
func (UserVal) operand() {}

// Value is a scalar or a list of scalars of one kind. V is nil for null, else
// as the Kind says; of a list, []any of such.
type Value struct {
	Kind Kind
	List bool
	V    any
}
