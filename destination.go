package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"flora.dev/flora/graph"
	"flora.dev/flora/schema"
	"flora.dev/flora/store"
)

// destinationFlags say where a schema is deployed: in a store, or by a server.
type destinationFlags struct {
	Store  string `help:"Store with the schema." placeholder:"STORE"`
	Server string `help:"Running server in place of a store: where its control API is." placeholder:"URL"`
	Token  string `help:"With --server: your own token, which needs the right flora:schema. Better in FLORA_TOKEN than on a command line that others see." placeholder:"TOKEN"`
}

// destination is where a schema is deployed.
type destination interface {
	// version returns a version and its SDL, the newest for 0, and 0 where there is none.
	version(ctx context.Context, version int64) (int64, string, error)
	plan(ctx context.Context, next *schema.Schema, allow []string, l look) (*graph.SchemaPlan, error)
	// deploy deploys over the version from alone.
	deploy(ctx context.Context, next *schema.Schema, allow []string, from int64) (*graph.SchemaDeployment, error)
	Close() error
}

// open opens the destination that the flags name.
func (f *destinationFlags) open(a *app, create bool) (destination, error) {
	if f.Server == "" {
		db, err := a.openStore(f.Store, create)
		if err != nil {
			return nil, err
		}
		return &stored{db, a.config}, nil
	}
	s, err := dial(f.Server, f.Token, "flora:schema")
	if err != nil {
		return nil, err
	}
	s.client.Timeout = controlDeadline
	return &served{s}, nil
}

// where is its name.
func (f *destinationFlags) where() string {
	if f.Server != "" {
		return f.Server
	}
	return f.Store
}

// stored is a store as a destination.
type stored struct {
	store.Store
	config *config
}

func (t *stored) version(ctx context.Context, version int64) (int64, string, error) {
	d, err := t.Deployed(ctx, version)
	if errors.Is(err, store.ErrNoSchema) {
		return 0, "", nil
	}
	if err != nil {
		return 0, "", fmt.Errorf("read deployed schema: %w", err)
	}
	return d.Version, d.SDL, nil
}

func (t *stored) plan(ctx context.Context, next *schema.Schema, allow []string, l look) (*graph.SchemaPlan, error) {
	p, err := plan(ctx, t, next, false, allow...)
	if err != nil {
		return nil, err
	}
	r, err := p.review(ctx, t, l)
	if err != nil {
		return nil, err
	}
	out, err := r.answer()
	if err == nil {
		out.Warnings = t.config.remarks(next)
	}
	return out, err
}

func (t *stored) deploy(ctx context.Context, next *schema.Schema, allow []string, from int64) (*graph.SchemaDeployment, error) {
	p, err := plan(ctx, t, next, false, allow...)
	if err != nil {
		return nil, err
	}
	if p.version() != from {
		return nil, errOvertaken
	}
	out, err := p.carryOut(ctx, t, false)
	if err == nil {
		out.Warnings = t.config.remarks(next)
	}
	return out, err
}

// served is a server as a destination.
type served struct{ *server }

func (t *served) version(ctx context.Context, version int64) (int64, string, error) {
	var data struct{ SchemaVersions []graph.SchemaVersion }
	variables := map[string]any{}
	if version > 0 {
		variables["after"] = version + 1
	}
	err := t.ask(ctx, "query ($after: Int) { schemaVersions(first: 1, after: $after) { version sdl } }", variables, &data)
	if err != nil || len(data.SchemaVersions) == 0 {
		return 0, "", err
	}
	v := data.SchemaVersions[0]
	if version > 0 && int64(v.Version) != version {
		return 0, "", nil
	}
	return int64(v.Version), v.Sdl, nil
}

func (t *served) plan(ctx context.Context, next *schema.Schema, allow []string, l look) (*graph.SchemaPlan, error) {
	variables := map[string]any{"sdl": next.SDL, "file": next.File, "allow": allow, "stored": l.stored, "roles": l.roles}
	if l.dir != "" {
		list := make([]graph.OperationFile, len(l.files))
		for i, f := range l.files {
			list[i] = graph.OperationFile{Path: f.Path, Text: f.Text}
		}
		variables["operations"] = list
	}
	var data struct{ PlanSchema graph.SchemaPlan }
	err := t.ask(ctx, `query ($sdl: String!, $file: String!, $allow: [String!], $operations: [OperationFile!], $stored: Boolean!, $roles: [String!]) {
  planSchema(sdl: $sdl, file: $file, allow: $allow, operations: $operations, stored: $stored, roles: $roles) { version deployable needs breaking looser warnings text json }
}`, variables, &data)
	return &data.PlanSchema, err
}

// deploy asks first what would be done: what is refused is told one by one.
func (t *served) deploy(ctx context.Context, next *schema.Schema, allow []string, from int64) (*graph.SchemaDeployment, error) {
	out, err := t.deploySchema(ctx, next, allow, from, true)
	if err == nil && len(out.Refused) == 0 {
		out, err = t.deploySchema(ctx, next, allow, from, false)
	}
	return out, err
}

func (t *served) deploySchema(ctx context.Context, next *schema.Schema, allow []string, from int64, dryRun bool) (*graph.SchemaDeployment, error) {
	var data struct{ DeploySchema graph.SchemaDeployment }
	err := t.ask(ctx, `mutation ($sdl: String!, $file: String!, $fromVersion: Int!, $allow: [String!], $dryRun: Boolean) {
  deploySchema(sdl: $sdl, file: $file, fromVersion: $fromVersion, allow: $allow, dryRun: $dryRun) { version deployed text refused warnings json }
}`, map[string]any{"sdl": next.SDL, "file": next.File, "fromVersion": from, "allow": allow, "dryRun": dryRun}, &data)
	return &data.DeploySchema, err
}

// controlDeadline is how long a request to the control API may take: Spanner
// fills an index in minutes.
const controlDeadline = 30 * time.Minute
