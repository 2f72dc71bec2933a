package main

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"flora.dev/flora/transfer"
	"github.com/google/go-cmp/cmp"
)

// dying ends an import after some batches.
type dying struct {
	transfer.Target
	left int
	end  context.CancelFunc
}

func (d *dying) Load(ctx context.Context, rows []*transfer.Row) ([]transfer.Outcome, error) {
	if d.left--; d.left == 0 {
		d.end()
	}
	return d.Target.Load(ctx, rows)
}

// TestImportResumes kills an import between any two of its batches and runs it
// again.
func TestImportResumes(t *testing.T) {
	for engine, c := range map[string]struct {
		rows int // more than a batch has
		cuts []int
	}{"sqlite": {250, []int{1, 2, 4, 7, 10, 12}}, "spanner": {110, []int{2, 5}}} {
		// Each refers to one that comes later.
		var authors, books, links strings.Builder
		n := c.rows
		for i := range n {
			fmt.Fprintf(&authors, `{"_id":"a%03d","_ts":%d,"name":"A","mentor":"a%03d"}`+"\n", i, i+1, (i+n/2)%n)
			fmt.Fprintf(&books, `{"_id":"b%03d","_ts":%d,"title":"B","author":"a%03d","stock":%d}`+"\n", i, i+1, n-1-i, i)
			fmt.Fprintf(&links, `{"bookID":"b%03d","shelfID":"s%d"}`+"\n", i, i%2)
		}
		files := map[string]string{"Author.jsonl": authors.String(), "Book.jsonl": books.String(), "Book_shelves.jsonl": links.String(),
			"Shelf.jsonl": `{"_id":"s0","_ts":1}` + "\n" + `{"_id":"s1","_ts":1}` + "\n"}
		for _, after := range c.cuts {
			t.Run(fmt.Sprint(engine, " after ", after), func(t *testing.T) {
				m := newMover(t)
				store, dir := m.planted(engine, library, ""), m.write(files)
				ctx, cancel := context.WithCancel(t.Context())
				a := &app{ctx: t.Context(), env: newEnvironment(environ(m.env))}
				to, err := openDocuments(a, store)
				if err != nil {
					t.Fatal(err)
				}
				im := &transfer.Import{Reading: transfer.Reading{Tables: to.Tables}, Target: &dying{to, after, cancel}, Fault: func(f transfer.Fault) { t.Error(f) }}
				result, err := im.Run(ctx, dir)
				cancel()
				to.Close()
				if err == nil {
					t.Fatalf("%+v: it was not interrupted", result)
				}
				rows := 0
				for _, text := range m.export(store) {
					rows += strings.Count(text, "\n")
				}
				if after > 1 && rows == 0 || rows >= 3*n+2 && after < 10 {
					t.Errorf("%d rows when interrupted", rows)
				}
				m.must("import", dir, "--store", store)
				if diff := cmp.Diff(files, m.export(store)); diff != "" {
					t.Errorf("afterwards (-want +got):\n%s", diff)
				}
				if got := m.must("import", dir, "--store", store); got != fmt.Sprintf("imported 0 rows, %d were there already\n", 3*n+2) {
					t.Errorf("once more: %s", got)
				}
			})
		}
	}
}
