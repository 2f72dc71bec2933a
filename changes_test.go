package main

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"flora.dev/flora/graph"
	"flora.dev/flora/schema"
	"flora.dev/flora/store"
	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
)

// deployCase is one file of testdata/changes: a schema with documents, the
// schema that is deployed over it, and operations under what is deployed then.
// What the plan says, why it fails, and the answers are in the file .answer.
type deployCase struct {
	Why    string   `yaml:"why"`
	Before string   `yaml:"before"`
	Given  any      `yaml:"given"`
	After  string   `yaml:"after"`
	Allow  []string `yaml:"allow"`
	Asks   []string `yaml:"asks"`
}

func readChanges(t *testing.T) map[string]*deployCase {
	t.Helper()
	files, err := filepath.Glob("testdata/changes/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d changes: %v", len(files), err)
	}
	out := map[string]*deployCase{}
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		c := &deployCase{}
		if err := yaml.UnmarshalWithOptions(text, c, yaml.Strict()); err != nil {
			t.Fatalf("%s: %v", f, err)
		}
		out[strings.TrimSuffix(filepath.Base(f), ".yaml")] = c
	}
	return out
}

// TestChanges deploys each change on both engines.
func TestChanges(t *testing.T) {
	t.Parallel()
	for name, c := range readChanges(t) {
		for _, engine := range bothEngines {
			t.Run(name+"/"+engine, func(t *testing.T) {
				if !*update { // which writes on one engine what the other reads
					t.Parallel()
				}
				db := openEngine(t, engine)
				c.begin(t, db)
				p, err := plan(t.Context(), db, loadChange(t, c.After), false, c.Allow...)
				if err != nil {
					t.Fatal(err)
				}
				got := planText(p)
				if len(p.refused()) == 0 {
					if _, err = p.apply(t.Context(), db); err != nil {
						got += "fails: " + err.Error() + "\n"
					}
				}
				got += c.answers(t, db)
				file := "testdata/changes/" + name + ".answer"
				if *update && engine == bothEngines[0] {
					if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
						t.Fatal(err)
					}
				}
				want, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(string(want), got); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
			})
		}
	}
}

func openEngine(t *testing.T, engine string) store.Store {
	if engine == "sqlite" {
		return openMemory(t)
	}
	return openEmulated(t)
}

func loadChange(t *testing.T, sdl string) *schema.Schema {
	t.Helper()
	s, err := schema.Load("after.graphql", []byte(sdl))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// begin deploys the schema before, with its documents.
func (c *deployCase) begin(t *testing.T, db store.Store) {
	t.Helper()
	model := loadChange(t, c.Before)
	p, err := plan(t.Context(), db, model, false)
	if err != nil {
		t.Fatal(err)
	}
	d, err := p.apply(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	text, err := yaml.Marshal(c.Given)
	if err != nil {
		t.Fatal(err)
	}
	s, err := parseSeed("given", text, model)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.plant(t.Context(), db, d.Version, time.UnixMicro(1_767_225_600_000_000)); err != nil {
		t.Fatal(err)
	}
}

// answers asks under what is deployed.
func (c *deployCase) answers(t *testing.T, db store.Store) (out string) {
	t.Helper()
	d, err := db.Deployed(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	s, err := newService(db, d, serviceOptions{file: "after.graphql", limits: defaultLimits(), log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	for _, ask := range c.Asks {
		r := s.data.Do(t.Context(), graph.Request{Query: ask})
		out += masked.ReplaceAllString(string(r.Body), `$1$2"*"`) + "\n"
	}
	return out
}

func planText(p *planned) string {
	var b strings.Builder
	for _, c := range p.diff.Changes {
		if c.Refused {
			b.WriteString("refused: ")
		}
		if c.Allow != "" {
			b.WriteString(c.Allow + ": ")
		}
		b.WriteString(c.Text + "\n")
	}
	return b.String()
}
