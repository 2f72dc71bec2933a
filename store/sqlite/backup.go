package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"flora.dev/flora/rules"
	"flora.dev/flora/store/internal/sqlgen"
)

// Backup copies the store in the file at path, as it is at one moment, to a
// file that must not exist, and returns its size. The store may be open in any
// process: a reader does not wait for writers in a write-ahead log, nor they
// for it. The file appears when it is complete, and on disk.
// https://sqlite.org/lang_vacuum.html#vacuuminto
func Backup(ctx context.Context, path, to string) (size int64, err error) {
	fail := func(err error) (int64, error) {
		return 0, fmt.Errorf("back up %s: %w", path, err)
	}
	if _, err := os.Stat(path); err != nil {
		return fail(err)
	}
	if _, err := os.Lstat(to); !errors.Is(err, fs.ErrNotExist) {
		return fail(fmt.Errorf("%s is there already", to))
	}
	c, err := connect(path, "trusted_schema = OFF")
	if err != nil {
		return fail(err)
	}
	defer c.close()
	part := to + ".part"
	if err := os.Remove(part); err != nil && !errors.Is(err, fs.ErrNotExist) { // of a backup that was interrupted
		return fail(err)
	}
	// It is readable by its owner alone: SQLite takes a file that is empty.
	made, err := os.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fail(err)
	}
	defer func() {
		made.Close()
		if err != nil {
			os.Remove(part)
		}
	}()
	c.SetInterrupt(ctx.Done())
	if err = c.run(&sqlgen.Statement{SQL: "VACUUM INTO ?", Args: []sqlgen.Arg{{Value: rules.Value{Kind: rules.String, V: part}}}}, nil); err != nil {
		return fail(err)
	}
	if err = made.Sync(); err != nil {
		return fail(err)
	}
	info, err := made.Stat()
	if err != nil {
		return fail(err)
	}
	if err = os.Rename(part, to); err != nil {
		return fail(err)
	}
	return info.Size(), nil
}
