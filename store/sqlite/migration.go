package sqlite

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"flora.dev/flora/rules"
	"flora.dev/flora/store"
	"flora.dev/flora/store/internal/sqlgen"
	"zombiezen.com/go/sqlite"
)

const (
	deployedSQL = "SELECT s.version, s.sdl, m.value, n.value, s.created FROM flora_schema AS s JOIN flora_meta AS m ON m.name = 'secret'" +
		" LEFT JOIN flora_meta AS n ON n.name = 'names/' || s.version" +
		" WHERE s.version = CASE ?1 WHEN 0 THEN (SELECT max(version) FROM flora_schema) ELSE ?1 END"
	tablesSQL = "SELECT name FROM sqlite_schema WHERE type = 'table' AND substr(name, 1, 6) <> 'flora_' AND substr(name, 1, 7) <> 'sqlite_'"
)

// Deployed returns a deployment, the newest for 0.
func (db *DB) Deployed(ctx context.Context, version int64) (*store.Deployment, error) {
	var d *store.Deployment
	err := db.read(ctx, func(c *conn) (err error) {
		d, err = c.deployed(version)
		return err
	})
	if err == nil && d == nil {
		err = store.ErrNoSchema
	}
	if err != nil {
		return nil, err
	}
	return d, nil
}

func (c *conn) deployed(version int64) (*store.Deployment, error) {
	var d *store.Deployment
	var names []byte
	err := c.run(&sqlgen.Statement{SQL: deployedSQL, Args: []sqlgen.Arg{long(version)}}, func(s *sqlite.Stmt) {
		d = &store.Deployment{Version: s.ColumnInt64(0), SDL: s.ColumnText(1), Created: s.ColumnInt64(4), Secret: make([]byte, s.ColumnLen(2))}
		s.ColumnBytes(2, d.Secret)
		if !s.ColumnIsNull(3) {
			names = make([]byte, s.ColumnLen(3))
			s.ColumnBytes(3, names)
		}
	})
	if err == nil && names != nil {
		err = json.Unmarshal(names, &d.Names)
	}
	return d, err
}

// Deploy applies a migration in one transaction of its own.
func (db *DB) Deploy(ctx context.Context, m *store.Migration) (*store.Deployment, error) {
	end, err := db.begin()
	if err != nil {
		return nil, err
	}
	defer end()
	var d *store.Deployment
	err = db.submit(ctx, &job{alone: true, run: func(c *conn) (err error) {
		if d, err = db.deploy(c, m); err == nil {
			db.version.Store(d.Version)
		}
		return err
	}})
	if refused, ok := errors.AsType[*store.StepError](err); ok {
		return nil, refused
	}
	if err != nil {
		return nil, fmt.Errorf("deploy: %w", err)
	}
	return d, nil
}

func (db *DB) deploy(c *conn, m *store.Migration) (d *store.Deployment, err error) {
	if m.Reset || rebuilds(m.Steps) {
		// Tables go in any order. The pragma does nothing inside a transaction.
		if err := c.exec("PRAGMA foreign_keys = OFF"); err != nil {
			return nil, err
		}
		defer func() {
			if perr := c.exec("PRAGMA foreign_keys = ON"); perr != nil && err == nil {
				err = perr
			}
		}()
	}
	if err := c.exec("BEGIN IMMEDIATE"); err != nil {
		return nil, fmt.Errorf("%w: %w", store.ErrUnavailable, err)
	}
	defer func() {
		if !c.AutocommitEnabled() {
			c.rollback()
		}
	}()
	if db.version.Load() != m.From {
		return nil, store.ErrStale
	}
	if m.Reset {
		if err := c.dropAll(); err != nil {
			return nil, err
		}
	}
	if err := c.migrate(m.Steps); err != nil {
		return nil, err
	}
	now := db.now().UnixMicro()
	if err := c.publish(m, now); err != nil {
		return nil, err
	}
	if err := c.audit(m.Audit, now); err != nil {
		return nil, err
	}
	if d, err = c.deployed(m.From + 1); err != nil {
		return nil, err
	}
	if err := c.exec("COMMIT"); err != nil {
		return nil, commitError(err)
	}
	return d, nil
}

func (c *conn) dropAll() error {
	var tables []string
	if err := c.run(&sqlgen.Statement{SQL: tablesSQL}, func(s *sqlite.Stmt) { tables = append(tables, s.ColumnText(0)) }); err != nil {
		return err
	}
	for _, t := range tables {
		if err := c.once("DROP TABLE `" + t + "`"); err != nil {
			return fmt.Errorf("drop %s: %w", t, err)
		}
	}
	return c.exec("DELETE FROM flora_once") // outcomes of what is gone
}

// publish notes the new version, and makes the secret of a new store.
func (c *conn) publish(m *store.Migration, now int64) error {
	n, err := c.int64("SELECT count(*) FROM flora_meta WHERE name = 'secret'")
	if err != nil {
		return err
	}
	if n == 0 {
		secret := make([]byte, 32)
		rand.Read(secret) // never fails
		if err := c.meta("secret", secret); err != nil {
			return fmt.Errorf("store secret: %w", err)
		}
	}
	if len(m.Names) > 0 {
		names, err := json.Marshal(m.Names)
		if err != nil {
			return fmt.Errorf("store names: %w", err)
		}
		if err := c.meta("names/"+strconv.FormatInt(m.From+1, 10), names); err != nil {
			return fmt.Errorf("store names: %w", err)
		}
	}
	return c.run(&sqlgen.Statement{SQL: "INSERT INTO flora_schema (version, sdl, created) VALUES (?1, ?2, ?3)", Args: []sqlgen.Arg{
		{Value: rules.Value{Kind: rules.Long, V: m.From + 1}},
		{Value: rules.Value{Kind: rules.String, V: m.SDL}},
		{Value: rules.Value{Kind: rules.Long, V: now}},
	}}, nil)
}

func (c *conn) meta(name string, value []byte) error {
	s, err := c.prepare("INSERT INTO flora_meta (name, value) VALUES (?1, ?2)")
	if err != nil {
		return err
	}
	s.BindText(1, name)
	s.BindBytes(2, value)
	if _, err := s.Step(); err != nil {
		return err
	}
	return s.Reset()
}

// once runs a statement that is not kept.
func (c *conn) once(sql string) error {
	s, _, err := c.PrepareTransient(sql)
	if err != nil {
		return err
	}
	defer s.Finalize()
	_, err = s.Step()
	return err
}
