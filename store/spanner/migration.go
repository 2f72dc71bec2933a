package spanner

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	cloud "cloud.google.com/go/spanner"
	"google.golang.org/grpc/codes"

	"flora.dev/flora/schema"
	"flora.dev/flora/store"
	"flora.dev/flora/store/internal/sqlgen"
)

// deployTimeout bounds a Deploy whose context has no deadline: the service
// fills an index in minutes.
const deployTimeout = 30 * time.Minute

const deployedSQL = "SELECT s.version, s.sdl, m.value, n.value, s.created, l.value IS NOT NULL AND s.version = (SELECT MAX(version) FROM flora_schema) FROM flora_schema AS s JOIN flora_meta AS m ON m.name = 'secret'" +
	" LEFT JOIN flora_meta AS n ON n.name = CONCAT('names/', CAST(s.version AS STRING)) LEFT JOIN flora_meta AS l ON l.name = '" + lateName + "'" +
	" WHERE s.version = CASE @version WHEN 0 THEN (SELECT MAX(version) FROM flora_schema) ELSE @version END"

// Deployed returns a deployed schema, the newest for 0.
func (db *DB) Deployed(ctx context.Context, version int64) (*store.Deployment, error) {
	ctx, end, err := db.begin(ctx, db.opts.Timeout)
	if err != nil {
		return nil, err
	}
	defer end()
	return db.deployed(ctx, version)
}

func (db *DB) deployed(ctx context.Context, version int64) (*store.Deployment, error) {
	started := db.opts.Now()
	d, err := deployedOf(ctx, db.client.Single(), version)
	switch {
	case err == nil && d == nil:
		return nil, store.ErrNoSchema
	case err == nil:
		if version == 0 {
			db.seen.note(d.Version, started)
		}
		return d, nil
	case isUnavailable(err):
		return nil, unavailable(err)
	case cloud.ErrCode(err) == codes.InvalidArgument || cloud.ErrCode(err) == codes.NotFound:
		// A statement on tables that do not exist does not parse.
		tables, terr := db.catalog(ctx, "SELECT t.table_name FROM information_schema.tables AS t WHERE t.table_schema = '' AND t.table_name = 'flora_schema'")
		if terr != nil {
			return nil, readError(terr)
		}
		if len(tables) == 0 {
			return nil, store.ErrNoSchema
		}
	}
	return nil, fmt.Errorf("read deployed schema: %w", err)
}

// deployedOf returns nil where there is no such version.
func deployedOf(ctx context.Context, on querier, version int64) (*store.Deployment, error) {
	var d *store.Deployment
	err := on.QueryWithOptions(ctx, cloud.Statement{SQL: deployedSQL, Params: map[string]any{"version": version}}, tagged(ctx)).Do(func(r *cloud.Row) error {
		d = &store.Deployment{}
		var names []byte
		if err := r.Columns(&d.Version, &d.SDL, &d.Secret, &names, &d.Created, &d.Unfinished); err != nil || names == nil {
			return err
		}
		return json.Unmarshal(names, &d.Names)
	})
	return d, err
}

// Deploy runs the DDL of the steps and then publishes the version.
//
// DDL takes no part in transactions: when a step fails, those before it stay,
// and the version does not change.
func (db *DB) Deploy(ctx context.Context, m *store.Migration) (*store.Deployment, error) {
	ctx, end, err := db.begin(ctx, deployTimeout)
	if err != nil {
		return nil, err
	}
	defer end()

	now, err := db.deployed(ctx, 0)
	switch {
	case errors.Is(err, store.ErrNoSchema):
		if m.From != 0 {
			return nil, store.ErrStale
		}
	case err != nil:
		return nil, err
	case now.Version != m.From:
		return nil, store.ErrStale
	}
	if err := db.prepare(ctx); err != nil {
		return nil, err
	}
	if err := db.finish(ctx); err != nil { // of a deployment that ended before
		return nil, err
	}
	if now != nil && now.Unfinished && m.SDL == now.SDL && len(m.Steps) == 0 && !m.Reset {
		now.Unfinished = false
		return now, nil
	}
	if m.From > 0 && disturbs(m.Steps) {
		over, err := db.announce(ctx)
		if err != nil {
			return nil, err
		}
		defer over()
	}
	began := db.opts.Now()
	token, err := db.claim(ctx)
	if err != nil {
		return nil, err
	}

	var ddl script
	clear := db.clear
	if m.Reset {
		clear = db.dropAll
	}
	if err := clear(ctx, &ddl, m.Steps); err != nil {
		return nil, err
	}
	if err := db.run(ctx, &ddl, nil); err != nil {
		return nil, err
	}
	var d *store.Deployment
	if err = db.migrate(ctx, m.Steps); err == nil {
		d, err = db.publish(ctx, m, token, began)
	}
	if refused, ok := errors.AsType[*store.StepError](err); ok && !m.Reset {
		return nil, errors.Join(refused, db.undo(ctx, m.Steps))
	}
	if err != nil {
		return nil, err
	}
	if m.From > 0 {
		if err := db.settle(ctx); err != nil {
			return nil, err
		}
	}
	return d, db.finish(ctx)
}

// undo takes away what a deployment made that its data does not allow: a new
// unique key would still hold for the version that stays.
func (db *DB) undo(ctx context.Context, steps []schema.Step) error {
	var ddl script
	if err := db.clear(ctx, &ddl, steps); err != nil {
		return err
	}
	return db.run(ctx, &ddl, nil)
}

// prepare makes the system tables, as far as no earlier deployment did.
func (db *DB) prepare(ctx context.Context) error {
	made, err := db.catalog(ctx, "SELECT t.table_name FROM information_schema.tables AS t WHERE t.table_schema = '' AND STARTS_WITH(t.table_name, 'flora_')"+
		" UNION ALL SELECT i.index_name FROM information_schema.indexes AS i WHERE i.table_schema = '' AND STARTS_WITH(i.table_name, 'flora_') AND i.index_type = 'INDEX'")
	if err != nil {
		return readError(err)
	}
	var ddl script
	narrow, err := db.catalog(ctx, "SELECT c.spanner_type FROM information_schema.columns AS c WHERE c.table_schema = '' AND c.table_name = 'flora_meta' AND c.column_name = 'value' AND c.spanner_type = 'BYTES(64)'")
	if err != nil {
		return readError(err)
	}
	if len(narrow) > 0 { // as the first versions made it
		ddl.add(noStep, "ALTER TABLE flora_meta ALTER COLUMN value BYTES(MAX) NOT NULL")
	}
	names := sqlgen.SystemNames()
	for i, s := range sqlgen.Spanner.System() {
		if !slices.Contains(made, names[i]) {
			ddl.add(noStep, s)
		}
	}
	return db.run(ctx, &ddl, nil)
}

// claim makes this the deployment that may publish. Of two at once the later
// goes on, perhaps over tables that the earlier made.
func (db *DB) claim(ctx context.Context) (token []byte, err error) {
	token = make([]byte, 16)
	rand.Read(token)
	if err := db.lock(ctx); err != nil {
		return nil, unavailable(err)
	}
	defer db.unlock()
	_, err = db.client.Apply(ctx, []*cloud.Mutation{cloud.InsertOrUpdate("flora_meta", []string{"name", "value"}, []any{"deploying", token})})
	if err != nil {
		return nil, readError(err)
	}
	return token, nil
}

// publish writes the version if the one before it still is the newest and no
// other deployment began, and the secret if there is none.
func (db *DB) publish(ctx context.Context, m *store.Migration, token []byte, began time.Time) (*store.Deployment, error) {
	if err := db.lock(ctx); err != nil {
		return nil, unavailable(err)
	}
	defer db.unlock()
	started := db.opts.Now()
	next := &store.Deployment{Version: m.From + 1, SDL: m.SDL, Names: m.Names, Created: started.UnixMicro()}
	notes, err := metaOf(m, next.Created)
	if err != nil {
		return nil, err
	}
	_, err = db.client.ReadWriteTransaction(ctx, func(ctx context.Context, tx *cloud.ReadWriteTransaction) error {
		last, err := deployedOf(ctx, tx, 0)
		if err != nil {
			return err
		}
		row, err := tx.ReadRow(ctx, "flora_meta", cloud.Key{"deploying"}, []string{"value"})
		if err != nil {
			return err
		}
		var claimed []byte
		if err := row.Column(0, &claimed); err != nil {
			return err
		}
		if !bytes.Equal(claimed, token) {
			return store.ErrStale
		}
		if err := db.settled(ctx, tx, m.Steps, began); err != nil {
			return err
		}
		writes := slices.Clone(notes)
		if last == nil {
			last = &store.Deployment{Secret: make([]byte, 32)}
			rand.Read(last.Secret)
			writes = append(writes, cloud.Insert("flora_meta", []string{"name", "value"}, []any{"secret", last.Secret}))
		}
		if last.Version != m.From {
			return store.ErrStale
		}
		next.Secret = last.Secret
		if m.Reset { // outcomes of what is gone
			writes = append(writes, cloud.Delete("flora_once", cloud.AllKeys()))
		}
		return tx.BufferWrite(append(writes, cloud.Insert("flora_schema",
			[]string{"version", "sdl", "created"}, []any{next.Version, next.SDL, next.Created})))
	})
	switch {
	case err == nil:
		db.seen.note(next.Version, started)
		return next, nil
	case errors.Is(err, store.ErrStale):
		return nil, err
	case cloud.ErrCode(err) == codes.AlreadyExists: // two first deployments at once
		return nil, store.ErrStale
	case isUnavailable(err):
		return nil, unavailable(err)
	}
	if refused, ok := errors.AsType[*store.StepError](err); ok {
		return nil, refused
	}
	return nil, fmt.Errorf("publish schema version %d: %w", next.Version, err)
}

// metaOf are the names, the late work and the entry of the audit that are noted
// with a version.
func metaOf(m *store.Migration, now int64) (writes []*cloud.Mutation, err error) {
	add := func(name string, v any) error {
		text, err := json.Marshal(v)
		if err != nil {
			return fmt.Errorf("deploy: %w", err)
		}
		writes = append(writes, cloud.InsertOrUpdate("flora_meta", []string{"name", "value"}, []any{name, text}))
		return nil
	}
	if len(m.Names) > 0 {
		if err := add(fmt.Sprint("names/", m.From+1), m.Names); err != nil {
			return nil, err
		}
	}
	if m.Audit != nil {
		entry, err := auditMutation(m.Audit, now)
		if err != nil {
			return nil, err
		}
		writes = append(writes, entry)
	}
	list, err := lateOf(m.Steps)
	if err != nil || len(list) == 0 {
		return writes, err
	}
	return writes, add(lateName, list)
}

// stepError blames a statement's step.
func stepError(steps []schema.Step, step int, err error) error {
	if step == noStep {
		return fmt.Errorf("deploy: %w", err)
	}
	return &store.StepError{Step: steps[step], Err: err}
}
