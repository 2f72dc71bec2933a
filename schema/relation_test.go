package schema

import (
	"strings"
	"testing"
)

// TestRelations: a type's fields as "name=column>Target" for references and
// "name<Target.back" for many sides, or the faults.
func TestRelations(t *testing.T) {
	tests := []struct{ name, sdl, want string }{
		{"to one", "type A { b: B! } type B { x: Int }", "A.b>B"},
		{"independent references", "type A { b: B, c: B } type B { a: A }", "A.b>B A.c>B B.a>A"},
		{"unmarked other side", "type A { bs: [B!]! @relation } type B { a: A }", "A.bs<B.a B.a>A"},
		{"marked other side", "type A { bs: [B] @relation } type B { a: A! @relation }", "A.bs<B.a B.a>A"},
		{"named", `type A { x: [B] @relation(name: "x") y: [B] @relation(name: "y") } type B { p: A @relation(name: "y") q: A @relation(name: "x") }`, "A.x<B.q A.y<B.p B.p>A B.q>A"},
		{"named, and one unmarked", `type A { x: [B] @relation(name: "x") y: [B] @relation } type B { p: A q: A @relation(name: "x") }`, "A.x<B.q A.y<B.p B.p>A B.q>A"},
		{"named list, unmarked other side", `type A { x: [B] @relation(name: "x") } type B { p: A }`, "A.x<B.p B.p>A"},
		{"marks go before", "type A { bs: [B] @relation } type B { p: A q: A @relation }", "A.bs<B.q B.p>A B.q>A"},
		{"self", "type A { parent: A children: [A] @relation }", "A.parent>A A.children<A.parent"},
		{"two to one target", `type M { u: U t: T } type U { ms: [M] @relation } type T { ms: [M] @relation }`, "M.u>U M.t>T U.ms<M.u T.ms<M.t"},

		{"list without mark", "type A { bs: [B] } type B { a: A }", "A.bs*A_bs(aID,bID) B.a>A"},
		{"list without mark or other side", "type A { bs: [B] } type B { x: Int }", "A.bs*A_bs(aID,bID)"},
		{"ambiguous", "type A { bs: [B] @relation } type B { p: A q: A }", `f:1:10: A.bs: B.p, B.q all point to A, it is not clear which is the other side, give it and one of them the same @relation(name: "...")`},
		{"ambiguous marks", "type A { bs: [B] @relation } type B { p: A @relation q: A @relation }", `f:1:10: A.bs: B.p, B.q all point to A, it is not clear which is the other side, give it and one of them the same @relation(name: "...")`},
		{"two lists, one reference", "type A { x: [B] @relation y: [B] @relation } type B { a: A }", `f:1:27: A.y: B.a is already the other side of A.x, give each pair a name of its own: @relation(name: "...")`},
		{"names differ", `type A { x: [B] @relation(name: "x") } type B { a: A @relation(name: "y") }`, `f:1:10: A.x: no field of B with the same relation name points back (B.a has another), give both sides the same @relation(name: "...")`},
		{"one way", "type A { bs: [B] @relation } type B { x: Int }", "A.bs*A_bs(aID,bID)"},
		{"many to many", "type A { bs: [B] @relation } type B { as: [A] @relation }", "A.bs*A_bs(aID,bID) B.as*A_bs(bID,aID)"},
		{"many to many, one marked", "type A { bs: [B] @relation } type B { as: [A] }", "A.bs*A_bs(aID,bID) B.as*A_bs(bID,aID)"},
		{"many to many of one type", `type User { follows: [User] @relation(name: "f") followers: [User] @relation(name: "f") }`, "User.follows*User_follows(userID,followsID) User.followers*User_follows(followsID,userID)"},
		{"one way of one type", "type User { friends: [User!] }", "User.friends*User_friends(userID,friendsID)"},
		{"one way that repeats a name", "type A { a: [A] }", "A.a*A_a(aID,otherAID)"},
		{"many to many beside one to many", `type A { bs: [B] @relation(name: "x") cs: [B] @relation } type B { as: [A] @relation(name: "x") a: A }`, "A.bs*A_bs(aID,bID) A.cs<B.a B.as*A_bs(bID,aID) B.a>A"},
		{"one to one", `type A { b: B @relation(name: "x") } type B { a: A @relation(name: "x") }`, "A.b>B B.a=A.b"},
		{"one to one, second required", `type A { b: B @relation } type B { a: A! @relation }`, "A.b=B.a B.a>A"},
		{"one to one, both required", `type A { b: B! @relation } type B { a: A! @relation }`, "A.b>B B.a=A.b"},
		{"one to one, second owns", `type A { b: B! @relation } type B { a: A @relation(owning: true) }`, "A.b=B.a B.a>A"},
		{"one to one of one type", `type A { next: A @relation(name: "n") last: A @relation(name: "n") }`, "A.next>A A.last=A.next"},
		{"both own", `type A { b: B @relation(owning: true) } type B { a: A @relation(owning: true) }`, "f:1:10: A.b and B.a both own their relation, one side has the key, remove one owning: true"},
		{"both own links", `type A { b: [B] @relation(owning: true) } type B { a: [A] @relation(owning: true) }`, "f:1:10: A.b and B.a both own their relation, remove one owning: true"},
		{"owning", "type A { b: B @relation(owning: true) } type B { x: Int }", "A.b>B"},
		{"owning list", "type A { bs: [B] @relation(owning: true) } type B { a: A }", "f:1:28: A.bs: the key of this relation is in B.a, a list cannot own it, remove it"},
		{"onDelete", "type A { b: B @relation(onDelete: CASCADE) c: B @relation(onDelete: SET_NULL) d: B @relation(onDelete: RESTRICT) } type B { x: Int }", "A.b>B A.c>B A.d>B"},
		{"onDelete SET_NULL of a required one", "type A { b: B! @relation(onDelete: SET_NULL) } type B { x: Int }", "f:1:26: A.b: a required reference cannot become null, make it optional, or use CASCADE"},
		{"onDelete on a list", "type A { bs: [B] @relation(onDelete: CASCADE) } type B { a: A }", "f:1:28: A.bs: onDelete goes on the field that has the key, which says what becomes of its own document, put it on B.a"},
		{"onDelete on links", "type A { bs: [B] @relation(onDelete: CASCADE) } type B { as: [A] @relation }", "f:1:28: A.bs: onDelete has no meaning here, links go with either of their ends, remove it"},
		{"relation on a scalar", "type A { x: Int @relation }", "f:1:17: A.x: @relation goes on fields whose type is a collection, this is a Int, remove it"},
		{"one fault, not two", "type A { bs: [B] @relation } type B { a: A @renamed }", "f:1:44: B.a: @renamed lacks its argument from, write @renamed(from: ...)"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, err := Load("f", []byte(tt.sdl))
			if got := describeRelations(s, err); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

func describeRelations(s *Schema, err error) string {
	if err != nil {
		return err.Error()
	}
	var parts []string
	for _, c := range s.Collections {
		for _, f := range c.Fields {
			switch {
			case f.Link != nil && f.Column == "" && f.Many():
				parts = append(parts, f.Path()+"*"+f.Link.Object.Table+"("+f.Link.Near.Column+","+f.Link.Far.Column+")")
			case f.Inverse() && f.Column == "" && !f.NonNull && f.Target.FieldNamed(f.Back.Name).Unique != nil:
				parts = append(parts, f.Path()+"="+f.Back.Path())
			case f.Many() && f.Column == "" && f.Target.Object == f.Field.Target:
				parts = append(parts, f.Path()+"<"+f.Back.Path())
			case f.ToOne() && f.Column == f.Name && f.Target.Object == f.Field.Target:
				parts = append(parts, f.Path()+">"+f.Target.Name)
			}
		}
	}
	return strings.Join(parts, " ")
}

// A reference is indexed once, unless an index that begins with it exists.
func TestReferenceIndexes(t *testing.T) {
	tests := []struct{ name, fields, want string }{
		{"plain", "type A { b: B }", "A_b_idx"},
		{"declared too", "type A { b: B @index }", "A_b_idx"},
		{"unique", "type A { b: B @unique }", "A_b_key"},
		{"begins an index", `type A @index(fields: ["b", "x"]) { b: B, x: Int }`, "A_b_x_idx"},
		{"both", `type A @index(fields: ["b", "x DESC"]) { b: B @index, x: Int }`, "A_b_x_e2018a2b10c9_idx A_b_idx"},
		{"descending, ascending", `type A @index(fields: ["x"]) @index(fields: ["x DESC"]) { b: B @unique, x: Int }`, "A_b_key A_x_idx A_x_d5e27c9be0e4_idx"},
		{"ends an index", `type A @index(fields: ["x", "b"]) { b: B, x: Int }`, "A_x_b_idx A_b_idx"},
		{"begins a unique key", `type A @unique(fields: ["b", "x"]) { b: B, x: Int }`, "A_b_x_key A_b_idx"},
		{"unique and index", "type A { x: Int @unique @index }", "A_x_key"},
		{"table", `type A @collection(name: "as") { b: B }`, "as_b_idx"},
		{"underscores", `type A @index(fields: ["a_b", "c"]) @index(fields: ["a", "b_c"]) { a: Int, a_b: Int, b_c: Int, c: Int }`, "A_a_b_c_a6470239524c_idx A_a_b_c_9eaa7fc3f6d5_idx"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, err := Load("f", []byte(tt.fields+" type B { y: Int }"))
			if err != nil {
				t.Fatal(err)
			}
			var names []string
			for _, u := range s.Collection("A").Uniques {
				names = append(names, u.Name)
			}
			for _, i := range s.Collection("A").Indexes {
				names = append(names, i.Name)
			}
			if got := strings.Join(names, " "); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func TestLongIndexName(t *testing.T) {
	long := strings.Repeat("x", 100)
	s, err := Load("f", []byte("type A"+long+" { f"+long+": Int @index, g"+long+": Int @index }"))
	if err != nil {
		t.Fatal(err)
	}
	a, b := s.Collections[0].Indexes[0].Name, s.Collections[0].Indexes[1].Name
	if len(a) > maxName || len(b) > maxName || a == b {
		t.Errorf("index names %s and %s", a, b)
	}
}

func TestPlural(t *testing.T) {
	for name, want := range map[string]string{
		"User": "users", "Category": "categories", "Day": "days", "Address": "addresses", "Box": "boxes",
		"Quiz": "quizes", "Match": "matches", "Dish": "dishes", "OrderLine": "orderLines", "URL": "urls",
		"Y": "ys", "KEY": "keys", "user": "users", "T": "ts", "B2B": "b2Bs",
	} {
		if got := plural(name); got != want {
			t.Errorf("plural(%s) = %s, want %s", name, got, want)
		}
	}
}
