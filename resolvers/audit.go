package resolvers

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"flora.dev/flora/graph"
	"flora.dev/flora/rules"
	"flora.dev/flora/store"
)

// What the control API tells of the past: the audit, and the versions of the
// schema. Both are system tables.

const (
	auditPage, maxAuditPage = 50, 200
	maxVersions             = 20
)

// most is how many are asked for, of at most so many.
func most(first *int, otherwise, most int) (int, error) {
	switch {
	case first == nil:
		return otherwise, nil
	case *first < 1 || *first > most:
		return 0, graph.Errorf(graph.BadUserInput, "first: must be from 1 to %d", most)
	}
	return *first, nil
}

// past reads fields of a system table. order is where it is newest.
func (r *AdminResolver) past(ctx context.Context, of *rules.Object, where rules.Pred, order *rules.Field, limit int, fields ...*rules.Field) ([][]json.RawMessage, error) {
	s := store.Select{From: of, Var: rules.Old, Where: where, List: true, Limit: limit, Order: []store.Order{{Field: order, Desc: true}}}
	if order != of.Key {
		s.Order = append(s.Order, store.Order{Field: of.Key, Desc: true})
	}
	for _, f := range fields {
		s.Columns = append(s.Columns, store.Column{Value: rules.Col{Var: s.Var, Field: f}})
	}
	rows, err := r.Data.store.Read(ctx, &store.Query{Roots: []store.Select{s}})
	if err != nil {
		return nil, err
	}
	var page [][][]json.RawMessage
	if err := json.Unmarshal([]byte(rows.Roots[0]), &page); err != nil || len(page) != 1 {
		return nil, fmt.Errorf("read %s: %d lists: %w", of.Table, len(page), err)
	}
	return page[0], nil
}

// into decodes the values of a node.
func into(node []json.RawMessage, values ...any) error {
	if len(node) != len(values) {
		return fmt.Errorf("%d values, want %d", len(node), len(values))
	}
	for i, v := range values {
		if err := json.Unmarshal(node[i], v); err != nil {
			return err
		}
	}
	return nil
}

func before(f *rules.Field, v any) rules.Pred {
	return rules.Cmp{Op: rules.Lt, L: rules.Col{Var: rules.Old, Field: f}, R: rules.Val{Value: rules.Value{Kind: f.Kind, V: v}}}
}

func moment(microseconds int64) string {
	return time.UnixMicro(microseconds).UTC().Format(time.RFC3339Nano)
}

func (r *AdminResolver) audit(ctx context.Context, first *int, after *string) (*graph.AuditPage, error) {
	limit, err := most(first, auditPage, maxAuditPage)
	if err != nil {
		return nil, err
	}
	cursor := ""
	if after != nil {
		cursor = *after
	}
	page := &graph.AuditPage{Entries: []graph.AuditEntry{}}
	list, next, err := r.entries(ctx, limit, cursor)
	if err != nil {
		return nil, documentsError(err)
	}
	page.Entries = append(page.Entries, list...)
	if next != "" {
		page.After = &next
	}
	return page, nil
}

// entries reads a page of the audit.
func (r *AdminResolver) entries(ctx context.Context, limit int, after string) (list []graph.AuditEntry, next string, err error) {
	o := store.AuditObject
	where := rules.Pred(rules.True)
	if after != "" {
		at, id, err := readAuditCursor(after)
		if err != nil {
			return nil, "", graph.Errorf(graph.BadUserInput, "after: expected what a page ended with")
		}
		same := rules.Cmp{Op: rules.Eq, L: rules.Col{Var: rules.Old, Field: o.TS}, R: rules.Val{Value: rules.Value{Kind: o.TS.Kind, V: at}}}
		where = rules.Or{before(o.TS, at), rules.And{same, before(o.Key, id)}}
	}
	nodes, err := r.past(ctx, o, where, o.TS, limit+1, append([]*rules.Field{o.Key, o.TS}, o.Fields...)...)
	if err != nil {
		return nil, "", err
	}
	var at int64
	for i, node := range nodes {
		if i == limit {
			return list, auditCursor(at, list[i-1].ID), nil
		}
		var e graph.AuditEntry
		var issuer string
		if err := into(node, &e.ID, &at, &issuer, &e.Subject, &e.Action, &e.Detail); err != nil {
			return nil, "", fmt.Errorf("read audit: %w", err)
		}
		e.At = moment(at)
		if issuer != "" {
			e.Issuer = &issuer
		}
		list = append(list, e)
	}
	return list, "", nil
}

// A cursor of the audit is opaque, not secret: whoever has one may read all.
func auditCursor(at int64, id string) string {
	return base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "%d %s", at, id))
}

func readAuditCursor(text string) (at int64, id string, err error) {
	plain, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return 0, "", err
	}
	first, id, found := strings.Cut(string(plain), " ")
	if !found {
		return 0, "", strconv.ErrSyntax
	}
	at, err = strconv.ParseInt(first, 10, 64)
	return at, id, err
}

func (r *AdminResolver) schemaVersions(ctx context.Context, first, after *int) ([]graph.SchemaVersion, error) {
	limit, err := most(first, maxVersions, maxVersions)
	if err != nil {
		return nil, err
	}
	o := store.SchemaObject
	where := rules.Pred(rules.True)
	if after != nil {
		where = before(o.Key, int64(*after))
	}
	nodes, err := r.past(ctx, o, where, o.Key, limit, o.Key, o.TS, o.Field("sdl"))
	if err != nil {
		return nil, documentsError(err)
	}
	list := make([]graph.SchemaVersion, len(nodes))
	for i, node := range nodes {
		var created int64
		if err := into(node, &list[i].Version, &created, &list[i].Sdl); err != nil {
			return nil, fmt.Errorf("read schema versions: %w", err)
		}
		list[i].Created = moment(created)
	}
	return list, nil
}
