package main

import (
	"strings"
	"testing"

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
