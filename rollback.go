package main

import (
	"errors"
	"fmt"

	"flora.dev/flora/schema"
)

// schemaCommand is flora schema.
type schemaCommand struct {
	destinationFlags
	Number int64 `arg:"" optional:"" name:"version" help:"Version to print, the deployed one if left out."`
}

// Help is what flora schema --help adds.
func (schemaCommand) Help() string {
	return `Prints the schema file that is deployed, or that was.

  flora schema --store sqlite:shop.db > shop.graphql
  flora schema 3 --server https://admin.example.com    # with FLORA_TOKEN`
}

// Run prints a version.
func (c *schemaCommand) Run(a *app) (err error) {
	defer func() { err = a.interrupted("schema", err) }()
	t, err := c.open(a, false)
	if err != nil {
		return err
	}
	defer t.Close()
	_, sdl, err := c.version(a, t, c.Number)
	if err != nil {
		return err
	}
	_, err = fmt.Fprint(a.stdout, sdl)
	return err
}

// version reads a version that must be there.
func (f *destinationFlags) version(a *app, t destination, number int64) (int64, string, error) {
	found, sdl, err := t.version(a.ctx, number)
	switch {
	case err != nil:
		return 0, "", err
	case number < 0:
		return 0, "", errors.New("versions count from 1")
	case found == 0 && number == 0:
		return 0, "", fmt.Errorf("no schema is deployed in %s", f.where())
	case found == 0:
		return 0, "", fmt.Errorf("there is no version %d in %s", number, f.where())
	}
	return found, sdl, nil
}

// rollbackCommand is flora rollback.
type rollbackCommand struct {
	planning
	Number int64 `arg:"" name:"version" help:"Version to go back to."`
}

// Help is what flora rollback --help adds.
func (rollbackCommand) Help() string {
	return `Deploys the schema of an earlier version again, as a new version: prints the plan, and carries it out. Documents stay as ` +
		`they are now; what only the later versions knew must be allowed to go (--allow drop-field), and a column that was dropped ` +
		`comes back empty. ` + exits + `

  flora rollback 3 --store sqlite:shop.db --allow drop-field`
}

// Run deploys an earlier version.
func (c *rollbackCommand) Run(a *app) (err error) {
	defer func() { err = a.cutShort(err) }()
	if c.Number < 1 {
		return errors.New("versions count from 1")
	}
	t, err := c.open(a, false)
	if err != nil {
		return err
	}
	defer t.Close()
	_, sdl, err := c.version(a, t, c.Number)
	if err != nil {
		return err
	}
	name := fmt.Sprintf("version-%d.graphql", c.Number)
	next, err := schema.Load(name, []byte(sdl))
	if err == nil {
		err = c.fits(a, next)
	}
	if err != nil {
		a.report(err)
		return errReported
	}
	p, err := t.plan(a.ctx, next, c.Allow, look{})
	if err != nil {
		return err
	}
	if !c.JSON {
		fmt.Fprintln(a.stdout, p.Text)
	}
	return c.deploy(a, t, next, int64(p.Version), name, false)
}
