package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"flora.dev/flora/auth"
	"flora.dev/flora/schema"
	"flora.dev/flora/store"
	"flora.dev/flora/transfer"
)

// copyCommand is flora copy.
type copyCommand struct {
	From string `required:"" help:"Store to copy." placeholder:"STORE" flagonly:""`
	To   string `required:"" help:"Store to copy to: an empty one, or one that a copy was begun to." placeholder:"STORE" flagonly:""`
}

// Help is what flora copy --help adds.
func (copyCommand) Help() string {
	return `Deploys the schema of one store in another and moves all documents and links there, with their _id and _ts, then counts ` +
		`both. The first store stays as it is. Between them the documents are in the system's folder for temporary files. Stop the ` +
		`servers of both: what they write meanwhile would not be copied. A copy that was interrupted is simply run again.

  flora copy --from sqlite:shop.db --to spanner:projects/P/instances/I/databases/D`
}

// readFunc reads a query.
type readFunc = func(*store.Query) (*store.Rows, error)

// Run copies.
func (c *copyCommand) Run(a *app) (err error) {
	defer func() { err = a.interrupted("copy", err) }()
	if c.From == c.To {
		return errors.New("--from and --to are the same store")
	}
	from, err := openDocuments(a, c.From)
	if err != nil {
		return err
	}
	defer from.Close()
	db, err := a.openStore(c.To, true)
	if err != nil {
		return err
	}
	defer db.Close()
	if err := c.deploy(a, db, from.model); err != nil {
		return err
	}
	to, err := newDocuments(a.ctx, db)
	if err != nil {
		return err
	}
	temp, err := os.MkdirTemp("", "flora-copy-")
	if err != nil {
		return fmt.Errorf("copy: %w", err)
	}
	defer os.RemoveAll(temp)
	bar := a.bar()
	defer bar.clear()
	dir := filepath.Join(temp, "lines")
	counts, err := exportAll(a.ctx, from, dir, bar.count)
	if err != nil {
		return fmt.Errorf("copy: %w", err)
	}
	im := &transfer.Import{Reading: transfer.Reading{Tables: to.Tables}, Target: to, Fault: a.tellFaults(bar), Progress: bar.part}
	result, err := im.Run(a.ctx, dir)
	bar.clear()
	if err != nil {
		return importError(a, result, err)
	}
	if err := copyRevocations(a.ctx, from, db); err != nil {
		return fmt.Errorf("copy: %w", err)
	}
	return c.compare(a, to, counts)
}

// deploy makes the target's tables.
func (c *copyCommand) deploy(a *app, db store.Store, model *schema.Schema) error {
	p, err := plan(a.ctx, db, model, false)
	if err != nil {
		return err
	}
	if p.current != nil && p.current.SDL != model.SDL {
		return fmt.Errorf("another schema is deployed in %s: copy to an empty store", c.To)
	}
	_, err = p.apply(a.ctx, db)
	return err
}

// copyRevocations keeps withdrawn tokens from being good again in another store.
func copyRevocations(ctx context.Context, from, to store.Store) error {
	all, err := from.Notes(ctx, 0)
	if err != nil {
		return fmt.Errorf("read revocations: %w", err)
	}
	revoked := slices.DeleteFunc(all.Changed, func(n store.Note) bool {
		return n.Value == "" || !strings.HasPrefix(n.Name, auth.RevocationNotes)
	})
	for some := range slices.Chunk(revoked, 500) {
		entry := commandLine("copyRevocations", map[string]int{"revocations": len(some)})
		if _, err := to.Note(ctx, entry, some...); err != nil {
			return fmt.Errorf("write revocations: %w", err)
		}
	}
	return nil
}

// compare counts the target's rows.
func (c *copyCommand) compare(a *app, to *documents, want map[*transfer.Table]int64) error {
	got, err := transfer.Count(func(q *store.Query) (*store.Rows, error) { return to.Read(a.ctx, q) }, to.Tables.List)
	if err != nil {
		return fmt.Errorf("copy: %w", err)
	}
	byName := map[string]int64{}
	for t, n := range got {
		byName[t.Name] = n
	}
	var total int64
	var wrong error
	for t, n := range want {
		total += n
		if byName[t.Name] != n {
			wrong = errors.Join(wrong, fmt.Errorf("%s: %d rows in %s, %d in %s", t.Name, n, c.From, byName[t.Name], c.To))
		}
	}
	if wrong != nil {
		return fmt.Errorf("copy: %w", wrong)
	}
	fmt.Fprintf(a.stdout, "copied %s, counted in both stores\n", plural(int(total), "row"))
	return nil
}
