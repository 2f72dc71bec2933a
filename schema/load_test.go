package schema

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestFaults has one small schema per fault, and what is said of it.
func TestFaults(t *testing.T) {
	tests := []struct{ name, sdl, want string }{
		{"empty", "", "1:1: the schema has no collection, declare an object type: type Product { name: String! }"},
		{"comment only", "# nothing", "1:1: the schema has no collection, declare an object type: type Product { name: String! }"},
		{"not UTF-8", "type A {\n ä\xff: Int }", "2:3: the file is not valid UTF-8, save it as UTF-8"},
		{"byte order mark", "\ufefftype A { x: Nope }", "1:13: A.x: unknown type Nope"},
		{"too large", strings.Repeat(" ", maxSize+1), "1:1: the file is larger than 1048576 bytes"},

		// types and names
		{"type twice", "type A { x: Int }\ntype A { y: Int }", "2:6: type A is declared twice, first at 1:6, rename or remove one, or write extend"},
		{"types differ in case", "type User { x: Int }\ntype USER { y: Int }", "2:6: types User and USER differ only in case, rename one"},
		{"field twice", "type A { x: Int\n x: Int }", "2:2: A.x is declared twice, first at 1:10, remove one"},
		{"field twice by extension", "type A { x: Int }\nextend type A { x: Int }", "2:17: A.x is declared twice, first at 1:10, remove one"},
		{"fields differ in case", "type A { x: Int, X: Int }", "1:18: fields x and A.X differ only in case, rename one"},
		{"type with underscore", "type _A { x: Int }", "1:6: type _A: names that begin with _ are reserved, rename it"},
		{"type with prefix", "type Flora_A { x: Int }", "1:6: type Flora_A: names that begin with flora_ are reserved, rename it"},
		{"field with prefix", "type A { flora_id: Int }", "1:10: A.flora_id: names that begin with flora_ are reserved, rename it"},
		{"generated field", "type A { _id: ID }", "1:10: A._id is generated for every type, remove it"},
		{"table with prefix", "type sqlite_a { x: Int }", "1:6: type sqlite_a: tables whose names begin with sqlite_ are reserved, give another name with @collection(name: \"...\")"},
		{"table not a name", `type A @collection(name: "a b") { x: Int }`, "1:26: type A: table a b is not a name, use letters, digits and _"},
		{"table with digit first", `type A @collection(name: "1a") { x: Int }`, "1:26: type A: table 1a is not a name, use letters, digits and _"},
		{"tables collide", "type A { x: Int }\ntype B @collection(name: \"a\") { x: Int }", `2:6: table a of B and table A of A have the same name in the store, give one of them @collection(name: "...")`},
		{"table and index collide", "type A { x: Int @index }\ntype A_x_idx { x: Int }", `1:6: index A_x_idx of A and table A_x_idx of A_x_idx have the same name in the store, give one of them another table name: @collection(name: "...")`},
		{"index on nothing, downwards", `type A @index(fields: ["y DESC"]) { x: Int }`, "1:24: type A: @index names an unknown field y, did you mean x?"},
		{"index twice, up and down", `type A @index(fields: ["x", "x DESC"]) { x: Int }`, "1:29: type A: @index names x twice, remove it"},
		{"unique downwards", `type A @unique(fields: ["x DESC"]) { x: Int }`, `1:25: type A: @unique has no order, write "x"`},
		{"name too long", "type A { " + strings.Repeat("x", 129) + ": Int }", "1:10: A." + strings.Repeat("x", 129) + ": the name is longer than 128 characters, shorten it"},
		{"scalar's name", "type Long { x: Int }", "1:6: type Long: this is the name of a scalar, rename it"},
		{"own scalar", "scalar Money type A { x: Money }", "1:8: scalar Money: scalars of your own are not supported, use String"},
		{"interface", "interface I { x: Int } type A { x: Int, i: I }", "1:11: interface I: interfaces are not supported in this version, remove it"},
		{"implements", "interface I { x: Int } type A implements I { x: Int }", "1:11: interface I: interfaces are not supported in this version, remove it\n1:29: type A: interfaces are not supported in this version, remove implements"},
		{"union", "type A { x: Int } union U = A", "1:25: union U: unions are not supported in this version, remove it"},
		{"root of another name", "schema { query: Root } type Root { x: Int }", "1:10: schema: the query type is generated, it cannot be Root, remove it"},
		{"no fields", "type A", "1:6: type A has no fields, add a field in braces: name: String!"},
		{"unknown type", "type A { x: Strin, y: [B] }", "1:13: A.x: unknown type Strin, did you mean String?\n1:24: A.y: unknown type B, did you mean A?"},
		{"nested lists", "type A { x: [[Int!]!] }", "1:14: A.x: lists of lists are not supported, use a list"},
		{"root as type", "type A { x: Query }", "1:13: A.x: Query cannot be the type of a field, remove it"},
		{"field arguments", "type A { x(n: Int): Int }", "1:12: A.x: fields of a collection take no arguments of your own, remove it"},
		{"filter word", "type A { not: Int }", "1:10: A.not: filters need this name for themselves, rename it"},
		{"extend nothing", "extend type B { x: Int } type A { x: Int }", "1:13: extend B: there is no such type, did you mean A?"},
		{"extend as another kind", "extend enum A { X } type A { x: Int }", "1:13: extend A: it is declared as another kind of type"},

		// enums
		{"enum value twice", "enum E { X Y X } type A { e: E }", "1:14: enum E: value X is declared twice, remove it"},
		{"enum value true", "enum E { true } type A { e: E }", "1:10: enum E: true cannot be a value of an enum, rename it"},
		{"enum without values", "enum E type A { e: E }", "1:6: enum E has no values, add values in braces"},

		// directives
		{"unknown directive", "type A @atuh(read: \"true\") { x: Int @Unique }", "1:8: type A: unknown directive @atuh, did you mean @auth?\n1:37: A.x: unknown directive @Unique, did you mean @unique?"},
		{"unknown argument", `type A @auth(raed: "true") { x: Int @deprecated(why: "") }`, "1:14: type A: @auth has no argument raed, did you mean read?\n1:49: A.x: @deprecated has no argument why, it has reason"},
		{"wrong argument", "type A @auth(read: true) { x: Int @unique(index: 7) }", `1:20: type A: argument read of @auth is a String, found true, write it in quotes: "..."` + "\n" + `1:50: A.x: argument index of @unique is a String, found 7, write it in quotes: "..."`},
		{"null argument", "type A @auth(read: null) { x: Int }", `1:20: type A: argument read of @auth is a String, found null, write it in quotes: "..."`},
		{"wrong enum argument", `type A { x: Int @set(on: DELETE, expr: "1") }`, "1:26: A.x: argument on of @set is a [SetOn!], found DELETE, write one of CREATE, UPDATE"},
		{"missing argument", `type A { x: Int @set(expr: "1") @default }`, "1:17: A.x: @set lacks its argument on, write @set(on: ...)\n1:33: A.x: @default lacks its argument expr, write @default(expr: ...)"},
		{"argument twice", `type A { x: Int @default(expr: "1", expr: "2") }`, "1:37: A.x: argument expr of @default is given twice, remove it"},
		{"directive twice", `type A { x: Int @default(expr: "1") @default(expr: "2") }`, "1:37: A.x: @default is given twice, remove it"},
		{"wrong place", `type A @identity { x: Int @collection(name: "b") }`, "1:8: type A: @identity does not go on a type, it goes on a field\n1:27: A.x: @collection does not go on a field, it goes on a type"},
		{"on an enum", `enum E @auth(read: "true") { X } type A { e: E }`, "1:8: enum E: @auth does not go on a enum, it goes on a type or a field or the schema"},
		{"fields' own on types", `type A @fold @renamed(from: "B") { x: Int }`, "1:8: type A: @fold does not go on a type, it goes on a field\n1:14: type A: @renamed does not go on a type, it goes on a field"},
		{"renamed from itself", `type A { x: Int @renamed(from: "x") }`, "1:17: A.x: @renamed names the field itself, name what the field was before"},
		{"renamed from another", `type A { x: Int @renamed(from: "y"), y: Int }`, "1:17: A.x: @renamed names A.y, which is a field of its own, remove one of them"},
		{"renamed from no name", `type A { x: Int @renamed(from: "a b") }`, "1:32: A.x: from is not a name, use letters, digits and _"},
		{"own directive", "directive @mine on OBJECT type A { x: Int }", "1:12: directive @mine: directives of your own are not supported, remove it"},

		// keys
		{"unique list", "type A { x: [Int!] @unique }", "1:20: A.x: @unique does not go on a list, remove it"},
		{"unique fields on a field", `type A { x: Int @unique(fields: ["x"]) }`, "1:25: A.x: @unique(fields:) goes on a type, put it on the type"},
		{"unique without fields", `type A @unique { x: Int }`, "1:8: type A: @unique on a type names its fields, write @unique(fields: [\"a\", \"b\"])"},
		{"unique of unknown", `type A @unique(fields: ["x", "yy"]) { x: Int, yyy: Int }`, "1:30: type A: @unique names an unknown field yy, did you mean yyy?"},
		{"unique names twice", `type A @index(fields: ["x", "x"]) { x: Int }`, "1:29: type A: @index names x twice, remove it"},
		{"unique twice", `type A @unique(fields: ["x"]) { x: Int @unique }`, "1:40: type A: x is declared unique twice, remove it"},
		{"unique many", "type A { bs: [B] @relation @index } type B { a: A }", "1:28: A.bs: @index goes on fields with a column, this is one side of a relation, put it on B.a"},

		// identity
		{"identity on a list", "type A { x: [ID!] @identity }", "1:19: A.x: @identity is compared with a claim, this is a list, which names several, put it on a unique String, ID, UUID, Int or Long"},
		{"identity not unique", "type A { x: String @identity }", "1:20: A.x: an @identity field must be unique, add @unique"},
		{"identity twice", `type A { x: ID @unique @identity @set(on: CREATE, expr: "CurrentIdentity()"), y: ID @unique @identity }`, "1:93: A.y: A.x is the @identity field of this type already, keep one"},
		{"identity unguarded", `type A { x: ID @unique @identity @auth(create: "false") }`, `1:10: A.x needs an update rule of its own: it links callers to their documents, so who may set it must be said, for example @auth(create: "...", update: "false"), or @set`},
		{"self-promotion", `type A { x: ID @unique @identity @auth(write: "false"), admin: Boolean } type B @auth(read: "CurrentUser().admin") { x: Int }`, `1:57: A.admin needs a create and an update rule of its own: rules read it through CurrentUser(), so who may set it must be said, for example @auth(create: "...", update: "false"), or @set`},

		// auth
		{"no action", `type A @auth(reason: "x") { x: Int }`, `1:8: type A: @auth grants no action, say what it grants: @auth(read: "signedIn")`},
		{"bare role", `type A @auth(role: "x") { x: Int }`, `1:8: type A: @auth grants no action, say what it grants: @auth(role: "x", read: "true")`},
		{"all beside read", `type A @auth(all: "true", read: "true") { x: Int }`, "1:14: type A: all is every action already, beside it stands read, keep one, or write two @auth"},
		{"write beside create", `type A @auth(create: "true", write: "true", read: "true") { x: Int }`, "1:30: type A: write is create, update and delete already, beside it stands create, keep one, or write two @auth"},
		{"delete on a field", `type A { x: Int @auth(delete: "true") }`, "1:23: A.x: a field is not deleted, @auth(delete:) has no meaning here, put it on the type"},
		{"onDeny on a type", `type A @auth(read: "true", onDeny: ERROR) { x: Int }`, "1:28: type A: a document that is hidden is absent, onDeny goes on fields, put it on a field"},
		{"onDeny without read", `type A { x: Int @auth(update: "true", onDeny: ERROR) }`, "1:39: A.x: onDeny speaks of reading, this @auth has no read, add read"},
		{"control role", `type A @auth(role: "flora:read", read: "true") { x: Int }`, "1:14: type A: flora:read is a right of the control API, no role over data, use a role of your own"},
		{"empty role", `type A @auth(role: " ", read: "true") { x: Int }`, "1:14: type A: the role's name is empty, remove it"},
		{"rule on a refused field", `type A @auth(read: "doc.y == '1'") { x: Int, y: [[Int]] }`, "1:50: A.y: lists of lists are not supported, use a list"},
		{"rule that compares JSON", `type A @auth(read: "doc.y == '1'") { x: Int, y: JSON }`, "1:21: type A: A.y is a JSON, rules cannot compare its value, use == null, != null or has"},
		{"rule on a refused identity", `type A @auth(read: "doc == CurrentUser()") { x: String @identity }`, "1:56: A.x: an @identity field must be unique, add @unique"},
		{"one mistake in three actions", `type A @auth(write: "doc.nam == 'x'") { name: String }`, "1:22: type A: A has no field nam, did you mean name?"},

		// values
		{"default and set", `type A { x: Int @default(expr: "1") @set(on: CREATE, expr: "2") }`, "1:17: A.x: a value that the server sets needs no @default, keep one"},
		{"default on many", `type A { bs: [B] @relation @default(expr: "1") } type B { a: A }`, "1:28: A.bs: @default goes on fields with a column, this is one side of a relation, put it on B.a"},
		{"set on many", `type A { bs: [B] @relation @set(on: CREATE, expr: "1") } type B { a: A }`, "1:28: A.bs: @set goes on fields with a column, this is one side of a relation, put it on B.a"},
		{"set never", `type A { x: Int @set(on: [], expr: "1") }`, "1:17: A.x: @set(on:) is empty, write on: [CREATE, UPDATE]"},
		{"set on update only", `type A { x: Int! @set(on: UPDATE, expr: "1") }`, "1:18: A.x: the field is required and clients cannot set it, so a new document would have no value, write on: [CREATE, UPDATE]"},

		// generated names
		{"generated type", "type A { x: Int }\ntype AInput { x: Int }", "2:6: type AInput has the name of a generated type: the input of A, rename one"},
		{"generated enum", "type A { x: Int }\nenum StringFilter { X }", "2:6: enum StringFilter has the name of a generated type: the filter of String, rename one"},
		{"generated from two", "type A { x: Int }\ntype PartialUpdateA { x: Int }", "2:6: the generated update input of A has the name of a generated type: the input of PartialUpdateA, rename one"},
		{"plurals", "type Box { x: Int } type Boxe { x: Int }", `1:26: type Boxe: its generated field boxes is already that of Box, give another name with @collection(plural: "...")`},
		{"finders", "type A { iD: ID @unique }", "1:6: type A: its generated field findAByID is already that of A, rename the field"},
		{"me", `type A { x: ID @unique @identity @auth(write: "false") } type B @collection(plural: "me") { x: Int }`, "1:6: type A: its generated field me is already that of B, rename one"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, err := Load("f", []byte(tt.sdl))
			if err == nil {
				t.Fatalf("no fault, want %s", tt.want)
			}
			if s != nil {
				t.Error("a schema beside faults")
			}
			if !errors.As(err, new(Diagnostics)) {
				t.Errorf("error is a %T", err)
			}
			want := "f:" + strings.ReplaceAll(tt.want, "\n", "\nf:")
			if diff := cmp.Diff(want, err.Error()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestAccepted are the twins: schemas near to faults, and sound.
func TestAccepted(t *testing.T) {
	tests := []struct{ name, sdl string }{
		{"Fauna's declarations", `directive @embedded on OBJECT
			directive @collection(name: String!) on OBJECT
			directive @index(name: String!) on FIELD_DEFINITION
			directive @resolver(name: String, paginated: Boolean! = false) on FIELD_DEFINITION
			directive @relation(name: String) on FIELD_DEFINITION
			directive @unique(index: String) on FIELD_DEFINITION
			scalar Date scalar Long scalar Time schema { query: Query }
			type A @collection(name: "as") { x: Int @unique(index: "a_by_x"), y: Long @index(name: "a_by_y"), d: Date, t: Time }`},
		{"own declarations", `directive @auth(read: String, onDeny: OnDeny) on OBJECT enum OnDeny { NULL ERROR } type A @auth(read: "signedIn") { x: Int }`},
		{"two independent references", "type A { b: B } type B { a: A }"},
		{"lone mark", "type A { b: B @relation(name: \"x\") } type B { x: Int }"},
		{"id of one's own", "type A { id: ID! @unique, ID_: Int }"},
		{"extension", "type A { x: Int } extend type A @index(fields: [\"x\", \"y\"]) { y: Int }"},
		{"RESTRICT", "type A { b: B @relation(onDelete: RESTRICT) } type B { x: Int }"},
		{"list given as one", `type A @index(fields: "x") { x: Int }`},
		{"two @auth beside all", `type A @auth(all: "signedIn") @auth(read: "signedIn") { x: Int }`},
		{"onDeny with all", `type A { x: Int @auth(all: "signedIn", onDeny: ERROR) }`},
		{"set on create, required", `type A { x: Int! @set(on: CREATE, expr: "1") }`},
		{"set on update, optional", `type A { x: Int @set(on: [UPDATE], expr: "1") }`},
		{"description of the file", "\"\"\"\n directive @x\n\"\"\"\ntype A { x: Int }"},
		{"line ends of other systems", "type A {\r\n  x: Int\r}"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := Load("f", []byte(tt.sdl)); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestWarnings(t *testing.T) {
	tests := []struct{ name, sdl, want string }{
		{"signed in", `type A @auth(all: "signedIn") { x: Int }`, `f:1:8: type A: every signed-in caller can create, update, delete it, say why with reason: "..."`},
		{"nobody", `type A { x: Int }`, ""},
		{"anyone reads", `type A @auth(read: "anyone") { x: Int }`, `f:1:8: type A: anyone can read it, say why with reason: "..."`},
		{"anyone reads, as written otherwise", `type A @auth(read: "signedIn") @auth(read: "1 == 1") { x: Int }`, `f:1:32: type A: anyone can read it, say why with reason: "..."` + "\n" + `f:1:32: type A: the rule for read is always true, write "true", or say why with reason: "..."`},
		{"with a reason", `type A @auth(read: "true", reason: "a public list") { x: Int }`, ""},
		{"by role", `type A @auth(role: "x", all: "true") { x: Int }`, ""},
		{"anyone writes", `type A @auth(write: "true") { x: Int }`, `f:1:8: type A: anyone can create, update, delete it, say why with reason: "..."`},
		{"anyone creates", `type A @auth(create: "true", update: "doc.x == 1") { x: Int }`, `f:1:8: type A: anyone can create it, say why with reason: "..."`},
		{"blind update", `type A @auth(update: "doc.x == 1") { x: Int @auth(read: "signedIn") }`, "f:1:45: A.x: the field narrows read but not update, add update"},
		{"update narrowed too", `type A @auth(update: "signedIn") { x: Int @auth(read: "signedIn", update: "false") }`, ""},
		{"no update at all", `type A @auth(create: "newDoc.x == 1") { x: Int @auth(read: "signedIn") }`, ""},
		{"null in lists", "type A { x: [Int] }", "f:1:14: A.x: elements of a list are never null, write [Int!]"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, err := Load("f", []byte(tt.sdl))
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.TrimSpace(Diagnostics(s.Warnings).Error()); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

func FuzzLoad(f *testing.F) {
	f.Add("type A @auth(read: \"doc.x == 'ü'\") { x: String @unique, bs: [B] @relation } type B { a: A, e: E } enum E { X }")
	f.Add("type A { x: \"\"\"\n a\n\"\"\" } '} tpye B { type C { a: [[A!]] @x(y: {z: [1]}) }")
	f.Add("extend type A { x: Int } schema @auth { query: Q } union U = | A | B input I { x: Int = 1 }")
	f.Add("extend schema @role(name: \"r\", when: \"CurrentUser().x\", provider: \"p\") @rule(name: \"n\", on: \"A\", expr: \"n(doc)\") @auth(role: \"r\", all: \"true\") type C @claims { a: [Int!] @claim(name: \"b\") } type A @check(expr: \"n(doc)\", message: \"m\") { k: ID @unique @identity @check(expr: \"doc.k != ''\", message: \"m\") }")
	f.Fuzz(func(t *testing.T, sdl string) {
		s, err := Load("f", []byte(sdl))
		if (s == nil) == (err == nil) {
			t.Fatalf("schema %v, error %v", s, err)
		}
		if err == nil {
			if d := Diff(s, s, time.Time{}); len(d.Steps)+len(d.Changes)+len(d.Names) > 0 {
				t.Fatalf("a schema differs from itself: %v %v %v", d.Changes, d.Steps, d.Names)
			}
		} else if strings.Contains(err.Error(), "please report") {
			t.Fatal(err)
		}
	})
}
