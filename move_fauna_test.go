package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestImportFauna reads the same documents in the forms in which Fauna wrote them.
func TestImportFauna(t *testing.T) {
	v4ref := func(coll, id string) string {
		return fmt.Sprintf(`{"@ref":{"id":%q,"collection":{"@ref":{"id":%q,"collection":{"@ref":{"id":"collections"}}}}}}`, id, coll)
	}
	tagged := func(coll, id string) string { return fmt.Sprintf(`{"@ref":{"id":%q,"coll":{"@mod":%q}}}`, id, coll) }
	forms := map[string]map[string]string{
		"v4": {"dump.json": `{"ref":` + v4ref("Book", "298") + `,"ts":1600000000000001,"data":{"title":"x","author":` + v4ref("Author", "7") + `,"size":"M","pages":3,"tags":["a"],"day":{"@date":"2020-02-29"},"at":{"@ts":"2018-02-05T20:54:34.123456789Z"},"big":9007199254740993,"rate":1.5,"sold":true,"box":{"label":"l","when":{"@ts":"2020-01-01T00:00:00Z"}},"extra":{"@obj":{"@x":[1,{"@date":"2020-01-01"}]}},"stock":1}}
{"ref":` + v4ref("Author", "7") + `,"ts":1600000000000002,"data":{"name":"A","mentor":` + v4ref("Author", "7") + `}}
{"ref":` + v4ref("Shelf", "11") + `,"ts":1600000000000003,"data":{"id":"own"}}
{"ref":` + v4ref("book_shelves", "12") + `,"ts":1600000000000004,"data":{"bookID":` + v4ref("Book", "298") + `,"shelfID":` + v4ref("Shelf", "11") + `}}
`},
		"v10 tagged": {"part-00.jsonl": `{"id":"298","coll":{"@mod":"Book"},"ts":{"@time":"2020-09-13T12:26:40.000001Z"},"title":"x","author":` + tagged("Author", "7") + `,"size":"M","pages":{"@int":"3"},"tags":["a"],"day":{"@date":"2020-02-29"},"at":{"@time":"2018-02-05T20:54:34.123456789Z"},"big":{"@long":"9007199254740993"},"rate":{"@double":"1.5"},"sold":true,"box":{"label":"l","when":{"@time":"2020-01-01T00:00:00Z"}},"extra":{"@object":{"@x":[{"@int":"1"},{"@date":"2020-01-01"}]}},"stock":{"@int":"1"}}
{"@doc":{"id":"7","coll":{"@mod":"Author"},"ts":{"@time":"2020-09-13T12:26:40.000002Z"},"name":"A","mentor":` + tagged("Author", "7") + `}}
`, "part-01.jsonl": `{"id":"11","coll":{"@mod":"Shelf"},"ts":{"@time":"2020-09-13T12:26:40.000003Z"},"data":{"id":"own"}}
{"id":"12","coll":{"@mod":"Book_shelves"},"ts":{"@time":"2020-09-13T12:26:40.000004Z"},"bookID":` + tagged("Book", "298") + `,"shelfID":` + tagged("Shelf", "11") + `}`,
			"metadata_00.json": `{"doc_format":"tagged"}`},
		"v10 simple": {"part.jsonl": `{"id":"298","coll":"Book","ts":"2020-09-13T12:26:40.000001Z","title":"x","author":{"id":"7","coll":"Author"},"size":"M","pages":3,"tags":["a"],"day":"2020-02-29","at":"2018-02-05T20:54:34.123456789Z","big":9007199254740993,"rate":1.5,"sold":true,"box":{"label":"l","when":"2020-01-01T00:00:00Z"},"extra":{"@object":{"@x":[1,"2020-01-01"]}},"stock":1}
{"id":"7","coll":"Author","ts":"2020-09-13T12:26:40.000002Z","name":"A","mentor":{"id":"7","coll":"Author"}}
{"id":"11","coll":"Shelf","ts":"2020-09-13T12:26:40.000003Z","data":{"id":"own"}}
{"id":"12","coll":"Book_shelves","ts":"2020-09-13T12:26:40.000004Z","bookID":{"id":"298","coll":"Book"},"shelfID":{"id":"11","coll":"Shelf"}}`},
	}
	want := map[string]string{
		"Author.jsonl":       `{"_id":"7","_ts":1600000000000002,"name":"A","mentor":"7"}` + "\n",
		"Book.jsonl":         `{"_id":"298","_ts":1600000000000001,"title":"x","author":"7","size":"M","pages":3,"tags":["a"],"day":"2020-02-29","at":"2018-02-05T20:54:34.123456Z","big":9007199254740993,"rate":1.5,"sold":true,"box":{"label":"l","when":"2020-01-01T00:00:00Z"},"extra":{"@x":[1,"2020-01-01"]},"stock":1}` + "\n",
		"Shelf.jsonl":        `{"_id":"11","_ts":1600000000000003,"id":"own"}` + "\n",
		"Book_shelves.jsonl": `{"bookID":"298","shelfID":"11"}` + "\n",
	}
	for name, files := range forms {
		for _, engine := range bothEngines {
			t.Run(name+"/"+engine, func(t *testing.T) {
				m := newMover(t)
				store := m.planted(engine, library, "")
				m.must("import", m.write(files), "--store", store)
				if diff := cmp.Diff(want, m.export(store)); diff != "" {
					t.Errorf("-want +got:\n%s", diff)
				}
			})
		}
	}

	for _, c := range []struct{ name, line, fault string }{
		{"a reference to another collection", `{"ref":` + v4ref("Author", "8") + `,"ts":1,"data":{"name":"s3cret","mentor":` + v4ref("Book", "s3cret") + `}}`, "Author.mentor: refers to another collection than Author"},
		{"a value without a field", `{"ref":` + v4ref("Author", "8") + `,"ts":1,"data":{"name":{"@set":{"match":"s3cret"}}}}`, "Author.name: must be String"},
		{"what Fauna kept beside the data", `{"ref":` + v4ref("Author", "8") + `,"ts":1,"data":{"name":"x"},"ttl":{"@ts":"s3cret"}}`, "Author.ttl: the schema has no such field"},
		{"a collection that is not there", `{"id":"1","coll":"Paper","ts":"2020-09-13T12:26:40Z","s3cret":1}`, "the schema has no collection Paper"},
		{"a time that is none", `{"id":"1","coll":"Author","ts":"s3cret","name":"x"}`, "Author._ts: must be a number"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := newMover(t)
			store := m.planted("sqlite", library, "")
			code, out, errs := m.run("import", m.write(map[string]string{"x.jsonl": c.line}), "--store", store)
			if code != 1 || !strings.Contains(errs, "x.jsonl:1: "+c.fault) || strings.Contains(out+errs, "s3cret") {
				t.Errorf("%d %s%s", code, out, errs)
			}
		})
	}
}
