package ruletest

import (
	"fmt"
	"math/rand/v2"
	"time"

	"flora.dev/flora/rules"
)

// World is a small schema with every kind of field, and its documents.
type World struct {
	User, Team, Member, Product *rules.Object
	Docs                        map[*rules.Object][]*Doc
}

// Objects are the collections, targets of references first.
func (w *World) Objects() []*rules.Object {
	return []*rules.Object{w.User, w.Team, w.Member, w.Product}
}

// NamedRule is a named rule of the world.
type NamedRule struct {
	Name string
	On   func(*World) *rules.Object
	Text string
}

// Named are the world's named rules.
var Named = []NamedRule{
	{"isMember", func(w *World) *rules.Object { return w.Team }, "doc.members.exists(m, m.user == CurrentUser())"},
	{"isOpen", func(w *World) *rules.Object { return w.Team }, "doc.open && !(doc.size > 1)"},
	{"sellsTo", func(w *World) *rules.Object { return w.Product }, "isMember(doc.team) || doc.owner == CurrentUser() || isOpen(doc.team)"},
	{"anyMember", func(w *World) *rules.Object { return w.User }, "Member.exists(m, m.user == doc && m.active)"},
}

// Role is a role of the schema: its condition reads the caller's document.
const Role, RoleWhen = "r3", "CurrentUser().admin || CurrentToken().s == 'a'"

// Env compiles rules of the world.
func (w *World) Env() *rules.Env {
	e := rules.NewEnv(w.Objects(), []*rules.Object{w.User})
	if faults := e.Role(Role, "", RoleWhen); len(faults) > 0 {
		panic(fmt.Sprint(faults))
	}
	for _, n := range Named {
		e.Define(n.Name, n.On(w), n.Text)
	}
	for _, n := range Named {
		if faults := e.Resolve(n.Name); len(faults) > 0 {
			panic(fmt.Sprint(faults))
		}
	}
	return e
}

// All are the documents of a collection, for folding.
func (w *World) All(o *rules.Object) []rules.Document {
	var out []rules.Document
	for _, d := range w.Docs[o] {
		out = append(out, d)
	}
	return out
}

// Doc is a document in memory. Values hold what rules.Value holds, nil for
// null; of a reference the target's id.
type Doc struct {
	world  *World
	Object *rules.Object
	ID     string
	Values map[*rules.Field]any
}

var _ rules.Document = (*Doc)(nil)

// Value returns a column.
func (d *Doc) Value(f *rules.Field) rules.Value {
	v := d.Values[f]
	switch f {
	case d.Object.Key:
		v = d.ID
	case d.Object.TS:
		v = int64(1)
	}
	return rules.Value{Kind: f.Kind, List: f.List, V: v}
}

// One follows a reference.
func (d *Doc) One(f *rules.Field) (rules.Document, bool) {
	t := d.target(f)
	return t, t != nil
}

func (d *Doc) target(f *rules.Field) *Doc {
	for _, t := range d.world.Docs[f.Target] {
		if t.ID == d.Values[f] {
			return t
		}
	}
	return nil
}

// Many lists the documents that refer to this one.
func (d *Doc) Many(f *rules.Field) []rules.Document {
	var out []rules.Document
	for _, t := range d.many(f) {
		out = append(out, t)
	}
	return out
}

func (d *Doc) many(f *rules.Field) []*Doc {
	var out []*Doc
	for _, t := range d.world.Docs[f.Target] {
		if t.Values[f.Back] == d.ID {
			out = append(out, t)
		}
	}
	return out
}

// With returns the document after a change.
func (d *Doc) With(set map[*rules.Field]any) *Doc {
	n := *d
	n.Values = map[*rules.Field]any{}
	for f, v := range d.Values {
		n.Values[f] = v
	}
	for f, v := range set {
		n.Values[f] = v
	}
	return &n
}

// UserOf is the document of the caller with that identity, nil if none.
func (w *World) UserOf(identity string) *Doc {
	for _, u := range w.Docs[w.User] {
		if u.Values[w.User.Identity] == identity {
			return u
		}
	}
	return nil
}

func object(name string, fields ...*rules.Field) *rules.Object {
	o := &rules.Object{Name: name, Table: name}
	o.Key = &rules.Field{Object: o, Name: "_id", Column: "flora_id", Kind: rules.ID, NonNull: true, TypeName: "ID"}
	o.TS = &rules.Field{Object: o, Name: "_ts", Column: "flora_ts", Kind: rules.Long, NonNull: true, TypeName: "Long"}
	for _, f := range fields {
		f.Object, f.Column = o, f.Name
		if f.TypeName == "" {
			f.TypeName = f.Kind.String()
		}
	}
	o.Fields = fields
	return o
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

func many(o *rules.Object, name string, target *rules.Object, back *rules.Field) {
	o.Fields = append(o.Fields, &rules.Field{Object: o, Name: name, Kind: rules.Ref, Target: target, TypeName: target.Name, Back: back})
}

// NewWorld returns the schema without documents.
func NewWorld() *World {
	w := &World{Docs: map[*rules.Object][]*Doc{}}
	w.User = object("User", required(scalar("sub", rules.String)), scalar("name", rules.String), scalar("level", rules.Int),
		scalar("admin", rules.Bool), enum("grade"))
	w.User.Identity = w.User.Fields[0]
	lead := reference("lead", w.User)
	w.Team = object("Team", required(scalar("name", rules.String)), lead, scalar("open", rules.Bool), scalar("size", rules.Int))
	team, user := required(reference("team", w.Team)), reference("user", w.User)
	w.Member = object("Member", team, user, scalar("role", rules.String), scalar("active", rules.Bool), scalar("rank", rules.Long))
	owner, pteam := required(reference("owner", w.User)), reference("team", w.Team)
	w.Product = object("Product", required(scalar("name", rules.String)), scalar("note", rules.String), scalar("sku", rules.ID),
		scalar("price", rules.Float), scalar("stock", rules.Int), scalar("big", rules.Long), scalar("public", rules.Bool),
		enum("status"), scalar("created", rules.Time), scalar("day", rules.Date), list("tags", rules.String), list("sizes", rules.Int),
		owner, pteam, reference("editor", w.User))
	many(w.Team, "members", w.Member, team)
	many(w.Team, "products", w.Product, pteam)
	many(w.User, "products", w.Product, owner)
	return w
}

// Pools of values, small so that equality happens.
var (
	words   = []any{"", "a", "b", "ab", "x'y", "é€𝄞", "A", "alice"}
	ints    = []any{int64(-1), int64(0), int64(1), int64(2), int64(7)}
	longs   = []any{int64(0), int64(1), int64(1) << 62, int64(-9007199254740993)}
	floats  = []any{0.0, 1.0, 1.5, -2.25, 1e21}
	bools   = []any{true, false}
	days    = []any{"2026-01-31", "2026-02-01", "0001-01-01"}
	times   = []any{Clock.UnixMicro(), Clock.Add(-time.Hour).UnixMicro(), Clock.Add(time.Microsecond).UnixMicro()}
	Clock   = time.Date(2026, 3, 1, 12, 0, 0, 123000, time.UTC) // the callers' now
	Persons = []string{"alice", "bob", "carol", "dave"}         // dave has no document
)

func pool(f *rules.Field) []any {
	switch f.Kind {
	case rules.Bool:
		return bools
	case rules.Int:
		return ints
	case rules.Long:
		return longs
	case rules.Float:
		return floats
	case rules.Date:
		return days
	case rules.Time:
		return times
	case rules.Enum:
		return []any{"A", "B"}
	}
	return words
}

// Value returns a random value for a field, null a third of the time where it may be.
func (w *World) Value(r *rand.Rand, f *rules.Field) any {
	if !f.NonNull && r.IntN(3) == 0 {
		return nil
	}
	switch {
	case f.Kind == rules.Ref:
		targets := w.Docs[f.Target]
		if len(targets) == 0 {
			return nil
		}
		return targets[r.IntN(len(targets))].ID
	case f.List:
		out := []any{}
		for range r.IntN(3) {
			out = append(out, pick(r, pool(f)))
		}
		return out
	}
	return pick(r, pool(f))
}

func pick[T any](r *rand.Rand, xs []T) T { return xs[r.IntN(len(xs))] }

// Fill replaces the documents by random ones: n products, fewer of the others.
func (w *World) Fill(r *rand.Rand, n int) {
	w.Docs = map[*rules.Object][]*Doc{}
	for _, o := range w.Objects() {
		count := map[*rules.Object]int{w.User: 3, w.Team: 3, w.Member: 6, w.Product: n}[o]
		for i := range count {
			d := &Doc{world: w, Object: o, ID: fmt.Sprintf("%s%d", o.Name, i), Values: map[*rules.Field]any{}}
			for _, f := range o.Fields {
				if !f.Many() {
					d.Values[f] = w.Value(r, f)
				}
			}
			if o == w.User {
				d.Values[o.Identity] = Persons[i]
			}
			w.Docs[o] = append(w.Docs[o], d)
		}
	}
}

// Change is a random update of a few fields of o.
func Change(w *World, r *rand.Rand, o *rules.Object) map[*rules.Field]any {
	set := map[*rules.Field]any{}
	for _, f := range o.Fields {
		if !f.Many() && r.IntN(4) == 0 {
			if v := w.Value(r, f); v != nil || !f.NonNull {
				set[f] = v
			}
		}
	}
	return set
}

// String shows the document in tests.
func (d *Doc) String() string {
	s := d.Object.Name + " " + d.ID
	for _, f := range d.Object.Fields {
		if !f.Many() {
			s += fmt.Sprintf(" %s:%v", f.Name, d.Values[f])
		}
	}
	return s
}
