package store

import (
	"errors"
	"fmt"
)

// Errors of every engine. Test with errors.Is.
var (
	ErrUnavailable = errors.New("store unavailable")                      // not reached, busy, deadline: try again
	ErrNoSchema    = errors.New("no schema is deployed in this store")    // deploy one
	ErrStale       = errors.New("another schema version is deployed")     // plan again
	ErrLimit       = errors.New("statement is larger than a store takes") // ask for less
	ErrMissed      = errors.New("the statement of a kept mutation hits nothing")
	ErrReused      = errors.New("key was used for another mutation") // Once with another Request
)

// UnansweredError says that a mutation committed but that its answers could not
// be read: run again it would write again.
type UnansweredError struct {
	CommitTime int64 // as in Outcome
	Err        error
}

func (e *UnansweredError) Error() string {
	return "read answers of a committed mutation: " + e.Err.Error()
}

// Unwrap returns the cause.
func (e *UnansweredError) Unwrap() error { return e.Err }

// DriverError is an error of a database that quotes stored values: errors end
// up in logs, so its own text is the kind alone.
type DriverError struct {
	Code string // the database's name for the kind
	Err  error  // what it said
}

func (e *DriverError) Error() string { return e.Code + " (the database's text may quote values)" }

// Unwrap returns the cause.
func (e *DriverError) Unwrap() error { return e.Err }

// Refusal is why a write was refused.
type Refusal uint8

// The refusals.
const (
	Forbidden       Refusal = iota + 1 // a rule, or a connected document that does not exist or is hidden
	Conflict                           // a unique value is taken, or a deleted document is still referenced
	TooLarge                           // a value or row is larger than the store takes
	Invalid                            // one of the head's Checks is not true
	VersionMismatch                    // the document has another Version
	TooMany                            // more documents than the head may touch
)

// WriteError is a refusal of one head. It never carries database text or values.
type WriteError struct {
	Head int // index of the top-level head
	Why  Refusal
	// Kid and Check say, of an Invalid, which: Kid is the index of the nested
	// head in Before and then Kids, -1 for the head itself; Check the index in its
	// Checks, of an upsert in those of the branch that was refused.
	Kid, Check int
	Err        error // for logs, may be nil
}

func (e *WriteError) Error() string {
	return fmt.Sprintf("write head %d: refused (%d): %v", e.Head, e.Why, e.Err)
}

// Unwrap returns the cause.
func (e *WriteError) Unwrap() error { return e.Err }
