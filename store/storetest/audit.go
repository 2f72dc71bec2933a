package storetest

import (
	"encoding/json"
	"errors"
	"testing"

	"flora.dev/flora/rules"
	"flora.dev/flora/store"
	"github.com/google/go-cmp/cmp"
)

// testAudit checks that an entry is written with what it tells, and only then;
// and that each version can be told later.
func testAudit(t *testing.T, open func(t *testing.T) store.Store) {
	s := &suite{T: t, Store: open(t), world: newWorld(), now: 4_000_000_000_000_000}
	ctx := s.context()
	entry := func(action string) *store.Entry {
		return &store.Entry{Issuer: "https://i/", Subject: "é\"", Action: action, Detail: `{"n":1}`}
	}
	deploy := func(from int64, sdl, action string) error {
		m := &store.Migration{From: from, SDL: sdl, Audit: entry(action)}
		if from == 0 {
			m.Steps = s.steps()
		}
		_, err := s.Deploy(ctx, m)
		return err
	}
	if err := deploy(0, "one", "first"); err != nil {
		t.Fatal(err)
	}
	s.version = 1
	s.told(0, 1)
	s.audited("first")
	if err := deploy(0, "x", "lost"); !errors.Is(err, store.ErrStale) {
		t.Errorf("deploy from 0: %v", err)
	}
	s.audited("first")

	for _, note := range []store.Note{{Name: "a", Value: "1"}, {Name: "a", Value: "1"}, {Name: "none"}, {Name: "a"}} {
		if _, err := s.Note(ctx, entry("note "+note.Name+note.Value), note); err != nil {
			t.Fatal(err)
		}
	}
	s.audited("first", "note a", "note a1")

	head := func(action string) store.Head { return entry(action).Head() }
	s.write(insert(s.user, "u1", "sub", "a"), head("written"))
	s.refused("taken", 0, store.Conflict, insert(s.user, "u2", "sub", "a"), head("refused"))
	s.refused("taken, later", 1, store.Conflict, head("refused"), insert(s.user, "u2", "sub", "a"))
	s.refused("guarded", 0, store.Forbidden, guarded(insert(s.user, "u2", "sub", "b"), rules.False, rules.False), head("refused"))
	s.audited("first", "note a", "note a1", "written")
	row := s.read(store.Select{From: store.AuditObject, Var: 1, One: true, Limit: 1, Columns: audit("_ts", "issuer", "subject", "detail"),
		Where: rules.Cmp{Op: rules.Eq, L: rules.Col{Var: 1, Field: store.AuditObject.Field("action")}, R: val(rules.String, "written")}})
	s.check("the entry", row[0], `[4000000000000000, "https://i/", "é\"", "{\"n\":1}"]`)

	if err := deploy(1, "two", "second"); err != nil {
		t.Fatal(err)
	}
	s.version = 2
	s.audited("first", "note a", "note a1", "second", "written")
	var created int64
	for version, sdl := range map[int64]string{0: "two", 1: "one", 2: "two"} {
		d, err := s.Deployed(ctx, version)
		if err != nil || d.SDL != sdl || version > 0 && d.Version != version || d.Unfinished || len(d.Secret) != 32 {
			t.Errorf("version %d: %+v, %v", version, d, err)
		} else if d.Version == 2 {
			created = d.Created
		}
	}
	for _, version := range []int64{-1, 3} {
		if _, err := s.Deployed(ctx, version); !errors.Is(err, store.ErrNoSchema) {
			t.Errorf("version %d: %v, want ErrNoSchema", version, err)
		}
	}
	versions := s.read(store.Select{From: store.SchemaObject, Var: 1, Where: rules.True, List: true, Limit: 3, Order: []store.Order{{Field: store.SchemaObject.Key, Desc: true}},
		Columns: []store.Column{{Value: rules.Col{Var: 1, Field: store.SchemaObject.Key}}, {Value: rules.Col{Var: 1, Field: store.SchemaObject.TS}}}})
	var list [][][]int64
	if err := json.Unmarshal([]byte(versions[0]), &list); err != nil {
		t.Fatal(err)
	}
	if got := list[len(list)-1]; len(got) != 2 || got[0][0] != 2 || got[1][0] != 1 || got[0][1] != created || got[1][1] > created || got[1][1] == 0 {
		t.Errorf("versions %v, the newest at %d", got, created)
	}

	// It outlives the documents.
	if _, err := s.Deploy(ctx, &store.Migration{From: 2, Reset: true, SDL: "fresh", Steps: newWorld().steps(), Audit: entry("reset")}); err != nil {
		t.Fatal(err)
	}
	s.version = 3
	s.audited("first", "note a", "note a1", "reset", "second", "written")
}

func audit(names ...string) (columns []store.Column) {
	for _, n := range names {
		columns = append(columns, store.Column{Value: rules.Col{Var: 1, Field: store.AuditObject.Field(n)}})
	}
	return columns
}

// audited checks the actions of all entries, in alphabetical order.
func (s *suite) audited(want ...string) {
	s.Helper()
	action := store.AuditObject.Field("action")
	text := s.read(store.Select{From: store.AuditObject, Var: 1, Where: rules.True, List: true, Limit: 100, Order: []store.Order{{Field: action}}, Columns: audit("action")})
	var page [][][]string
	if err := json.Unmarshal([]byte(text[0]), &page); err != nil {
		s.Fatal(err)
	}
	var got []string
	for _, node := range page[0] {
		got = append(got, node[0])
	}
	if d := cmp.Diff(want, got); d != "" {
		s.Errorf("audit: -want +got:\n%s", d)
	}
}
