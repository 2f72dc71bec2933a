package schema

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const tweets = `type Tweet { text: String! likes: Int tags: [String!] author: User @relation secret: String @resolver }
type User { name: String! @unique tweets: [Tweet!] @relation }
type Session @embedded { token: String! user: User }
enum Off { OFF }
`

func TestDeclaredRoots(t *testing.T) {
	for _, test := range []struct{ name, sdl, want string }{
		{"list", `type Query { allTweets: [Tweet!]! }`, "Query.allTweets page of Tweet"},
		{"one", `type Query { byName(name: String!): User! @index(name: "x") }`, "Query.byName one User name=User.name"},
		{"terms", `type Query { a(id: ID!, likes: Int, author: ID): [Tweet] }`, "Query.a page of Tweet id=Tweet._id likes=Tweet.likes author=Tweet.author"},
		{"extended", `extend type Query { a: [Tweet] }`, "Query.a page of Tweet"},
		{"no such field", `type Query { a(nam: String): User }`, "Query.a unresolved\nwarning: 5:16: Query.a: it answers NOT_IMPLEMENTED, User has no field nam, did you mean name?"},
		{"another type", `type Query { a(likes: String): [Tweet] }`, "Query.a unresolved\nwarning: 5:16: Query.a: it answers NOT_IMPLEMENTED, Tweet.likes cannot be compared with argument likes, a String"},
		{"no collection", `type Query { total: Int! }`, "Query.total unresolved\nwarning: 5:14: Query.total: it answers NOT_IMPLEMENTED, only collections are looked up, return a collection, or remove it"},
		{"resolver", `type Query { me: User @resolver(name: "me") off: Off @resolver  s(x: [Int!]): Session @resolver(paginated: true) }`,
			"Query.me unresolved\nQuery.off unresolved\nQuery.s unresolved"},
		{"mutation", `type Mutation { login(name: String!): Session! @resolver(name: "login") @resolver(name: "login") }`, "Mutation.login unresolved"},
		{"mutation without resolver", `type Mutation { login(name: String!): Session! }`,
			"Mutation.login unresolved\nwarning: 5:17: Mutation.login: it answers NOT_IMPLEMENTED, mutations are generated, use the generated mutations"},
		{"in place of a generated one", `type Mutation { createUser(input: In): User @resolver } input In { name: String = "x" }`,
			"Mutation.createUser unresolved\nwarning: 5:17: createUser: the generated field of that name is left out, rename it to keep both"},
		{"in place of the same", `type Query { findUserByName(name: String!): User }`, "Query.findUserByName one User name=User.name"},
		{"inputs", `input UserInput { name: String! } input Foo { user: UserInput tweets: UserTweetsRelation }`, ""},
		{"input with more", `input UserInput { name: String! age: Int }`,
			"warning: 5:33: input UserInput.age: it answers NOT_IMPLEMENTED when given, User has no such field that a client sets"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s, err := Load("f", []byte(tweets+test.sdl))
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, m := range []struct {
				name  string
				roots map[string]*Root
				def   string
			}{{"Query", s.API.Query, "Query"}, {"Mutation", s.API.Mutation, "Mutation"}} {
				for _, f := range s.API.AST.Types[m.name].Fields {
					r := m.roots[f.Name]
					if r == nil || r.Declared == nil {
						continue
					}
					line := m.name + "." + r.Name
					switch r.Op {
					case LookUp:
						line += " one " + r.Collection.Name
					case LookUpList:
						line += " page of " + r.Collection.Name
					default:
						line += " unresolved"
					}
					for _, term := range r.Terms {
						line += fmt.Sprintf(" %s=%s", term.Arg, term.Field.Path())
					}
					got = append(got, line)
				}
			}
			for _, w := range s.Warnings {
				// Every schema here has an embedded type with a collection in it.
				if !strings.HasPrefix(w.Message, "Session.user") && (strings.Contains(w.Message, "NOT_IMPLEMENTED") || strings.Contains(w.Message, "left out")) {
					got = append(got, "warning: "+strings.TrimPrefix(w.String(), "f:"))
				}
			}
			if diff := cmp.Diff(test.want, strings.Join(got, "\n")); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestDeclaredFaults(t *testing.T) {
	for _, test := range []struct{ name, sdl, want string }{
		{"unknown type", `type Query { a: Twet }`, "5:17: Query.a: unknown type Twet, did you mean Tweet?"},
		{"unknown argument type", `type Query { a(x: Foo): Tweet }`, "5:16: Query.a: argument x: unknown type Foo"},
		{"type as argument", `type Query { a(x: User): Tweet }`, "5:16: Query.a: argument x: User is a type, it cannot be given, take its _id: ID"},
		{"input returned", `input In { x: Int } type Query { a: In @resolver }`, "5:37: Query.a: input In cannot be returned, return a type"},
		{"twice", `type Query { a: Tweet } extend type Query { a: Tweet }`, "5:45: Query.a is declared twice, first at 5:14, remove one"},
		{"rule on a root field", `type Query { a: Tweet @auth(read: "true") }`, "5:23: Query.a: nothing enforces @auth here, put the rule on the type whose documents it returns"},
		{"rule on a root type", `type Query @auth(read: "true") { a: Tweet }`, "5:12: type Query: @auth does not go on a root type, remove it"},
		{"subscription", `type Subscription { a: Tweet }`, "5:6: type Subscription: subscriptions are not supported in this version, remove it"},
		{"input unknown", `input In { x: Foo }`, "5:15: input In.x: unknown type Foo"},
		{"input like a generated type", `input TweetConnection { x: Int }`, "5:7: input TweetConnection has the name of a generated type: the page of Tweet, rename one"},
		{"rule on an embedded type", `type E @embedded @auth(read: "true") { x: Int }`, "5:18: type E: nothing enforces @auth on an @embedded type, put the rule on the field that holds it"},
		{"rule inside an embedded type", `type E @embedded { x: Int @auth(read: "true") }`, "5:27: E.x: nothing enforces @auth inside an @embedded type, put the rule on the field that holds the type"},
		{"embedded without end", `type E @embedded { f: F! } type F @embedded { e: E! }`, "5:6: type E: every value of it would hold another one, without end, make one of its fields nullable or a list\nf:5:33: type F: every value of it would hold another one, without end, make one of its fields nullable or a list"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := Load("f", []byte(tweets+test.sdl))
			if err == nil {
				t.Fatalf("no fault, want %s", test.want)
			}
			if diff := cmp.Diff("f:"+test.want, err.Error()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestMisfits loads what a developer's own input gives another type than the
// generated one that it takes the place of.
func TestMisfits(t *testing.T) {
	s, err := Load("f", []byte(`type A { b: B e: E n: Int }
type B { x: Int }
type E @embedded { x: Int y: [String!] b: B }
input AInput { b: ID e: EInput n: Int! other: Int }
input EInput { x: String y: [String] b: ID }
type Query { as: [A!] @relation }`))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, w := range s.Warnings {
		if !strings.Contains(w.Message, "read") {
			got = append(got, w.String())
		}
	}
	want := []string{
		"f:3:43: E.b: a collection inside an @embedded type is not stored, the field answers NOT_IMPLEMENTED, store its _id as an ID, or make the outer type a collection",
		"f:4:19: input AInput.b: it answers NOT_IMPLEMENTED when given, the field of A takes a ABRelation",
		"f:4:40: input AInput.other: it answers NOT_IMPLEMENTED when given, A has no such field that a client sets",
		"f:5:19: input EInput.x: it answers NOT_IMPLEMENTED when given, the field of E takes a Int",
		"f:5:38: input EInput.b: it answers NOT_IMPLEMENTED when given, E has no such field that a client sets",
		"f:6:23: Query.as: @relation on a root field means nothing, remove it",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for _, m := range []struct {
		input, member string
		want          bool
	}{{"AInput", "b", true}, {"AInput", "n", false}, {"PartialUpdateAInput", "b", false}, {"EInput", "x", true}, {"EInput", "y", false}} {
		if s.Misfit(m.input, m.member) != m.want {
			t.Errorf("%s.%s: misfit is not %t", m.input, m.member, m.want)
		}
	}
}
