package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"
)

var briefQueries = flag.Int("brief.queries", 40, "random queries per world that are asked on both ways")

// TestBriefWay asks random queries again and again, each by many callers and
// with many values of its variables, of two servers over one store. One of them
// plans every query anew, the other keeps plans: status, headers and
// body are the same bytes, and most answers come from plans that somebody else's
// request made.
func TestBriefWay(t *testing.T) {
	all := []*world{claimsWorld()}
	for _, dir := range worlds(t) {
		all = append(all, readWorld(t, dir))
	}
	for _, w := range all {
		t.Run(w.name, func(t *testing.T) {
			for engine, queries := range map[string]int{"sqlite": *briefQueries, "spanner": *briefQueries / 8} {
				t.Run(engine, func(t *testing.T) {
					open := openMemory
					if engine == "spanner" {
						open = openEmulated
					}
					b := w.bothWays(t, open(t))
					rand := rand.New(rand.NewPCG(*randomSeed, 7))
					b.askAround(t, rand, queries, w)
					b.judge(t)
					b.turnPages(t, rand)
				})
			}
		})
	}
}

// send asks on one way.
func (b *ways) send(way int, c *briefCaller, body []byte) reply {
	r := httptest.NewRequest(http.MethodPost, "http://api.flora.dev/graphql", bytes.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	w := httptest.NewRecorder()
	b.handlers[way].ServeHTTP(w, r)
	return replyOf(w)
}

// ask asks on both ways; the answers must be the same.
func (b *ways) ask(t testing.TB, c *briefCaller, body []byte) string {
	t.Helper()
	return b.askBoth(t, c, body).body
}

func (b *ways) askBoth(t testing.TB, c *briefCaller, body []byte) reply {
	t.Helper()
	plain, brief := b.send(0, c, body), b.send(1, c, body)
	if plain != brief {
		t.Fatalf("%s %q %v %v asks %s\nplanned  %v\nkept     %v", c.issuer, c.Subject, c.Roles, c.Claims, body, plain, brief)
	}
	b.asked++
	if !strings.Contains(plain.body, `"errors"`) {
		b.clean++
	}
	return plain
}

func (q *randomQuery) body(t testing.TB, g *queries) []byte {
	t.Helper()
	body, err := json.Marshal(map[string]any{"query": q.text, "operationName": q.operation, "variables": q.values(g)})
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// askAround asks each query eight times, with two values of its variables, in
// any order, by any caller.
func (b *ways) askAround(t *testing.T, r *rand.Rand, n int, w *world) {
	t.Helper()
	g := &queries{Rand: r, schema: b.model.API.AST}
	var ids []string
	for _, m := range regexp.MustCompile(`_id: ([\w-]+)`).FindAllStringSubmatch(string(w.seed), -1) {
		ids = append(ids, `"`+m[1]+`"`)
	}
	for left := n; left > 0; left -= 10 {
		var all [][]byte
		for range min(left, 10) {
			q := g.open(ids)
			for range 2 {
				body := q.body(t, g)
				all = append(all, body, body, body, body)
			}
		}
		r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		for _, body := range all {
			b.ask(t, b.callers[r.IntN(len(b.callers))], body)
		}
	}
}

// turnPages goes on from the cursors of each list, as their caller and as
// another one, whom they must be refused.
func (b *ways) turnPages(t *testing.T, r *rand.Rand) {
	t.Helper()
	pages, refused := 0, 0
	for _, f := range b.model.API.AST.Query.Fields {
		if !strings.HasSuffix(f.Type.Name(), "Connection") {
			continue
		}
		first := fmt.Sprintf("{ x: %s(first: 1) { totalCount pageInfo { startCursor endCursor hasNextPage } edges { cursor node { _id } } } }", f.Name)
		for _, at := range r.Perm(len(b.callers))[:min(len(b.callers), 8)] {
			c := b.callers[at]
			text, err := json.Marshal(map[string]string{"query": first})
			if err != nil {
				t.Fatal(err)
			}
			var page struct {
				Data struct {
					X struct{ PageInfo struct{ EndCursor string } }
				}
			}
			if err := json.Unmarshal([]byte(b.ask(t, c, text)), &page); err != nil {
				t.Fatal(err)
			}
			cursor := page.Data.X.PageInfo.EndCursor
			if cursor == "" {
				continue
			}
			next := fmt.Sprintf("query($c: String) { x: %s(first: 1, after: $c) { pageInfo { startCursor endCursor hasPreviousPage } nodes { _id } } }", f.Name)
			if r.IntN(2) == 0 {
				next = strings.Replace(strings.Replace(next, "query($c: String)", "", 1), "$c", `"`+cursor+`"`, 1)
			}
			if text, err = json.Marshal(map[string]any{"query": next, "variables": map[string]string{"c": cursor}}); err != nil {
				t.Fatal(err)
			}
			for range 3 {
				if got := b.ask(t, c, text); strings.Contains(got, "is no cursor") {
					t.Errorf("%s: a cursor is refused to its caller: %s", f.Name, got)
				}
				pages++
				other := b.callers[r.IntN(len(b.callers))]
				if other.issuer == c.issuer && other.Subject == c.Subject {
					continue
				}
				if got := b.ask(t, other, text); !strings.Contains(got, "is no cursor of this list and order for this caller") {
					t.Errorf("%s: a cursor of %q is good for %q: %s", f.Name, c.Subject, other.Subject, got)
				}
				refused++
			}
		}
	}
	if pages == 0 || refused == 0 {
		t.Errorf("%d pages were turned, %d cursors of others tried", pages, refused)
	}
}

// judge requires that the test was about something.
func (b *ways) judge(t *testing.T) {
	t.Helper()
	t.Logf("%d asked, %d answered without errors, %d from plans, %d of them from plans of others", b.asked, b.clean, b.kept.answered, b.kept.shared)
	if b.asked < 30 || t.Failed() {
		return
	}
	few := 4*b.kept.answered < 3*b.clean || 5*b.kept.shared < 2*b.clean
	if b.asked < 100 { // each query is new once, to each kind of caller
		few = 2*b.kept.answered < b.clean || b.kept.shared == 0
	}
	if few {
		t.Error("too few answers come from plans")
	}
	if text := b.log.String(); strings.Contains(text, "is not kept") {
		t.Errorf("plans differed from those of their callers:\n%s", text)
	}
}

// TestBriefRace has many callers ask the same new queries at once while versions
// are published: each has his own answer.
func TestBriefRace(t *testing.T) {
	w := readWorld(t, "testdata/worlds/blog")
	b := w.bothWays(t, openMemory(t))
	g := &queries{Rand: rand.New(rand.NewPCG(*randomSeed, 8)), schema: b.model.API.AST}
	type question struct {
		body []byte
		want []reply // by caller
	}
	callers := b.callers[:min(len(b.callers), 12)]
	var all []question
	for len(all) < 24 {
		q := question{body: g.open([]string{`"p1"`, `"p2"`, `"ada"`}).body(t, g)}
		clean := 0
		for _, c := range callers {
			r := b.send(0, c, q.body)
			q.want = append(q.want, r)
			if !strings.Contains(r.body, `"errors"`) {
				clean++
			}
		}
		if clean > 0 {
			all = append(all, q)
		}
	}
	var asking sync.WaitGroup
	for n := range 6 {
		asking.Go(func() {
			for i := range 4 * len(all) {
				q := all[i/4]
				at := (n + i) % len(callers)
				if got := b.send(1, callers[at], q.body); got != q.want[at] {
					t.Errorf("%q asks %s\nplanned %v\nkept    %v", callers[at].Subject, q.body, q.want[at], got)
				}
			}
		})
	}
	asking.Go(func() {
		for range 20 {
			version := *b.version
			b.keeping.Publish(&version)
			b.send(1, callers[0], all[0].body)
		}
	})
	asking.Wait()
	if b.kept.answered < 100 || b.kept.shared < 50 {
		t.Errorf("%d answers are from plans, %d from those of others", b.kept.answered, b.kept.shared)
	}
}

// TestBriefFlood asks queries that are never asked again, and one query with
// values that are never given again: what is kept of them is bounded.
func TestBriefFlood(t *testing.T) {
	if testing.Short() {
		t.Skip("sends thousands of requests")
	}
	w := readWorld(t, "testdata/worlds/blog")
	b := w.bothWays(t, openMemory(t))
	heap := func() int {
		var m runtime.MemStats
		runtime.GC()
		runtime.GC()
		runtime.ReadMemStats(&m)
		return int(m.HeapAlloc)
	}
	flood := func(n int) {
		for i := range n {
			text := fmt.Sprintf("{ a%d: posts(first: 1) { nodes { _id title author { name } } } }", i)
			if i%2 == 0 {
				text = "query($t: String) { posts(first: 1, where: {title: {eq: $t}}) { nodes { _id } } }"
			}
			body, err := json.Marshal(map[string]any{"query": text, "variables": map[string]string{"t": fmt.Sprint(i)}})
			if err != nil {
				t.Fatal(err)
			}
			for range 2 {
				b.send(1, b.callers[i%4], body)
			}
		}
	}
	flood(3000)
	clear(b.kept.used)
	before := heap()
	flood(9000)
	answered := b.kept.answered
	clear(b.kept.used)
	if grown := heap() - before; grown > 32<<20 || answered < 9000 {
		t.Errorf("the heap grew by %d MiB after %d answers from plans", grown>>20, answered)
	}
}
