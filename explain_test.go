package main

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
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
					type verdict struct {
						Allowed bool
						Checks  []struct{ Verdict string }
					}
					var data struct {
						Data map[string]*struct{ Can struct{ Update, Delete bool } }
					}
					var explained struct {
						Data struct{ Read, Update, Delete verdict }
					}
					can := request{Token: token, Operation: fmt.Sprintf(`{ d: find%sByID(id: %q) { Can: _can { update delete } } }`, d.collection.Name, d.id)}
					ask := func(action string) string {
						return fmt.Sprintf(` %s: explainAccess(collection: %q, id: %q, action: %s, claims: %q) { allowed checks { verdict } }`,
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
					failing := slices.ContainsFunc(e.Update.Checks, func(c struct{ Verdict string }) bool { return c.Verdict != "ALLOWED" })
					if e.Update.Allowed && failing {
						t.Errorf("%s %s/%s: an update that a check refuses is allowed", sub, d.collection.Name, d.id)
					}
					if failing { // _can leaves checks out
						e.Update.Allowed = seen.Can.Update
						counts["refused by a check"]++
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
	if counts["refused by a check"] == 0 {
		t.Error("no world has a document that a check refuses")
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

// TestExplainAgreesOnWrites sends each write, and asks before whether it would
// be done: rules of all that it touches and checks included, documents that it
// creates on the way as well.
func TestExplainAgreesOnWrites(t *testing.T) {
	allowed := 0
	for _, c := range []struct {
		world, sub string
		roles      []string
		action, on string // on: the type, with /id of an update
		data       string
		want       bool
	}{
		// links of two and of one owning side
		{"market", "ann", nil, "update", "Product/p1", `{"categories": {"connect": ["red"]}}`, true},
		{"market", "ann", nil, "update", "Product/p1", `{"categories": {"connect": ["dark"]}}`, false},
		{"market", "ann", nil, "update", "Product/p1", `{"categories": {"create": [{"name": "new"}]}}`, false},
		{"market", "ann", []string{"tagger"}, "update", "Product/p1", `{"categories": {"create": [{"name": "new"}]}}`, true},
		{"market", "ann", nil, "update", "Store/s1", `{"staff": {"connect": ["cid"]}}`, false},
		{"market", "bob", nil, "update", "Store/s2", `{"staff": {"connect": ["bob"]}}`, true},
		{"market", "bob", nil, "update", "User/bob", `{"followers": {"connect": ["cid"]}}`, false},
		{"market", "bob", nil, "update", "User/bob", `{"watches": {"connect": ["p3"]}}`, true},
		{"market", "cid", nil, "update", "User/cid", `{"watches": {"connect": ["p2"]}}`, false},
		// one to one, from either side
		{"market", "cid", nil, "create", "Profile", `{"user": {"connect": "cid"}}`, true},
		{"market", "cid", nil, "update", "User/cid", `{"profile": {"create": {"bio": "x"}}}`, true},
		{"market", "cid", nil, "update", "User/cid", `{"profile": {"connect": "fb"}}`, false},
		// documents that the write itself creates
		{"market", "cid", nil, "create", "Product", `{"name": "x", "store": {"create": {"name": "mine", "owner": {"connect": "cid"}}}}`, true},
		{"market", "ann", nil, "create", "Product", `{"name": "x", "store": {"create": {"name": "his", "owner": {"connect": "cid"}}}}`, false},
		{"market", "new", nil, "create", "User", `{"sub": "new", "name": "N", "profile": {"create": {"bio": "x"}}}`, true},
		{"market", "new", nil, "create", "User", `{"sub": "new", "name": "N", "profile": {"create": {"bio": "x"}}, "stores": {"create": [{"name": "s", "products": {"create": [{"name": "p", "categories": {"connect": ["red"]}}]}}]}}`, true},
		{"market", "new", nil, "create", "User", `{"sub": "new", "name": "N", "hidden": true, "stores": {"create": [{"name": "s", "products": {"create": [{"name": "p", "categories": {"connect": ["dark"]}}]}}]}}`, false},
		{"market", "other", nil, "create", "User", `{"sub": "new", "name": "N", "profile": {"create": {"bio": "x"}}}`, false},
		// checks
		{"clinic", "dora", nil, "update", "Visit/v1", `{"pain": 3}`, true},
		{"clinic", "dora", nil, "update", "Visit/v1", `{"pain": 7}`, false},
		{"clinic", "dora", nil, "update", "Visit/v1", `{"ends": "2026-02-01T08:00:00Z"}`, false},
		{"clinic", "dora", nil, "create", "Visit", `{"patient": {"connect": "p1"}, "starts": "2026-03-01T08:00:00Z", "room": 99}`, true},
		{"clinic", "dora", nil, "create", "Visit", `{"patient": {"connect": "p1"}, "starts": "2026-03-01T08:00:00Z", "room": 100}`, false},
		{"clinic", "dora", nil, "create", "Visit", `{"patient": {"connect": "p3"}, "starts": "2026-03-01T08:00:00Z"}`, false},
		{"clinic", "hope", nil, "update", "Doctor/hope", `{"patients": {"connect": ["p4"]}}`, true},
		{"clinic", "hope", nil, "update", "Doctor/hope", `{"patients": {"connect": ["p2"]}}`, false},
		{"clinic", "hope", nil, "create", "Doctor", `{"sub": "n", "name": "Nia", "ward": "north", "patients": {"create": [{"number": "N1", "name": "Zoe", "ward": "north"}]}}`, true},
		{"clinic", "hope", nil, "create", "Doctor", `{"sub": "n", "name": "Nia", "ward": "north", "patients": {"create": [{"number": "N1", "name": "Zoe", "ward": "west"}]}}`, false},
		// embedded values and scalars
		{"types", "lon", nil, "create", "Parcel", `{"to": {"street": "s", "city": "lon"}}`, true},
		{"types", "lon", nil, "create", "Parcel", `{"to": {"street": "s", "city": "lon", "floor": 100}}`, false},
		{"types", "lon", nil, "create", "Parcel", `{"to": {"street": "s", "city": "par"}}`, false},
		{"types", "lon", nil, "create", "Tag", `{"name": "New", "title": "t"}`, true},
		// identities of other kinds
		{"badges", "6f9619ff-8b86-d011-b42d-00c04fc964ff", nil, "create", "Note", `{"text": "t", "account": {"connect": "a1"}}`, true},
		{"badges", "6F9619FF-8B86-D011-B42D-00C04FC964FF", nil, "create", "Note", `{"text": "t", "account": {"connect": "a1"}}`, false},
	} {
		name := fmt.Sprint(c.world, " ", c.sub, " ", c.action, " ", c.on, " ", c.data)
		server, issuer := readWorld(t, "testdata/worlds/"+c.world).serve(t, openMemory(t))
		token := func(sub string, roles ...string) string {
			token, err := issuer.Mint(auth.MintRequest{Subject: sub, Roles: roles, TTL: time.Hour})
			if err != nil {
				t.Fatal(err)
			}
			return token
		}
		of, id, _ := strings.Cut(c.on, "/")
		claims, _ := json.Marshal(map[string]any{"sub": c.sub})
		var explained struct {
			Data struct{ ExplainAccess struct{ Allowed bool } }
		}
		ask := request{Token: token("ops", "flora:data"), Control: true,
			Operation: `query ($of: String!, $id: ID, $do: Action!, $claims: String, $roles: [String!], $data: String) { explainAccess(collection: $of, id: $id, action: $do, claims: $claims, roles: $roles, data: $data) { allowed } }`,
			Variables: map[string]any{"of": of, "id": id, "do": strings.ToUpper(c.action), "claims": string(claims), "roles": c.roles, "data": c.data}}
		decode(t, ask.send(t, server, issuer), &explained)

		var data map[string]any
		if err := json.Unmarshal([]byte(c.data), &data); err != nil {
			t.Fatal(err)
		}
		write := request{Token: token(c.sub, c.roles...), Variables: map[string]any{"data": data, "id": id},
			Operation: fmt.Sprintf(`mutation ($data: %[1]sInput!) { w: create%[1]s(data: $data) { _id } }`, of)}
		if id != "" {
			write.Operation = fmt.Sprintf(`mutation ($id: ID!, $data: PartialUpdate%[1]sInput!) { w: partialUpdate%[1]s(id: $id, data: $data) { _id } }`, of)
		}
		answer := write.send(t, server, issuer)
		done := strings.Contains(answer, `"commitTime"`)
		if done != c.want {
			t.Errorf("%s: want %v, the write answers %s", name, c.want, answer)
		}
		if explained.Data.ExplainAccess.Allowed != done {
			t.Errorf("%s: explained as %v, the write answers %s", name, explained.Data.ExplainAccess.Allowed, answer)
		}
		if done {
			allowed++
		}
	}
	if allowed < 10 {
		t.Errorf("%d writes are allowed", allowed)
	}
}

// TestExplainServer asks a running server, which says what flora explain says
// of its store, to whom it may.
func TestExplainServer(t *testing.T) {
	dir := t.TempDir()
	file := write(t, dir, "shop.graphql", `type Product @auth(read: "doc.owner == CurrentIdentity()", write: "doc.owner == CurrentIdentity()") @auth(role: "moderator", read: "true", delete: "true")
  @check(expr: "doc.price == null || doc.price < 100", message: "too dear") {
  name: String!
  price: Int @check(expr: "doc.price > 0", message: "a price is above 0")
  owner: String! @set(on: CREATE, expr: "CurrentIdentity()")
}`)
	seed := write(t, dir, "seed.yaml", `products: [{ _id: lamp, name: Lamp, owner: ada }]`)
	flag := "--data-dir=" + filepath.Join(dir, "data")
	_, base := dev(t, "--schema", file, "--seed", seed, flag)
	ops, user := mint(t, filepath.Join(dir, "data"), "ops", "--role", "flora:data"), mint(t, filepath.Join(dir, "data"), "ops")
	const lamp = "Product/lamp"
	for _, c := range []struct {
		token string
		args  []string
		code  int
		want  string // stdout, of a failure stderr
	}{
		{ops, []string{lamp, "delete", "--sub", "bob", "--role", "moderator"}, 0, "bob may delete Product/lamp\n"},
		{ops, []string{lamp, "delete", "--sub", "bob"}, 0, "bob may not delete Product/lamp\n"},
		{ops, []string{lamp, "read"}, 0, "a caller without a token may not read Product/lamp\n\nProduct.read: unknown\n"},
		{ops, []string{lamp, "update", "--sub", "ada", "--data", `{"price": 200}`}, 0, "ada may not update Product/lamp\n"},
		{ops, []string{lamp, "update", "--sub", "ada", "--data", `{"price": 200}`}, 0,
			"Product @check of data: denied\n  denied   " + file + ":2:3  doc.price == null || doc.price < 100\n             the client is told: too dear\n"},
		{ops, []string{lamp, "update", "--sub", "ada", "--data", `{"price": 0}`}, 0, "Product.price @check of data.price: denied\n"},
		{ops, []string{lamp, "update", "--sub", "ada", "--data", `{"price": 1}`}, 0, "ada may update Product/lamp\n"},
		{ops, []string{"Product", "create", "--sub", "new", "--data", `{"name": "x"}`}, 0, "new may create Product\n"},
		{ops, []string{"Product", "create", "--data", `{"name": "x"}`}, 0, "a caller without a token may not create Product\n"},
		{ops, []string{"Nothing/x", "read"}, 1, "the schema has no collection Nothing"},
		{user, []string{lamp, "read"}, 1, "this needs the right flora:data"},
		{"x", []string{lamp, "read"}, 1, "the token is opaque"},
		{"", []string{lamp, "read"}, 1, "--server needs a --token"},
	} {
		args := append([]string{"explain", "--server", base}, c.args...)
		p := start(t, map[string]string{"FLORA_TOKEN": c.token}, args...)
		code, out := p.wait(), p.out
		if code != 0 {
			out = p.err
		}
		if code != c.code || !strings.Contains(out.String(), c.want) {
			t.Errorf("%q: %d, want %d %q in\n%s%s", c.args, code, c.code, c.want, p.out, p.err)
		}
	}
}

func TestControlAPI(t *testing.T) {
	for server, want := range map[string]string{
		"https://admin.example.com":               "https://admin.example.com/admin/graphql",
		"https://example.com/flora/":              "https://example.com/flora/admin/graphql",
		"https://example.com/admin/graphql":       "https://example.com/admin/graphql",
		"http://127.0.0.1:8080":                   "http://127.0.0.1:8080/admin/graphql",
		"http://[::1]:8080":                       "http://[::1]:8080/admin/graphql",
		"http://localhost:8080":                   "http://localhost:8080/admin/graphql",
		"http://admin.example.com":                "", // the token in the clear
		"http://localhost.example.com":            "",
		"http://10.0.0.1":                         "",
		"ftp://localhost":                         "",
		"localhost:8080":                          "",
		"https://user:secret@example.com":         "",
		"https://example.com?next=https://x.test": "",
	} {
		got, err := controlAPI(server)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%s: %q %v, want %q", server, got, err, want)
		}
	}
}
