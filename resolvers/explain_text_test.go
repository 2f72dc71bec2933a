package resolvers

import (
	"strings"
	"testing"

	"flora.dev/flora/rules"
	"flora.dev/flora/schema"
	"github.com/google/go-cmp/cmp"
)

// TestTerms: the parts of a grant are shown as they were written where that is
// certain to be right, else as they were understood.
func TestTerms(t *testing.T) {
	const sdl = `type User @auth(read: "true") { sub: String! @unique @identity @auth(write: "false") }
type A %s { a: Int b: Int s: String owner: User }`
	tests := []struct {
		auth   string
		action rules.Action
		want   []string
	}{
		{`@auth(read: "doc.a == 1 || doc.b == 2")`, rules.Read, []string{"doc.a == 1 || doc.b == 2"}},
		{`@auth(read: "doc.a == 1 && doc.b == 2")`, rules.Read, []string{"doc.a == 1", "doc.b == 2"}},
		{`@auth(role: "r", read: "doc.a == 1")`, rules.Read, []string{`HasRole("r")`, "doc.a == 1"}},
		{`@auth(role: "r", read: "true")`, rules.Read, []string{`HasRole("r")`}},
		{`@auth(update: "doc.a == 1")`, rules.Update, []string{"of the stored document: doc.a == 1", "of the new document: doc.a == 1"}},
		{`@auth(update: "doc.s == 'a && b'")`, rules.Update, []string{"of the stored document: doc.s == 'a && b'", "of the new document: doc.s == 'a && b'"}},
		{`@auth(role: "r", update: "doc.a == 1")`, rules.Update, []string{`HasRole("r")`, "of the stored document: doc.a == 1", "of the new document: doc.a == 1"}},
		{`@auth(update: "oldDoc.a == 1 && newDoc.a == 1")`, rules.Update, []string{"oldDoc.a == 1", "newDoc.a == 1"}},
		{`@auth(update: "oldDoc.a == 1 && newDoc.b == 1")`, rules.Update, []string{"oldDoc.a == 1", "newDoc.b == 1"}},
		{`@auth(update: "doc.a == 1 && signedIn")`, rules.Update, []string{"oldDoc.a == 1", "signedIn", "newDoc.a == 1"}},
		{`@auth(create: "doc.a == 1 && newDoc.b == 2")`, rules.Create, []string{"newDoc.a == 1", "newDoc.b == 2"}},
	}
	for _, tt := range tests {
		s, err := schema.Load("a.graphql", []byte(strings.Replace(sdl, "%s", tt.auth, 1)))
		if err != nil {
			t.Fatal(err)
		}
		access := s.Collection("A").Access
		rule := map[rules.Action]schema.Rule{rules.Read: access.Read, rules.Create: access.Create, rules.Update: access.Update}[tt.action]
		var got []string
		for _, x := range terms(rule.Grants[0], tt.action) {
			got = append(got, x.text)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.auth, diff)
		}
	}
}
