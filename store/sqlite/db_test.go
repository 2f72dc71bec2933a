package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"flora.dev/flora/rules"
	"flora.dev/flora/schema"
	"flora.dev/flora/store"
	"flora.dev/flora/store/storetest"
)

func TestConformance(t *testing.T) {
	storetest.Run(t, func(t *testing.T) store.Store { return openFile(t, filepath.Join(t.TempDir(), "flora.db")) })
}

// TestConformanceUnordered runs the suite where SQLite returns rows backwards
// wherever it may: lists must not depend on an order that is not asked for.
func TestConformanceUnordered(t *testing.T) {
	storetest.Run(t, func(t *testing.T) store.Store {
		db := openFile(t, filepath.Join(t.TempDir(), "flora.db"))
		for _, c := range db.readers.all {
			if err := c.exec("PRAGMA reverse_unordered_selects = ON"); err != nil {
				t.Fatal(err)
			}
		}
		return db
	})
}

func openFile(t *testing.T, path string) *DB {
	t.Helper()
	db, err := Open(t.Context(), path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// note is a collection with a text.
func note() *schema.Collection {
	o := &rules.Object{Name: "Note", Table: "Note"}
	o.Key = &rules.Field{Object: o, Name: "_id", Column: "flora_id", Kind: rules.ID, NonNull: true}
	o.TS = &rules.Field{Object: o, Name: "_ts", Column: "flora_ts", Kind: rules.Long, NonNull: true}
	f := &rules.Field{Object: o, Name: "text", Column: "text", Kind: rules.String}
	o.Fields = []*rules.Field{f}
	return &schema.Collection{Object: o, Fields: []*schema.Field{{Field: f}}}
}

func createNote(id string) *store.Mutation {
	n := note()
	return &store.Mutation{Version: 1, Now: 1, Heads: []store.Head{{Kind: store.Insert, Table: n.Object, ID: id, Guard: rules.True,
		Set: []store.Assign{{Field: n.Object.Fields[0], Value: rules.Val{Value: rules.Value{Kind: rules.String, V: "x"}}}}}}}
}

func noteSteps() []schema.Step {
	return []schema.Step{{Kind: schema.CreateTable, Collection: note()}}
}

func deployNote(t *testing.T, db *DB) {
	t.Helper()
	if _, err := db.Deploy(t.Context(), &store.Migration{SDL: "type Note", Steps: noteSteps()}); err != nil {
		t.Fatal(err)
	}
}

func countNotes(t *testing.T, db *DB) string {
	t.Helper()
	rows, err := db.Read(t.Context(), &store.Query{Roots: []store.Select{{From: note().Object, Var: 1, Where: rules.True, Total: true}}})
	if err != nil {
		t.Fatal(err)
	}
	return rows.Roots[0]
}

func TestReopen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "flora.db")
	db := openFile(t, path)
	deployNote(t, db)
	if _, err := db.Write(t.Context(), createNote("n1")); err != nil {
		t.Fatal(err)
	}
	before, err := db.Deployed(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	db = openFile(t, path)
	after, err := db.Deployed(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	if after.Version != 1 || string(after.Secret) != string(before.Secret) {
		t.Errorf("reopened at version %d, same secret: %t", after.Version, string(after.Secret) == string(before.Secret))
	}
	if got := countNotes(t, db); got != "[1]" {
		t.Errorf("notes after reopening: %s", got)
	}
	if _, err := db.Write(t.Context(), createNote("n2")); err != nil {
		t.Errorf("write after reopening: %v", err)
	}
}

// TestOlderFile opens a file that has not all system tables of now.
func TestOlderFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "flora.db")
	db := openFile(t, path)
	deployNote(t, db)
	for _, table := range []string{"flora_once", "flora_note", "flora_audit"} {
		if err := db.writer.exec("DROP TABLE " + table); err != nil {
			t.Fatal(err)
		}
	}
	once := createNote("n1")
	once.Once = &store.Once{}
	if _, err := db.Write(t.Context(), once); err == nil {
		t.Fatal("written without the table")
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	db = openFile(t, path)
	for i := range 2 {
		if out, err := db.Write(t.Context(), once); err != nil || out.Repeated != (i == 1) {
			t.Errorf("write %d: %+v, %v", i, out, err)
		}
	}
	if revision, err := db.Note(t.Context(), &store.Entry{Action: "a"}, store.Note{Name: "a", Value: "1"}); err != nil || revision != 1 {
		t.Errorf("note: revision %d, %v", revision, err)
	}
}

// TestOldOutcomes checks that outcomes that no longer count go.
func TestOldOutcomes(t *testing.T) {
	db := openFile(t, Memory)
	deployNote(t, db)
	for i := range 40 {
		m := createNote(fmt.Sprint("n", i))
		m.Now = int64(i)
		m.Once = &store.Once{Key: [32]byte{byte(i)}, Since: int64(i) - 10}
		if _, err := db.Write(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	var left, oldest int64
	err := db.submit(t.Context(), &job{run: func(c *conn) (err error) {
		if left, err = c.int64("SELECT count(*) FROM flora_once"); err == nil {
			oldest, err = c.int64("SELECT min(created) FROM flora_once")
		}
		return err
	}})
	if err != nil || left != 11 || oldest != 29 {
		t.Errorf("%d outcomes, the oldest of %d, %v", left, oldest, err)
	}
}

// TestInUse opens one file twice: from here, and from another process, which
// is this test once more.
func TestInUse(t *testing.T) {
	const child = "FLORA_TEST_OPEN"
	if path := os.Getenv(child); path != "" {
		db, err := Open(t.Context(), path, Options{})
		fmt.Printf("in use: %t\n", errors.Is(err, ErrInUse))
		if err == nil {
			db.Close()
		}
		return
	}
	path := filepath.Join(t.TempDir(), "flora.db")
	other := func() string {
		cmd := exec.Command(os.Args[0], "-test.run=^TestInUse$")
		cmd.Env = append(os.Environ(), child+"="+path)
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		return string(out[:len("in use: true")])
	}
	db := openFile(t, path)
	if got := other(); got != "in use: true" {
		t.Errorf("second process: %s", got)
	}
	if _, err := Open(t.Context(), path, Options{}); !errors.Is(err, ErrInUse) {
		t.Errorf("second open: %v, want ErrInUse", err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if got := other(); got != "in use: fals" {
		t.Errorf("second process after Close: %s", got)
	}
}

func TestSettings(t *testing.T) {
	db := openFile(t, filepath.Join(t.TempDir(), "flora.db"))
	for pragma, want := range map[string]int64{"synchronous": 2, "foreign_keys": 1} {
		if got, err := db.writer.int64("SELECT * FROM pragma_" + pragma); err != nil || got != want {
			t.Errorf("%s is %d, %v; want %d", pragma, got, err, want)
		}
	}
	if got, err := db.writer.int64("SELECT journal_mode = 'wal' FROM pragma_journal_mode"); err != nil || got != 1 {
		t.Errorf("the journal is no write-ahead log: %d, %v", got, err)
	}
	if err := db.writer.exec(`SELECT "nosuch"`); err == nil {
		t.Error("a double-quoted name is a string")
	}
	c := db.readers.take(t.Context())
	if err := c.exec("DELETE FROM flora_schema"); err == nil {
		t.Error("a reader writes")
	}
	db.readers.put(c)
}

func TestMemory(t *testing.T) {
	db := openFile(t, Memory)
	deployNote(t, db)
	if _, err := os.Stat(db.temp); err != nil {
		t.Fatal(err)
	}
	other := openFile(t, Memory)
	if _, err := other.Deployed(t.Context(), 0); !errors.Is(err, store.ErrNoSchema) {
		t.Errorf("another memory store: %v, want ErrNoSchema", err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(db.temp); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("folder after Close: %v", err)
	}
}

func TestClosed(t *testing.T) {
	db := openFile(t, Memory)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	_, read := db.Read(t.Context(), &store.Query{})
	_, write := db.Write(t.Context(), createNote("n1"))
	_, deployed := db.Deployed(t.Context(), 0)
	for what, err := range map[string]error{"read": read, "write": write, "deployed": deployed} {
		if !errors.Is(err, store.ErrUnavailable) {
			t.Errorf("%s after Close: %v", what, err)
		}
	}
}

// TestInterrupt checks that a deadline ends a read that runs, and that its
// connection is good for the next one.
func TestInterrupt(t *testing.T) {
	db, err := Open(t.Context(), Memory, Options{Readers: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	deployNote(t, db)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	err = db.read(ctx, func(c *conn) error {
		return c.exec("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n")
	})
	if !errors.Is(err, store.ErrUnavailable) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("endless read: %v", err)
	}
	if got := countNotes(t, db); got != "[0]" {
		t.Errorf("read after it: %s", got)
	}
}

func TestStatementsAreBounded(t *testing.T) {
	c, err := connect(filepath.Join(t.TempDir(), "x.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	for i := range maxStatements + 10 {
		if _, err := c.int64(fmt.Sprint("SELECT ", i)); err != nil {
			t.Fatal(err)
		}
		if n, err := c.int64("SELECT 'used all the time'"); err != nil || n != 0 {
			t.Fatal(n, err)
		}
	}
	if len(c.stmts) != maxStatements || c.recent.Len() != maxStatements {
		t.Errorf("%d statements kept, %d in order, want %d", len(c.stmts), c.recent.Len(), maxStatements)
	}
	if c.stmts["SELECT 'used all the time'"] == nil || c.stmts["SELECT 5"] != nil {
		t.Error("not the least recently used was dropped")
	}
}
