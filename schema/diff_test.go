package schema

import (
	"strings"
	"testing"
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
		{"unique dropped", "type A { x: Int @unique }", "type A { x: Int }", "drop index A_x_key"},
		{"renamed type, same table", `type A { x: Int }`, `type B @collection(name: "A") { x: Int }`, ""},
		{"order of fields, values and rules", "type A { x: E, y: Int } enum E { P Q }", `type A @auth(read: "signedIn") { y: Int, x: E @default(expr: "'P'") } enum E { Q P }`, ""},
		{"many side comes and goes", "type A { bs: [B] @relation } type B { a: A }", "type A { x: Int } type B { a: A }", "add column A.x"},

		{"dropped table", "type A { x: Int } type B { x: Int }", "type A { x: Int }", "refused: collection B is dropped: all its documents would be lost"},
		{"renamed table", "type A { x: Int }", "type B { x: Int }", "create table B\nrefused: collection A is dropped: all its documents would be lost"},
		{"dropped field", "type A { x: Int, y: Int }", "type A { x: Int }", "refused: field A.y is dropped: its values would be lost"},
		{"renamed field", "type A { x: Int }", "type A { y: Int }", "add column A.y\nrefused: field A.x is dropped: its values would be lost"},
		{"retyped", "type A { x: Int }", "type A { x: String }", "refused: field A.x changes from Int to String: its values would be lost"},
		{"made a list", "type A { x: Int }", "type A { x: [Int!] }", "refused: field A.x changes from Int to [Int!]: its values would be lost"},
		{"other target", "type A { x: B } type B { x: Int } type C { x: Int }", "type A { x: C } type B { x: Int } type C { x: Int }", "refused: field A.x changes from B to C: its values would be lost"},
		{"made required", "type A { x: Int }", "type A { x: Int! }", "refused: field A.x becomes required: documents without a value would break it"},
		{"made optional", "type A { x: Int! }", "type A { x: Int }", "refused: field A.x becomes optional: this version cannot change the column"},
		{"required without default", "type A { x: Int }", "type A { x: Int, y: Int! }", "refused: field A.y is new and required, without a constant @default: the documents there are would have no value"},
		{"required, default not constant", "type A { x: Int }", `type A { x: Int, y: Time! @default(expr: "now") }`, "refused: field A.y is new and required, without a constant @default: the documents there are would have no value"},
		{"enum value removed", "type A { x: E, y: E } enum E { P Q }", "type A { x: E, y: E } enum E { P }", "refused: enum E loses its value Q: documents that have it would break it"},
		{"enum value added", "type A { x: E } enum E { P }", "type A { x: E } enum E { P Q }", "refused: enum E gains the value Q: this version cannot change the columns that use it"},
		{"several", "type A { x: Int, y: Int } type B { x: Int }", "type A { x: Float, z: Int! }",
			"refused: collection B is dropped: all its documents would be lost\nrefused: field A.y is dropped: its values would be lost\nrefused: field A.x changes from Int to Float: its values would be lost\nrefused: field A.z is new and required, without a constant @default: the documents there are would have no value"},
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
			steps, refused := Diff(load(t, tt.old), load(t, tt.new))
			var lines []string
			for _, s := range steps {
				lines = append(lines, s.String())
			}
			for _, r := range refused {
				lines = append(lines, "refused: "+r)
			}
			if got := strings.Join(lines, "\n"); got != tt.want {
				t.Errorf("got\n%s\nwant\n%s", got, tt.want)
			}
		})
	}
}
