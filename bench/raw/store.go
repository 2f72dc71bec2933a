// Package raw is the limit that the others are compared with: net/http,
// prepared SQL and bytes appended by hand, for the five operations and nothing
// else. It gives the answers that Flora gives.
package raw

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"sync"

	"flora.dev/flora/bench/workload"
	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

const tables = `
CREATE TABLE category (id TEXT PRIMARY KEY, name TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE product (id TEXT PRIMARY KEY, name TEXT NOT NULL, price REAL NOT NULL, sku TEXT NOT NULL, owner TEXT NOT NULL, created_at TEXT NOT NULL,
	category_id TEXT NOT NULL REFERENCES category (id));
CREATE TABLE review (id TEXT PRIMARY KEY, author TEXT NOT NULL, stars INTEGER NOT NULL, body TEXT NOT NULL, product_id TEXT NOT NULL REFERENCES product (id));`

const indexes = `
CREATE INDEX product_owner ON product (owner, created_at DESC, id);
CREATE INDEX product_category ON product (category_id);
CREATE INDEX review_product ON review (product_id, stars DESC, id);`

// timeForm sorts as text, and is what clients read.
const timeForm = "2006-01-02T15:04:05Z"

// Create makes the store in a file, with the categories and these products.
func Create(file string, products iter.Seq[*workload.Product]) (err error) {
	if err := os.Remove(file); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	c, err := sqlite.OpenConn(file, sqlite.OpenReadWrite, sqlite.OpenCreate)
	if err != nil {
		return fmt.Errorf("create store: %w", err)
	}
	defer c.Close()
	if err := sqlitex.ExecuteScript(c, tables, nil); err != nil {
		return fmt.Errorf("create tables: %w", err)
	}
	end := sqlitex.Save(c)
	insert := func(sql string, args ...any) {
		if err == nil {
			err = sqlitex.Execute(c, sql, &sqlitex.ExecOptions{Args: args})
		}
	}
	for _, g := range workload.AllCategories() {
		insert("INSERT INTO category VALUES (?, ?)", g.ID, g.Name)
	}
	for p := range products {
		insert("INSERT INTO product VALUES (?, ?, ?, ?, ?, ?, ?)", p.ID, p.Name, p.Price, p.SKU, p.Owner, p.CreatedAt.Format(timeForm), p.Category)
		for _, r := range p.Reviews {
			insert("INSERT INTO review VALUES (?, ?, ?, ?, ?)", r.ID, r.Author, r.Stars, r.Body, p.ID)
		}
	}
	if end(&err); err != nil {
		return fmt.Errorf("insert documents: %w", err)
	}
	if err := sqlitex.ExecuteScript(c, indexes, nil); err != nil {
		return fmt.Errorf("create indexes: %w", err)
	}
	return sqlitex.ExecuteTransient(c, "ANALYZE", nil)
}

// store is a pool of readers and one writer, each with its statements.
type store struct {
	readers                chan *conn
	mu                     sync.Mutex // of the writer
	writer                 *sqlite.Conn
	createStmt, updateStmt *sqlite.Stmt
}

// conn is a reader.
type conn struct {
	oneStmt, listStmt, nestedStmt *sqlite.Stmt
}

// readers is how many statements read at the same time.
const readers = 4

func open(file, synchronous string) (s *store, err error) {
	s = &store{readers: make(chan *conn, readers)}
	if s.writer, err = connect(file, synchronous); err != nil {
		return nil, err
	}
	prepare := func(c *sqlite.Conn, sql string) (stmt *sqlite.Stmt) {
		if err == nil {
			stmt, err = c.Prepare(sql)
		}
		return stmt
	}
	s.createStmt = prepare(s.writer, "INSERT INTO product VALUES (?, ?, ?, ?, ?, ?, ?)")
	s.updateStmt = prepare(s.writer, "UPDATE product SET price = ? WHERE id = ? AND owner = ?")
	for range readers {
		c, err := connect(file, synchronous)
		if err != nil {
			return nil, err
		}
		s.readers <- &conn{prepare(c, oneSQL), prepare(c, listSQL), prepare(c, nestedSQL)}
	}
	return s, err
}

func connect(file, synchronous string) (*sqlite.Conn, error) {
	c, err := sqlite.OpenConn(file, sqlite.OpenReadWrite)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", file, err)
	}
	for _, p := range []string{"journal_mode = WAL", "synchronous = " + synchronous, "cache_size = -32000", "mmap_size = 1073741824", "temp_store = MEMORY", "foreign_keys = ON"} {
		if err := sqlitex.ExecuteTransient(c, "PRAGMA "+p, nil); err != nil {
			return nil, fmt.Errorf("set %s: %w", p, err)
		}
	}
	return c, nil
}

// read runs f with a reader.
func (s *store) read(ctx context.Context, f func(*conn) error) error {
	select {
	case c := <-s.readers:
		defer func() { s.readers <- c }()
		return f(c)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// write runs a statement in a transaction of its own and tells how many rows
// it wrote.
func (s *store) write(stmt *sqlite.Stmt, bind func(*sqlite.Stmt)) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	bind(stmt)
	defer stmt.Reset()
	if _, err := stmt.Step(); err != nil {
		return 0, err
	}
	return s.writer.Changes(), nil
}
