package storetest

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"flora.dev/flora/rules"
	"flora.dev/flora/schema"
	"flora.dev/flora/store"
)

// testVersion checks that a mutation planned for another version is stale.
func testVersion(s *suite) {
	s.write(insert(s.user, "u1", "sub", "a"))
	for _, v := range []int64{0, s.version - 1, s.version + 1} {
		_, err := s.Write(s.context(), &store.Mutation{Version: v, Now: s.now, Heads: []store.Head{insert(s.user, "u2", "sub", "b")}})
		if !errors.Is(err, store.ErrStale) {
			s.Errorf("write for version %d: %v, want ErrStale", v, err)
		}
	}
	s.expect(s.user, "u2", "null", "_id")
	old := s.version
	s.deploy(nil)
	if s.version != old+1 {
		s.Errorf("version %d after %d", s.version, old)
	}
	s.expect(s.user, "u1", `["a"]`, "sub")
	_, err := s.Write(s.context(), &store.Mutation{Version: old, Now: s.now, Heads: []store.Head{update(s.user, "u1", "name", "x")}})
	if !errors.Is(err, store.ErrStale) {
		s.Errorf("write for the version before: %v, want ErrStale", err)
	}
	s.write(update(s.user, "u1", "name", "x"))
}

func testDeploy(t *testing.T, open func(t *testing.T) store.Store) {
	s := &suite{T: t, Store: open(t), world: newWorld(), now: 1000}
	ctx := s.context()
	if _, err := s.Deployed(ctx, 0); !errors.Is(err, store.ErrNoSchema) {
		t.Errorf("deployed of an empty store: %v, want ErrNoSchema", err)
	}
	if _, err := s.Notes(ctx, 0); !errors.Is(err, store.ErrNoSchema) {
		t.Errorf("notes of an empty store: %v, want ErrNoSchema", err)
	}
	if _, err := s.Deploy(ctx, &store.Migration{From: 1, SDL: "x"}); !errors.Is(err, store.ErrStale) {
		t.Errorf("deploy from 1 in an empty store: %v, want ErrStale", err)
	}
	first, err := s.Deploy(ctx, &store.Migration{SDL: "type Ä", Steps: s.steps()})
	if err != nil {
		t.Fatal(err)
	}
	now, err := s.Deployed(ctx, 0)
	if err != nil {
		t.Fatal(err)
	}
	if first.Version != 1 || len(first.Secret) != 32 || bytes.Equal(first.Secret, make([]byte, 32)) {
		t.Errorf("first deployment: version %d, %d bytes of secret", first.Version, len(first.Secret))
	}
	if now.Version != 1 || now.SDL != "type Ä" || !bytes.Equal(now.Secret, first.Secret) {
		t.Errorf("deployed: version %d, SDL %q", now.Version, now.SDL)
	}
	s.version = 1
	s.write(insert(s.user, "u1", "sub", "a", "name", "same"), insert(s.user, "u2", "sub", "b", "name", "same"))

	for _, from := range []int64{0, 2} {
		if _, err := s.Deploy(ctx, &store.Migration{From: from, SDL: "x"}); !errors.Is(err, store.ErrStale) {
			t.Errorf("deploy from %d: %v, want ErrStale", from, err)
		}
	}
	// Data that does not allow a step: it is named, and the version stays.
	name := s.user.FieldNamed("name")
	unique := schema.Step{Kind: schema.CreateUnique, Collection: s.user, Unique: &schema.Unique{Name: "User_name", Fields: []*schema.Field{name}}}
	_, err = s.Deploy(ctx, &store.Migration{From: 1, SDL: "x", Steps: []schema.Step{unique}})
	var se *store.StepError
	if !errors.As(err, &se) || se.Step.Kind != schema.CreateUnique {
		t.Errorf("unique index over equal values: %v, want a StepError", err)
	}
	if d, err := s.Deployed(ctx, 0); err != nil || d.Version != 1 {
		t.Fatalf("after a failed step: %+v, %v", d, err)
	}
	s.write(update(s.user, "u2", "name", "other"))

	// Columns, indexes and a table are added under data.
	nick := add(s.user, &rules.Field{Name: "nick", Kind: rules.String})
	add(s.user, &rules.Field{Name: "mood", Kind: rules.Enum, TypeName: "State", Values: states})
	reference(s.user, "boss", s.user, false)
	defaults := s.defaults()
	note := collection("Note")
	add(note, &rules.Field{Name: "text", Kind: rules.String})
	index := &schema.Index{Name: "User_nick", Fields: []*schema.Field{s.user.FieldNamed("name"), nick}, Desc: []*schema.Field{nick}}
	s.deploy(append(defaults, []schema.Step{
		{Kind: schema.AddColumn, Collection: s.user, Field: nick},
		{Kind: schema.AddColumn, Collection: s.user, Field: s.user.FieldNamed("mood")},
		{Kind: schema.AddColumn, Collection: s.user, Field: s.user.FieldNamed("boss")},
		{Kind: schema.CreateTable, Collection: note},
		{Kind: schema.CreateIndex, Collection: s.user, Index: index},
		unique,
	}...))
	s.expect(s.user, "u1", `[true, -7, 9007199254740993, 0.5, "it's \"q\" \\\\ ☃", "2026-01-02", "DONE"]`,
		"dFlag", "dInt", "dLong", "dFloat", "dText", "dDay", "dState")
	s.expect(s.user, "u1", `["same", null, null, null]`, "name", "nick", "mood", "boss")
	s.hits("new columns", s.write(update(s.user, "u1", "nick", "n", "mood", "DONE", "boss", "u2"), insert(note, "n1", "text", "x")), true, true)
	s.expect(s.user, "u1", `["n", "DONE", "u2"]`, "nick", "mood", "boss")
	s.refused("new unique index", 0, store.Conflict, update(s.user, "u1", "name", "other"))
	s.refused("new foreign key", 0, store.Forbidden, update(s.user, "u1", "boss", "nobody"))
	s.deploy([]schema.Step{{Kind: schema.DropIndex, Collection: s.user, Name: "User_name"}, {Kind: schema.DropIndex, Collection: s.user, Name: "User_nick"}})
	s.hits("index dropped", s.write(update(s.user, "u1", "name", "other")), true)

	// Reset: everything goes but the secret and the count of versions.
	d, err := s.Deploy(ctx, &store.Migration{From: s.version, Reset: true, SDL: "fresh", Steps: newWorld().steps()})
	if err != nil {
		t.Fatal(err)
	}
	if d.Version != s.version+1 || !bytes.Equal(d.Secret, first.Secret) || d.SDL != "fresh" {
		t.Errorf("after a reset: version %d, SDL %q", d.Version, d.SDL)
	}
	s.version, s.world = d.Version, newWorld()
	s.expect(s.user, "u1", "null", "_id")
	s.refused("foreign keys hold after a reset", 0, store.Forbidden, insert(s.thing, "x1", "label", "x", "owner", "u1"))
	s.hits("after a reset", s.write(insert(s.user, "u1", "sub", "a"), insert(s.thing, "x1", "label", "x", "owner", "u1")), true, true)
}

// defaults adds a required column of each kind with a constant default.
func (s *suite) defaults() []schema.Step {
	s.Helper()
	env := rules.NewEnv([]*rules.Object{s.user.Object, s.team.Object}, []*rules.Object{s.user.Object})
	var steps []schema.Step
	for _, d := range []struct {
		name string
		kind rules.Kind
		text string
	}{
		{"dFlag", rules.Bool, "true"}, {"dInt", rules.Int, "-7"}, {"dLong", rules.Long, "9007199254740993"}, {"dFloat", rules.Float, "0.5"},
		{"dText", rules.String, `"it's \"q\" \\\\ ☃"`}, {"dDay", rules.Date, `"2026-01-02"`}, {"dState", rules.Enum, `"DONE"`},
	} {
		f := add(s.user, &rules.Field{Name: d.name, Kind: d.kind, NonNull: true, TypeName: d.kind.String()})
		if d.kind == rules.Enum {
			f.TypeName, f.Values = "State", states
		}
		x, faults := env.Value(f.Field, d.text)
		if len(faults) > 0 {
			s.Fatalf("default of %s: %v", d.name, faults)
		}
		v, _ := x.Const()
		steps = append(steps, schema.Step{Kind: schema.AddColumn, Collection: s.user, Field: f, Value: v})
	}
	return steps
}

// testContext checks that an operation whose context ended is unavailable.
func testContext(t *testing.T, open func(t *testing.T) store.Store) {
	s := &suite{T: t, Store: open(t), world: newWorld(), now: 1000}
	s.deploy(s.steps())
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, read := s.Read(ctx, &store.Query{Roots: []store.Select{page(s.user, rules.True, "_id")}})
	_, write := s.Write(ctx, &store.Mutation{Version: s.version, Now: s.now, Heads: []store.Head{insert(s.user, "u1", "sub", "a")}})
	_, deployed := s.Deployed(ctx, 0)
	_, deploy := s.Deploy(ctx, &store.Migration{From: s.version, SDL: "x"})
	for what, err := range map[string]error{"read": read, "write": write, "deployed": deployed, "deploy": deploy} {
		if !errors.Is(err, store.ErrUnavailable) || !errors.Is(err, context.Canceled) {
			t.Errorf("%s with an ended context: %v", what, err)
		}
	}
	s.expect(s.user, "u1", "null", "_id")
}
