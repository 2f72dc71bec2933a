package schema

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFunctions(t *testing.T) {
	s, err := Load("f", []byte(`type User { name: String! @unique notes: [Note!] noteCount: Int @resolver stars: Int @resolver }
type Note { text: String! user: User }
type Query {
  current: User @resolver
  byName(name: String!): User @resolver
  one(id: ID!): Note @resolver
  notesOf(user: ID!, size: Int): [Note!]! @resolver(name: "f", paginated: true)
  search(q: String!): [Note!]! @resolver
  notes: [Note!] @resolver
  totalNotes: Int! @resolver
  weather: String
  userByName(name: String!): User
}
type Mutation {
  login(name: String!): String! @resolver
  createUser(name: String!): User @resolver
  renameUser(id: ID!, name: String!): User @resolver
  removeNote(id: ID!): Boolean @resolver
  shuffle: Boolean @resolver
}`))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range s.Functions() {
		got = append(got, f.Field+f.Signature+" => "+f.Instead)
	}
	want := `User.noteCount: Int => notesAggregate { count }, or its sum, avg, min, max
User.stars: Int => 
Query.current: User => me, which is there once the field of User that holds the sub claim has @identity
Query.byName(name: String!): User => findUserByName(name)
Query.one(id: ID!): Note => findNoteByID(id)
Query.notesOf(user: ID!, size: Int): [Note!]! => notes(where: { user })
Query.search(q: String!): [Note!]! => 
Query.notes: [Note!] => the generated field of that name, which is there without this one
Query.totalNotes: Int! => notesAggregate { count }, or its sum, avg, min, max
Query.weather: String => 
Mutation.login(name: String!): String! => the sign-in of the identity provider
Mutation.createUser(name: String!): User => the generated field of that name, which is there without this one
Mutation.renameUser(id: ID!, name: String!): User => partialUpdateUser(id, data)
Mutation.removeNote(id: ID!): Boolean => deleteNote(id)
Mutation.shuffle: Boolean => `
	if diff := cmp.Diff(strings.Split(want, "\n"), got); diff != "" {
		t.Error(diff)
	}
}
