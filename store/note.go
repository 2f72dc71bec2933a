package store

import (
	"errors"
	"time"
)

// ErrNoTable is the error where the store was last deployed to by a Flora that
// knew no notes or no audit: the next deployment makes their tables.
var ErrNoTable = errors.New("the store lacks a table of notes or of the audit")

// NotesKept is how long a note is told after it was withdrawn or ended, at
// least. A reader that was away for longer reads all notes anew.
const NotesKept = time.Hour

// MaxNoteName is the longest name of a note, in bytes.
const MaxNoteName = 1024

// Note is a value that all instances over one store share, under a name: a
// revocation, a key set.
type Note struct {
	Name  string // at most MaxNoteName
	Value string // "" withdraws
	// Until is when the note ends by itself, in microseconds, 0 for never. It
	// is forgotten some time later, with the next change.
	Until    int64
	Revision int64 // of the change that made it so; ignored by Store.Note
}

// Notes are what changed after a revision.
type Notes struct {
	Version  int64  // of the newest deployed schema
	Revision int64  // of the newest change; what was asked for if nothing changed
	Changed  []Note // in the order of their revisions, withdrawn ones among them
	Missing  bool   // there is no place for notes yet, see ErrNoTable
}
