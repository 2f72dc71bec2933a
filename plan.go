package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"time"

	"flora.dev/flora/auth"
	"flora.dev/flora/deploy"
	"flora.dev/flora/graph"
	"flora.dev/flora/rules"
	"flora.dev/flora/schema"
	"flora.dev/flora/store"
)

// planned is a plan: what brings a store to a schema, what that does to
// clients, and what the rules then allow.
type planned struct {
	next    *schema.Schema
	old     *schema.Schema    // nil for an empty store
	current *store.Deployment // nil for an empty store
	reset   bool              // all documents are dropped first
	allow   []string
	diff    *schema.Difference
	lacking bool           // the store lacks a system table, which any deployment makes
	by      *auth.Identity // who deploys; nil: the user of this command line
}

// plan compares a schema with what is deployed, or with nothing for a reset.
func plan(ctx context.Context, db store.Store, next *schema.Schema, reset bool, allow ...string) (*planned, error) {
	p := &planned{next: next, reset: reset, allow: allow}
	current, err := db.Deployed(ctx, 0)
	switch {
	case errors.Is(err, store.ErrNoSchema):
		p.reset = false
	case err != nil:
		return nil, fmt.Errorf("read deployed schema: %w", err)
	default:
		p.current = current
	}
	if p.current != nil && !p.reset {
		if p.old, err = current.Schema("deployed.graphql"); err != nil {
			return nil, fmt.Errorf("load deployed schema: %w", err)
		}
	}
	if p.current != nil {
		if p.lacking, err = lacksTables(ctx, db); err != nil {
			return nil, fmt.Errorf("look for system tables: %w", err)
		}
	}
	p.diff = schema.Diff(p.old, next, time.Now())
	return p, nil
}

// lacksTables reports whether a store was last deployed to by an older Flora.
func lacksTables(ctx context.Context, db store.Store) (bool, error) {
	notes, err := db.Notes(ctx, math.MaxInt64)
	if err != nil || notes.Missing {
		return err == nil, err
	}
	_, err = db.Read(ctx, &store.Query{Roots: []store.Select{{From: store.AuditObject, Var: rules.Old, Where: rules.False, Total: true}}})
	if errors.Is(err, store.ErrNoTable) {
		return true, nil
	}
	return false, err
}

// refused are the changes for which the plan cannot be carried out.
func (p *planned) refused() []schema.Change {
	return append(p.diff.Refused(), p.diff.Needs(p.allow)...)
}

// unchanged reports whether the very text is deployed already.
func (p *planned) unchanged() bool {
	return p.current != nil && !p.reset && !p.current.Unfinished && !p.lacking && p.current.SDL == p.next.SDL && len(p.diff.Steps) == 0
}

// apply deploys.
func (p *planned) apply(ctx context.Context, db store.Store) (*store.Deployment, error) {
	if p.unchanged() {
		return p.current, nil
	}
	m := &store.Migration{From: p.version(), Reset: p.reset, SDL: p.next.SDL, Names: p.diff.Names, Steps: p.diff.Steps, Audit: p.entry(p.version() + 1)}
	d, err := db.Deploy(ctx, m)
	if errors.Is(err, store.ErrStale) {
		return nil, errOvertaken
	}
	return d, err
}

var errOvertaken = errors.New("another deployment came between: look at the plan again")

// entry is what the audit tells of the deployment of a version.
func (p *planned) entry(version int64) *store.Entry {
	detail := struct {
		Version int64    `json:"version"`
		Allow   []string `json:"allow,omitempty"`
		Reset   bool     `json:"reset,omitempty"`
	}{version, p.allow, p.reset}
	if p.by == nil {
		return commandLine("deploySchema", detail)
	}
	return store.NewEntry(p.by.Issuer, p.by.Subject, "deploySchema", detail)
}

// carryOut deploys what may be deployed, and tells it. With dryRun it only tells.
func (p *planned) carryOut(ctx context.Context, db store.Store, dryRun bool) (*graph.SchemaDeployment, error) {
	var text strings.Builder
	p.print(&text)
	out := &graph.SchemaDeployment{Version: int(p.version()), Text: text.String(), Refused: []string{}, Warnings: []string{}}
	for _, c := range p.refused() {
		out.Refused = append(out.Refused, p.refusal(c))
	}
	if len(out.Refused) == 0 && !dryRun && !p.unchanged() {
		d, err := p.apply(ctx, db)
		if err != nil {
			return nil, err
		}
		out.Version, out.Deployed = int(d.Version), true
	}
	var err error
	out.JSON, err = indented(struct {
		Version  int             `json:"version"`  // deployed now
		Deployed bool            `json:"deployed"` // by this
		Refused  []string        `json:"refused"`
		Data     []schema.Change `json:"data"`
	}{out.Version, out.Deployed, out.Refused, append([]schema.Change{}, p.diff.Changes...)})
	return out, err
}

// version is the one that is deployed, 0 for none.
func (p *planned) version() int64 {
	if p.current == nil {
		return 0
	}
	return p.current.Version
}

// print lists what happens to data.
func (p *planned) print(w io.Writer) {
	if len(p.diff.Changes) == 0 {
		fmt.Fprintln(w, "  no change of tables: rules or descriptions only")
	}
	for _, c := range p.diff.Changes {
		line := c.Text
		switch {
		case c.Refused:
			line = "REFUSED " + c.String()
		case c.Allow != "" && !slices.Contains(p.allow, c.Allow):
			line = c.String() + "; needs --allow " + c.Allow
		case c.Slow && p.old != nil:
			line += " (takes long on Spanner where there are many)"
		}
		fmt.Fprintf(w, "  %s\n", line)
	}
}

// printRefused tells why nothing is deployed.
func (p *planned) printRefused(w io.Writer) {
	for _, c := range p.refused() {
		fmt.Fprintln(w, p.refusal(c))
	}
}

func (p *planned) refusal(c schema.Change) string {
	if c.Allow != "" {
		return c.String() + "; needs --allow " + c.Allow
	}
	return c.String()
}

// review is a plan with what it does to clients and to rules. Its JSON form is
// what flora plan --json prints.
type review struct {
	Version    int64                   `json:"version"` // deployed now, 0 for none
	Deployable bool                    `json:"deployable"`
	Needs      []string                `json:"needs"` // what --allow must still name
	Data       []schema.Change         `json:"data"`
	Clients    []deploy.Break          `json:"clients"`
	Operations []deploy.OperationBreak `json:"operations,omitempty"`
	Rules      []deploy.Shift          `json:"rules"`
	Stored     *deploy.StoredReport    `json:"stored,omitempty"`

	plan *planned
	dir  string
}

// review looks at clients and rules.
func (p *planned) review(ctx context.Context, db store.Store, l look) (r *review, err error) {
	r = &review{plan: p, dir: l.dir, Version: p.version(), Needs: []string{}, Data: p.diff.Changes, Deployable: len(p.refused()) == 0}
	for _, c := range p.diff.Needs(p.allow) {
		if !slices.Contains(r.Needs, c.Allow) {
			r.Needs = append(r.Needs, c.Allow)
		}
	}
	if p.old == nil {
		r.Rules = deploy.Rules(ctx, nil, p.next, deploy.RuleOptions{})
		return r, nil
	}
	r.Clients = deploy.Clients(p.old, p.next)
	if l.files != nil {
		r.Operations = deploy.Operations(l.files, p.old, p.next)
	}
	r.Rules = deploy.Rules(ctx, p.old, p.next, deploy.RuleOptions{})
	if l.stored {
		r.Stored, err = p.stored(ctx, db, l.roles)
	}
	return r, err
}

// look is what a plan is asked to look at besides the two schemas.
type look struct {
	dir    string // of files, "" for none
	files  []deploy.File
	stored bool     // also at the documents of the store, which needs the right to read them
	roles  []string // of the callers who are asked about there
}

func (r *review) print(w io.Writer) {
	fmt.Fprintln(w, "data")
	r.plan.print(w)
	if r.plan.old != nil {
		fmt.Fprintln(w)
		deploy.PrintClients(w, r.Clients, r.Operations, r.dir, false)
	}
	fmt.Fprintln(w)
	if text := deploy.RulesText(r.Rules); text != "" {
		fmt.Fprint(w, "rules: ", strings.TrimPrefix(text, "rules: "))
	} else {
		fmt.Fprintln(w, "rules: nobody may more or less than before")
	}
	if r.Stored != nil {
		fmt.Fprintln(w)
		printStored(w, r.Stored)
	}
}

// answer is how the control API and flora plan tell it.
func (r *review) answer() (*graph.SchemaPlan, error) {
	var text strings.Builder
	r.print(&text)
	program, err := indented(r)
	return &graph.SchemaPlan{Version: int(r.Version), Deployable: r.Deployable, Needs: r.Needs, Breaking: r.breaks(), Looser: r.loosens(),
		Text: text.String(), JSON: program}, err
}

func indented(v any) (string, error) {
	var text strings.Builder
	e := json.NewEncoder(&text)
	e.SetIndent("", "  ")
	err := e.Encode(v)
	return text.String(), err
}

// breaks reports whether clients break.
func (r *review) breaks() bool {
	return slices.ContainsFunc(r.Clients, func(b deploy.Break) bool { return b.Severity == deploy.Breaking })
}

// loosens reports whether somebody may more than before.
func (r *review) loosens() bool {
	return slices.ContainsFunc(r.Rules, func(s deploy.Shift) bool { return s.Change.Loosens() && s.Change != deploy.Opens })
}
