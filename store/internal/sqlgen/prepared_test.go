package sqlgen

import (
	"math"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"flora.dev/flora/rules"
	"flora.dev/flora/store"
	"github.com/google/go-cmp/cmp"
)

// TestPrepared: the statement of a query with given values is that of the query
// with the values themselves, the second time too, and nothing of them is kept.
func TestPrepared(t *testing.T) {
	w := newWorld()
	text := func(v any) rules.Value { return rules.Value{Kind: rules.String, V: v} }
	list := func(v any) rules.Value { return rules.Value{Kind: rules.ID, List: true, V: v} }
	number := func(v any) rules.Value { return rules.Value{Kind: rules.Float, V: v} }
	name, team := col(1, w.project, "name"), col(1, w.project, "team")
	for what, where := range map[string]func(text, list, number any) rules.Pred{
		"equal":  func(a, _, _ any) rules.Pred { return eq(name, rules.Val{Value: text(a)}) },
		"in":     func(_, l, _ any) rules.Pred { return rules.In{X: team, List: rules.Val{Value: list(l)}} },
		"not in": func(_, l, _ any) rules.Pred { return rules.NotIn{X: team, List: rules.Val{Value: list(l)}} },
		"in a column": func(_, _, n any) rules.Pred {
			return rules.In{X: rules.Val{Value: number(n)}, List: col(1, w.project, "scores")}
		},
		"match": func(a, _, _ any) rules.Pred {
			return rules.Match{Op: rules.StartsWith, X: name, Y: rules.Val{Value: text(a)}}
		},
		"a user": func(a, l, _ any) rules.Pred {
			return rules.Or{rules.User{Object: w.user.Object, Identity: rules.Val{Value: text(a)}, Var: 10, Body: eq(col(10, w.user, "_id"), col(1, w.project, "lead"))},
				rules.NotIn{X: team, List: rules.Val{Value: list(l)}}}
		},
	} {
		for _, d := range []*Dialect{SQLite, Spanner} {
			query := func(p rules.Pred) *store.Query {
				return &store.Query{Roots: []store.Select{{From: w.project.Object, Var: 1, List: true, Limit: 2, Where: p, After: rules.True, Columns: []store.Column{{Value: name}}}}}
			}
			shared := query(where(rules.Given(0), rules.Given(1), rules.Given(2)))
			shared.Kept = &atomic.Value{}
			for _, values := range [][3]any{{"a", []any{"x"}, 1.5}, {"", []any{"y", "z"}, math.Copysign(0, -1)}, {"it's", []any{"y"}, 2.0}} {
				want, err := d.Query(query(where(values[0], values[1], values[2])))
				if err != nil {
					t.Fatal(err)
				}
				shared.Given = []rules.Value{text(values[0]), list(values[1]), number(values[2])}
				got, err := d.Prepared(shared)
				if err != nil {
					t.Fatal(err)
				}
				if got.SQL != want.SQL || len(got.Args) != len(want.Args) {
					t.Fatalf("%s:\n got %s\nwant %s", what, got.SQL, want.SQL)
				}
				for i := range want.Args {
					if diff := cmp.Diff(want.Args[i].Value, got.Value(i)); diff != "" || got.Args[i].Name != want.Args[i].Name {
						t.Errorf("%s: %s %s", what, got.Args[i].Name, diff)
					}
				}
				kept := shared.Kept.Load().(*Statement)
				if kept.Given != nil {
					t.Errorf("%s: %v is kept", what, kept.Given)
				}
				for _, a := range kept.Args {
					switch a.Value.V.(type) {
					case rules.Given, int64: // the limit
					default:
						t.Errorf("%s: %v is kept", what, a.Value)
					}
				}
			}
		}
	}
}

// TestManyParameters: a limit shares no mark of SQLite's with what is bound beside it.
func TestManyParameters(t *testing.T) {
	w := newWorld()
	name := col(1, w.project, "name")
	for n, want := range map[int][2]string{30: {" LIMIT ?31", " LIMIT @p31"}, 31: {" LIMIT +?32", " LIMIT @p32"}, 40: {" LIMIT +?41", " LIMIT @p41"}} {
		var all rules.And
		for i := range n {
			all = append(all, rules.Cmp{Op: rules.Ne, L: name, R: rules.Val{Value: rules.Value{Kind: rules.String, V: strconv.Itoa(i)}}})
		}
		for i, d := range []*Dialect{SQLite, Spanner} {
			s, err := d.Query(&store.Query{Roots: []store.Select{{From: w.project.Object, Var: 1, List: true, Limit: 2, Where: all, After: rules.True, Columns: []store.Column{{Value: name}}}}})
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(s.SQL, want[i]+")") && !strings.HasSuffix(s.SQL, want[i]) && !strings.Contains(s.SQL, want[i]+" ") {
				t.Errorf("after %d parameters: no%s in %s", n, want[i], s.SQL)
			}
		}
	}
}
