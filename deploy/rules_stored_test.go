package deploy

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"flora.dev/flora/rules"
	"flora.dev/flora/schema"
	"github.com/google/go-cmp/cmp"
)

// memory is a store of documents by type.
type memory map[string][]Row

func (m memory) Each(_ context.Context, o *rules.Object, yield func(Row) bool) error {
	for _, r := range m[o.Name] {
		if !yield(r) {
			return nil
		}
	}
	return nil
}

func (m memory) Find(_ context.Context, o *rules.Object, f *rules.Field, v any) (list []Row, err error) {
	for _, r := range m[o.Name] {
		if r[f.Name] == v {
			list = append(list, r)
		}
	}
	return list, nil
}

func TestStored(t *testing.T) {
	docs := memory{
		"User":   {{"_id": "u1", "sub": "ada"}, {"_id": "u2", "sub": "bob"}},
		"Team":   {{"_id": "t1", "open": true}},
		"Member": {{"_id": "m1", "team": "t1", "user": "u1", "rank": int64(2)}},
		"Doc":    {{"_id": "d1", "name": "secret", "team": "t1", "owner": "u2"}, {"_id": "d2", "name": "other", "owner": "u1"}},
	}
	members := "doc.owner == CurrentUser() || doc.team.members.exists(m, m.user == CurrentUser()%s)"
	for _, c := range []struct {
		name, before, after string
		options             StoredOptions
		want                []string
	}{
		{"looser", readBy("doc.owner == CurrentUser()"), readBy(fmt.Sprintf(members, "")), StoredOptions{Identity: true}, []string{
			"newly-allows read Doc/d1 ada"}},
		{"not for a low rank", readBy("doc.owner == CurrentUser()"), readBy(fmt.Sprintf(members, " && m.rank > 2")), StoredOptions{Identity: true}, nil},
		{"tighter", readBy("signedIn"), readBy("doc.owner == CurrentUser()"), StoredOptions{Callers: []Caller{{}, {Subject: "bob"}, {Subject: "eve"}}}, []string{
			"newly-denies read Doc/d1 eve", "newly-denies read Doc/d2 bob", "newly-denies read Doc/d2 eve"}},
		{"for a role", readBy("false"), docs1(`@auth(role: "boss", all: "true")`), StoredOptions{Identity: true, Roles: []string{"boss"}}, []string{
			"newly-allows read Doc/d1 ada", "newly-allows read Doc/d1 bob", "newly-allows read Doc/d2 ada", "newly-allows read Doc/d2 bob",
			"newly-allows update Doc/d1 ada", "newly-allows update Doc/d1 bob", "newly-allows update Doc/d2 ada", "newly-allows update Doc/d2 bob",
			"newly-allows delete Doc/d1 ada", "newly-allows delete Doc/d1 bob", "newly-allows delete Doc/d2 ada", "newly-allows delete Doc/d2 bob"}},
		{"a field", fieldWith(`@auth(read: "false")`), fieldWith(`@auth(read: "doc.owner == CurrentUser()")`), StoredOptions{Identity: true}, []string{
			"newly-allows read Doc/d1.n bob", "newly-allows read Doc/d2.n ada"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			report, err := askStored(t, shop(t, c.before), shop(t, c.after), docs, c.options)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, s := range report.Shifts {
				line := fmt.Sprintf("%s %s %s/%s", s.Change, s.Action, s.Collection, s.ID)
				if s.Field != "" {
					line += "." + s.Field
				}
				got = append(got, line+" "+s.Caller.Subject)
				if len(s.By) == 0 || strings.Contains(s.String(), "secret") {
					t.Errorf("%+v", s)
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
	report, err := askStored(t, shop(t, readBy("signedIn")), shop(t, readBy("doc.open")), docs, StoredOptions{Identity: true, Limit: 3})
	if err != nil || !report.Limited || report.Asked > 4 {
		t.Errorf("limit 3: %+v %v", report, err)
	}
}

func askStored(t *testing.T, old, new *schema.Schema, docs Documents, o StoredOptions) (*StoredReport, error) {
	return Stored(t.Context(), old, new, schema.Diff(old, new, o.Now), docs, o)
}

func docs1(rules string) string {
	return strings.Replace(readBy("false"), `@auth(read: "false")`, rules, 1)
}
