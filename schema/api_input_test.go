package schema

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// mutations loads a schema and returns the names of what writes, and the
// warnings that something is not generated.
func mutations(t *testing.T, sdl string) (names, left []string) {
	t.Helper()
	s, err := Load("f", []byte(sdl))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range s.API.AST.Mutation.Fields {
		names = append(names, f.Name)
		if s.API.Mutation[f.Name] == nil {
			t.Errorf("%s is no root field", f.Name)
		}
	}
	slices.Sort(names)
	for _, w := range s.Warnings {
		if strings.Contains(w.Message, "not generated") {
			left = append(left, w.Message)
		}
	}
	return names, left
}

// TestBulkNames: what Fauna had keeps its name; what it had not gives way.
func TestBulkNames(t *testing.T) {
	for _, tt := range []struct {
		name, sdl, want, left string
	}{
		{"plain", `type Entry @auth(all: "true") { a: Int }`,
			"createEntries createEntry deleteEntries deleteEntry partialUpdateEntry updateEntries updateEntry upsertEntry", ""},
		{"leading capitals", `type URLBox @auth(all: "true") { a: Int }`,
			"createURLBox createURLBoxes deleteURLBox deleteURLBoxes partialUpdateURLBox updateURLBox updateURLBoxes upsertURLBox", ""},
		{"plural given", `type Person @collection(plural: "people") @auth(all: "true") { a: Int }`,
			"createPeople createPerson deletePeople deletePerson partialUpdatePerson updatePeople updatePerson upsertPerson", ""},
		{"plural like the type", `type Sheep @collection(plural: "sheep") @auth(all: "true") { a: Int }`,
			"createSheep deleteSheep partialUpdateSheep updateSheep upsertSheep",
			"type Sheep: not generated, as others have the name: createSheep, updateSheep, deleteSheep"},
		{"nothing to set", `type Tick @auth(all: "true") { at: Time @set(on: [CREATE], expr: "now") }`,
			"createTick deleteTick deleteTicks partialUpdateTick updateTick", ""},
	} {
		names, left := mutations(t, tt.sdl)
		if diff := cmp.Diff(tt.want, strings.Join(names, " ")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
		if diff := cmp.Diff(tt.left, strings.Join(left, "; ")); diff != "" {
			t.Errorf("%s: warnings (-want +got):\n%s", tt.name, diff)
		}
	}
}
