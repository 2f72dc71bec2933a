package transfer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"flora.dev/flora/rules"
	"flora.dev/flora/store"
)

// Reader reads the rows of a store, page by page.
type Reader struct {
	Read    func(*store.Query) (*store.Rows, error)
	Version int64 // of the schema that the tables are of
	size    int
}

// Sizes of pages, so that rows of any size pass the limits of a store: 10 MB
// for one value of an answer on Spanner, which the text of a page is.
const (
	firstPage = 50
	mostRows  = 1000
	wanted    = 512 << 10 // bytes of a page that the next one should not be larger than
)

// Page returns rows of a table in the order of their keys, and what to pass to
// get those after them: "" for the first page and behind the last. Errors:
// store.ErrStale where the schema is not that of the tables any more.
func (r *Reader) Page(t *Table, after string) (rows []*Row, next string, err error) {
	return r.page(t, nil, after)
}

// Find returns all rows of a table whose field has a value. Errors: those of Page.
func (r *Reader) Find(t *Table, f *rules.Field, v any) (list []*Row, err error) {
	where := rules.Cmp{Op: rules.Eq, L: rules.Col{Var: doc, Field: f}, R: rules.Val{Value: rules.Value{Kind: f.Kind, V: v}}}
	for after, more := "", true; more; more = after != "" {
		var rows []*Row
		if rows, after, err = r.page(t, where, after); err != nil {
			return nil, err
		}
		list = append(list, rows...)
	}
	return list, nil
}

// page reads the next rows among those of which, nil for all.
func (r *Reader) page(t *Table, which rules.Pred, after string) (rows []*Row, next string, err error) {
	where, err := t.following(after)
	if err != nil {
		return nil, "", err
	}
	if which != nil {
		where = rules.And{which, where}
	}
	if r.size == 0 {
		r.size = firstPage
	}
	for {
		size := r.size
		got, err := r.Read(&store.Query{Roots: []store.Select{t.page(where, size)}})
		if err != nil && size > 1 && !errors.Is(err, context.Canceled) {
			r.size = size / 2 // the error may be one of size
			continue
		}
		if err != nil {
			return nil, "", fmt.Errorf("read %s: %w", t.Name, overtaken(err, r.Read, r.Version))
		}
		if got.Version != r.Version {
			return nil, "", store.ErrStale
		}
		if rows, err = t.rows(got.Roots[0]); err != nil {
			return nil, "", err
		}
		switch n := len(got.Roots[0]); {
		case n > wanted:
			r.size = max(1, size*wanted/n)
		case n < wanted/4:
			r.size = min(mostRows, 2*size)
		}
		if len(rows) == size {
			next = rows[size-1].cursor()
		}
		return rows, next, nil
	}
}

// overtaken is the error of a read for a version: ErrStale where another is
// deployed, since what the statement named may be gone, which is a fault to the
// store.
func overtaken(err error, read func(*store.Query) (*store.Rows, error), version int64) error {
	if now, lost := read(&store.Query{}); lost == nil && now.Version != version {
		return store.ErrStale
	}
	return err
}

// ErrCursor is the error of a page after something that no page ended with.
var ErrCursor = errors.New("no cursor of the table")

// cursor is what a page ends with.
func (r *Row) cursor() string {
	key := []string{r.ID}
	if r.Table.Links {
		key = []string{text(r.Values[0]), text(r.Values[1])}
	}
	b, err := json.Marshal(key)
	if err != nil {
		panic("transfer: " + err.Error()) // texts are JSON
	}
	return string(b)
}

// following says that a row comes after a cursor.
func (t *Table) following(cursor string) (rules.Pred, error) {
	if cursor == "" {
		return rules.True, nil
	}
	var key []string
	if err := json.Unmarshal([]byte(cursor), &key); err != nil || len(key) != 1 && !t.Links || len(key) != 2 && t.Links {
		return nil, fmt.Errorf("read %s: %w", t.Name, ErrCursor)
	}
	cmp := func(op rules.Op, f *rules.Field, id string) rules.Pred {
		return rules.Cmp{Op: op, L: rules.Col{Var: doc, Field: f}, R: rules.Val{Value: rules.Value{Kind: f.Kind, V: id}}}
	}
	if !t.Links {
		return cmp(rules.Gt, t.Object.Key, key[0]), nil
	}
	near, far := t.Fields[0].Field, t.Fields[1].Field
	// The first part alone is what an index is searched by.
	return rules.And{cmp(rules.Ge, near, key[0]), rules.Or{cmp(rules.Gt, near, key[0]), cmp(rules.Gt, far, key[1])}}, nil
}

// Count returns the number of rows of each table.
func Count(read func(*store.Query) (*store.Rows, error), tables []*Table) (map[*Table]int64, error) {
	out := map[*Table]int64{}
	for _, t := range tables {
		rows, err := read(&store.Query{Roots: []store.Select{{From: t.Object, Var: doc, Where: rules.True, After: rules.True, Total: true}}})
		if err != nil {
			return nil, fmt.Errorf("count %s: %w", t.Name, err)
		}
		var n []int64
		if err := json.Unmarshal([]byte(rows.Roots[0]), &n); err != nil || len(n) != 1 {
			return nil, fmt.Errorf("count %s: %d numbers in the answer: %w", t.Name, len(n), err)
		}
		out[t] = n[0]
	}
	return out, nil
}
