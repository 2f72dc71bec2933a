package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"flora.dev/flora/schema"
	"github.com/google/go-cmp/cmp"
)

// TestCheckOutputs compares what flora check --explain and --matrix print of
// the worlds with testdata/check.
func TestCheckOutputs(t *testing.T) {
	for _, dir := range worlds(t) {
		name := filepath.Base(dir)
		t.Run(name, func(t *testing.T) {
			text, err := os.ReadFile(filepath.Join(dir, "schema.graphql"))
			if err != nil {
				t.Fatal(err)
			}
			s, err := schema.Load(name+".graphql", text)
			if err != nil {
				t.Fatal(err)
			}
			var rules, table bytes.Buffer
			if err := explain(&rules, s); err != nil {
				t.Fatal(err)
			}
			if err := matrix(&table, s); err != nil {
				t.Fatal(err)
			}
			for _, out := range []struct{ file, got string }{{name + ".explain", rules.String()}, {name + ".csv", table.String()}} {
				file := filepath.Join("testdata", "check", out.file)
				if *update {
					if err := os.WriteFile(file, []byte(out.got), 0o644); err != nil {
						t.Fatal(err)
					}
				}
				want, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(string(want), out.got); diff != "" {
					t.Errorf("%s (-want +got):\n%s", file, diff)
				}
			}
			if list := overBudget(s); len(list) > 0 {
				t.Errorf("over budget: %v", list)
			}
		})
	}
}

// TestDemoHasNoWarnings: the demo is what people copy.
func TestDemoHasNoWarnings(t *testing.T) {
	s, err := schema.Load(demoSchemaName, demoSchema)
	if err != nil {
		t.Fatal(err)
	}
	if list := warnings(s); len(list) > 0 {
		t.Error(schema.Diagnostics(list))
	}
}

func TestOverBudget(t *testing.T) {
	sdl := func(reason string) string {
		one := "doc.a.b.name.startsWith('x') || doc.b.a.name.startsWith('y')"
		return `type A @auth(read: "` + strings.Join(slicesOf(one, 30), " || ") + `"` + reason + `) { name: String, a: A @relation(name: "a"), b: A @relation(name: "b") }`
	}
	for reason, want := range map[string]string{
		"":                       "f:1:8: A read: the rule is over budget",
		`, reason: "it is rare"`: "",
	} {
		s, err := schema.Load("f", []byte(sdl(reason)))
		if err != nil {
			t.Fatal(err)
		}
		if got := schema.Diagnostics(overBudget(s)).Error(); !strings.HasPrefix(got, want) || want == "" && got != "" {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func slicesOf(s string, n int) (list []string) {
	for range n {
		list = append(list, s)
	}
	return list
}
