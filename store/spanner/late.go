package spanner

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	cloud "cloud.google.com/go/spanner"
	"google.golang.org/grpc/codes"

	"flora.dev/flora/rules"
	"flora.dev/flora/schema"
	"flora.dev/flora/store/internal/sqlgen"
)

// A late is what remains to be done once a version is published: what the one
// before still needed goes, and columns are held to what they take. It is noted
// with the version, so that a deployment which ended in between is gone on
// with. Doing it again does nothing.
type late struct {
	Table   string   `json:"table,omitempty"`
	Column  string   `json:"column,omitempty"`  // of Table, to be dropped if there is no Then
	Then    []string `json:"then,omitempty"`    // DDL for the column, that is not dropped
	Checked bool     `json:"checked,omitempty"` // drop its CHECK before Then
	Index   string   `json:"index,omitempty"`
	// Again are indexes, by name, with what makes them: dropped before Then, and
	// made after it.
	Again map[string][]string `json:"again,omitempty"`
}

func lateOf(steps []schema.Step) (list []late, err error) {
	for _, s := range steps {
		switch s.Kind {
		case schema.DropIndex:
			list = append(list, late{Index: s.Name})
		case schema.DropColumn:
			list = append(list, late{Table: s.Collection.Table, Column: s.Column.Column})
		case schema.DropLink:
			list = append(list, late{Table: s.Link.Object.Table})
		case schema.DropTable:
			list = append(list, late{Table: s.Collection.Table})
		case schema.Tighten:
			then, err := sqlgen.Spanner.Step(s)
			if err != nil {
				return nil, fmt.Errorf("deploy: %w", err)
			}
			if len(then) == 0 {
				continue
			}
			l := late{Table: s.Collection.Table, Column: s.Column.Column, Then: then, Checked: sqlgen.Rechecked(s), Again: map[string][]string{}}
			for _, name := range indexesOf(s.Collection, s.Column) {
				if l.Again[name], err = sqlgen.Spanner.Index(s.Collection, name); err != nil {
					return nil, err
				}
			}
			list = append(list, l)
		}
	}
	return list, nil
}

// indexesOf are the names of the indexes that have a column.
func indexesOf(c *schema.Collection, column *rules.Field) (names []string) {
	has := func(fields []*schema.Field) bool {
		return slices.ContainsFunc(fields, func(f *schema.Field) bool { return f.Indexed().Column == column.Column })
	}
	for _, u := range c.Uniques {
		if has(u.Fields) {
			names = append(names, u.Name)
		}
	}
	for _, i := range c.Indexes {
		if has(i.Fields) {
			names = append(names, i.Name)
		}
	}
	return names
}

const lateName = "late" // in flora_meta

// finish does what was noted, if anything.
func (db *DB) finish(ctx context.Context) error {
	row, err := db.client.Single().ReadRow(ctx, "flora_meta", cloud.Key{lateName}, []string{"value"})
	if cloud.ErrCode(err) == codes.NotFound {
		return nil
	}
	if err != nil {
		return readError(err)
	}
	var text []byte
	var list []late
	if err := row.Column(0, &text); err != nil {
		return fmt.Errorf("read what is left of a deployment: %w", err)
	}
	if err := json.Unmarshal(text, &list); err != nil {
		return fmt.Errorf("read what is left of a deployment: %w", err)
	}
	var ddl script
	dropped := map[string]bool{}
	for _, l := range list {
		statements, err := db.lateStatements(ctx, l)
		if err != nil {
			return err
		}
		for _, s := range statements {
			if !dropped[s] {
				dropped[s] = true
				ddl.add(noStep, s)
			}
		}
	}
	if err := db.run(ctx, &ddl, nil); err != nil {
		return err
	}
	if err := db.lock(ctx); err != nil {
		return unavailable(err)
	}
	defer db.unlock()
	if _, err := db.client.Apply(ctx, []*cloud.Mutation{cloud.Delete("flora_meta", cloud.Key{lateName})}); err != nil {
		return readError(err)
	}
	return nil
}

func (db *DB) lateStatements(ctx context.Context, l late) (out []string, err error) {
	add := func(list []string, e error) {
		out = append(out, list...)
		if err == nil {
			err = e
		}
	}
	params := map[string]any{"table": l.Table, "column": l.Column}
	const foreign = "SELECT DISTINCT CONCAT('ALTER TABLE `', c.table_name, '` DROP CONSTRAINT `', c.constraint_name, '`') FROM information_schema.table_constraints AS c" +
		" LEFT JOIN information_schema.constraint_table_usage AS u ON u.constraint_name = c.constraint_name" +
		" WHERE c.table_schema = '' AND c.constraint_type = 'FOREIGN KEY' AND (c.table_name = @table OR u.table_name = @table) ORDER BY 1"
	const indexes = "SELECT DISTINCT CONCAT('DROP INDEX `', i.index_name, '`') FROM information_schema.indexes AS i" +
		" JOIN information_schema.index_columns AS c ON c.table_name = i.table_name AND c.index_name = i.index_name" +
		" WHERE i.table_schema = '' AND i.index_type = 'INDEX' AND NOT i.spanner_is_managed AND "
	switch {
	case l.Index != "":
		add(db.indexDrop(ctx, l.Index))
	case len(l.Then) > 0:
		if l.Checked {
			add(db.constraints(ctx, l.Table, l.Column, "CHECK"))
		}
		add(db.constraints(ctx, l.Table, l.Column, "FOREIGN KEY"))
		for _, name := range slices.Sorted(maps.Keys(l.Again)) {
			add(db.indexDrop(ctx, name))
		}
		out = append(out, l.Then...)
		for _, name := range slices.Sorted(maps.Keys(l.Again)) {
			out = append(out, l.Again[name]...)
		}
	case l.Column != "":
		add(db.constraints(ctx, l.Table, l.Column, "FOREIGN KEY"))
		add(db.constraints(ctx, l.Table, l.Column, "CHECK"))
		add(db.named(ctx, indexes+"i.table_name = @table AND c.column_name = @column ORDER BY 1", params))
		add(db.named(ctx, "SELECT CONCAT('ALTER TABLE `', c.table_name, '` DROP COLUMN `', c.column_name, '`') FROM information_schema.columns AS c"+
			" WHERE c.table_schema = '' AND c.table_name = @table AND c.column_name = @column", params))
	default:
		add(db.named(ctx, foreign, params))
		add(db.named(ctx, indexes+"i.table_name = @table ORDER BY 1", params))
		add(db.named(ctx, "SELECT CONCAT('DROP TABLE `', t.table_name, '`') FROM information_schema.tables AS t WHERE t.table_schema = '' AND t.table_name = @table", params))
	}
	return out, err
}
