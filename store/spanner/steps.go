package spanner

import (
	"context"
	"fmt"
	"slices"
	"time"

	cloud "cloud.google.com/go/spanner"

	"flora.dev/flora/rules"
	"flora.dev/flora/schema"
	"flora.dev/flora/store/internal/serial"
	"flora.dev/flora/store/internal/sqlgen"
)

// migrate takes the steps that lose nothing: the version before goes on over
// them. What a column no longer takes, and what goes, waits for publish.
func (db *DB) migrate(ctx context.Context, steps []schema.Step) error {
	var ddl script
	flush := func() error {
		err := db.run(ctx, &ddl, steps)
		ddl = script{}
		return err
	}
	for _, s := range steps { // before anything is done
		if decided(steps, s) {
			if err := db.misfits(ctx, db.client.Single(), s); err != nil {
				return err
			}
		}
	}
	for i, s := range steps {
		var err error
		switch s.Kind {
		case schema.Fill:
			if err = flush(); err == nil {
				err = db.fill(ctx, s)
			}
		case schema.Relax:
			if err = flush(); err == nil {
				err = db.limit(ctx, i, s, &ddl)
			}
		case schema.Tighten: // with the version, and after it
		default:
			if !s.Late() {
				err = ddl.step(i, steps)
			}
		}
		if err != nil {
			return err
		}
	}
	return flush()
}

// decided reports whether the documents there are say now if they allow a step:
// where steps make its columns, or fill them, only the engine does.
func decided(steps []schema.Step, s schema.Step) bool {
	var columns []*rules.Field
	switch s.Kind {
	case schema.Tighten:
		columns = append(columns, s.Column)
	case schema.CreateUnique:
		for _, f := range s.Unique.Fields {
			columns = append(columns, f.Indexed())
		}
	}
	return columns != nil && !slices.ContainsFunc(steps, func(x schema.Step) bool {
		switch x.Kind {
		case schema.CreateTable:
			return x.Collection == s.Collection
		case schema.AddColumn:
			return slices.ContainsFunc(columns, func(f *rules.Field) bool { return x.Collection == s.Collection && x.Field.Column == f.Column })
		case schema.Fill:
			return slices.Contains(columns, x.Column)
		case schema.AddFold:
			return slices.Contains(columns, x.Field.Fold)
		}
		return false
	})
}

func (s *script) step(i int, steps []schema.Step) error {
	statements, err := sqlgen.Spanner.Step(steps[i], steps[i+1:]...)
	if err != nil {
		return fmt.Errorf("deploy: %w", err)
	}
	s.add(i, statements...)
	return nil
}

// misfits looks whether documents allow a step.
func (db *DB) misfits(ctx context.Context, on querier, s schema.Step) error {
	var n int64
	err := on.QueryWithOptions(ctx, cloud.NewStatement(sqlgen.Spanner.Misfits(s)), tagged(ctx)).Do(func(r *cloud.Row) error { return r.Column(0, &n) })
	switch {
	case err != nil:
		return fmt.Errorf("apply %s: %w", s, err)
	case n > 0:
		return sqlgen.Misfit(s, n)
	}
	return nil
}

// limit alters what a column takes. Its CHECK goes first, and for a while its
// foreign key and its indexes: Spanner alters no column that has one. They are
// made again, also of a column that is to be dropped: until the version is
// published, and if it never is, the one before relies on them.
func (db *DB) limit(ctx context.Context, i int, s schema.Step, ddl *script) error {
	statements, err := sqlgen.Spanner.Step(s)
	if err != nil {
		return fmt.Errorf("deploy: %w", err)
	}
	for _, kind := range []string{"CHECK", "FOREIGN KEY"} {
		if kind == "CHECK" && !sqlgen.Rechecked(s) {
			continue
		}
		drops, err := db.constraints(ctx, s.Collection.Table, s.Column.Column, kind)
		if err != nil {
			return err
		}
		ddl.add(i, drops...)
	}
	if s.From.NonNull != s.Column.NonNull {
		for _, name := range indexesOf(s.Was, s.From) {
			drops, err := db.indexDrop(ctx, name)
			if err != nil {
				return err
			}
			ddl.add(i, drops...)
			again, err := sqlgen.Spanner.Index(s.Was, name)
			if err != nil {
				return err
			}
			statements = append(statements, again...)
		}
	}
	ddl.add(i, statements...)
	return nil
}

// indexDrop drops the index of that name, if there is one.
func (db *DB) indexDrop(ctx context.Context, name string) ([]string, error) {
	return db.named(ctx, "SELECT DISTINCT CONCAT('DROP INDEX `', i.index_name, '`') FROM information_schema.indexes AS i"+
		" WHERE i.table_schema = '' AND i.index_type = 'INDEX' AND i.index_name = @name", map[string]any{"name": name})
}

// constraints are the statements that drop what constrains a column.
func (db *DB) constraints(ctx context.Context, table, column, kind string) ([]string, error) {
	usage := "constraint_column_usage"
	if kind == "FOREIGN KEY" {
		usage = "key_column_usage"
	}
	return db.named(ctx, "SELECT DISTINCT CONCAT('ALTER TABLE `', c.table_name, '` DROP CONSTRAINT `', c.constraint_name, '`') FROM information_schema.table_constraints AS c"+
		" JOIN information_schema."+usage+" AS u ON u.constraint_name = c.constraint_name"+
		" WHERE c.table_schema = '' AND c.constraint_type = @kind AND NOT STARTS_WITH(c.constraint_name, 'CK_IS_NOT_NULL_') AND c.table_name = @table AND u.column_name = @column ORDER BY 1",
		map[string]any{"kind": kind, "table": table, "column": column})
}

func (db *DB) named(ctx context.Context, sql string, params map[string]any) (out []string, err error) {
	err = db.client.Single().Query(ctx, cloud.Statement{SQL: sql, Params: params}).Do(func(r *cloud.Row) error {
		var s string
		err := r.Column(0, &s)
		out = append(out, s)
		return err
	})
	if err != nil {
		return nil, readError(err)
	}
	return out, nil
}

// fill writes the column of a Fill, some documents in each transaction.
// Documents that are written meanwhile are done when the version is published.
func (db *DB) fill(ctx context.Context, s schema.Step) error {
	if err := db.lock(ctx); err != nil {
		return unavailable(err)
	}
	defer db.unlock()
	if s.From == nil {
		st, err := statement(sqlgen.Spanner.FillNull(s))
		if err == nil {
			_, err = db.client.PartitionedUpdate(ctx, st)
		}
		if err != nil {
			return fmt.Errorf("apply %s: %w", s, err)
		}
		return nil
	}
	for after := ""; ; {
		n := 0
		last := after
		_, err := db.client.ReadWriteTransaction(ctx, func(ctx context.Context, tx *cloud.ReadWriteTransaction) (err error) {
			last, n, err = fillSome(ctx, tx, s, after, 0)
			return err
		})
		if err != nil {
			return fmt.Errorf("apply %s: %w", s, err)
		}
		if n < sqlgen.Filled {
			return nil
		}
		after = last
	}
}

// fillSome fills the documents after one, of those written since a time.
func fillSome(ctx context.Context, tx *cloud.ReadWriteTransaction, s schema.Step, after string, since int64) (last string, n int, err error) {
	st, err := statement(sqlgen.Spanner.ToFill(s, after, since))
	if err != nil {
		return "", 0, err
	}
	page := ""
	err = tx.Query(ctx, st).Do(func(r *cloud.Row) error { return r.Column(0, &page) })
	if err != nil {
		return "", 0, err
	}
	documents, err := serial.Fillings(s.From, page)
	if err != nil {
		return "", 0, err
	}
	var writes []*cloud.Mutation
	var seen []cloud.Statement // by what follows in the transaction of the version, as mutations are not
	for _, d := range documents {
		v := s.Convert(d.Value)
		last = d.ID
		if since > 0 {
			st, err := statement(sqlgen.Spanner.FillOne(s, d.ID, v))
			if err != nil {
				return "", 0, err
			}
			seen = append(seen, st)
			continue
		}
		x, err := param(v)
		if err != nil {
			return "", 0, err
		}
		writes = append(writes, cloud.Update(s.Collection.Table, []string{s.Collection.Key.Column, s.Column.Column}, []any{d.ID, x}))
	}
	if len(seen) > 0 {
		_, err = tx.BatchUpdateWithOptions(ctx, seen, tagged(ctx))
		return last, len(documents), err
	}
	return last, len(documents), tx.BufferWrite(writes)
}

// settled does what is left of the steps where no other write can come between
// it and the version: documents that were written since the deployment began,
// and what a column no longer takes.
func (db *DB) settled(ctx context.Context, tx *cloud.ReadWriteTransaction, steps []schema.Step, began time.Time) error {
	since := began.Add(-time.Minute).UnixMicro() // clocks of instances differ
	for _, s := range steps {
		switch {
		case s.Kind == schema.Tighten:
			if err := db.misfits(ctx, tx, s); err != nil {
				return err
			}
		case s.Kind == schema.Fill && s.From == nil:
			st, err := statement(sqlgen.Spanner.FillNull(s))
			if err != nil {
				return err
			}
			if _, err := tx.Update(ctx, st); err != nil {
				return err
			}
		case s.Kind == schema.Fill:
			for after, n := "", sqlgen.Filled; n == sqlgen.Filled; {
				var err error
				if after, n, err = fillSome(ctx, tx, s, after, since); err != nil {
					return err
				}
			}
		}
	}
	return nil
}
