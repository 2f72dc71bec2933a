package sqlgen

import (
	"flora.dev/flora/rules"
	"flora.dev/flora/schema"
)

// world is a small schema made by hand: teams with members and projects.
type world struct {
	user, team, member, project *schema.Collection
}

func newWorld() *world {
	w := &world{user: collection("User"), team: collection("Team"), member: collection("Member"), project: collection("Project")}
	scalar(w.user, "sub", rules.String).NonNull = true
	w.user.Identity = w.user.Field("sub")
	w.user.Fields[0].Unique = &schema.Unique{Name: "User_sub", Fields: w.user.Fields[:1]}
	scalar(w.user, "name", rules.String)
	scalar(w.user, "tags", rules.String).List = true

	scalar(w.team, "name", rules.String).NonNull = true

	ref(w.member, "team", w.team).NonNull = true
	ref(w.member, "user", w.user)
	scalar(w.member, "admin", rules.Bool).NonNull = true
	many(w.team, "members", w.member, "team")
	many(w.user, "memberships", w.member, "user")

	ref(w.project, "team", w.team)
	ref(w.project, "lead", w.user)
	scalar(w.project, "name", rules.String).NonNull = true
	scalar(w.project, "secret", rules.String)
	scalar(w.project, "size", rules.Int)
	scalar(w.project, "due", rules.Time)
	scalar(w.project, "day", rules.Date)
	scalar(w.project, "times", rules.Time).List = true
	scalar(w.project, "scores", rules.Float).List = true
	e := scalar(w.project, "state", rules.Enum)
	e.TypeName, e.Values = "State", []string{"OPEN", "DONE"}
	many(w.team, "projects", w.project, "team")
	return w
}

func collection(name string) *schema.Collection {
	o := &rules.Object{Name: name, Table: name}
	o.Key = &rules.Field{Object: o, Name: "_id", Column: "flora_id", Kind: rules.ID, NonNull: true}
	o.TS = &rules.Field{Object: o, Name: "_ts", Column: "flora_ts", Kind: rules.Long, NonNull: true}
	return &schema.Collection{Object: o}
}

func add(c *schema.Collection, f *rules.Field) *rules.Field {
	f.Object = c.Object
	c.Object.Fields = append(c.Object.Fields, f)
	c.Fields = append(c.Fields, &schema.Field{Field: f, Collection: c})
	return f
}

func scalar(c *schema.Collection, name string, k rules.Kind) *rules.Field {
	return add(c, &rules.Field{Name: name, Column: name, Kind: k})
}

func ref(c *schema.Collection, name string, to *schema.Collection) *rules.Field {
	f := add(c, &rules.Field{Name: name, Column: name, Kind: rules.Ref, Target: to.Object})
	c.FieldNamed(name).Target = to
	return f
}

func many(c *schema.Collection, name string, of *schema.Collection, back string) {
	add(c, &rules.Field{Name: name, Kind: rules.Ref, Target: of.Object, Back: of.Field(back)})
}

func col(v rules.Var, o *schema.Collection, name string) rules.Col {
	return rules.Col{Var: v, Field: o.Field(name)}
}

func val(k rules.Kind, v any) rules.Val { return rules.Val{Value: rules.Value{Kind: k, V: v}} }

func eq(l, r rules.Operand) rules.Pred { return rules.Cmp{Op: rules.Eq, L: l, R: r} }

// me is "x is the caller's own user document".
func (w *world) me(v rules.Var, x rules.Operand) rules.Pred {
	return rules.User{Object: w.user.Object, Identity: val(rules.String, "alice"), Var: v, Body: eq(x, col(v, w.user, "_id"))}
}

// inTeam is doc.team.members.exists(m, m.user == CurrentUser()) for a team key.
func (w *world) inTeam(v rules.Var, from rules.Operand, more ...rules.Pred) rules.Pred {
	return rules.One{From: from, Target: w.team.Object, Var: v, Domain: rules.True, Body: w.member2(v, more...)}
}

func (w *world) member2(v rules.Var, more ...rules.Pred) rules.Pred {
	return rules.Many{Of: col(v, w.team, "_id"), Field: w.team.Field("members"), Var: v + 1, Domain: rules.True,
		Body: rules.AllOf(append([]rules.Pred{w.me(v+2, col(v+1, w.member, "user"))}, more...)...)}
}
