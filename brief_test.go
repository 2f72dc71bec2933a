package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"flora.dev/flora/auth"
	"flora.dev/flora/graph"
	"flora.dev/flora/resolvers"
	"flora.dev/flora/schema"
	"flora.dev/flora/store"
	"flora.dev/flora/web"
)

var briefQueries = flag.Int("brief.queries", 40, "random queries per world that are asked on both ways")

// TestBriefWay asks random queries again and again, each by many callers and
// with many values of its variables, of two servers over one store. One of them
// plans every query anew, the other keeps plans: status, headers and
// body are the same bytes, and most answers come from plans that somebody else's
// request made.
func TestBriefWay(t *testing.T) {
	for _, dir := range worlds(t) {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			for engine, queries := range map[string]int{"sqlite": *briefQueries, "spanner": *briefQueries / 8} {
				t.Run(engine, func(t *testing.T) {
					open := openMemory
					if engine == "spanner" {
						open = openEmulated
					}
					w := readWorld(t, dir)
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

// ways are two servers over one store: the first keeps plans, the second has none.
type ways struct {
	handlers [2]http.Handler
	model    *schema.Schema
	issuers  map[string]*auth.DevIssuer
	callers  []*briefCaller
	kept     *keeper
	log      *suiteLines
	asked    int
	clean    int // answers without an error
}

// briefCaller is who asks.
type briefCaller struct {
	auth.MintRequest
	issuer string // "" for nobody
	token  string
}

// keeper counts what is answered from plans.
type keeper struct {
	*resolvers.Resolvers
	mu       sync.Mutex
	planned  int // for one request
	answered int // from a plan
	shared   int // of them, those by a plan that another caller used before
	used     map[graph.Prepared]string
}

func (k *keeper) Query(ctx context.Context, v *graph.Version, op *graph.Operation) (*graph.Answer, error) {
	k.mu.Lock()
	k.planned++
	k.mu.Unlock()
	return k.Resolvers.Query(ctx, v, op)
}

type keptQuery struct {
	graph.Prepared
	by *keeper
}

func (k *keeper) Prepare(v *graph.Version, op *graph.Operation, grow func()) graph.Prepared {
	p := k.Resolvers.Prepare(v, op, grow)
	if p == nil {
		return nil
	}
	return keptQuery{p, k}
}

func (q keptQuery) Query(ctx context.Context, variables []any) (*graph.Answer, error) {
	answer, err := q.Prepared.Query(ctx, variables)
	who := "nobody"
	if id := auth.From(ctx); id != nil {
		who = fmt.Sprint(id.Issuer, id.Subject, id.Claims)
	}
	q.by.mu.Lock()
	defer q.by.mu.Unlock()
	if before := q.by.used[q.Prepared]; err == nil && before != "" && before != who {
		q.by.shared++
	}
	if err == nil {
		q.by.answered++
		q.by.used[q.Prepared] = who
	}
	return answer, err
}

// suiteLines is a log for the suite that is kept as well.
type suiteLines struct {
	mu sync.Mutex
	bytes.Buffer
}

func (l *suiteLines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	suite.Write(b)
	return l.Buffer.Write(b)
}

// readOnly is a store that writes nothing: both ways stay alike.
type readOnly struct{ store.Store }

func (readOnly) Write(context.Context, *store.Mutation) (*store.Outcome, error) {
	return nil, store.ErrUnavailable
}

// bothWays serves the world twice.
func (w *world) bothWays(t testing.TB, db store.Store) *ways {
	t.Helper()
	d, model := w.deploy(t, db)
	suite.know(w.sdl, w.seed)
	b := &ways{model: model, log: &suiteLines{}}
	log := slog.New(slog.NewJSONHandler(b.log, &slog.HandlerOptions{Level: slog.LevelError}))
	issuers, providers := twoIssuers(t)
	providers[0].Vouches, b.issuers = []string{"number"}, issuers
	claim := []resolvers.Grant{{Claim: auth.RolesClaim}}
	limits := defaultLimits()
	limits.web.Rate = 0
	for i := range b.handlers {
		res, err := resolvers.New(readOnly{db}, bytes.Repeat([]byte{7}, 32), resolvers.Options{Log: log,
			Grants: map[string][]resolvers.Grant{"dev": claim, "partner": claim}, Now: func() time.Time { return worldNow }})
		if err != nil {
			t.Fatal(err)
		}
		b.kept = &keeper{Resolvers: res, used: map[graph.Prepared]string{}}
		way := graph.Resolver(b.kept)
		if i == 0 { // it has no Prepare
			way = struct{ graph.Resolver }{res}
		}
		verifier, err := auth.NewVerifier(providers, auth.Options{DevIssuer: issuers["dev"], InsecureLoopback: true, Logger: log})
		if err != nil {
			t.Fatal(err)
		}
		executor := graph.NewExecutor(graph.Options{Resolver: way, Limits: limits.graph, Logger: log, Introspection: true})
		executor.Publish(&graph.Version{Number: d.Version, Schema: model})
		b.handlers[i] = web.New(web.Options{Data: &web.Endpoint{Verifier: verifier, Executor: executor}, Limits: limits.web})
	}
	b.callers = w.callers(t, issuers)
	return b
}

var (
	namedRole  = regexp.MustCompile(`HasRole\('([^']+)'\)|role: "([^"]+)"`)
	claimPools = map[string][]any{
		"city": {"Oslo", "Bonn", 7, nil}, "org": {"acme", "bolt", []any{"acme"}, nil}, "clearance": {2, 5, "2", 2.5},
		"scopes": {[]any{"write"}, []any{}, []any{"read", 7}, []any{7}, "write", nil}, "hand": {"left", "right", ""}, "number": {"N11", "N12", 42},
		"https://clinic.example/roles": {[]any{"billing"}, []any{"audit", "billing"}, []any{"audit", 1}, []any{}, "billing"},
	}
)

// callers are nobody, each user of the seed by one issuer and by the other, and
// users with roles and claims of all kinds.
func (w *world) callers(t testing.TB, issuers map[string]*auth.DevIssuer) []*briefCaller {
	r := rand.New(rand.NewPCG(9, 9))
	out := []*briefCaller{{}}
	var roles []string
	for _, m := range namedRole.FindAllStringSubmatch(string(w.sdl), -1) {
		roles = append(roles, m[1]+m[2])
	}
	for i, sub := range append(subjects(w), "someone", "42") {
		out = append(out, &briefCaller{issuer: "dev", MintRequest: auth.MintRequest{Subject: sub}})
		if i%3 == 0 {
			out = append(out, &briefCaller{issuer: "partner", MintRequest: auth.MintRequest{Subject: sub}})
		}
		for range 3 {
			c := &briefCaller{issuer: "dev", MintRequest: auth.MintRequest{Subject: sub, Claims: map[string]any{}}}
			for _, role := range roles {
				if r.IntN(3) == 0 && !slices.Contains(c.Roles, role) {
					c.Roles = append(c.Roles, role)
				}
			}
			for name, pool := range claimPools {
				if strings.Contains(string(w.sdl), name) && r.IntN(3) > 0 {
					c.Claims[name] = pool[r.IntN(len(pool))]
				}
			}
			out = append(out, c)
		}
	}
	for _, c := range out {
		if c.issuer == "" {
			continue
		}
		c.TTL = 24 * time.Hour
		var err error
		if c.token, err = issuers[c.issuer].Mint(c.MintRequest); err != nil {
			t.Fatal(err)
		}
		suite.secret(c.token)
	}
	return out
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
	plain, brief := b.send(0, c, body), b.send(1, c, body)
	if plain != brief {
		t.Fatalf("%s %q %v %v asks %s\nplanned  %v\nkept     %v", c.issuer, c.Subject, c.Roles, c.Claims, body, plain, brief)
	}
	b.asked++
	if !strings.Contains(plain.body, `"errors"`) {
		b.clean++
	}
	return plain.body
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
	if 4*b.kept.answered < 3*b.clean || 5*b.kept.shared < 2*b.clean {
		t.Error("too few answers come from plans")
	}
	if text := b.log.String(); strings.Contains(text, "is not kept") {
		t.Errorf("plans differed from those of their callers:\n%s", text)
	}
}
