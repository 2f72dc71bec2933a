package sqlite

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"flora.dev/flora/rules"
	"flora.dev/flora/schema"
	"flora.dev/flora/store"
	"flora.dev/flora/store/internal/sqlgen"
)

const branchesSDL = `
type Team @auth(read: "true") { name: String!  members: [Member!] @relation }
type Member @auth(read: "true") { team: Team!  user: String! @index }
type Card @auth(read: "true") @index(fields: ["owner", "made DESC"]) @index(fields: ["open", "made DESC"]) @index(fields: ["team", "made DESC"]) {
  owner: String!  open: Boolean!  team: Team!  made: Time!  text: String!
}`

// 100,000 cards: a hundredth is open, a fifth is one caller's, the rest belongs
// to a thousand others. Everybody is in five of 500 teams.
var branchesData = []string{
	"INSERT INTO Team (flora_id, flora_ts, name) SELECT 't' || value, 1, 'x' FROM n WHERE value BETWEEN 0 AND 499",
	"INSERT INTO Member (flora_id, flora_ts, team, user) SELECT 'm' || value, 1, 't' || (value * 7919 % 500), 'u' || (value % 1000) FROM n WHERE value BETWEEN 0 AND 4999",
	"INSERT INTO Member (flora_id, flora_ts, team, user) SELECT 'h' || value, 1, 't' || value, 'heavy' FROM n WHERE value BETWEEN 0 AND 4",
	"INSERT INTO Card (flora_id, flora_ts, owner, open, team, made, text) SELECT printf('%08x', value * 2654435761 % 4294967296), 1," +
		" CASE WHEN value % 5 = 0 THEN 'heavy' ELSE 'u' || (value * 7919 % 1000) END, value % 100 = 7, 't' || (value * 31 % 500), value * 2654435761 % 1000000007, 'some text' FROM n WHERE value BETWEEN 1 AND 100000",
}

// BenchmarkBranches reads the newest 20 of the cards that are open or one's
// own, and of one's own or one's teams': by one SELECT with the OR, and by one
// for each operand. The indexes are the same.
func BenchmarkBranches(b *testing.B) {
	db, err := Open(b.Context(), filepath.Join(b.TempDir(), "flora.db"), Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	s, err := schema.Load("f", []byte(branchesSDL))
	if err != nil {
		b.Fatal(err)
	}
	if _, err := db.Deploy(b.Context(), &store.Migration{SDL: branchesSDL, Steps: schema.Diff(nil, s, time.Now()).Steps}); err != nil {
		b.Fatal(err)
	}
	for _, text := range branchesData {
		text = strings.Replace(text, "SELECT", "WITH RECURSIVE n(value) AS (SELECT 0 UNION ALL SELECT value + 1 FROM n WHERE value < 100000) SELECT", 1)
		if err := db.submit(b.Context(), &job{run: func(c *conn) error { return c.run(&sqlgen.Statement{SQL: text}, nil) }}); err != nil {
			b.Fatal(err)
		}
	}
	card, member, team := s.Collection("Card").Object, s.Collection("Member").Object, s.Collection("Team").Object
	col := func(v rules.Var, o *rules.Object, f string) rules.Col { return rules.Col{Var: v, Field: o.Field(f)} }
	own := func(v rules.Var, o *rules.Object, f, caller string) rules.Pred {
		return rules.Cmp{Op: rules.Eq, L: col(v, o, f), R: rules.Val{Value: rules.Value{Kind: rules.String, V: caller}}}
	}
	indexes := card.Indexes
	for _, rule := range []string{"open or own", "own or team", "open, own or team"} {
		for _, caller := range []string{"u7", "heavy"} {
			or := rules.Or{own(1, card, "owner", caller)}
			if rule != "own or team" {
				or = append(or, rules.Test{X: col(1, card, "open")})
			}
			if rule != "open or own" {
				or = append(or, rules.One{From: col(1, card, "team"), Target: team, Var: 2, Domain: rules.True, Body: rules.Many{
					Of: col(2, team, "_id"), Field: team.Field("members"), Var: 3, Domain: rules.True, Body: own(3, member, "user", caller)}})
			}
			q := &store.Query{Roots: []store.Select{{From: card, Var: 1, List: true, Limit: 21, Where: or, After: rules.True,
				Order: []store.Order{{Field: card.Field("made"), Desc: true}}, Columns: []store.Column{{Value: col(1, card, "_id")}, {Value: col(1, card, "text")}}}}}
			var want string
			for _, one := range []bool{true, false} {
				name := "several SELECTs"
				if card.Indexes = indexes; one {
					name, card.Indexes = "OR", nil
				}
				b.Run(rule+"/"+caller+"/"+name, func(b *testing.B) {
					b.ReportAllocs()
					for b.Loop() {
						rows, err := db.Read(b.Context(), q)
						if err != nil {
							b.Fatal(err)
						}
						if want == "" {
							want = rows.Roots[0]
						}
						if len(want) < 500 || rows.Roots[0] != want {
							b.Fatal(rows.Roots[0], want)
						}
					}
				})
			}
		}
	}
}
