package rules

import (
	"testing"
	"time"
)

// world is a small schema made by hand: users, teams with members, products.
type world struct {
	user, team, member, product *Object
}

func object(name string, fields ...*Field) *Object {
	o := &Object{Name: name, Table: name}
	o.Key = &Field{Object: o, Name: "_id", Column: "flora_id", Kind: ID, NonNull: true, TypeName: "ID"}
	o.TS = &Field{Object: o, Name: "_ts", Column: "flora_ts", Kind: Long, NonNull: true, TypeName: "Long"}
	for _, f := range fields {
		f.Object = o
		if f.Back == nil {
			f.Column = f.Name
		}
		if f.TypeName == "" {
			f.TypeName = f.Kind.String()
		}
	}
	o.Fields = fields
	return o
}

func reference(name string, target *Object, nonNull bool) *Field {
	return &Field{Name: name, Kind: Ref, Target: target, TypeName: target.Name, NonNull: nonNull}
}

func newWorld() world {
	sub := &Field{Name: "sub", Kind: String, NonNull: true}
	var w world
	w.user = object("User", sub, &Field{Name: "name", Kind: String}, &Field{Name: "level", Kind: Int}, &Field{Name: "admin", Kind: Bool})
	w.user.Identity = sub
	w.team = object("Team", &Field{Name: "name", Kind: String, NonNull: true}, reference("lead", w.user, false))
	team := reference("team", w.team, true)
	w.member = object("Member", team, reference("user", w.user, true), &Field{Name: "admin", Kind: Bool})
	w.team.Fields = append(w.team.Fields, &Field{Object: w.team, Name: "members", Kind: Ref, Target: w.member, TypeName: "Member", Back: team})
	w.product = object("Product",
		&Field{Name: "name", Kind: String, NonNull: true}, &Field{Name: "note", Kind: String},
		&Field{Name: "price", Kind: Float}, &Field{Name: "stock", Kind: Int}, &Field{Name: "big", Kind: Long},
		&Field{Name: "public", Kind: Bool}, &Field{Name: "status", Kind: Enum, TypeName: "Status", Values: []string{"DRAFT", "LIVE"}},
		&Field{Name: "created", Kind: Time}, &Field{Name: "day", Kind: Date},
		&Field{Name: "tags", Kind: String, List: true},
		&Field{Name: "sku", Kind: String}, reference("owner", w.user, true), reference("team", w.team, false), reference("backup", w.team, false))
	return w
}

func (w world) env() *Env {
	return NewEnv([]*Object{w.user, w.team, w.member, w.product}, []*Object{w.user})
}

var clock = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func TestRule(t *testing.T) {
	w := newWorld()
	for _, c := range []struct {
		action Action
		text   string
		want   string
	}{
		{Read, "anyone", "true"},
		{Read, "true || doc.public", "true"},
		{Read, "false", "false"},
		{Read, "doc.public", "oldDoc.public"},
		{Read, "doc.owner == CurrentUser()", "user(v1, User, {CurrentIdentity()}, oldDoc.owner == v1._id)"},
		{Read, "CurrentUser() == doc.owner && signedIn", "(user(v1, User, {CurrentIdentity()}, v1._id == oldDoc.owner) && {signedIn})"},
		{Create, "newDoc.sku == CurrentIdentity()", "newDoc.sku == {CurrentIdentity()}"},
		{Update, "doc.sku == CurrentIdentity()", "(oldDoc.sku == {CurrentIdentity()} && newDoc.sku == {CurrentIdentity()})"},
		{Update, "oldDoc.status == 'DRAFT'", `oldDoc.status == "DRAFT"`},
		{Update, "oldDoc.status == newDoc.status", `oldDoc.status == newDoc.status`},
		{Read, "doc.team.members.exists(m, m.user == CurrentUser())",
			"one(v1, Team, oldDoc.team, true, exists(v2, Team.members, v1._id, true, user(v3, User, {CurrentIdentity()}, v2.user == v3._id)))"},
		{Read, "!doc.team.members.all(m, m.admin)", "!(one(v1, Team, oldDoc.team, true, all(v2, Team.members, v1._id, true, v2.admin)))"},
		{Read, "has(doc.team.lead.name)", "definite(one(v1, Team, oldDoc.team, true, one(v2, User, v1.lead, true, !(isNull(v2.name)))))"},
		{Read, "doc.note == null || doc.note != null", "(isNull(oldDoc.note) || !(isNull(oldDoc.note)))"},
		{Read, "doc.status in ['DRAFT', 'LIVE']", `in(oldDoc.status, ["DRAFT" "LIVE"])`},
		{Read, "doc.team in CurrentToken().teams", "in(oldDoc.team, {CurrentToken().teams})"},
		{Read, "doc.owner in [CurrentUser()]", "user(v1, User, {CurrentIdentity()}, oldDoc.owner == v1._id)"},
		{Read, "'x' in doc.tags", `in("x", oldDoc.tags)`},
		{Read, "doc.price > 3", `oldDoc.price > 3`},
		{Read, "3 < doc.stock", `oldDoc.stock > 3`},
		{Read, "size(doc.tags) > 2 && doc.name.size() < 3", `(size(oldDoc.tags) > 2 && size(oldDoc.name) < 3)`},
		{Read, "doc.created > now - duration('24h')", `oldDoc.created > {now - duration("24h")}`},
		{Read, "doc.day >= '2026-01-31'", `oldDoc.day >= "2026-01-31"`},
		{Read, "doc.name.startsWith(CurrentToken()['org'])", `startsWith(oldDoc.name, {CurrentToken()["org"]})`},
		{Read, "doc.public ? doc.stock == 1 : HasRole('x')", `if(oldDoc.public, oldDoc.stock == 1, {HasRole("x")})`},
		{Read, "doc.note != null && doc.note == doc.sku", `(!(isNull(oldDoc.note)) && oldDoc.note == oldDoc.sku)`},
		{Read, "CurrentToken().roles.exists(r, r == 'a')", `{CurrentToken().roles.exists(r, r == "a")}`},
	} {
		p, faults := w.env().Rule(w.product, c.action, c.text)
		if len(faults) > 0 {
			t.Errorf("%s: %v", c.text, faults)
			continue
		}
		if got := Print(p); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.text, got, c.want)
		}
	}
}

func TestRuleFaults(t *testing.T) {
	w := newWorld()
	for _, c := range []struct {
		action Action
		text   string
		want   Fault
	}{
		{Read, "doc.owner == CurrentIdentity()", Fault{13, "Product.owner is a User, CurrentIdentity() is a String", "Did you mean CurrentUser()?"}},
		{Read, "doc.name == CurrentUser()", Fault{0, "Product.name is a String, CurrentUser() is a User", "Did you mean CurrentIdentity()?"}},
		{Read, "doc.public && doc.sku == CurrentIdenty()", Fault{25, "CurrentIdenty is unknown", "Did you mean CurrentIdentity()?"}},
		{Read, "doc.public = true", Fault{11, "syntax error: token recognition error at: '= '", "use =="}},
		{Read, "doc.pubic", Fault{0, "Product has no field pubic", "Did you mean public?"}},
		{Read, "newDoc.public", Fault{0, "newDoc does not exist in this rule", ""}},
		{Create, "oldDoc.public", Fault{0, "oldDoc does not exist in this rule", ""}},
		{Read, "doc.name == null", Fault{0, "Product.name is never null", ""}},
		{Read, "doc.note == doc.sku", Fault{0, "Product.note and Product.sku may both be null, and two nulls are equal", "add doc.note != null && to the same condition"}},
		{Read, "doc.status == 'DRAF'", Fault{14, "'DRAF' is no value of Status", "Did you mean DRAFT?"}},
		{Read, "doc.stock == 1.5", Fault{13, "Product.stock is an Int, 1.5 is a Float", ""}},
		{Read, "doc.stock + 1 == 2", Fault{0, "+ cannot be applied to document fields", "documents know == != < <= > >= in startsWith endsWith contains size has exists all"}},
		{Read, "doc.name.matches('a')", Fault{0, "matches cannot be applied to document fields", "documents know == != < <= > >= in startsWith endsWith contains size has exists all"}},
		{Read, "CurrentToken().x == null", Fault{20, "a claim is never equal to null: an absent or null claim is unknown", "use has(...)"}},
		{Read, "doc.tags.exists(t, t == 'x')", Fault{0, "doc.tags is a list of String, exists needs a relation list", "use in: 'x' in doc.tags"}},
		{Read, "doc.name", Fault{0, "doc.name is a String, a condition is expected", ""}},
		{Read, "CurrentUser() == null", Fault{0, "CurrentUser() is never null", "use HasCurrentIdentity(); a rule with CurrentUser() is not true without one"}},
		{Read, "size(CurrentIdentity()) == 'a'", Fault{24, "cannot apply == to '(int, string)'", ""}},
		{Read, "", Fault{0, "the expression is empty", `write "true", "false" or a condition`}},
		{Read, "doc.team.members.filter(m, m.admin).size() > 0", Fault{0, "filter is not available on documents as a value", "use exists or all"}},
		{Read, "doc.public || HasRole('flora:data')", Fault{22, "flora:data is a right of the control API, no role over data", "use a role of your own"}},
		{Read, "google.protobuf.BoolValue{value: signedIn} == true", Fault{25, "google.protobuf.BoolValue{...} is not available in rules", ""}},
		{Read, "doc.price == doc.stock", Fault{0, "Product.price is a Float, Product.stock is an Int", ""}},
	} {
		_, faults := w.env().Rule(w.product, c.action, c.text)
		if len(faults) == 0 {
			t.Errorf("%s: no fault", c.text)
			continue
		}
		if faults[0] != c.want {
			t.Errorf("%s:\n got %+v\nwant %+v", c.text, faults[0], c.want)
		}
	}
}
