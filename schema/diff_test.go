package schema

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestDiff(t *testing.T) {
	tests := []struct{ name, old, new, want string }{
		{"nothing", "type A { x: Int }", "type A { x: Int }", ""},
		{"from nothing", "", "type A { x: Int @unique }", "create table A\ncreate unique index A_x_key on A (x)"},
		{"targets first", "", "type A { b: B } type B { c: C } type C { x: Int }",
			"create table C\ncreate table B\ncreate index B_c_idx on B (c)\ncreate table A\ncreate index A_b_idx on A (b)"},
		{"self reference", "", "type A { a: A }", "create table A\ncreate index A_a_idx on A (a)"},
		{"circle", "", "type A { b: B } type B { a: A }",
			"create table A\ncreate index A_b_idx on A (b)\ncreate table B\ncreate index B_a_idx on B (a)\nadd foreign key A.b to B"},
		{"new table on an old one", "type A { x: Int }", "type A { x: Int, b: B, bs: [B] @relation } type B { a: A }",
			"create table B\ncreate index B_a_idx on B (a)\nadd column A.b\ncreate index A_b_idx on A (b)"},
		{"nullable column", "type A { x: Int }", "type A { x: Int, y: String }", "add column A.y"},
		{"list column", "type A { x: Int }", "type A { x: Int, y: [String!] }", "add column A.y"},
		{"constant default", "type A { x: Int }", `type A { x: Int, y: Int! @default(expr: "1") }`, "add column A.y"},
		{"indexes", "type A { x: Int, y: Int @index }", "type A { x: Int @index, y: Int @unique }",
			"create unique index A_y_key on A (y)\ncreate index A_x_idx on A (x)\ndrop index A_y_idx"},
		{"index turned", `type A @index(fields: ["x", "y"]) { x: Int, y: Int }`, `type A @index(fields: ["x", "y DESC"]) { x: Int, y: Int }`,
			"create index A_x_y_ed561dfba574_idx on A (x, y DESC)\ndrop index A_x_y_idx"},
		{"unique dropped", "type A { x: Int @unique }", "type A { x: Int }", "drop index A_x_key"},
		{"renamed type, same table", `type A { x: Int }`, `type B @collection(name: "A") { x: Int }`, ""},
		{"order of fields, values and rules", "type A { x: E, y: Int } enum E { P Q }", `type A @auth(read: "signedIn") { y: Int, x: E @default(expr: "'P'") } enum E { Q P }`, ""},
		{"many side comes and goes", "type A { bs: [B] @relation } type B { a: A }", "type A { x: Int } type B { a: A }", "add column A.x"},

		{"dropped table", `type A { x: Int } type B { x: Int }`, `type A { x: Int }`, `drop-collection: drop collection B: all its documents are lost; to rename it, keep its table with @collection(name: "B")
drop table B`},
		{"renamed table", `type A { x: Int }`, `type B { x: Int }`, `drop-collection: drop collection A: all its documents are lost; to rename it, keep its table with @collection(name: "A")
create table B
drop table A`},
		{"dropped field", `type A { x: Int, y: Int! @index }`, `type A { x: Int }`, `drop-field: drop field A.y: its values are lost; to rename it, say @renamed(from: "y") on the new field
relax column A.y
drop index A_y_idx
drop column A.y`},
		{"dropped link", `type A { bs: [B!] @relation } type B { as: [A!] @relation }`, `type A { x: Int, bs: [B!] @relation } type B { a: A }`, `drop-relation: drop relation A_bs: all its links are lost
add column A.x
add column B.a
create index B_a_idx on B (a)
drop table A_bs`},
		{"renamed field", `type A { x: Int @unique }`, `type A { y: Int @unique @renamed(from: "x") }`, `A.y is x`},
		{"renamed long ago", `type A { y: Int @renamed(from: "x") }`, `type A { y: Int @renamed(from: "x"), z: Int }`, `add column A.z`},
		{"renamed back", `type A { y: Int @renamed(from: "x") }`, `type A { x: Int }`, `A.x is y`},
		{"renamed, the name used again", `type A { y: Int @renamed(from: "x") }`, `type A { y: Int @renamed(from: "y_"), x: Int }`, `add column A.x`},
		{"renamed with other rules", `type A { x: Int @auth(read: "signedIn") }`, `type A { y: Int @renamed(from: "x") }`, `rename-rules: field A.y has other rules of its own than A.x had: the values there are get those
A.y is x`},
		{"same name, gone in between", `type A { x: Int, y: Int }`, `type A { y: Int }`, `drop-field: drop field A.x: its values are lost; to rename it, say @renamed(from: "x") on the new field
drop column A.x`},
		{"retyped, none kept", `type A { x: String }`, `type A { x: Int }`, `refused: field A.x cannot change from String to Int: values would be lost; add a new field and copy the values, or drop this one and give the new one another name
A.x is x_2`},
		{"wider", `type A { x: Int, y: E } enum E { P }`, `type A { x: Long, y: String } `, `relax column A.y`},
		{"converted", `type A { x: Int! @unique }`, `type A { x: Float! @unique }`, `add column A.x_2
fill column A.x_2
tighten column A.x_2
relax column A.x
create unique index A_x_2_key on A (x)
drop index A_x_key
drop column A.x
A.x is x_2`},
		{"folded", `type A { x: String! }`, `type A { x: String! @fold @unique }`, `add column A.flora_fold_x
fill column A.flora_fold_x
create unique index A_flora_fold_x_key on A (x)`},
		{"unfolded", `type A { x: String @fold }`, `type A { x: String }`, `drop column A.flora_fold_x`},
		{"made a list", `type A { x: Int }`, `type A { x: [Int!] }`, `add column A.x_2
fill column A.x_2
drop column A.x
A.x is x_2`},
		{"other target", `type A { x: B } type B { x: Int } type C { x: Int }`, `type A { x: C } type B { x: Int } type C { x: Int }`, `refused: field A.x cannot change from B to C: values would be lost; add a new field and copy the values, or drop this one and give the new one another name`},
		{"made required", `type A { x: Int }`, `type A { x: Int! }`, `tighten column A.x`},
		{"made required with a default", `type A { x: Int }`, `type A { x: Int! @default(expr: "7") }`, `fill column A.x
tighten column A.x`},
		{"made optional", `type A { x: Int! }`, `type A { x: Int }`, `relax column A.x`},
		{"required without default", `type A { x: Int }`, `type A { x: Int, y: Int! }`, `refused: field A.y is new and required: the documents there are would have no value; give it a @default of literals and now, or make it optional`},
		{"required, default by the clock", `type A { x: Int }`, `type A { x: Int, y: Time! @default(expr: "now") }`, `add column A.y`},
		{"required, default by the caller", `type A { x: Int }`, `type A { x: Int, y: String! @default(expr: "CurrentIdentity()") }`, `refused: field A.y is new and required: the documents there are would have no value; give it a @default of literals and now, or make it optional`},
		{"enum value removed", `type A { x: E, y: E } enum E { P Q }`, `type A { x: E, y: E } enum E { P }`, `tighten column A.x
tighten column A.y`},
		{"enum value added", `type A { x: E } enum E { P }`, `type A { x: E } enum E { P Q }`, `relax column A.x`},
		{"several", `type A { x: Int, y: Int } type B { x: Int }`, `type A { x: JSON, z: Int! }`, `drop-collection: drop collection B: all its documents are lost; to rename it, keep its table with @collection(name: "B")
refused: field A.x cannot change from Int to JSON: values would be lost; add a new field and copy the values, or drop this one and give the new one another name
refused: field A.z is new and required: the documents there are would have no value; give it a @default of literals and now, or make it optional
drop-field: drop field A.y: its values are lost; to rename it, say @renamed(from: "y") on the new field
drop column A.y
drop table B
A.x is x_2`},
	}
	load := func(t *testing.T, sdl string) *Schema {
		t.Helper()
		if sdl == "" {
			return nil
		}
		s, err := Load("f", []byte(sdl))
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := Diff(load(t, tt.old), load(t, tt.new), time.Unix(0, 0))
			var lines []string
			for _, c := range d.Changes {
				switch {
				case c.Refused:
					lines = append(lines, "refused: "+c.String())
				case c.Allow != "":
					lines = append(lines, c.Allow+": "+c.String())
				}
			}
			for _, s := range d.Steps {
				lines = append(lines, s.String())
			}
			for _, name := range slices.Sorted(maps.Keys(d.Names)) {
				lines = append(lines, name+" is "+d.Names[name])
			}
			if got := strings.Join(lines, "\n"); got != tt.want {
				t.Errorf("got\n%s\nwant\n%s", got, tt.want)
			}
		})
	}
}
