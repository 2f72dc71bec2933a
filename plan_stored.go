package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"flora.dev/flora/deploy"
	"flora.dev/flora/rules"
	"flora.dev/flora/store"
	"flora.dev/flora/transfer"
)

// storedDocuments are the documents of a store, for the rules of a plan to be
// asked about.
type storedDocuments struct {
	*transfer.Tables
	transfer.Reader
}

// Each reads a collection in the order of its ids.
func (d *storedDocuments) Each(ctx context.Context, o *rules.Object, yield func(deploy.Row) bool) error {
	t := d.Named(o.Table)
	for after, more := "", true; more; more = after != "" {
		if err := ctx.Err(); err != nil {
			return err
		}
		var page []*transfer.Row
		var err error
		if page, after, err = d.Page(t, after); err != nil {
			return err
		}
		for _, r := range page {
			if !yield(rowOf(r)) {
				return nil
			}
		}
	}
	return nil
}

// Find reads the documents whose field has a value.
func (d *storedDocuments) Find(ctx context.Context, o *rules.Object, f *rules.Field, v any) (list []deploy.Row, err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	found, err := d.Reader.Find(d.Named(o.Table), f, v)
	for _, r := range found {
		list = append(list, rowOf(r))
	}
	return list, err
}

func rowOf(r *transfer.Row) deploy.Row {
	row := deploy.Row{}
	if !r.Table.Links {
		row["_id"], row["_ts"] = r.ID, r.TS
	}
	for i, f := range r.Table.Fields {
		row[f.Name] = r.Values[i].V
	}
	return row
}

// stored asks about the documents that are there: as each document with an
// @identity stands for a caller, with the roles, and as one without a token.
func (p *planned) stored(ctx context.Context, db store.Store, roles []string) (report *deploy.StoredReport, err error) {
	if p.old == nil {
		return &deploy.StoredReport{}, nil
	}
	err = db.Snapshot(ctx, func(read func(*store.Query) (*store.Rows, error)) error {
		docs := &storedDocuments{transfer.NewTables(p.old), transfer.Reader{Read: read, Version: p.version()}}
		report, err = deploy.Stored(ctx, p.old, p.next, p.diff, docs,
			deploy.StoredOptions{Callers: []deploy.Caller{{}}, Identity: true, Roles: roles, Now: time.Now()})
		return err
	})
	if errors.Is(err, store.ErrStale) {
		return nil, errOvertaken
	}
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
