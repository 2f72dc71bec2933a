package deploy

import (
	"fmt"
	"strings"
	"testing"

	"flora.dev/flora/schema"
	"github.com/google/go-cmp/cmp"
)

func shop(t *testing.T, sdl string) *schema.Schema {
	t.Helper()
	s, err := schema.Load("shop.graphql", []byte(sdl))
	if err != nil {
		t.Fatalf("%v\n%s", err, sdl)
	}
	return s
}

// shopUsers precede most schemas of the table; they stay as they are.
const shopUsers = `type User @auth(read: "signedIn") { sub: String! @unique @identity @auth(create: "false", update: "false") name: String level: Int @auth(create: "false", update: "false") }
`

// doc is a schema with one document type, for rules of it.
func docs(rules string) string {
	return shopUsers + `type Doc ` + rules + ` { name: String n: Int open: Boolean state: State owner: User team: Team tags: [String!] }
enum State { DRAFT DONE }
type Team @auth(read: "anyone", reason: "-") { open: Boolean members: [Member!] @relation docs: [Doc!] @relation }
type Member @auth(read: "signedIn") @unique(fields: ["team", "user"]) { team: Team! user: User! rank: Int }`
}

func readBy(expr string) string { return docs(`@auth(read: "` + expr + `")`) }

// field is a schema whose field n has directives.
func fieldWith(directives string) string {
	return strings.Replace(docs(`@auth(all: "signedIn")`), "n: Int", "n: Int "+directives, 1)
}

// TestRules has a change of rules, and what must be told of it: without places
// and tries, nothing of what says the same.
func TestRules(t *testing.T) {
	tests := []struct {
		name, before, after string
		want                []string
	}{
		// Looser.
		{"opened to anyone", readBy("signedIn"), readBy("anyone"), []string{
			"read Doc newly-allows anyone without a token | document {} | anyone"}},
		{"one more alternative", readBy("doc.owner == CurrentUser()"), readBy("doc.owner == CurrentUser() || doc.open"), []string{
			"read Doc newly-allows anyone without a token | document {open: true} | doc.owner == CurrentUser() || doc.open"}},
		{"one condition less", readBy("signedIn && doc.open"), readBy("signedIn"), []string{
			"read Doc newly-allows signed in as alice | document {open: null} | signedIn"}},
		{"a bound moved", readBy("doc.n < 10"), readBy("doc.n <= 10"), []string{
			"read Doc newly-allows anyone without a token | document {n: 10} | doc.n <= 10"}},
		{"one more value", readBy("doc.state in ['DONE']"), readBy("doc.state in ['DONE', 'DRAFT']"), []string{
			`read Doc newly-allows anyone without a token | document {state: "DRAFT"} | doc.state in ['DONE', 'DRAFT']`}},
		{"a shorter prefix", readBy("doc.name.startsWith('pub-')"), readBy("doc.name.startsWith('pub')"), []string{
			`read Doc newly-allows anyone without a token | document {name: "pub"} | doc.name.startsWith('pub')`}},
		{"a grant for a role", docs(`@auth(read: "signedIn")`), docs(`@auth(read: "signedIn") @auth(role: "boss", delete: "true")`), []string{
			"delete Doc newly-allows signed in as alice with role boss | document {} | boss: true"}},
		{"null counts", readBy("doc.owner == CurrentUser()"), readBy("doc.owner == CurrentUser() || doc.owner == null"), []string{
			"read Doc newly-allows anyone without a token | document {owner: null} | doc.owner == CurrentUser() || doc.owner == null"}},
		{"a membership", readBy("doc.team.members.exists(m, m.user == CurrentUser() && m.rank > 1)"), readBy("doc.team.members.exists(m, m.user == CurrentUser())"), []string{
			`read Doc newly-allows signed in as alice | document {team: "team1"}, Member member1 {rank: null, team: "team1", user: "user1"}, Team team1 {}, User user1 {sub: "alice"} | doc.team.members.exists(m, m.user == CurrentUser())`}},
		{"behind a hop", readBy("doc.team.open && doc.open"), readBy("doc.team.open"), []string{
			`read Doc newly-allows anyone without a token | document {open: null, team: "team1"}, Team team1 {open: true} | doc.team.open`}},
		{"a claim", readBy("CurrentToken().plan == 'gold'"), readBy("CurrentToken().plan in ['gold', 'silver']"), []string{
			`read Doc newly-allows signed in as alice with claims {plan: "silver"} | document {} | CurrentToken().plan in ['gold', 'silver']`}},
		{"an update without its old side", docs(`@auth(read: "anyone", update: "oldDoc.state == 'DRAFT' && newDoc.n < 3", reason: "-")`), docs(`@auth(read: "anyone", update: "newDoc.n < 3", reason: "-")`), []string{
			`update Doc newly-allows anyone without a token | oldDoc {n: 4, state: null}, newDoc {n: 2} | newDoc.n < 3`}},
		{"given away", docs(`@auth(read: "anyone", update: "doc.owner == CurrentUser()", reason: "-")`), docs(`@auth(read: "anyone", update: "oldDoc.owner == CurrentUser()", reason: "-")`), []string{
			`update Doc newly-allows signed in as alice | oldDoc {owner: "user1"}, newDoc {owner: null}, User user1 {sub: "alice"} | oldDoc.owner == CurrentUser()`}},
		{"an update that read held back", docs(`@auth(read: "doc.owner == CurrentUser()", update: "signedIn")`), docs(`@auth(read: "signedIn", update: "signedIn")`), []string{
			"read Doc newly-allows signed in as alice | document {} | signedIn",
			"update Doc newly-allows signed in as alice | oldDoc {}, newDoc {} | read of Doc: signedIn"}},
		{"a grant of the schema", docs(`@auth(read: "signedIn")`), docs(`@auth(read: "signedIn")`) + ` extend schema @auth(role: "server", create: "true")`, []string{
			"create User newly-allows signed in as alice with role server | newDoc {} | server: true",
			"create Doc newly-allows signed in as alice with role server | newDoc {} | server: true",
			"create Team newly-allows signed in as alice with role server | newDoc {} | server: true",
			"create Member newly-allows signed in as alice with role server | newDoc {} | server: true"}},

		// Tighter.
		{"closed", readBy("signedIn"), docs(""), []string{
			"read Doc newly-denies signed in as alice | document {} | signedIn"}},
		{"one more condition", readBy("doc.open"), readBy("doc.open && doc.n > 3"), []string{
			"read Doc newly-denies anyone without a token | document {n: null, open: true} | doc.open"}},
		{"not equal is not greater", readBy("doc.n != 3"), readBy("doc.n > 3"), []string{
			"read Doc newly-denies anyone without a token | document {n: null} | doc.n != 3"}},
		{"another role", docs(`@auth(role: "a", read: "true")`), docs(`@auth(role: "b", read: "true")`), []string{
			"read Doc newly-allows signed in as alice with role b | document {} | b: true",
			"read Doc newly-denies signed in as alice with role a | document {} | a: true"}},

		// What a rule uses.
		{"a named rule", readBy("mine(doc)") + ` extend schema @rule(name: "mine", on: "Doc", expr: "doc.owner == CurrentUser() && doc.open")`,
			readBy("mine(doc)") + ` extend schema @rule(name: "mine", on: "Doc", expr: "doc.open")`, []string{
				"read Doc newly-allows anyone without a token | document {open: true} | mine(doc)"}},
		{"a role's condition", readBy("HasRole('old')") + ` extend schema @role(name: "old", when: "CurrentUser().level > 4")`,
			readBy("HasRole('old')") + ` extend schema @role(name: "old", when: "CurrentUser().level > 3")`, []string{
				`read Doc newly-allows signed in as alice | document {}, User user1 {level: 4, sub: "alice"} | HasRole('old')`}},
		{"a role's provider", readBy("HasRole('ops')") + ` extend schema @role(name: "ops", provider: "corp", when: "signedIn")`,
			readBy("HasRole('ops')") + ` extend schema @role(name: "ops", provider: "shop", when: "signedIn")`, []string{
				`read Doc newly-allows signed in as alice of provider shop | document {} | HasRole('ops')`,
				`read Doc newly-denies signed in as alice of provider corp | document {} | HasRole('ops')`}},
		{"the identity's claim", readBy("doc.owner == CurrentUser()"), strings.Replace(readBy("doc.owner == CurrentUser()"), "@identity", `@identity(claim: "number")`, 1), []string{
			`read Doc newly-allows signed in as alice with claims {number: "a"} | document {owner: "user1"}, User user1 {sub: "a"} | doc.owner == CurrentUser()`,
			`read Doc newly-denies signed in as alice | document {owner: "user1"}, User user1 {sub: "alice"} | doc.owner == CurrentUser()`}},
		{"the identity's field", readBy("doc.owner == CurrentUser()"), strings.NewReplacer("@unique @identity", "@unique", "name: String level", `name: String @unique @identity @auth(create: "false", update: "false") level`).Replace(readBy("doc.owner == CurrentUser()")), []string{
			`read Doc newly-allows signed in as alice | document {owner: "user1"}, User user1 {name: "alice", sub: "a"} | doc.owner == CurrentUser()`,
			`read Doc newly-denies signed in as alice | document {owner: "user1"}, User user1 {sub: "alice"} | doc.owner == CurrentUser()`}},
		{"a claim's key", readBy("CurrentToken().plan == 'gold'") + " type Claims @claims { plan: String }", readBy("CurrentToken().plan == 'gold'") + ` type Claims @claims { plan: String @claim(name: "p") }`, []string{
			`read Doc newly-allows signed in as alice with claims {p: "gold"} | document {} | CurrentToken().plan == 'gold'`,
			`read Doc newly-denies signed in as alice with claims {plan: "gold"} | document {} | CurrentToken().plan == 'gold'`}},

		// Fields.
		{"a field's rule is gone", fieldWith(`@auth(read: "HasRole('boss')")`), fieldWith(""), []string{
			"read Doc.n newly-allows signed in as alice | document {} | no rule of its own, it follows Doc"}},
		{"a field's rule is new", fieldWith(""), fieldWith(`@auth(read: "HasRole('boss')")`), []string{
			"read Doc.n newly-denies signed in as alice | document {} | no rule of its own, it follows Doc"}},
		{"a field's rule behind its type's", fieldWith(`@auth(read: "doc.open && signedIn")`), fieldWith(`@auth(read: "doc.open")`), nil},
		{"a field's update", fieldWith(`@auth(update: "false", create: "true")`), fieldWith(`@auth(update: "newDoc.n > oldDoc.n", create: "true")`), []string{
			"update Doc.n newly-allows signed in as alice | oldDoc {n: 1}, newDoc {n: 2} | newDoc.n > oldDoc.n"}},
		{"no longer set by the server", fieldWith(`@set(on: [CREATE, UPDATE], expr: "3")`), fieldWith(""), []string{
			"create Doc.n newly-allows signed in as alice | newDoc {} | no rule of its own, it follows Doc",
			"update Doc.n newly-allows signed in as alice | oldDoc {}, newDoc {} | no rule of its own, it follows Doc"}},
		{"a new field", strings.Replace(docs(`@auth(read: "signedIn", create: "HasRole('boss')")`), "n: Int", "", 1), docs(`@auth(read: "signedIn", create: "HasRole('boss')")`), []string{
			"read Doc.n opens signed in | - | no rule of its own, it follows Doc",
			"create Doc.n opens role boss | - | no rule of its own, it follows Doc"}},
		{"a new field with a rule", strings.Replace(docs(`@auth(read: "signedIn")`), "n: Int", "", 1), strings.Replace(docs(`@auth(read: "signedIn")`), "n: Int", `n: Int @auth(read: "doc.owner == CurrentUser()")`, 1), []string{
			"read Doc.n opens - | - | doc.owner == CurrentUser()"}},
		{"a renamed field", readBy("doc.n > 3"), strings.Replace(readBy("doc.m > 3"), "n: Int", "m: Int @renamed(from: \"n\")", 1), []string{
			"read Doc no-difference-found"}},
		{"a renamed field, asked otherwise", readBy("doc.n > 3"), strings.Replace(readBy("doc.m > 2"), "n: Int", "m: Int @renamed(from: \"n\")", 1), []string{
			"read Doc newly-allows anyone without a token | document {m: 3} | doc.m > 2"}},
		{"a new collection", shopUsers, shopUsers + `type Note @auth(read: "anyone", create: "signedIn", reason: "-") { text: String }`, []string{
			"read Note opens anyone | - | anyone",
			"create Note opens signed in | - | signedIn"}},

		// Checks.
		{"a check is new", docs(`@auth(all: "signedIn")`), docs(`@auth(all: "signedIn") @check(expr: "doc.n > 3", message: "m")`), []string{
			"check Doc newly-refuses - | newDoc {n: null} | doc.n > 3"}},
		{"a check is weaker", fieldWith(`@check(expr: "doc.n > 3", message: "m")`), fieldWith(`@check(expr: "doc.n > 2", message: "m")`), []string{
			"check Doc.n newly-accepts - | newDoc {n: 3} | doc.n > 3"}},
		{"a check says it otherwise", fieldWith(`@check(expr: "doc.n > 3", message: "m")`), fieldWith(`@check(expr: "!(doc.n <= 3)", message: "other")`), nil},

		// The same.
		{"order", readBy("doc.open && doc.n > 3"), readBy("doc.n > 3 && doc.open"), nil},
		{"De Morgan", readBy("!(doc.n == 3 && doc.open == true)"), readBy("doc.n != 3 || doc.open != true"), nil},
		{"distributed", readBy("doc.open && (doc.n > 3 || doc.n < 1)"), readBy("doc.open && doc.n > 3 || doc.open && doc.n < 1"), nil},
		{"a list written out", readBy("doc.state in ['DONE', 'DRAFT']"), readBy("doc.state == 'DRAFT' || doc.state == 'DONE'"), nil},
		{"mirrored", readBy("3 < doc.n"), readBy("doc.n > 3"), nil},
		{"exists and all", readBy("doc.team.members.exists(m, m.rank == 3)"), readBy("!doc.team.members.all(m, m.rank != 3)"), nil},
		{"a named rule written out", readBy("mine(doc)") + ` extend schema @rule(name: "mine", on: "Doc", expr: "doc.owner == CurrentUser()")`, readBy("doc.owner == CurrentUser()"), nil},
		{"two grants in one", docs(`@auth(read: "doc.open") @auth(read: "signedIn")`), readBy("signedIn || doc.open"), nil},
		{"onDeny", fieldWith(`@auth(read: "HasRole('boss')")`), fieldWith(`@auth(read: "HasRole('boss')", onDeny: ERROR)`), nil},
		{"reason", docs(`@auth(read: "anyone")`), docs(`@auth(read: "anyone", reason: "it is public")`), nil},
		{"moved", readBy("signedIn"), "\n\n# moved\n" + readBy("signedIn"), nil},
		{"cannot be", readBy("doc.open && doc.n > 3"), readBy("doc.open && doc.n > 3 || doc.n > 4 && doc.n < 4"), []string{
			"read Doc no-difference-found"}},
	}
	for _, c := range tests {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			for _, s := range Rules(t.Context(), shop(t, c.before), shop(t, c.after), RuleOptions{}) {
				got = append(got, told(s))
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// told is a shift in a line without places.
func told(s Shift) string {
	name := s.Collection
	if s.Field != "" {
		name += "." + s.Field
	}
	line := fmt.Sprintf("%s %s %s", s.Action, name, s.Change)
	if s.Change == NotFound {
		return line
	}
	who, what := strings.Join(s.Who, ", "), "-"
	if w := s.Witness; w != nil {
		what = w.documents()
		if who = w.Caller.String(); s.Action == "check" {
			who = ""
		}
	}
	if who == "" {
		who = "-"
	}
	var by []string
	for _, c := range s.By {
		text := c.Text
		if c.Role != "" {
			text = c.Role + ": " + text
		}
		if c.Of != "" {
			text = c.Of + ": " + text
		}
		by = append(by, text)
	}
	return line + " " + who + " | " + what + " | " + strings.Join(by, ", ")
}
