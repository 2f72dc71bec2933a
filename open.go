package main

import (
	"context"
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
func openStore(ctx context.Context, name string, create bool) (store.Store, error) {
	engine, place, found := strings.Cut(name, ":")
	switch {
	case name == "":
		return nil, fmt.Errorf("no store: name one with --store sqlite:PATH or --store spanner:projects/P/instances/I/databases/D")
	case found && engine == "sqlite" && place != "":
		return openSQLite(ctx, place, create)
	case found && engine == "spanner" && place != "":
		return spanner.Open(ctx, place, spanner.Options{Create: create})
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
	return sqlite.Open(ctx, path)
}
