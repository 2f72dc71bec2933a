package rules

import (
	"slices"
	"strings"
	"testing"
)

// An element cannot take the name of a document or of a value of the caller:
// the rule would read something else than its writer sees.
func TestElementNames(t *testing.T) {
	w := newWorld()
	for _, c := range []struct {
		action Action
		text   string
		taken  string
	}{
		{Read, "doc.team.members.exists(doc, doc.admin)", "doc"},
		{Read, "doc.team.members.all(oldDoc, oldDoc.admin)", "oldDoc"},
		{Update, "doc.team.members.exists(newDoc, newDoc.admin)", "newDoc"},
		{Read, "doc.team.members.exists(now, now.admin)", "now"},
		{Read, "CurrentToken().flags.exists(signedIn, signedIn)", "signedIn"},
		{Read, "CurrentToken().flags.exists(anyone, anyone)", "anyone"},
		{Read, "doc.team.members.exists(m, m.admin)", ""},
		{Read, "CurrentToken().flags.exists(f, f)", ""},
	} {
		_, faults := w.env().Rule(w.product, c.action, c.text)
		want := ""
		if c.taken != "" {
			want = c.taken + " has a meaning of its own and cannot name an element"
		}
		got := ""
		if len(faults) > 0 {
			got = faults[0].Message
		}
		if got != want {
			t.Errorf("%s: got fault %q, want %q", c.text, got, want)
		}
	}
}

// "x.f != null" guards comparisons with the x it speaks of, not with another
// element of that name further in.
func TestGuardOfShadowedName(t *testing.T) {
	w := newWorld()
	boss := reference("boss", w.member, false)
	boss.Object, boss.Column = w.member, "boss"
	staff := &Field{Object: w.member, Name: "staff", Kind: Ref, Target: w.member, TypeName: "Member", Back: boss}
	note := &Field{Object: w.member, Name: "note", Column: "note", Kind: String, TypeName: "String"}
	w.member.Fields = append(w.member.Fields, boss, staff, note)
	for _, c := range []struct {
		text string
		ok   bool
	}{
		{"doc.team.members.exists(m, m.note != null && m.note == doc.note)", true},
		{"doc.team.members.exists(m, m.note != null && m.staff.exists(n, m.note == doc.note))", true},
		{"doc.team.members.exists(m, m.note != null && m.staff.exists(m, m.note == doc.note))", false},
		{"doc.note != null && doc.team.members.exists(m, m.staff.exists(m, m.note == doc.note))", true},
	} {
		_, faults := w.env().Rule(w.product, Read, c.text)
		if (len(faults) == 0) != c.ok {
			t.Errorf("%s: faults %v, want none: %v", c.text, faults, c.ok)
		}
	}
}

func TestUserFields(t *testing.T) {
	w := newWorld()
	home := reference("home", w.team, false)
	home.Object, home.Column = w.user, "home"
	user := w.member.Field("user")
	roles := &Field{Object: w.user, Name: "roles", Kind: Ref, Target: w.member, TypeName: "Member", Back: user}
	w.user.Fields = append(w.user.Fields, home, roles)
	for _, c := range []struct{ text, want string }{
		{"doc.owner == CurrentUser()", ""},
		{"CurrentUser()._id == 'x'", ""},
		{"doc.owner.admin", ""},
		{"CurrentUser().admin", "User.admin"},
		{"size(CurrentUser().name) > 3", "User.name"},
		{"has(CurrentUser().home.name)", "User.home Team.name"},
		{"doc.team != null && CurrentUser().home == doc.team", "User.home"},
		// A list is what references elsewhere make it.
		{"CurrentUser().roles.exists(m, m.admin)", "Member.user Member.admin"},
		{"CurrentUser().home.members.all(m, m.user.admin)", "User.home Member.team Member.user User.admin"},
		{"doc.team.members.exists(m, m.user == CurrentUser() && m.admin)", ""},
	} {
		env := w.env()
		if _, faults := env.Rule(w.product, Read, c.text); len(faults) > 0 {
			t.Errorf("%s: %v", c.text, faults)
			continue
		}
		var got []string
		for _, f := range env.UserFields() {
			got = append(got, f.Path())
		}
		want := strings.Fields(c.want)
		if !slices.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", c.text, got, want)
		}
	}
}

// Print tells values apart: package resolvers takes equal text for equal conditions.
func TestPrintLists(t *testing.T) {
	list := func(v ...any) string {
		return Print(In{X: Val{Value{Kind: String, V: "x"}}, List: Val{Value{Kind: String, List: true, V: v}}})
	}
	if a, b := list("a b"), list("a", "b"); a == b {
		t.Errorf("both lists print as %s", a)
	}
}
