package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"flora.dev/flora/store"
	"flora.dev/flora/store/spanner"
	"flora.dev/flora/store/sqlite"
)

// openStore opens the store that a --store flag names. create makes what is
// absent: a file, or on an emulator the instance and the database.
func (a *app) openStore(name string, create bool) (store.Store, error) {
	engine, place, found := strings.Cut(name, ":")
	switch {
	case name == "":
		return nil, fmt.Errorf("no store: name one with --store sqlite:PATH or --store spanner:projects/P/instances/I/databases/D")
	case found && engine == "sqlite" && place != "":
		return openSQLite(a.ctx, place, create)
	case found && engine == "spanner" && place != "":
		db, err := spanner.Open(a.ctx, place, spanner.Options{Create: create, Emulator: a.getenv("SPANNER_EMULATOR_HOST")})
		if err != nil {
			return nil, err
		}
		return db, nil
	}
	return nil, fmt.Errorf("store %q is neither sqlite:PATH, sqlite::memory: nor spanner:projects/P/instances/I/databases/D", name)
}

func openSQLite(ctx context.Context, path string, create bool) (store.Store, error) {
	if path != ":memory:" {
		if _, err := os.Stat(path); err != nil && !create {
			return nil, fmt.Errorf("open sqlite:%s: there is no such file, flora deploy makes one", path)
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return nil, fmt.Errorf("open sqlite:%s: %w", path, err)
		}
	}
	db, err := sqlite.Open(ctx, path, sqlite.Options{})
	if errors.Is(err, sqlite.ErrInUse) {
		return nil, fmt.Errorf("open sqlite:%s: another flora has it open, stop it or name another store (flora dev: another --data-dir)", path)
	}
	if err != nil {
		return nil, err // not a *sqlite.DB that is nil
	}
	return db, nil
}
