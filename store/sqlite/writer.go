package sqlite

import (
	"context"
	"fmt"
	"runtime"
	"sync/atomic"
	"time"

	"flora.dev/flora/store"
	"zombiezen.com/go/sqlite"
)

// maxGroup is the most jobs that share one commit.
const maxGroup = 128

// quiet is how long nothing is written until the log goes into the file, however
// short it is: a reader looks for each page in the log first, and maps none of it.
const quiet = time.Second

// job is one operation of the writer: all of it happens, or nothing.
type job struct {
	run   func(*conn) error
	alone bool // in no group: run begins and commits by itself
	state atomic.Int32
	done  chan struct{}
	err   error
}

// The states of a job: whoever moves it from queued owns it.
const (
	queued int32 = iota
	taken
	abandoned
)

// submit hands a job to the writer and waits until it is committed or failed.
// The end of ctx takes back a job that still waits, never one that runs: an
// interrupted write rolls back the whole group.
func (db *DB) submit(ctx context.Context, j *job) error {
	j.done = make(chan struct{})
	if ctx.Err() != nil {
		return unavailable(ctx)
	}
	store.MeterOf(ctx).Trip()
	select {
	case db.queue <- j:
	case <-ctx.Done():
		return unavailable(ctx)
	}
	select {
	case <-j.done:
	case <-ctx.Done():
		if j.state.CompareAndSwap(queued, abandoned) {
			return unavailable(ctx)
		}
		<-j.done
	}
	return j.err
}

// write is the writer: it takes what waits, up to maxGroup, and commits it
// together.
func (db *DB) write() {
	defer close(db.written)
	group := make([]*job, 0, maxGroup)
	take := func(j *job) {
		if j.state.CompareAndSwap(queued, taken) {
			group = append(group, j)
		}
	}
	idle := time.NewTimer(quiet)
	defer idle.Stop()
	for {
		var j *job
		select {
		case <-idle.C:
			// It waits for no reader. What is left, or fails, is for the writes to come.
			_ = db.writer.exec("PRAGMA wal_checkpoint(PASSIVE)")
			continue
		case j = <-db.queue:
		}
		if j == nil { // closed
			return
		}
		group = group[:0]
		take(j)
		runtime.Gosched() // whoever is about to hand over a job does so: one commit more is shared
		for more := true; more && len(group) < maxGroup; {
			select {
			case j, ok := <-db.queue:
				if more = ok; ok {
					take(j)
				}
			default:
				more = false
			}
		}
		db.commit(group)
		idle.Reset(quiet)
	}
}

// commit runs jobs in order and acknowledges them. Jobs that run alone divide
// the group.
func (db *DB) commit(jobs []*job) {
	for i := 0; i < len(jobs); {
		if jobs[i].alone {
			jobs[i].err = jobs[i].run(db.writer)
			close(jobs[i].done)
			i++
			continue
		}
		n := 1
		for i+n < len(jobs) && !jobs[i+n].alone {
			n++
		}
		for rest := jobs[i : i+n]; len(rest) > 0; {
			rest = db.writer.group(rest)
		}
		i += n
	}
}

// group runs jobs in one transaction, acknowledges those whose fate is known,
// and returns the others, which must run again.
func (c *conn) group(jobs []*job) (again []*job) {
	if err := c.exec("BEGIN IMMEDIATE"); err != nil {
		return finish(jobs, fmt.Errorf("begin: %w: %w", store.ErrUnavailable, err))
	}
	var done []*job
	for i, j := range jobs {
		err := c.one(j, len(jobs) > 1)
		if c.AutocommitEnabled() {
			// The job was alone, or a full disk, a failed write or an interrupt
			// made SQLite roll back everything. This job ends; the others know
			// nothing of it.
			if err == nil {
				err = fmt.Errorf("%w: the transaction was rolled back", store.ErrUnavailable)
			}
			finish(jobs[i:i+1], err)
			return append(done, jobs[i+1:]...)
		}
		if err != nil {
			finish(jobs[i:i+1], err)
			continue
		}
		done = append(done, j)
	}
	if err := c.exec("COMMIT"); err != nil {
		err = commitError(err)
		if !c.AutocommitEnabled() {
			c.rollback()
		}
		return finish(done, err)
	}
	return finish(done, nil)
}

// one runs a job inside the transaction of its group, and undoes it on an
// error. A job that is alone in its group takes the transaction with it.
func (c *conn) one(j *job, savepoint bool) error {
	if !savepoint {
		err := j.run(c)
		if err != nil && !c.AutocommitEnabled() {
			c.rollback()
		}
		return err
	}
	if err := c.exec("SAVEPOINT job"); err != nil {
		return fmt.Errorf("%w: %w", store.ErrUnavailable, err)
	}
	err := j.run(c)
	if c.AutocommitEnabled() {
		return err
	}
	if err != nil {
		if rerr := c.exec("ROLLBACK TO job"); rerr != nil {
			// Half a job must not be committed: the whole group goes.
			c.rollback()
			return err
		}
	}
	if rerr := c.exec("RELEASE job"); rerr != nil {
		c.rollback()
		if err == nil {
			err = fmt.Errorf("%w: %w", store.ErrUnavailable, rerr)
		}
	}
	return err
}

// rollback ends the transaction. It fails only where SQLite ended it already.
func (c *conn) rollback() { _ = c.exec("ROLLBACK") }

func finish(jobs []*job, err error) []*job {
	for _, j := range jobs {
		j.err = err
		close(j.done)
	}
	return nil
}

func commitError(err error) error {
	if sqlite.ErrCode(err).ToPrimary() == sqlite.ResultConstraint {
		return fmt.Errorf("commit: %w", err)
	}
	return fmt.Errorf("commit: %w: %w", store.ErrUnavailable, err)
}
