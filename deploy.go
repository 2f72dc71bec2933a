package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"flora.dev/flora/schema"
	"flora.dev/flora/store"
)

// deployCommand is flora deploy.
type deployCommand struct {
	File  string   `arg:"" help:"Schema file."`
	Store string   `help:"Store to deploy to." placeholder:"STORE"`
	Allow []string `help:"Allow what cannot be undone: drop-collection, drop-field, drop-relation, rename-rules." placeholder:"KIND"`
}

// Help is what flora deploy --help adds.
func (deployCommand) Help() string {
	return `Prints the steps that bring the store to the schema and takes them. So far these are new collections, ` +
		`nullable fields, fields with a constant @default, and indexes. A change that would lose data or could not be ` +
		`undone is listed and refused; nothing is changed then.`
}

// Run deploys one file.
func (c *deployCommand) Run(a *app) error {
	next, err := loadSchema(c.File)
	if err != nil {
		a.report(err)
		return errReported
	}
	a.warn(next)
	if list := a.config.unknownRoles(next); len(list) > 0 {
		a.report(list)
		return errReported
	}
	db, err := a.openStore(c.Store, true)
	if err != nil {
		return err
	}
	defer db.Close()
	p, err := plan(a.ctx, db, next, false, c.Allow...)
	if err != nil {
		return err
	}
	if len(p.losses) > 0 {
		p.printLosses(a.stderr)
		fmt.Fprintln(a.stderr, "flora: nothing was deployed")
		return errReported
	}
	if p.unchanged() {
		fmt.Fprintf(a.stdout, "%s is deployed in %s as version %d already\n", c.File, c.Store, p.current.Version)
		return nil
	}
	d, err := p.apply(a.ctx, db)
	if err != nil {
		return err
	}
	p.print(a.stdout)
	fmt.Fprintf(a.stdout, "deployed %s to %s as version %d\n", c.File, c.Store, d.Version)
	return nil
}

// migrationPlan is what brings a store to a schema.
type migrationPlan struct {
	next    *schema.Schema
	current *store.Deployment // nil for an empty store
	reset   bool              // all documents are dropped first
	diff    *schema.Difference
	losses  []string // why it cannot be done without losing data
}

// plan compares a schema with what is deployed, or with nothing for a reset.
func plan(ctx context.Context, db store.Store, next *schema.Schema, reset bool, allow ...string) (*migrationPlan, error) {
	p := &migrationPlan{next: next}
	current, err := db.Deployed(ctx)
	var old *schema.Schema
	switch {
	case errors.Is(err, store.ErrNoSchema):
	case err != nil:
		return nil, fmt.Errorf("read deployed schema: %w", err)
	case reset:
		p.current, p.reset = current, true
	default:
		p.current = current
		if old, err = current.Schema("deployed.graphql"); err != nil {
			return nil, fmt.Errorf("load deployed schema: %w", err)
		}
	}
	p.diff = schema.Diff(old, next, time.Now())
	for _, c := range append(p.diff.Refused(), p.diff.Needs(allow)...) {
		p.losses = append(p.losses, c.String())
	}
	return p, nil
}

// unchanged reports whether the very text is deployed already.
func (p *migrationPlan) unchanged() bool {
	return p.current != nil && !p.reset && !p.current.Unfinished && p.current.SDL == p.next.SDL && len(p.diff.Steps) == 0
}

// apply deploys.
func (p *migrationPlan) apply(ctx context.Context, db store.Store) (*store.Deployment, error) {
	if p.unchanged() {
		return p.current, nil
	}
	m := &store.Migration{Reset: p.reset, SDL: p.next.SDL, Names: p.diff.Names, Steps: p.diff.Steps}
	if p.current != nil {
		m.From = p.current.Version
	}
	d, err := db.Deploy(ctx, m)
	if err != nil {
		return nil, err
	}
	return d, nil
}

func (p *migrationPlan) print(w io.Writer) {
	for _, c := range p.diff.Changes {
		fmt.Fprintf(w, "  %s\n", c.Text)
	}
	if len(p.diff.Changes) == 0 {
		fmt.Fprintln(w, "  no change of tables: rules or descriptions only")
	}
}

func (p *migrationPlan) printLosses(w io.Writer) {
	for _, l := range p.losses {
		fmt.Fprintln(w, l)
	}
}
