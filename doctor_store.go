package main

import (
	"errors"
	"log/slog"
	"strings"
	"time"

	"flora.dev/flora/auth"
	"flora.dev/flora/graph"
	"flora.dev/flora/resolvers"
	"flora.dev/flora/schema"
	"flora.dev/flora/store"
)

// slow is a round trip to the store that shows in every answer.
const slow = 100 * time.Millisecond

// deployment is the store with what is deployed there, as far as there is.
type deployment struct {
	db      store.Store
	version *graph.Version
	notes   []store.Note
}

// open looks at the store.
func (d *diagnosis) open(name string) {
	if name == "" {
		name = d.app.config.Store
	}
	if name == "" {
		d.warn("store", "name one: store: or --store", "no store is named, so it was not looked at")
		return
	}
	db, err := d.app.openStore(name, false)
	if err != nil {
		d.fail("store", "", "%s", line(err))
		return
	}
	d.db = db
	d.ok("store", "%s opens", name)
	if host := d.app.getenv("SPANNER_EMULATOR_HOST"); host != "" && strings.HasPrefix(name, "spanner:") {
		d.warn("store", "unset SPANNER_EMULATOR_HOST", "this is an emulator at %s: documents are gone when it stops", host)
	}
	ctx, cancel := d.bounded()
	defer cancel()
	deployed, err := db.Deployed(ctx, 0)
	if errors.Is(err, store.ErrNoSchema) {
		d.fail("store", "run flora deploy FILE --store "+name, "no schema is deployed")
		return
	}
	if err != nil {
		d.fail("store", "", "read deployed schema: %s", line(err))
		return
	}
	began := time.Now()
	notes, err := db.Notes(ctx, 0)
	took := time.Since(began).Round(100 * time.Microsecond)
	lacking := false
	if err == nil {
		lacking, err = lacksTables(ctx, db)
	}
	switch {
	case err != nil:
		d.fail("store", "", "read notes: %s", line(err))
	case notes.Missing:
		d.warn("store", "run flora deploy FILE --store "+name+" once more", "there is no table for revocations and key sets")
	case lacking:
		d.notes = notes.Changed
		d.warn("store", "run flora deploy FILE --store "+name+" once more", "there is no table for the audit: what it would tell is refused")
	default:
		d.notes = notes.Changed
		d.ok("store", "the system tables are there")
	}
	if took > slow {
		d.warn("store", "run the server in the region of the database", "a round trip takes %s", took)
	} else {
		d.ok("store", "a round trip takes %s", took)
	}
	d.schema(deployed)
}

// schema looks at whether the deployed schema and the configuration fit.
func (d *diagnosis) schema(deployed *store.Deployment) {
	model, err := schema.Load("schema.graphql", []byte(deployed.SDL))
	if err != nil {
		d.fail("schema", "deploy it again with this version of flora", "load deployed schema, version %d: %s", deployed.Version, line(err))
		return
	}
	d.version = &graph.Version{Number: deployed.Version, Schema: model}
	list := d.app.config.unknownRoles(model)
	for _, fault := range list {
		d.fail("schema", fault.Hint, "%s: %s", fault.Pos, fault.Message)
	}
	for _, text := range d.app.config.unusedRoles(model) {
		d.warn("schema", "", "%s", text)
	}
	if len(list) == 0 {
		d.ok("schema", "version %d is deployed, and the providers give the roles that it asks for", deployed.Version)
	}
	r, err := resolvers.New(d.db, deployed.Secret, resolvers.Options{Grants: d.app.config.grants(), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		d.fail("schema", "", "%s", line(err))
		return
	}
	d.resolvers = r
}

// revocations are those in the store.
func (d *diagnosis) revocations() *auth.Revocations {
	list := map[string]string{}
	for _, n := range d.notes {
		if strings.HasPrefix(n.Name, auth.RevocationNotes) {
			list[n.Name] = n.Value
		}
	}
	revoked := &auth.Revocations{}
	revoked.Apply(list, true, time.Now())
	return revoked
}

func (d *diagnosis) close() {
	if d.db != nil {
		d.db.Close()
	}
}
