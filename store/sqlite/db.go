package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"flora.dev/flora/store"
	"flora.dev/flora/store/internal/sqlgen"
)

// Memory as a path opens a private store that is gone after Close.
const Memory = ":memory:"

// ErrInUse is the error of Open for a file that another process has open.
var ErrInUse = errors.New("in use by another process")

var errClosed = fmt.Errorf("%w: closed", store.ErrUnavailable)

// Options of a store. The zero value is what a server wants.
type Options struct {
	Readers int              // connections that read, 0: one per processor, at least 4
	Now     func() time.Time // the clock that deployments are noted with, nil: time.Now
}

// DB is a store in one SQLite file.
type DB struct {
	temp    string // folder to remove at Close, or ""
	lock    *conn  // holds the lock file
	now     func() time.Time
	readers pool
	writer  *conn
	queue   chan *job
	written chan struct{} // closed when the writer has ended
	version atomic.Int64  // deployed version; only the writer changes it
	// watching: readers will be looked at.
	watching atomic.Bool

	mu     sync.RWMutex // held for reading by every operation
	closed bool
}

var _ store.Store = (*DB)(nil)

// Open opens or creates the store in the file at path, and locks it against
// other processes: ErrInUse if one has it.
func Open(ctx context.Context, path string, opts Options) (*DB, error) {
	db := &DB{now: opts.Now}
	if db.now == nil {
		db.now = time.Now
	}
	if path == Memory {
		// Shared memory has no write-ahead log: readers would wait for the writer.
		dir, err := os.MkdirTemp("", "flora")
		if err != nil {
			return nil, fmt.Errorf("open store: %w", err)
		}
		db.temp, path = dir, filepath.Join(dir, "flora.db")
	}
	readers := opts.Readers
	if readers <= 0 {
		readers = max(4, runtime.GOMAXPROCS(0))
	}
	if err := db.open(ctx, path, readers); err != nil {
		db.release()
		return nil, fmt.Errorf("open store %s: %w", path, err)
	}
	db.queue = make(chan *job, maxGroup)
	db.written = make(chan struct{})
	go db.write()
	return db, nil
}

func (db *DB) open(ctx context.Context, path string, readers int) (err error) {
	if db.lock, err = lockFile(path + ".lock"); err != nil {
		return err
	}
	durable := "synchronous = FULL"
	if db.temp != "" { // ends with the process, whatever is synced
		durable = "synchronous = OFF"
	}
	if db.writer, err = connect(path, "journal_mode = WAL", durable, "foreign_keys = ON", "trusted_schema = OFF", mapped, checkpoint); err != nil {
		return err
	}
	if err := db.initialize(); err != nil {
		return err
	}
	db.readers.free = make(chan struct{}, readers)
	for range readers {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("%w: %w", store.ErrUnavailable, err)
		}
		c, err := connect(path, "query_only = ON", "trusted_schema = OFF", mapped)
		if err != nil {
			return err
		}
		c.arm()
		db.readers.all = append(db.readers.all, c)
		db.readers.put(c)
	}
	return nil
}

// lockFile takes the lock of a store: an exclusive transaction on a database
// beside it, which the system ends with the process.
func lockFile(path string) (*conn, error) {
	c, err := connect(path)
	if err != nil {
		return nil, err
	}
	c.SetBusyTimeout(0)
	if err := c.exec("BEGIN EXCLUSIVE"); err != nil {
		c.Close()
		if isBusy(err) {
			return nil, ErrInUse
		}
		return nil, fmt.Errorf("lock: %w", err)
	}
	return c, nil
}

// initialize makes the system tables that the file does not have and learns the
// version.
func (db *DB) initialize() error {
	c := db.writer
	names := sqlgen.SystemNames()
	for i, s := range sqlgen.SQLite.System() {
		there, err := c.int64("SELECT count(*) FROM sqlite_schema WHERE name = '" + names[i] + "'")
		if err != nil {
			return err
		}
		if there > 0 {
			continue
		}
		if err := c.once(s); err != nil {
			return fmt.Errorf("create system tables: %w", err)
		}
	}
	v, err := c.int64("SELECT coalesce(max(version), 0) FROM flora_schema")
	db.version.Store(v)
	return err
}

// begin admits an operation; the result ends it.
func (db *DB) begin() (end func(), err error) {
	db.mu.RLock()
	if db.closed {
		db.mu.RUnlock()
		return nil, errClosed
	}
	return db.mu.RUnlock, nil
}

// Close ends the store after the operations that run.
func (db *DB) Close() error {
	db.mu.Lock()
	defer db.mu.Unlock()
	if db.closed {
		return nil
	}
	db.closed = true
	close(db.queue)
	<-db.written
	if err := db.release(); err != nil {
		return fmt.Errorf("close store: %w", err)
	}
	return nil
}

// release closes what open opened, the lock last.
func (db *DB) release() error {
	var errs []error
	for _, c := range db.readers.all { // none is taken
		errs = append(errs, c.close())
	}
	for _, c := range []*conn{db.writer, db.lock} {
		if c != nil {
			errs = append(errs, c.close())
		}
	}
	if db.temp != "" {
		errs = append(errs, os.RemoveAll(db.temp))
	}
	return errors.Join(errs...)
}
