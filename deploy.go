package main

import (
	"errors"
	"fmt"
	"os"

	"flora.dev/flora/deploy"
	"flora.dev/flora/graph"
	"flora.dev/flora/schema"
)

// planning are the flags of flora plan, flora deploy and flora rollback.
type planning struct {
	destinationFlags
	Allow []string `help:"Allow what cannot be undone: drop-collection, drop-field, drop-relation, rename-rules." placeholder:"KIND,..." flagonly:""`
	JSON  bool     `name:"json" help:"Print JSON." flagonly:""`
}

// exits are the exit codes that CI goes by.
const exits = `Exits with 0 when it is done, with 1 where it was refused, failed or was interrupted, and with 2 for a command line that makes no sense.`

// planCommand is flora plan.
type planCommand struct {
	planning
	File       string   `arg:"" help:"Schema file."`
	Operations string   `help:"Folder of client operations, to see which of them break." placeholder:"DIR"`
	Stored     bool     `help:"Also compare what callers may do with the documents that are stored. Prints their ids, no values." flagonly:""`
	Roles      []string `name:"role" help:"With --stored: roles that the callers hold." placeholder:"NAME,..." flagonly:""`
	Fail       []string `name:"fail-on" help:"Exit with 1 also where clients break (breaking) or rules allow more (looser)." enum:"breaking,looser" placeholder:"KIND,..." flagonly:""`
}

// Help is what flora plan --help adds.
func (planCommand) Help() string {
	return `Says what flora deploy would do, and does nothing: what happens to data, what breaks for clients, and what the rules newly ` +
		`allow or deny, with a caller and a document for which that is so. The rules are compared by a search on generated documents: that ` +
		`it finds nothing is no proof. ` + exits + ` Also with 1 where the deployment would be refused.

  flora plan shop.graphql --store sqlite:shop.db --operations web/src
  flora plan shop.graphql --store spanner:... --json --fail-on breaking,looser    # in CI`
}

// Run plans one file.
func (c *planCommand) Run(a *app) (err error) {
	defer func() { err = a.interrupted("plan", err) }()
	l := look{dir: c.Operations, stored: c.Stored, roles: c.Roles}
	if c.Operations != "" {
		if l.files, err = deploy.Files(os.DirFS(c.Operations)); err != nil {
			return err
		}
	}
	next, t, err := c.load(a, c.File, false)
	if err != nil {
		return err
	}
	defer t.Close()
	p, err := t.plan(a.ctx, next, c.Allow, l)
	if err != nil {
		return err
	}
	a.printPlan(p, c.JSON)
	for _, kind := range c.Fail {
		if kind == "breaking" && p.Breaking || kind == "looser" && p.Looser {
			return errReported
		}
	}
	if !p.Deployable {
		return errReported
	}
	return nil
}

func (a *app) printPlan(p *graph.SchemaPlan, asJSON bool) {
	a.remark(p.Warnings)
	if asJSON {
		fmt.Fprint(a.stdout, p.JSON)
	} else {
		fmt.Fprint(a.stdout, p.Text)
	}
}

func (a *app) remark(list []string) {
	for _, remark := range list {
		fmt.Fprintln(a.stderr, remark)
	}
}

// load loads the file and opens where it goes.
func (c *planning) load(a *app, file string, create bool) (*schema.Schema, destination, error) {
	next, err := loadSchema(file)
	if err == nil {
		err = c.fits(a, next)
	}
	if err != nil {
		a.report(err)
		return nil, nil, errReported
	}
	t, err := c.open(a, create)
	return next, t, err
}

// fits returns what of the roles does not fit the configuration, which a server
// has of its own.
func (c *planning) fits(a *app, next *schema.Schema) error {
	if list := a.config.unknownRoles(next); c.Server == "" && len(list) > 0 {
		return list
	}
	return nil
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
		`interrupted is gone on with by deploying again; running servers take the new version by themselves. With --server the server does it, ` +
		`by its control API. ` + exits + `

  flora deploy shop.graphql --store sqlite:shop.db
  flora deploy shop.graphql --server https://admin.example.com --allow drop-field    # with FLORA_TOKEN`
}

// Run deploys one file.
func (c *deployCommand) Run(a *app) (err error) {
	defer func() { err = a.cutShort(err) }()
	next, t, err := c.load(a, c.File, true)
	if err != nil {
		return err
	}
	defer t.Close()
	from, _, err := t.version(a.ctx, 0)
	if err != nil {
		return err
	}
	return c.deploy(a, t, next, from, c.File, true)
}

// deploy deploys over a version, and tells what that did to data if it was not
// told before.
func (c *planning) deploy(a *app, t destination, next *schema.Schema, from int64, name string, tell bool) error {
	d, err := t.deploy(a.ctx, next, c.Allow, from)
	if err != nil {
		return fmt.Errorf("deploy: %w", err)
	}
	a.remark(d.Warnings)
	if c.JSON {
		fmt.Fprint(a.stdout, d.JSON)
	}
	switch {
	case len(d.Refused) > 0:
		a.remark(append(d.Refused, "flora: nothing was deployed"))
		return errReported
	case c.JSON:
	case !d.Deployed:
		fmt.Fprintf(a.stdout, "%s is deployed in %s as version %d already\n", name, c.where(), d.Version)
	default:
		if tell {
			fmt.Fprint(a.stdout, d.Text)
		}
		fmt.Fprintf(a.stdout, "deployed %s to %s as version %d\n", name, c.where(), d.Version)
	}
	return nil
}

// cutShort is the error of a deployment: one that did not reach its end.
func (a *app) cutShort(err error) error {
	if err != nil && a.ctx.Err() != nil {
		return errors.New("deploy: interrupted, deploy again to go on")
	}
	return err
}
