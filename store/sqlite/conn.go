package sqlite

import (
	"container/list"
	"fmt"
	"time"

	"flora.dev/flora/store/internal/sqlgen"
	"zombiezen.com/go/sqlite"
)

// maxValue bounds a text while it is made, in bytes: the answer to one root
// field, and what a column takes. Without it a query for one large text under
// many names takes all memory before anybody sees how long its answer is.
const maxValue = 64 << 20

// mapped is how much of the file a connection reads through memory that the
// system maps, in place of copies: a quarter of the time of a query goes into those.
// The pages are the system's cache, which it takes back where memory is short.
const mapped = "mmap_size = 268435456" // bytes

// checkpoint is how long the log of writes becomes before they go into the file. A
// page that was written several times until then goes there once.
const checkpoint = "wal_autocheckpoint = 8000" // pages of 4 KiB

// maxStatements bounds the prepared statements that a connection keeps.
const maxStatements = 200

// conn is a connection with its prepared statements, the most recently used
// first.
type conn struct {
	*sqlite.Conn
	stmts  map[string]*list.Element // of *sqlite.Stmt by text
	recent *list.List
	watch  watch // of a reader
}

type prepared struct {
	text string
	stmt *sqlite.Stmt
}

// connect opens a connection. The driver turns double-quoted strings off.
func connect(path string, pragmas ...string) (*conn, error) {
	sc, err := sqlite.OpenConn(path, sqlite.OpenReadWrite, sqlite.OpenCreate)
	if err != nil {
		return nil, err
	}
	sc.SetBusyTimeout(5 * time.Second)
	if err := addFunctions(sc); err != nil {
		sc.Close()
		return nil, fmt.Errorf("add functions: %w", err)
	}
	sc.Limit(sqlite.LimitLength, maxValue)
	c := &conn{Conn: sc, stmts: map[string]*list.Element{}, recent: list.New()}
	for _, p := range pragmas {
		if err := c.exec("PRAGMA " + p); err != nil {
			c.close()
			return nil, fmt.Errorf("set %s: %w", p, err)
		}
	}
	return c, nil
}

// arm makes a connection that was interrupted, or never could be, ready to be.
func (c *conn) arm() {
	c.watch.done, c.watch.cut = make(chan struct{}), false
	c.SetInterrupt(c.watch.done)
}

func (c *conn) close() error {
	for e := c.recent.Front(); e != nil; e = e.Next() {
		e.Value.(*prepared).stmt.Finalize()
	}
	return c.Close()
}

// prepare returns the statement of a text, prepared now or before.
func (c *conn) prepare(text string) (*sqlite.Stmt, error) {
	if e, ok := c.stmts[text]; ok {
		c.recent.MoveToFront(e)
		return e.Value.(*prepared).stmt, nil
	}
	s, trailing, err := c.PrepareTransient(text)
	if err != nil {
		return nil, err
	}
	if trailing != 0 {
		s.Finalize()
		return nil, fmt.Errorf("prepare statement: %d bytes follow it", trailing)
	}
	c.stmts[text] = c.recent.PushFront(&prepared{text, s})
	if c.recent.Len() > maxStatements {
		last := c.recent.Remove(c.recent.Back()).(*prepared)
		delete(c.stmts, last.text)
		last.stmt.Finalize()
	}
	return s, nil
}

// run runs a statement to its end and hands each row to row, which may be nil.
func (c *conn) run(s *sqlgen.Statement, row func(*sqlite.Stmt)) error {
	stmt, err := c.prepare(s.SQL)
	if err != nil {
		return err
	}
	for i := range s.Args {
		if err := bind(stmt, i+1, s.Value(i)); err != nil {
			return err
		}
	}
	for {
		more, err := stmt.Step() // after an error it is reset
		if err != nil {
			return err
		}
		if !more {
			return stmt.Reset()
		}
		if row != nil {
			row(stmt)
		}
	}
}

func (c *conn) exec(sql string) error { return c.run(&sqlgen.Statement{SQL: sql}, nil) }

// int64 returns the value of a query for one number.
func (c *conn) int64(sql string) (n int64, err error) {
	err = c.run(&sqlgen.Statement{SQL: sql}, func(s *sqlite.Stmt) { n = s.ColumnInt64(0) })
	return n, err
}
