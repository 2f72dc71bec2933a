package sqlite

import (
	"context"
	"fmt"

	"flora.dev/flora/rules"
	"flora.dev/flora/store"
	"flora.dev/flora/store/internal/serial"
	"flora.dev/flora/store/internal/sqlgen"
	"zombiezen.com/go/sqlite"
)

const (
	notesSQL = "SELECT max(version), NULL, NULL AS revision, NULL, NULL FROM flora_schema" +
		" UNION ALL SELECT NULL, name, revision, value, until FROM flora_note WHERE revision > ?1 ORDER BY revision"
	noteSQL    = "SELECT value, until FROM flora_note WHERE name = ?1"
	dropSQL    = "DELETE FROM flora_note WHERE name = ?1"
	putSQL     = "INSERT INTO flora_note (revision, name, value, until, changed) VALUES (?1, ?2, ?3, ?4, ?5)"
	endedSQL   = "DELETE FROM flora_note WHERE until < ?1 AND revision <= ?2"
	newestNote = "SELECT coalesce(max(revision), 0) FROM flora_note"
)

// Notes reads what changed after a revision.
func (db *DB) Notes(ctx context.Context, since int64) (*store.Notes, error) {
	out := &store.Notes{Revision: since}
	err := db.read(ctx, func(c *conn) error {
		return c.run(&sqlgen.Statement{SQL: notesSQL, Args: []sqlgen.Arg{long(since)}}, func(s *sqlite.Stmt) {
			if s.ColumnIsNull(2) {
				out.Version = s.ColumnInt64(0)
				return
			}
			n := store.Note{Name: s.ColumnText(1), Revision: s.ColumnInt64(2), Value: s.ColumnText(3), Until: s.ColumnInt64(4)}
			out.Changed, out.Revision = append(out.Changed, n), n.Revision
		})
	})
	if err == nil && out.Version == 0 {
		err = store.ErrNoSchema
	}
	if err != nil {
		return nil, err
	}
	return out, nil
}

// Note writes notes.
func (db *DB) Note(ctx context.Context, entry *store.Entry, notes ...store.Note) (revision int64, err error) {
	end, err := db.begin()
	if err != nil {
		return 0, err
	}
	defer end()
	err = db.submit(ctx, &job{run: func(c *conn) (err error) {
		if revision, err = c.note(entry, notes, db.now().UnixMicro()); err != nil {
			return readError(ctx, err)
		}
		return nil
	}})
	if err != nil {
		return 0, fmt.Errorf("write notes: %w", err)
	}
	return revision, nil
}

func (c *conn) note(entry *store.Entry, notes []store.Note, now int64) (int64, error) {
	last, err := c.int64(newestNote)
	if err != nil {
		return 0, err
	}
	there := map[string]store.Note{}
	for _, n := range notes {
		err := c.run(&sqlgen.Statement{SQL: noteSQL, Args: []sqlgen.Arg{text(n.Name)}}, func(s *sqlite.Stmt) {
			there[n.Name] = store.Note{Value: s.ColumnText(0), Until: s.ColumnInt64(1)}
		})
		if err != nil {
			return 0, err
		}
	}
	changed, revision := serial.Change(notes, there, last, now)
	for _, n := range changed {
		value, until := text(n.Value), long(n.Until)
		if n.Value == "" {
			value.Value.V = nil
		}
		if n.Until == 0 {
			until.Value.V = nil
		}
		for _, s := range []sqlgen.Statement{
			{SQL: dropSQL, Args: []sqlgen.Arg{text(n.Name)}},
			{SQL: putSQL, Args: []sqlgen.Arg{long(n.Revision), text(n.Name), value, until, long(now)}},
		} {
			if err := c.run(&s, nil); err != nil {
				return 0, err
			}
		}
	}
	if len(changed) == 0 {
		return revision, nil
	}
	if err := c.audit(entry, now); err != nil {
		return 0, err
	}
	// The newest one stays, or its revision would be given again.
	ended := sqlgen.Statement{SQL: endedSQL, Args: []sqlgen.Arg{long(now - store.NotesKept.Microseconds()), long(last)}}
	return revision, c.run(&ended, nil)
}

// audit writes an entry, if there is one.
func (c *conn) audit(entry *store.Entry, now int64) error {
	if entry == nil {
		return nil
	}
	h := entry.Head()
	s, err := sqlgen.SQLite.Write(&h, sqlgen.Write{Now: now})
	if err == nil {
		err = c.run(&s, nil)
	}
	if err != nil {
		return fmt.Errorf("write audit: %w", err)
	}
	return nil
}

func text(s string) sqlgen.Arg { return sqlgen.Arg{Value: rules.Value{Kind: rules.String, V: s}} }
func long(n int64) sqlgen.Arg  { return sqlgen.Arg{Value: rules.Value{Kind: rules.Long, V: n}} }
