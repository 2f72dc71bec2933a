package store

import "context"

// Store is one database that holds the documents of one deployed schema.
// All methods may be called from many goroutines. Every method returns a
// context error as ErrUnavailable wrapping it.
type Store interface {
	// Read runs a query operation, all its roots, as one statement on one
	// snapshot: one round trip. It may be retried. Errors: ErrLimit,
	// ErrUnavailable, of the AuditObject ErrNoTable. The version it returns is
	// that of its own snapshot.
	Read(ctx context.Context, q *Query) (*Rows, error)

	// Snapshot runs f, whose reads all see the store as it was when the first
	// of them began, for as long as the store keeps that: Spanner one hour. It
	// returns what f does. Errors of a read: those of Read.
	Snapshot(ctx context.Context, f func(read func(*Query) (*Rows, error)) error) error

	// Write runs the heads of a mutation in order, in one transaction: all or
	// nothing. A refusal is a *WriteError that names the head; nothing was
	// written then. An update or delete that hits nothing its caller can read
	// is no error: its result is not Hit, and the other heads go on. After
	// ErrUnavailable the outcome is open: the transaction may have committed.
	// After an *UnansweredError it has.
	Write(ctx context.Context, m *Mutation) (*Outcome, error)

	// Deployed returns a version of the schema, the newest for 0, and the store's
	// secret. Errors: ErrNoSchema where there is none, ErrUnavailable.
	Deployed(ctx context.Context, version int64) (*Deployment, error)

	// Deploy applies the steps and then publishes the SDL as version
	// From+1. Errors: ErrStale if the deployed version is not From (0: none);
	// a *StepError for a step that the data does not allow.
	Deploy(ctx context.Context, m *Migration) (*Deployment, error)

	// Notes returns the version that is deployed and the notes that changed
	// after the revision since, all for 0, of one moment: one round trip. It may
	// be retried. Errors: ErrNoSchema where nothing was ever deployed,
	// ErrUnavailable.
	Notes(ctx context.Context, since int64) (*Notes, error)

	// Note writes those notes that say something else now, each with a revision
	// of its own above all others, in one transaction, and returns the newest
	// revision. Their names are distinct. A withdrawn note that is not there is no
	// change. An entry, if not nil, goes into the audit where one is. It may be
	// retried. Errors: ErrNoTable, ErrUnavailable.
	Note(ctx context.Context, entry *Entry, notes ...Note) (revision int64, err error)

	// Close ends the store: running operations end first.
	Close() error
}
