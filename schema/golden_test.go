package schema

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files")

// golden compares got with the file beside the schema.
func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", file, diff)
	}
}

// testdata/api: a schema, the API derived from it, and its plan from nothing.
func TestDerivedAPI(t *testing.T) {
	files, _ := filepath.Glob("testdata/api/*.graphql")
	if len(files) == 0 {
		t.Fatal("no schemas")
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".graphql")
		t.Run(name, func(t *testing.T) {
			sdl, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			s, err := Load(name+".graphql", sdl)
			if err != nil {
				t.Fatal(err)
			}
			golden(t, strings.TrimSuffix(file, "graphql")+"api", s.API.SDL)
			var plan strings.Builder
			for _, step := range Diff(nil, s, time.Time{}).Steps {
				fmt.Fprintln(&plan, step)
			}
			for _, w := range s.Warnings {
				fmt.Fprintln(&plan, "warning:", w)
			}
			golden(t, strings.TrimSuffix(file, "graphql")+"plan", plan.String())
			for name, root := range s.API.Query {
				if def := s.API.AST.Query.Fields.ForName(name); def == nil || root.Name != name {
					t.Errorf("query field %s is not in the SDL", name)
				}
			}
			for name := range s.API.Mutation {
				if s.API.AST.Mutation.Fields.ForName(name) == nil {
					t.Errorf("mutation field %s is not in the SDL", name)
				}
			}
			if got, want := len(s.API.Query), len(s.API.AST.Query.Fields)-2; got != want { // without __schema and __type
				t.Errorf("%d query roots, the SDL has %d", got, want)
			}
			if got, want := len(s.API.Mutation), len(s.API.AST.Mutation.Fields); got != want {
				t.Errorf("%d mutation roots, the SDL has %d", got, want)
			}
		})
	}
}

// testdata/faults: schemas with many faults, and all of them by position.
func TestFaultFiles(t *testing.T) {
	files, _ := filepath.Glob("testdata/faults/*.graphql")
	if len(files) == 0 {
		t.Fatal("no schemas")
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".graphql")
		t.Run(name, func(t *testing.T) {
			sdl, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			_, err = Load(name+".graphql", sdl)
			if err == nil {
				t.Fatal("no faults")
			}
			golden(t, strings.TrimSuffix(file, "graphql")+"golden", err.Error()+"\n")
		})
	}
}
