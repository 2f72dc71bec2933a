package spanner

import (
	"context"
	"errors"
	"fmt"

	cloud "cloud.google.com/go/spanner"
	"google.golang.org/grpc/codes"

	"flora.dev/flora/rules"
	"flora.dev/flora/store"
	"flora.dev/flora/store/internal/serial"
	"flora.dev/flora/store/internal/sqlgen"
)

// errWhich says that one of several blind creates was refused and only running
// them as statements tells which. Nothing was written.
var errWhich = errors.New("one of several was refused")

// insert commits creates that ask nothing: one RPC, without a transaction
// before it. The client library may send the Commit again when it got no
// answer, which is safe because the ids are fresh.
func (db *DB) insert(ctx context.Context, m *store.Mutation) (*store.Outcome, error) {
	var mutations []*cloud.Mutation
	parts := serial.Parts(m)
	for _, p := range parts {
		mu, err := insertMutation(p.Head, m.Now)
		if err != nil {
			return nil, err
		}
		mutations = append(mutations, mu)
	}
	if err := db.lock(ctx); err != nil {
		return nil, unavailable(err)
	}
	sent := 0
	committed, err := db.client.Apply(context.WithValue(ctx, commitCount{}, &sent), mutations,
		cloud.ApplyAtLeastOnce(), cloud.TransactionTag(store.MeterOf(ctx).Tag))
	db.unlock()
	if err != nil {
		code := cloud.ErrCode(err)
		switch {
		case code == codes.AlreadyExists && sent > 1:
			// Perhaps by the attempt whose answer was lost.
			ts, found := db.client.Single(), false
			if found, err = db.present(ctx, ts, parts[0].Head, m.Now); err != nil {
				return nil, err
			}
			switch {
			case found:
			case len(parts) > 1:
				return nil, errWhich
			default:
				return nil, &store.WriteError{Why: store.Conflict}
			}
			if committed, err = ts.Timestamp(); err != nil {
				return nil, readError(err)
			}
		case len(parts) > 1 && !isUnavailable(err):
			return nil, errWhich
		default:
			return nil, writeError(0, parts[0].Head, err)
		}
	}
	run := serial.New(m, sqlgen.Spanner, nil)
	known := echoes(parts)
	for i := range m.Heads {
		run.Results[i].Hit = true
		if h := &m.Heads[i]; known[h] {
			run.Results[i].Answer, run.Answered[i] = echo(h, m.Now)
		}
	}
	if err := db.answer(ctx, run, committed); err != nil {
		return nil, unanswered(err, committed.UnixMicro())
	}
	return &store.Outcome{Results: run.Results, CommitTime: committed.UnixMicro()}, nil
}

// insertMutation is a create as the Commit request takes it.
func insertMutation(h *store.Head, now int64) (*cloud.Mutation, error) {
	columns := []string{h.Table.Key.Column, h.Table.TS.Column}
	values := []any{h.ID, h.Stamp(now)}
	for _, a := range h.Set {
		v, err := param(a.Value.(rules.Val).Value)
		if err != nil {
			return nil, fmt.Errorf("create %s: %w", a.Field.Path(), err)
		}
		columns, values = append(columns, a.Field.Column), append(values, v)
	}
	return cloud.Insert(h.Table.Table, columns, values), nil
}

// present reports whether the document of a create is stored as it made it.
func (db *DB) present(ctx context.Context, on *cloud.ReadOnlyTransaction, h *store.Head, now int64) (bool, error) {
	row, err := on.ReadRowWithOptions(ctx, h.Table.Table, cloud.Key{h.ID}, []string{h.Table.TS.Column}, &cloud.ReadOptions{RequestTag: store.MeterOf(ctx).Tag})
	if cloud.ErrCode(err) == codes.NotFound {
		return false, nil
	}
	if err != nil {
		return false, readError(err)
	}
	var ts int64
	if err := row.Column(0, &ts); err != nil {
		return false, fmt.Errorf("read own create: %w", err)
	}
	return ts == h.Stamp(now), nil
}
