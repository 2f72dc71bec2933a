package ruletest

import (
	"fmt"

	"flora.dev/flora/rules"
)

// World is a small schema with every kind of field and of relation, and its
// documents. Rows of link tables are documents of the link's object.
type World struct {
	User, Patient, Badge, Team, Member, Label, Product, Recall *rules.Object
	Links                                                      []*rules.Link // each from the end that declares it
	Docs                                                       map[*rules.Object][]*Doc
}

// Objects are the collections, targets of references first.
func (w *World) Objects() []*rules.Object {
	return []*rules.Object{w.User, w.Patient, w.Badge, w.Team, w.Member, w.Label, w.Product, w.Recall}
}

// Setting is what a schema may say about its callers.
type Setting struct {
	Declared bool // @claims
	Several  bool // several collections with @identity, linked by sub, a number and email
}

// settings are all of them.
var settings = []Setting{{}, {Several: true}, {Declared: true}, {true, true}}

// known are the claims, declared or not.
var known = []rules.Claim{
	{Name: "s", Key: "s", Kind: rules.String}, {Name: "nil", Key: "nil", Kind: rules.String}, {Name: "gone", Key: "gone", Kind: rules.String},
	{Name: "id", Key: "https://example.com/id", Kind: rules.ID}, {Name: "n", Key: "n", Kind: rules.Int}, {Name: "l", Key: "long-number", Kind: rules.Long},
	{Name: "f", Key: "f", Kind: rules.Float}, {Name: "b", Key: "b", Kind: rules.Bool}, {Name: "list", Key: "list", Kind: rules.String, List: true},
	{Name: "mixed", Key: "mixed", Kind: rules.String, List: true}, {Name: "nums", Key: "nums", Kind: rules.Float, List: true},
	{Name: "ids", Key: "https://example.com/ids", Kind: rules.ID, List: true}, {Name: "ints", Key: "ints", Kind: rules.Long, List: true},
}

// key is the name in the token of a claim.
func key(name string) string {
	for _, c := range known {
		if c.Name == name {
			return c.Key
		}
	}
	return name
}

// Users are the collections with @identity.
func (w *World) Users(s Setting) []*rules.Object {
	if s.Several {
		return []*rules.Object{w.User, w.Patient, w.Badge}
	}
	return []*rules.Object{w.User}
}

// Me spells CurrentUser for a collection.
func (s Setting) Me(name string) string {
	if s.Several {
		return `CurrentUser("` + name + `")`
	}
	return "CurrentUser()"
}

// NamedRule is a named rule of the world.
type NamedRule struct {
	Name string
	On   func(*World) *rules.Object
	Text string
}

// Named are the world's named rules.
func (s Setting) Named() []NamedRule {
	return []NamedRule{
		{"isMember", func(w *World) *rules.Object { return w.Team }, "doc.members.exists(m, m.user == " + s.Me("User") + ")"},
		{"isOpen", func(w *World) *rules.Object { return w.Team }, "doc.open && !(doc.size > 1)"},
		{"sellsTo", func(w *World) *rules.Object { return w.Product }, "isMember(doc.team) || doc.owner == " + s.Me("User") + " || isOpen(doc.team)"},
		{"anyMember", func(w *World) *rules.Object { return w.User }, "Member.exists(m, m.user == doc && m.active)"},
		{"follows", func(w *World) *rules.Object { return w.User }, s.Me("User") + " in doc.followers || doc.badge.level > 1"},
		{"issued", func(w *World) *rules.Object { return w.Badge }, "doc.level > 0 || doc.holder.admin"},
		{"recalled", func(w *World) *rules.Object { return w.Recall }, "!doc.open && doc.by != " + s.Me("User")},
		{"hot", func(w *World) *rules.Object { return w.Product }, "doc.labels.all(l, l.hot) && has(doc.at.city)"},
	}
}

// role is a role of the schema: its condition reads the caller's document.
const role = "r3"

func (s Setting) roleWhen() string { return s.Me("User") + ".admin || CurrentToken().s == 'a'" }

// Env compiles rules of the world.
func (w *World) Env(s Setting) *rules.Env {
	e := rules.NewEnv(w.Objects(), w.Users(s))
	if s.Declared {
		e.Declare(known)
	}
	if faults := e.Role(role, "", s.roleWhen()); len(faults) > 0 {
		panic(fmt.Sprint(faults))
	}
	for _, n := range s.Named() {
		e.Define(n.Name, n.On(w), n.Text)
	}
	for _, n := range s.Named() {
		if faults := e.Resolve(n.Name); len(faults) > 0 {
			panic(fmt.Sprint(faults))
		}
	}
	return e
}

func object(name string, fields ...*rules.Field) *rules.Object {
	o := &rules.Object{Name: name, Table: name}
	o.Key = &rules.Field{Object: o, Name: "_id", Column: "flora_id", Kind: rules.ID, NonNull: true, TypeName: "ID"}
	o.TS = &rules.Field{Object: o, Name: "_ts", Column: "flora_ts", Kind: rules.Long, NonNull: true, TypeName: "Long"}
	own(o, fields)
	o.Fields = fields
	return o
}

func own(o *rules.Object, fields []*rules.Field) {
	for _, f := range fields {
		f.Object, f.Column = o, f.Name
		if f.TypeName == "" {
			f.TypeName = f.Kind.String()
		}
		for _, m := range f.Members {
			m.Name = f.Name + "." + m.Name
		}
		own(o, f.Members)
	}
}

func scalar(name string, k rules.Kind) *rules.Field { return &rules.Field{Name: name, Kind: k} }

func required(f *rules.Field) *rules.Field { f.NonNull = true; return f }

func list(name string, k rules.Kind) *rules.Field {
	return &rules.Field{Name: name, Kind: k, List: true}
}

func enum(name string) *rules.Field {
	return &rules.Field{Name: name, Kind: rules.Enum, TypeName: "Status", Values: []string{"A", "B"}}
}

func reference(name string, target *rules.Object) *rules.Field {
	return &rules.Field{Name: name, Kind: rules.Ref, Target: target, TypeName: target.Name}
}

func embedded(name string, members ...*rules.Field) *rules.Field {
	return &rules.Field{Name: name, Kind: rules.Embedded, TypeName: "Embedded", Members: members}
}

// address is an embedded type with members of all kinds.
func address(name string) *rules.Field {
	return embedded(name, scalar("city", rules.String), required(scalar("zip", rules.Int)), scalar("ok", rules.Bool), scalar("since", rules.Date),
		scalar("moved", rules.Time), scalar("code", rules.UUID), scalar("far", rules.Long), scalar("ref", rules.ID), scalar("cost", rules.Decimal),
		scalar("more", rules.JSON), enum("grade"), list("kinds", rules.String),
		embedded("geo", scalar("lat", rules.Float), required(scalar("name", rules.String)), list("path", rules.Float)))
}

func folded(f *rules.Field) *rules.Field {
	f.Fold = &rules.Field{Name: f.Name, Column: "flora_fold_" + f.Name, Kind: rules.String, TypeName: "String"}
	return f
}

// behind adds the many side of a reference, or with single the other side of one-to-one.
func behind(o *rules.Object, name string, back *rules.Field, single bool) {
	o.Fields = append(o.Fields, &rules.Field{Object: o, Name: name, Kind: rules.Ref, Target: back.Object, TypeName: back.Object.Name, Back: back, Single: single})
}

// link adds a list with a link table, and with otherName the list at its other end.
func (w *World) link(o *rules.Object, name string, target *rules.Object, otherName string) {
	t := &rules.Object{Name: o.Name + "_" + name, Table: o.Name + "_" + name}
	near, far := required(reference("nearID", o)), required(reference("farID", target))
	t.Fields = []*rules.Field{near, far}
	own(t, t.Fields)
	end := func(o, target *rules.Object, name string, near, far *rules.Field) *rules.Link {
		rows := &rules.Field{Object: o, Name: name, Kind: rules.Ref, TypeName: t.Name, Target: t, Back: near}
		l := &rules.Link{Object: t, Near: near, Far: far, Rows: rows}
		if name != "" {
			o.Fields = append(o.Fields, &rules.Field{Object: o, Name: name, Kind: rules.Ref, Target: target, TypeName: target.Name, Link: l})
		}
		return l
	}
	w.Links = append(w.Links, end(o, target, name, near, far))
	end(target, o, otherName, far, near)
}

// NewWorld returns the schema without documents.
func NewWorld() *World {
	w := &World{Docs: map[*rules.Object][]*Doc{}}
	w.User = object("User", required(scalar("sub", rules.String)), scalar("name", rules.String), scalar("level", rules.Int),
		scalar("admin", rules.Bool), enum("grade"), scalar("born", rules.Date))
	w.Patient = object("Patient", required(scalar("number", rules.Long)), scalar("name", rules.String), reference("doctor", w.User),
		scalar("seen", rules.Time), scalar("ward", rules.ID))
	holder := required(reference("holder", w.User))
	w.Badge = object("Badge", required(scalar("email", rules.String)), holder, scalar("level", rules.Int), scalar("code", rules.UUID))
	for o, claim := range map[*rules.Object]string{w.User: "sub", w.Patient: "patient", w.Badge: "email"} {
		o.Identity, o.IdentityClaim = o.Fields[0], claim
	}
	w.Team = object("Team", required(scalar("name", rules.String)), reference("lead", w.User), scalar("open", rules.Bool), scalar("size", rules.Int),
		required(embedded("home", required(scalar("city", rules.String)), scalar("zip", rules.Long))))
	parent := reference("parent", w.Team)
	parent.Object, parent.Column = w.Team, parent.Name
	w.Team.Fields = append(w.Team.Fields, parent)
	team, user := required(reference("team", w.Team)), reference("user", w.User)
	w.Member = object("Member", team, user, scalar("role", rules.String), scalar("active", rules.Bool), scalar("rank", rules.Long))
	w.Label = object("Label", scalar("name", rules.String), scalar("hot", rules.Bool))
	owner, pteam := required(reference("owner", w.User)), reference("team", w.Team)
	w.Product = object("Product", required(scalar("name", rules.String)), scalar("note", rules.String), scalar("sku", rules.ID),
		scalar("price", rules.Float), scalar("stock", rules.Int), scalar("big", rules.Long), scalar("public", rules.Bool),
		enum("status"), scalar("created", rules.Time), scalar("day", rules.Date), scalar("serial", rules.UUID), scalar("cost", rules.Decimal),
		scalar("meta", rules.JSON), folded(scalar("title", rules.String)), address("at"), embedded("spots"),
		list("tags", rules.String), list("sizes", rules.Int), list("flags", rules.Bool), list("weights", rules.Float), list("days", rules.Date),
		list("times", rules.Time), list("codes", rules.UUID), list("ids", rules.ID), list("longs", rules.Long), required(list("grades", rules.Enum)),
		owner, pteam, reference("editor", w.User))
	grades := w.Product.Field("grades")
	grades.TypeName, grades.Values = "Status", []string{"A", "B"}
	recalled := required(reference("product", w.Product))
	w.Recall = object("Recall", recalled, scalar("open", rules.Bool), scalar("note", rules.String), reference("by", w.User))
	behind(w.Team, "members", team, false)
	behind(w.Team, "products", pteam, false)
	behind(w.Team, "parts", parent, false)
	behind(w.User, "products", owner, false)
	behind(w.User, "patients", w.Patient.Field("doctor"), false)
	behind(w.User, "badge", holder, true)
	behind(w.Product, "recall", recalled, true)
	w.link(w.Product, "labels", w.Label, "products")
	w.link(w.User, "follows", w.User, "followers")
	w.link(w.Team, "fans", w.User, "")
	w.link(w.Team, "badges", w.Badge, "")
	return w
}
