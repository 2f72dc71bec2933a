package transfer

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"flora.dev/flora/schema"
	"flora.dev/flora/store"
	"flora.dev/flora/store/sqlite"
	"github.com/google/go-cmp/cmp"
)

const sdl = `
type A @auth(read: "anyone", reason: "test") { name: String!  b: B!  as: [A!] @relation(name: "as")  sa: [A!] @relation(name: "as") }
type B @auth(read: "anyone", reason: "test") @collection(name: "bees") { n: Int  c: C! }
type C @auth(read: "anyone", reason: "test") { a: A }
type D @auth(read: "anyone", reason: "test") { n: Int }
`

func open(t *testing.T) (*Loader, func(*store.Query) (*store.Rows, error)) {
	model, err := schema.Load("schema.graphql", []byte(sdl))
	if err != nil {
		t.Fatal(err)
	}
	db, err := sqlite.Open(t.Context(), sqlite.Memory, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	steps := schema.Diff(nil, model, time.Time{}).Steps
	d, err := db.Deploy(t.Context(), &store.Migration{SDL: sdl, Steps: steps})
	if err != nil {
		t.Fatal(err)
	}
	return NewLoader(db, d.Version, NewTables(model), time.Now), func(q *store.Query) (*store.Rows, error) { return db.Read(t.Context(), q) }
}

func TestTables(t *testing.T) {
	l, _ := open(t)
	var names []string
	for _, table := range l.List {
		names = append(names, table.Name)
	}
	// What others must refer to comes first.
	if diff := cmp.Diff([]string{"D", "C", "B", "A", "A_as"}, names); diff != "" {
		t.Error(diff)
	}
	for name, want := range map[string]string{"A": "A", "b": "B", "bees": "B", "BEES": "B", "a_AS": "A_as", "": "", "E": ""} {
		got := ""
		if table := l.Named(name); table != nil {
			got = table.Name
		}
		if got != want {
			t.Errorf("%q is %q, want %q", name, got, want)
		}
	}
}

// TestPages reads pages of every size: none has a row twice or leaves one out.
func TestPages(t *testing.T) {
	l, read := open(t)
	var rows []*Row
	r := Reading{Tables: l.Tables}
	line := func(format string, args ...any) {
		row, fault := r.Parse(fmt.Appendf(nil, format, args...), nil)
		if fault != nil {
			t.Fatal(fault)
		}
		rows = append(rows, row)
	}
	line(`{"_collection":"C","_id":"c"}`)
	line(`{"_collection":"B","_id":"b","c":"c"}`)
	const n = 9
	for i := range n {
		line(`{"_collection":"A","_id":"a%d","_ts":1,"name":"x","b":"b"}`, i)
	}
	var want []string
	for i := range n {
		for k := range i {
			line(`{"_collection":"A_as","aID":"a%d","asID":"a%d"}`, i, k)
			want = append(want, fmt.Sprintf("a%d a%d", i, k))
		}
	}
	outcomes, err := l.Load(t.Context(), rows)
	if err != nil || slices.ContainsFunc(outcomes, func(o Outcome) bool { return o.Status != Written }) {
		t.Fatal(outcomes, err)
	}
	for _, size := range []int{1, 2, 3, 7, 36, 50} {
		var got []string
		pages := 0
		for after, more := "", true; more; more = after != "" {
			reader := &Reader{Read: read, Version: l.version, size: size}
			page, next, err := reader.Page(l.Named("A_as"), after)
			if err != nil {
				t.Fatal(err)
			}
			for _, row := range page {
				got = append(got, strings.ReplaceAll(row.key(), "\x00", " "))
			}
			after = next
			pages++
		}
		if diff := cmp.Diff(want, got); diff != "" || pages < len(want)/size {
			t.Errorf("pages of %d: %d pages, %s", size, pages, diff)
		}
		got = nil
		reader := &Reader{Read: read, Version: l.version, size: size}
		for after, more := "", true; more; more = after != "" {
			page, next, err := reader.Page(l.Named("A"), after)
			if err != nil {
				t.Fatal(err)
			}
			for _, row := range page {
				got = append(got, row.ID)
			}
			after = next
		}
		if diff := cmp.Diff("a0 a1 a2 a3 a4 a5 a6 a7 a8", strings.Join(got, " ")); diff != "" {
			t.Errorf("pages of %d: %s", size, diff)
		}
	}
	for _, cursor := range []string{"x", "[]", `["a"]`, `["a","b","c"]`, `{}`} {
		if _, _, err := (&Reader{Read: read, Version: l.version}).Page(l.Named("A_as"), cursor); err == nil {
			t.Errorf("cursor %s is taken", cursor)
		}
	}
	if _, _, err := (&Reader{Read: read, Version: l.version + 1}).Page(l.Named("A"), ""); err != store.ErrStale {
		t.Errorf("of another version: %v", err)
	}
	for _, size := range []int{1, 4, 50} {
		reader := &Reader{Read: read, Version: l.version, size: size}
		links := l.Named("A_as")
		for i, of := range []int{n - 1, 3, 0} { // as many as its number
			found, err := reader.Find(links, links.Fields[0].Field, fmt.Sprint("a", of))
			if err != nil || len(found) != of || slices.ContainsFunc(found, func(r *Row) bool { return text(r.Values[0]) != fmt.Sprint("a", of) }) {
				t.Errorf("finds %d by pages of %d: %v %v", i, size, found, err)
			}
		}
	}
	if found, err := (&Reader{Read: read, Version: l.version, size: 4}).Find(l.Named("A"), l.Named("A").Fields[0].Field, "x"); err != nil || len(found) != n {
		t.Errorf("finds %d of %d documents: %v", len(found), n, err)
	}
	counts, err := Count(read, l.List)
	if err != nil || counts[l.Named("A")] != n || counts[l.Named("A_as")] != int64(len(want)) || counts[l.Named("D")] != 0 {
		t.Errorf("counts %v %v", counts, err)
	}
}

// TestOvertaken reads after a deployment that took away what is read.
func TestOvertaken(t *testing.T) {
	l, read := open(t)
	next, err := schema.Load("schema.graphql", []byte(strings.Replace(sdl, "type D @auth(read: \"anyone\", reason: \"test\") { n: Int }", "", 1)))
	if err != nil {
		t.Fatal(err)
	}
	row, fault := (&Reading{Tables: l.Tables}).Parse([]byte(`{"_collection":"D","_id":"d","n":1}`), nil)
	if fault != nil {
		t.Fatal(fault)
	}
	old, err := schema.Load("schema.graphql", []byte(sdl))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.db.Deploy(t.Context(), &store.Migration{From: l.version, SDL: next.SDL, Steps: schema.Diff(old, next, time.Time{}).Steps}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := (&Reader{Read: read, Version: l.version}).Page(l.Named("D"), ""); !errors.Is(err, store.ErrStale) {
		t.Errorf("page: %v", err)
	}
	if _, err := l.Load(t.Context(), []*Row{row}); !errors.Is(err, store.ErrStale) {
		t.Errorf("load: %v", err)
	}
	if _, err := l.Missing(t.Context(), l.Named("D"), []string{"d"}); !errors.Is(err, store.ErrStale) {
		t.Errorf("missing: %v", err)
	}
	// Of the version that is deployed the fault is one.
	if _, _, err := (&Reader{Read: read, Version: l.version + 1}).Page(l.Named("D"), ""); err == nil || errors.Is(err, store.ErrStale) {
		t.Errorf("page of what never was: %v", err)
	}
}

// TestLoadOrder loads rows of one call that refer to each other.
func TestLoadOrder(t *testing.T) {
	l, _ := open(t)
	r := Reading{Tables: l.Tables}
	load := func(lines ...string) []Outcome {
		t.Helper()
		var rows []*Row
		for _, line := range lines {
			row, fault := r.Parse([]byte(line), nil)
			if fault != nil {
				t.Fatal(fault)
			}
			rows = append(rows, row)
		}
		out, err := l.Load(t.Context(), rows)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	waits := func(field string) Outcome {
		return Outcome{Waiting, field, "refers to a document that is not there"}
	}
	check := func(what string, got []Outcome, want ...Outcome) {
		t.Helper()
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", what, diff)
		}
	}
	const a, b, c, link = `{"_collection":"A","_id":"a","name":"x","b":"b"}`, `{"_collection":"B","_id":"b","c":"c"}`, `{"_collection":"C","_id":"c","a":"a"}`, `{"_collection":"A_as","aID":"a","asID":"a"}`
	check("nothing to refer to", load(a, link), waits("b"), waits("asID"))
	check("a circle", load(c, b, a, link), waits("a"), Outcome{}, Outcome{}, Outcome{})
	check("again", load(c, b, a, c), Outcome{}, Outcome{Status: Same}, Outcome{Status: Same}, Outcome{Status: Same})
	check("twice in one call", load(`{"_collection":"D","_id":"d","n":1}`, `{"_collection":"D","_id":"d","n":1}`, `{"_collection":"D","_id":"d","n":2}`),
		Outcome{}, Outcome{Status: Same}, Outcome{Refused, "n", "another document with this _id is there, with another value"})
	missing, err := l.Missing(t.Context(), l.Named("A"), []string{"z", "a", "y", "z"})
	if diff := cmp.Diff([]string{"z", "y", "z"}, missing); diff != "" || err != nil {
		t.Error(diff, err)
	}
}
