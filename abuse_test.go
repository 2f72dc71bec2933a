package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"flora.dev/flora/store/sqlite"
)

// abuses are bodies that are cheap to send. Each is to cost little, and to be
// answered with little.
func abuses() map[string]string {
	query := func(q string) string {
		b, err := json.Marshal(map[string]string{"query": q})
		if err != nil {
			panic(err)
		}
		return string(b)
	}
	repeat := func(n int, f func(i int) string) string {
		var b strings.Builder
		for i := range n {
			b.WriteString(f(i))
		}
		return b.String()
	}
	fan := func(depth int) string {
		return "{ ...f0 }" + repeat(depth, func(i int) string {
			return fmt.Sprintf(" fragment f%d on Query { ...f%d a%d: __typename ...f%d }", i, i+1, i, i+1)
		}) +
			fmt.Sprintf(" fragment f%d on Query { __typename }", depth)
	}
	nested := func(depth int) string {
		return "{ products " + strings.Repeat("{ nodes { owner { products ", depth) + "{ totalCount }" + strings.Repeat(" } } }", depth) + " }"
	}
	return map[string]string{
		"fragments that fan out 23":  query(fan(23)),
		"fragments that fan out 49":  query(fan(49)),
		"fragments that fan out 400": query(fan(400)),
		"fragments in a circle":      query("{ ...a } fragment a on Query { ...b } fragment b on Query { ...a }"),
		"aliases":                    query("{" + repeat(2_000, func(i int) string { return fmt.Sprintf(" a%d: __typename", i) }) + " }"),
		"one key many times":         query("{" + strings.Repeat(" __typename", 3_000) + " }"),
		"one list many times":        query("{" + strings.Repeat(" products { nodes { _id } }", 400) + " }"),
		"directives":                 query("{ __typename" + strings.Repeat(" @include(if: true)", 1_500) + " }"),
		"unknown directives":         query("{ __typename" + strings.Repeat(" @a", 9_000) + " }"),
		"deep":                       query(nested(12)),
		"deeper":                     query(nested(400)),
		"deep braces":                query(strings.Repeat("{ a ", 7_000)),
		"deep input":                 query("{ products(where: " + strings.Repeat("{ not: ", 2_000) + "{}" + strings.Repeat("}", 2_000) + ") { totalCount } }"),
		"deep or":                    query("{ products(where: " + strings.Repeat("{ or: [", 1_000) + "{}" + strings.Repeat("]}", 1_000) + ") { totalCount } }"),
		"wide pages":                 query("{ products(first: 1000) { nodes { owner { products(first: 1000) { nodes { owner { name } } } } } } }"),
		"unknown fields":             query("{" + repeat(4_000, func(i int) string { return fmt.Sprintf(" zz%04d", i) }) + " }"),
		"unknown arguments":          query("{ products(" + repeat(3_000, func(i int) string { return fmt.Sprintf("z%d: 1 ", i) }) + ") { totalCount } }"),
		"operations":                 query(repeat(1_500, func(i int) string { return fmt.Sprintf("query q%d { __typename } ", i) })),
		"variables":                  query("query(" + repeat(2_000, func(i int) string { return fmt.Sprintf("$v%d: Int ", i) }) + ") { __typename }"),
		"a list in a filter":         query("{ products(where: { name: { in: [" + strings.Repeat(`"a" `, 7_000) + "] } }) { totalCount } }"),
		"introspection, nested":      query("{ __schema { types " + strings.Repeat("{ fields { type ", 40) + "{ name }" + strings.Repeat(" } }", 40) + " } }"),
		"comments":                   query(strings.Repeat("#\n", 14_000) + "{ __typename }"),
		"a block string":             query(`{ findProductByID(id: """` + strings.Repeat("\n ", 14_000) + `""") { _id } }`),
		"members twice":              `{` + strings.Repeat(`"query":"{ __typename }",`, 8_000) + `"query":"{ __typename }"}`,
		"deep JSON":                  `{"query":"{ __typename }","variables":` + strings.Repeat(`{"a":`, 20_000) + "1" + strings.Repeat("}", 20_000) + `}`,
		"a list of JSON":             `{"query":"query($v: [String!]) { products(where: { name: { in: $v } }) { totalCount } }","variables":{"v":[` + strings.Repeat(`"a",`, 15_000) + `"a"]}}`,
		"a batch":                    "[" + strings.Repeat(`{"query":"{ __typename }"},`, 3_000) + `{"query":"{ __typename }"}]`,
		"a body of 255 KiB":          `{"query":"` + strings.Repeat("a ", 127<<10) + `"}`,
		"a number of 200 KiB":        `{"query":"query($v: Float) { __typename }","variables":{"v":` + strings.Repeat("9", 200<<10) + `}}`,
	}
}

// TestAbuse sends each alone, and all at once from 64 callers: what comes back
// is small, and memory stays small.
func TestAbuse(t *testing.T) {
	w := readWorld(t, "testdata/worlds/products")
	server, _ := w.serve(t, openMemory(t))
	send := func(body string) (int, string) {
		res, err := server.Client().Post(server.URL+"/graphql", "application/json", strings.NewReader(body))
		if err != nil {
			t.Error(err)
			return 0, ""
		}
		defer res.Body.Close()
		text, err := io.ReadAll(res.Body)
		if err != nil {
			t.Error(err)
		}
		return res.StatusCode, string(text)
	}
	server.Client().Transport.(*http.Transport).MaxIdleConnsPerHost = 64
	bodies := abuses()
	for name, body := range bodies {
		status, text := send(body)
		if len(text) > 64<<10 || status >= 500 || strings.Contains(text, "INTERNAL") {
			t.Errorf("%s: %d, %d bytes: %.300s", name, status, len(text), text)
		}
	}
	runtime.GC()
	var before, during runtime.MemStats
	runtime.ReadMemStats(&before)
	var wg sync.WaitGroup
	names := slices.Sorted(maps.Keys(bodies))
	for i := range 64 {
		wg.Go(func() {
			for j := i % 4; j < len(names); j += 4 {
				send(bodies[names[j]])
			}
		})
	}
	most := uint64(0)
	done := make(chan struct{})
	go func() { wg.Wait(); close(done) }()
	for running := true; running; {
		select {
		case <-done:
			running = false
		case <-time.After(20 * time.Millisecond):
			runtime.ReadMemStats(&during)
			most = max(most, during.HeapInuse)
		}
	}
	t.Logf("heap in use at most %d MiB", most>>20)
	if most > 256<<20 {
		t.Errorf("heap in use %d MiB with 64 callers", most>>20)
	}
}

// BenchmarkAbuse says what each costs in CPU, the client's part included.
func BenchmarkAbuse(b *testing.B) {
	w := readWorld(b, "testdata/worlds/products")
	db, err := sqlite.Open(b.Context(), ":memory:", sqlite.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { db.Close() })
	server, _ := w.serve(b, db)
	for name, body := range abuses() {
		b.Run(strings.ReplaceAll(name, " ", "_"), func(b *testing.B) {
			begun := cpu()
			for b.Loop() {
				res, err := server.Client().Post(server.URL+"/graphql", "application/json", strings.NewReader(body))
				if err != nil {
					b.Fatal(err)
				}
				io.Copy(io.Discard, res.Body)
				res.Body.Close()
			}
			b.ReportMetric(float64((cpu()-begun).Microseconds())/1000/float64(b.N), "cpu-ms/op")
		})
	}
}

func cpu() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
