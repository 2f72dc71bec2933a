package spanner

import (
	"context"
	"fmt"
	"time"

	cloud "cloud.google.com/go/spanner"
	"google.golang.org/grpc/codes"

	"flora.dev/flora/store"
	"flora.dev/flora/store/internal/serial"
)

// maxEnded is how many notes that ended go with one change: a Commit has limits.
const maxEnded = 500

const (
	notesSQL = "SELECT MAX(version) AS version, CAST(NULL AS STRING) AS name, CAST(NULL AS INT64) AS revision, CAST(NULL AS STRING) AS value, CAST(NULL AS INT64) AS until FROM flora_schema" +
		" UNION ALL SELECT NULL, name, revision, value, until FROM flora_note WHERE revision > @since ORDER BY revision"
	// What a change needs to know: the newest revision, the notes of the same
	// names, and those that ended.
	changeSQL = "SELECT 0 AS what, CAST(NULL AS STRING) AS name, MAX(revision) AS revision, CAST(NULL AS STRING) AS value, CAST(NULL AS INT64) AS until FROM flora_note" +
		" UNION ALL SELECT 1, name, revision, value, until FROM flora_note WHERE name IN UNNEST(@names)" +
		" UNION ALL SELECT 2, name, revision, NULL, until FROM (SELECT name, revision, until FROM flora_note WHERE until < @ended AND name NOT IN UNNEST(@names) LIMIT @most)"
)

// Notes reads what changed after a revision.
func (db *DB) Notes(ctx context.Context, since int64) (*store.Notes, error) {
	ctx, end, err := db.begin(ctx, db.opts.Timeout)
	if err != nil {
		return nil, err
	}
	defer end()
	started := db.opts.Now()
	out := &store.Notes{Revision: since}
	st := cloud.Statement{SQL: notesSQL, Params: map[string]any{"since": since}}
	err = db.client.Single().Query(ctx, st).Do(func(r *cloud.Row) error {
		var version, revision, until cloud.NullInt64
		var name, value cloud.NullString
		if err := r.Columns(&version, &name, &revision, &value, &until); err != nil {
			return err
		}
		if !revision.Valid {
			out.Version = version.Int64
			return nil
		}
		out.Revision = revision.Int64
		if name.StringVal == deploying {
			announced := time.Time{}
			if value.Valid {
				announced = time.UnixMicro(until.Int64)
			}
			db.seen.announce(announced)
		}
		out.Changed = append(out.Changed, store.Note{Name: name.StringVal, Value: value.StringVal, Until: until.Int64, Revision: revision.Int64})
		return nil
	})
	switch {
	case err == nil && out.Version == 0:
		return nil, store.ErrNoSchema
	case err == nil:
		db.seen.note(out.Version, started)
		return out, nil
	case isUnavailable(err):
		return nil, unavailable(err)
	}
	return db.withoutNotes(ctx, since, err)
}

// withoutNotes answers for a database that has no table of notes, if that is
// why reading them failed.
func (db *DB) withoutNotes(ctx context.Context, since int64, failed error) (*store.Notes, error) {
	missing, err := db.lacks(ctx, "flora_note", failed)
	switch {
	case err != nil:
		return nil, readError(err)
	case !missing:
		return nil, fmt.Errorf("read notes: %w", failed)
	}
	d, err := db.deployed(ctx, 0)
	if err != nil {
		return nil, err
	}
	return &store.Notes{Version: d.Version, Revision: since, Missing: true}, nil
}

// lacks reports whether a statement failed because there is no such table: one
// on tables that do not exist does not parse.
func (db *DB) lacks(ctx context.Context, table string, failed error) (bool, error) {
	if code := cloud.ErrCode(failed); code != codes.InvalidArgument && code != codes.NotFound {
		return false, nil
	}
	tables, err := db.catalog(ctx, "SELECT t.table_name FROM information_schema.tables AS t WHERE t.table_schema = '' AND t.table_name = '"+table+"'")
	return err == nil && len(tables) == 0, err
}

// Note writes notes.
func (db *DB) Note(ctx context.Context, entry *store.Entry, notes ...store.Note) (revision int64, err error) {
	ctx, end, err := db.begin(ctx, db.opts.Timeout)
	if err != nil {
		return 0, err
	}
	defer end()
	if err := db.lock(ctx); err != nil {
		return 0, unavailable(err)
	}
	_, err = db.client.ReadWriteTransaction(ctx, func(ctx context.Context, tx *cloud.ReadWriteTransaction) (err error) {
		revision, err = note(ctx, tx, entry, notes, db.opts.Now().UnixMicro())
		return err
	})
	db.unlock()
	switch {
	case err == nil:
		return revision, nil
	case isUnavailable(err):
		return 0, unavailable(err)
	}
	for _, table := range []string{"flora_note", store.AuditObject.Table} {
		missing, lerr := db.lacks(ctx, table, err)
		switch {
		case lerr != nil:
			return 0, readError(lerr)
		case missing:
			return 0, store.ErrNoTable
		}
	}
	return 0, fmt.Errorf("write notes: %w", err)
}

// note writes notes in a transaction.
func note(ctx context.Context, tx *cloud.ReadWriteTransaction, entry *store.Entry, notes []store.Note, now int64) (int64, error) {
	names := make([]string, len(notes))
	for i, n := range notes {
		names[i] = n.Name
	}
	var last int64
	var ended []int64
	there := map[string]store.Note{}
	st := cloud.Statement{SQL: changeSQL, Params: map[string]any{"names": names, "ended": now - store.NotesKept.Microseconds(), "most": int64(maxEnded)}}
	err := tx.Query(ctx, st).Do(func(r *cloud.Row) error {
		var what int64
		var revision, until cloud.NullInt64
		var name, value cloud.NullString
		if err := r.Columns(&what, &name, &revision, &value, &until); err != nil {
			return err
		}
		switch what {
		case 0:
			last = revision.Int64
		case 1:
			there[name.StringVal] = store.Note{Value: value.StringVal, Until: until.Int64, Revision: revision.Int64}
		case 2:
			ended = append(ended, revision.Int64)
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	changed, revision := serial.Change(notes, there, last, now)
	if len(changed) == 0 {
		return revision, nil // what ended stays: the newest revision would be given again
	}
	var writes []*cloud.Mutation
	if entry != nil {
		line, err := auditMutation(entry, now)
		if err != nil {
			return 0, err
		}
		writes = append(writes, line)
	}
	for _, r := range ended {
		writes = append(writes, cloud.Delete("flora_note", cloud.Key{r}))
	}
	for _, n := range changed {
		if was, ok := there[n.Name]; ok {
			writes = append(writes, cloud.Delete("flora_note", cloud.Key{was.Revision}))
		}
		writes = append(writes, cloud.Insert("flora_note", []string{"revision", "name", "value", "until", "changed"}, []any{
			n.Revision, n.Name, cloud.NullString{StringVal: n.Value, Valid: n.Value != ""}, cloud.NullInt64{Int64: n.Until, Valid: n.Until != 0}, now}))
	}
	return revision, tx.BufferWrite(writes)
}

// auditMutation is an entry of the audit as a Commit takes it.
func auditMutation(entry *store.Entry, now int64) (*cloud.Mutation, error) {
	h := entry.Head()
	return insertMutation(&h, now)
}
