package main

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"flora.dev/flora/schema"
	"github.com/google/go-cmp/cmp"
)

// TestStoredShifts asks two schemas about the documents of a store.
func TestStoredShifts(t *testing.T) {
	const rest = ` { text: String! @auth(read: "doc.owner == CurrentUser()"), size: Long, at: Time, public: Boolean!, tags: [String!], owner: User, readers: [User!] @relation }
type User @auth(read: "signedIn") { sub: String! @unique @identity @auth(write: "false"), name: String @renamed(from: "nick"), notes: [Note!] @relation(name: "own"), reads: [Note!] @relation }`
	schema := func(read string) string {
		return `type Note @auth(read: "` + read + `")` + strings.Replace(rest, "owner: User,", `owner: User @relation(name: "own"),`, 1)
	}
	c := deployCase{
		Before: strings.Replace(schema("doc.owner == CurrentUser() || 'x' in doc.tags"), `name: String @renamed(from: "nick")`, "nick: String", 1),
		After:  schema("doc.owner == CurrentUser() || doc.public || doc.size > 9007199254740992 || CurrentUser() in doc.readers"),
		Given: map[string]any{
			"users": []any{map[string]any{"_id": "ada", "sub": "ada", "nick": "A"}, map[string]any{"_id": "bob", "sub": "bob"}},
			"notes": []any{
				map[string]any{"_id": "open", "text": "a secret text", "public": true, "owner": "ada"},
				map[string]any{"_id": "large", "text": "a secret text", "public": false, "owner": "ada", "size": 9007199254740993},
				map[string]any{"_id": "shared", "text": "a secret text", "public": false, "owner": "ada", "readers": []any{"bob"}},
				map[string]any{"_id": "tagged", "text": "a secret text", "public": false, "owner": "bob", "tags": []any{"y", "x"}, "at": "2026-01-02T03:04:05Z"},
				map[string]any{"_id": "hidden", "text": "a secret text", "public": false, "owner": "bob"},
			},
		},
	}
	const place = "after.graphql:1:11 "
	by := "  by " + place + "doc.owner == CurrentUser() || doc.public || doc.size > 9007199254740992 || CurrentUser() in doc.readers\n"
	was := "  by deployed.graphql:1:11 doc.owner == CurrentUser() || 'x' in doc.tags\n"
	want := "stored documents: 7 changes, 120 answers compared\n" +
		"  newly-allows  read Note/large  anyone without a token" + by +
		"  newly-allows  read Note/large  bob" + by +
		"  newly-allows  read Note/open  anyone without a token" + by +
		"  newly-allows  read Note/open  bob" + by +
		"  newly-allows  read Note/shared  bob" + by +
		"  newly-denies  read Note/tagged  anyone without a token" + was +
		"  newly-denies  read Note/tagged  ada" + was
	for _, engine := range bothEngines {
		t.Run(engine, func(t *testing.T) {
			db := openEngine(t, engine)
			c.begin(t, db)
			p, err := plan(t.Context(), db, loadChange(t, c.After), false)
			if err != nil {
				t.Fatal(err)
			}
			report, err := p.stored(t.Context(), db, nil)
			if err != nil {
				t.Fatal(err)
			}
			var b strings.Builder
			printStored(&b, report)
			if diff := cmp.Diff(want, b.String()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if strings.Contains(b.String(), "secret") {
				t.Error("it shows values")
			}
		})
	}
}

// TestStoredShiftsOfMoved asks rules that read what the deployment itself moves:
// renamed and converted fields, a renamed identity and reference, defaults of
// fields that are new or become required, and a type that keeps its table.
func TestStoredShiftsOfMoved(t *testing.T) {
	c := deployCase{
		Before: `type Task @auth(read: "doc.owner == CurrentUser()") { text: String!, public: Boolean, level: Int, done: Boolean, owner: User @relation(name: "own"), kind: Kind }
type Kind @auth(read: "doc.name != null") { name: String }
type Flag @auth(read: "doc.on") { on: Boolean, text: String }
type User @auth(read: "false") { sub: String! @unique @identity @auth(write: "false"), tasks: [Task!] @relation(name: "own") }`,
		After: `type Task @auth(read: "doc.owned == CurrentUser() || doc.open || doc.rank == '3' || doc.weight == 2 && doc.text == 'heavy' || doc.kind.label == 'free'") { text: String!, open: Boolean @renamed(from: "public"), rank: String @renamed(from: "level"), done: Boolean! @default(expr: "true"), weight: Int! @default(expr: "2"), owned: User @relation(name: "own") @renamed(from: "owner"), kind: Sort }
type Flag @auth(read: "doc.on") { on: Boolean! @default(expr: "true"), text: String }
type Sort @auth(read: "doc.label != null") @collection(name: "Kind") { label: String @renamed(from: "name") }
type User @auth(read: "doc.tasks.exists(t, t.done)") { login: String! @unique @identity @auth(write: "false") @renamed(from: "sub"), tasks: [Task!] @relation(name: "own") }`,
		Allow: []string{schema.RenameRules},
		Given: map[string]any{
			"users": []any{map[string]any{"_id": "a", "sub": "ada"}, map[string]any{"_id": "b", "sub": "bob"}},
			"flags": []any{map[string]any{"_id": "off", "on": false}, map[string]any{"_id": "unset"}},
			"kinds": []any{map[string]any{"_id": "free", "name": "free"}, map[string]any{"_id": "dear", "name": "dear"}},
			"tasks": []any{
				map[string]any{"_id": "own", "text": "light", "owner": "a", "kind": "dear", "public": false, "level": 4, "done": false},
				map[string]any{"_id": "open", "text": "light", "public": true, "done": false},
				map[string]any{"_id": "ranked", "text": "light", "level": 3},
				map[string]any{"_id": "heavy", "text": "heavy"},
				map[string]any{"_id": "free", "text": "light", "kind": "free"},
				map[string]any{"_id": "by default", "text": "light", "owner": "b"},
			},
		},
	}
	want := []string{
		"newly-allows read Task/free ",
		"newly-allows read Task/free ada",
		"newly-allows read Task/free bob",
		"newly-allows read Task/heavy ",
		"newly-allows read Task/heavy ada",
		"newly-allows read Task/heavy bob",
		"newly-allows read Task/open ",
		"newly-allows read Task/open ada",
		"newly-allows read Task/open bob",
		"newly-allows read Task/ranked ",
		"newly-allows read Task/ranked ada",
		"newly-allows read Task/ranked bob",
		"newly-allows read Flag/unset ",
		"newly-allows read Flag/unset ada",
		"newly-allows read Flag/unset bob",
		"newly-allows read User/b ",
		"newly-allows read User/b ada",
		"newly-allows read User/b bob",
	}
	for _, engine := range bothEngines {
		t.Run(engine, func(t *testing.T) {
			db := openEngine(t, engine)
			c.begin(t, db)
			p, err := plan(t.Context(), db, loadChange(t, c.After), false, c.Allow...)
			if err != nil || len(p.refused()) > 0 {
				t.Fatal(p.refused(), err)
			}
			report, err := p.stored(t.Context(), db, nil)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, s := range report.Shifts {
				got = append(got, fmt.Sprintf("%s %s %s/%s %s", s.Change, s.Action, s.Collection, s.ID, s.Caller.Subject))
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			// What was said is what is: asked of a plan that another overtook, it says so.
			if _, err := p.apply(t.Context(), db); err != nil {
				t.Fatal(err)
			}
			if _, err := p.stored(t.Context(), db, nil); !errors.Is(err, errOvertaken) {
				t.Errorf("after the deployment: %v", err)
			}
		})
	}
}
