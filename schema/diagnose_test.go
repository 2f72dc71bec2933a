package schema

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// people is the collection of callers, without a warning.
const people = `type User @auth(read: "signedIn", create: "newDoc.sub == CurrentIdentity()", update: "doc == CurrentUser()") {
  sub: String! @unique @identity @auth(create: "newDoc.sub == CurrentIdentity()", update: "false")
  name: String
  memberships: [Member!] @relation
}
`

// team is what rules look for members in; its type Member follows in each test.
const team = people + `enum Role { ADMIN MEMBER GUEST }
type Team @auth(read: "doc.members.exists(m, m.user == CurrentUser())") { name: String, members: [Member!] @relation, docs: [Doc!] @relation, owner: User @set(on: CREATE, expr: "CurrentUser()") }
type Doc @auth(read: "doc.team.members.exists(m, m.user == CurrentUser())", write: "doc.team.members.exists(m, m.user == CurrentUser() && m.role == 'ADMIN')") { team: Team! }
`

const member = ` { user: User!, team: Team!, role: Role! @default(expr: "'MEMBER'") }`

// warned loads a schema and returns its warnings without position and hint.
func warned(t *testing.T, sdl string) string {
	t.Helper()
	s, err := Load("f", []byte(sdl))
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, w := range s.Warnings {
		lines = append(lines, w.Message)
	}
	return strings.Join(lines, "\n")
}

type warningTest struct{ name, sdl, want string }

func runWarnings(t *testing.T, tests []warningTest) {
	t.Helper()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, warned(t, tt.sdl)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestWarnsOfEverySignedInCaller(t *testing.T) {
	runWarnings(t, []warningTest{
		{"writes", `type A @auth(write: "signedIn") { x: Int }`, "type A: every signed-in caller can create, update, delete it"},
		{"written otherwise", `type A @auth(delete: "HasCurrentIdentity() && (signedIn || doc.x == 1)") { x: Int }`, "type A: every signed-in caller can delete it"},
		{"with a reason", `type A @auth(write: "signedIn", reason: "a sandbox") { x: Int }`, ""},
		{"reads", `type A @auth(read: "signedIn") { x: Int }`, ""},
		{"with a role", `type A @auth(role: "a", write: "signedIn") { x: Int }`, ""},
		{"with a claim", `type A @auth(write: "signedIn && CurrentToken().a == 'b'") { x: Int }`, ""},
		{"of their own", `type A @auth(write: "doc.x == CurrentIdentity()") { x: String }`, ""},
		{"on the schema", `extend schema @auth(write: "signedIn") type A { x: Int } type B { y: Int }`, "schema: every signed-in caller can create, update, delete every document"},
		{"on the schema, with a reason", `extend schema @auth(write: "signedIn", reason: "a workshop") type A { x: Int }`, ""},
		{"creates, and the server notes who", `type A @auth(create: "signedIn") { x: String @set(on: CREATE, expr: "CurrentIdentity()") }`, ""},
		{"creates, and the server notes when", `type A @auth(create: "signedIn") { x: Time @set(on: CREATE, expr: "now") }`, "type A: every signed-in caller can create it"},
		{"updates fields that decide", `type A @auth(update: "signedIn") { x: Int @auth(update: "HasRole('a')") }`, ""},
		{"updates a field that does not", `type A @auth(update: "signedIn") { x: Int @auth(update: "HasRole('a')"), y: Int }`, "type A: every signed-in caller can update it"},
		{"creates with a required field that decides", `type A @auth(create: "signedIn") { x: Int! @auth(create: "HasRole('a')", update: "false") }`, ""},
	})
}

func TestWarnsOfConstantRules(t *testing.T) {
	always := func(text string) string {
		return `type A @auth(role: "r", read: "` + text + `") { x: Int, b: Boolean!, n: Boolean, e: E!, s: String, t: String }  enum E { P Q }`
	}
	rule := func(verdict string) string { return "type A: the rule for read is " + verdict }
	runWarnings(t, []warningTest{
		{"literal", always("true"), ""},
		{"literal never", always("false"), ""},
		{"folded", always("1 == 1"), rule("always true")},
		{"or true", always("doc.x == 1 || true"), rule("always true")},
		{"and false", always("doc.x == 1 && false"), rule("never true")},
		{"excluded middle", always("doc.b || !doc.b"), rule("always true")},
		{"with null there is a third", always("doc.n || !doc.n"), ""},
		{"the usual or of !=", always("doc.e != 'P' || doc.e != 'Q'"), rule("always true")},
		{"and of !=", always("doc.e != 'P' && doc.e != 'Q'"), rule("never true")},
		{"two values", always("doc.s == 'a' && doc.s == 'b'"), rule("never true")},
		{"one of two", always("doc.s == 'a' || doc.s == 'b'"), ""},
		{"list apart", always("doc.s in ['a', 'b'] && doc.s in ['c']"), rule("never true")},
		{"lists that meet", always("doc.s in ['a', 'b'] && doc.s in ['b']"), ""},
		{"empty range", always("doc.x > 5 && doc.x < 3"), rule("never true")},
		{"range", always("doc.x > 3 && doc.x < 5"), ""},
		{"one point", always("doc.x >= 3 && doc.x <= 3"), ""},
		{"all there is", always("doc.x > 3 || doc.x <= 3 || doc.x == null"), rule("always true")},
		{"all but null", always("doc.x > 3 || doc.x <= 3"), ""},
		{"sizes of null", always("size(doc.s) == 3 || size(doc.s) != 3"), ""},
		{"sizes", always("size(doc.s) < 3 && size(doc.s) > 3"), rule("never true")},
		{"null and not", always("doc.x == null && doc.x == 1"), rule("never true")},
		{"other fields", always("doc.s == 'a' && doc.t == 'b'"), ""},
		{"signed in or not", always("signedIn || !signedIn"), rule("always true")},
		{"signed in and not", always("signedIn && !HasCurrentIdentity()"), rule("never true")},
		{"a claim or not", always("has(CurrentToken().a) || !has(CurrentToken().a)"), ""},
		{"a role without a token", `type A @auth(read: "!signedIn && HasRole('a')") { x: Int }`, rule("never true")},
		{"a role or not", always("doc.x == 1 && HasRole('a') || doc.x == 1 && !HasRole('a')"), ""},
		{"itself", always("doc.s == doc.s"), rule("always true")},
		{"ternary", always("doc.b ? doc.e == 'P' : doc.e != 'P'"), ""},
		{"ternary in vain", always("doc.b ? !doc.b : doc.b"), rule("never true")},
		{"strings are not looked into", always("doc.s.startsWith('a') && doc.s.startsWith('b')"), ""},
		{"both sides", `type A @auth(read: "HasRole('a')", update: "HasRole('a') && doc.s == 'a' && newDoc.s == 'b'") { s: String }`, "type A: the rule for update is never true"},
		{"each side", `type A @auth(read: "HasRole('a')", update: "HasRole('a') && oldDoc.s == 'a' && newDoc.s == 'b'") { s: String }`, ""},
		{"write", `type A @auth(write: "doc.s == 'a' && doc.s == 'b'") { s: String }`, "type A: the rule for create, update, delete is never true"},
		{"with a reason", `type A @auth(write: "doc.s == 'a' && doc.s == 'b'", reason: "off for now") { s: String }`, ""},
		{"on a field", `type A @auth(read: "HasRole('a')") { s: String @auth(read: "doc.s == 'a' || doc.s != 'a'") }`, "A.s: the rule for read is always true"},
		{"behind a reference", people + `type Member @auth(read: "doc.user.name == 'a' && doc.user.name == 'b'") { user: User }`, "type Member: the rule for read is never true"},
		{"behind two", people + `type Member { user: User } type Pair @auth(read: "doc.a.name == 'a' && doc.b.name == 'b'") { a: User @relation(name: "a"), b: User @relation(name: "b") }`, ""},
	})
}

func TestWarnsOfForgedMemberships(t *testing.T) {
	all := "type Member: callers can create one as it suits Doc create at 8:10, Doc delete at 8:10 and 3 more, which decides by these documents"
	admin := "type Member: callers can create one as it suits Doc create at 8:10, Doc delete at 8:10 and Doc update at 8:10, which decides by these documents"
	changed := func(s string) string { return strings.Replace(s, "create one", "change one", 1) }
	runWarnings(t, []warningTest{
		{"anyone joins", team + `type Member @auth(create: "signedIn", reason: "") ` + member, "type Member: every signed-in caller can create it\n" + all},
		{"anyone joins alone", team + `type Member @auth(create: "newDoc.user == CurrentUser()") ` + member, all},
		{"with a reason", team + `type Member @auth(create: "newDoc.user == CurrentUser()", reason: "open teams") ` + member, ""},
		{"as a member, who may be no more", team + `type Member @auth(create: "newDoc.user == CurrentUser() && newDoc.role == 'MEMBER'") ` + member,
			"type Member: callers can create one as it suits Doc read at 8:10 and Team read at 7:11, which decides by these documents"},
		{"the server says the role", team + `type Member @auth(create: "newDoc.user == CurrentUser()") { user: User!, team: Team!, role: Role! @set(on: CREATE, expr: "'GUEST'") }`,
			"type Member: callers can create one as it suits Doc read at 8:10 and Team read at 7:11, which decides by these documents"},
		{"a role decides", team + `type Member @auth(role: "hr", create: "newDoc.user == CurrentUser()") ` + member, ""},
		{"the owner decides", team + `type Member @auth(create: "newDoc.team.owner == CurrentUser()") ` + member, ""},
		{"members let in admins", team + `type Member @auth(create: "newDoc.team.members.exists(m, m.user == CurrentUser())") ` + member, admin},
		{"members let in members", team + `type Member @auth(create: "newDoc.role != 'ADMIN' && newDoc.team.members.exists(m, m.user == CurrentUser())") ` + member, ""},
		{"admins let in", team + `type Member @auth(create: "newDoc.team.members.exists(m, m.user == CurrentUser() && m.role == 'ADMIN')") ` + member, ""},
		{"admins of another team let in", strings.Replace(team, "members: [Member!] @relation,", `members: [Member!] @relation(name: "of"),`, 1) +
			`type Member @auth(create: "newDoc.via.members.exists(m, m.user == CurrentUser() && m.role == 'ADMIN')") { user: User!, team: Team! @relation(name: "of"), via: Team! @relation(name: "via"), role: Role! }`, all},
		{"another collection decides", team + `type Member @auth(create: "newDoc.team.docs.exists(d, d.team.owner == CurrentUser())") ` + member, ""},
		{"admins, said otherwise", team + `type Member @auth(create: "newDoc.team.members.exists(m, m.user == CurrentUser() && !(m.role in ['MEMBER', 'GUEST']))") ` + member, ""},
		{"the field has a rule", team + `type Member @auth(create: "newDoc.team.members.exists(m, m.user == CurrentUser())") { user: User!, team: Team!, role: Role! @default(expr: "'MEMBER'") @auth(write: "HasRole('hr')") }`, ""},
		{"promote oneself", team + `type Member @auth(read: "HasRole('hr')", update: "doc.user == CurrentUser()") ` + member, changed(all)},
		{"promote oneself, the team stays", team + `type Member @auth(read: "HasRole('hr')", update: "doc.user == CurrentUser() && oldDoc.team == newDoc.team") ` + member, changed(admin)},
		{"change nothing of it", team + `type Member @auth(read: "HasRole('hr')", update: "doc.user == CurrentUser() && oldDoc.team == newDoc.team && oldDoc.role == newDoc.role") { user: User!, team: Team!, role: Role!, note: String }`, ""},
		{"fields that stay by their rules", team + `type Member @auth(read: "HasRole('hr')", update: "doc.user == CurrentUser()") { user: User!, team: Team! @auth(update: "false"), role: Role! @auth(update: "HasRole('hr')"), note: String }`, ""},
		{"fields that the server sets", team + `type Member @auth(read: "HasRole('hr')", update: "doc.user == CurrentUser()") { user: User!, team: Team! @auth(update: "false"), role: Role! @set(on: CREATE, expr: "'MEMBER'"), note: String }`, ""},
		{"leave", team + `type Member @auth(delete: "doc.user == CurrentUser()") ` + member, ""},
	})
}

func TestWarnsOfForgedRows(t *testing.T) {
	banned := people + `type Member { user: User }
type Room @auth(read: "!doc.bans.exists(b, b.who == CurrentIdentity())", reason: "open") { name: String, bans: [Ban!] @relation }
`
	unsaid := strings.Replace(banned, `, reason: "open"`, "", 1)
	runWarnings(t, []warningTest{
		{"lift one's ban", unsaid + `type Ban @auth(delete: "doc.who == CurrentIdentity()") { room: Room!, who: String! }`,
			"type Ban: callers can delete one as it suits Room read at 7:11, which decides by these documents"},
		{"the reason of the reader counts", banned + `type Ban @auth(delete: "doc.who == CurrentIdentity()") { room: Room!, who: String! }`, ""},
		{"another lifts it", unsaid + `type Ban @auth(delete: "HasRole('warden')") { room: Room!, who: String! }`, ""},
		{"settle what others object", people + `type Member { user: User }
type Item @auth(read: "doc.objections.all(o, o.settled)") { name: String, objections: [Objection!] @relation }
type Objection @auth(read: "signedIn", delete: "signedIn", create: "newDoc.by == CurrentUser()") { item: Item!, by: User!, settled: Boolean! }`,
			"type Objection: every signed-in caller can delete it\ntype Objection: callers can delete one as it suits Item read at 7:11, which decides by these documents"},
		{"take back what is one's own", people + `type Member { user: User }
type Item @auth(read: "doc.objections.all(o, o.settled)") { name: String, objections: [Objection!] @relation }
type Objection @auth(read: "signedIn", delete: "doc.by == CurrentUser()", create: "newDoc.by == CurrentUser()") { item: Item!, by: User!, settled: Boolean! }`, ""},
		{"over a whole collection", people + `type Member @auth(create: "newDoc.user == CurrentUser()") { user: User!, group: Group! }
type Group @auth(read: "Member.exists(m, m.group == doc && m.user == CurrentUser())") { name: String }`,
			"type Member: callers can create one as it suits Group read at 7:12, which decides by these documents"},
		{"over a whole collection, guarded", people + `type Member @auth(create: "newDoc.group.owner == CurrentUser()") { user: User!, group: Group! }
type Group @auth(read: "Member.exists(m, m.group == doc && m.user == CurrentUser())") { name: String, owner: User @set(on: CREATE, expr: "CurrentUser()") }`, ""},
		{"approve oneself", people + `type Member { user: User }
type Item @auth(read: "doc.reviews.exists(r, r.approved)") { name: String, reviews: [Review!] @relation }
type Review @auth(read: "signedIn", create: "newDoc.by == CurrentUser()") { item: Item!, by: User!, approved: Boolean! }`,
			"type Review: callers can create one as it suits Item read at 7:11, which decides by these documents"},
		{"approved by others", people + `type Member { user: User }
type Item @auth(read: "doc.reviews.exists(r, r.approved)") { name: String, reviews: [Review!] @relation }
type Review @auth(read: "signedIn", create: "newDoc.by == CurrentUser()") { item: Item!, by: User!, approved: Boolean! @default(expr: "false") @auth(write: "HasRole('editor')") }`, ""},
	})
}

func TestWarnsOfOpenFields(t *testing.T) {
	runWarnings(t, []warningTest{
		{"read by delete", `type A @auth(read: "signedIn", update: "signedIn", delete: "doc.old", reason: "") { old: Boolean, x: Int }`,
			"type A: every signed-in caller can update it\nA.old: every signed-in caller can change it, and A delete at 1:8 decides by it"},
		{"with a rule of its own", `type A @auth(read: "signedIn", update: "signedIn", delete: "doc.old") { old: Boolean @auth(update: "HasRole('a')"), x: Int }`,
			"type A: every signed-in caller can update it"},
		{"silenced", `type A @auth(read: "signedIn", update: "signedIn", delete: "doc.old", reason: "a scratch pad") { old: Boolean, x: Int }`, ""},
		{"only what they see by it", `type A @auth(read: "doc.old", update: "signedIn") { old: Boolean, x: Int }`, "type A: every signed-in caller can update it"},
		{"behind a reference", `type A @auth(read: "signedIn", update: "signedIn") { kind: String, bs: [B!] @relation }
type B @auth(read: "doc.a.kind == 'open'") { a: A }`,
			"type A: every signed-in caller can update it\nA.kind: every signed-in caller can change it, and B read at 2:8 decides by it"},
		{"by the owner", `type A @auth(read: "signedIn", update: "doc.owner == CurrentIdentity()", delete: "doc.old") { old: Boolean, owner: String @set(on: CREATE, expr: "CurrentIdentity()") }`, ""},
	})
}

func TestWarnsOfImpersonation(t *testing.T) {
	owned := func(create, field string) string {
		return `type A @auth(read: "signedIn", update: "doc.owner == CurrentIdentity()", create: "` + create + `") { owner: String ` + field + `, x: Int }`
	}
	warning := "A.owner: A update at 1:8 compares it with the caller, and create at 1:8 lets clients set it to someone else"
	runWarnings(t, []warningTest{
		{"settable", owned("signedIn && newDoc.x == 1", ""), warning},
		{"pinned", owned("newDoc.owner == CurrentIdentity() && newDoc.x == 1", ""), ""},
		{"pinned on one way", owned("newDoc.owner == CurrentIdentity() || newDoc.x == 1", ""), warning},
		{"a default is not enough", owned("signedIn && newDoc.x == 1", `@default(expr: "CurrentIdentity()")`), warning},
		{"a default and pinned", owned("newDoc.owner == CurrentIdentity()", `@default(expr: "CurrentIdentity()")`), ""},
		{"set by the server", owned("signedIn && newDoc.x == 1", `@set(on: CREATE, expr: "CurrentIdentity()")`), ""},
		{"pinned by the field", owned("signedIn && newDoc.x == 1", `@auth(create: "newDoc.owner == CurrentIdentity()")`), ""},
		{"a member creates", team + `type Member { user: User!, team: Team!, role: Role! }
type Task @auth(read: "doc.who == CurrentUser()", create: "newDoc.team.members.exists(m, m.user == CurrentUser())", update: "doc.who == CurrentUser()") { team: Team!, who: User! }`, ""},
		{"nobody creates", owned("false", ""), ""},
		{"a role creates", owned("HasRole('hr')", ""), ""},
		{"a user", people + `type Member @auth(read: "signedIn", create: "newDoc.x == 1", delete: "doc.user == CurrentUser()") { user: User, x: Int }`,
			"Member.user: Member delete at 6:13 compares it with the caller, and create at 6:13 lets clients set it to someone else"},
		{"a user pinned", people + `type Member @auth(read: "signedIn", create: "newDoc.user == CurrentUser()", delete: "doc.user == CurrentUser()") { user: User, x: Int }`, ""},
		{"who else may read", `type A @auth(read: "doc.from == CurrentIdentity() || doc.to == CurrentIdentity()", create: "newDoc.from == CurrentIdentity()") { from: String, to: String }`, ""},
		{"nobody is noted", `type A @auth(read: "doc.to == CurrentIdentity()", create: "newDoc.x == 1") { to: String, x: Int }`,
			"A.to: A read at 1:8 compares it with the caller, and create at 1:8 lets clients set it to someone else"},
		{"the link to callers", `type A @auth(read: "signedIn", create: "newDoc.x == 1") { sub: String @unique @identity @auth(create: "newDoc.x == 1", update: "false"), x: Int }`,
			"A.sub: CurrentUser() compares it with the caller, and create at 1:8 lets clients set it to someone else"},
		{"with a reason", `type A @auth(read: "doc.to == CurrentIdentity()", create: "newDoc.x == 1", reason: "a letter box") { to: String, x: Int }`, ""},
	})
}

func TestWarnsOfGlimpses(t *testing.T) {
	schema := func(shown, hidden string) string {
		return `type A @auth(read: "signedIn") { shown: Int @auth(all: "` + shown + `"), hidden: Int @auth(all: "` + hidden + `", reason: ""), owner: String @set(on: CREATE, expr: "CurrentIdentity()") }`
	}
	warning := "A.shown: its read rule reads A.hidden, which not all can read who this shows it to"
	runWarnings(t, []warningTest{
		{"shown to more", schema("doc.hidden == 1", "HasRole('a')"), warning},
		{"shown to the same", schema("doc.hidden == 1 && HasRole('a')", "HasRole('a')"), ""},
		{"roles apart", schema("doc.hidden == 1 && HasRole('b')", "HasRole('a')"), warning},
		{"shown to fewer", schema("doc.hidden == 1 && HasRole('a')", "HasRole('a') || HasRole('b')"), ""},
		{"to owners", schema("doc.hidden == 1 && doc.owner == CurrentIdentity()", "doc.owner == CurrentIdentity()"), ""},
		{"to any of them", schema("doc.hidden == 1 || doc.owner == CurrentIdentity()", "doc.owner == CurrentIdentity()"), warning},
		{"reads itself", schema("doc.shown == 1", "HasRole('a')"), ""},
		{"behind a reference", `type A @auth(read: "signedIn") { x: Int @auth(all: "HasRole('a')"), bs: [B!] @relation }
type B @auth(read: "signedIn") { a: A, y: Int @auth(all: "doc.a.x == 1"), z: Int @auth(all: "doc.a.x == 1 && HasRole('a')") }`,
			"B.y: its read rule reads A.x, which not all can read who this shows it to"},
	})
}

func TestWarnsOfProbes(t *testing.T) {
	schema := func(update, check, secret string) string {
		return `type A @auth(read: "signedIn", update: "` + update + `") ` + check + ` { n: Int, own: Int, b: B, set: Int @set(on: UPDATE, expr: "1") }
type B @auth(read: "signedIn") { open: Int, secret: Int @auth(all: "` + secret + `") }`
	}
	warning := "type A: its update rule compares what clients send with B.secret, which not all can read who may try"
	runWarnings(t, []warningTest{
		{"a bound of others", schema("newDoc.n < oldDoc.b.secret && HasRole('b')", "", "HasRole('a')"), warning},
		{"who can read it", schema("newDoc.n < oldDoc.b.secret && HasRole('a')", "", "HasRole('a')"), ""},
		{"an open field", schema("newDoc.n < oldDoc.b.open && HasRole('b')", "", "HasRole('a')"), ""},
		{"what is stored", schema("oldDoc.own < oldDoc.b.secret && HasRole('b')", "", "HasRole('a')"), ""},
		{"what the server sets", schema("newDoc.set < oldDoc.b.secret && HasRole('b')", "", "HasRole('a')"), ""},
		{"a check", schema("HasRole('b')", `@check(expr: "doc.n < doc.b.secret", message: "m")`, "HasRole('a')"),
			"type A: a check compares what clients send with B.secret, which not all can read who may try"},
		{"of the same type", `type A @auth(read: "signedIn", update: "newDoc.n < oldDoc.secret && HasRole('b')") { n: Int, secret: Int @auth(all: "HasRole('a')") }`,
			"type A: its update rule compares what clients send with A.secret, which not all can read who may try"},
		{"of the same type, to who can read it", `type A @auth(read: "signedIn", update: "newDoc.n < oldDoc.secret && HasRole('a')") { n: Int, secret: Int @auth(all: "HasRole('a')") }`, ""},
		{"of the same type, where its owner can read it", `type A @auth(read: "signedIn", update: "oldDoc.own == 1 && newDoc.n < oldDoc.secret && HasRole('b')") { n: Int, own: Int, secret: Int @auth(all: "doc.own == 1") }`, ""},
		{"with what is sent too", `type A @auth(read: "signedIn", update: "newDoc.n < newDoc.secret && HasRole('b')") { n: Int, secret: Int @auth(all: "HasRole('a')") }`, ""},
		{"with the caller's own document", schema("newDoc.n < CurrentUser().secret && HasRole('b')", "", "HasRole('a')") + ` type User @auth(read: "signedIn") { sub: String! @unique @identity @auth(write: "false"), secret: Int @auth(all: "HasRole('a')") }`, ""},
		{"the other way round", schema("oldDoc.b.secret > newDoc.n && HasRole('b')", "", "HasRole('a')"), warning},
		{"two bounds, told once", schema("newDoc.n < oldDoc.b.secret && newDoc.own < oldDoc.b.secret && HasRole('b')", "", "HasRole('a')"), warning},
		{"on create", `type A @auth(read: "signedIn", create: "newDoc.n < newDoc.b.secret && HasRole('b')") { n: Int, b: B } type B @auth(read: "signedIn") { secret: Int @auth(all: "HasRole('a')") }`,
			"type A: its create rule compares what clients send with B.secret, which not all can read who may try"},
		{"for a reason", strings.Replace(schema("newDoc.n < oldDoc.b.secret && HasRole('b')", "", "HasRole('a')"), "HasRole('b')\"", "HasRole('b')\", reason: \"r\"", 1), ""},
		{"a field for a reason", strings.Replace(schema("newDoc.n < oldDoc.b.secret && HasRole('b')", "", "HasRole('a')"), "HasRole('a')\"", "HasRole('a')\", reason: \"r\"", 1), ""},
		{"a field's check", strings.Replace(schema("HasRole('b')", "", "HasRole('a')"), "own: Int", `own: Int @check(expr: "doc.own < doc.b.secret", message: "m")`, 1),
			"type A: a check compares what clients send with B.secret, which not all can read who may try"},
		{"a check of open fields", schema("HasRole('b')", `@check(expr: "doc.n < doc.b.open", message: "m")`, "HasRole('a')"), ""},
	})
}

func TestWarnsOfBudget(t *testing.T) {
	var parts []string
	for range 12 {
		parts = append(parts, "long(doc)")
	}
	long := strings.TrimSuffix(strings.Repeat("doc.x == 1 || doc.s == 'a' || ", 8), " || ")
	runWarnings(t, []warningTest{
		{"parts", `extend schema @rule(name: "long", on: "A", expr: "` + long + `")
type A @auth(read: "` + strings.Join(parts, " && ") + `") { x: Int, s: String }`, "type A: the rule for read is over budget, 589 parts where 500 are meant"},
		{"one of them", `extend schema @rule(name: "long", on: "A", expr: "` + long + `")
type A @auth(read: "long(doc)") { x: Int, s: String }`, ""},
	})
}

func TestWarnsOfUnusedRoles(t *testing.T) {
	given := `extend schema @role(name: "boss", when: "CurrentToken().boss == true") `
	unused := "role boss is given and asked for nowhere"
	runWarnings(t, []warningTest{
		{"unused", given + `type A @auth(read: "HasRole('bos')") { x: Int }`, unused},
		{"in a rule", given + `type A @auth(read: "doc.x == 1 && HasRole('boss')") { x: Int }`, ""},
		{"in a rule, otherwise quoted", given + `type A @auth(read: "HasRole( \"boss\" )") { x: Int }`, ""},
		{"of a grant", given + `type A @auth(role: "boss", read: "true") { x: Int }`, ""},
		{"of a field", given + `type A @auth(read: "signedIn") { x: Int @auth(role: "boss", all: "true") }`, ""},
		{"of the schema", given + `extend schema @auth(role: "boss", read: "true") type A { x: Int }`, ""},
		{"in a named rule", given + `extend schema @rule(name: "is", on: "A", expr: "HasRole('boss')") type A { x: Int }`, ""},
	})
	s, err := Load("f", []byte(given+`type A @auth(role: "clerk", read: "true") @auth(read: "HasRole('audit')") { x: Int }`))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"audit", "boss", "clerk"}, s.RoleNames); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestWarnsOfForgedLinks: who may write the documents at both ends of a link
// makes its rows, unless one end owns them.
func TestWarnsOfForgedLinks(t *testing.T) {
	club := func(user, members, rule, update string) string {
		return `type User @auth(read: "signedIn", create: "newDoc.sub == CurrentIdentity()", update: "doc == CurrentUser()") {
  sub: String! @unique @identity @auth(create: "newDoc.sub == CurrentIdentity()", update: "false")
  clubs: [Club!] ` + user + `
}
type Club @auth(read: "signedIn", update: "` + update + `", delete: "` + rule + `") { name: String, owner: User @relation(name: "own") @set(on: CREATE, expr: "CurrentUser()"), members: [User!] ` + members + ` }`
	}
	const in, joins = "CurrentUser() in doc.members", "Club.members: callers can join documents as it suits Club delete at 5:11, which decides by that"
	both := `@relation(name: "m")`
	runWarnings(t, []warningTest{
		{"both ends", club(both, both, in, "doc.owner == CurrentUser()"), ""},
		{"both ends, one of them open", club(both, both, in, "signedIn"), "type Club: every signed-in caller can update it\n" + joins},
		{"owned by the caller", club(`@relation(name: "m", owning: true)`, both, in, "doc.owner == CurrentUser()"), joins},
		{"owned by the caller, the field has a rule", club(`@relation(name: "m", owning: true)`, both+` @auth(update: "doc.owner == CurrentUser()")`, in, "doc.owner == CurrentUser()"), ""},
		{"owned by the caller, his own field has one", club(`@relation(name: "m", owning: true) @auth(update: "HasRole('door')")`, both, in, "doc.owner == CurrentUser()"), ""},
		{"owned by the club", club(both, `@relation(name: "m", owning: true)`, in, "doc.owner == CurrentUser()"), ""},
		{"said as exists", club(`@relation(name: "m", owning: true)`, both, "doc.members.exists(u, u.sub == CurrentIdentity())", "doc.owner == CurrentUser()"), joins},
		{"out of a ban", club(`@relation(name: "m", owning: true)`, both, "!(CurrentUser() in doc.members)", "doc.owner == CurrentUser()"), strings.Replace(joins, "join", "part", 1)},
		{"with a reason", strings.Replace(club(`@relation(name: "m", owning: true)`, both, in, "doc.owner == CurrentUser()"), `delete: "`+in+`"`, `delete: "`+in+`", reason: "open clubs"`, 1), ""},
	})
}

// TestWarnsInsideEmbeddedValues: what stands in an embedded value is seen as a
// field of its own is.
func TestWarnsInsideEmbeddedValues(t *testing.T) {
	mail := func(rest string) string {
		return `type To @embedded { who: String, kind: Kind, geo: Geo } type Geo @embedded { lat: Float } enum Kind { A B }
type Mail ` + rest
	}
	runWarnings(t, []warningTest{
		{"impersonation", mail(`@auth(read: "doc.to.who == CurrentIdentity()", update: "doc.to.who == CurrentIdentity()", create: "signedIn", reason: "") { to: To }`),
			"type Mail: every signed-in caller can create it\nMail.to: Mail update at 2:11 compares it with the caller, and create at 2:11 lets clients set it to someone else"},
		{"pinned", mail(`@auth(read: "doc.to.who == CurrentIdentity()", update: "doc.to.who == CurrentIdentity()", create: "newDoc.to.who == CurrentIdentity()") { to: To }`), ""},
		{"a field that is read in it", mail(`@auth(read: "signedIn") { to: To @auth(read: "HasRole('a')", update: "false"), x: Int @auth(read: "doc.to.kind == 'A'", update: "false") }`),
			"Mail.x: its read rule reads Mail.to, which not all can read who this shows it to"},
		{"open", mail(`@auth(read: "signedIn", update: "signedIn", delete: "doc.to.geo.lat > 1.0", reason: "") { to: To }`),
			"type Mail: every signed-in caller can update it\nMail.to: every signed-in caller can change it, and Mail delete at 2:11 decides by it"},
		{"never", mail(`@auth(read: "doc.to.kind == 'A' && doc.to.kind == 'B'") { to: To }`), "type Mail: the rule for read is never true"},
		{"always, were it there", mail(`@auth(read: "doc.to.kind == 'A' || doc.to.kind == 'B'") { to: To }`), ""},
		{"always", mail(`@auth(read: "doc.to.kind == 'A' || doc.to.kind != 'A'") { to: To }`), "type Mail: the rule for read is always true"},
		{"a part may be missing", mail(`@auth(read: "doc.to.geo.lat > 1.0 || doc.to.geo.lat <= 1.0") { to: To }`), ""},
		{"two documents", mail(`@auth(read: "doc.to.who == 'a' && doc.re.to.who == 'b'") { to: To, re: Mail }`), ""},
	})
}

// TestWarnsBehindOneToOne: a document and the one that refers to it are two.
func TestWarnsBehindOneToOne(t *testing.T) {
	pair := func(rule string) string {
		return `type A @auth(read: "` + rule + `") { b: B @relation, on: Boolean! } type B @auth(read: "HasRole('x')") { a: A! @relation, on: Boolean! }`
	}
	runWarnings(t, []warningTest{
		{"two fields of one name", pair("doc.on && !doc.b.on"), ""},
		{"the same field twice", pair("doc.b.on && !doc.b.on"), "type A: the rule for read is never true"},
		{"there may be none", pair("doc.b.on || !doc.b.on"), ""},
	})
}
