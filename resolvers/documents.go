package resolvers

import (
	"context"
	"errors"

	"flora.dev/flora/graph"
	"flora.dev/flora/store"
	"flora.dev/flora/transfer"
)

// What the control API does with documents as they are, whoever may read or
// write them.

// maxImport is the most lines of one request: so many are one commit or two.
const maxImport = 500

func (r *AdminResolver) tables() (*transfer.Tables, int64, error) {
	v := r.Version()
	if v == nil {
		return nil, 0, graph.Errorf(graph.Unavailable, "no schema is deployed")
	}
	return transfer.NewTables(v.Schema), v.Number, nil
}

func (r *AdminResolver) table(name string) (*transfer.Tables, *transfer.Table, int64, error) {
	tables, version, err := r.tables()
	if err != nil {
		return nil, nil, 0, err
	}
	t := tables.Named(name)
	if t == nil {
		return nil, nil, 0, graph.Errorf(graph.BadUserInput, "the schema has no collection of that name")
	}
	return tables, t, version, nil
}

// documentsError is what the client sees of an error of the store.
func documentsError(err error) error {
	switch {
	case errors.Is(err, store.ErrStale):
		return graph.Errorf(graph.Unavailable, "the schema changes right now, try again")
	case errors.Is(err, store.ErrNoTable):
		return graph.Errorf(graph.Unavailable, "the store lacks a table that this version of flora needs: run flora deploy once more")
	case errors.Is(err, store.ErrUnavailable):
		return graph.Errorf(graph.Unavailable, "the store cannot be reached, try again")
	}
	return err
}

func (r *AdminResolver) exportDocuments(ctx context.Context, collection, after string) (*graph.DocumentPage, error) {
	_, t, version, err := r.table(collection)
	if err != nil {
		return nil, err
	}
	reader := transfer.Reader{Version: version, Read: func(q *store.Query) (*store.Rows, error) { return r.Data.store.Read(ctx, q) }}
	rows, next, err := reader.Page(t, after)
	if errors.Is(err, transfer.ErrCursor) {
		return nil, graph.Errorf(graph.BadUserInput, "after: expected what a page ended with")
	}
	if err != nil {
		return nil, documentsError(err)
	}
	page := &graph.DocumentPage{Documents: make([]string, len(rows))}
	for i, row := range rows {
		if page.Documents[i], err = row.Line(); err != nil {
			return nil, err
		}
	}
	if next != "" {
		page.After = &next
	}
	return page, nil
}

func (r *AdminResolver) missingDocuments(ctx context.Context, collection string, ids []string) ([]string, error) {
	tables, t, version, err := r.table(collection)
	if err != nil {
		return nil, err
	}
	if t.Links || len(ids) > maxImport {
		return nil, graph.Errorf(graph.BadUserInput, "ask for at most %d ids of a collection", maxImport)
	}
	missing, err := r.loader(tables, version).Missing(ctx, t, ids)
	return missing, documentsError(err)
}

func (r *AdminResolver) loader(tables *transfer.Tables, version int64) *transfer.Loader {
	return transfer.NewLoader(r.Data.store, version, tables, r.Data.opts.Now)
}

// importError looks whether an import failed for want of the audit.
func (r *AdminResolver) importError(ctx context.Context, err error) error {
	if _, _, lacking := r.entries(ctx, 1, ""); errors.Is(lacking, store.ErrNoTable) {
		return documentsError(lacking)
	}
	return documentsError(err)
}

var importStatus = map[transfer.Status]graph.ImportStatus{
	transfer.Written: graph.ImportStatusWritten, transfer.Same: graph.ImportStatusSame,
	transfer.Waiting: graph.ImportStatusWaiting, transfer.Refused: graph.ImportStatusRefused,
}

func (r *AdminResolver) importDocuments(ctx context.Context, documents []string) ([]graph.ImportOutcome, error) {
	tables, version, err := r.tables()
	if err != nil {
		return nil, err
	}
	if len(documents) > maxImport {
		return nil, graph.Errorf(graph.BadUserInput, "send at most %d lines at a time", maxImport)
	}
	reading := transfer.Reading{Tables: tables}
	outcomes := make([]transfer.Outcome, len(documents))
	var rows []*transfer.Row
	var of []int
	for i, line := range documents {
		row, fault := reading.Parse([]byte(line), nil)
		if fault != nil {
			outcomes[i] = transfer.Outcome{Status: transfer.Refused, Field: fault.Field, Problem: fault.Problem}
			continue
		}
		rows, of = append(rows, row), append(of, i)
	}
	loader := r.loader(tables, version)
	loader.Audit = entry(ctx, "importDocuments", nil)
	loaded, err := loader.Load(ctx, rows)
	if err != nil {
		return nil, r.importError(ctx, err)
	}
	for k, o := range loaded {
		outcomes[of[k]] = o
	}
	out := make([]graph.ImportOutcome, len(outcomes))
	text := func(s string) *string {
		if s == "" {
			return nil
		}
		return &s
	}
	for i, o := range outcomes {
		out[i] = graph.ImportOutcome{Status: importStatus[o.Status], Field: text(o.Field), Problem: text(o.Problem)}
	}
	return out, nil
}
