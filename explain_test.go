package main

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"flora.dev/flora/auth"
	"flora.dev/flora/schema"
	"flora.dev/flora/store/spanner"
	"flora.dev/flora/store/spanner/emulator"
)

// TestExplainReadsOnce counts the RPCs that an explanation costs, and checks
// that it writes nothing.
func TestExplainReadsOnce(t *testing.T) {
	var calls callLog
	db, err := spanner.Open(t.Context(), emulator.Database(t), spanner.Options{Emulator: emulator.Host(t), Dial: calls.dial()})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	server, issuer := readWorld(t, "testdata/worlds/blog").serve(t, db)
	token, err := issuer.Mint(auth.MintRequest{Subject: "ops", Roles: []string{"flora:data"}, TTL: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	ask := func(arguments string) string {
		r := request{Token: token, Control: true, Operation: `{ explainAccess(` + arguments + `) { allowed exists rules { verdict } } }`}
		return r.send(t, server, issuer)
	}
	ask(`collection: "Post", id: "p1", action: READ`) // opens the session
	for _, c := range []struct{ arguments, calls, answer string }{
		{`collection: "Post", id: "p2", action: UPDATE, claims: "{\"sub\":\"eve\"}", data: "{\"body\":\"x\",\"comments\":{\"connect\":[\"c1\",\"c3\"]}}"`, "read", `"allowed":false`},
		{`collection: "Post", id: "p2", action: DELETE, claims: "{\"sub\":\"eve\"}"`, "read", `"allowed":true`},
		{`collection: "Comment", action: CREATE, claims: "{\"sub\":\"max\"}", data: "{\"text\":\"t\",\"post\":{\"connect\":\"p1\"}}"`, "read", `"allowed":true`},
		{`collection: "Post", action: CREATE, data: "{\"title\":\"t\"}"`, "", `"allowed":false`}, // the token decides
		{`collection: "Post", id: "p2", action: READ, claims: "{\"sub\":\"eve\"}"`, "read", `"allowed":true`},
	} {
		calls.take()
		got := ask(c.arguments)
		if n := calls.take(); n != c.calls {
			t.Errorf("%s: calls %q, want %q", c.arguments, n, c.calls)
		}
		if !strings.Contains(got, c.answer) {
			t.Errorf("%s: %s lacks %s", c.arguments, got, c.answer)
		}
	}
}

// TestExplainAgrees asks of every document and caller of the worlds what they
// can do, from the data API and from explainAccess: one must say what the
// other does, and explainAccess must see what a caller does not.
func TestExplainAgrees(t *testing.T) {
	counts := map[string]int{}
	for _, dir := range worlds(t) {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			w := readWorld(t, dir)
			server, issuer := w.serve(t, openMemory(t))
			model, err := schema.Load("schema.graphql", w.sdl)
			if err != nil {
				t.Fatal(err)
			}
			seed, err := parseSeed("seed.yaml", w.seed, model)
			if err != nil {
				t.Fatal(err)
			}
			ops, err := issuer.Mint(auth.MintRequest{Subject: "ops", Roles: []string{"flora:data"}, TTL: time.Hour})
			if err != nil {
				t.Fatal(err)
			}
			for _, sub := range append(subjects(w), "nobody", "boss") {
				roles := []string{}
				if sub == "boss" {
					roles = []string{"editor", "moderator", "auditor", "jury"}
				}
				token, err := issuer.Mint(auth.MintRequest{Subject: sub, Roles: roles, TTL: time.Hour})
				if err != nil {
					t.Fatal(err)
				}
				claims, _ := json.Marshal(map[string]any{"sub": sub, auth.RolesClaim: roles})
				for _, d := range seed.documents {
					type verdict struct{ Allowed bool }
					var data struct {
						Data map[string]*struct{ Can struct{ Update, Delete bool } }
					}
					var explained struct {
						Data struct{ Read, Update, Delete verdict }
					}
					can := request{Token: token, Operation: fmt.Sprintf(`{ d: find%sByID(id: %q) { Can: _can { update delete } } }`, d.collection.Name, d.id)}
					ask := func(action string) string {
						return fmt.Sprintf(` %s: explainAccess(collection: %q, id: %q, action: %s, claims: %q) { allowed }`,
							strings.ToLower(action), d.collection.Name, d.id, action, claims)
					}
					explain := request{Token: ops, Control: true, Operation: "{" + ask("READ") + ask("UPDATE") + ask("DELETE") + " }"}
					decode(t, can.send(t, server, issuer), &data)
					decode(t, explain.send(t, server, issuer), &explained)
					e, seen := explained.Data, data.Data["d"]
					if e.Read.Allowed != (seen != nil) {
						t.Errorf("%s %s/%s: read is explained as %v, the document is %v", sub, d.collection.Name, d.id, e.Read.Allowed, seen)
					}
					if seen == nil {
						counts["hidden"]++
						if e.Update.Allowed || e.Delete.Allowed {
							t.Errorf("%s %s/%s: a hidden document can be written: %+v", sub, d.collection.Name, d.id, e)
						}
						continue
					}
					if e.Update.Allowed != seen.Can.Update || e.Delete.Allowed != seen.Can.Delete {
						t.Errorf("%s %s/%s: explained %+v, can %+v", sub, d.collection.Name, d.id, e, seen.Can)
					}
					counts[fmt.Sprint("update ", e.Update.Allowed)]++
					counts[fmt.Sprint("delete ", e.Delete.Allowed)]++
				}
			}
		})
	}
	t.Log(counts)
	for _, kind := range []string{"hidden", "update true", "update false", "delete true", "delete false"} {
		if counts[kind] < 30 {
			t.Errorf("the worlds have %d of %s", counts[kind], kind)
		}
	}
}

// decode reads the body of an answer.
func decode(t *testing.T, answer string, into any) {
	t.Helper()
	status, body, _ := strings.Cut(answer, " ")
	if err := json.Unmarshal([]byte(body), into); err != nil || status != "200" || strings.Contains(body, `"errors"`) {
		t.Fatalf("%s %v", answer, err)
	}
}

func TestAssume(t *testing.T) {
	providers := []auth.Provider{
		{Name: "partner", Issuer: "https://partner/", SubjectPrefix: "p|", Vouches: []string{"email"}},
		{Name: "main", Issuer: "https://main/"},
	}
	for _, c := range []struct {
		name      string
		providers []auth.Provider
		claims    map[string]any
		provider  string
		id        string // "" for an error
	}{
		{"bare subjects", providers, map[string]any{"sub": "ada"}, "main", "ada"},
		{"by issuer", providers, map[string]any{"sub": "ada", "iss": "https://partner/"}, "partner", "p|ada"},
		{"the only one", providers[:1], map[string]any{"sub": "ada"}, "partner", "p|ada"},
		{"unknown issuer", providers, map[string]any{"sub": "ada", "iss": "https://other/"}, "", ""},
		{"odd issuer", providers, map[string]any{"sub": "ada", "iss": 3}, "", ""},
		{"no provider", nil, map[string]any{"sub": "ada", "iss": "https://x/"}, "", "ada"},
		{"no subject", providers, map[string]any{"email": "a@b"}, "", ""},
		{"empty subject", providers, map[string]any{"sub": ""}, "", ""},
	} {
		got, err := assume(c.providers, c.claims)
		switch {
		case c.id == "":
			if err == nil {
				t.Errorf("%s: %+v", c.name, got)
			}
		case err != nil || got.ID != c.id || got.Provider != c.provider || got.Claims["sub"] != "ada":
			t.Errorf("%s: %+v %v", c.name, got, err)
		case len(c.providers) > 0 && got.Claims["iss"] != got.Issuer:
			t.Errorf("%s: iss %v, issuer %s", c.name, got.Claims["iss"], got.Issuer)
		}
	}
}
