package main

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"flora.dev/flora/store/sqlite"
	"github.com/goccy/go-yaml"
)

// FuzzBrief sends bodies as they are to a server that keeps plans and to one that
// does not, by two callers in turn: status, headers and body are the same
// bytes. The store takes no writes.
func FuzzBrief(f *testing.F) {
	dirs := worlds(f)
	for i, dir := range dirs {
		for _, body := range briefSeeds(f, dir) {
			f.Add(uint8(i), uint8(1), uint8(0), body)
		}
	}
	for _, body := range []string{
		`{"query":"{ __typename }","query":"{ __typename }"}`, `{"query":"{ __typename }","variables":{"a":1,"a":2}}`, `{"query":"query($i: ID!) { findPostByID(id: $i) { title } }","variables":{"i":"p1","i":"p2"}}`,
		`{"query":"query($i: ID!) { findPostByID(id: $i) { title } }","variables":{"i":1}}`, `{"query":"query($i: ID!) { findPostByID(id: $i) { title } }","variables":{"i":"\u0070\u0031"}}`,
		`{"query":"query($i: ID!) { findPostByID(id: $i) { title } }","variables":{"i":"\ud800"}}`, "{\"query\":\"query($i: ID!) { findPostByID(id: $i) { title } }\",\"variables\":{\"i\":\"\xff\"}}",
		`{"query":"query($i: ID!) { findPostByID(id: $i) { title } }","variables":{"i":""}}`, `{"query":"query($i: ID!) { findPostByID(id: $i) { title } }","variables":{"i":null}}`, `{"query":"query($i: ID!) { findPostByID(id: $i) { title } }"}`,
		`{"query":"query($i: ID!, $j: ID!) { a: findPostByID(id: $i) { title } b: findPostByID(id: $j) { _id } }","variables":{"i":"p1","j":"p1","k":0}}`,
		`{"query":"query A($n: Int) { posts(first: $n) { totalCount } } query B($m: Int) { posts(first: $m) { totalCount } }","operationName":"A","variables":{"n":1,"m":1}}`,
		`{"query":"query A($n: Int) { posts(first: $n) { totalCount } } query B($m: Int) { posts(first: $m) { totalCount } }","operationName":"A","variables":{"n":1,"m":9000}}`,
		`{"query":"query A($n: Int) { posts(first: $n) { totalCount } } query B($m: Int) { posts(first: $m) { totalCount } }","operationName":"A","variables":{"n":1.0,"m":-1}}`,
		`{"query":"query($n: Int = 2) { posts(first: $n) { nodes { _id } } }","variables":{"n":null}}`, `{"query":"query($n: Int = 2) { posts(first: $n) { nodes { _id } } }","variables":{"n":1e0}}`,
		`{"query":"query($s: Boolean!) { posts { totalCount @skip(if: $s) } __schema @skip(if: $s) { queryType { name } } }","variables":{"s":true}}`,
		`{"query":"query($w: PostWhereInput) { posts(where: $w) { totalCount nodes { author { name } } } }","variables":{"w":{"title":{"startsWith":"a\u0000"}}}}`,
		`{"query":"query($w: PostWhereInput) { posts(where: $w) { totalCount } }","variables":{"w":{"or":[]}}}`, `{"query":"{ posts { pageInfo { endCursor } edges { cursor node { _can { update delete fields { name read update } } } } } }"}`,
		`{"query":"{ me { name } } query Two { __typename }","operationName":"Two"}`, `{"query":"","variables":null}`, `{"query":null}`, `[]`, `{"operationName":"\n","query":"query A { __typename }"}`,
		`{"query":"query A { __typename }","operationName":null,"extensions":{"persistedQuery":{"version":1}}}`,
	} {
		f.Add(uint8(1), uint8(1), uint8(2), []byte(body))
	}
	all := make([]*ways, len(dirs))
	for i, dir := range dirs {
		db, err := sqlite.Open(f.Context(), sqlite.Memory, sqlite.Options{Readers: 1})
		if err != nil {
			f.Fatal(err)
		}
		f.Cleanup(func() { db.Close() })
		all[i] = readWorld(f, dir).bothWays(f, db)
	}
	f.Fuzz(func(t *testing.T, world, one, two uint8, body []byte) {
		b := all[int(world)%len(all)]
		for _, n := range []uint8{one, two, one} {
			b.ask(t, b.callers[int(n)%len(b.callers)], body)
		}
		if text := b.log.String(); strings.Contains(text, "is not kept") {
			t.Errorf("a plan differed from that of its caller:\n%s", text)
		}
		b.log.Reset()
	})
}

// briefSeeds are some of the queries that a world's cases send.
func briefSeeds(t testing.TB, dir string) (bodies [][]byte) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "cases", "*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for steps := yaml.NewDecoder(bytes.NewReader(text)); ; {
			var r request
			if steps.Decode(&r) != nil {
				break
			}
			body := []byte(r.Body)
			if r.Body == "" {
				if body, err = json.Marshal(map[string]any{"query": r.Operation, "variables": r.Variables, "operationName": r.Name}); err != nil {
					t.Fatal(err)
				}
			}
			if !r.Control && len(body) < 1000 && !bytes.Contains(body, []byte("mutation")) {
				bodies = append(bodies, body)
			}
		}
	}
	rand.New(rand.NewPCG(1, 1)).Shuffle(len(bodies), func(i, j int) { bodies[i], bodies[j] = bodies[j], bodies[i] })
	return bodies[:min(len(bodies), 20)]
}
