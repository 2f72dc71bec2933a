package resolvers

import (
	"context"
	"fmt"

	"flora.dev/flora/graph"
	"flora.dev/flora/schema"
	"flora.dev/flora/store"
	"flora.dev/flora/transfer"
	"github.com/99designs/gqlgen/graphql"
)

// collections tells what there is of each collection, and of how many documents
// if that is asked for.
func (r *AdminResolver) collections(ctx context.Context) ([]graph.CollectionStats, error) {
	v := r.Version()
	if v == nil {
		return nil, graph.Errorf(graph.Unavailable, "no schema is deployed")
	}
	counts := map[string]int{}
	for _, f := range graphql.CollectAllFields(ctx) {
		if f != "documents" {
			continue
		}
		if err := r.CanUseData(ctx); err != nil {
			return nil, err
		}
		var err error
		if counts, err = r.count(ctx, v); err != nil {
			return nil, documentsError(err)
		}
	}
	out := make([]graph.CollectionStats, len(v.Schema.Collections))
	for i, c := range v.Schema.Collections {
		out[i] = graph.CollectionStats{Name: c.Name, Indexes: indexesOf(c)}
		if n, ok := counts[c.Name]; ok {
			out[i].Documents = &n
		}
	}
	return out, nil
}

// count counts the documents of all collections in one snapshot.
func (r *AdminResolver) count(ctx context.Context, v *graph.Version) (map[string]int, error) {
	out := map[string]int{}
	err := r.Data.store.Snapshot(ctx, func(read func(*store.Query) (*store.Rows, error)) error {
		counts, err := transfer.Count(func(q *store.Query) (*store.Rows, error) {
			rows, err := read(q)
			if err == nil && rows.Version != v.Number {
				err = store.ErrStale
			}
			return rows, err
		}, transfer.NewTables(v.Schema).List)
		for t, n := range counts {
			if !t.Links {
				out[t.Name] = int(n)
			}
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("count documents: %w", err)
	}
	return out, nil
}

func indexesOf(c *schema.Collection) []graph.IndexInfo {
	list := []graph.IndexInfo{}
	add := func(name string, unique bool, names []string) {
		list = append(list, graph.IndexInfo{Name: name, Fields: names, Unique: unique})
	}
	for _, u := range c.Uniques {
		names := make([]string, len(u.Fields))
		for i, f := range u.Fields {
			names[i] = f.Name
		}
		add(u.Name, true, names)
	}
	for _, i := range c.Indexes {
		add(i.Name, false, i.Parts())
	}
	return list
}
