package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"flora.dev/flora/auth"
	"flora.dev/flora/schema"
)

// testCommand is flora test.
type testCommand struct {
	Schema string   `arg:"" optional:"" help:"Schema file. Without one the built-in demo and its tests run."`
	Tests  []string `arg:"" optional:"" help:"Files of tests. Without one: NAME.test.yaml beside NAME.graphql, else tests.yaml there."`
}

// Help is what flora test --help adds.
func (testCommand) Help() string {
	return `Says of each test whether its caller can do what it lists. Every line of can and cannot runs alone, through the API, ` +
		`on the given documents in an embedded store. Exits with 1 if a line is not as expected, and where it went wrong for ` +
		`another reason than a rule (a value that is taken, say).

  given:                                       # the form of flora dev --seed
    users:    [{ _id: ada, sub: ada, name: Ada }]
    products: [{ _id: draft, name: Draft, price: 3, owner: ada }]
  tests:
    - name: owners run their drafts
      as: { sub: ada }                         # and roles: [...], claims: {...}
      can:
        - read: products/draft                 # the document
        - read: products/draft.cost            # and this field of it
        - { update: products/draft, set: { price: 4 } }
        - { create: products, data: { name: Lamp, price: 12 } }
        - delete: products/draft
    - name: others do not see them             # no as: anyone without a token
      cannot: [{ read: products/draft }]

A relation can be read if something behind it can, or nothing is there. ` +
		`Values are written as in given: a reference names an _id. A role is held because the test says so, as with flora token. ` +
		`A caller may name the provider that vouches, provider: auth0; a test the time it runs at, now: 2026-01-31T12:00:00Z. ` +
		`Where flora.yaml (or --config FILE) has providers, callers come from those: with the roles that they give for the claims, ` +
		`their subjectPrefix, and no other claim vouched for; a caller who names none comes from the one with bare subjects, and ` +
		`provider: dev is the development issuer.`
}

// Run runs all files, or none where one of them has a fault.
func (c *testCommand) Run(a *app) error {
	providers, _ := a.config.access()
	model, files, err := c.load(providers)
	if _, ok := errors.AsType[schema.Diagnostics](err); ok {
		a.report(err)
		return errReported
	}
	if err != nil {
		return err
	}
	var passed, failed int
	for _, f := range files {
		p, err := f.run(a, model, func(t *ruleTest, failures []string) {
			label := t.name
			if len(files) > 1 {
				label = f.name + ": " + label
			}
			report(a.stdout, label, failures)
		})
		if a.ctx.Err() != nil { // not the end of a server: nothing is proven
			return errors.New("interrupted before all tests ran")
		}
		if err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
		passed, failed = passed+p, failed+len(f.tests)-p
	}
	fmt.Fprintf(a.stdout, "%d passed, %d failed\n", passed, failed)
	if failed > 0 {
		return errReported
	}
	return nil
}

// report prints what became of one test.
func report(w io.Writer, label string, failures []string) {
	if len(failures) == 0 {
		fmt.Fprintf(w, "ok    %s\n", label)
		return
	}
	fmt.Fprintf(w, "FAIL  %s\n", label)
	for _, f := range failures {
		fmt.Fprintf(w, "      %s\n", f)
	}
}

// load reads the schema and its tests; its error has all faults of all files.
func (c *testCommand) load(providers []auth.Provider) (*schema.Schema, []*testFile, error) {
	if c.Schema == "" {
		model, err := schema.Load(demoSchemaName, demoSchema)
		if err != nil {
			return nil, nil, err
		}
		f, err := parseTests(demoTestsName, demoTests, model, nil)
		return model, []*testFile{f}, err
	}
	model, err := loadSchema(c.Schema)
	if err != nil {
		return nil, nil, err
	}
	names, err := c.files()
	if err != nil {
		return nil, nil, err
	}
	var files []*testFile
	var bad configError
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, nil, fmt.Errorf("read tests: %w", err)
		}
		f, err := parseTests(name, text, model, providers)
		faults, ok := errors.AsType[configError](err)
		if err != nil && !ok {
			return nil, nil, err
		}
		bad, files = append(bad, faults...), append(files, f)
	}
	if len(bad) > 0 {
		return nil, nil, bad
	}
	return model, files, nil
}

// files are the test files to run: those named, or the one beside the schema.
func (c *testCommand) files() ([]string, error) {
	if len(c.Tests) > 0 {
		return c.Tests, nil
	}
	own := strings.TrimSuffix(c.Schema, filepath.Ext(c.Schema)) + ".test.yaml"
	for _, name := range []string{own, filepath.Join(filepath.Dir(c.Schema), "tests.yaml")} {
		if _, err := os.Stat(name); !errors.Is(err, fs.ErrNotExist) {
			return []string{name}, err
		}
	}
	return nil, fmt.Errorf("%s has no tests: write %s or a tests.yaml beside it (flora test --help shows one)", c.Schema, filepath.Base(own))
}
