package storetest

import (
	"flora.dev/flora/rules"
	"flora.dev/flora/schema"
	"flora.dev/flora/store"
)

// world is the suite's schema: people in teams, and things of every kind.
type world struct {
	user, team, member, thing *schema.Collection
}

var states = []string{"OPEN", "DONE"}

func newWorld() *world {
	w := &world{user: collection("User"), team: collection("Team"), member: collection("Member"), thing: collection("Thing")}
	sub := add(w.user, &rules.Field{Name: "sub", Kind: rules.String, NonNull: true})
	w.user.Identity, w.user.IdentityClaim = sub.Field, "sub"
	add(w.user, &rules.Field{Name: "name", Kind: rules.String})
	add(w.user, &rules.Field{Name: "email", Kind: rules.String})
	add(w.user, &rules.Field{Name: "tags", Kind: rules.String, List: true})
	for _, name := range []string{"sub", "email"} {
		f := w.user.FieldNamed(name)
		f.Unique = &schema.Unique{Name: "User_" + name, Fields: []*schema.Field{f}}
		w.user.Uniques = append(w.user.Uniques, f.Unique)
	}

	add(w.team, &rules.Field{Name: "name", Kind: rules.String, NonNull: true})
	// Users and teams refer to each other: one of the foreign keys comes late.
	reference(w.user, "home", w.team, false)
	reference(w.team, "lead", w.user, false)

	reference(w.member, "team", w.team, true)
	reference(w.member, "user", w.user, false)
	add(w.member, &rules.Field{Name: "admin", Kind: rules.Bool, NonNull: true})
	back(w.team, "members", w.member, "team")
	back(w.user, "memberships", w.member, "user")

	for _, k := range kinds {
		f := &rules.Field{Name: k.name, Kind: k.kind}
		l := &rules.Field{Name: k.name + "s", Kind: k.kind, List: true}
		if k.kind == rules.Enum {
			f.TypeName, f.Values, l.TypeName, l.Values = "State", states, "State", states
		}
		add(w.thing, f)
		add(w.thing, l)
	}
	add(w.thing, &rules.Field{Name: "label", Kind: rules.String, NonNull: true})
	reference(w.thing, "owner", w.user, false)
	reference(w.thing, "team", w.team, false)
	reference(w.thing, "parent", w.thing, false)
	back(w.user, "things", w.thing, "owner")
	back(w.team, "things", w.thing, "team")
	back(w.thing, "children", w.thing, "parent")
	return w
}

var kinds = []struct {
	name string
	kind rules.Kind
}{
	{"flag", rules.Bool}, {"int", rules.Int}, {"long", rules.Long}, {"float", rules.Float}, {"text", rules.String},
	{"key", rules.ID}, {"day", rules.Date}, {"time", rules.Time}, {"state", rules.Enum},
}

func collection(name string) *schema.Collection {
	o := &rules.Object{Name: name, Table: name}
	o.Key = &rules.Field{Object: o, Name: "_id", Column: "flora_id", Kind: rules.ID, NonNull: true, TypeName: "ID"}
	o.TS = &rules.Field{Object: o, Name: "_ts", Column: "flora_ts", Kind: rules.Long, NonNull: true, TypeName: "Long"}
	return &schema.Collection{Object: o}
}

func add(c *schema.Collection, f *rules.Field) *schema.Field {
	f.Object = c.Object
	if f.Back == nil {
		f.Column = f.Name
	}
	c.Object.Fields = append(c.Object.Fields, f)
	sf := &schema.Field{Field: f, Collection: c}
	c.Fields = append(c.Fields, sf)
	return sf
}

func reference(c *schema.Collection, name string, to *schema.Collection, nonNull bool) {
	add(c, &rules.Field{Name: name, Kind: rules.Ref, NonNull: nonNull, Target: to.Object, TypeName: to.Name}).Target = to
}

func back(c *schema.Collection, name string, of *schema.Collection, field string) {
	add(c, &rules.Field{Name: name, Kind: rules.Ref, Target: of.Object, TypeName: of.Name, Back: of.Field(field)}).Target = of
}

// steps make the world in an empty store. A reference to a table that comes
// later is added at the end; the others stand in their table.
func (w *world) steps() []schema.Step {
	var steps, late []schema.Step
	made := map[*schema.Collection]bool{}
	for _, c := range []*schema.Collection{w.user, w.team, w.member, w.thing} {
		steps = append(steps, schema.Step{Kind: schema.CreateTable, Collection: c})
		made[c] = true
		for _, u := range c.Uniques {
			steps = append(steps, schema.Step{Kind: schema.CreateUnique, Collection: c, Unique: u})
		}
		for _, f := range c.Fields {
			switch {
			case !f.ToOne():
			case made[f.Target]:
				index := &schema.Index{Name: c.Table + "_" + f.Column, Fields: []*schema.Field{f}}
				steps = append(steps, schema.Step{Kind: schema.CreateIndex, Collection: c, Index: index})
			default:
				late = append(late, schema.Step{Kind: schema.AddForeignKey, Collection: c, Field: f})
			}
		}
	}
	return append(steps, late...)
}

// Shorthand for predicates.

func col(v rules.Var, c *schema.Collection, name string) rules.Col {
	return rules.Col{Var: v, Field: c.Field(name)}
}

func val(k rules.Kind, v any) rules.Val { return rules.Val{Value: rules.Value{Kind: k, V: v}} }

func listVal(k rules.Kind, es ...any) rules.Val {
	return rules.Val{Value: rules.Value{Kind: k, List: true, V: append([]any{}, es...)}}
}

func eq(l, r rules.Operand) rules.Pred { return rules.Cmp{Op: rules.Eq, L: l, R: r} }

func columns(v rules.Var, c *schema.Collection, fields ...string) []store.Column {
	var out []store.Column
	for _, f := range fields {
		out = append(out, store.Column{Value: col(v, c, f)})
	}
	return out
}

// isUser is x == CurrentUser() for the caller sub.
func (w *world) isUser(v rules.Var, sub string, x rules.Operand) rules.Pred {
	return rules.User{Object: w.user.Object, Identity: val(rules.String, sub), Var: v, Body: eq(x, col(v, w.user, "_id"))}
}

// memberOf is team.members.exists(m, m.user == CurrentUser()) for the team
// that from refers to.
func (w *world) memberOf(v rules.Var, sub string, from rules.Operand) rules.Pred {
	return rules.One{From: from, Target: w.team.Object, Var: v, Domain: rules.True, Body: rules.Many{
		Of: col(v, w.team, "_id"), Field: w.team.Field("members"), Var: v + 1, Domain: rules.True,
		Body: w.isUser(v+2, sub, col(v+1, w.member, "user")),
	}}
}
