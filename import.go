package main

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"flora.dev/flora/store"
	"flora.dev/flora/transfer"
)

// importCommand is flora import.
type importCommand struct {
	Path          string `arg:"" name:"dir|file" help:"Folder with files of JSON lines, or one such file."`
	Dangling      string `help:"What becomes of a reference to a document that is neither in the files nor there: fail (the line is faulty), null, or skip (the line is left out)." enum:"fail,null,skip" default:"fail" flagonly:""`
	MaxErrors     int    `help:"So many faulty lines are left out; one more, and nothing more is written." default:"0" placeholder:"N" flagonly:""`
	IgnoreUnknown bool   `help:"Leave out fields that the schema does not have, in place of taking the line for faulty." flagonly:""`
	placeFlags    `embed:""`
}

// Help is what flora import --help adds.
func (importCommand) Help() string {
	return `Reads what flora export wrote, and exports of Fauna, into a store where the schema is deployed. All collections go in ` +
		`at once, references last, so circles are no trouble. _id and _ts stay. Every line is read before one is written; a faulty ` +
		`one is told by file and line, never with a value. What is there already is left alone: an import that was interrupted is ` +
		`simply run again. It writes with system rights: no rule, @check or @set is asked.

  flora import export/ --store sqlite:shop.db
  flora import export/ --server https://admin.example.com --token "$TOKEN" --dangling null`
}

// Run imports.
func (c *importCommand) Run(a *app) (err error) {
	defer func() { err = a.interrupted("import", err) }()
	to, err := c.open(a)
	if err != nil {
		return err
	}
	defer to.Close()
	bar := a.bar()
	unknown := map[string]int{}
	im := &transfer.Import{
		Reading: transfer.Reading{Tables: to.tables()}, Target: to,
		Dangling:  map[string]transfer.Dangling{"fail": transfer.Fail, "null": transfer.Null, "skip": transfer.Skip}[c.Dangling],
		MaxFaults: c.MaxErrors, Fault: a.tellFaults(bar), Progress: bar.part,
	}
	if c.IgnoreUnknown {
		im.Unknown = func(path string) { unknown[path]++ }
	}
	result, err := im.Run(a.ctx, c.Path)
	bar.clear()
	if result != nil {
		c.summary(a, result, unknown)
	}
	return importError(a, result, err)
}

// shownFaults is how many faulty lines are told one by one.
const shownFaults = 100

// tellFaults prints faulty lines.
func (a *app) tellFaults(bar *bar) func(transfer.Fault) {
	n := 0
	return func(f transfer.Fault) {
		if n++; n <= shownFaults {
			bar.clear()
			fmt.Fprintln(a.stderr, f)
		}
	}
}

// importError says what to do about an import that did not end well.
func importError(a *app, result *transfer.Result, err error) error {
	switch {
	case errors.Is(err, transfer.ErrFaults):
		what := "nothing was written"
		if result.Written > 0 {
			what = "the import ended there; run it again when they are mended"
		}
		fmt.Fprintf(a.stderr, "flora: %s, %s\n", plural(result.Faults, "faulty line"), what)
		return errReported
	case errors.Is(err, store.ErrStale):
		return errors.New("import: the schema was changed meanwhile, run it again")
	case err != nil:
		return fmt.Errorf("import: %w (run it again to go on)", err)
	}
	return nil
}

func (c *importCommand) summary(a *app, r *transfer.Result, unknown map[string]int) {
	if r.Written+r.Same > 0 {
		fmt.Fprintf(a.stdout, "imported %s, %d were there already\n", plural(r.Written, "row"), r.Same)
	}
	if r.Skipped > 0 {
		fmt.Fprintf(a.stdout, "left out %s with a dangling reference\n", plural(r.Skipped, "line"))
	}
	if r.Nulled > 0 {
		fmt.Fprintf(a.stdout, "%s became null\n", plural(r.Nulled, "dangling reference"))
	}
	if r.Faults > 0 && r.Faults <= c.MaxErrors {
		fmt.Fprintf(a.stdout, "left out %s\n", plural(r.Faults, "faulty line"))
	}
	for _, path := range slices.Sorted(maps.Keys(unknown)) {
		fmt.Fprintf(a.stdout, "left out %s in %s\n", path, plural(unknown[path], "line"))
	}
}
