package main

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
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

// ways are two servers over one store: the second keeps plans, the first has none.
type ways struct {
	handlers [2]http.Handler
	version  *graph.Version
	keeping  *graph.Executor
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
	wrote    int // mutations, by a plan
	shared   int // of them, those by a plan that another caller used before
	used     map[graph.Prepared]string
}

func (k *keeper) Query(ctx context.Context, v *graph.Version, op *graph.Operation) (*graph.Answer, error) {
	k.mu.Lock()
	k.planned++
	k.mu.Unlock()
	return k.Resolvers.Query(ctx, v, op)
}

type keptPlans struct {
	graph.Prepared
	by       *keeper
	mutation bool
}

func (k *keeper) Prepare(v *graph.Version, op *graph.Operation, grow func()) graph.Prepared {
	p := k.Resolvers.Prepare(v, op, grow)
	if p == nil {
		return nil
	}
	return keptPlans{p, k, op.Mutation}
}

func (q keptPlans) Answer(ctx context.Context, variables []any) (*graph.Answer, error) {
	answer, err := q.Prepared.Answer(ctx, variables)
	who := "nobody"
	if id := auth.From(ctx); id != nil {
		who = fmt.Sprint(id.Issuer, id.Subject, id.Claims)
	}
	q.by.mu.Lock()
	defer q.by.mu.Unlock()
	if before := q.by.used[q.Prepared]; err == nil && before != "" && before != who && !q.mutation {
		q.by.shared++
	}
	switch {
	case err == nil && q.mutation:
		q.by.wrote++
	case err == nil:
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
	only := readOnly{db}
	return w.serveWays(t, d, model, [2]store.Store{only, only}, func(int, *resolvers.Options) {})
}

// serveBoth serves a copy of the world in each store.
func (w *world) serveBoth(t testing.TB, stores [2]store.Store, options func(way int, o *resolvers.Options)) *ways {
	t.Helper()
	w.deploy(t, stores[0])
	d, model := w.deploy(t, stores[1])
	return w.serveWays(t, d, model, stores, options)
}

func (w *world) serveWays(t testing.TB, d *store.Deployment, model *schema.Schema, stores [2]store.Store, options func(way int, o *resolvers.Options)) *ways {
	t.Helper()
	suite.know(w.sdl, w.seed)
	b := &ways{model: model, log: &suiteLines{}}
	log := slog.New(slog.NewJSONHandler(b.log, &slog.HandlerOptions{Level: slog.LevelError}))
	issuers, providers := twoIssuers(t)
	providers[0].Vouches, b.issuers = []string{"number"}, issuers
	claim := []resolvers.Grant{{Claim: auth.RolesClaim}}
	limits := defaultLimits()
	limits.web.Rate = 0
	for i := range b.handlers {
		o := resolvers.Options{Log: log, Grants: map[string][]resolvers.Grant{"dev": claim, "partner": claim}, Now: func() time.Time { return worldNow }}
		options(i, &o)
		res, err := resolvers.New(stores[i], bytes.Repeat([]byte{7}, 32), o)
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
		b.version, b.keeping = &graph.Version{Number: d.Version, Schema: model}, executor
		executor.Publish(b.version)
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
		"teams": {[]any{"red"}, []any{"blue", "red"}, []any{}, []any{"red", 5}, "red", nil}, "barred": {[]any{"red"}, []any{"blue"}, []any{}, []any{"blue", true}, []any{nil}, "blue"},
		"https://clinic.example/roles": {[]any{"billing"}, []any{"audit", "billing"}, []any{"audit", 1}, []any{}, "billing"},
	}
)

// claimsWorld has rules that hold documents against lists in the token, which may
// be empty or hold what is no text.
func claimsWorld() *world {
	return &world{name: "claims", sdl: []byte(`type Paper @auth(read: "doc.team in CurrentToken().teams || !(doc.team in CurrentToken().barred) || doc.sub == CurrentIdentity()") {
  sub: String
  team: String
  org: String @auth(read: "CurrentToken().org in doc.orgs")
  orgs: [String!]
  level: Int @auth(read: "doc.level < CurrentToken().clearance && CurrentToken().clearance > 2")
}
`), seed: []byte(`Paper:
  - { _id: p1, sub: ada, team: red, org: acme, orgs: [acme], level: 1 }
  - { _id: p2, sub: bob, team: blue, org: bolt, orgs: [bolt, acme], level: 3 }
  - { _id: p3, sub: eve, team: green, orgs: [], level: 5 }
  - { _id: p4, sub: ada }
`)}
}

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
