package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"slices"
	"strings"
	"time"

	"flora.dev/flora/deploy"
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
	lacking bool // the store lacks a system table, which any deployment makes
}

// plan compares a schema with what is deployed, or with nothing for a reset.
func plan(ctx context.Context, db store.Store, next *schema.Schema, reset bool, allow ...string) (*planned, error) {
	p := &planned{next: next, reset: reset, allow: allow}
	current, err := db.Deployed(ctx)
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
		notes, err := db.Notes(ctx, math.MaxInt64)
		if err != nil {
			return nil, fmt.Errorf("look for system tables: %w", err)
		}
		p.lacking = notes.Missing
	}
	p.diff = schema.Diff(p.old, next, time.Now())
	return p, nil
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
	m := &store.Migration{Reset: p.reset, SDL: p.next.SDL, Names: p.diff.Names, Steps: p.diff.Steps}
	if p.current != nil {
		m.From = p.current.Version
	}
	d, err := db.Deploy(ctx, m)
	if errors.Is(err, store.ErrStale) {
		return nil, errors.New("another deployment came between: look at the plan again")
	}
	return d, err
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
		line := c.String()
		if c.Allow != "" {
			line += "; needs --allow " + c.Allow
		}
		fmt.Fprintln(w, line)
	}
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

	plan *planned
	dir  string
}

// review looks at clients and rules. operations may be nil.
func (p *planned) review(ctx context.Context, dir string, operations fs.FS) (*review, error) {
	r := &review{plan: p, dir: dir, Needs: []string{}, Data: p.diff.Changes, Deployable: len(p.refused()) == 0}
	if p.current != nil {
		r.Version = p.current.Version
	}
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
	if operations != nil {
		var err error
		if r.Operations, err = deploy.Operations(operations, p.old, p.next); err != nil {
			return nil, err
		}
	}
	r.Rules = deploy.Rules(ctx, p.old, p.next, deploy.RuleOptions{})
	return r, nil
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
}

func (r *review) json(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(r)
}

// breaks reports whether clients break.
func (r *review) breaks() bool {
	return slices.ContainsFunc(r.Clients, func(b deploy.Break) bool { return b.Severity == deploy.Breaking })
}

// loosens reports whether somebody may more than before.
func (r *review) loosens() bool {
	return slices.ContainsFunc(r.Rules, func(s deploy.Shift) bool { return s.Change.Loosens() && s.Change != deploy.Opens })
}
