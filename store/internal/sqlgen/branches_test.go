package sqlgen

import (
	"strings"
	"testing"

	"flora.dev/flora/rules"
	"flora.dev/flora/schema"
	"flora.dev/flora/store"
)

// TestBranches: a list is read as several SELECTs where indexes serve the
// operands of its OR in its order, and nowhere else.
func TestBranches(t *testing.T) {
	due := func(w *world) []store.Order { return []store.Order{{Field: w.project.Field("due"), Desc: true}} }
	own := func(w *world) rules.Pred { return w.me(20, col(1, w.project, "lead")) }
	open := func(w *world) rules.Pred { return eq(col(1, w.project, "state"), val(rules.Enum, "OPEN")) }
	index := func(w *world, first string, more ...string) {
		x := rules.Index{Parts: []rules.IndexPart{{Field: w.project.Field(first)}}}
		for _, name := range more {
			x.Parts = append(x.Parts, rules.IndexPart{Field: w.project.Field(name), Desc: true})
		}
		w.project.Object.Indexes = append(w.project.Object.Indexes, x)
	}
	sound := func(w *world, s *store.Select) {
		index(w, "lead", "due")
		index(w, "state", "due")
		s.Where, s.Order = rules.And{rules.NotNull{X: col(1, w.project, "size")}, rules.Or{own(w), open(w)}}, due(w)
	}
	tests := []struct {
		name string
		set  func(w *world, s *store.Select)
		many bool
	}{
		{"in order", sound, true},
		{"with a count", func(w *world, s *store.Select) { sound(w, s); s.Total = true }, true},
		{"backward, after", func(w *world, s *store.Select) {
			sound(w, s)
			s.Backward, s.After = true, rules.Cmp{Op: rules.Lt, L: col(1, w.project, "due"), R: val(rules.Time, int64(9))}
		}, true},
		{"from a set", func(w *world, s *store.Select) {
			sound(w, s)
			index(w, "team")
			s.Where = rules.Or{own(w), w.inTeam(30, col(1, w.project, "team"))}
		}, true},
		{"sets alone", func(w *world, s *store.Select) {
			sound(w, s)
			index(w, "team")
			s.Where = rules.Or{w.inTeam(40, col(1, w.project, "team")), w.inTeam(30, col(1, w.project, "team"))}
		}, false},
		{"set without an index", func(w *world, s *store.Select) {
			sound(w, s)
			s.Where = rules.Or{own(w), w.inTeam(30, col(1, w.project, "team"))}
		}, false},
		{"by key", func(w *world, s *store.Select) {
			sound(w, s)
			s.Order = nil
			w.project.Object.Indexes = nil
			index(w, "lead")
			index(w, "state")
		}, true},
		{"other order", func(w *world, s *store.Select) { sound(w, s); s.Order = nil }, false},
		{"other direction", func(w *world, s *store.Select) { sound(w, s); s.Order = []store.Order{{Field: w.project.Field("due")}} }, false},
		{"longer index", func(w *world, s *store.Select) {
			sound(w, s)
			for i := range w.project.Object.Indexes {
				w.project.Object.Indexes[i].Parts = append(w.project.Object.Indexes[i].Parts, rules.IndexPart{Field: w.project.Field("size")})
			}
		}, false},
		{"unique index", func(w *world, s *store.Select) { sound(w, s); w.project.Object.Indexes[0].Unique = true }, false},
		{"an operand without an index", func(w *world, s *store.Select) { sound(w, s); w.project.Object.Indexes = w.project.Object.Indexes[:1] }, false},
		{"an operand without a value", func(w *world, s *store.Select) {
			sound(w, s)
			s.Where = rules.Or{own(w), rules.Cmp{Op: rules.Ne, L: col(1, w.project, "state"), R: val(rules.Enum, "OPEN")}}
		}, false},
		{"both may be null", func(w *world, s *store.Select) {
			sound(w, s)
			s.Where = rules.Or{open(w), eq(col(1, w.project, "lead"), col(9, w.project, "lead"))}
		}, false},
		{"beside what many have in common", func(w *world, s *store.Select) {
			sound(w, s)
			index(w, "team")
			s.Where = rules.And{open(w), rules.Or{own(w), w.inTeam(30, col(1, w.project, "team"))}}
		}, true},
		{"found by a condition beside", func(w *world, s *store.Select) {
			sound(w, s)
			index(w, "team", "due")
			s.Where = rules.And{eq(col(1, w.project, "team"), val(rules.Ref, "t")), s.Where}
		}, false},
		{"skipping", func(w *world, s *store.Select) { sound(w, s); s.Offset = 3 }, false},
		{"by a value beyond", func(w *world, s *store.Select) {
			sound(w, s)
			s.Order = []store.Order{{Value: rules.Size{X: col(1, w.project, "name")}}}
		}, false},
		{"only a count", func(w *world, s *store.Select) { sound(w, s); s.List, s.Total = false, true }, false},
	}
	golden(t, "branches", func(d *Dialect) string {
		var b strings.Builder
		for _, tt := range tests {
			w := newWorld()
			s := store.Select{From: w.project.Object, Var: 1, List: true, Limit: 21, Where: rules.True, After: rules.True, Columns: []store.Column{{Value: col(1, w.project, "name")}}}
			tt.set(w, &s)
			st, err := d.Query(&store.Query{Roots: []store.Select{s}})
			if many := strings.Contains(st.SQL, "UNION ALL"); err == nil && many != tt.many {
				t.Errorf("%s: several SELECTs: %t", tt.name, many)
			}
			if tt.many {
				show(&b, tt.name, st, err)
			}
		}
		w := newWorld()
		inner := store.Select{From: w.project.Object, Var: 1}
		sound(w, &inner)
		inner.List, inner.Limit, inner.After, inner.Columns = true, 3, rules.True, []store.Column{{Value: col(1, w.project, "name")}}
		st, err := d.Query(&store.Query{Roots: []store.Select{{From: w.team.Object, Var: 2, List: true, Limit: 3, Where: rules.True, After: rules.True, Columns: []store.Column{{Nested: &inner}}}}})
		if err != nil || strings.Contains(st.SQL, "UNION ALL") {
			t.Errorf("inside a parent: %v %s", err, st.SQL)
		}
		return b.String()
	})
}

func TestDescendingIndex(t *testing.T) {
	s, err := schema.Load("f", []byte(`type A @index(fields: ["x", "y DESC"]) { x: Int, y: String @fold }`))
	if err != nil {
		t.Fatal(err)
	}
	a := s.Collection("A")
	for d, want := range map[*Dialect]string{
		SQLite:  "CREATE INDEX `A_x_flora_fold_y_3d02a83aa692_idx` ON `A` (`x`, `flora_fold_y` DESC, `flora_id`)",
		Spanner: "CREATE INDEX `A_x_flora_fold_y_3d02a83aa692_idx` ON `A` (`x`, `flora_fold_y` DESC)",
	} {
		got, err := d.Step(schema.Step{Kind: schema.CreateIndex, Collection: a, Index: a.Indexes[0]})
		if err != nil || len(got) != 1 || got[0] != want {
			t.Errorf("got %q, %v, want %q", got, err, want)
		}
	}
}
