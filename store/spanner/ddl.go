package spanner

import (
	"context"
	"fmt"
	"strings"
	"time"

	cloud "cloud.google.com/go/spanner"
	"cloud.google.com/go/spanner/admin/database/apiv1/databasepb"
	"google.golang.org/grpc/codes"

	"flora.dev/flora/schema"
)

// noStep is the step of statements that belong to none.
const noStep = -1

// script is DDL with the step that each statement belongs to.
type script struct {
	statements []string
	steps      []int
}

func (s *script) add(step int, statements ...string) {
	for _, st := range statements {
		s.statements = append(s.statements, st)
		s.steps = append(s.steps, step)
	}
}

// run sends a script as one batch. Spanner stops at the first statement that
// fails and keeps the earlier ones; the number of commit timestamps tells which.
// https://cloud.google.com/spanner/docs/schema-updates#order_of_execution_of_statements_in_batches
func (db *DB) run(ctx context.Context, s *script, steps []schema.Step) error {
	if len(s.statements) == 0 {
		return nil
	}
	// The emulator refuses DDL during a read-write transaction.
	if err := db.lock(ctx); err != nil {
		return unavailable(err)
	}
	defer db.unlock()
	admin, err := db.admin(ctx)
	if err != nil {
		return fmt.Errorf("deploy: %w", err)
	}
	defer admin.Close()
	op, err := admin.UpdateDatabaseDdl(ctx, &databasepb.UpdateDatabaseDdlRequest{Database: db.name, Statements: s.statements})
	for busy(err) && pause(ctx, busyPause) == nil {
		op, err = admin.UpdateDatabaseDdl(ctx, &databasepb.UpdateDatabaseDdlRequest{Database: db.name, Statements: s.statements})
	}
	if err == nil {
		err = op.Wait(ctx)
	}
	switch {
	case err == nil:
		return nil
	case isUnavailable(err):
		return unavailable(err)
	case op == nil: // refused as a whole
		return fmt.Errorf("deploy: %w", err)
	}
	done := 0
	if meta, merr := op.Metadata(); merr == nil {
		done = len(meta.GetCommitTimestamps())
	}
	if cloud.ErrCode(err) == codes.Internal || done >= len(s.steps) {
		return fmt.Errorf("deploy: %w", err)
	}
	return stepError(steps, s.steps[done], err)
}

// busyPause is between two tries of DDL while other DDL runs.
const busyPause = 20 * time.Millisecond

// busy reports that the emulator refuses DDL since another instance's DDL or
// transaction runs. The service lets it wait for its turn.
func busy(err error) bool {
	return cloud.ErrCode(err) == codes.FailedPrecondition && strings.Contains(err.Error(), "concurrent schema change")
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// catalog returns the first column of a query on the information schema.
func (db *DB) catalog(ctx context.Context, sql string) ([]string, error) {
	var names []string
	err := db.client.Single().Query(ctx, cloud.NewStatement(sql)).Do(func(r *cloud.Row) error {
		var name string
		if err := r.Column(0, &name); err != nil {
			return err
		}
		names = append(names, name)
		return nil
	})
	return names, err
}

// dropAll adds what drops every table but Flora's own: Spanner drops none that
// has an index or that a foreign key refers to. The statements are made by the
// database from its own names.
func (db *DB) dropAll(ctx context.Context, ddl *script, _ []schema.Step) error {
	for _, sql := range []string{
		"SELECT CONCAT('ALTER TABLE `', c.table_name, '` DROP CONSTRAINT `', c.constraint_name, '`') FROM information_schema.table_constraints AS c" +
			" WHERE c.table_schema = '' AND c.constraint_type = 'FOREIGN KEY' ORDER BY 1",
		"SELECT CONCAT('DROP INDEX `', i.index_name, '`') FROM information_schema.indexes AS i" +
			" WHERE i.table_schema = '' AND i.index_type = 'INDEX' AND NOT i.spanner_is_managed AND NOT STARTS_WITH(i.table_name, 'flora_') ORDER BY 1",
		"SELECT CONCAT('DROP TABLE `', t.table_name, '`') FROM information_schema.tables AS t" +
			" WHERE t.table_schema = '' AND t.table_type = 'BASE TABLE' AND NOT STARTS_WITH(t.table_name, 'flora_') ORDER BY 1",
	} {
		statements, err := db.catalog(ctx, sql)
		if err != nil {
			return readError(err)
		}
		ddl.add(noStep, statements...)
	}
	return nil
}
