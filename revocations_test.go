package main

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"flora.dev/flora/auth"
	"flora.dev/flora/graph"
	"flora.dev/flora/store"
	"github.com/google/go-cmp/cmp"
)

// TestRevocations withdraws tokens on one instance: it refuses them at once, the
// other one within the limit, by its own polls or, where those do not come, by
// that of a request.
func TestRevocations(t *testing.T) {
	eachCluster(t, func(t *testing.T, c *cluster) {
		c.deploy(fmt.Sprintf(clusterNotes, "true", "true"))
		a, b := c.join(), c.join()
		olga := func() string {
			return c.token("main", "olga", map[string]any{"roles": []string{"flora:providers"}})
		}
		tokens := map[string]string{
			"alice":         c.token("main", "alice", map[string]any{"jti": "a1"}),
			"alice's other": c.token("main", "alice", map[string]any{"jti": "a2"}),
			"bob":           c.token("main", "bob", map[string]any{"jti": "b1"}),
			"alice there":   c.token("partner", "alice", map[string]any{"jti": "a1"}),
			"machine":       c.token("main", "m@clients", map[string]any{"gty": "client-credentials"}),
		}
		all := func(m *member, what, refused string) {
			c.Helper()
			for name, token := range tokens {
				want := http.StatusOK
				if strings.Contains(refused, name+",") {
					want = http.StatusUnauthorized
				}
				m.expect(what+", "+name, token, want)
			}
		}
		all(a, "before", "")
		all(b, "before", "")
		for _, tt := range []struct{ name, revoke, answer, restore, refused string }{
			{"a subject", `revokeSubject(provider: "main", subject: "alice") { subject identity until }`, `{"subject":"alice","identity":"alice","until":null}`,
				`restoreSubject(provider: "main", subject: "alice")`, "alice, alice's other,"},
			{"a subject with a prefix", `revokeSubject(provider: "partner", subject: "alice", until: "2100-01-01T01:00:00+01:00") { subject identity until }`,
				`{"subject":"alice","identity":"partner|alice","until":"2100-01-01T00:00:00Z"}`, `restoreSubject(provider: "partner", subject: "alice")`, "alice there,"},
			{"a token", `revokeToken(provider: "main", jti: "a1") { jti issuer provider }`, `{"jti":"a1","issuer":"https://main.example.com/","provider":"main"}`,
				`restoreToken(provider: "main", jti: "a1")`, "alice,"},
			{"a machine", `revokeSubject(provider: "main", subject: "m@clients") { subject }`, `"m@clients"`, `restoreSubject(provider: "main", subject: "m@clients")`, "machine,"},
			{"all so far", `revokeTokens(provider: "main", notBefore: "2027-01-15T08:00:01Z") { notBefore }`, `"2027-01-15T08:00:01Z"`,
				`restoreTokens(provider: "main")`, "alice, alice's other, bob, machine,"},
		} {
			c.wait(pollEvery)
			a.admin(tt.name, olga(), "mutation { r: "+tt.revoke+" }", tt.answer)
			all(a, tt.name+", here", tt.refused)
			if tt.name == "a token" {
				if err := b.shared.poll(); err != nil {
					t.Fatal(err)
				}
			} else {
				c.wait(pollLimit + time.Millisecond)
			}
			all(b, tt.name+", there", tt.refused)
			b.admin(tt.name+", listed", olga(), "{ revocations { revocations { issuer } after } }", `{"revocations":[{"issuer":"https://`)
			all(c.join(), tt.name+", new", tt.refused)
			b.admin(tt.name+", restored", olga(), "mutation { r: "+tt.restore+" }", `{"r":true}`)
			b.admin(tt.name+", restored twice", olga(), "mutation { r: "+tt.restore+" }", `{"r":false}`)
			all(b, tt.name+", restored here", "")
			c.wait(pollLimit + time.Millisecond)
			all(a, tt.name+", restored there", "")
		}
		a.admin("nothing listed", olga(), "{ revocations { revocations { issuer } after } }", `{"revocations":[],"after":null}`)
	})
}

// TestRevocationRights refuses whoever lacks the right, and what makes no sense.
func TestRevocationRights(t *testing.T) {
	eachCluster(t, func(t *testing.T, c *cluster) {
		c.deploy(fmt.Sprintf(clusterNotes, "true", "true"))
		m := c.join()
		holder := func(roles ...string) string { return c.token("main", "olga", map[string]any{"roles": roles}) }
		victim := c.token("main", "victim", nil)
		for _, field := range []string{
			`mutation { revokeTokens(provider: "main") { issuer } }`, `mutation { revokeSubject(provider: "main", subject: "victim") { issuer } }`,
			`mutation { revokeToken(provider: "main", jti: "j") { issuer } }`, `mutation { restoreTokens(provider: "main") }`,
			`mutation { restoreSubject(provider: "main", subject: "victim") }`, `mutation { restoreToken(provider: "main", jti: "j") }`, `{ revocations { after } }`,
		} {
			m.admin("nobody", "", field, graph.Unauthenticated)
			m.admin("no right", holder(), field, graph.Forbidden)
			m.admin("other rights", holder("flora:data", "flora:read"), field, graph.Forbidden)
		}
		m.expect("nothing was done", victim, http.StatusOK)
		for name, tt := range map[string][2]string{
			"no such provider":   {`revokeSubject(provider: "x", subject: "a")`, "there are "},
			"no subject":         {`revokeSubject(provider: "main", subject: "")`, "an empty name"},
			"no token":           {`revokeToken(provider: "main", jti: "")`, "an empty name"},
			"not a time":         {`revokeSubject(provider: "main", subject: "a", until: "tomorrow")`, "until: must be a time"},
			"over":               {`revokeSubject(provider: "main", subject: "a", until: "2020-01-01T00:00:00Z")`, "until: is over"},
			"in the future":      {`revokeTokens(provider: "main", notBefore: "2100-01-01T00:00:00Z")`, "notBefore: is in the future"},
			"before all time":    {`revokeTokens(provider: "main", notBefore: "0001-01-01T00:00:00Z")`, "notBefore: must be a time"},
			"somewhere in pages": {`r: revokeSubject(provider: "main", subject: "a")`, `{"data":{"r":{"issuer":`},
		} {
			m.admin(name, holder("flora:providers"), "mutation { "+tt[0]+" { issuer } }", tt[1])
		}
		for _, field := range []string{`restoreSubject(provider: "main", subject: "")`, `restoreToken(provider: "main", jti: "")`, `restoreSubject(provider: "x", subject: "a")`} {
			m.admin("restore nothing", holder("flora:providers"), "mutation { "+field+" }", graph.BadUserInput)
		}
		m.admin("no page", holder("flora:providers"), `{ revocations(after: "x") { after } }`, "after: expected")
		// The right that implies the others; and no way back to an earlier time.
		c.wait(time.Minute)
		m.admin("schema", holder("flora:schema"), `mutation { revokeTokens(provider: "partner", notBefore: "2027-01-15T08:00:30Z") { notBefore } }`, `08:00:30Z`)
		m.admin("earlier", holder("flora:schema"), `mutation { revokeTokens(provider: "partner", notBefore: "2027-01-15T08:00:29Z") { notBefore } }`, graph.Conflict)
		// An operator who withdraws all tokens withdraws the own one.
		own := holder("flora:providers")
		c.wait(time.Second)
		m.admin("all", own, `mutation { revokeTokens(provider: "main") { notBefore } }`, `08:01:01Z`)
		m.admin("all, again", own, `{ revocations { after } }`, graph.Unauthenticated)
		m.admin("logged in again", holder("flora:providers"), `{ revocations { after } }`, `"after":null`)
	})
}

// TestDevRevocation withdraws a user's tokens on a development server, by its
// control API: its issuer gives the right to whoever asks.
func TestDevRevocation(t *testing.T) {
	dir := t.TempDir()
	_, base := dev(t, "--data-dir", dir)
	ada, grace, admin := mint(t, dir, "ada"), mint(t, dir, "grace"), mint(t, dir, "admin", "--role", "flora:providers")
	for _, step := range []struct{ name, path, token, query, want string }{
		{"before", "", ada, "{ me { name } }", "Ada Lovelace"},
		{"without the right", "/admin", ada, `mutation { revokeSubject(provider: "dev", subject: "ada") { subject } }`, graph.Forbidden},
		{"revoke", "/admin", admin, `mutation { revokeSubject(provider: "dev", subject: "ada") { subject } }`, `"ada"`},
		{"revoked", "", ada, "{ me { name } }", "withdrawn"},
		{"another", "", grace, "{ me { name } }", `"data"`},
		{"nobody", "", "", "{ me { name } }", `"data"`},
		{"a new token", "", mint(t, dir, "ada", "--ttl", "2h"), "{ me { name } }", "withdrawn"},
		{"restore", "/admin", admin, `mutation { restoreSubject(provider: "dev", subject: "ada") }`, `true`},
		{"restored", "", ada, "{ me { name } }", "Ada Lovelace"},
	} {
		if got := ask(t, base+step.path, step.token, step.query); !strings.Contains(got, step.want) {
			t.Errorf("%s: %s lacks %s", step.name, got, step.want)
		}
	}
}

// TestCopyRevocations moves a store: what was withdrawn stays so. Key sets and
// what was restored are not moved.
func TestCopyRevocations(t *testing.T) {
	m := newMover(t)
	from, to := m.planted("sqlite", fmt.Sprintf(clusterNotes, "true", "true"), ""), m.empty("spanner")
	open := func(name string) store.Store {
		db, err := (&app{ctx: t.Context(), env: newEnvironment(environ(m.env))}).openStore(name, false)
		if err != nil {
			t.Fatal(err)
		}
		return db
	}
	one := auth.Revocation{Issuer: "https://i/", Subject: "alice", Until: time.Unix(4_000_000_000, 0).UTC()}
	other := auth.Revocation{Issuer: "https://i/", TokenID: "j"}
	keys := auth.KeySet{Issuer: "https://i/", Text: "{}"}
	db := open(from)
	want := store.Note{Name: one.NoteName(), Value: one.NoteValue(), Until: one.Until.UnixMicro()}
	for _, n := range []store.Note{{Name: keys.NoteName(), Value: keys.NoteValue()}, {Name: other.NoteName(), Value: other.NoteValue()}, {Name: other.NoteName()}, want} {
		if _, err := db.Note(t.Context(), nil, n); err != nil {
			t.Fatal(err)
		}
	}
	db.Close()
	for range 2 { // as after an interruption
		m.must("copy", "--from", from, "--to", to)
	}
	db = open(to)
	defer db.Close()
	got, err := db.Notes(t.Context(), 0)
	want.Revision = 1
	if diff := cmp.Diff(&store.Notes{Version: 1, Revision: 1, Changed: []store.Note{want}}, got); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
	copied := audited{"cli:", "", "copyRevocations", `{"revocations":1}`}
	if diff := cmp.Diff([]audited{copied, {"cli:", "", "deploySchema", `{"version":1}`}}, auditOf(t, db)); diff != "" {
		t.Errorf("audit: -want +got:\n%s", diff)
	}
}
