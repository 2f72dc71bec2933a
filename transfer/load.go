package transfer

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"flora.dev/flora/rules"
	"flora.dev/flora/schema"
	"flora.dev/flora/store"
)

// Status is what became of a row.
type Status uint8

// The statuses.
const (
	Written Status = iota
	Same           // it is there already
	Waiting        // a document that it refers to is not there, so it lacks that reference, or is not there itself
	Refused
)

// Outcome is what became of a row, and of what is Refused or Waiting why.
type Outcome struct {
	Status  Status
	Field   string
	Problem string // without values
}

// Loader writes rows into a store.
type Loader struct {
	*Tables
	// Audit, if not nil, is who loads: an entry goes with each transaction, with
	// what it wrote as its Detail.
	Audit   *store.Entry
	db      store.Store
	version int64
	now     func() time.Time
}

// NewLoader returns a loader for a store whose deployed schema, of that
// version, has these tables.
func NewLoader(db store.Store, version int64, tables *Tables, now func() time.Time) *Loader {
	return &Loader{Tables: tables, db: db, version: version, now: now}
}

// Load writes rows as they are, each once: a document that is there already and
// says the same is left alone, but for references that it waited for. Another
// one under its _id is never overwritten: the row is Refused. A few hundred
// rows are one call. It may be repeated after any error: store.ErrUnavailable,
// store.ErrStale.
func (l *Loader) Load(ctx context.Context, rows []*Row) ([]Outcome, error) {
	out := make([]Outcome, 0, len(rows))
	for len(rows) > 0 {
		n := slices.IndexFunc(rows, func(r *Row) bool { return r.Table != rows[0].Table })
		if n < 0 {
			n = len(rows)
		}
		part, err := l.table(ctx, rows[:n])
		if err != nil {
			return nil, err
		}
		out, rows = append(out, part...), rows[n:]
	}
	return out, nil
}

// Missing returns those ids that no document of a collection has.
func (l *Loader) Missing(ctx context.Context, t *Table, ids []string) ([]string, error) {
	w := &work{Loader: l, there: map[place]bool{}}
	if err := w.look(ctx, nil, map[*Table][]string{t: slices.Clone(ids)}); err != nil {
		return nil, err
	}
	return slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return w.there[place{t, id}] }), nil
}

// place is a document.
type place struct {
	table *Table
	id    string
}

// work is the load of some rows of one table.
type work struct {
	*Loader
	rows    []*Row
	out     []Outcome
	refused []bool
	wrote   []bool
	stored  map[string]*Row // by key
	there   map[place]bool
}

// step is a head and the row that it is for.
type step struct {
	row  int
	head store.Head
	done func() // notes what it did
}

func (l *Loader) table(ctx context.Context, rows []*Row) ([]Outcome, error) {
	w := &work{Loader: l, rows: rows, out: make([]Outcome, len(rows)), refused: make([]bool, len(rows)), wrote: make([]bool, len(rows)),
		stored: map[string]*Row{}, there: map[place]bool{}}
	targets := map[*Table][]string{}
	for _, r := range rows {
		r.references(func(_ int, f *schema.Field, id string) {
			t := l.target(f)
			targets[t] = append(targets[t], id)
		})
	}
	if err := w.look(ctx, rows, targets); err != nil {
		return nil, err
	}
	// Inserts first, alone: a store may have a faster way for them.
	for {
		steps := w.inserts()
		if len(steps) == 0 {
			break
		}
		if err := w.write(ctx, steps); err != nil {
			return nil, err
		}
	}
	for {
		steps := w.rest()
		if len(steps) == 0 {
			return w.out, nil
		}
		if err := w.write(ctx, steps); err != nil {
			return nil, err
		}
	}
}

// look reads which documents of rows and which targets are there, in one
// statement.
func (w *work) look(ctx context.Context, rows []*Row, targets map[*Table][]string) error {
	q := &store.Query{}
	var of []*Table
	if len(rows) > 0 {
		q.Roots = append(q.Roots, same(rows))
	}
	for _, t := range w.List {
		if list := unique(targets[t]); len(list) > 0 {
			s := t.page(among(t.Object.Key, list), len(list))
			s.Columns = s.Columns[:1]
			q.Roots, of = append(q.Roots, s), append(of, t)
		}
	}
	if len(q.Roots) == 0 {
		return nil
	}
	got, err := w.db.Read(ctx, q)
	if err != nil {
		read := func(q *store.Query) (*store.Rows, error) { return w.db.Read(ctx, q) }
		return fmt.Errorf("read documents: %w", overtaken(err, read, w.version))
	}
	if got.Version != w.version {
		return store.ErrStale
	}
	if len(rows) > 0 {
		t := rows[0].Table
		found, err := t.rows(got.Roots[0])
		if err != nil {
			return err
		}
		for _, r := range found {
			w.stored[r.key()] = r
			if !t.Links {
				w.there[place{t, r.ID}] = true
			}
		}
		got.Roots = got.Roots[1:]
	}
	for i, t := range of {
		var lists [][][]string
		if err := json.Unmarshal([]byte(got.Roots[i]), &lists); err != nil || len(lists) != 1 {
			return fmt.Errorf("read %s: %d lists of ids: %w", t.Name, len(lists), err)
		}
		for _, node := range lists[0] {
			w.there[place{t, node[0]}] = true
		}
	}
	return nil
}

// same selects the rows that are there already. Of links these may be more than
// are asked for, and some not told: a link may be written again.
func same(rows []*Row) store.Select {
	t := rows[0].Table
	if t.Links {
		var near, far []string
		for _, r := range rows {
			near, far = append(near, text(r.Values[0])), append(far, text(r.Values[1]))
		}
		return t.page(rules.And{among(t.Fields[0].Field, unique(near)), among(t.Fields[1].Field, unique(far))}, 4*len(rows))
	}
	var ids []string
	for _, r := range rows {
		ids = append(ids, r.ID)
	}
	return t.page(among(t.Object.Key, unique(ids)), len(ids))
}

func unique(ids []string) []string {
	slices.Sort(ids)
	return slices.Compact(ids)
}
