package main

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// library is a small schema of things that can be wrong with lines.
const library = `
enum Size { S M }
type Box @embedded { label: String!  when: Time  in: Box }
type Author @auth(read: "anyone", reason: "test") { name: String!  mentor: Author }
type Book @auth(read: "anyone", reason: "test") {
  title: String!  author: Author!  editor: Author  isbn: String @unique  size: Size  pages: Int  tags: [String!]  day: Date  at: Time
  big: Long  rate: Float  sold: Boolean  box: Box  extra: JSON  stock: Int! @default(expr: "7")  shelves: [Shelf!] @relation
}
type Shelf @auth(read: "anyone", reason: "test") { books: [Book!] @relation  id: String }
`

func TestImportFaults(t *testing.T) {
	const authors = `{"_id":"a1","name":"s3cret-name"}` + "\n"
	for _, c := range []struct{ name, line, fault string }{
		{"no JSON", `s3cret`, "Book: not a JSON object"},
		{"a list", `["s3cret"]`, "Book: not a JSON object"},
		{"two values", `{"_id":"b1","title":"s3cret"} {"s3cret":1}`, "Book: not a JSON object"},
		{"no UTF-8", "{\"_id\":\"s3cret\xff\"}", "Book: not UTF-8"},
		{"no id", `{"title":"s3cret","author":"a1"}`, "Book._id: must be a text"},
		{"an id that is none", `{"_id":"s3crét","title":"s3cret","author":"a1"}`, "Book._id: must be a text"},
		{"_ts", `{"_id":"b1","_ts":"s3cret","title":"s3cret","author":"a1"}`, "Book._ts: must be a number of microseconds"},
		{"_ts that cannot grow", `{"_id":"b1","_ts":9223372036854775807,"title":"s3cret","author":"a1"}`, "Book._ts: must be"},
		{"required", `{"_id":"b1","author":"a1"}`, "Book.title: is required"},
		{"required reference", `{"_id":"b1","title":"s3cret","author":null}`, "Book.author: is required"},
		{"String", `{"_id":"b1","title":35383,"author":"a1"}`, "Book.title: must be String"},
		{"U+0000", `{"_id":"b1","title":"s3cret\u0000","author":"a1"}`, "Book.title: must be String"},
		{"Enum", `{"_id":"b1","title":"x","author":"a1","size":"s3cret"}`, "Book.size: must be one of S, M"},
		{"Int", `{"_id":"b1","title":"x","author":"a1","pages":3538335383}`, "Book.pages: must be Int"},
		{"Long", `{"_id":"b1","title":"x","author":"a1","big":"s3cret"}`, "Book.big: must be Long"},
		{"Float", `{"_id":"b1","title":"x","author":"a1","rate":1e999}`, "Book.rate: must be Float"},
		{"Boolean", `{"_id":"b1","title":"x","author":"a1","sold":"s3cret"}`, "Book.sold: must be Boolean"},
		{"Date", `{"_id":"b1","title":"x","author":"a1","day":"s3cret"}`, "Book.day: must be Date"},
		{"Time", `{"_id":"b1","title":"x","author":"a1","at":"s3cret"}`, "Book.at: must be Time"},
		{"a list that is none", `{"_id":"b1","title":"x","author":"a1","tags":"s3cret"}`, "Book.tags: must be a list"},
		{"null in a list", `{"_id":"b1","title":"x","author":"a1","tags":["s3cret",null]}`, "Book.tags: holds null"},
		{"a reference that is none", `{"_id":"b1","title":"x","author":{"s3cret":1}}`, "Book.author: must be the _id of a Author"},
		{"embedded", `{"_id":"b1","title":"x","author":"a1","box":"s3cret"}`, "Book.box: must be an object, a Box"},
		{"required inside", `{"_id":"b1","title":"x","author":"a1","box":{"label":"s3cret","in":{}}}`, "Book.box.in.label: is required"},
		{"Time inside", `{"_id":"b1","title":"x","author":"a1","box":{"label":"s3cret","when":"s3cret"}}`, "Book.box.when: must be Time"},
		{"unknown inside", `{"_id":"b1","title":"x","author":"a1","box":{"label":"s3cret","size":"s3cret"}}`, "Book.box.size: the schema has no such field"},
		{"JSON too deep", `{"_id":"b1","title":"x","author":"a1","extra":` + strings.Repeat("[", 40) + `"s3cret"` + strings.Repeat("]", 40) + `}`, "Book.extra: must be JSON"},
		{"unknown", `{"_id":"b1","title":"x","author":"a1","color":"s3cret"}`, "Book.color: the schema has no such field"},
		{"unknown, and no name", `{"_id":"b1","title":"x","author":"a1","s3cret member":1}`, "Book: a field that the schema does not have"},
		{"links in a document", `{"_id":"b1","title":"x","author":"a1","shelves":["s3cret"]}`, "Book.shelves: lists are no part of documents, these links are rows of Book_shelves"},
		{"another collection", `{"_collection":"Paper","_id":"s3cret"}`, "the schema has no collection Paper"},
		{"a collection that is none", `{"_collection":"s3cret thing","_id":"b1"}`, "a collection that the schema does not have"},
		{"twice", `{"_id":"b0","title":"s3cret","author":"a1"}`, "Book._id: another line has the same"},
		{"dangling", `{"_id":"b1","title":"x","author":"s3cret"}`, "Book.author: refers to a document that is neither in the files nor in the store"},
		{"dangling, to another collection", `{"_id":"b1","title":"x","author":"b0"}`, "Book.author: refers to a document that is neither"},
		{"a unique value that is taken", `{"_id":"b1","title":"s3cret","author":"a1","isbn":"s3cret-1"}`, "Book: another document has a value that must be unique"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := newMover(t)
			store := m.planted("sqlite", library, "")
			good := `{"_id":"b0","title":"good","author":"a1","isbn":"s3cret-1"}`
			dir := m.write(map[string]string{"Author.jsonl": authors, "Book.jsonl": good + "\n\n" + c.line + "\n"})
			late := strings.Contains(c.name, "unique")

			code, out, errs := m.run("import", dir, "--store", store)
			file := filepath.Join(dir, "Book.jsonl")
			if want := file + ":3: " + c.fault; code != 1 || !strings.HasPrefix(errs, want) {
				t.Errorf("%d %s, want %s", code, errs, want)
			}
			// The directory has a random number in its name.
			if told := strings.ReplaceAll(out+errs, dir, ""); strings.Contains(told, "s3cr") || strings.Contains(told, "3538") {
				t.Errorf("a value shows: %s", told)
			}
			if !late {
				if got := m.export(store); got["Author.jsonl"]+got["Book.jsonl"] != "" {
					t.Errorf("something was written: %v", got)
				}
			}
			// With leave, the others are imported.
			code, out, errs = m.run("import", dir, "--store", store, "--max-errors", "1")
			if code != 0 || !strings.Contains(out, "left out 1 faulty line\n") || !strings.HasPrefix(errs, file+":3: "+c.fault) {
				t.Errorf("with --max-errors: %d %s%s", code, out, errs)
			}
			if got := m.export(store)["Book.jsonl"]; !strings.Contains(got, `"_id":"b0"`) || strings.Count(got, "\n") != 1 {
				t.Errorf("with --max-errors: %s", got)
			}
		})
	}
}

// TestImportReads the forms that values may have.
func TestImportReads(t *testing.T) {
	m := newMover(t)
	store := m.planted("sqlite", library, "")
	dir := m.write(map[string]string{"book.jsonl": "\ufeff" + `{"_ts":5,"_id":"b1","author":"a1","title":"x","big":"9007199254740993","rate":-0.0,"pages":1.0,"at":"2024-01-01T01:00:00+01:00","editor":null,"shelves":null}` + "\r\n" +
		`{"_id":"b2","author":"a1","title":"y","color":"red","box":{"label":"l","more":1}}`,
		"any.ndjson": `{"_collection":"Author","_id":"a1","name":"A"}`, "README.md": "no lines"})
	if code, _, errs := m.run("import", dir, "--store", store); code != 1 || strings.Count(errs, "no such field") != 1 {
		t.Errorf("%d %s", code, errs)
	}
	if got, want := m.must("import", dir, "--store", store, "--ignore-unknown"), "imported 3 rows, 0 were there already\nleft out Book.box.more in 1 line\nleft out Book.color in 1 line\n"; got != want {
		t.Errorf("got %s", cmp.Diff(want, got))
	}
	lines := strings.Split(m.export(store)["Book.jsonl"], "\n")
	if want := `{"_id":"b1","_ts":5,"title":"x","author":"a1","pages":1,"at":"2024-01-01T00:00:00Z","big":9007199254740993,"rate":0,"stock":7}`; lines[0] != want {
		t.Errorf("%s", cmp.Diff(want, lines[0]))
	}
	if !strings.Contains(lines[1], `"box":{"label":"l"}`) {
		t.Errorf("%s", lines[1])
	}
}

// TestImportDangling imports references that lead nowhere, in the three ways.
func TestImportDangling(t *testing.T) {
	files := map[string]string{
		"Author.jsonl": `{"_id":"a1","name":"A","mentor":"gone"}` + "\n" + `{"_id":"a2","name":"B","mentor":"a3"}` + "\n" + `{"_id":"a3","name":"C","mentor":"a1"}` + "\n" + `{"_id":"a4","name":"D","mentor":"there"}`,
		"Book.jsonl":   `{"_id":"b1","title":"x","author":"a4","editor":"gone"}` + "\n" + `{"_id":"b2","title":"y","author":"gone"}` + "\n" + `{"_id":"b3","title":"z","author":"a2","editor":"a4"}`,
		"Shelf.jsonl":  `{"_id":"s1"}`,
		"Book_shelves.jsonl": `{"bookID":"b3","shelfID":"s1"}` + "\n" + `{"bookID":"b3","shelfID":"gone"}` + "\n" +
			`{"bookID":"b2","shelfID":"s1"}`,
	}
	kept := func(m *mover, store string) string {
		var out []string
		got := m.export(store)
		for _, name := range []string{"Author", "Book", "Book_shelves"} {
			for _, text := range strings.Split(strings.TrimSpace(got[name+".jsonl"]), "\n") {
				var d map[string]any
				if json.Unmarshal([]byte(text), &d) == nil {
					out = append(out, fmt.Sprint(d["_id"], d["bookID"], " ", d["mentor"], " ", d["author"], " ", d["editor"]))
				}
			}
		}
		return strings.ReplaceAll(strings.Join(out, "\n"), "<nil>", "-")
	}
	for _, engine := range bothEngines {
		for _, c := range []struct {
			mode, out string
			code      int
			faults    []string
			kept      string
		}{
			{"fail", "", 1, []string{"Author.jsonl:1: Author.mentor: refers", "Book.jsonl:1: Book.editor: refers", "Book.jsonl:2: Book.author: refers", "Book_shelves.jsonl:2: Book_shelves.shelfID: refers"}, "there- - - -"},
			{"null", "imported 8 rows, 0 were there already\nleft out 2 lines with a dangling reference\n2 dangling references became null\nleft out 1 faulty line\n", 0,
				[]string{"Book.jsonl:2: Book.author: refers"}, "a1- - - -\na2- a3 - -\na3- a1 - -\na4- there - -\nthere- - - -\nb1- - a4 -\nb3- - a2 a4\n-b3 - - -"},
			{"skip", "imported 2 rows, 0 were there already\nleft out 9 lines with a dangling reference\n", 0, nil, "a4- there - -\nthere- - - -"},
		} {
			t.Run(engine+"/"+c.mode, func(t *testing.T) {
				m := newMover(t)
				store := m.planted(engine, library, "Author: [ { _id: there, name: T } ]")
				dir := m.write(files)
				args := []string{"import", dir, "--store", store, "--dangling", c.mode}
				if c.mode == "null" {
					args = append(args, "--max-errors", "1")
				}
				code, out, errs := m.run(args...)
				if code != c.code || out != c.out {
					t.Errorf("%d %s", code, cmp.Diff(c.out, out))
				}
				for _, f := range c.faults {
					if !strings.Contains(errs, f) {
						t.Errorf("%s lacks %s", errs, f)
					}
				}
				if c.faults == nil && errs != "" {
					t.Errorf("faults: %s", errs)
				}
				if got := kept(m, store); got != c.kept {
					t.Errorf("kept %s", cmp.Diff(c.kept, got))
				}
			})
		}
	}
}

// TestImportKeeps never overwrites a document.
func TestImportKeeps(t *testing.T) {
	for _, engine := range bothEngines {
		t.Run(engine, func(t *testing.T) {
			m := newMover(t)
			store := m.planted(engine, library, "Author: [ { _id: a1, name: Other } ]")
			before := m.export(store)
			code, out, errs := m.run("import", m.write(map[string]string{"Author.jsonl": `{"_id":"a1","name":"s3cret"}`}), "--store", store)
			if code != 1 || !strings.Contains(errs, "Author.jsonl:1: Author.name: another document with this _id is there") || strings.Contains(out+errs, "s3cret") {
				t.Errorf("%d %s%s", code, out, errs)
			}
			if diff := cmp.Diff(before, m.export(store)); diff != "" {
				t.Errorf("it changed:\n%s", diff)
			}
		})
	}
}
