package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"flora.dev/flora/auth"
	"flora.dev/flora/graph"
	"flora.dev/flora/store"
	"flora.dev/flora/web"
	"github.com/google/go-cmp/cmp"
)

// bounded is a limit of flora.yaml with a request that just keeps it and one
// that does not. Where refused is "", the second is answered, with less.
type bounded struct {
	set         string // under limits:
	keeps, goes string // query texts, or bodies that begin with a brace and a quote
	answered    string // part of the answer to the first
	refused     string // the error of the second
	less        string // part of the answer to the second
}

func bodyOf(size int) string {
	const b = `{"query":"{ __typename }"}`
	return b + strings.Repeat(" ", size-len(b))
}

func textOf(size int) string { return "{ __typename }" + strings.Repeat(" ", size-14) }

func variablesOf(text string) string { return `{"query":"{ __typename }","variables":` + text + `}` }

var bounds = map[string]bounded{
	"body": {"1KiB", bodyOf(1024), bodyOf(1025), `"Query"`, "the body is larger than 1024 bytes", ""},
	"query": {"100", textOf(100), textOf(101), `"Query"`,
		"query text too large, in bytes: found 101, the limit is 100", ""},
	"tokens":     {"6", "{ a: __typename }", "{ a: __typename b: __typename }", `"Query"`, "too many tokens: found more, the limit is 6", ""},
	"operations": {"1", "query a { __typename }", "query a { __typename } query b { __typename }", `"Query"`, "too many operations: found 2, the limit is 1", ""},
	"fragments": {"1", "{ ...a } fragment a on Query { __typename }", "{ ...a ...b } fragment a on Query { __typename } fragment b on Query { __typename }", `"Query"`,
		"too many fragments: found 2, the limit is 1", ""},
	"aliases": {"1", "{ a: __typename }", "{ a: __typename b: __typename }", `"a":"Query"`, "too many aliases: found 2, the limit is 1", ""},
	"directives": {"1", "{ __typename @skip(if: false) }", "{ __typename @skip(if: false) @include(if: true) }", `"Query"`,
		"too many directives: found 2, the limit is 1", ""},
	"repeats":    {"1", "{ __typename __typename }", "{ __typename __typename __typename }", `"Query"`, "too many fields of one response key: found 2, the limit is 1", ""},
	"rootFields": {"1", "{ __typename }", "{ __typename me { name } }", `"Query"`, "too many root fields: found 2, the limit is 1", ""},
	"fields":     {"2", "{ me { name } }", "{ me { name sub } }", `"Ada"`, "too many selected fields: found 3, the limit is 2", ""},
	"depth": {"2", "{ me { products { nodes { name } } } }", "{ me { products { nodes { store { name } } } } }", `"Lamp"`,
		"relations nested too deep: found 3, the limit is 2", ""},
	"introspectionDepth": {"1", "{ __schema { description } }", "{ __schema { queryType { kind ofType { kind } } } }", `"__schema"`,
		"introspection nested too deep", ""},
	"cost": {"11", "{ products(first: 10) { nodes { name } } }", "{ products(first: 11) { nodes { name } } }", `"Lamp"`,
		"too many documents by estimate, ask for smaller pages with first: found 12, the limit is 11", ""},
	"pageSize":    {"1", "{ products(first: 2) { nodes { _id } } }", "{ products { nodes { _id } } }", `},{`, "", `"nodes":[{"_id":"chair"}]`},
	"maxPageSize": {"2, pageSize: 2", "{ products(first: 2) { nodes { _id } } }", "{ products(first: 3) { nodes { _id } } }", `},{`, "first of products is too large: found 3, the limit is 2", ""},
	"maxWrite": {"1", `mutation { createNotes(data: [{ text: "a" }]) { count } }`, `mutation { createNotes(data: [{ text: "a" }, { text: "b" }]) { count } }`, `"count":1`,
		"data holds 2 documents, an operation writes at most 1", ""},
	"variables": {"20", variablesOf(`{"v":"` + strings.Repeat("x", 12) + `"}`), variablesOf(`{"v":"` + strings.Repeat("x", 13) + `"}`), `"Query"`,
		"variables too large, in bytes: found 21, the limit is 20", ""},
	"variablesDepth": {"2", variablesOf(`{"v":[1]}`), variablesOf(`{"v":[[1]]}`), `"Query"`, "variables nested too deep: found 3, the limit is 2", ""},
	"errors":         {"2", "{ products { nodes { supplier b: supplier } } }", "{ products { nodes { supplier b: supplier c: supplier } } }", `"code":"FORBIDDEN"`, "", `"code":"FORBIDDEN"`},
	"denied":         {"1", "{ me { _id } products(where: { _id: { eq: \"chair\" } }) { nodes { cost } } }", "{ products(where: { _id: { eq: \"chair\" } }) { nodes { cost serial } } }", `"denied":[["products","nodes",0,"cost"]]`, "", `"denied":[["products","nodes",0,"cost"]]`},
	"response": {"100", "{ " + strings.Repeat("a", 88) + ": __typename }", "{ " + strings.Repeat("a", 89) + ": __typename }", `"Query"`,
		"response too large, in bytes: found 101, the limit is 100", ""},
}

// elsewhere are limits that no single request meets, and the tests that do.
var elsewhere = map[string]func(*testing.T){
	"rate": TestRateAndBurst, "burst": TestRateAndBurst, "concurrent": TestConcurrent,
	"deadline": TestDeadlineReachesTheStore, "drain": TestDrainInTime, "drainDelay": TestDrainInTime,
}

// TestLimits sets each limit in a configuration, and sends through a server
// what keeps it and what is one more.
func TestLimits(t *testing.T) {
	w := readWorld(t, "testdata/worlds/products")
	all := defaultLimits()
	for _, name := range all.names() {
		b, ok := bounds[name]
		if !ok {
			if elsewhere[name] == nil {
				t.Errorf("limit %s has no test", name)
			}
			continue
		}
		t.Run(name, func(t *testing.T) {
			l := limitsOf(t, name+": "+b.set)
			l.web.Rate = 0
			server, issuer := w.serveWith(t, openMemory(t), l, web.Options{Origins: web.Localhost()})
			token := mintFor(t, issuer, "ada")
			if _, got := post(t, server.URL, token, b.keeps); !strings.Contains(got, b.answered) || strings.Contains(got, "LIMIT_EXCEEDED") {
				t.Errorf("at the limit: %s, want %s", got, b.answered)
			}
			res, got := post(t, server.URL, token, b.goes)
			switch {
			case b.refused == "" && !strings.Contains(got, b.less):
				t.Errorf("beyond: %s, want %s", got, b.less)
			case b.refused != "" && (!strings.Contains(got, b.refused) || !strings.Contains(got, `"code":"LIMIT_EXCEEDED"`)):
				t.Errorf("beyond: %s, want %s", got, b.refused)
			case res.Header.Get("Access-Control-Allow-Origin") != "http://localhost:3000":
				t.Error("a page cannot read the answer")
			}
			if name == "errors" && strings.Count(got, `"message"`) != 2 {
				t.Errorf("more errors than allowed: %s", got)
			}
		})
	}
}

// limitsOf is what a configuration makes of its limits.
func limitsOf(t *testing.T, text string) limits {
	t.Helper()
	c, err := parseConfig("flora.yaml", []byte("limits: { "+text+" }"), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	return c.limits
}

func mintFor(t *testing.T, issuer *auth.DevIssuer, sub string) string {
	t.Helper()
	token, err := issuer.Mint(auth.MintRequest{Subject: sub, TTL: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	suite.secret(token)
	return token
}

// post sends a query text, or a whole body, as a page of localhost:3000.
func post(t *testing.T, base, token, text string, headers ...string) (*http.Response, string) {
	t.Helper()
	if !strings.HasPrefix(text, `{"`) {
		b, err := json.Marshal(map[string]string{"query": text})
		if err != nil {
			t.Fatal(err)
		}
		text = string(b)
	}
	r, err := http.NewRequestWithContext(t.Context(), "POST", base+"/graphql", strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Origin", "http://localhost:3000")
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(body)
}

// TestRateAndBurst counts per identity, and behind a proxy anonymous callers
// per address, whatever they write into X-Forwarded-For.
func TestRateAndBurst(t *testing.T) {
	w := readWorld(t, "testdata/worlds/products")
	now := time.Now()
	l := limitsOf(t, "rate: 1, burst: 2")
	server, issuer := w.serveWith(t, openMemory(t), l, web.Options{Origins: web.Localhost(), TrustedProxies: 1, Now: func() time.Time { return now }})
	ask := func(token string, headers ...string) int {
		res, got := post(t, server.URL, token, "{ __typename }", headers...)
		if res.StatusCode == 429 && (res.Header.Get("Retry-After") != "1" || res.Header.Get("Access-Control-Allow-Origin") == "" ||
			!strings.Contains(res.Header.Get("Access-Control-Expose-Headers"), "Retry-After") || !strings.Contains(got, "too many operations per second")) {
			t.Errorf("429 with %v %s", res.Header, got)
		}
		return res.StatusCode
	}
	const forwarded = "X-Forwarded-For"
	ada, bob := mintFor(t, issuer, "ada"), mintFor(t, issuer, "bob")
	for _, tt := range []struct {
		name    string
		token   string
		headers []string
		want    int
	}{
		{"ada", ada, nil, 200},
		{"ada, from elsewhere", ada, []string{forwarded, "203.0.113.1"}, 200},
		{"ada once more", ada, []string{forwarded, "203.0.113.2"}, 429},
		{"ada with a second token", mintFor(t, issuer, "ada"), nil, 429},
		{"bob, from where ada was", bob, []string{forwarded, "203.0.113.1"}, 200},
		{"nobody", "", []string{forwarded, "203.0.113.9"}, 200},
		{"nobody, who made up one before", "", []string{forwarded, "6.6.6.6, 203.0.113.9"}, 200},
		{"nobody, who made up two", "", []string{forwarded, "6.6.6.6", forwarded, "203.0.113.1, 203.0.113.9"}, 429},
		{"the one that was made up", "", []string{forwarded, "6.6.6.6"}, 200},
		{"a household", "", []string{forwarded, "2001:db8:1:2::1"}, 200},
		{"the same, elsewhere in it", "", []string{forwarded, "2001:db8:1:2:ffff::2"}, 200},
		{"the same, again", "", []string{forwarded, "2001:db8:1:2:3:4:5:6"}, 429},
		{"the next household", "", []string{forwarded, "2001:db8:1:3::1"}, 200},
		{"around the proxy", "", nil, 200},
		{"around the proxy, with nonsense", "", []string{forwarded, "nobody"}, 200},
		{"around the proxy, empty", "", []string{forwarded, ""}, 429},
	} {
		if got := ask(tt.token, tt.headers...); got != tt.want {
			t.Errorf("%s: %d, want %d", tt.name, got, tt.want)
		}
	}
	now = now.Add(time.Second)
	if got := ask(ada); got != 200 {
		t.Errorf("a second later: %d", got)
	}
}

// held is a store whose reads wait.
type held struct {
	store.Store
	read func(context.Context)
}

func (h held) Read(ctx context.Context, q *store.Query) (*store.Rows, error) {
	h.read(ctx)
	return h.Store.Read(ctx, q)
}

func TestConcurrent(t *testing.T) {
	w := readWorld(t, "testdata/worlds/products")
	inside, leave := make(chan bool), make(chan bool)
	db := held{openMemory(t), func(context.Context) { inside <- true; <-leave }}
	server, issuer := w.serveWith(t, db, limitsOf(t, "concurrent: 1, rate: off"), web.Options{Origins: web.Localhost()})
	ada := mintFor(t, issuer, "ada")
	first := make(chan int)
	go func() {
		res, _ := post(t, server.URL, ada, "{ products { totalCount } }")
		first <- res.StatusCode
	}()
	<-inside
	res, got := post(t, server.URL, ada, "{ __typename }")
	if res.StatusCode != 429 || res.Header.Get("Retry-After") == "" || !strings.Contains(got, "too many operations at once") {
		t.Errorf("a second at once: %d %s", res.StatusCode, got)
	}
	if res, _ := post(t, server.URL, mintFor(t, issuer, "bob"), "{ __typename }"); res.StatusCode != 200 {
		t.Errorf("another caller: %d", res.StatusCode)
	}
	leave <- true
	if got := <-first; got != 200 {
		t.Errorf("the first: %d", got)
	}
	if res, _ := post(t, server.URL, ada, "{ __typename }"); res.StatusCode != 200 {
		t.Errorf("after it: %d", res.StatusCode)
	}
}

// TestDeadlineReachesTheStore lets the time of a request pass before its
// statement runs: each engine gives up, and the client may try again.
func TestDeadlineReachesTheStore(t *testing.T) {
	w := readWorld(t, "testdata/worlds/products")
	for name, db := range map[string]store.Store{"sqlite": openMemory(t), "spanner": openEmulated(t)} {
		t.Run(name, func(t *testing.T) {
			late := true
			server, issuer := w.serveWith(t, held{db, func(ctx context.Context) {
				if late {
					<-ctx.Done()
				}
			}}, limitsOf(t, "deadline: 100ms, rate: off"), web.Options{Origins: web.Localhost()})
			token := mintFor(t, issuer, "ada")
			const query = "{ products { totalCount } }"
			if _, got := post(t, server.URL, token, query); !strings.Contains(got, `"code":"UNAVAILABLE"`) || !strings.Contains(got, "took too long") {
				t.Errorf("beyond the deadline: %s", got)
			}
			late = false
			if _, got := post(t, server.URL, token, query); name == "sqlite" && !strings.Contains(got, `"totalCount":3`) {
				t.Errorf("in time: %s", got)
			}
		})
	}
}

// expiring is a context whose deadline passes when a test says so.
type expiring struct {
	context.Context
	over chan struct{}
}

func (e expiring) Done() <-chan struct{} { return e.over }

func (e expiring) Err() error {
	select {
	case <-e.over:
		return context.DeadlineExceeded
	default:
		return nil
	}
}

// TestWarnsOfTheStore ends an operation while its statement runs: that a client
// left says nothing of the store, that it took too long does.
func TestWarnsOfTheStore(t *testing.T) {
	for name, open := range map[string]func(*testing.T) store.Store{"sqlite": openMemory, "spanner": openEmulated} {
		t.Run(name, func(t *testing.T) {
			db, log := open(t), newConsole()
			(&deployCase{Before: `type A @auth(all: "true") { n: Int }`}).begin(t, db)
			d, err := db.Deployed(t.Context(), 0)
			if err != nil {
				t.Fatal(err)
			}
			leave := func() {}
			s, err := newService(held{db, func(ctx context.Context) { leave(); <-ctx.Done() }}, d, serviceOptions{limits: defaultLimits(), log: slog.New(slog.NewTextHandler(log, nil))})
			if err != nil {
				t.Fatal(err)
			}
			for _, warnings := range []int{0, 1} {
				for what, do := range map[string]func(context.Context) string{
					"query": func(ctx context.Context) string {
						return string(s.data.Do(ctx, graph.Request{Query: "{ as { totalCount } }"}).Body)
					},
					"reload": func(ctx context.Context) string { leave(); <-ctx.Done(); return fmt.Sprint(s.reload(ctx)) },
				} {
					before := strings.Count(log.String(), "level=WARN")
					late := expiring{t.Context(), make(chan struct{})}
					ctx, end := context.WithCancel(late)
					leave = end
					if warnings > 0 {
						leave = func() { close(late.over) }
					}
					if got := do(ctx); !strings.Contains(got, "the store cannot be reached") {
						t.Errorf("%s: %s", what, got)
					}
					if n := strings.Count(log.String(), "level=WARN") - before; n != warnings {
						t.Errorf("%s, %v: %d warnings\n%s", what, ctx.Err(), n, log)
					}
					end()
				}
			}
		})
	}
}

// TestCommittedAndTooLarge writes what is too large to be answered: the client
// is told that it was written.
func TestCommittedAndTooLarge(t *testing.T) {
	w := readWorld(t, "testdata/worlds/products")
	l := limitsOf(t, "response: 100, rate: off")
	for name, db := range map[string]store.Store{"sqlite": openMemory(t), "spanner": openEmulated(t)} {
		t.Run(name, func(t *testing.T) {
			server, issuer := w.serveWith(t, db, l, web.Options{Origins: web.Localhost()})
			token := mintFor(t, issuer, "ada")
			_, got := post(t, server.URL, token, `mutation { createNote(data: { text: "`+marker+strings.Repeat("x", 100)+`" }) { text } }`)
			if !strings.Contains(got, `"LIMIT_EXCEEDED"`) || !strings.Contains(got, `"data":null`) || !strings.Contains(got, `"committed":true`) || !strings.Contains(got, `"commitTime":`) {
				t.Errorf("written and too large: %s", got)
			}
			if _, got := post(t, server.URL, token, `{ notes { totalCount } }`); !strings.Contains(got, `"totalCount":2`) {
				t.Errorf("it was not written: %s", got)
			}
			if _, got := post(t, server.URL, token, `{ notes { nodes { text } } }`); !strings.Contains(got, `"LIMIT_EXCEEDED"`) || strings.Contains(got, "committed") {
				t.Errorf("a query: %s", got)
			}
		})
	}
}

// TestLimitsAreDocumented compares the table of docs/operations.md with the code.
func TestLimitsAreDocumented(t *testing.T) {
	page, err := os.ReadFile("docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, m := range regexp.MustCompile("(?m)^\\| `([a-zA-Z]+)` \\| ([^|]+) \\| [^|]+ \\|$").FindAllSubmatch(page, -1) {
		got[string(m[1])] = string(bytes.TrimSpace(m[2]))
	}
	l := defaultLimits()
	want := map[string]string{"cost": grouped(int(l.graph.Cost))}
	for name, n := range l.counts() {
		want[name] = grouped(*n)
	}
	for name, d := range l.times() {
		want[name] = d.String()
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("docs/operations.md (-code +page):\n%s", diff)
	}
	if names := l.names(); !slices.IsSorted(names) || len(names) != len(want) {
		t.Errorf("names %v", names)
	}
}

// grouped writes a number as the page does: sizes in KiB and MiB, thousands
// with a comma.
func grouped(n int) string {
	switch {
	case n >= 1<<20 && n%(1<<20) == 0:
		return fmt.Sprintf("%d MiB", n>>20)
	case n >= 1<<10 && n%(1<<10) == 0:
		return fmt.Sprintf("%d KiB", n>>10)
	case n >= 1000:
		return fmt.Sprintf("%d,%03d", n/1000, n%1000)
	}
	return fmt.Sprint(n)
}
