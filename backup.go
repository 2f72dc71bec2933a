package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"flora.dev/flora/store/sqlite"
)

// backupCommand is flora backup.
type backupCommand struct {
	File    string `arg:"" help:"File to make."`
	Store   string `help:"SQLite store. Default: that of flora dev in the data directory." placeholder:"STORE"`
	DataDir string `help:"Data directory of the development server." default:".flora" placeholder:"DIR"`
}

// Help is what flora backup --help adds.
func (backupCommand) Help() string {
	return `Copies a SQLite store as it is at one moment, schema and documents, while a server goes on writing to it. The copy is a ` +
		`store: to go back, stop the server and put it in the place of the file.

  flora backup shop-monday.db --store sqlite:shop.db`
}

// Run makes a backup.
func (c *backupCommand) Run(a *app) (err error) {
	defer func() { err = a.interrupted("backup", err) }()
	name := c.Store
	if name == "" {
		name = "sqlite:" + filepath.Join(c.DataDir, "flora.db")
	}
	engine, path, _ := strings.Cut(name, ":")
	switch {
	case engine == "spanner":
		return errors.New("a Spanner database has backups of its own: gcloud spanner backups create, " +
			"or a schedule (https://cloud.google.com/spanner/docs/backup); flora export writes its documents as JSON lines")
	case engine != "sqlite" || path == "" || path == sqlite.Memory:
		return fmt.Errorf("store %q is no SQLite file", name)
	}
	size, err := sqlite.Backup(a.ctx, path, c.File)
	if err != nil {
		return err
	}
	fmt.Fprintf(a.stdout, "backed up %s to %s, %d bytes\n", name, c.File, size)
	return nil
}
