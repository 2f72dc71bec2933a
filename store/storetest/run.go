package storetest

import (
	"context"
	"testing"
	"time"

	"flora.dev/flora/rules"
	"flora.dev/flora/schema"
	"flora.dev/flora/store"
)

// Run runs the suite. open returns an empty store that ends with the test.
func Run(t *testing.T, open func(t *testing.T) store.Store) {
	tests := []struct {
		name string
		run  func(*suite)
	}{
		{"Kinds", testKinds},
		{"Predicates", testPredicates},
		{"RandomPredicates", testRandomPredicates},
		{"Pages", testPages},
		{"Order", testOrder},
		{"Branches", testBranches},
		{"Groups", testGroups},
		{"Cursors", testCursors},
		{"Insert", testInsert},
		{"Update", testUpdate},
		{"Delete", testDelete},
		{"Kids", testKids},
		{"Serial", testSerial},
		{"AllOrNothing", testAllOrNothing},
		{"Constraints", testConstraints},
		{"Answers", testAnswers},
		{"Caller", testCaller},
		{"Checks", testChecks},
		{"Version", testVersion},
		{"Bulk", testBulk},
		{"Versions", testVersions},
		{"Before", testBefore},
		{"Upsert", testUpsert},
		{"Atomic", testAtomic},
		{"RandomAtomic", testRandomAtomic},
		{"Once", testOnce},
		{"Links", testLinks},
		{"Sweep", testSweep},
		{"Snapshot", testSnapshot},
		{"Stamp", testStamp},
		{"Notes", testNotes},
		{"Concurrency", testConcurrency},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := &suite{T: t, Store: open(t), world: newWorld(), now: 1_700_000_000_000_000}
			s.deploy(s.world.steps())
			tt.run(s)
		})
	}
	t.Run("Audit", func(t *testing.T) { testAudit(t, open) })
	t.Run("Deploy", func(t *testing.T) { testDeploy(t, open) })
	t.Run("Context", func(t *testing.T) { testContext(t, open) })
}

// suite is one test with a store of its own.
type suite struct {
	*testing.T
	store.Store
	*world
	version int64
	now     int64
}

func (s *suite) context() context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	s.Cleanup(cancel)
	return ctx
}

func (s *suite) deploy(steps []schema.Step) {
	s.Helper()
	d, err := s.Deploy(s.context(), &store.Migration{From: s.version, SDL: "type User", Steps: steps})
	if err != nil {
		s.Fatalf("deploy: %v", err)
	}
	s.version = d.Version
}

// write runs heads and fails the test on an error.
func (s *suite) write(heads ...store.Head) *store.Outcome {
	s.Helper()
	o, err := s.try(heads...)
	if err != nil {
		s.Fatalf("write: %v", err)
	}
	return o
}

func (s *suite) try(heads ...store.Head) (*store.Outcome, error) {
	return s.Write(s.context(), &store.Mutation{Version: s.version, Now: s.now, Heads: heads})
}

// read runs roots and returns their JSON text.
func (s *suite) read(roots ...store.Select) []string {
	s.Helper()
	rows, err := s.Read(s.context(), &store.Query{Roots: roots})
	if err != nil {
		s.Fatalf("read: %v", err)
	}
	if rows.Version != s.version {
		s.Errorf("read says version %d, want %d", rows.Version, s.version)
	}
	return rows.Roots
}

// check compares JSON texts by value.
func (s *suite) check(what, got, want string) {
	s.Helper()
	if diff := jsonDiff(got, want); diff != "" {
		s.Errorf("%s: got %s, want %s: %s", what, got, want, diff)
	}
}

// find reads fields of one document, as [ value* ] or null.
func (s *suite) find(c *schema.Collection, id string, fields ...string) string {
	s.Helper()
	return s.read(s.byID(c, id, fields...))[0]
}

// expect checks fields of one document.
func (s *suite) expect(c *schema.Collection, id, want string, fields ...string) {
	s.Helper()
	s.check(c.Name+" "+id, s.find(c, id, fields...), want)
}

// byID selects one document.
func (s *suite) byID(c *schema.Collection, id string, fields ...string) store.Select {
	const v rules.Var = 900
	return store.Select{From: c.Object, Var: v, One: true, Where: eq(col(v, c, "_id"), val(rules.ID, id)), Columns: columns(v, c, fields...)}
}

// insert is an unguarded create.
func insert(c *schema.Collection, id string, set ...any) store.Head {
	h := store.Head{Kind: store.Insert, Table: c.Object, ID: id, Guard: rules.True, Readable: rules.True}
	given := assigns(c, set...)
	for _, f := range c.Fields {
		if f.Many() {
			continue
		}
		a := store.Assign{Field: f.Field, Value: rules.Val{Value: rules.Value{Kind: f.Kind, List: f.List}}}
		for _, g := range given {
			if g.Field == f.Field {
				a = g
			}
		}
		h.Set = append(h.Set, a)
	}
	return h
}

// update is an unguarded update.
func update(c *schema.Collection, id string, set ...any) store.Head {
	return store.Head{Kind: store.Update, Table: c.Object, ID: id, Set: assigns(c, set...), Guard: rules.True, Readable: rules.True}
}

func remove(c *schema.Collection, id string) store.Head {
	return store.Head{Kind: store.Delete, Table: c.Object, ID: id, Guard: rules.True, Readable: rules.True}
}

// guarded gives a head its rules.
func guarded(h store.Head, guard, readable rules.Pred) store.Head {
	h.Guard, h.Readable = guard, readable
	return h
}

// assigns takes names and values in turn; a value may be an operand.
func assigns(c *schema.Collection, set ...any) []store.Assign {
	var out []store.Assign
	for i := 0; i < len(set); i += 2 {
		f := c.Field(set[i].(string))
		x, ok := set[i+1].(rules.Operand)
		if !ok {
			x = rules.Val{Value: rules.Value{Kind: f.Kind, List: f.List, V: set[i+1]}}
		}
		out = append(out, store.Assign{Field: f, Value: x})
	}
	return out
}
