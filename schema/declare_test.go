package schema

import (
	"fmt"
	"strings"
	"testing"

	"flora.dev/flora/rules"
	"github.com/google/go-cmp/cmp"
)

const someType = "\ntype A { x: Int, s: String, b: B } type B { as: [A] @relation, ok: Boolean }"

// TestDeclarationFaults has one small schema per fault of what stands on the
// schema itself, of claims and of checks.
func TestDeclarationFaults(t *testing.T) {
	tests := []struct{ name, sdl, want string }{
		// roles
		{"role on a type", `type A @role(name: "r", when: "true") { x: Int }`, `1:8: type A: @role does not go on a type, it goes on the schema`},
		{"role without condition", `extend schema @role(name: "r")` + someType, `1:15: schema: @role lacks its argument when, write @role(when: ...)`},
		{"role without name", `extend schema @role(name: " ", when: "signedIn")` + someType, `1:21: schema: the role's name is empty, remove it`},
		{"control role", `extend schema @role(name: "flora:data", when: "signedIn")` + someType, `1:21: schema: flora:data is a right of the control API, no role over data, use a role of your own`},
		{"role without provider", `extend schema @role(name: "r", when: "signedIn", provider: "")` + someType, `1:50: role r: the provider's name is empty, remove it`},
		{"role twice", `extend schema @role(name: "r", when: "signedIn") @role(name: "r", when: "signedIn")` + someType, `1:50: role r is given twice, first at 1:15, join the conditions with ||`},
		{"role that speaks of a document", `extend schema @role(name: "r", when: "doc.x == 1")` + someType, `1:39: role r: doc does not exist in this rule`},
		{"role with a typo", `extend schema @role(name: "r", when: "signedIn && 'x' == CurrentIdenty()")` + someType, `1:58: role r: CurrentIdenty is unknown, did you mean CurrentIdentity()?`},
		{"role that is no Boolean", `extend schema @role(name: "r", when: "CurrentIdentity()")` + someType, `1:39: role r: CurrentIdentity() is a String, a condition is expected`},
		{"role over nobody's document", `extend schema @role(name: "r", when: "CurrentUser().x == 1")` + someType, `1:39: role r: CurrentUser() needs a collection with an @identity field, mark its unique field with @identity`},
		{"role that promotes itself", `extend schema @role(name: "r", when: "CurrentUser().x == 1") type A { k: ID @unique @identity @auth(write: "false"), x: Int }`, `1:118: A.x needs a create and an update rule of its own: rules read it through CurrentUser(), so who may set it must be said, for example @auth(create: "...", update: "false"), or @set`},

		// named rules
		{"rule without name", `extend schema @rule(name: "", on: "A", expr: "true")` + someType, `1:27: rule  is not a name, use letters, digits and _`},
		{"rule whose name is none", `extend schema @rule(name: "is it", on: "A", expr: "true")` + someType, `1:27: rule is it is not a name, use letters, digits and _`},
		{"rule with a reserved name", `extend schema @rule(name: "size", on: "A", expr: "doc.x == 1")` + someType, `1:27: rule size: the rule language has this name for itself, rename it`},
		{"rule with a type's name", `extend schema @rule(name: "B", on: "A", expr: "doc.x == 1")` + someType, `1:27: rule B: this is the name of a type, rename it`},
		{"rule twice", "extend schema @rule(name: \"r\", on: \"A\", expr: \"doc.x == 1\")\nextend schema @rule(name: \"r\", on: \"B\", expr: \"doc.ok\")" + someType, `2:15: rule r is declared twice, first at 1:15, rename one`},
		{"rule on nothing", `extend schema @rule(name: "r", on: "As", expr: "doc.x == 1")` + someType, `1:36: rule r: there is no collection As, did you mean A?`},
		{"rule on an enum", `extend schema @rule(name: "r", on: "E", expr: "true") enum E { X }` + someType, `1:36: rule r: there is no collection E, did you mean A?`},
		{"rule with a typo, used", `extend schema @rule(name: "r", on: "A", expr: "doc.y == 1") type C @auth(read: "r(doc.a)") { a: A }` + someType, `1:48: rule r: A has no field y`},
		{"rule with a typo, used by another", `extend schema @rule(name: "q", on: "A", expr: "r(doc)") @rule(name: "r", on: "A", expr: "doc.y == 1")` + someType, `1:90: rule r: A has no field y`},
		{"rule with the wrong argument", `extend schema @rule(name: "r", on: "A", expr: "doc.x == 1") type C @auth(read: "r(doc)") { a: A }` + someType, `1:81: type C: r takes an A, doc is none`},
		{"rule that uses itself", `extend schema @rule(name: "r", on: "A", expr: "r(doc)")` + someType, `1:48: rule r: r uses itself, named rules cannot be recursive`},
		{"rules in a circle", "extend schema @rule(name: \"r\", on: \"A\", expr: \"s(doc)\")\n @rule(name: \"s\", on: \"A\", expr: \"r(doc)\")" + someType, "1:48: rule r: s: r uses itself, named rules cannot be recursive\n2:35: rule s: r: s uses itself, named rules cannot be recursive"},
		{"rule that is no Boolean", `extend schema @rule(name: "r", on: "A", expr: "doc.x")` + someType, `1:48: rule r: doc.x is an Int, a condition is expected`},
		{"broken rule directive", `extend schema @rule(name: "r", expr: "doc.x == 1") type C @auth(read: "r(doc.a)") { a: A }` + someType, `1:15: schema: @rule lacks its argument on, write @rule(on: ...)`},

		// the schema's grants
		{"grant of nothing", `extend schema @auth(role: "r")` + someType, `1:15: schema: @auth grants no action, say what it grants: @auth(role: "r", read: "true")`},
		{"onDeny on the schema", `extend schema @auth(role: "r", read: "true", onDeny: ERROR)` + someType, `1:46: schema: a document that is hidden is absent, onDeny goes on fields, put it on a field`},
		{"control role on the schema", `extend schema @auth(role: "flora:data", all: "true")` + someType, `1:21: schema: flora:data is a right of the control API, no role over data, use a role of your own`},
		{"grant on a field of one type", `extend schema @auth(read: "doc.ok")` + someType, `1:28: schema: A has no field ok`},
		{"unknown on the schema", `schema @atuh(all: "true") { query: Query }` + someType, `1:8: schema: unknown directive @atuh, did you mean @auth?`},
		{"type directive on the schema", `extend schema @check(expr: "true", message: "m")` + someType, `1:15: schema: @check does not go on the schema, it goes on a type or a field`},

		// claims
		{"claim that is not declared", `type Claims @claims { roles: [String!] } type C @auth(read: "'x' in CurrentToken().role") { x: Int }`, `1:69: type C: the token has no claim role, did you mean roles?`},
		{"claim by index", `type Claims @claims { roles: [String!] } type C @auth(read: "'x' in CurrentToken()['roles']") { x: Int }`, `1:69: type C: claims are declared in this schema, use CurrentToken().roles`},
		{"claim of the wrong type", `type Claims @claims { roles: [String!] } type C @auth(read: "CurrentToken().roles == 'x'") { x: Int }`, `1:83: type C: cannot apply == to '(list(string), string)'`},
		{"claims twice", `type Claims @claims { a: String } type More @claims { b: String }` + someType, `1:40: type More: the claims are declared by Claims already, keep one`},
		{"claim twice", `type Claims @claims { a: String, a: Int }` + someType, `1:34: Claims.a is declared twice, remove it`},
		{"claim of an object", `type Claims @claims { a: A, d: Date, e: E, l: [[Int!]!] } enum E { X } type C @auth(read: "CurrentToken().a == 1") { x: Int }` + someType, "1:26: Claims.a: a claim is a scalar or a list of scalars, A is none that a token can hold, use Boolean, Int, Long, Float, String or ID\n1:32: Claims.d: a claim is a scalar or a list of scalars, Date is none that a token can hold, use Boolean, Int, Long, Float, String or ID\n1:41: Claims.e: a claim is a scalar or a list of scalars, E is none that a token can hold, use Boolean, Int, Long, Float, String or ID\n1:48: Claims.l: lists of lists are not supported, use a list"},
		{"required claim", `type Claims @claims { a: String! }` + someType, `1:26: Claims.a: a token may lack any claim, remove the last !`},
		{"claim without name", `type Claims @claims { a: String @claim(name: "") }` + someType, `1:33: Claims.a: the claim's name is empty, leave it out for a`},
		{"claim with a rule", `type Claims @claims @auth(read: "true") { a: String @unique }` + someType, "1:21: type Claims: @auth does not go on a @claims type, remove it\n1:53: Claims.a: @unique does not go on a claim, remove it"},
		{"claim with arguments", `type Claims @claims { a(x: Int): String }` + someType, `1:25: Claims.a: a claim takes no arguments, remove it`},
		{"claims as a field", `type Claims @claims { a: String } type C { c: Claims }`, `1:47: C.c: Claims describes the token, it cannot be the type of a field, remove it`},
		{"claim of a collection", `type C { c: String @claim(name: "x") }`, `1:20: C.c: @claim goes on fields of a @claims type, remove it`},
		{"claims without a collection", `type Claims @claims { a: String }`, `1:1: the schema has no collection, declare an object type: type Product { name: String! }`},

		// checks
		{"check without message", `type A @check(expr: "doc.x == 1") { x: Int }`, `1:8: type A: @check lacks its argument message, write @check(message: ...)`},
		{"check with an empty message", `type A { x: Int @check(expr: "doc.x == 1", message: " ") }`, `1:44: A.x: the message of @check is empty, tell clients what is wrong with their input`},
		{"check with a typo", "type A @check(expr: \"doc.y == 1\", message: \"m\") {\n  x: Int @check(expr: \"newDoc.x > 'a'\", message: \"m\") }", "1:22: type A: A has no field y\n2:35: A.x: A.x is an Int, 'a' is a String"},
		{"check of the stored document", `type A { x: Int @check(expr: "oldDoc.x == 1", message: "m") }`, `1:31: A.x: oldDoc does not exist in this rule`},
		{"check that is no Boolean", `type A { x: Int @check(expr: "doc.x", message: "m") }`, `1:31: A.x: doc.x is an Int, a condition is expected`},
		{"check of the many side", `type A { bs: [B] @relation @check(expr: "true", message: "m") } type B { a: A }`, `1:28: A.bs: @check goes on fields with a column, this is one side of a relation, put it on B.a`},
		{"check of a refused field", `type A @check(expr: "doc.y == '1'", message: "m") { x: Int, y: [[Int]] }`, `1:65: A.y: lists of lists are not supported, use a list`},

		// identity
		{"identity in two types, one unguarded", `type A { x: ID @unique @identity @set(on: CREATE, expr: "CurrentIdentity()") } type B { y: ID @unique @identity }`, `1:89: B.y needs a create and an update rule of its own: it links callers to their documents, so who may set it must be said, for example @auth(create: "...", update: "false"), or @set`},
		{"CurrentUser of two", `type A @auth(read: "doc == CurrentUser()") { x: ID @unique @identity @auth(write: "false") } type B { y: ID @unique @identity @auth(write: "false") }`, `1:28: type A: CurrentUser() may be any of A, B, write CurrentUser("A")`},
		{"identity of a Boolean", `type A { x: Boolean @unique @identity @auth(write: "false") }`, `1:29: A.x: @identity is compared with a claim, this is a Boolean, which tells only two callers apart, put it on a unique String, ID, UUID, Int or Long`},
		{"identity of a Float", `type A { x: Float @unique @identity(claim: "n") @auth(write: "false") }`, `1:27: A.x: @identity is compared with a claim, this is a Float, whose digits a claim may round: two callers could be one, put it on a unique String, ID, UUID, Int or Long`},
		{"identity of a relation", `type A { b: B @unique @identity @auth(write: "false") } type B { a: A }`, `1:23: A.b: @identity is compared with a claim, this is a B, which no claim can hold, put it on a unique String, ID, UUID, Int or Long`},
		{"empty claim", `type A { x: ID @unique @identity(claim: "") @auth(write: "false") }`, `1:24: A.x: the claim's name is empty, leave it out for "sub"`},
		{"me of two", `type A { x: ID @unique @identity @auth(write: "false") } type B @collection(plural: "meA") { y: ID @unique @identity @auth(write: "false") }`, `1:6: type A: its generated field meA is already that of B, rename one`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Load("f", []byte(tt.sdl))
			if err == nil {
				t.Fatalf("no fault, want %s", tt.want)
			}
			want := "f:" + strings.ReplaceAll(tt.want, "\n", "\nf:")
			if diff := cmp.Diff(want, err.Error()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestDeclarationsAccepted(t *testing.T) {
	tests := []struct{ name, sdl string }{
		{"identities of all kinds", `enum E { X } type A { x: UUID @unique @identity @auth(write: "false") } type B { x: Long @unique @identity @auth(write: "false") }
			type C { x: E @unique @identity @auth(write: "false") } type D { x: Date @unique @identity(claim: "born") @auth(write: "false") }
			type F { x: Time @unique @identity @auth(write: "false") } type G { x: Decimal @unique @identity @auth(write: "false") } type H { x: Int @unique @identity @auth(write: "false") }`},
		{"role over claims", `extend schema @role(name: "r", when: "'m' in CurrentToken()['https://example.com/roles']", provider: "auth0")` + someType},
		{"role over the caller's document", `extend schema @role(name: "r", when: "CurrentUser().x == 1") type A { k: ID @unique @identity @auth(write: "false"), x: Int @auth(write: "false") }`},
		{"role of two providers", `extend schema @role(name: "r", when: "signedIn", provider: "a") @role(name: "r", when: "signedIn", provider: "b")` + someType},
		{"role that uses another", `extend schema @role(name: "r", when: "signedIn") @role(name: "s", when: "HasRole('r')")` + someType},
		{"rule used before it stands", `type C @auth(read: "r(doc.a)") { a: A }` + someType + ` extend schema @rule(name: "r", on: "A", expr: "doc.x == 1")`},
		{"rules in any order", `schema @rule(name: "q", on: "A", expr: "r(doc)") @rule(name: "r", on: "A", expr: "s(doc.b)") @rule(name: "s", on: "B", expr: "doc.ok") { query: Query }` + someType},
		{"grant on every collection", `extend schema @auth(role: "r", all: "true") @auth(read: "signedIn")` + someType},
		{"claims", `type Claims @claims { a: String @claim(name: "https://x/a") @deprecated, b: [Long!], c: Boolean, d: Float, e: ID, f: [Int!] } type C @auth(read: "CurrentToken().a == 'x' && 1 in CurrentToken().b") { x: Int }`},
		{"claims by extension", `type Claims @claims { a: String } extend type Claims { b: Int } type C @auth(read: "CurrentToken().b == 1") { x: Int }`},
		{"checks", `type A @check(expr: "doc.x < doc.y", message: "m") @check(expr: "newDoc.x > 1", message: "n") { x: Int! @check(expr: "doc.x > 0", message: "o"), y: Int! }`},
		{"check over the caller", `type A @check(expr: "HasRole('r') || doc.k == CurrentIdentity()", message: "m") { k: ID }`},
		{"two identities", `type A @auth(read: "doc == CurrentUser('A')") { x: ID @unique @identity @auth(write: "false") } type B @auth(read: "doc == CurrentUser('B')") { y: String @unique @identity(claim: "email") @auth(write: "false") }`},
		{"declared again", `directive @check(expr: String!) on FIELD_DEFINITION directive @claims on OBJECT` + someType},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := Load("f", []byte(tt.sdl)); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestSharedGrants has the @auth of the schema: part of every collection's
// access, beside the type's own.
func TestSharedGrants(t *testing.T) {
	s, err := Load("f", []byte(`extend schema @auth(role: "server", all: "true")
		extend schema @auth(read: "signedIn", update: "false", reason: "x")
		type A @auth(read: "doc.x == 1") { x: Int }
		type B { y: Int @auth(read: "false") }`))
	if err != nil {
		t.Fatal(err)
	}
	a, b := s.Collection("A").Access, s.Collection("B")
	for _, tt := range []struct{ name, got, want string }{
		{"A read", shape(a.Read.Pred), `(rule or HasRole("server") or slot)`},
		{"A create", shape(a.Create.Pred), `HasRole("server")`},
		{"B read", shape(b.Access.Read.Pred), `(HasRole("server") or slot)`},
		{"B update", shape(b.Access.Update.Pred), `HasRole("server")`},
		{"B delete", shape(b.Access.Delete.Pred), `HasRole("server")`},
		{"B.y read, as fields say for themselves", shape(b.FieldNamed("y").Read.Pred), "false"},
		{"place", b.Access.Delete.Pos.String(), "f:1:15"},
		{"place beside one's own", a.Read.Pos.String(), "f:3:10"},
		{"shown", Diagnostics(s.Grants).Error(), "f:1:15: role \"server\" on every collection: read, create, update, delete\n" +
			"f:2:17: anyone on every collection: read where signedIn, update where false"},
	} {
		if tt.got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, tt.got, tt.want)
		}
	}
}

func TestSharedGrantWarnings(t *testing.T) {
	tests := []struct{ name, auth, want string }{
		{"anyone", `@auth(all: "true")`, `f:1:15: schema: anyone can read, create, update, delete every document, say why with reason: "..."`},
		{"anyone, one action", `@auth(create: "HasRole('clerk')", read: "anyone")`, `f:1:15: schema: anyone can read every document, say why with reason: "..."`},
		{"with a reason", `@auth(read: "true", reason: "a public list")`, ""},
		{"by role", `@auth(role: "server", all: "true")`, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, err := Load("f", []byte("extend schema "+tt.auth+someType))
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, w := range s.Warnings {
				if strings.Contains(w.Message, "schema:") {
					got = append(got, w.String())
				}
			}
			if strings.Join(got, "\n") != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestRolesAndChecks(t *testing.T) {
	s, err := Load("f", []byte(`extend schema @role(name: "r", when: "signedIn", provider: "p") @role(name: "s", when: "true")
		type A @auth(role: "r", read: "true") @check(expr: "doc.x < 3", message: "type") { x: Int @check(expr: "doc.x > 0", message: "field"), y: Int! @check(expr: "doc.y > 0", message: "required") }`))
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(s.Roles); got != "[{r p f:1:15} {s  f:1:65}]" {
		t.Errorf("roles %s", got)
	}
	a := s.Collections[0]
	if a.Access.Read.Pred == rules.True || shape(a.Access.Read.Pred) == `HasRole("r")` {
		t.Errorf("the schema's role is not in the rule: %s", rules.Print(a.Access.Read.Pred))
	}
	for _, tt := range []struct {
		checks []Check
		want   string
	}{
		{a.Checks, "newDoc.x < 3 type"},
		{a.FieldNamed("x").Checks, "(isNull(newDoc.x) || newDoc.x > 0) field"},
		{a.FieldNamed("y").Checks, "newDoc.y > 0 required"},
	} {
		if len(tt.checks) != 1 {
			t.Fatalf("%d checks", len(tt.checks))
		}
		if got := rules.Print(tt.checks[0].Pred) + " " + tt.checks[0].Message; got != tt.want {
			t.Errorf("check %s, want %s", got, tt.want)
		}
	}
}
