package sqlite

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"flora.dev/flora/store"
)

var errJob = errors.New("job failed")

// numbers is a connection with a table to write numbers to.
func numbers(t *testing.T) *conn {
	t.Helper()
	c, err := connect(filepath.Join(t.TempDir(), "x.db"), "journal_mode = WAL")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.close() })
	if err := c.exec("CREATE TABLE n (i INTEGER PRIMARY KEY) STRICT"); err != nil {
		t.Fatal(err)
	}
	return c
}

// TestGroup runs jobs in one transaction. Each letter is a job: o is good, f
// writes and fails, r makes SQLite roll back everything, s too but says nothing.
func TestGroup(t *testing.T) {
	tests := []struct {
		jobs string
		sum  int64 // of 1 for the first job, 2 for the second, 4 ...
	}{
		{"o", 1}, {"f", 0}, {"r", 0}, {"ooo", 7}, {"ofo", 5}, {"foo", 6}, {"oof", 3}, {"fff", 0},
		{"oro", 5}, {"roo", 6}, {"oor", 3}, {"orfro", 17}, {"oso", 5}, {"rrr", 0},
	}
	for _, tt := range tests {
		c := numbers(t)
		var jobs []*job
		for i, kind := range tt.jobs {
			write := []string{"INSERT INTO n VALUES (1)", "INSERT INTO n VALUES (2)", "INSERT INTO n VALUES (4)", "INSERT INTO n VALUES (8)", "INSERT INTO n VALUES (16)"}[i]
			jobs = append(jobs, &job{done: make(chan struct{}), run: func(c *conn) error {
				if err := c.exec(write); err != nil {
					return err
				}
				switch kind {
				case 'f':
					return errJob
				case 'r':
					c.rollback()
					return errJob
				case 's':
					c.rollback()
				}
				return nil
			}})
		}
		rounds := 0
		for rest := jobs; len(rest) > 0; rounds++ {
			if rest = c.group(rest); rounds > len(jobs) {
				t.Fatalf("%s: no end", tt.jobs)
			}
		}
		if sum, err := c.int64("SELECT coalesce(sum(i), 0) FROM n"); err != nil || sum != tt.sum {
			t.Errorf("%s: committed %b, %v; want %b", tt.jobs, sum, err, tt.sum)
		}
		for i, j := range jobs {
			<-j.done
			good := tt.sum&(1<<i) != 0
			if good != (j.err == nil) {
				t.Errorf("%s: job %d has error %v", tt.jobs, i, j.err)
			}
		}
		if !c.AutocommitEnabled() {
			t.Errorf("%s: a transaction is open", tt.jobs)
		}
	}
}

// TestAbandonedJob cancels a job that waits behind another: it never runs, and
// the caller does not wait for it.
func TestAbandonedJob(t *testing.T) {
	db := openFile(t, Memory)
	started, release, first := make(chan struct{}), make(chan struct{}), make(chan error)
	go func() {
		first <- db.submit(context.Background(), &job{run: func(*conn) error {
			close(started)
			<-release
			return nil
		}})
	}()
	<-started
	ctx, cancel := context.WithCancel(t.Context())
	ran := false
	waiting := make(chan error)
	go func() {
		waiting <- db.submit(ctx, &job{run: func(*conn) error { ran = true; return nil }})
	}()
	cancel()
	if err := <-waiting; !errors.Is(err, store.ErrUnavailable) || !errors.Is(err, context.Canceled) {
		t.Errorf("abandoned job: %v", err)
	}
	close(release)
	if err := <-first; err != nil {
		t.Errorf("job that ran: %v", err)
	}
	if err := db.submit(t.Context(), &job{run: func(*conn) error { return nil }}); err != nil {
		t.Fatal(err)
	}
	if ran {
		t.Error("the abandoned job ran")
	}
}

// TestRunningJobIgnoresContext cancels a job while it runs: it is committed.
func TestRunningJobIgnoresContext(t *testing.T) {
	db := openFile(t, Memory)
	deployNote(t, db)
	ctx, cancel := context.WithCancel(t.Context())
	p, err := newPlan(createNote("n1"))
	if err != nil {
		t.Fatal(err)
	}
	err = db.submit(ctx, &job{run: func(c *conn) error {
		cancel()
		_, err := p.run(c, 1)
		return err
	}})
	if err != nil {
		t.Errorf("running job: %v", err)
	}
	if got := countNotes(t, db); got != "[1]" {
		t.Errorf("notes: %s", got)
	}
}

// TestQuiet: what is written stands in the file once nothing was written for a
// while, and not before.
func TestQuiet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "x.db")
		db := openFile(t, path)
		const table = "CREATE TABLE late (i INTEGER PRIMARY KEY)"
		if err := db.submit(t.Context(), &job{run: func(c *conn) error { return c.exec(table) }}); err != nil {
			t.Fatal(err)
		}
		inFile := func() bool {
			b, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			return bytes.Contains(b, []byte(table))
		}
		if inFile() {
			t.Error("in the file at once")
		}
		time.Sleep(quiet)
		synctest.Wait()
		if !inFile() {
			t.Error("only in the log")
		}
	})
}
