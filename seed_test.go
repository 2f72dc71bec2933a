package main

import (
	"context"
	"strings"
	"testing"
	"time"

	"flora.dev/flora/rules"
	"flora.dev/flora/schema"
	"flora.dev/flora/store"
	"github.com/google/go-cmp/cmp"
)

const seedSchema = `
enum Color { RED GREEN }
type Team @auth(read: "anyone", reason: "test") {
  name: String! @unique
  lead: Person
  people: [Person!] @relation(name: "members")
}
type Person @auth(read: "anyone", reason: "test") {
  name: String!
  age: Int
  long: Long
  rating: Float
  born: Date
  seen: Time
  tags: [String!]
  color: Color! @default(expr: "'GREEN'")
  owner: String @default(expr: "CurrentIdentity()")
  team: Team @relation(name: "members")
  friend: Person!
}
`

func loadSeedSchema(t *testing.T) *schema.Schema {
	t.Helper()
	s, err := schema.Load("s.graphql", []byte(seedSchema))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSeedFaults(t *testing.T) {
	s := loadSeedSchema(t)
	tests := []struct{ name, text, want string }{
		{"unknown collection", "pets:\n  - {}\n", "s.yaml:1:1: the schema has no collection pets"},
		{"not a list", "teams: 1\n", "s.yaml:1:8: teams must be a list of documents, found 1"},
		{"not a document", "teams:\n  - x\n", `s.yaml:2:5: a document of Team must be a mapping of fields to values, found "x"`},
		{"unknown field", "teams:\n  - name: x\n    nme: y\n", "s.yaml:3:5: Team has no field nme"},
		{"many side", "teams:\n  - { name: x, people: [] }\n", "s.yaml:2:16: Team.people is one side of a relation: name this document in Person.team instead"},
		{"missing", "teams:\n  - { _id: x }\n", "s.yaml:2:5: Team.name is missing"},
		{"null for required", "teams:\n  - { name: null }\n", "s.yaml:2:13: Team.name must be a value, found null"},
		{"number for string", "teams:\n  - { name: 7 }\n", "s.yaml:2:13: Team.name must be a string; put it in quotes, found 7"},
		{"32 bits", "persons:\n  - { _id: a, name: n, friend: a, age: 2147483648 }\n", "s.yaml:2:40: Person.age must be a whole number of 32 bits, found 2147483648"},
		{"64 bits", "persons:\n  - { _id: a, name: n, friend: a, long: 9223372036854775808 }\n", "s.yaml:2:41: Person.long must be a whole number of 64 bits"},
		{"float", "persons:\n  - { _id: a, name: n, friend: a, rating: high }\n", `s.yaml:2:43: Person.rating must be a number, found "high"`},
		{"date", "persons:\n  - { _id: a, name: n, friend: a, born: 2026-02-30 }\n", "s.yaml:2:41: Person.born must be a date such as 2026-01-31"},
		{"time", "persons:\n  - { _id: a, name: n, friend: a, seen: today }\n", "s.yaml:2:41: Person.seen must be a time such as"},
		{"enum", "persons:\n  - { _id: a, name: n, friend: a, color: BLUE }\n", `s.yaml:2:42: Person.color must be one of RED, GREEN, found "BLUE"`},
		{"list", "persons:\n  - { _id: a, name: n, friend: a, tags: x }\n", `s.yaml:2:41: Person.tags must be a list, found "x"`},
		{"list element", "persons:\n  - { _id: a, name: n, friend: a, tags: [x, null] }\n", "s.yaml:2:41: Person.tags must be a list, each element"},
		{"reference to nothing", "persons:\n  - { name: n, friend: b }\n", "s.yaml:2:24: Person.friend: the seed has no Person with _id b"},
		{"id twice", "teams:\n  - { _id: a, name: x }\n  - { _id: a, name: y }\n", "s.yaml:3:5: Team a is given twice"},
		{"bad id", "teams:\n  - { _id: \"ä\", name: x }\n", "s.yaml:2:12: _id must be 1 to 128 printable ASCII characters"},
		{"field twice", "teams:\n  - { name: x, name: y }\n", "s.yaml:2:16: mapping key"},
		{"list", "- a\n", "s.yaml:1:1: a seed maps collections to lists of documents, found a list"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := parseSeed("s.yaml", []byte(tt.text), s)
			if err == nil || !strings.HasPrefix(err.Error(), tt.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got  %v\nwant %s", err, tt.want)
			}
		})
	}
}

// recording is a store that remembers what was written.
type recording struct {
	store.Store
	heads []store.Head
}

func (r *recording) Write(_ context.Context, m *store.Mutation) (*store.Outcome, error) {
	r.heads = append(r.heads, m.Heads...)
	return &store.Outcome{}, nil
}

func (r *recording) String() string {
	var b strings.Builder
	for _, h := range r.heads {
		b.WriteString(map[store.HeadKind]string{store.Insert: "insert ", store.Update: "update "}[h.Kind] + h.Table.Name + " " + h.ID)
		for _, a := range h.Set {
			if v, ok := a.Value.(rules.Val); ok && v.Value.V != nil {
				b.WriteString(" " + a.Field.Name)
			}
		}
		b.WriteString("\n")
	}
	return b.String()
}

// TestPlant checks the order of documents that refer to each other, and what
// is filled in.
func TestPlant(t *testing.T) {
	seed, err := parseSeed("s.yaml", []byte(`
Person:
  - { _id: ann, name: Ann, team: red, friend: ann, age: -5, long: 9007199254740993, rating: 1, born: 2026-01-31, seen: "2026-01-31T12:00:00.000001+01:00", tags: [a, b], color: RED }
  - { _id: bob, name: Bob, friend: ann }
teams:
  - { _id: red, name: Red, lead: bob }
`), loadSeedSchema(t))
	if err != nil {
		t.Fatal(err)
	}
	r := &recording{}
	if err := seed.plant(t.Context(), r, 1, time.Unix(0, 0)); err != nil {
		t.Fatal(err)
	}
	// Red's lead is Bob, whose friend is Ann, who is in Red: the circle opens
	// where a reference may be null for a while.
	want := "insert Person ann name age long rating born seen tags color friend\n" +
		"insert Person bob name color friend\n" +
		"insert Team red name lead\n" +
		"update Person ann team\n"
	got := r.String()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("writes (-want +got):\n%s", diff)
	}
	for _, h := range r.heads {
		if h.Guard != rules.True {
			t.Errorf("%s %s is guarded", h.Table.Name, h.ID)
		}
		if h.Kind != store.Insert || h.ID != "ann" {
			continue
		}
		values := map[string]any{}
		for _, a := range h.Set {
			values[a.Field.Name] = a.Value.(rules.Val).Value.V
		}
		delete(values, "team")
		want := map[string]any{
			"name": "Ann", "age": int64(-5), "long": int64(9007199254740993), "rating": 1.0, "born": "2026-01-31",
			"seen": int64(1769857200000001), "tags": []any{"a", "b"}, "color": "RED", "owner": nil, "friend": "ann",
		}
		if diff := cmp.Diff(want, values); diff != "" {
			t.Errorf("Ann (-want +got):\n%s", diff)
		}
	}
}

// TestPlantCircle checks two documents that cannot be without each other.
func TestPlantCircle(t *testing.T) {
	seed, err := parseSeed("s.yaml", []byte("persons:\n  - { _id: a, name: A, friend: b }\n  - { _id: b, name: B, friend: a }\n"), loadSeedSchema(t))
	if err != nil {
		t.Fatal(err)
	}
	err = seed.plant(t.Context(), &recording{}, 1, time.Unix(0, 0))
	if err == nil || !strings.Contains(err.Error(), "which needs it in turn") {
		t.Errorf("error %v", err)
	}
}

// TestSeedChecks: a seed has what a client could store; what checks read
// beside the document is not asked.
func TestSeedChecks(t *testing.T) {
	model, err := schema.Load("s.graphql", []byte(`
type Person @auth(read: "signedIn") { sub: String! @unique @identity @auth(write: "false") }
type Visit @auth(read: "signedIn")
  @check(expr: "doc.ends == null || doc.starts < doc.ends", message: "a visit ends after it starts")
  @check(expr: "doc.by.sub == 'x'", message: "of another document") {
  starts: Int!
  ends: Int @default(expr: "5")
  pain: Int @check(expr: "doc.pain <= 10", message: "pain goes to 10") @check(expr: "doc.pain < 9 || HasRole('chief')", message: "of the caller")
  level: Int @default(expr: "3") @check(expr: "doc.level != 4", message: "four is no level")
  at: Time @default(expr: "now") @check(expr: "doc.at < timestamp('2000-01-01T00:00:00Z')", message: "long ago")
  name: String @check(expr: "size(doc.name) > 1", message: "too short")
  names: [String!]
  place: Place @check(expr: "doc.place.city == 'Rome'", message: "Rome only")
  by: Person
}
type Place @embedded { city: String }
`))
	if err != nil {
		t.Fatal(err)
	}
	long := strings.Repeat("x", 64<<10)
	for _, tt := range []struct{ name, text, want string }{
		{"all in order", "{ starts: 4, pain: 10, name: ab, place: { city: Rome }, by: a, names: [" + long + "] }", ""},
		{"omitted", "{ starts: 4 }", ""},
		{"null", "{ starts: 9, ends: null, pain: null, name: null }", ""},
		{"of the type", "{ starts: 6, ends: 6 }", "s.yaml:3:5: Visit: a visit ends after it starts (@check at s.graphql:4:3)"},
		{"with a default", "{ starts: 5 }", "s.yaml:3:5: Visit: a visit ends after it starts (@check at s.graphql:4:3)"},
		{"of a field", "{ starts: 1, pain: 11 }", "s.yaml:3:24: Visit.pain: pain goes to 10 (@check at s.graphql:8:13)"},
		{"of another field", "{ starts: 1, level: 4 }", "s.yaml:3:25: Visit.level: four is no level (@check at s.graphql:9:34)"},
		{"of an embedded value", "{ starts: 1, place: { city: Oslo } }", "s.yaml:3:25: Visit.place: Rome only (@check at s.graphql:13:16)"},
		{"two", "{ starts: 1, pain: 11, name: x }", "s.yaml:3:24: Visit.pain: pain goes to 10 (@check at s.graphql:8:13)\ns.yaml:3:34: Visit.name: too short (@check at s.graphql:11:16)"},
		{"unknown", `{ starts: 1, place: {} }`, "s.yaml:3:25: Visit.place: Rome only (@check at s.graphql:13:16)"},
		{"long text", "{ starts: 1, name: " + long + "x }", "s.yaml:3:24: Visit.name is longer than 65536 bytes"},
		{"long text in a list", "{ starts: 1, names: [a, " + long + "x] }", "s.yaml:3:25: Visit.names is longer than 65536 bytes"},
		{"nothing follows a fault", "{ starts: 1, pain: high, level: 4 }", `s.yaml:3:24: Visit.pain must be a whole number of 32 bits, found "high"`},
	} {
		_, err := parseSeed("s.yaml", []byte("persons: [{ _id: a, sub: a }]\nvisits:\n  - "+tt.text), model)
		got := ""
		if err != nil {
			got = err.Error()
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s: (-want +got):\n%s", tt.name, diff)
		}
	}
}
