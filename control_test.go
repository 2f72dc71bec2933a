package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"flora.dev/flora/auth"
	"flora.dev/flora/graph"
	"flora.dev/flora/rules"
	"flora.dev/flora/store"
	"github.com/google/go-cmp/cmp"
)

const (
	noteBefore = `type Note @auth(all: "true", reason: "r") {
  text: String!
}
`
	noteMore = `type Note @auth(all: "true") {
  text: String!
  size: Int @index
}
`
	noteRenamed = `type Note @auth(all: "true", reason: "r") {
  body: String! @renamed(from: "text")
}
`
	noteTight = `type Note @auth(read: "CurrentIdentity() == doc.text") {
  text: String!
}
`
)

// TestDeployCommands plans, deploys, and takes back, in a store and by a server.
func TestDeployCommands(t *testing.T) {
	for _, engine := range bothEngines {
		for _, by := range []string{"store", "server"} {
			t.Run(engine+"/"+by, func(t *testing.T) { testDeployCommands(t, engine, by == "server") })
		}
	}
}

func testDeployCommands(t *testing.T, engine string, served bool) {
	m := newMover(t)
	dir := t.TempDir()
	one, more := write(t, dir, "one.graphql", noteBefore), write(t, dir, "more.graphql", noteMore)
	renamed, tight := write(t, dir, "renamed.graphql", noteRenamed), write(t, dir, "tight.graphql", noteTight)
	write(t, dir, "client.gql", "query Sizes { notes { nodes { size } } }")

	var at []string
	var open func() store.Store
	author, issuer := "cli:", ""
	if served {
		db := openMemory
		if engine == "spanner" {
			db = openEmulated
		}
		held := db(t)
		w := &world{name: "notes", sdl: []byte(noteBefore)}
		server, dev := w.serve(t, held)
		token, err := dev.Mint(auth.MintRequest{Subject: "op", Roles: []string{"flora:schema"}, TTL: time.Hour})
		if err != nil {
			t.Fatal(err)
		}
		other, err := dev.Mint(auth.MintRequest{Subject: "op", Roles: []string{"flora:data", "flora:read"}, TTL: time.Hour})
		if err != nil {
			t.Fatal(err)
		}
		for _, command := range [][]string{{"plan", more}, {"deploy", more}, {"schema"}, {"rollback", "1"}} {
			for _, bad := range []string{other, "x.y.z"} {
				code, out, errs := m.run(append(command, "--server", server.URL, "--token", bad)...)
				if code != 1 || out != "" || !strings.Contains(errs, graph.Forbidden) && !strings.Contains(errs, graph.Unauthenticated) {
					t.Errorf("%s without the right: %d %s%s", command[0], code, out, errs)
				}
			}
		}
		at, open = []string{"--server", server.URL, "--token", token}, func() store.Store { return held }
		author, issuer = "op", dev.Provider().Issuer
	} else {
		name := m.empty(engine)
		at = []string{"--store", name}
		open = func() store.Store {
			db, err := (&app{ctx: t.Context(), env: newEnvironment(environ(m.env))}).openStore(name, false)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { db.Close() })
			return db
		}
		m.must("deploy", one, "--store", name)
	}
	expect := func(code int, stdout, stderr string, args ...string) string {
		t.Helper()
		got, out, errs := m.run(append(args, at...)...)
		if got != code || !strings.Contains(out, stdout) || !strings.Contains(errs, stderr) {
			t.Fatalf("%v: exit %d, want %d\nstdout, want %q:\n%s\nstderr, want %q:\n%s", args, got, code, stdout, out, stderr, errs)
		}
		return out
	}
	export := func() (text string) {
		t.Helper()
		into := t.TempDir() + "/out"
		expect(0, "", "", "export", into)
		for _, text = range m.files(into) {
		}
		return text
	}
	expect(0, "imported", "", "import", m.write(map[string]string{"Note.jsonl": `{"_id":"n1","text":"kept"}`}))
	before := export()

	// Plan, deploy, and again.
	expect(0, "add field Note.size", "more.graphql:1:11: type Note: anyone can read it", "plan", more)
	var plan review
	if err := json.Unmarshal([]byte(expect(0, "", "", "plan", more, "--json")), &plan); err != nil || plan.Version != 1 || !plan.Deployable || len(plan.Data) != 2 {
		t.Errorf("plan as JSON: %+v, %v", plan, err)
	}
	expect(0, "deployed "+more, "more.graphql:1:11: type Note: anyone can read it", "deploy", more)
	expect(0, "as version 2 already", "", "deploy", more)
	if got := expect(0, "", "", "schema"); got != noteMore {
		t.Errorf("schema: %s", got)
	}
	if got := expect(0, "", "", "schema", "1"); got != noteBefore {
		t.Errorf("schema 1: %s", got)
	}

	// What loses something is refused, and what breaks clients can be.
	expect(1, "needs --allow drop-field", "", "plan", one)
	expect(1, "fails: query Sizes", "", "plan", one, "--allow", "drop-field", "--operations", dir, "--fail-on", "breaking")
	expect(0, "fails: query Sizes", "", "plan", one, "--allow", "drop-field", "--operations", dir)
	expect(0, "rules: nobody", "", "plan", one, "--allow", "drop-field", "--fail-on", "looser")
	expect(1, "", "needs --allow drop-field\nflora: nothing was deployed\n", "deploy", one)
	expect(1, `"deployed": false`, "nothing was deployed", "deploy", one, "--json")
	expect(1, "needs --allow drop-field", "flora: nothing was deployed\n", "rollback", "1")
	out := expect(0, "deployed version-1.graphql", "", "rollback", "1", "--allow", "drop-field")
	if !strings.Contains(out, "drop field Note.size") || !strings.Contains(out, "as version 3") {
		t.Errorf("rollback: %s", out)
	}
	if got := export(); got != before {
		t.Errorf("after a rollback: %s, want %s", got, before)
	}

	// A rename is taken back, with its values.
	expect(0, `"deployed": true`, "", "deploy", renamed, "--json")
	if got := export(); got != strings.Replace(before, `"text"`, `"body"`, 1) {
		t.Errorf("renamed: %s", got)
	}
	expect(0, "as version 5", "", "rollback", "3")
	if got := export(); got != before {
		t.Errorf("a rename taken back: %s, want %s", got, before)
	}
	expect(0, "as version 6", "", "deploy", tight)
	expect(1, "newly", "", "plan", one, "--fail-on", "looser")
	expect(1, "", "there is no version 99 in ", "rollback", "99")
	expect(1, "", "there is no version 99 in ", "schema", "99")
	expect(1, "", "versions count from 1", "rollback", "0")
	expect(1, "", "faulty.graphql:1:1", "deploy", write(t, dir, "faulty.graphql", "tpe A {}"))

	want := []audited{{"cli:", "", "deploySchema", `{"version":1}`}} // that of a server's store too
	want = append(want,
		audited{author, issuer, "deploySchema", `{"version":2}`}, audited{author, issuer, "deploySchema", `{"version":3,"allow":["drop-field"]}`})
	for version := 4; version <= 6; version++ {
		want = append(want, audited{author, issuer, "deploySchema", fmt.Sprintf(`{"version":%d}`, version)})
	}
	want = append(want, audited{author, issuer, "importDocuments", `{"collection":"Note","rows":1}`})
	got := auditOf(t, open())
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("audit: -want +got:\n%s", diff)
	}
}

type audited struct{ Subject, Issuer, Action, Detail string }

// auditOf reads the audit, imports last. Names of users are left out.
func auditOf(t *testing.T, db store.Store) (list []audited) {
	t.Helper()
	o := store.AuditObject
	s := store.Select{From: o, Var: rules.Old, Where: rules.True, List: true, Limit: 100, Order: []store.Order{{Field: o.Field("action")}, {Field: o.Field("detail")}}}
	for _, name := range []string{"subject", "issuer", "action", "detail"} {
		s.Columns = append(s.Columns, store.Column{Value: rules.Col{Var: s.Var, Field: o.Field(name)}})
	}
	rows, err := db.Read(t.Context(), &store.Query{Roots: []store.Select{s}})
	if err != nil {
		t.Fatal(err)
	}
	var page [][][4]string
	if err := json.Unmarshal([]byte(rows.Roots[0]), &page); err != nil {
		t.Fatal(err)
	}
	for _, e := range page[0] {
		if name, ok := strings.CutPrefix(e[0], "cli:"); ok && name != "" {
			e[0] = "cli:"
		}
		list = append(list, audited{e[0], e[1], e[2], e[3]})
	}
	return list
}

// TestDeployInterrupted says so of a command that did not come to its end.
func TestDeployInterrupted(t *testing.T) {
	for _, engine := range bothEngines {
		m := newMover(t)
		name := m.planted(engine, noteBefore, "")
		file := write(t, t.TempDir(), "more.graphql", strings.Replace(noteMore, `"true"`, `"true", reason: "r"`, 1))
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		for want, args := range map[string][]string{
			"deploy: interrupted, deploy again to go on":  {"deploy", file},
			"deploy: interrupted, deploy again to go on ": {"rollback", "1"},
			"plan: interrupted, run it again":             {"plan", file},
			"schema: interrupted, run it again":           {"schema"},
		} {
			var out, errs strings.Builder
			code := run(ctx, append(args, "--store", name), environ(m.env), &out, &errs)
			if want := "flora: " + strings.TrimSpace(want) + "\n"; code != 1 || out.String() != "" || errs.String() != want {
				t.Errorf("%s on %s: %d %s%s", args[0], engine, code, out.String(), errs.String())
			}
		}
	}
}

// TestControlRoles refuses a schema that asks for roles which no provider gives.
func TestControlRoles(t *testing.T) {
	eachCluster(t, func(t *testing.T, c *cluster) {
		c.deploy(noteBefore)
		m := c.join()
		m.config = &config{file: "flora.yaml", Providers: []provider{{Name: "main", Roles: []role{{Name: "boss"}, {Name: "idle"}}}, {Name: "partner"}}}
		olga := c.token("main", "olga", map[string]any{"roles": []string{"flora:schema"}})
		for name, want := range map[string]string{"boss": `"warnings":["`, "chief": "role chief is asked for, and nobody gives it"} {
			sdl := quoted(strings.Replace(noteTight, "read:", `role: "`+name+`", read:`, 1))
			m.admin(name, olga, `{ planSchema(sdl: `+sdl+`) { warnings } }`, want)
			m.admin(name, olga, `mutation { deploySchema(sdl: `+sdl+`, fromVersion: 1, dryRun: true) { warnings } }`, want)
		}
		m.admin("what is given", olga, `{ planSchema(sdl: `+quoted(noteBefore)+`) { warnings } }`, "role idle is given and asked for nowhere")
	})
}

// quoted is an argument of an operation.
func quoted(s string) string {
	b, _ := json.Marshal(s)
	return string(b)
}

// TestControlRights asks for each field with each right.
func TestControlRights(t *testing.T) {
	eachCluster(t, func(t *testing.T, c *cluster) {
		c.deploy(noteBefore)
		m := c.join()
		holder := func(roles ...string) string { return c.token("main", "olga", map[string]any{"roles": roles}) }
		for field, rights := range map[string]string{
			`{ r: planSchema(sdl: ` + quoted(noteMore) + `) { version } }`: "flora:schema",
			`{ r: schemaVersions { version } }`:                            "flora:schema",
			`{ r: audit { after } }`:                                       "flora:schema",
			`mutation { r: deploySchema(sdl: ` + quoted(noteMore) + `, fromVersion: 1, dryRun: true) { version } }`: "flora:schema",
			`mutation { r: deploySchema(sdl: ` + quoted(noteBefore) + `, fromVersion: 1) { version } }`:             "flora:schema",
			`{ r: collections { name indexes { name fields unique } } }`:                                            "flora:schema flora:data flora:read",
			`{ r: collections { name documents } }`:                                                                 "flora:schema flora:data",
			`{ r: serverStats { version started uptime goroutines memory engine schemaVersion lastPoll } }`:         "flora:schema flora:read",
			`{ r: collections { ...c } } fragment c on CollectionStats { n: documents }`:                            "flora:schema flora:data",
		} {
			m.admin("nobody", "", field, graph.Unauthenticated)
			m.admin("no right", holder(), field, graph.Forbidden)
			for _, right := range []string{"flora:schema", "flora:data", "flora:read", "flora:providers"} {
				want := graph.Forbidden
				if strings.Contains(rights, right) {
					want = `{"data":{"r":`
				}
				m.admin(right, holder(right), field, want)
			}
		}
		for name, tt := range map[string][2]string{
			"faults":            {`planSchema(sdl: "tpe A {}") { version }`, "schema.graphql:1:1"},
			"too many":          {`audit(first: 201) { after }`, "first: must be from 1 to 200"},
			"none":              {`schemaVersions(first: 0) { version }`, "first: must be from 1 to 20"},
			"no cursor":         {`audit(after: "x") { after }`, "after: expected"},
			"a cursor of words": {`audit(after: "eCB5") { after }`, "after: expected"},
		} {
			m.admin(name, holder("flora:schema"), "{ "+tt[0]+" }", tt[1])
			m.admin(name, holder("flora:schema"), "{ "+tt[0]+" }", graph.BadUserInput)
		}
		m.expect("nothing was done", holder(), 200)
		if v := m.data.Version().Number; v != 1 {
			t.Errorf("version %d", v)
		}
	})
}

// TestControlDeploy deploys by one instance: it answers by that at once, the
// other after a poll. A version that is deployed no more is no ground.
func TestControlDeploy(t *testing.T) {
	eachCluster(t, func(t *testing.T, c *cluster) {
		c.deploy(noteBefore)
		a, b := c.join(), c.join()
		olga := c.token("main", "olga", map[string]any{"roles": []string{"flora:schema"}})
		deploy := func(sdl string, from int, more string) string {
			return fmt.Sprintf("mutation { deploySchema(sdl: %s, fromVersion: %d%s) { version deployed refused text } }", quoted(sdl), from, more)
		}
		a.send("/graphql", olga, `mutation { createNote(data: { text: "x" }) { _id } }`)
		a.admin("plan", olga, `{ planSchema(sdl: `+quoted(noteMore)+`, operations: [{ path: "a.gql", text: "{ notes { nodes { text } } }" }]) { version deployable needs breaking looser text } }`,
			`{"version":1,"deployable":true,"needs":[],"breaking":false,"looser":false,"text":"data\n`)
		a.admin("plan, stored documents", olga, `{ planSchema(sdl: `+quoted(strings.Replace(noteMore, `"true"`, `"HasRole('boss')"`, 1))+`, stored: true) { text } }`,
			`newly-denies  read Note/`)
		a.admin("dry", olga, deploy(noteMore, 1, ", dryRun: true"), `{"version":1,"deployed":false,"refused":[],"text":"  add field Note.size`)
		a.admin("too late", olga, deploy(noteMore, 2, ""), "version 1 is deployed, not 2: another deployment came between: look at the plan again")
		a.admin("too late", olga, deploy(noteMore, 2, ", dryRun: true"), graph.Conflict)
		c.wait(time.Second)
		a.admin("deploy", olga, deploy(noteMore, 1, ""), `{"version":2,"deployed":true,"refused":[]`)
		if v := a.data.Version().Number; v != 2 {
			t.Errorf("the instance that deployed answers by version %d", v)
		}
		if v := b.data.Version().Number; v != 1 {
			t.Errorf("the other answers by version %d before its poll", v)
		}
		if err := b.shared.poll(); err != nil {
			t.Fatal(err)
		}
		b.admin("the other", olga, `{ collections { name documents indexes { name fields unique } } serverStats { schemaVersion engine } }`,
			`{"collections":[{"name":"Note","documents":1,"indexes":[{"name":"Note_size_idx","fields":["size"],"unique":false}]}],"serverStats":{"schemaVersion":2,`)
		b.admin("the very text", olga, deploy(noteMore, 2, ""), `{"version":2,"deployed":false,"refused":[]`)
		c.wait(time.Second)
		b.admin("a loss", olga, deploy(noteBefore, 2, ""), "nothing was deployed: drop field Note.size")
		b.admin("a loss, dry", olga, deploy(noteBefore, 2, ", dryRun: true"), `"deployed":false,"refused":["drop field Note.size`)
		b.admin("a loss, allowed", olga, deploy(noteBefore, 2, `, allow: ["drop-field"]`), `{"version":3,"deployed":true`)
		b.admin("data that does not fit", olga, `mutation { deploySchema(sdl: `+quoted(strings.Replace(noteBefore, "text: String!", "text: String! other: Int!", 1))+`, fromVersion: 3) { version } }`, graph.BadUserInput)
		c.wait(time.Second)
		b.admin("revoke", c.token("main", "olga", map[string]any{"roles": []string{"flora:providers"}}), `mutation { revokeSubject(provider: "main", subject: "eve") { subject } }`, `"eve"`)

		b.admin("versions", olga, `{ schemaVersions { version created } }`,
			`[{"version":3,"created":"2027-01-15T08:00:02Z"},{"version":2,"created":"2027-01-15T08:00:01Z"},{"version":1,"created":"2027-01-15T08:00:00Z"}]`)
		b.admin("a version", olga, `{ schemaVersions(first: 1, after: 3) { version sdl } }`, `[{"version":2,"sdl":`+quoted(noteMore)+`}]`)
		var lines []string
		for after, page := "", 0; page < 5; page++ {
			query := `{ audit(first: 3) { entries { at issuer subject action detail } after } }`
			if after != "" {
				query = strings.Replace(query, "first: 3", "first: 3, after: "+quoted(after), 1)
			}
			_, body := a.send("/admin/graphql", olga, query)
			var answer struct {
				Data struct {
					Audit struct {
						Entries []struct{ At, Issuer, Subject, Action, Detail string }
						After   string
					}
				}
			}
			if err := json.Unmarshal([]byte(body), &answer); err != nil {
				t.Fatal(err)
			}
			for _, e := range answer.Data.Audit.Entries {
				if e.Issuer == "" && strings.HasPrefix(e.Subject, "cli:") {
					e.Subject = "cli:"
				}
				lines = append(lines, strings.Join([]string{e.At, e.Issuer, e.Subject, e.Action, e.Detail}, " "))
			}
			if after = answer.Data.Audit.After; after == "" {
				break
			}
		}
		want := []string{
			`2027-01-15T08:00:03Z https://main.example.com/ olga revokeSubject {"provider":"main","issuer":"https://main.example.com/","subject":"eve","identity":"eve"}`,
			`2027-01-15T08:00:02Z https://main.example.com/ olga deploySchema {"version":3,"allow":["drop-field"]}`,
			`2027-01-15T08:00:01Z https://main.example.com/ olga deploySchema {"version":2}`,
			`2027-01-15T08:00:00Z  cli: deploySchema {"version":1}`,
		}
		if diff := cmp.Diff(want, lines); diff != "" {
			t.Errorf("audit: -want +got:\n%s", diff)
		}
	})
}

// TestDocumentsOvertaken asks a server for documents whose field, and whose
// collection, another took away since it last looked.
func TestDocumentsOvertaken(t *testing.T) {
	eachCluster(t, func(t *testing.T, c *cluster) {
		c.deploy(noteMore + "type Gone @auth(all: \"true\") { text: String }")
		a, b := c.join(), c.join()
		olga := c.token("main", "olga", map[string]any{"roles": []string{"flora:schema", "flora:data"}})
		a.admin("deploy", olga, fmt.Sprintf(`mutation { deploySchema(sdl: %s, fromVersion: 1, allow: ["drop-field", "drop-collection"]) { version } }`, quoted(noteBefore)), `{"version":2}`)
		for what, query := range map[string]string{
			"export": `{ exportDocuments(collection: "Note") { documents } }`, "export of a collection": `{ exportDocuments(collection: "Gone") { documents } }`,
			"missing": `{ missingDocuments(collection: "Gone", ids: ["a"]) }`, "import": `mutation { importDocuments(documents: ["{\"_collection\":\"Note\",\"_id\":\"n\",\"text\":\"x\",\"size\":1}"]) { status } }`,
		} {
			b.admin(what, olga, query, "the schema changes right now, try again")
			b.admin(what, olga, query, `"code":"UNAVAILABLE"`)
		}
		if err := b.shared.poll(); err != nil {
			t.Fatal(err)
		}
		b.admin("export of what is there", olga, `{ exportDocuments(collection: "Note") { documents } }`, `{"documents":[]}`)
	})
}

// TestDeployersAtOnce deploys two schemas over one version at the same time: one
// is deployed, and the other deployer is told.
func TestDeployersAtOnce(t *testing.T) {
	eachCluster(t, func(t *testing.T, c *cluster) {
		c.deploy(noteBefore)
		members := []*member{c.join(), c.join()}
		olga := c.token("main", "olga", map[string]any{"roles": []string{"flora:schema"}})
		for from := 1; from <= 5; from++ {
			var answers [2]string
			var all sync.WaitGroup
			for i, m := range members {
				all.Go(func() {
					sdl := strings.Replace(noteBefore, "String!\n", fmt.Sprintf("String!\n  f%d_%d: Int\n", from, i), 1)
					_, answers[i] = m.send("/admin/graphql", olga, fmt.Sprintf(`mutation { deploySchema(sdl: %s, fromVersion: %d, allow: ["drop-field"]) { version deployed } }`, quoted(sdl), from))
				})
			}
			all.Wait()
			won, told := 0, 0
			for _, answer := range answers {
				switch {
				case strings.Contains(answer, fmt.Sprintf(`{"data":{"deploySchema":{"version":%d,"deployed":true}}}`, from+1)):
					won++
				case strings.Contains(answer, "another deployment came between: look at the plan again") && strings.Contains(answer, graph.Conflict):
					told++
				}
			}
			if won != 1 || told != 1 {
				t.Fatalf("from version %d: %q", from, answers)
			}
			for _, m := range members {
				if err := m.shared.poll(); err != nil {
					t.Fatal(err)
				}
			}
		}
		if got := auditOf(t, c.open()); len(got) != 6 {
			t.Errorf("%d entries: %v", len(got), got)
		}
	})
}
