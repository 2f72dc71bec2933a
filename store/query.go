package store

import (
	"sync/atomic"

	"flora.dev/flora/rules"
)

// Query is one GraphQL query operation: root fields that read one snapshot.
type Query struct {
	Roots []Select
	// Given are the values that stand as a rules.Given in the Roots, by number.
	Given []rules.Value
	// Kept is what the engine made of the Roots, for when they are read again with
	// other values. Nil: they are not.
	Kept *atomic.Value
}

// Select reads documents of one collection. All predicates are in the form
// that rules.T leaves and speak of Var for the document read, and of the Var
// of enclosing Selects. Vars are unique in a Query.
//
// Its answer is positional JSON text:
//
//	One:  null | node
//	page: [ total?, [ node* ] ]    with Backward the node too many is the first
//	node: [ value* ], one for each Column
//	with Groups: [ [ node* ] ], of what they say instead of Columns
type Select struct {
	From  *rules.Object // nil: no document, but one node of what else is asked (One, Where rules.True)
	Var   rules.Var
	Where rules.Pred // row rule AND filter AND join; decides which documents there are
	One   bool       // at most one document: the answer is a node or null; with Limit 1 the one with the least _id

	// Of a page only:
	After rules.Pred // what follows the cursor, true if there is none; not part of the count
	Order []Order    // _id is always the last key, added by the planner
	Limit int        // most nodes returned: page size + 1
	// Offset skips nodes, before the Limit. Backward takes the last nodes of the
	// order, not the first; they are returned in the order all the same.
	Offset   int
	Backward bool
	Total    bool // count the documents of Where
	List     bool // without nodes (only the count is asked) if false

	Columns []Column
	// Groups asks for figures about the documents of Where instead of for the
	// documents; of the rest only Limit counts then, the most groups returned.
	Groups *Groups
}

// Groups are documents with equal Keys (nulls are equal), in the order of the
// keys, nulls first. Without a key all documents are one group, even if there
// is none. A node has the Keys, as columns, and then the Figures.
type Groups struct {
	Keys    []rules.Operand
	Figures []Figure
}

// Figure is one value of a group.
type Figure struct {
	Op FigureOp
	Of rules.Operand // nil of a Count
}

// FigureOp is what a Figure says of the values that are not null.
type FigureOp uint8

// The figures. Sums are exact, of numbers rounded to nine decimals, and are
// given as text; they are null where there is no number, or one of 1e20 or more
// in size, which neither engine adds exactly.
const (
	Count FigureOp = iota // the number of documents
	Min                   // as a column
	Max
	Sum // null or JSON string of decimal digits
	Avg // [ Sum, number of values ]
)

// Order is a sort key of the document read: a field, or Value if that is not
// nil. Nulls are first in ascending order.
type Order struct {
	Field *rules.Field
	Value rules.Operand
	Desc  bool
}

// Column is one value of a node: exactly one of Value and Nested is set.
//
//	Value:  JSON scalar | list; Time as microseconds, Boolean as true/false or 1/0
//	Nested: the answer of the nested Select, null for a One that is absent
//	Guard:  null where Guard is not true, else [ value ]
type Column struct {
	Value  rules.Operand // usually a rules.Col
	Nested *Select
	Guard  rules.Pred // nil: none
}

// Rows is the answer to a Query.
type Rows struct {
	Roots   []string // JSON text per root, valid until forever (a copy)
	Version int64    // the deployed schema version in the snapshot read
}
