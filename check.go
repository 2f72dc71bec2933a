package main

import (
	"errors"
	"fmt"
	"os"

	"flora.dev/flora/schema"
)

// checkCommand is flora check.
type checkCommand struct {
	Files []string `arg:"" name:"file" help:"Schema files. Each is a schema of its own."`
}

// Help is what flora check --help adds.
func (checkCommand) Help() string {
	return `Prints one line for each fault, file:line:col: message, hint, and exits with 1 if there is any. ` +
		`Warnings (what is open to anyone, what clients may see but not change) do not count as faults.`
}

// Run checks every file, whatever the others are like.
func (c *checkCommand) Run(a *app) error {
	bad := false
	for _, name := range c.Files {
		s, err := loadSchema(name)
		if err != nil {
			a.report(err)
			bad = true
			continue
		}
		a.warn(s)
	}
	if bad {
		return errReported
	}
	return nil
}

// loadSchema reads and checks a schema file.
func loadSchema(name string) (*schema.Schema, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("read schema: %w", err)
	}
	return schema.Load(name, text)
}

// report prints the faults of a schema as they are, other errors as any.
func (a *app) report(err error) {
	var faults schema.Diagnostics
	if errors.As(err, &faults) {
		fmt.Fprintln(a.stderr, faults)
		return
	}
	fmt.Fprintf(a.stderr, "flora: %s\n", line(err))
}

func (a *app) warn(s *schema.Schema) {
	for _, w := range s.Warnings {
		fmt.Fprintf(a.stderr, "%s (warning)\n", w)
	}
}
