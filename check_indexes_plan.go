package main

import (
	"context"
	"log/slog"
	"slices"
	"time"

	"flora.dev/flora/auth"
	"flora.dev/flora/deploy"
	"flora.dev/flora/graph"
	"flora.dev/flora/resolvers"
	"flora.dev/flora/rules"
	"flora.dev/flora/schema"
	"flora.dev/flora/store"
)

// declare gives a collection the index as if it had the directive.
func (a *indexAdvice) declare(c *schema.Collection) {
	x := rules.Index{}
	for _, p := range a.parts {
		x.Parts = append(x.Parts, rules.IndexPart{Field: c.FieldNamed(p.Field.Name).Indexed(), Desc: p.Desc})
	}
	for i, own := range c.Indexes {
		if at := len(c.Uniques) + i; own.Pos.Line == 0 && own.Fields[0].Field == x.Parts[0].Field && len(x.Parts) > 1 {
			c.Indexes = slices.Delete(c.Indexes, i, i+1)
			c.Object.Indexes = slices.Delete(c.Object.Indexes, at, at+1)
			break
		}
	}
	c.Object.Indexes = append(c.Object.Indexes, x)
}

// indexStatement is a question as it is read for a kind of caller. What the
// rules refuse, or decide without reading, is none.
type indexStatement struct {
	indexQuestion
	role   string // "" for those without a role
	as     *typical
	schema *schema.Schema
	query  *store.Query
}

// indexStatements plans the questions of a schema with what is advised, as each
// kind of caller: without a token, signed in, with each role.
func indexStatements(s *schema.Schema, files []deploy.File, advised []*indexAdvice) (list []indexStatement, err error) {
	someone := &auth.Identity{ID: "someone", Subject: "someone"}
	for i, role := range append([]string{"", ""}, s.RoleNames...) {
		t, by := newTypical(), someone
		if i == 0 {
			t.caller, by = rules.Anonymous(time.Unix(0, 0)), nil
		} else if role != "" {
			t.caller.Grant(role)
		}
		// The rules of a schema of its own become what they are for this caller.
		own, err := schema.Load(s.File, []byte(s.SDL))
		if err != nil {
			return nil, err
		}
		for _, c := range own.Collections {
			c.Access.Read.Pred = t.pred(c.Access.Read.Pred)
			for _, f := range c.Fields {
				if f.Read.Pred != nil {
					f.Read.Pred = t.pred(f.Read.Pred)
				}
			}
			for _, a := range advised {
				if a.of.Name == c.Name {
					a.declare(c)
				}
			}
		}
		seen := &noStore{}
		r, err := resolvers.New(seen, make([]byte, 32), resolvers.Options{Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			return nil, err
		}
		e := graph.NewExecutor(graph.Options{Resolver: r, Logger: slog.New(slog.DiscardHandler)})
		e.Publish(&graph.Version{Number: 1, Schema: own})
		ask := func(q indexQuestion) bool {
			seen.query = nil
			e.Do(auth.With(context.Background(), by), graph.Request{Query: q.text})
			if seen.query != nil {
				list = append(list, indexStatement{q, role, t, own, seen.query})
			}
			return seen.query != nil
		}
		for _, q := range indexQuestions(own, files == nil) {
			ask(q)
		}
		for _, q := range deploy.Queries(files) {
			_ = ask(clientQuestion(own, q, true)) || ask(clientQuestion(own, q, false))
		}
	}
	return list, nil
}

// noStore keeps the query that is asked of it.
type noStore struct {
	store.Store
	query *store.Query
}

func (n *noStore) Read(_ context.Context, q *store.Query) (*store.Rows, error) {
	n.query = q
	return nil, store.ErrUnavailable
}
