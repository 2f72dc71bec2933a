package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"flora.dev/flora/schema"
	"flora.dev/flora/store"
	"flora.dev/flora/store/advice"
	"flora.dev/flora/store/sqlite"
)

// boards are rules made of alternatives, with teams through a collection.
const boards = `
type User @auth(read: "signedIn") { sub: String! @unique @identity @auth(write: "false") }
type Team @auth(read: "doc.members.exists(m, m.user == CurrentUser())") { name: String!  members: [Member!] @relation  cards: [Card!] @relation }
type Member @auth(read: "doc.login == CurrentIdentity()") { team: Team!  user: User!  login: String! }
type Card
  @auth(read: "!doc.gone && (doc.state == 'OPEN' || doc.maker == CurrentUser() || doc.team.members.exists(m, m.user == CurrentUser()))")
  @auth(role: "clerk", read: "doc.region == CurrentToken().region") {
  team: Team  maker: User  region: String  gone: Boolean!  state: State!
  made: Time! @default(expr: "now")
  notes: [Note!] @relation
}
type Note @auth(read: "doc.by == CurrentIdentity() || Member.exists(m, m.login == CurrentIdentity() && m.team == doc.team)") {
  by: String!  team: Team  card: Card  at: Time @set(on: [CREATE, UPDATE], expr: "now")
}
enum State { OPEN DONE }`

// TestAdvisedIndexes: with what is advised SQLite finds and sorts by indexes
// what the statements of a schema read, and without it does not.
func TestAdvisedIndexes(t *testing.T) {
	sdls := map[string]string{"demo": string(demoSchema), "boards": boards}
	for _, dir := range worlds(t) {
		text, err := os.ReadFile(filepath.Join(dir, "schema.graphql"))
		if err != nil {
			t.Fatal(err)
		}
		sdls[filepath.Base(dir)] = string(text)
	}
	before := 0
	for name, sdl := range sdls {
		t.Run(name, func(t *testing.T) {
			s, err := schema.Load(name, []byte(sdl))
			if err != nil {
				t.Fatal(err)
			}
			r, err := adviseIndexes(s, nil)
			if err != nil {
				t.Fatal(err)
			}
			without := explained(t, sdl)
			sdl += r.extensions()
			if s, err = schema.Load(name, []byte(sdl)); err != nil {
				t.Fatal(err)
			}
			if r, err := adviseIndexes(s, nil); err != nil || len(r.missing) > 0 {
				t.Errorf("still missing: %v %v", r.missing, err)
			}
			for i, e := range explained(t, sdl) {
				was := without[i]
				if why := e.fault(); why != "" {
					t.Errorf("%s as %q: %s\n%s", e.text, e.role, why, strings.Join(e.plan, "\n"))
				}
				if !was.unserved() {
					continue
				}
				if slices.Equal(was.plan, e.plan) {
					t.Errorf("%s as %q: SQLite uses nothing of what is advised\n%s", e.text, e.role, strings.Join(e.plan, "\n"))
				}
				if was.fault() != "" {
					before++
				}
			}
		})
	}
	if before < 50 {
		t.Errorf("only %d statements lack an index", before)
	}
}

// extensions declare what is missing.
func (r *indexReport) extensions() (sdl string) {
	for _, a := range r.missing {
		sdl += fmt.Sprintf("\nextend type %s %s", a.of.Name, a)
	}
	return sdl
}

// advised is the world with the indexes that it lacks.
func (w *world) advised(t *testing.T) *world {
	t.Helper()
	s, err := schema.Load("schema.graphql", w.sdl)
	if err != nil {
		t.Fatal(err)
	}
	r, err := adviseIndexes(s, nil)
	if err != nil {
		t.Fatal(err)
	}
	return &world{w.name, append(slices.Clone(w.sdl), r.extensions()...), w.seed}
}

// explainedStatement is how SQLite reads a statement.
type explainedStatement struct {
	indexStatement
	of    *schema.Schema
	needs []advice.Need
	plan  []string
}

// explained asks SQLite about the statements of a schema.
func explained(t *testing.T, sdl string) (list []explainedStatement) {
	t.Helper()
	db, err := sqlite.Open(t.Context(), ":memory:", sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	s, err := schema.Load("f", []byte(sdl))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Deploy(t.Context(), &store.Migration{SDL: sdl, Steps: schema.Diff(nil, s, worldNow).Steps}); err != nil {
		t.Fatal(err)
	}
	statements, err := indexStatements(s, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range statements {
		e := explainedStatement{indexStatement: q, of: s}
		if e.needs, err = advice.Needs(q.query); err != nil {
			t.Fatal(err)
		}
		if e.plan, err = db.Plan(t.Context(), q.query); err != nil {
			t.Fatal(err)
		}
		list = append(list, e)
	}
	return list
}

func (e *explainedStatement) unserved() bool {
	return slices.ContainsFunc(e.needs, func(n advice.Need) bool { return n.Served < 0 })
}

// fault is what SQLite reads or sorts without an index that is needed for it, "" if nothing.
func (e *explainedStatement) fault() string {
	read := slices.DeleteFunc(slices.Clone(e.needs), func(n advice.Need) bool { return n.Use == "condition" })
	if len(read) == 0 { // nothing helps but the indexes of keys
		return ""
	}
	found := !slices.ContainsFunc(read, func(n advice.Need) bool { return n.By == nil })
	lists := slices.DeleteFunc(slices.Clone(read), func(n advice.Need) bool { return n.Use != "list" })
	ordered := len(lists) > 0 && !slices.ContainsFunc(lists, func(n advice.Need) bool { return !n.Ordered })
	inner := map[string]int{} // subqueries in FROM, which are read as a whole
	for _, line := range e.plan {
		words := strings.Fields(line)
		switch {
		case words[0] == "CO-ROUTINE" || words[0] == "MATERIALIZE":
			inner[words[1]]++
		case words[0] == "SCAN" && len(words) == 2 && inner[words[1]] > 0:
			inner[words[1]]--
		case words[0] == "SCAN" && strings.HasPrefix(words[1], "_t") && (found || len(words) == 2):
			return line
		case ordered && strings.HasPrefix(line, "USE TEMP B-TREE"):
			return line
		}
	}
	return ""
}
