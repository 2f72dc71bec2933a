package sqlgen

import (
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"flora.dev/flora/rules"
	"flora.dev/flora/schema"
	"flora.dev/flora/store"
	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the golden files")

var dialects = map[string]*Dialect{"sqlite": SQLite, "spanner": Spanner}

// golden compares what each dialect prints with testdata/<name>.<dialect>.sql.
func golden(t *testing.T, name string, text func(*Dialect) string) {
	t.Helper()
	for dn, d := range dialects {
		got := text(d)
		file := filepath.Join("testdata", name+"."+dn+".sql")
		if *update {
			if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", file, diff)
		}
	}
}

func show(b *strings.Builder, name string, s Statement, err error) {
	fmt.Fprintf(b, "-- %s\n", name)
	if err != nil {
		fmt.Fprintf(b, "-- error: %v\n\n", err)
		return
	}
	b.WriteString(s.SQL + "\n")
	for _, a := range s.Args {
		list := ""
		if a.Value.List {
			list = " list"
		}
		fmt.Fprintf(b, "-- %s %s%s %v\n", a.Name, a.Value.Kind, list, a.Value.V)
	}
	b.WriteString("\n")
}

func TestPredicates(t *testing.T) {
	w := newWorld()
	p := func(name string) rules.Col { return col(1, w.project, name) }
	u := func(name string) rules.UserVal {
		return rules.UserVal{Object: w.user.Object, Identity: val(rules.String, "alice"), Field: w.user.Field(name)}
	}
	str := func(s string) rules.Val { return val(rules.String, s) }
	list := func(k rules.Kind, es ...any) rules.Val {
		return rules.Val{Value: rules.Value{Kind: k, List: true, V: es}}
	}
	onTeam := func(body rules.Pred) rules.Pred {
		return rules.One{From: p("team"), Target: w.team.Object, Var: 10, Domain: rules.True, Body: body}
	}
	tests := []struct {
		name string
		p    rules.Pred
	}{
		{"true", rules.True},
		{"false", rules.False},
		{"or of none", rules.Or{}},
		{"eq not null", eq(p("name"), str("x"))},
		{"eq nullable", eq(p("secret"), str("x"))},
		{"eq both nullable", eq(p("secret"), p("secret"))},
		{"eq null", eq(p("secret"), val(rules.String, nil))},
		{"ne null", rules.Cmp{Op: rules.Ne, L: p("secret"), R: val(rules.String, nil)}},
		{"lt null", rules.Cmp{Op: rules.Lt, L: p("secret"), R: val(rules.String, nil)}},
		{"ne not null", rules.Cmp{Op: rules.Ne, L: p("name"), R: str("x")}},
		{"ne nullable", rules.Cmp{Op: rules.Ne, L: p("secret"), R: str("x")}},
		{"ne nullable right", rules.Cmp{Op: rules.Ne, L: p("name"), R: p("secret")}},
		{"ne both nullable", rules.Cmp{Op: rules.Ne, L: p("secret"), R: p("secret")}},
		{"ordering", rules.And{rules.Cmp{Op: rules.Ge, L: p("size"), R: val(rules.Int, int64(3))}, rules.Cmp{Op: rules.Lt, L: p("due"), R: val(rules.Time, int64(7))}}},
		{"negative zero", eq(p("size"), val(rules.Float, math.Copysign(0, -1)))},
		{"test", rules.Or{rules.Test{X: col(1, w.member, "admin")}, rules.NotTest{X: col(1, w.member, "admin")}}},
		{"is null", rules.Or{rules.IsNull{X: p("secret")}, rules.NotNull{X: p("scores")}, rules.IsNull{X: p("name")}}},
		{"size", rules.Or{rules.Cmp{Op: rules.Gt, L: rules.Size{X: p("name")}, R: val(rules.Int, int64(3))}, eq(rules.Size{X: p("scores")}, val(rules.Int, int64(0)))}},
		{"size of null", rules.Or{rules.Cmp{Op: rules.Ne, L: rules.Size{X: p("secret")}, R: val(rules.Int, int64(3))}, rules.Cmp{Op: rules.Ne, L: rules.Size{X: p("scores")}, R: p("size")}}},
		{"match", rules.Or{rules.Match{Op: rules.StartsWith, X: p("name"), Y: str("a")}, rules.Match{Op: rules.EndsWith, X: p("name"), Y: str("a")}, rules.Match{Op: rules.Contains, X: p("name"), Y: str("a")}}},
		{"no match", rules.Or{rules.NoMatch{Op: rules.StartsWith, X: p("name"), Y: str("a")}, rules.NoMatch{Op: rules.EndsWith, X: p("name"), Y: str("a")}, rules.NoMatch{Op: rules.Contains, X: p("name"), Y: str("a")}}},
		{"in known", rules.In{X: p("name"), List: list(rules.String, "a", "b")}},
		{"in empty", rules.In{X: p("name"), List: list(rules.String)}},
		{"in column", rules.In{X: val(rules.Float, 1.5), List: p("scores")}},
		{"not in known", rules.NotIn{X: p("secret"), List: list(rules.String, "a")}},
		{"not in empty", rules.NotIn{X: p("secret"), List: list(rules.String)}},
		{"not in column", rules.NotIn{X: p("size"), List: p("scores")}},
		{"not true", rules.NotTrue{P: eq(p("secret"), str("x"))}},
		{"me", w.me(10, p("lead"))},
		{"me by another field", rules.User{Object: w.user.Object, Identity: str("alice"), Var: 10, Body: eq(p("secret"), col(10, w.user, "name"))}},
		{"user value", rules.Cmp{Op: rules.Ne, L: p("secret"), R: u("name")}},
		{"user list", rules.In{X: p("secret"), List: u("tags")}},
		{"hop correlated", onTeam(eq(col(10, w.team, "name"), str("x")))},
		{"hop by known key", rules.One{From: val(rules.Ref, "t1"), Target: w.team.Object, Var: 10, Domain: rules.True, Body: eq(col(10, w.team, "name"), str("x"))}},
		{"hop that only exists", onTeam(rules.True)},
		{"hop to another key", onTeam(rules.Cmp{Op: rules.Ne, L: col(10, w.team, "_id"), R: str("t1")})},
		{"caller set", w.inTeam(10, p("team"))},
		{"caller set of two", rules.Or{w.inTeam(10, p("team")), w.inTeam(20, p("team"), rules.Test{X: col(21, w.member, "admin")})}},
		{"caller set shared", rules.Or{w.inTeam(10, p("team")), rules.And{w.inTeam(20, p("team")), eq(p("name"), str("x"))}}},
		{"caller set denied", onTeam(rules.None{Of: col(10, w.team, "_id"), Field: w.team.Field("members"), Var: 11, Body: w.me(12, col(11, w.member, "user"))})},
		{"set of nullable keys", rules.None{Of: col(1, w.team, "_id"), Field: w.team.Field("projects"), Var: 11, Body: w.me(12, col(11, w.project, "lead"))}},
		{"set in a set", rules.Many{Of: col(1, w.team, "_id"), Field: w.team.Field("projects"), Var: 9, Domain: rules.True,
			Body: rules.Or{w.inTeam(10, col(9, w.project, "team")), w.me(20, col(9, w.project, "lead"))}}},
		{"relation correlated", rules.Many{Of: col(1, w.team, "_id"), Field: w.team.Field("projects"), Var: 9, Domain: eq(col(9, w.project, "team"), col(1, w.team, "_id")),
			Body: rules.Match{Op: rules.StartsWith, X: col(9, w.project, "name"), Y: str("x")}}},
		{"every", rules.Many{Of: col(1, w.team, "_id"), Field: w.team.Field("projects"), Var: 9, Domain: rules.NotNull{X: col(9, w.project, "lead")}, All: true,
			Body: eq(col(9, w.project, "name"), str("x"))}},
		{"set that speaks of the row", rules.Many{Of: col(1, w.team, "_id"), Field: w.team.Field("members"), Var: 9, Domain: rules.True,
			Body: rules.And{w.me(10, col(9, w.member, "user")), rules.NotTest{X: col(9, w.member, "admin")}, eq(col(9, w.member, "team"), col(1, w.project, "team"))}}},
		{"unbound", eq(col(77, w.project, "name"), str("x"))},
		{"unknown", rules.Unknown},
		{"slot", rules.Test{X: rules.SlotRef{}}},
	}
	golden(t, "pred", func(d *Dialect) string {
		var b strings.Builder
		for _, tt := range tests {
			p := d.printer()
			p.bind(1, &scope{name: "t"})
			if tt.name == "unknown" {
				// Unknown allows nothing: it prints as FALSE.
				p.pred(rules.Unknown)
			} else {
				p.pred(tt.p)
			}
			for _, s := range p.sets {
				p.put("\n-- with " + s.name + ": " + s.text)
			}
			s, err := p.statement()
			show(&b, tt.name, s, err)
		}
		return b.String()
	})
}

func TestQuery(t *testing.T) {
	w := newWorld()
	task := func(v rules.Var, name string) store.Column { return store.Column{Value: col(v, w.project, name)} }
	secret := task(5, "secret")
	secret.Guard = w.inTeam(30, col(5, w.project, "team"), rules.Test{X: col(31, w.member, "admin")})
	projects := &store.Select{From: w.project.Object, Var: 5, Total: true, List: true, Limit: 21,
		Where: rules.And{eq(col(5, w.project, "team"), col(1, w.team, "_id")), w.inTeam(40, col(5, w.project, "team"))},
		Order: []store.Order{{Field: w.project.Field("due"), Desc: true}},
		After: rules.Cmp{Op: rules.Lt, L: col(5, w.project, "due"), R: val(rules.Time, int64(9))},
		Columns: []store.Column{task(5, "_id"), task(5, "due"), task(5, "times"), task(5, "scores"), task(5, "day"), secret,
			{Guard: w.me(50, col(5, w.project, "lead")), Nested: &store.Select{From: w.user.Object, Var: 6, One: true, Where: eq(col(6, w.user, "_id"), col(5, w.project, "lead")),
				Columns: []store.Column{{Value: col(6, w.user, "name")}}}}}}
	q := &store.Query{Roots: []store.Select{
		{From: w.team.Object, Var: 1, List: true, Limit: 51, Where: w.member2Of(1), After: rules.True,
			Columns: []store.Column{{Value: col(1, w.team, "name")}, {Nested: projects}}},
		{From: w.team.Object, Var: 2, Total: true, Where: rules.True},
		{From: w.user.Object, Var: 3, One: true, Where: eq(col(3, w.user, "_id"), val(rules.ID, "u1")), Columns: []store.Column{{Value: col(3, w.user, "tags")}}},
	}}
	golden(t, "query", func(d *Dialect) string {
		var b strings.Builder
		s, err := d.Query(q)
		show(&b, "nested", s, err)
		s, err = d.Query(&store.Query{Roots: []store.Select{{Var: 4, One: true, Where: rules.True,
			Columns: []store.Column{{Value: val(rules.Bool, true), Guard: w.inTeam(60, val(rules.ID, "red"))}}}}})
		show(&b, "beside all documents", s, err)
		return b.String()
	})
}

// member2Of is the membership rule on the team v itself.
func (w *world) member2Of(v rules.Var) rules.Pred {
	m := w.member2(v + 100).(rules.Many)
	m.Of = col(v, w.team, "_id")
	return m
}

func TestWrite(t *testing.T) {
	w := newWorld()
	set := []store.Assign{{Field: w.project.Field("name"), Value: val(rules.String, "n")}, {Field: w.project.Field("size"), Value: val(rules.Int, nil)}}
	lead := store.Assign{Field: w.project.Field("lead"), Value: rules.UserVal{Object: w.user.Object, Identity: val(rules.String, "alice"), Field: w.user.Key}}
	guard := rules.And{w.inTeam(10, col(rules.Old, w.project, "team")), w.me(20, col(rules.Old, w.project, "lead"))}
	answer := &store.Select{From: w.project.Object, Var: 90, One: true, Where: rules.True,
		Columns: []store.Column{{Value: col(90, w.project, "_id")}, {Value: col(90, w.project, "due")}, {Value: col(90, w.project, "scores")}}}
	target := rules.One{From: val(rules.Ref, "t1"), Target: w.team.Object, Var: 10, Domain: rules.True, Body: w.member2Of(10)}
	checks := func(size rules.Operand) []rules.Pred {
		if size == nil {
			return []rules.Pred{w.me(30, val(rules.Ref, "u1"))}
		}
		return []rules.Pred{rules.Cmp{Op: rules.Lt, L: size, R: val(rules.Int, int64(9))}, w.me(30, col(rules.Old, w.project, "lead"))}
	}
	version, match := int64(999), w.inTeam(40, col(rules.Old, w.project, "team"))
	upsert := store.Head{Kind: store.Update, Table: w.project.Object, Set: set[:1], Guard: guard, Readable: rules.True, Key: eq(col(rules.Old, w.project, "name"), val(rules.String, "n")),
		Else: &store.Head{Kind: store.Insert, Table: w.project.Object, ID: "p1", Set: set, Guard: target, Checks: checks(nil)}}
	list := rules.Value{Kind: rules.Float, List: true, V: []any{1.5}}
	atomic := []store.Assign{
		{Field: w.project.Field("size"), Value: rules.Sum{X: col(rules.Old, w.project, "size"), By: rules.Value{Kind: rules.Int, V: int64(2)}}},
		{Field: w.project.Field("scores"), Value: rules.Joined{List: col(rules.Old, w.project, "scores"), Add: list}},
		{Field: w.project.Field("times"), Value: rules.Joined{List: col(rules.Old, w.project, "times"), Add: rules.Value{Kind: rules.Time, List: true, V: []any{int64(5)}}, Front: true}},
		{Field: w.project.Field("scores"), Value: rules.Without{List: col(rules.Old, w.project, "scores"), Drop: list}},
	}
	rows := &rules.Object{Name: "Team_users", Table: "Team_users"}
	near := &rules.Field{Object: rows, Name: "teamID", Column: "teamID", Kind: rules.Ref, NonNull: true, Target: w.team.Object}
	far := &rules.Field{Object: rows, Name: "userID", Column: "userID", Kind: rules.Ref, NonNull: true, Target: w.user.Object}
	link := func(kind store.HeadKind, guard rules.Pred) store.Head {
		return store.Head{Kind: kind, Table: rows, Guard: guard, Set: []store.Assign{{Field: near, Value: val(rules.Ref, "t1")}, {Field: far, Value: val(rules.Ref, "u1")}}}
	}
	tests := []struct {
		name string
		h    store.Head
		w    Write
	}{
		{"insert", store.Head{Kind: store.Insert, Set: set, Guard: rules.True}, Write{}},
		{"insert guarded", store.Head{Kind: store.Insert, Set: append(set[:2:2], lead), Guard: target}, Write{}},
		{"insert for a version", store.Head{Kind: store.Insert, Set: set, Guard: rules.True, Answer: answer, Echo: true}, Write{Version: 3, Echo: true}},
		{"insert guarded for a version", store.Head{Kind: store.Insert, Set: set, Guard: target}, Write{Version: 3}},
		{"update", store.Head{Kind: store.Update, Set: append(set[:2:2], store.Assign{Field: w.project.Field("secret"), Value: col(rules.Old, w.project, "name")}), Guard: guard, Answer: answer, Echo: true}, Write{Echo: true}},
		{"touch", store.Head{Kind: store.Update, Guard: rules.True}, Write{Version: 2}},
		{"delete", store.Head{Kind: store.Delete, Guard: guard}, Write{}},
		{"insert checked", store.Head{Kind: store.Insert, Set: set, Guard: rules.True, Checks: checks(nil)}, Write{}},
		{"update checked", store.Head{Kind: store.Update, Set: set, Guard: guard, Checks: checks(col(rules.Old, w.project, "size"))}, Write{}},
		{"delete checked", store.Head{Kind: store.Delete, Guard: rules.True, Checks: checks(nil)}, Write{}},
		{"update of a version", store.Head{Kind: store.Update, Guard: guard, Version: &version}, Write{}},
		{"update of all that match", store.Head{Kind: store.Update, Set: set[:1], Match: match, Guard: guard, Checks: checks(col(rules.Old, w.project, "size")), Most: 7}, Write{IDs: true, Version: 3}},
		{"update of all that match, granted", store.Head{Kind: store.Update, Set: set[:1], Match: match, Guard: rules.True}, Write{}},
		{"delete of all that match", store.Head{Kind: store.Delete, Match: match, Guard: guard}, Write{}},
		{"upsert", upsert, Write{IDs: true}},
		{"insert of an upsert", store.Head{Kind: store.Insert, Set: set, Guard: target}, Write{Unless: &upsert}},
		{"atomic", store.Head{Kind: store.Update, Set: atomic, Guard: rules.Cmp{Op: rules.Lt, L: atomic[0].Value, R: val(rules.Int, int64(9))}}, Write{}},
		{"link", link(store.Link, rules.True), Write{}},
		{"link guarded", link(store.Link, target), Write{Version: 3}},
		{"unlink guarded", link(store.Unlink, target), Write{}},
		{"update that speaks of the new document", store.Head{Kind: store.Update, Guard: eq(col(rules.New, w.project, "name"), val(rules.String, "x"))}, Write{}},
	}
	golden(t, "write", func(d *Dialect) string {
		var b strings.Builder
		for _, tt := range tests {
			if tt.w.Now = 1000; tt.h.Table == nil {
				tt.h.Table, tt.h.ID = w.project.Object, "p1"
			}
			s, err := d.Write(&tt.h, tt.w)
			show(&b, tt.name, s, err)
		}
		s, err := d.Probe(&store.Head{Kind: store.Update, Table: w.project.Object, ID: "p1", Readable: guard})
		show(&b, "probe", s, err)
		s, err = d.Probe(&store.Head{Kind: store.Update, Table: w.project.Object, ID: "p1", Guard: guard, Readable: rules.True, Checks: checks(col(rules.Old, w.project, "size"))})
		show(&b, "probe of checks", s, err)
		s, err = d.Probe(&store.Head{Kind: store.Insert, Table: w.project.Object, ID: "p1", Guard: target, Readable: rules.False, Checks: checks(nil)})
		show(&b, "probe of checks of an insert", s, err)
		s, err = d.Probe(&store.Head{Kind: store.Update, Table: w.project.Object, ID: "p1", Guard: rules.True, Readable: rules.True, Version: &version})
		show(&b, "probe of a version", s, err)
		s, err = d.Probe(&store.Head{Kind: store.Update, Table: w.project.Object, Match: match, Guard: guard, Checks: checks(col(rules.Old, w.project, "size")), Most: 7})
		show(&b, "probe of all that match", s, err)
		s, err = d.Probe(&upsert)
		show(&b, "probe of an upsert", s, err)
		linked := link(store.Link, target)
		s, err = d.Probe(&linked)
		show(&b, "probe of a link", s, err)
		s, err = d.Clear(w.project.Field("lead"), w.project.Field("lead"), []string{"u1", "u2"}, true, 1000)
		show(&b, "clear", s, err)
		s, err = d.Remove(w.project.Key, []string{"p1", "p2"})
		show(&b, "remove", s, err)
		s, err = d.Recall(&store.Once{Key: [32]byte{1}, Since: 5})
		show(&b, "recall", s, err)
		return b.String()
	})
}

func TestEchoes(t *testing.T) {
	w := newWorld()
	c := func(v rules.Var, name string) store.Column { return store.Column{Value: col(v, w.project, name)} }
	guarded := c(9, "name")
	guarded.Guard = rules.True
	tests := []struct {
		name            string
		echo            bool
		column          store.Column
		sqlite, spanner bool
	}{
		{"plain", true, c(9, "name"), true, true},
		{"not certain", false, c(9, "name"), false, false},
		{"guarded", true, guarded, false, false},
		{"nested", true, store.Column{Nested: &store.Select{}}, false, false},
		{"another document", true, c(8, "name"), false, false},
		{"list of times", true, c(9, "times"), true, false},
	}
	for _, tt := range tests {
		h := &store.Head{Echo: tt.echo, Answer: &store.Select{Var: 9, Columns: []store.Column{tt.column}}}
		if got := SQLite.Echoes(h); got != tt.sqlite {
			t.Errorf("%s: SQLite echoes %t", tt.name, got)
		}
		if got := Spanner.Echoes(h); got != tt.spanner {
			t.Errorf("%s: Spanner echoes %t", tt.name, got)
		}
	}
}

func TestSteps(t *testing.T) {
	w := newWorld()
	w.project.Indexes = []*schema.Index{{Name: "Project_lead", Fields: []*schema.Field{w.project.FieldNamed("lead"), w.project.FieldNamed("due")}}}
	steps := []schema.Step{
		{Kind: schema.CreateTable, Collection: w.user},
		{Kind: schema.CreateTable, Collection: w.member},
		{Kind: schema.CreateTable, Collection: w.project},
		{Kind: schema.CreateUnique, Collection: w.user, Unique: w.user.Fields[0].Unique},
		{Kind: schema.CreateIndex, Collection: w.project, Index: w.project.Indexes[0]},
		{Kind: schema.AddForeignKey, Collection: w.project, Field: w.project.FieldNamed("lead")},
		{Kind: schema.AddColumn, Collection: w.project, Field: w.project.FieldNamed("state")},
		{Kind: schema.AddColumn, Collection: w.project, Field: w.project.FieldNamed("team")},
		{Kind: schema.AddColumn, Collection: w.project, Field: w.project.FieldNamed("name")},
		{Kind: schema.DropIndex, Collection: w.project, Name: "Project_lead"},
		{},
	}
	golden(t, "ddl", func(d *Dialect) string {
		var b strings.Builder
		show(&b, "system", Statement{SQL: strings.Join(d.System(), ";\n")}, nil)
		for i, s := range steps {
			sql, err := d.Step(s, steps[i+1:]...)
			show(&b, fmt.Sprint("step ", i), Statement{SQL: strings.Join(sql, ";\n")}, err)
		}
		return b.String()
	})
}

func TestLiterals(t *testing.T) {
	tests := []struct {
		v               rules.Value
		sqlite, spanner string
	}{
		{rules.Value{Kind: rules.String, V: "it's\\\n"}, "'it''s\\\n'", `'it\'s\\\x0a'`},
		{rules.Value{Kind: rules.Bool, V: true}, "1", "TRUE"},
		{rules.Value{Kind: rules.Time, V: int64(5)}, "5", "TIMESTAMP_MICROS(5)"},
		{rules.Value{Kind: rules.Date, V: "2026-01-02"}, "'2026-01-02'", "DATE '2026-01-02'"},
		{rules.Value{Kind: rules.Float, V: 0.1}, "1e-01", "1e-01"},
		{rules.Value{Kind: rules.String, List: true, V: []any{"a'", "b"}}, `'["a''","b"]'`, `ARRAY<STRING>['a\'', 'b']`},
	}
	for _, tt := range tests {
		for d, want := range map[*Dialect]string{SQLite: tt.sqlite, Spanner: tt.spanner} {
			got, err := d.literal(tt.v)
			if err != nil || got != want {
				t.Errorf("literal(%v) = %s, %v; want %s", tt.v, got, err, want)
			}
		}
	}
}
