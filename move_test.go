package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"flora.dev/flora/schema"
	"flora.dev/flora/store/spanner/emulator"
	"github.com/google/go-cmp/cmp"
)

// mover runs commands that move documents, each to its end.
type mover struct {
	t   *testing.T
	env map[string]string
}

func newMover(t *testing.T) *mover {
	return &mover{t, map[string]string{"SPANNER_EMULATOR_HOST": emulator.Host(t)}}
}

// empty names a store of an engine that has nothing yet.
func (m *mover) empty(engine string) string {
	if engine == "spanner" {
		return "spanner:" + emulator.Database(m.t)
	}
	return "sqlite:" + filepath.Join(m.t.TempDir(), "flora.db")
}

// planted names a store with a schema and its seed.
func (m *mover) planted(engine string, sdl, seed string) string {
	m.t.Helper()
	name := m.empty(engine)
	a := &app{ctx: m.t.Context(), env: newEnvironment(environ(m.env))}
	db, err := a.openStore(name, true)
	if err != nil {
		m.t.Fatal(err)
	}
	defer db.Close()
	model, err := schema.Load("schema.graphql", []byte(sdl))
	if err != nil {
		m.t.Fatal(err)
	}
	p, err := plan(a.ctx, db, model, false)
	if err != nil {
		m.t.Fatal(err)
	}
	d, err := p.apply(a.ctx, db)
	if err != nil {
		m.t.Fatal(err)
	}
	s, err := parseSeed("seed.yaml", []byte(seed), model)
	if err != nil {
		m.t.Fatal(err)
	}
	if err := s.plant(a.ctx, db, d.Version, worldNow); err != nil {
		m.t.Fatal(err)
	}
	return name
}

// run runs flora and returns its exit code and what it printed.
func (m *mover) run(args ...string) (code int, stdout, stderr string) {
	var out, errs strings.Builder
	ctx, cancel := context.WithTimeout(m.t.Context(), time.Minute)
	defer cancel()
	code = run(ctx, args, environ(m.env), &out, &errs)
	return code, out.String(), errs.String()
}

// must runs flora and returns what it printed.
func (m *mover) must(args ...string) string {
	m.t.Helper()
	code, out, errs := m.run(args...)
	if code != 0 || errs != "" {
		m.t.Fatalf("flora %s: %d\n%s%s", strings.Join(args, " "), code, out, errs)
	}
	return out
}

// export returns the text of each file that flora export makes.
func (m *mover) export(store string, args ...string) map[string]string {
	m.t.Helper()
	dir := filepath.Join(m.t.TempDir(), "out")
	m.must(append([]string{"export", dir, "--store", store}, args...)...)
	return m.files(dir)
}

func (m *mover) files(dir string) map[string]string {
	m.t.Helper()
	out := map[string]string{}
	entries, err := os.ReadDir(dir)
	if err != nil {
		m.t.Fatal(err)
	}
	for _, e := range entries {
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			m.t.Fatal(err)
		}
		out[e.Name()] = string(text)
	}
	return out
}

// write makes a folder of files.
func (m *mover) write(files map[string]string) string {
	m.t.Helper()
	dir := m.t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			m.t.Fatal(err)
		}
	}
	return dir
}

var bothEngines = []string{"sqlite", "spanner"}

// eachPair runs f for each engine to move from and to.
func eachPair(t *testing.T, f func(t *testing.T, from, to string)) {
	for _, from := range bothEngines {
		for _, to := range bothEngines {
			t.Run(from+" to "+to, func(t *testing.T) { f(t, from, to) })
		}
	}
}

// circles refer to each other in every way: to themselves, in pairs, and in a
// way that is required on one side.
const circles = `
type Team @auth(read: "anyone", reason: "test") { name: String!  lead: Person  parent: Team  rivals: [Team!] @relation(name: "rivals")  rivalOf: [Team!] @relation(name: "rivals") }
type Person @auth(read: "anyone", reason: "test") { name: String!  team: Team!  friend: Person  desk: Desk @relation(name: "desk")  mail: String @unique @fold }
type Desk @auth(read: "anyone", reason: "test") { no: Int!  holder: Person @relation(name: "desk", owning: true) }
`

const circlesSeed = `
Team: [ { _id: t1, name: One, lead: p1, parent: t2, rivals: [t1, t2] }, { _id: t2, name: Two, lead: p3, parent: t1, rivals: [t1] }, { _id: t3, name: Own, parent: t3 } ]
Person: [ { _id: p1, name: A, team: t1, friend: p2, mail: A@X }, { _id: p2, name: B, team: t1, friend: p1 }, { _id: p3, name: C, team: t2, friend: p3 } ]
Desk: [ { _id: "a desk\\\"", no: 1, holder: p1 }, { _id: d2, no: 2 } ]
`

// TestMove exports, imports, exports again, and copies: the bytes stay.
func TestMove(t *testing.T) {
	t.Parallel()
	worlds := map[string]*world{"circles": {sdl: []byte(circles), seed: []byte(circlesSeed)}}
	for _, name := range []string{"types", "market", "sales"} {
		worlds[name] = readWorld(t, "testdata/worlds/"+name)
	}
	for name, w := range worlds {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			eachPair(t, func(t *testing.T, from, to string) {
				m := newMover(t)
				source := m.planted(from, string(w.sdl), string(w.seed))
				want := m.export(source)
				if len(want) < 3 {
					t.Fatalf("%d files", len(want))
				}
				target := m.planted(to, string(w.sdl), "")
				m.must("import", m.write(want), "--store", target)
				if diff := cmp.Diff(want, m.export(target)); diff != "" {
					t.Errorf("after an import (-want +got):\n%s", diff)
				}

				one := filepath.Join(t.TempDir(), "all.jsonl")
				m.must("export", one, "--store", target)
				other := m.planted(from, string(w.sdl), "")
				m.must("import", one, "--store", other)
				if diff := cmp.Diff(want, m.export(other)); diff != "" {
					t.Errorf("after an import of one file (-want +got):\n%s", diff)
				}

				copied := m.empty(to)
				out := m.must("copy", "--from", source, "--to", copied)
				if !strings.Contains(out, "counted in both stores") {
					t.Errorf("copy says %q", out)
				}
				if diff := cmp.Diff(want, m.export(copied)); diff != "" {
					t.Errorf("after a copy (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// TestMoveLarge moves documents of which a page, or a batch, is more than a
// store takes at once.
func TestMoveLarge(t *testing.T) {
	var lines strings.Builder
	const n = 9
	for i := range n {
		lines.WriteString(`{"_id":"a` + string(rune('0'+i)) + `","_ts":1,"name":"` + strings.Repeat("ü", 480_000) + `"}` + "\n")
	}
	want := map[string]string{"Author.jsonl": lines.String(), "Book.jsonl": "", "Shelf.jsonl": "", "Book_shelves.jsonl": ""}
	for _, engine := range bothEngines {
		t.Run(engine, func(t *testing.T) {
			m := newMover(t)
			store := m.planted(engine, library, "")
			m.must("import", m.write(want), "--store", store)
			for name, text := range m.export(store) {
				if text != want[name] {
					t.Errorf("%s: %d bytes, want %d", name, len(text), len(want[name]))
				}
			}
		})
	}
}

// TestMoveInterrupted says so of a command that did not come to its end.
func TestMoveInterrupted(t *testing.T) {
	m := newMover(t)
	store, dir := m.planted("sqlite", library, ""), t.TempDir()
	lines := m.write(map[string]string{"Author.jsonl": `{"_id":"a","name":"A"}`})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, args := range [][]string{
		{"export", filepath.Join(dir, "out"), "--store", store}, {"import", lines, "--store", store},
		{"copy", "--from", store, "--to", m.empty("sqlite")}, {"backup", filepath.Join(dir, "copy.db"), "--store", store},
	} {
		var out, errs strings.Builder
		code := run(ctx, args, nil, &out, &errs)
		if want := "flora: " + args[0] + ": interrupted, run it again\n"; code != 1 || out.String() != "" || errs.String() != want {
			t.Errorf("%s: %d %s%s", args[0], code, out.String(), errs.String())
		}
	}
	if left := m.files(dir); len(left) > 0 {
		t.Errorf("left behind: %d files", len(left))
	}
}
