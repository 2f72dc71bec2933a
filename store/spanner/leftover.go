package spanner

import (
	"context"
	"fmt"
	"slices"

	cloud "cloud.google.com/go/spanner"

	"flora.dev/flora/schema"
)

// A deployment that fails half-way leaves tables, columns and indexes that
// belong to no version. Nothing was ever written to them, so the next
// deployment that wants one of the names takes them away first: they may have
// been made from another text of the schema.

// leftovers are names that the steps of a migration are about to create.
type leftovers struct {
	tables, indexes, keys map[string]bool
	columns               map[[2]string]bool // table, column
}

func wanted(steps []schema.Step) *leftovers {
	l := &leftovers{map[string]bool{}, map[string]bool{}, map[string]bool{}, map[[2]string]bool{}}
	for _, s := range steps {
		switch s.Kind {
		case schema.CreateTable:
			l.tables[s.Collection.Table] = true
		case schema.AddColumn:
			l.columns[[2]string{s.Collection.Table, s.Field.Column}] = true
			if s.Field.Fold != nil {
				l.columns[[2]string{s.Collection.Table, s.Field.Fold.Column}] = true
			}
		case schema.AddFold:
			l.columns[[2]string{s.Collection.Table, s.Field.Fold.Column}] = true
		case schema.CreateLink:
			l.tables[s.Link.Object.Table] = true
			l.indexes[s.Link.Index()] = true
		case schema.CreateIndex:
			l.indexes[s.Index.Name] = true
		case schema.CreateUnique:
			l.indexes[s.Unique.Name] = true
		case schema.AddForeignKey:
			l.keys[s.Collection.Table+"\x00"+s.Field.Column] = true
		}
	}
	return l
}

// The objects of the database that a leftover may be, one row for each of their
// columns: kind, table, name, column.
const objects = `
SELECT 1, k.table_name, c.constraint_name, k.column_name FROM information_schema.table_constraints AS c
  JOIN information_schema.key_column_usage AS k ON k.constraint_name = c.constraint_name
  WHERE c.table_schema = '' AND c.constraint_type = 'FOREIGN KEY'
UNION ALL SELECT 2, u.table_name, c.constraint_name, u.column_name FROM information_schema.table_constraints AS c
  JOIN information_schema.constraint_column_usage AS u ON u.constraint_name = c.constraint_name
  WHERE c.table_schema = '' AND c.constraint_type = 'CHECK' AND NOT STARTS_WITH(c.constraint_name, 'CK_IS_NOT_NULL_')
UNION ALL SELECT 3, i.table_name, i.index_name, c.column_name FROM information_schema.indexes AS i
  JOIN information_schema.index_columns AS c ON c.table_name = i.table_name AND c.index_name = i.index_name
  WHERE i.table_schema = '' AND i.index_type = 'INDEX' AND NOT i.spanner_is_managed
UNION ALL SELECT 4, c.table_name, c.table_name, c.column_name FROM information_schema.columns AS c
  WHERE c.table_schema = ''
ORDER BY 1, 2, 3, 4`

// clear adds what drops the leftovers of earlier deployments that are in the
// way of the steps. It refuses to drop a table that holds rows.
func (db *DB) clear(ctx context.Context, ddl *script, steps []schema.Step) error {
	l := wanted(steps)
	var drop []string
	var tables []string
	err := db.client.Single().Query(ctx, cloud.NewStatement(objects)).Do(func(r *cloud.Row) error {
		var kind int64
		var table, name, column string
		if err := r.Columns(&kind, &table, &name, &column); err != nil {
			return err
		}
		gone, cut := l.tables[table], l.columns[[2]string{table, column}]
		switch {
		case kind == 1 && (gone || cut || l.keys[table+"\x00"+column]),
			kind == 2 && cut && !gone:
			drop = append(drop, "ALTER TABLE `"+table+"` DROP CONSTRAINT `"+name+"`")
		case kind == 3 && (gone || cut || l.indexes[name]):
			drop = append(drop, "DROP INDEX `"+name+"`")
		case kind == 4 && gone:
			tables = append(tables, table)
			drop = append(drop, "DROP TABLE `"+table+"`")
		case kind == 4 && cut:
			drop = append(drop, "ALTER TABLE `"+table+"` DROP COLUMN `"+column+"`")
		}
		return nil
	})
	if err != nil {
		return readError(err)
	}
	for _, table := range slices.Compact(tables) {
		rows, err := db.catalog(ctx, "SELECT 'row' FROM `"+table+"` LIMIT 1")
		if err != nil {
			return readError(err)
		}
		if len(rows) > 0 {
			return fmt.Errorf("deploy: the database has a table %s with rows that no schema of Flora made", table)
		}
	}
	ddl.add(noStep, slices.Compact(drop)...) // an object with several columns came several times
	return nil
}
