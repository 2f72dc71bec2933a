package schema

import (
	"strings"
	"testing"

	"flora.dev/flora/rules"
)

// shape prints how grants are put together; what a rule itself became is a
// matter of package rules.
func shape(p rules.Pred) string {
	switch p := p.(type) {
	case nil:
		return "-"
	case rules.Truth:
		return [...]string{"unknown", "false", "true"}[p]
	case rules.Or:
		var parts []string
		for _, x := range p {
			parts = append(parts, shape(x))
		}
		return "(" + strings.Join(parts, " or ") + ")"
	case rules.And:
		var parts []string
		for _, x := range p {
			parts = append(parts, shape(x))
		}
		return "(" + strings.Join(parts, " and ") + ")"
	case rules.SlotTest:
		if strings.HasPrefix(p.Slot.Text, "HasRole") {
			return p.Slot.Text
		}
		return "slot"
	}
	return "rule"
}

func TestTypeAccess(t *testing.T) {
	tests := []struct{ name, auth, read, create, update, delete string }{
		{"none: all is denied", ``, "false", "false", "false", "false"},
		{"one action", `@auth(read: "true")`, "true", "false", "false", "false"},
		{"all", `@auth(all: "true")`, "true", "true", "true", "true"},
		{"write", `@auth(write: "true")`, "false", "true", "true", "true"},
		{"write and read", `@auth(write: "true", read: "doc.x == 1")`, "rule", "true", "true", "true"},
		{"both sides of an update", `@auth(update: "doc.x == 1")`, "false", "false", "(rule and rule)", "false"},
		{"grants are OR-ed alone", `@auth(update: "doc.x == 1") @auth(update: "doc.x == 2")`, "false", "false", "((rule and rule) or (rule and rule))", "false"},
		{"true beside another", `@auth(read: "doc.x == 1") @auth(read: "true")`, "true", "false", "false", "false"},
		{"false beside another", `@auth(read: "doc.x == 1") @auth(read: "false")`, "rule", "false", "false", "false"},
		{"false alone", `@auth(read: "false")`, "false", "false", "false", "false"},
		{"role", `@auth(role: "mod", read: "true", delete: "doc.x == 1")`, `HasRole("mod")`, "false", "false", `(HasRole("mod") and rule)`},
		{"role that grants nothing", `@auth(role: "mod", read: "false")`, "false", "false", "false", "false"},
		{"role beside a rule", `@auth(read: "doc.x == 1") @auth(role: "mod", read: "true")`, `(rule or HasRole("mod"))`, "false", "false", "false"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, err := Load("f", []byte("type A "+tt.auth+" { x: Int }"))
			if err != nil {
				t.Fatal(err)
			}
			a := s.Collections[0].Access
			for i, want := range []string{tt.read, tt.create, tt.update, tt.delete} {
				got := shape([]Rule{a.Read, a.Create, a.Update, a.Delete}[i].Pred)
				if got != want {
					t.Errorf("%s: got %s, want %s", [...]string{"read", "create", "update", "delete"}[i], got, want)
				}
			}
		})
	}
}

func TestFieldAccess(t *testing.T) {
	tests := []struct {
		name, auth, read, create, update string
		denyError                        bool
	}{
		{"follows its type", ``, "-", "-", "-", false},
		{"read alone", `@auth(read: "doc.x == 1")`, "rule", "-", "-", false},
		{"write is create and update", `@auth(write: "false")`, "-", "false", "false", false},
		{"all is these and read", `@auth(all: "false")`, "false", "false", "false", false},
		{"never", `@auth(read: "false", onDeny: NULL)`, "false", "-", "-", false},
		{"error", `@auth(read: "signedIn", onDeny: ERROR)`, "slot", "-", "-", true},
		{"two", `@auth(read: "signedIn") @auth(role: "r", read: "true")`, `(slot or HasRole("r"))`, "-", "-", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, err := Load("f", []byte("type A { x: Int "+tt.auth+" }"))
			if err != nil {
				t.Fatal(err)
			}
			f := s.Collections[0].Fields[0]
			if got := shape(f.Read.Pred); got != tt.read {
				t.Errorf("read: got %s, want %s", got, tt.read)
			}
			if got := shape(f.Create.Pred); got != tt.create {
				t.Errorf("create: got %s, want %s", got, tt.create)
			}
			if got := shape(f.Update.Pred); got != tt.update {
				t.Errorf("update: got %s, want %s", got, tt.update)
			}
			if f.DenyError != tt.denyError {
				t.Errorf("DenyError %v", f.DenyError)
			}
		})
	}
}

func TestRulePositions(t *testing.T) {
	s, err := Load("f", []byte("type A\n  @auth(create: \"signedIn\")\n  @auth(read: \"signedIn\") @auth(read: \"doc.x == 1\") { x: Int\n @auth(read: \"signedIn\") }"))
	if err != nil {
		t.Fatal(err)
	}
	a := s.Collections[0]
	for _, tt := range []struct {
		name string
		pos  Position
		want string
	}{
		{"first grant", a.Access.Read.Pos, "f:3:3"},
		{"create", a.Access.Create.Pos, "f:2:3"},
		{"no grant: the type", a.Access.Delete.Pos, "f:1:6"},
		{"field", a.Fields[0].Pos, "f:3:55"},
		{"field rule", a.Fields[0].Read.Pos, "f:4:2"},
	} {
		if got := tt.pos.String(); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}

func TestFieldModel(t *testing.T) {
	s, err := Load("f", []byte(`
		type User { sub: String! @unique @identity(claim: "email") @auth(write: "false"), posts: [Post] @relation, notes: [Note] @relation }
		type Post @collection(name: "posts") { author: User! @set(on: [CREATE, UPDATE], expr: "CurrentUser()"), kind: Kind! @default(expr: "'X'"), tags: [String!] }
		type Note { user: User, userIsNull: Int }
		enum Kind { X Y }`))
	if err != nil {
		t.Fatal(err)
	}
	user, post, note := s.Collection("User"), s.Collection("Post"), s.Collection("Note")
	if s.Collection("Kind") != nil {
		t.Error("an enum is a collection")
	}
	if len(s.Me) != 1 || s.Me[0] != user || user.Identity != user.Fields[0].Field || user.IdentityClaim != "email" || post.Identity != nil {
		t.Errorf("identity %v, claim %q, me %v", user.Identity, user.IdentityClaim, s.Me)
	}
	if post.Table != "posts" || post.Plural != "posts" || note.Table != "Note" {
		t.Errorf("tables %s, %s", post.Table, note.Table)
	}
	if k := post.Key; k.Name != "_id" || k.Column != "flora_id" || k.Kind != rules.ID || !k.NonNull || k.Object != post.Object {
		t.Errorf("key %+v", k)
	}
	if ts := post.TS; ts.Name != "_ts" || ts.Column != "flora_ts" || ts.Kind != rules.Long || !ts.NonNull || ts.Object != post.Object {
		t.Errorf("ts %+v", ts)
	}
	for _, c := range s.Collections {
		for i, f := range c.Fields {
			if c.Object.Fields[i] != f.Field || f.Object != c.Object || f.Collection != c {
				t.Errorf("%s is not where it belongs", f.Path())
			}
		}
	}
	author, kind, tags := post.FieldNamed("author"), post.FieldNamed("kind"), post.FieldNamed("tags")
	if author.Set == nil || !author.SetOnCreate || !author.SetOnUpdate || author.Settable() {
		t.Errorf("author %+v", author)
	}
	if kind.Kind != rules.Enum || kind.TypeName != "Kind" || len(kind.Values) != 2 || kind.Default == nil || !kind.Settable() {
		t.Errorf("kind %+v", kind)
	}
	if !tags.List || tags.Kind != rules.String || tags.NonNull || tags.TypeName != "String" {
		t.Errorf("tags %+v", tags)
	}
	if user.FieldNamed("posts").Settable() || !user.FieldNamed("notes").Settable() {
		t.Error("a many side is settable exactly if the reference is")
	}
	if got := author.NullFilter() + "," + note.Fields[0].NullFilter() + "," + tags.NullFilter(); got != "authorIsNull,," {
		t.Errorf("null filters %s", got)
	}
}
