package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"flora.dev/flora/deploy"
	"flora.dev/flora/rules"
	"flora.dev/flora/store"
)

// storedAtOnce is how many documents are read at a time.
const storedAtOnce = 500

// storedDocuments are the documents of a store, for the rules of a plan to be
// asked about.
type storedDocuments struct {
	read func(*store.Query) (*store.Rows, error)
}

// Each reads a collection in the order of its ids. Rows of a link table have no
// id of their own: they are found, never all read.
func (d storedDocuments) Each(ctx context.Context, o *rules.Object, yield func(deploy.Row) bool) error {
	for after := ""; ; {
		key := rules.Col{Var: 1, Field: o.Key}
		page, err := d.page(o, rules.Cmp{Op: rules.Gt, L: key, R: rules.Val{Value: rules.Value{Kind: rules.Ref, V: after}}}, storedAtOnce)
		if err != nil {
			return err
		}
		for _, r := range page {
			if !yield(r) {
				return nil
			}
			after, _ = r[o.Key.Name].(string)
		}
		if len(page) < storedAtOnce || ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

// Find reads the documents whose field has a value.
func (d storedDocuments) Find(ctx context.Context, o *rules.Object, f *rules.Field, v any) ([]deploy.Row, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return d.page(o, rules.Cmp{Op: rules.Eq, L: rules.Col{Var: 1, Field: f}, R: rules.Val{Value: rules.Value{Kind: f.Kind, V: v}}}, 10_000)
}

func (d storedDocuments) page(o *rules.Object, where rules.Pred, limit int) ([]deploy.Row, error) {
	var fields []*rules.Field
	if o.Key != nil {
		fields = append(fields, o.Key, o.TS)
	}
	for _, f := range o.Fields {
		if f.Column != "" {
			fields = append(fields, f)
		}
	}
	s := store.Select{From: o, Var: 1, Where: where, After: rules.True, List: true, Limit: limit}
	if o.Key != nil {
		s.Order = []store.Order{{Field: o.Key}}
	}
	for _, f := range fields {
		s.Columns = append(s.Columns, store.Column{Value: rules.Col{Var: 1, Field: f}})
	}
	rows, err := d.read(&store.Query{Roots: []store.Select{s}})
	if err != nil {
		return nil, err
	}
	decoder := json.NewDecoder(strings.NewReader(rows.Roots[0]))
	decoder.UseNumber()
	var pages [][][]any
	if err := decoder.Decode(&pages); err != nil || len(pages) != 1 {
		return nil, fmt.Errorf("read documents of %s: %d lists: %w", o.Name, len(pages), err)
	}
	var out []deploy.Row
	for _, node := range pages[0] {
		r := deploy.Row{}
		for i, f := range fields {
			v, err := store.Decode(f, node[i])
			if err != nil {
				return nil, fmt.Errorf("read documents of %s: %w", o.Name, err)
			}
			r[f.Name] = v.V
		}
		out = append(out, r)
	}
	return out, nil
}

// stored asks about the documents that are there: as each document with an
// @identity stands for a caller, with the roles, and as one without a token.
func (p *planned) stored(ctx context.Context, db store.Store, roles []string) (report *deploy.StoredReport, err error) {
	if p.old == nil {
		return &deploy.StoredReport{}, nil
	}
	err = db.Snapshot(ctx, func(read func(*store.Query) (*store.Rows, error)) error {
		report, err = deploy.Stored(ctx, p.old, p.next, storedDocuments{read},
			deploy.StoredOptions{Callers: []deploy.Caller{{}}, Identity: true, Roles: roles, Now: time.Now()})
		return err
	})
	return report, err
}

// printStored lists what was found, without values.
func printStored(w io.Writer, r *deploy.StoredReport) {
	fmt.Fprintf(w, "stored documents: %s, %d answers compared", plural(len(r.Shifts), "change"), r.Asked)
	if r.Limited {
		fmt.Fprint(w, ", there are more")
	}
	fmt.Fprintln(w)
	const most = 50
	for i, s := range r.Shifts {
		if i == most {
			fmt.Fprintf(w, "  and %d more\n", len(r.Shifts)-most)
			return
		}
		name := s.Collection + "/" + s.ID
		if s.Field != "" {
			name += "." + s.Field
		}
		who := "anyone without a token"
		if s.Caller.Subject != "" {
			who = s.Caller.Subject
		}
		by := ""
		for _, c := range s.By {
			by += "  by " + c.Position + " " + c.Text
		}
		fmt.Fprintf(w, "  %-13s %s %s  %s%s\n", s.Change, s.Action, name, who, by)
	}
}
