package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"flora.dev/flora/schema"
	"flora.dev/flora/store"
	"flora.dev/flora/transfer"
)

// placeFlags say where documents are: in a store, or behind a server.
type placeFlags struct {
	Store   string `help:"Store with the documents. Default: that of flora dev in the data directory." placeholder:"STORE"`
	Server  string `help:"Server with the documents, in place of a store: where its control API is." placeholder:"URL"`
	Token   string `help:"Access token for the server, of a caller with the right flora:data." placeholder:"TOKEN"`
	DataDir string `help:"Data directory of the development server." default:".flora" placeholder:"DIR"`
}

// place is a set of documents that can be read and added to.
type place interface {
	transfer.Target
	tables() *transfer.Tables
	// pages runs f with what reads pages of lines.
	pages(ctx context.Context, f func(pageReader) error) error
	Close() error
}

// pageReader returns a page of lines and where the next begins, "" at the end.
type pageReader func(t *transfer.Table, after string) (lines []string, next string, err error)

// open opens the place that the flags name.
func (f *placeFlags) open(a *app) (place, error) {
	switch {
	case f.Server != "":
		return openServer(a.ctx, f.Server, f.Token)
	case f.Store == "":
		return openDocuments(a, "sqlite:"+filepath.Join(f.DataDir, "flora.db"))
	}
	return openDocuments(a, f.Store)
}

// documents are those of a store.
type documents struct {
	store.Store
	*transfer.Loader
	deployed *store.Deployment
	model    *schema.Schema
}

func openDocuments(a *app, name string) (*documents, error) {
	db, err := a.openStore(name, false)
	if err != nil {
		return nil, err
	}
	d, err := newDocuments(a.ctx, db)
	if errors.Is(err, store.ErrNoSchema) {
		err = fmt.Errorf("no schema is deployed in %s: run flora deploy FILE --store %s first", name, name)
	}
	if err != nil {
		db.Close()
		return nil, err
	}
	return d, nil
}

func newDocuments(ctx context.Context, db store.Store) (*documents, error) {
	deployed, err := db.Deployed(ctx, 0)
	if err != nil {
		return nil, fmt.Errorf("read deployed schema: %w", err)
	}
	model, err := deployed.Schema("schema.graphql")
	if err != nil {
		return nil, fmt.Errorf("load deployed schema, version %d: %s", deployed.Version, line(err))
	}
	loader := transfer.NewLoader(db, deployed.Version, transfer.NewTables(model), time.Now)
	loader.Audit = commandLine("importDocuments", nil)
	return &documents{db, loader, deployed, model}, nil
}

func (d *documents) tables() *transfer.Tables { return d.Tables }

// pages reads one snapshot.
func (d *documents) pages(ctx context.Context, f func(pageReader) error) error {
	return d.Snapshot(ctx, func(read func(*store.Query) (*store.Rows, error)) error { return f(d.reader(ctx, read)) })
}

func (d *documents) reader(ctx context.Context, read func(*store.Query) (*store.Rows, error)) pageReader {
	r := transfer.Reader{Read: read, Version: d.deployed.Version}
	return func(t *transfer.Table, after string) ([]string, string, error) {
		if err := ctx.Err(); err != nil {
			return nil, "", err
		}
		rows, next, err := r.Page(t, after)
		lines := make([]string, len(rows))
		for i, row := range rows {
			if lines[i], err = row.Line(); err != nil {
				return nil, "", err
			}
		}
		return lines, next, err
	}
}
