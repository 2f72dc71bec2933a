package deploy

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"flora.dev/flora/schema"
	"github.com/google/go-cmp/cmp"
)

// load reads a schema; "" is none. @renamed is left out for a language that does
// not have it yet, and stays in the text, from which it is read.
func load(t *testing.T, file, sdl string) *schema.Schema {
	t.Helper()
	if sdl == "" {
		return nil
	}
	s, err := schema.Load(file, []byte(sdl))
	if err != nil && strings.Contains(sdl, "@renamed") {
		s, err = schema.Load(file, []byte(regexp.MustCompile(`@renamed\([^)]*\)`).ReplaceAllString(sdl, "")))
		if err == nil {
			s.SDL = sdl
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// lines are the changes that are not safe with their consequences, and how many
// are safe.
func lines(breaks []Break) string {
	var out []string
	safe := 0
	for _, b := range breaks {
		if b.Severity == Safe {
			safe++
			continue
		}
		line := strings.Join(strings.Fields(b.String()), " ")
		for i, also := range b.Also {
			line += map[bool]string{true: " + ", false: ", "}[i == 0] + also.Kind + " " + also.Path
		}
		out = append(out, line)
	}
	if safe > 0 {
		out = append(out, fmt.Sprint(safe, " safe"))
	}
	return strings.Join(out, "\n")
}

func TestClients(t *testing.T) {
	kinds := map[string]bool{}
	for _, tt := range clientCases {
		breaks := Clients(load(t, "old", tt.old), load(t, "new", tt.new))
		if diff := cmp.Diff(tt.want, lines(breaks)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
		for _, b := range breaks {
			for _, ch := range b.changes {
				kinds[ch.Kind] = true
			}
		}
	}
	for _, kind := range []string{removedType, renamedType, removedRoot, removedField, renamedField, removedArgument, removedInputField,
		removedEnumValue, changedType, nullableOutput, requiredInput, narrowedType, addedEnumValue, changedDefault, addedType, addedRoot,
		addedField, addedArgument, addedInputField, nonNullOutput, optionalInput, deprecatedField} {
		if !kinds[kind] {
			t.Errorf("no case has a %s", kind)
		}
	}
}

// TestClientsTwice: the order does not depend on that of maps.
func TestClientsTwice(t *testing.T) {
	old := load(t, "old", "type A { x: Int y: Int b: B } type B { x: String! @unique e: E } enum E { P Q }")
	new := load(t, "new", "type A { x: Int! b: B } type B { e: E } type C { x: Int } enum E { P R }")
	first := lines(Clients(old, new))
	for range 20 {
		if diff := cmp.Diff(first, lines(Clients(old, new))); diff != "" {
			t.Fatal(diff)
		}
	}
}

// TestClientsJSON shows the form that a script reads.
func TestClientsJSON(t *testing.T) {
	breaks := Clients(load(t, "old.graphql", "type A { x: E } enum E { P Q }"), load(t, "new.graphql", "type A { x: E } enum E { P R }"))
	got, err := json.Marshal(breaks)
	if err != nil {
		t.Fatal(err)
	}
	want := `[{"kind":"removed-enum-value","severity":"breaking","path":"E.Q","cause":{"of":"E.Q","at":"old.graphql:1:28","in":"old"}},` +
		`{"kind":"added-enum-value","severity":"dangerous","path":"E.R","cause":{"of":"E.R","at":"new.graphql:1:28","in":"new"}}]`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Error(diff)
	}
}
