package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"flora.dev/flora/schema"
	"flora.dev/flora/store"
)

// planning are the flags of flora plan and flora deploy.
type planning struct {
	Store  string   `help:"Store to deploy to." placeholder:"STORE"`
	Server string   `help:"Running server to deploy to instead: where its control API is." placeholder:"URL"`
	Token  string   `help:"With --server: your own token, which needs the right flora:schema. Better in FLORA_TOKEN than on a command line that others see." placeholder:"TOKEN"`
	Allow  []string `help:"Allow what cannot be undone: drop-collection, drop-field, drop-relation, rename-rules." placeholder:"KIND,..." flagonly:""`
	JSON   bool     `name:"json" help:"Print the plan as JSON." flagonly:""`
}

// planCommand is flora plan.
type planCommand struct {
	planning
	File       string   `arg:"" help:"Schema file."`
	Operations string   `help:"Folder of client operations, to see which of them break." placeholder:"DIR"`
	Fail       []string `name:"fail-on" help:"Exit with 1 also where clients break (breaking) or rules allow more (looser)." enum:"breaking,looser" placeholder:"KIND,..." flagonly:""`
}

// Help is what flora plan --help adds.
func (planCommand) Help() string {
	return `Says what flora deploy would do, and does nothing: what happens to data, what breaks for clients, and what the rules newly ` +
		`allow or deny, with a caller and a document for which that is so. The rules are compared by a search on generated documents: that ` +
		`it finds nothing is no proof. Exits with 1 where the deployment would be refused.

  flora plan shop.graphql --store sqlite:shop.db --operations web/src
  flora plan shop.graphql --store spanner:... --json --fail-on breaking,looser    # in CI`
}

// Run plans one file.
func (c *planCommand) Run(a *app) error {
	var operations fs.FS
	if c.Operations != "" {
		operations = os.DirFS(c.Operations)
	}
	next, db, err := c.open(a, c.File, false)
	if err != nil {
		return err
	}
	defer db.Close()
	p, err := plan(a.ctx, db, next, false, c.Allow...)
	if err != nil {
		return err
	}
	r, err := p.review(a.ctx, c.Operations, operations)
	if err != nil {
		return err
	}
	if c.JSON {
		err = r.json(a.stdout)
	} else {
		r.print(a.stdout)
	}
	if err != nil {
		return err
	}
	for _, kind := range c.Fail {
		if kind == "breaking" && r.breaks() || kind == "looser" && r.loosens() {
			return errReported
		}
	}
	if !r.Deployable {
		return errReported
	}
	return nil
}

// open loads the file and opens the store.
func (c *planning) open(a *app, file string, create bool) (*schema.Schema, store.Store, error) {
	next, err := loadSchema(file)
	if err != nil {
		a.report(err)
		return nil, nil, errReported
	}
	a.warn(next)
	if list := a.config.unknownRoles(next); len(list) > 0 {
		a.report(list)
		return nil, nil, errReported
	}
	db, err := a.openStore(c.Store, create)
	return next, db, err
}

// deployCommand is flora deploy.
type deployCommand struct {
	planning
	File string `arg:"" help:"Schema file."`
}

// Help is what flora deploy --help adds.
func (deployCommand) Help() string {
	return `Brings a store to a schema: renames (@renamed), conversions that lose nothing, back-fills by @default, new and dropped ` +
		`collections, fields, relations, keys and indexes. What would lose data must be allowed by name; what cannot be done is told with ` +
		`what can. flora plan shows it first. On SQLite all happens in one transaction. On Spanner a deployment that was ` +
		`interrupted is gone on with by deploying again; running servers take the new version by themselves.`
}

// Run deploys one file.
func (c *deployCommand) Run(a *app) error {
	next, db, err := c.open(a, c.File, true)
	if err != nil {
		return err
	}
	defer db.Close()
	p, err := plan(a.ctx, db, next, false, c.Allow...)
	if err != nil {
		return err
	}
	return c.carryOut(a, p, db, c.File)
}

// carryOut deploys what may be deployed.
func (c *planning) carryOut(a *app, p *planned, db store.Store, name string) error {
	if len(p.refused()) > 0 {
		p.printRefused(a.stderr)
		fmt.Fprintln(a.stderr, "flora: nothing was deployed")
		return errReported
	}
	if p.unchanged() {
		fmt.Fprintf(a.stdout, "%s is deployed in %s as version %d already\n", name, c.Store, p.current.Version)
		return nil
	}
	d, err := p.apply(a.ctx, db)
	if a.ctx.Err() != nil {
		return errors.Join(errors.New("interrupted: deploy again to go on"), err)
	}
	if err != nil {
		return fmt.Errorf("deploy: %w", err)
	}
	p.print(a.stdout)
	fmt.Fprintf(a.stdout, "deployed %s to %s as version %d\n", name, c.Store, d.Version)
	return nil
}
