package main

import (
	"errors"
	"fmt"
	"os"

	"flora.dev/flora/deploy"
	"flora.dev/flora/schema"
)

// checkCommand is flora check.
type checkCommand struct {
	Files      []string `arg:"" name:"file" help:"Schema files. Each is a schema of its own."`
	Explain    bool     `help:"Print every rule as understood, and its SQL in both dialects." xor:"output" flagonly:""`
	Matrix     bool     `help:"Print who may do what, as CSV. Takes one file." xor:"output" flagonly:""`
	Indexes    bool     `help:"List the indexes that rules, relations and lists need and the schema lacks." xor:"output" flagonly:""`
	Operations string   `help:"With --indexes: folder of the clients' operations, whose lists count in the place of guesses." placeholder:"DIR"`
	// Fauna ran functions for such fields.
	Resolvers bool `help:"List the fields that need a function, and what of the generated API does the like." xor:"output" flagonly:""`
}

// Help is what flora check --help adds.
func (checkCommand) Help() string {
	return `Prints one line for each fault, file:line:col: message, hint, and exits with 1 if there is any.

Warnings do not count as faults. They tell what is open to anyone or to every signed-in caller, rules that are always ` +
		`true or never, documents and fields that rules believe and callers can write, fields that name the caller and can be ` +
		`set to someone else, rules that show something of a field to callers who cannot read it, roles that nothing asks for, ` +
		`rules over budget. Where flora.yaml has providers, their roles must be those that the schema asks for. reason: on the @auth that is named silences one:

  @auth(read: "anyone", reason: "a public catalogue")`
}

// Run checks every file, whatever the others are like.
func (c *checkCommand) Run(a *app) error {
	if c.Matrix && len(c.Files) > 1 {
		return errors.New("--matrix takes one file: another has columns of its own")
	}
	var files []deploy.File
	if c.Operations != "" {
		if !c.Indexes {
			return errors.New("--operations goes with --indexes: flora plan says which operations a schema breaks")
		}
		var err error
		if files, err = deploy.Files(os.DirFS(c.Operations)); err != nil {
			return err
		}
	}
	bad := false
	for _, name := range c.Files {
		s, err := loadSchema(name)
		if err != nil {
			a.report(err)
			bad = true
			continue
		}
		a.warn(s)
		if list := a.config.unknownRoles(s); len(list) > 0 {
			a.report(list)
			bad = true
		}
		for _, d := range s.Consequences() {
			fmt.Fprintf(a.stderr, "%s (info)\n", d)
		}
		switch {
		case c.Explain:
			err = explain(a.stdout, s)
		case c.Matrix:
			err = matrix(a.stdout, s)
		case c.Indexes:
			err = indexes(a.stdout, s, files)
		case c.Resolvers:
			for _, f := range s.Functions() {
				fmt.Fprintln(a.stdout, f)
			}
		}
		if err != nil {
			return err
		}
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

// warn prints what deserves a second look.
func (a *app) warn(s *schema.Schema) {
	for _, remark := range a.config.remarks(s) {
		fmt.Fprintln(a.stderr, remark)
	}
}

// remarks tell what a schema grants on every collection, and its warnings.
func (c *config) remarks(s *schema.Schema) []string {
	list := []string{}
	for _, g := range s.Grants {
		list = append(list, g.String())
	}
	for _, w := range warnings(s) {
		list = append(list, w.String()+" (warning)")
	}
	for _, text := range c.unusedRoles(s) {
		list = append(list, text+" (warning)")
	}
	return list
}

// warnings are those of the schema, and those that need its SQL.
func warnings(s *schema.Schema) []schema.Diagnostic {
	return append(s.Warnings[:len(s.Warnings):len(s.Warnings)], overBudget(s)...)
}
