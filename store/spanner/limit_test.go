package spanner_test

import (
	"errors"
	"testing"

	cloud "cloud.google.com/go/spanner"

	"flora.dev/flora/rules"
	"flora.dev/flora/store"
)

// deep is a condition on the key from, of as many hops as n, none of which can
// be printed as a set.
func (w *world) deep(from rules.Operand, v rules.Var, n int) rules.Pred {
	body := rules.Pred(rules.Cmp{Op: rules.Ne, L: col(v+1, w.member, "user"), R: col(v, w.team, "name")})
	if n > 1 {
		body = rules.And{body, w.deep(col(v+1, w.member, "team"), v+2, n-1)}
	}
	return rules.One{From: from, Target: w.team.Object, Var: v, Domain: rules.True,
		Body: rules.And{rules.NotNull{X: col(v, w.team, "_id")}, rules.Many{Of: col(v, w.team, "_id"), Field: w.team.Object.Field("members"), Var: v + 1, Domain: rules.True, Body: body}}}
}

// TestWriteLimits checks that what is not refused as too large is taken.
func TestWriteLimits(t *testing.T) {
	w := newWorld(t)
	team := col(rules.Old, w.doc, "team")
	for name, head := range map[string]func(p rules.Pred) store.Head{
		"update": func(p rules.Pred) store.Head {
			return store.Head{Kind: store.Update, Table: w.doc.Object, ID: "d1", Set: set(w.doc, "n", int64(1)), Guard: p, Readable: rules.True}
		},
		"update, checked": func(p rules.Pred) store.Head {
			return store.Head{Kind: store.Update, Table: w.doc.Object, ID: "d1", Set: set(w.doc, "n", int64(1)), Guard: rules.True, Readable: p,
				Checks: []rules.Pred{p, rules.False}}
		},
		"bulk update": func(p rules.Pred) store.Head {
			return store.Head{Kind: store.Update, Table: w.doc.Object, Match: rules.NotNull{X: team}, Set: set(w.doc, "n", int64(1)), Guard: p}
		},
		"bulk update of what matches": func(p rules.Pred) store.Head {
			return store.Head{Kind: store.Update, Table: w.doc.Object, Match: p, Set: set(w.doc, "n", int64(1)), Guard: rules.False}
		},
		"delete": func(p rules.Pred) store.Head {
			return store.Head{Kind: store.Delete, Table: w.doc.Object, ID: "d0", Guard: p, Readable: p}
		},
		"delete, answer read first": func(p rules.Pred) store.Head {
			return answering(w.doc, store.Head{Kind: store.Delete, Table: w.doc.Object, ID: "d0", Guard: p, Readable: p}, false, "n")
		},
		"bulk delete": func(p rules.Pred) store.Head {
			h := store.Head{Kind: store.Delete, Table: w.doc.Object, Match: p, Guard: rules.False}
			h.Answer = &store.Select{From: w.doc.Object, Var: 10, List: true, Limit: 100, Where: rules.True, After: rules.True,
				Columns: []store.Column{{Value: col(10, w.doc, "_id")}}}
			return h
		},
		"insert": func(rules.Pred) store.Head {
			return store.Head{}
		},
		"upsert": func(p rules.Pred) store.Head {
			return store.Head{Kind: store.Update, Table: w.doc.Object, Key: rules.False, Guard: p, Readable: p, Else: &store.Head{}}
		},
	} {
		taken, n := 0, 1
		for ; n < 40; n++ {
			h := head(w.deep(team, 100, n))
			if h.Table == nil {
				h = w.insert(w.doc, "x", "title", "x")
				h.Guard = w.deep(val(rules.Ref, "blue"), 100, n)
				h.Checks = []rules.Pred{rules.False}
			}
			if h.Else != nil {
				made := w.insert(w.doc, "x", "title", "x")
				made.Guard, made.Checks = w.deep(val(rules.Ref, "blue"), 100, n), []rules.Pred{rules.False}
				h.Else = &made
			}
			_, err := w.write(h)
			if errors.Is(err, store.ErrLimit) {
				break
			}
			var refused *store.WriteError
			if err != nil && !errors.As(err, &refused) {
				t.Fatalf("%s of %d hops: %v", name, n, err)
			}
			taken = n
		}
		if taken < 3 || n == 40 {
			t.Errorf("%s: %d hops are taken", name, taken)
		}
		t.Logf("%s: %d hops", name, taken)
	}
}

// TestReadLimits does the same for lists that are read as several SELECTs.
func TestReadLimits(t *testing.T) {
	w := newWorld(t)
	defer func() { w.doc.Object.Indexes = nil }()
	w.doc.Object.Indexes = []rules.Index{{Parts: []rules.IndexPart{{Field: w.doc.Field("title")}}}}
	for parts := 2; parts <= 6; parts++ {
		for _, inside := range []bool{false, true} {
			taken, n := 0, 1
			for ; n < 40; n++ {
				s := store.Select{From: w.doc.Object, Var: rules.Old, List: true, Total: true, Limit: 3, After: rules.True, Columns: []store.Column{{Value: col(rules.Old, w.doc, "n")}}}
				or := rules.Or{}
				for i := range parts {
					or = append(or, rules.And{rules.Cmp{Op: rules.Eq, L: col(rules.Old, w.doc, "title"), R: val(rules.String, string(rune('a'+i)))},
						w.deep(col(rules.Old, w.doc, "team"), rules.Var(100+100*i), n)})
				}
				s.Where = or
				if inside {
					s.Columns[0].Guard = w.deep(col(rules.Old, w.doc, "team"), 2000, 3)
				}
				_, err := w.db.Read(t.Context(), &store.Query{Roots: []store.Select{s}})
				var late *cloud.Error
				if errors.Is(err, store.ErrLimit) && !errors.As(err, &late) {
					break
				}
				if err != nil {
					t.Fatalf("%d SELECTs of %d hops: %v", parts, n, err)
				}
				taken = n
			}
			if taken < 2 || n == 40 {
				t.Errorf("%d SELECTs: %d hops are taken", parts, taken)
			}
			t.Logf("%d SELECTs, guard %t: %d hops", parts, inside, taken)
		}
	}
}
