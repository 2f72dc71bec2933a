package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"flora.dev/flora/transfer"
)

// exportCommand is flora export.
type exportCommand struct {
	Path       string   `arg:"" name:"dir|file" help:"Folder to make, with a file for each collection, or one file: a name that ends in .jsonl."`
	Collection []string `help:"Only this collection, or table of links. May be repeated." placeholder:"NAME" flagonly:""`
	placeFlags `embed:""`
}

// Help is what flora export --help adds.
func (exportCommand) Help() string {
	return `Writes all documents as lines of JSON, with their _id and _ts; links of many-to-many relations are files of their own. ` +
		`flora import reads them into any store with that schema. It reads with system rights. A store is read as it is at one ` +
		`moment; a server page by page. A SQLite store must not be open in a server: name the server then.

  flora export backup --store sqlite:shop.db
  flora export backup.jsonl --server http://127.0.0.1:9090 --token "$TOKEN"`
}

// Run exports.
func (c *exportCommand) Run(a *app) (err error) {
	defer func() { err = a.interrupted("export", err) }()
	from, err := c.open(a)
	if err != nil {
		return err
	}
	defer from.Close()
	tables, err := chosen(from.tables(), c.Collection)
	if err != nil {
		return err
	}
	out, err := newLines(c.Path)
	if err != nil {
		return fmt.Errorf("export: %w", err)
	}
	bar := a.bar()
	total := 0
	err = from.pages(a.ctx, func(page pageReader) error {
		total, err = out.write(tables, page, bar.count)
		return err
	})
	bar.clear()
	if err = errors.Join(err, out.finish(err)); err != nil {
		return fmt.Errorf("export: %w", err)
	}
	fmt.Fprintf(a.stdout, "exported %s to %s\n", plural(total, "row"), c.Path)
	return nil
}

// interrupted makes an error of what was to have an end and did not reach it,
// unlike a server that is told to stop.
func (a *app) interrupted(what string, err error) error {
	if err != nil && a.ctx.Err() != nil {
		return fmt.Errorf("%s: interrupted, run it again", what)
	}
	return err
}

// chosen are the tables of some names, all without names.
func chosen(tables *transfer.Tables, names []string) ([]*transfer.Table, error) {
	if len(names) == 0 {
		return tables.List, nil
	}
	var out []*transfer.Table
	for _, name := range names {
		t := tables.Named(name)
		if t == nil {
			return nil, fmt.Errorf("the schema has no collection %s", name)
		}
		if !slices.Contains(out, t) {
			out = append(out, t)
		}
	}
	return out, nil
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// lines are files being written. They get their names when all of them are
// complete.
type lines struct {
	path, part string
	one        bool // a single file, whose lines name their collection
}

func newLines(path string) (*lines, error) {
	l := &lines{path: filepath.Clean(path), one: filepath.Ext(path) == ".jsonl"}
	l.part = l.path + ".part"
	if entries, err := os.ReadDir(l.path); l.one || len(entries) > 0 || err != nil && !errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Stat(l.path); err == nil {
			return nil, fmt.Errorf("%s is there already: name another", path)
		}
	}
	if err := os.RemoveAll(l.part); err != nil { // of an export that was interrupted
		return nil, err
	}
	if l.one {
		return l, os.MkdirAll(filepath.Dir(l.part), 0o700)
	}
	return l, os.MkdirAll(l.part, 0o700)
}

// write writes tables and returns the number of their rows.
func (l *lines) write(tables []*transfer.Table, page pageReader, progress func(string, int)) (total int, err error) {
	var to *os.File
	var b *bufio.Writer
	end := func() {
		if to != nil {
			err = errors.Join(err, b.Flush(), to.Close())
			to = nil
		}
	}
	defer func() { end() }()
	for i, t := range tables {
		if i == 0 || !l.one {
			if end(); err != nil {
				return total, err
			}
			name := l.part
			if !l.one {
				name = filepath.Join(l.part, t.Name+".jsonl")
			}
			if to, err = os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600); err != nil {
				return total, err
			}
			b = bufio.NewWriterSize(to, 256<<10)
		}
		for after, more := "", true; more; more = after != "" {
			var list []string
			if list, after, err = page(t, after); err != nil {
				return total, err
			}
			for _, text := range list {
				if l.one {
					text = t.In(text)
				}
				b.WriteString(text) // Flush returns the error
				b.WriteByte('\n')
			}
			total += len(list)
			progress(t.Name, total)
		}
	}
	return total, nil
}

// finish gives the files their names, or after an error removes them.
func (l *lines) finish(failed error) error {
	if failed != nil {
		return os.RemoveAll(l.part)
	}
	if !l.one {
		if err := os.Remove(l.path); err != nil && !errors.Is(err, fs.ErrNotExist) { // a folder that is empty
			return err
		}
	}
	return os.Rename(l.part, l.path)
}

// exportAll writes all documents of a store to a folder.
func exportAll(ctx context.Context, from *documents, dir string, progress func(string, int)) (map[*transfer.Table]int64, error) {
	out, err := newLines(dir)
	if err != nil {
		return nil, err
	}
	var counts map[*transfer.Table]int64
	err = from.Snapshot(ctx, func(read readFunc) error {
		if counts, err = transfer.Count(read, from.Tables.List); err != nil {
			return err
		}
		_, err = out.write(from.Tables.List, from.reader(ctx, read), progress)
		return err
	})
	return counts, errors.Join(err, out.finish(err))
}
