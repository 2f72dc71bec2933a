package main

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"flora.dev/flora/schema"
	"github.com/google/go-cmp/cmp"
)

const testSchema = `
enum State { DRAFT LIVE }
type User @auth(read: "signedIn", update: "doc == CurrentUser()", reason: "test") {
  sub: String! @unique @identity @auth(create: "false", update: "false")
  secret: String @auth(read: "doc == CurrentUser()", onDeny: ERROR)
  notes: [Note!] @relation(name: "owned")
}
type Note
  @auth(read: "doc.state == 'LIVE' || doc.owner == CurrentUser()", write: "doc.owner == CurrentUser()")
  @auth(read: "CurrentToken().age >= 18", role: "critic")
  @auth(delete: "doc.ends != null && doc.ends < now") {
  text: String!
  state: State! @default(expr: "'DRAFT'")
  ends: Time
  long: Long
  tags: [String!]
  editor: User
  owner: User! @relation(name: "owned") @set(on: CREATE, expr: "CurrentUser()")
  replies: [Reply!] @relation
}
type Reply @auth(read: "anyone", write: "doc.by == CurrentIdentity()", reason: "test") {
  to: Note! @auth(update: "doc.to.state == 'LIVE'")
  by: String! @default(expr: "CurrentIdentity()")
}
type Mailbox @auth(read: "doc.owner == CurrentToken().box", write: "signedIn", reason: "test") {
  owner: String! @set(on: CREATE, expr: "CurrentIdentity()")
}
`

const testGiven = `
given:
  users: [{ _id: ada, sub: ada, secret: s }, { _id: bob, sub: bob }]
  notes:
    - { _id: draft, text: a draft, owner: ada, editor: bob }
    - { _id: live, text: for all, state: LIVE, owner: ada }
    - { _id: a.b/c, text: an odd name, state: LIVE, owner: ada, ends: "2099-01-31T12:00:00Z" }
  replies: [{ _id: r, to: live, by: bob }, { _id: s, to: draft, by: bob }]
  mailboxes: [{ _id: m, owner: bob }]
`

func loadTestSchema(t *testing.T) *schema.Schema {
	t.Helper()
	s, err := schema.Load("s.graphql", []byte(testSchema))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestExpectations tries each line as can and as cannot: exactly one of the two
// fails, with the reason.
func TestExpectations(t *testing.T) {
	model := loadTestSchema(t)
	const ada, bob = "{ sub: ada }", "{ sub: bob }"
	tests := []struct {
		name, as, line string
		can            bool
		why            string // of the one that fails
	}{
		{"own document", ada, "read: notes/draft", true, "it is shown | Note.read allows, s.graphql:9:3"},
		{"hidden document", bob, "read: notes/draft", false, "it is hidden | Note.read denies, s.graphql:9:3"},
		{"type name", bob, "read: Note/live", true, "it is shown"},
		{"odd id", bob, "read: notes/a.b/c", true, "it is shown"},
		{"field of an odd id", bob, "read: notes/a.b/c.text", true, "it is shown"},
		{"field", ada, "read: users/ada.secret", true, "it is shown | User.secret.read allows, s.graphql:5:18"},
		{"denied field", bob, "read: users/ada.secret", false, "the field is denied | User.secret.read denies, s.graphql:5:18"},
		{"field of a hidden document", "", "read: users/ada.secret", false, "it is hidden | User.read denies"},
		{"reference", bob, "read: notes/live.owner", true, "it is shown"},
		{"reference to a hidden document", "", "read: notes/live.owner", false, "the document that it names is hidden | User.read denies, s.graphql:3:11"},
		{"reference to nothing", bob, "read: notes/live.editor", true, "it is shown"},
		{"many side", bob, "read: notes/live.replies", true, "it is shown"},
		{"role", "{ sub: bob, roles: [critic], claims: { age: 18 } }", "read: notes/draft", true, "it is shown | Note.read allows, s.graphql:10:3, role critic: CurrentToken().age >= 18"},
		{"role without its claim", "{ sub: bob, roles: [critic] }", "read: notes/draft", false, "it is hidden | Note.read denies, s.graphql:9:3: doc.state == 'LIVE' || doc.owner == CurrentUser() | Note.read is unknown, s.graphql:10:3"},
		{"role with a claim of another type", `{ sub: bob, roles: [critic], claims: { age: "18" } }`, "read: notes/draft", false, "it is hidden"},
		{"claim without the role", "{ sub: bob, claims: { age: 18 } }", "read: notes/draft", false, "it is hidden"},

		{"update", ada, "{ update: notes/draft, set: { text: x, state: LIVE, editor: null, long: 9007199254740993, tags: [a] } }", true, "it was updated | Note.update allows, s.graphql:9:3"},
		{"update of nothing", ada, "{ update: notes/draft, set: {} }", true, "it was updated"},
		{"update refused", bob, "{ update: notes/live, set: { text: x } }", false, "it was refused (FORBIDDEN) | Note.update denies, s.graphql:9:3"},
		{"update hidden", bob, "{ update: notes/draft, set: { text: x } }", false, "it is hidden | Note.read denies"},
		{"update by no one", "", "{ update: notes/live, set: { text: x } }", false, "it was refused (UNAUTHENTICATED) | Note.update is unknown"},
		{"update of a field that nobody may set", ada, "{ update: users/ada, set: { sub: x } }", false, "it was refused (FORBIDDEN) | User.sub.update denies, s.graphql:4:34"},
		{"field rule", bob, "{ update: replies/r, set: { to: a.b/c } }", true, "it was updated"},
		{"field rule refused", bob, "{ update: replies/s, set: { to: live } }", false, "it was refused (FORBIDDEN) | Reply.to.update denies, s.graphql:22:13: doc.to.state == 'LIVE'"},
		{"update without settable fields", "{ sub: bob, claims: { box: bob } }", "{ update: mailboxes/m, set: {} }", true, "it was updated"},
		{"update of a mailbox in another box", bob, "{ update: mailboxes/m, set: {} }", false, "it is hidden | Mailbox.read is unknown"},

		{"create", ada, "{ create: notes, data: { text: x, ends: \"2026-01-31T12:00:00.000001+01:00\" } }", true, "it was created | Note.create allows"},
		{"create refused", "{ sub: eve }", "{ create: notes, data: { text: x } }", false, "it was refused (FORBIDDEN) | Note.create is unknown"},
		{"create for a hidden document", bob, "{ create: replies, data: { to: draft } }", false, "it was refused (FORBIDDEN) | Reply.to: Note.read denies, s.graphql:9:3"},
		{"create for a document in sight", ada, "{ create: replies, data: { to: draft } }", true, "it was created"},
		{"create in another name", bob, "{ create: replies, data: { to: live, by: ada } }", false, "it was refused (FORBIDDEN) | Reply.create denies"},
		{"create out of own sight, without settable fields", bob, "{ create: mailboxes, data: {} }", true, "it was created"},
		{"create with what only callers have", "", "{ create: replies, data: { to: live } }", false, "it was refused (UNAUTHENTICATED) | Reply.by denies, s.graphql:23:3"},

		{"delete", ada, "delete: notes/draft", true, "CONFLICT"},
		{"delete what nothing refers to", ada, "delete: notes/a.b/c", true, "it was deleted | Note.delete allows"},
		{"delete refused", bob, "delete: notes/a.b/c", false, "it was refused (FORBIDDEN) | Note.delete denies"},
		{"delete hidden", bob, "delete: notes/draft", false, "it is hidden"},
	}
	var text strings.Builder
	text.WriteString(testGiven + "tests:\n")
	for i, tt := range tests {
		as := ""
		if tt.as != "" {
			as = "as: " + tt.as + ", "
		}
		line := tt.line
		if !strings.HasPrefix(line, "{") {
			line = "{ " + line + " }"
		}
		fmt.Fprintf(&text, "  - { name: \"%d\", %scan: [%s] }\n  - { name: \"%d not\", %scannot: [%s] }\n", i, as, line, i, as, line)
	}
	got := runTests(t, model, text.String())
	for i, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			can, cannot := got[fmt.Sprint(i)], got[fmt.Sprint(i, " not")]
			if tt.why == "CONFLICT" { // no rule decides: neither holds
				if !strings.Contains(can, "but no rule decided that: CONFLICT") || !strings.Contains(cannot, "but no rule decided that: CONFLICT") {
					t.Errorf("can: %s\ncannot: %s", can, cannot)
				}
				return
			}
			passing, failing := can, cannot
			if !tt.can {
				passing, failing = cannot, can
			}
			failing = strings.ReplaceAll(failing, indent, " | ")
			if passing != "" || !strings.Contains(failing, ", but "+tt.why) {
				t.Errorf("can: %s\ncannot: %s", can, cannot)
			}
		})
	}
}

// runTests returns the failures of each test by its name.
func runTests(t *testing.T, model *schema.Schema, text string) map[string]string {
	t.Helper()
	f, err := parseTests("t.yaml", []byte(text), model, nil)
	if err != nil {
		t.Fatal(err)
	}
	out := newConsole()
	got := map[string]string{}
	passed, err := f.run(&app{ctx: t.Context(), stdout: out, stderr: out, config: &config{}}, model, func(rt *ruleTest, failures []string) {
		got[rt.name] = strings.Join(failures, "\n")
	})
	if err != nil || len(got) != len(f.tests) || out.String() != "" {
		t.Fatalf("%d tests told: %v\n%s", len(got), err, out)
	}
	for _, failures := range got {
		if failures == "" {
			passed--
		}
	}
	if passed != 0 {
		t.Errorf("the number of those that passed is off by %d", passed)
	}
	return got
}

// TestExpectationsAlone checks that a write is gone for the next line, and that
// a test may choose its time.
func TestExpectationsAlone(t *testing.T) {
	got := runTests(t, loadTestSchema(t), testGiven+`
tests:
  - name: writes
    as: &ada { sub: ada }
    can:
      - delete: notes/a.b/c
      - read: notes/a.b/c
      - { update: notes/draft, set: { state: LIVE } }
      - { update: users/ada, set: { secret: null } }
      - read: users/ada.secret
      - { update: notes/live, set: { replies: [s] } }
  - name: reads after
    as: { sub: bob }
    cannot: [{ read: notes/draft }, { update: notes/live, set: { replies: [r] } }]
  - { name: reads before, as: *ada, can: [{ read: notes/draft }] }
  - { name: early, now: "2099-01-31T12:00:00Z", as: { sub: bob }, cannot: [{ delete: notes/a.b/c }] }
  - { name: late, now: "2099-01-31T12:00:00.000001Z", as: { sub: bob }, can: [{ delete: notes/a.b/c }] }
  - { name: today, as: { sub: bob }, cannot: [{ delete: notes/a.b/c }] }
`)
	want := map[string]string{"reads after": "", "reads before": "", "early": "", "late": "", "today": "",
		"writes": "t.yaml:20:9: ada should be able to update notes/live, but it was refused (FORBIDDEN)" +
			indent + "Note.replies: Reply/s.update denies, s.graphql:21:12: doc.by == CurrentIdentity()"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("failures (-want +got):\n%s", diff)
	}
}

// TestCallers checks what a caller's provider and claims give.
func TestCallers(t *testing.T) {
	model, err := schema.Load("s.graphql", []byte(`
extend schema @role(name: "manager", when: "'m' in CurrentToken().groups", provider: "auth0")
type User @auth(read: "signedIn", reason: "test") {
  email: String! @unique @identity(claim: "email") @auth(create: "false", update: "false")
}
type Page @auth(read: "doc.owner == CurrentUser()") @auth(role: "manager", read: "true") { owner: User }
`))
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct{ name, as, key string }{
		{"role of a provider", "{ sub: x, provider: auth0, claims: { groups: [m] } }", "can"},
		{"role of another provider", "{ sub: x, claims: { groups: [m] } }", "cannot"},
		{"role that the test gives", "{ sub: x, roles: [manager] }", "can"},
		{"linked by a claim", "{ sub: x, claims: { email: a@b.c, email_verified: true } }", "can"},
		{"linked by a claim that is not verified", "{ sub: x, claims: { email: a@b.c } }", "cannot"},
		{"linked by another claim", "{ sub: a@b.c }", "cannot"},
	}
	text := "given: { users: [{ _id: u, email: a@b.c }], pages: [{ _id: p, owner: u }] }\ntests:\n"
	for _, tt := range tests {
		text += fmt.Sprintf("  - { name: %s, as: %s, %s: [{ read: pages/p }] }\n", tt.name, tt.as, tt.key)
	}
	for name, failures := range runTests(t, model, text) {
		if failures != "" {
			t.Errorf("%s: %s", name, failures)
		}
	}
}

// TestTestInterrupted checks that a run which was cut short is no success.
func TestTestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	out := newConsole()
	if code := run(ctx, []string{"test"}, nil, out, out); code != 1 || strings.Contains(out.String(), "passed") {
		t.Errorf("exit code %d\n%s", code, out)
	}
}

func TestTestFaults(t *testing.T) {
	model := loadTestSchema(t)
	line := func(text string) string { return testGiven + "tests:\n  - { name: x, can: [" + text + "] }\n" }
	tests := []struct{ name, text, want string }{
		{"no file", "", "t.yaml: expected one YAML document with given and tests"},
		{"two documents", "tests: []\n---\ntests: []\n", "t.yaml: expected one YAML document"},
		{"no mapping", "- x\n", "t.yaml:1:1: a file of tests must be a mapping of given, tests, found a list"},
		{"no tests", "given: {}\n", "t.yaml:1:1: tests is missing"},
		{"empty tests", "tests: []\n", "t.yaml:1:8: tests is empty"},
		{"unknown key", testGiven + "tests: [{ name: x, can: [{ delete: users/ada }], cant: [] }]\n", "t.yaml:10:50: unknown key cant, a test has name, as, now, can, cannot"},
		{"given", "given: { users: [{ sub: 7 }] }\ntests: [{ name: x, can: [{ create: notes, data: { text: x } }] }]\n", "t.yaml:1:25: User.sub must be a string"},
		{"no name", testGiven + "tests: [{ can: [{ read: users/ada }] }]\n", "t.yaml:10:9: the test has no name"},
		{"expects nothing", "tests: [{ name: x }]\n", "t.yaml:1:9: the test expects nothing"},
		{"empty list", "tests: [{ name: x, cannot: [] }]\n", "t.yaml:1:28: cannot is empty"},
		{"no list", "tests: [{ name: x, can: { read: users/ada } }]\n", "t.yaml:1:25: can must be a list, found a mapping"},
		{"caller without subject", testGiven + "tests: [{ name: x, as: { claims: { a: 1 } }, can: [{ read: users/ada }] }]\n", "t.yaml:10:24: as needs a sub"},
		{"caller with another key", testGiven + "tests: [{ name: x, as: { sub: a, role: b }, can: [{ read: users/ada }] }]\n", "t.yaml:10:34: unknown key role"},
		{"roles in a string", testGiven + "tests: [{ name: x, as: { sub: a, roles: b }, can: [{ read: users/ada }] }]\n", `t.yaml:10:41: roles must be a list, found "b"`},
		{"claim of the issuer", testGiven + "tests: [{ name: x, as: { sub: a, claims: { iss: b } }, can: [{ read: users/ada }] }]\n", "t.yaml:10:24: claim iss is set by flora test"},
		{"claim without JSON", testGiven + "tests: [{ name: x, as: { sub: a, claims: { k: .nan } }, can: [{ read: users/ada }] }]\n", "t.yaml:10:24: claims are not what JSON can say"},
		{"unknown caller", testGiven + "tests: [{ name: x, as: *ada, can: [{ read: users/ada }] }]\n", "t.yaml:10:24: no caller before this one is named &ada"},
		{"now", testGiven + "tests: [{ name: x, now: noon, can: [{ read: users/ada }] }]\n", "t.yaml:10:25: now must be a time such as"},
		{"line without action", line("{ set: {} }"), "t.yaml:11:22: the line needs read, create, update or delete"},
		{"two actions", line("{ read: users/ada, delete: users/ada }"), "t.yaml:11:22: read and delete in one line: write two"},
		{"no line", line("x"), "t.yaml:11:22: a line of can or cannot must be a mapping"},
		{"unknown collection", line("{ read: pets/rex }"), "t.yaml:11:30: the schema has no collection pets"},
		{"unknown document", line("{ delete: users/eve }"), "t.yaml:11:32: given has no User with _id eve"},
		{"unknown document of a field", line("{ read: users/eve.sub }"), "t.yaml:11:30: given has no User with _id eve"},
		{"unknown field", line("{ read: users/ada.age }"), "t.yaml:11:30: User has no field age"},
		{"write of a field", line("{ update: users/ada.sub, set: {} }"), "t.yaml:11:32: given has no User with _id ada.sub"},
		{"collection alone", line("{ read: users }"), "t.yaml:11:30: read must name collection/_id"},
		{"create of a document", line("{ create: users/eve, data: {} }"), "t.yaml:11:32: create must name a collection"},
		{"create without data", line("{ create: notes }"), "t.yaml:11:22: create needs data: {...}"},
		{"update without set", line("{ update: users/ada }"), "t.yaml:11:22: update needs set: {...}"},
		{"update with data", line("{ update: users/ada, set: {}, data: {} }"), "t.yaml:11:58: update has no data"},
		{"delete with set", line("{ delete: users/ada, set: {} }"), "t.yaml:11:48: delete has no set"},
		{"data in a list", line("{ create: notes, data: [] }"), "t.yaml:11:45: data must be a mapping of fields to values"},
		{"unknown field in data", line("{ update: users/ada, set: { age: 1 } }"), "t.yaml:11:50: User has no field age"},
		{"missing field", line("{ create: notes, data: { state: LIVE } }"), "t.yaml:11:45: Note.text is missing"},
		{"null for required", line("{ update: notes/draft, set: { text: null } }"), "t.yaml:11:58: Note.text must be a value, found null"},
		{"wrong type", line("{ update: notes/draft, set: { text: 7 } }"), "t.yaml:11:58: Note.text must be a string; put it in quotes, found 7"},
		{"set by the server", line("{ create: notes, data: { text: x, owner: ada } }"), "t.yaml:11:56: Note.owner is set by the server, no client can send it"},
		{"reference to nothing", line("{ update: notes/draft, set: { editor: eve } }"), "t.yaml:11:60: Note.editor: given has no User with _id eve"},
		{"list side to nothing", line("{ update: notes/draft, set: { replies: [r, q] } }"), "t.yaml:11:65: Note.replies: given has no Reply with _id q"},
		{"list side without list", line("{ update: notes/draft, set: { replies: r } }"), "t.yaml:11:61: Note.replies must be a list of the _id of each Reply"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := parseTests("t.yaml", []byte(tt.text), model, nil)
			if err == nil || !strings.HasPrefix(err.Error(), tt.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got  %v\nwant %s", err, tt.want)
			}
		})
	}
}

// TestSeedOfTests checks that a file of tests seeds a store with what is given,
// and that collections may have the names of its keys.
func TestSeedOfTests(t *testing.T) {
	s, err := parseSeed("t.yaml", []byte(testGiven+"tests: [{ name: not looked at }]\n"), loadTestSchema(t))
	if err != nil || len(s.documents) != 8 {
		t.Errorf("%d documents: %v", len(s.documents), err)
	}
	odd, err := schema.Load("s.graphql", []byte(`type Test @auth(read: "signedIn", reason: "x") { name: String! } type Given @auth(read: "signedIn", reason: "x") @collection(plural: "given") { name: String! }`))
	if err != nil {
		t.Fatal(err)
	}
	s, err = parseSeed("t.yaml", []byte("given: [{ name: x }]\ntests: [{ name: a }, { name: b }]\n"), odd)
	if err != nil || len(s.documents) != 3 {
		t.Errorf("%v", err)
	}
	for _, text := range []string{"tests: []\n", "given: {}\ntest: []\n", "given: {}\ntests: []\nusers: []\n"} {
		if _, err := parseSeed("t.yaml", []byte(text), loadTestSchema(t)); err == nil || !strings.Contains(err.Error(), "the schema has no collection") {
			t.Errorf("%q was taken for a file of tests: %v", text, err)
		}
	}
}

// TestEveryFieldCanBeTested reads each field of each document of the worlds, and
// sends it back: whatever a rule says of that, the line is one that a rule
// decides.
func TestEveryFieldCanBeTested(t *testing.T) {
	kinds := map[string]int{}
	for _, dir := range worlds(t) {
		w := readWorld(t, dir)
		model, err := schema.Load("schema.graphql", w.sdl)
		if err != nil {
			t.Fatal(err)
		}
		seed, err := parseSeed("seed.yaml", w.seed, model)
		if err != nil {
			t.Fatal(err)
		}
		var text strings.Builder
		text.WriteString("given:\n")
		for line := range strings.Lines(string(w.seed)) {
			text.WriteString("  " + line)
		}
		text.WriteString("\ntests:\n  - name: all\n    as: { sub: ada }\n    can:\n")
		for _, d := range seed.documents {
			for _, f := range d.collection.Fields {
				fmt.Fprintf(&text, "      - read: %s/%s.%s\n", d.collection.Name, d.id, f.Name)
				if n := d.nodes[f.Name]; n != nil && f.Settable() {
					fmt.Fprintf(&text, "      - { update: %s/%s, set: { %s: %s } }\n", d.collection.Name, d.id, f.Name, n)
				}
				kind := f.Kind.String()
				switch {
				case f.Many():
					kind = "many"
				case f.Inverse():
					kind = "inverse"
				case f.EmbeddedList:
					kind = "embedded list"
				}
				kinds[kind]++
			}
		}
		f, err := parseTests(w.name, []byte(text.String()), model, nil)
		if err != nil {
			t.Fatal(err)
		}
		var out strings.Builder
		a := &app{ctx: t.Context(), stdout: &out, stderr: &out, config: &config{}}
		if _, err := f.run(a, model, func(rt *ruleTest, failures []string) {
			for _, line := range failures {
				if strings.Contains(line, "no rule decided that") && !strings.Contains(line, "CONFLICT") {
					t.Error(line)
				}
			}
		}); err != nil {
			t.Fatal(err)
		}
	}
	for _, kind := range []string{"many", "inverse", "Embedded", "embedded list", "JSON", "Decimal", "UUID", "Ref", "Enum", "Time", "Date"} {
		if kinds[kind] == 0 {
			t.Errorf("no world has a field of kind %s: %v", kind, kinds)
		}
	}
}
