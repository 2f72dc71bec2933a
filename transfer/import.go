package transfer

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"slices"

	"flora.dev/flora/schema"
)

// Target takes rows: a Loader, or a server that has one.
type Target interface {
	Load(ctx context.Context, rows []*Row) ([]Outcome, error)
	Missing(ctx context.Context, t *Table, ids []string) ([]string, error)
}

// Dangling says what becomes of a reference to a document that is neither in
// the files nor in the store.
type Dangling uint8

// The ways. A link with such an end is always left out.
const (
	Fail Dangling = iota // the line is faulty
	Null                 // it becomes null; where it is required the line is faulty
	Skip                 // the line is left out
)

// ErrFaults is the error of an import that found more faulty lines than it may.
var ErrFaults = errors.New("too many faulty lines")

// Import brings the lines of files into a Target. It reads all of them before
// it writes any, so what is wrong with them is known while nothing was written.
// It holds a few dozen bytes of memory for each line, never a file.
type Import struct {
	Reading
	Target    Target
	Dangling  Dangling
	MaxFaults int                                    // so many faulty lines are left out, one more ends the import
	Fault     func(Fault)                            // is told each faulty line
	Progress  func(phase string, bytes, total int64) // may be nil
}

// Result is what an import did.
type Result struct {
	Written, Same int            // rows
	Tables        map[string]int // rows in files, by table
	Faults        int            // lines left out
	Skipped       int            // lines left out for a dangling reference
	Nulled        int            // references that became null
}

// Run imports a file, or all files of a folder. A run that was interrupted, by
// ctx or an error, may be repeated and goes on. Errors: ErrFaults; those of
// the files and of the Target.
func (im *Import) Run(ctx context.Context, path string) (*Result, error) {
	files, err := im.files(path)
	if err != nil {
		return nil, fmt.Errorf("import %s: %w", path, err)
	}
	r := &importing{Import: im, files: files, seed: maphash.MakeSeed(), out: map[at]bool{}, result: &Result{Tables: map[string]int{}},
		ids: map[uint64]struct{}{}, refs: map[uint64]struct{}{}, missing: map[uint64]bool{}}
	for _, f := range files {
		r.total += f.size
	}
	for _, phase := range []func(context.Context) error{r.check, r.dangling, r.write, r.later} {
		if err := phase(ctx); err != nil {
			return r.result, err
		}
	}
	return r.result, nil
}

// importing is one run.
type importing struct {
	*Import
	files  []*file
	total  int64
	result *Result

	seed    maphash.Seed
	ids     map[uint64]struct{} // documents in the files
	refs    map[uint64]struct{} // documents that references name
	missing map[uint64]bool     // those that are nowhere
	out     map[at]bool         // lines that are left out

	batch   []*Row
	where   []at // of the batch
	bytes   int
	waiting []waiter
}

// waiter is a line whose row lacks a reference.
type waiter struct {
	at
	table *Table
	field string
}

func (r *importing) hash(t *Table, key string) uint64 {
	return maphash.Comparable(r.seed, struct {
		table int
		key   string
	}{t.place, key})
}

// scan reads all lines that are not left out.
func (r *importing) scan(ctx context.Context, phase string, f func(at, *Row, int) error) error {
	var before int64
	for i, x := range r.files {
		err := x.lines(i, func(p at, line []byte) error {
			if err := ctx.Err(); err != nil {
				return err
			}
			if p.line%256 == 0 {
				r.progress(phase, before+p.offset)
			}
			if r.out[p] {
				return nil
			}
			row, fault := r.Parse(line, x.table)
			if fault != nil {
				return r.fault(p, *fault)
			}
			return f(p, row, len(line))
		})
		if err != nil {
			return err
		}
		before += x.size
		r.progress(phase, before)
	}
	return nil
}

func (r *importing) progress(phase string, bytes int64) {
	if r.Progress != nil {
		r.Progress(phase, bytes, r.total)
	}
}

// most is how many faults are worth being told before anything is written.
const most = 1000

// fault leaves a line out.
func (r *importing) fault(p at, f Fault) error {
	f.File, f.Line = r.files[p.file].path, p.line
	r.Fault(f)
	r.out[p] = true
	r.result.Faults++
	if r.result.Faults > max(r.MaxFaults, most) {
		return ErrFaults
	}
	return nil
}

func (r *importing) tooMany() error {
	if r.result.Faults > r.MaxFaults {
		return ErrFaults
	}
	return nil
}

// Sizes of a batch: few enough rows for the limits of a commit on Spanner
// (80,000 values, those of indexes too; 100 MB), and for a request to a server.
// https://cloud.google.com/spanner/quotas#limits-for
const (
	batchRows   = 100
	batchValues = 8_000
	batchBytes  = 96 << 10
)

// write writes all rows once, those of tables first that others refer to.
func (r *importing) write(ctx context.Context) error {
	order := slices.Clone(r.files)
	slices.SortStableFunc(order, func(a, b *file) int { return a.first - b.first })
	places := map[at]bool{}
	for p := range r.out {
		places[at{slices.Index(order, r.files[p.file]), p.line, p.offset}] = true
	}
	r.files, r.out = order, places
	if err := r.scan(ctx, "writing", func(p at, row *Row, size int) error { return r.add(ctx, p, row, size) }); err != nil {
		return err
	}
	return r.flush(ctx)
}

// add puts a row into the batch.
func (r *importing) add(ctx context.Context, p at, row *Row, size int) error {
	if r.Dangling == Null {
		row.references(func(i int, f *schema.Field, id string) {
			if r.missing[r.hash(r.target(f), id)] {
				row.Values[i].V = nil
				r.result.Nulled++
			}
		})
	}
	n := len(r.batch)
	if n > 0 && (r.batch[0].Table != row.Table || n == batchRows || n*(len(row.Table.Fields)+2) > batchValues || r.bytes+size > batchBytes) {
		if err := r.flush(ctx); err != nil {
			return err
		}
	}
	r.batch, r.where, r.bytes = append(r.batch, row), append(r.where, p), r.bytes+size
	return nil
}

// flush writes the batch.
func (r *importing) flush(ctx context.Context) error {
	if len(r.batch) == 0 {
		return nil
	}
	outcomes, err := r.Target.Load(ctx, r.batch)
	if err != nil {
		return err
	}
	if len(outcomes) != len(r.batch) {
		return fmt.Errorf("load %d rows: %d outcomes", len(r.batch), len(outcomes))
	}
	for i, o := range outcomes {
		switch o.Status {
		case Written:
			r.result.Written++
		case Same:
			r.result.Same++
		case Waiting:
			r.waiting = append(r.waiting, waiter{r.where[i], r.batch[i].Table, o.Field})
		case Refused:
			if err := r.fault(r.where[i], Fault{Collection: r.batch[i].Table.Name, Field: o.Field, Problem: o.Problem}); err != nil {
				return err
			}
		}
	}
	r.batch, r.where, r.bytes = r.batch[:0], r.where[:0], 0
	return r.tooMany()
}

// later gives rows the references that they wait for, as long as that helps.
func (r *importing) later(ctx context.Context) error {
	nulled := r.result.Nulled // they are counted
	for len(r.waiting) > 0 {
		places := make([]at, len(r.waiting))
		for i, w := range r.waiting {
			places[i] = w.at
		}
		r.waiting = nil
		err := again(r.files, places, func(p at, line []byte) error {
			if err := ctx.Err(); err != nil {
				return err
			}
			row, fault := r.Parse(line, r.files[p.file].table)
			if fault != nil {
				return r.fault(p, *fault) // it was none before: the file changed
			}
			return r.add(ctx, p, row, len(line))
		})
		if err == nil {
			err = r.flush(ctx)
		}
		if err != nil {
			return err
		}
		if len(r.waiting) >= len(places) {
			break
		}
	}
	r.result.Nulled = nulled
	for _, w := range r.waiting {
		if err := r.fault(w.at, Fault{Collection: w.table.Name, Field: w.field, Problem: "refers to a document that could not be written"}); err != nil {
			return err
		}
	}
	return r.tooMany()
}
