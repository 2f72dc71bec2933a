package schema

import (
	"strings"
	"testing"
)

// Whoever may write what a rule reads through CurrentUser() decides what the
// rule allows: each such field says who may, also one behind relations.
func TestPromotion(t *testing.T) {
	const sdl = `
		type User @auth(create: "signedIn", update: "doc == CurrentUser()") {
			sub: String! @unique @identity @auth(write: "false")
			name: String
			account: Account ACCOUNT
			grants: [Grant!] @relation
		}
		type Account @auth(write: "doc.owner == CurrentIdentity()") { owner: String  admin: Boolean ADMIN }
		type Grant @auth(create: "signedIn") { user: User! USER  level: Int! LEVEL }
		type Secret @auth(read: "RULE") { text: String }`
	const own = `@auth(write: "false")`
	tests := []struct {
		name, rule string
		own        []string // fields with rules of their own
		want       []string // fields that lack them
	}{
		{"the document alone", "CurrentUser()._id == 'x'", nil, nil},
		{"a reference", "CurrentUser().account == null", nil, []string{"User.account"}},
		{"behind a reference", "CurrentUser().account.admin", []string{"ACCOUNT"}, []string{"Account.admin"}},
		{"behind a reference, both said", "CurrentUser().account.admin", []string{"ACCOUNT", "ADMIN"}, nil},
		{"in a list", "CurrentUser().grants.exists(g, g.level > 5)", nil, []string{"Grant.user", "Grant.level"}},
		{"in a list, the element said", "CurrentUser().grants.exists(g, g.level > 5)", []string{"LEVEL"}, []string{"Grant.user"}},
		{"in a list, both said", "CurrentUser().grants.exists(g, g.level > 5)", []string{"USER", "LEVEL"}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			text := strings.Replace(sdl, "RULE", tt.rule, 1)
			for _, name := range tt.own {
				text = strings.Replace(text, name, own, 1)
			}
			text = strings.NewReplacer("ACCOUNT", "", "ADMIN", "", "USER", "", "LEVEL", "").Replace(text)
			_, err := Load("f", []byte(text))
			faults, _ := err.(Diagnostics)
			var got []string
			for _, d := range faults {
				name, _, _ := strings.Cut(d.Message, " needs a create and an update rule of its own: rules read it through CurrentUser()")
				got = append(got, name)
			}
			if a, b := strings.Join(got, "\n"), strings.Join(tt.want, "\n"); a != b {
				t.Errorf("got faults of\n%s\nwant\n%s", a, b)
			}
		})
	}
}
