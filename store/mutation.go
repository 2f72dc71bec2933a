package store

import (
	"context"
	"sync/atomic"

	"flora.dev/flora/rules"
)

// HeadKind says what a Head does.
type HeadKind uint8

// The kinds of Head.
const (
	Insert HeadKind = iota
	Update
	Delete
	Link   // adds a row of a link table: Set are its two references; a row that is there is a hit
	Unlink // removes it; a row that is not there is a hit. A Guard that is not true is Forbidden with both
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
	// Once, if not nil, makes a retry repeat the outcome of the first run.
	Once *Once
	// Given and Kept are of a mutation that a Keeper keeps, as those of a Query are.
	Given []rules.Value
	Kept  *atomic.Value
}

// Keeper is a Store that keeps what it made of a mutation, for when it is asked
// again with other values. On the others that is nothing beside the round trips.
type Keeper interface {
	// WriteKept runs a mutation of one Insert, Update or Delete with an ID or
	// Given, whose answer is its Echo and that has nothing nested, no Once and no
	// Referrers. It does as Write does, but for ErrMissed where the statement
	// hits nothing: what that means is for a Write to tell, which looks.
	WriteKept(ctx context.Context, m *Mutation) (*Outcome, error)
}

// Once names a mutation for its retries. The outcome is stored in the
// transaction that writes it, also where nothing was hit, and forgotten some
// time after Since; a refusal is not stored. A retry has the same heads with the
// same ids: its answers are read again, a deleted document's is null.
type Once struct {
	Key     [32]byte // who asks and the key that the caller chose, hashed
	Request [32]byte // what is asked, hashed: the same Key with another Request is ErrReused
	Since   int64    // outcomes stored before this time, in microseconds, do not count
}

// Head is one guarded statement on one document, and the nested ones that run
// only if it hit. Predicates are in the form that rules.T leaves.
type Head struct {
	Kind  HeadKind
	Table *rules.Object
	ID    string       // of the document: made by the server for an Insert
	Given *rules.Given // in place of the ID, of a mutation that is kept
	// Set are the columns written. An Insert names every column except _id
	// and _ts. An Update sets _ts = max(Now, _ts + 1) by itself.
	Set []Assign
	// TS, of an Insert or Update, is the _ts that the document gets, for one that
	// brings its own from elsewhere. 0: the one that the engine gives.
	TS int64
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
	// Version, if not nil, is the _ts that the stored document must have. Another
	// one is VersionMismatch, where Guard and Checks are true.
	Version *int64
	// Match, of an Update or Delete, addresses documents instead of ID: all for
	// which it is true, on rules.Old. It says what the caller may see and touch;
	// Guard and Checks are asked of each, and one where they are not true
	// refuses the head: as Forbidden where the Guard is not true of some, else
	// as Invalid. Match that finds nothing is a Hit with Count 0. More documents
	// than Most, 10,000 if it is 0, are TooMany before anything else is asked.
	// There are no Kids; the head may be one itself.
	Match rules.Pred
	Most  int
	// Else makes an Update an upsert: the Insert to run where no document, seen
	// or not, has the key. Key finds the document, or ID where it is nil; at most
	// one has it. A document that the caller can read is refused as of an Update.
	// An Insert that its Guard or Checks refuse is Forbidden or Invalid, also
	// where a document that the caller cannot read has the key; where only that
	// stands against it, it is a Conflict. The Kids of the one that ran run.
	// Neither has Before.
	Else *Head
	Key  rules.Pred
	// Before are Inserts and Updates that must have run for this head to run:
	// one that hits nothing, or this head hitting nothing, refuses all as
	// Forbidden. A refusal counts them before the Kids.
	Before []Head
	Kids   []Head
	// Referrers, of a Delete, are the references of all collections and link
	// tables whose documents go with the one they name (rules.Cascade), or lose
	// it (rules.SetNull), with system rights and through any number of hops. Of
	// link tables the rows go. The head is decided before any of them: what is
	// forbidden, or has another version, takes nothing with it. More than Most
	// documents beside those of the head are TooMany; a reference that restricts,
	// of a document that stays, is a Conflict. Results do not count them.
	Referrers []*rules.Field
	Along     int // the most that go along, in place of Most, if not 0

	// Answer, of a top-level head, reads the document for the client: after
	// all heads ran, at the state of the commit; for a Delete before it runs.
	// It is a One Select with its own read rule, or nil: no answer wanted. With
	// Match it is a page, of which the engine shows the documents that the head
	// hit; with Else its Where speaks of either document, and the engine adds
	// which one it is.
	Answer *Select
	// Echo: the Answer's columns are all plain values of the document itself
	// and its Where is certain to hold after the write, so the engine may take
	// them from the statement's own result, or for an Insert from Set.
	Echo bool
}

// Document is the _id of the document.
func (h *Head) Document() rules.Value {
	if h.Given != nil {
		return rules.Value{Kind: rules.ID, V: *h.Given}
	}
	return rules.Value{Kind: rules.ID, V: h.ID}
}

// Stamp is the _ts that an Insert gives at the time now.
func (h *Head) Stamp(now int64) int64 {
	if h.TS != 0 {
		return h.TS
	}
	return now
}

// Assign sets a field. Value is a rules.Val, a rules.UserVal (the guard says
// that the user exists), or of an Update a rules.Col of rules.Old or what
// rules.Sum, rules.Joined and rules.Without make of one.
type Assign struct {
	Field *rules.Field
	Value rules.Operand
}

// Outcome is what a committed Mutation did.
type Outcome struct {
	Results    []Result // one per top-level head
	CommitTime int64    // microseconds; 0 if nothing was written
	Repeated   bool     // that of an earlier run (Once); answers are of now
}

// Result is what one top-level head did.
type Result struct {
	Hit    bool   // a document was written or deleted
	Count  int64  // with Match: how many
	Answer string // JSON text of Answer, "null" where its Where did not hold, "" without Hit
}
