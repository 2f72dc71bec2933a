package store

import (
	"flora.dev/flora/rules"
)

// HeadKind says what a Head does.
type HeadKind uint8

// The kinds of Head.
const (
	Insert HeadKind = iota
	Update
	Delete
)

// Mutation is one GraphQL mutation operation: heads that run in order in one
// transaction, each seeing what those before it did.
type Mutation struct {
	// Version is the schema version that the heads were planned for: another
	// deployed version is ErrStale.
	Version int64
	// Now is the operation's clock in microseconds.
	Now   int64
	Heads []Head
}

// Head is one guarded statement on one document, and the nested ones that run
// only if it hit. Predicates are in the form that rules.T leaves.
type Head struct {
	Kind  HeadKind
	Table *rules.Object
	ID    string // of the document: made by the server for an Insert
	// Set are the columns written. An Insert names every column except _id
	// and _ts. An Update sets _ts = max(Now, _ts + 1) by itself.
	Set []Assign
	// Guard must be true: read rule, write rule on both sides, field rules,
	// connected targets readable. It speaks of rules.Old for the stored
	// document (Update, Delete); of an Insert it speaks of no document of
	// its own. rules.True on an Insert: nothing is asked before the write.
	Guard rules.Pred
	// Checks must be true too, after the Guard: validation of the document to be
	// stored, on the same documents as the Guard. One that is not true refuses
	// the head as Invalid, with its index, where the Guard is true.
	Checks []rules.Pred
	// Readable is the read rule alone, on rules.Old: an Update or Delete that
	// did not hit is Forbidden if the document is readable, else a miss.
	Readable rules.Pred
	// Required: a miss is Forbidden instead (relation inputs).
	Required bool
	Kids     []Head

	// Answer, of a top-level head, reads the document for the client: after
	// all heads ran, at the state of the commit; for a Delete before it runs.
	// It is a One Select with its own read rule, or nil: no answer wanted.
	Answer *Select
	// Echo: the Answer's columns are all plain values of the document itself
	// and its Where is certain to hold after the write, so the engine may take
	// them from the statement's own result, or for an Insert from Set.
	Echo bool
}

// Assign sets a field. Value is a rules.Val, a rules.UserVal (the guard says
// that the user exists), or a rules.Col of rules.Old.
type Assign struct {
	Field *rules.Field
	Value rules.Operand
}

// Outcome is what a committed Mutation did.
type Outcome struct {
	Results    []Result // one per top-level head
	CommitTime int64    // microseconds; 0 if nothing was written
}

// Result is what one top-level head did.
type Result struct {
	Hit    bool   // a document was written or deleted
	Answer string // JSON text of Answer, "null" where its Where did not hold, "" without Hit
}
