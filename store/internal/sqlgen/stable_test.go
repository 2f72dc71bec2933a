package sqlgen

import (
	"testing"

	"flora.dev/flora/rules"
	"flora.dev/flora/store"
)

// TestTextIsStable checks that the text depends on the shape of a statement
// and not on its values, equal ones included: engines keep it prepared.
func TestTextIsStable(t *testing.T) {
	w := newWorld()
	query := func(base rules.Var, a, b string, limit int, list ...any) *store.Query {
		name, secret := col(base, w.project, "name"), col(base, w.project, "secret")
		return &store.Query{Roots: []store.Select{{From: w.project.Object, Var: base, List: true, Total: true, Limit: limit,
			Where: rules.And{eq(name, val(rules.String, a)), eq(secret, val(rules.String, b)), w.inTeam(base+10, col(base, w.project, "team")),
				rules.In{X: name, List: rules.Val{Value: rules.Value{Kind: rules.String, List: true, V: list}}}},
			Columns: []store.Column{{Value: name}}}}}
	}
	for name, d := range dialects {
		want, err := d.Query(query(1, "a", "b", 10, "x"))
		if err != nil {
			t.Fatal(err)
		}
		for _, q := range []*store.Query{query(1, "a", "a", 1, "x", "y"), query(1, "alice", "alice", 99, "alice"), query(500, "x", "y", 3, "z")} {
			got, err := d.Query(q)
			if err != nil {
				t.Fatal(err)
			}
			if got.SQL != want.SQL {
				t.Errorf("%s: text differs:\n%s\n%s", name, want.SQL, got.SQL)
			}
			if len(got.Args) != len(want.Args) {
				t.Errorf("%s: %d parameters, want %d", name, len(got.Args), len(want.Args))
			}
		}
		// What changes the shape changes the text: no values at all to be in.
		if got, err := d.Query(query(1, "a", "b", 10)); err != nil || got.SQL == want.SQL {
			t.Errorf("%s: an empty list prints as a list, %v", name, err)
		}
	}
}
