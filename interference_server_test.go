package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"flora.dev/flora/auth"
	"flora.dev/flora/graph"
	"flora.dev/flora/resolvers"
	"flora.dev/flora/schema"
	"flora.dev/flora/store"
	"flora.dev/flora/web"
)

// arena is what all servers of one run have in common and none can change.
type arena struct {
	schema     *refSchema
	model      *schema.Schema
	issuers    map[string]*auth.DevIssuer // by name of the provider
	providers  []auth.Provider
	tokens     map[string]string          // minted, by caller
	steps      int                        // requests of its caller that a case has, at most
	open       func(side int) store.Store // an empty store, or one that was used before
	unenforced string                     // a rule that nothing enforces and the loader takes
	wipe       func(side int) error       // deletes all documents of a store that was used; nil: by its own means
}

const arenaAudience = "https://api.flora.dev"

func newArena(t *testing.T, s *refSchema, open func(side int) store.Store) *arena {
	t.Helper()
	sdl, err := os.ReadFile(filepath.Join("testdata/interference", s.name+".graphql"))
	if err != nil {
		t.Fatal(err)
	}
	b := &arena{schema: s, tokens: map[string]string{}, steps: 6, open: open}
	if b.model, err = schema.Load(s.name+".graphql", sdl); err != nil {
		t.Fatal(err)
	}
	for _, change := range s.refused {
		if _, err := schema.Load(s.name+".graphql", bytes.Replace(sdl, []byte(change[0]), []byte(change[1]), 1)); err == nil {
			b.unenforced = change[1]
		}
	}
	b.issuers, b.providers = twoIssuers(t)
	return b
}

// twoIssuers are the providers of two issuers, dev and partner: subjects of the
// second have a prefix.
func twoIssuers(t testing.TB) (map[string]*auth.DevIssuer, []auth.Provider) {
	t.Helper()
	dir, issuers := t.TempDir(), map[string]*auth.DevIssuer{}
	for name, url := range map[string]string{"dev": "http://127.0.0.1/dev/issuer/", "partner": "http://127.0.0.2/dev/issuer/"} {
		issuer, err := auth.OpenDevIssuer(filepath.Join(dir, name), url, arenaAudience, time.Now)
		if err != nil {
			t.Fatal(err)
		}
		issuers[name] = issuer
	}
	w := httptest.NewRecorder()
	issuers["partner"].Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "http://127.0.0.1/dev/issuer/.well-known/jwks.json", nil))
	partner := issuers["partner"].Provider()
	partner.Name, partner.JWKS, partner.SubjectPrefix = "partner", filepath.Join(dir, "partner.jwks"), "partner|"
	if err := os.WriteFile(partner.JWKS, w.Body.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return issuers, []auth.Provider{issuers["dev"].Provider(), partner}
}

// token is the caller's bearer token, "" for the anonymous.
func (b *arena) token(t *testing.T, c *refCaller) string {
	t.Helper()
	if !c.signedIn {
		return ""
	}
	key := fmt.Sprint(c.provider, c.sub, c.roles, c.claims)
	if b.tokens[key] == "" {
		token, err := b.issuers[c.provider].Mint(auth.MintRequest{Subject: c.sub, Roles: c.roles, Claims: c.claims, TTL: 24 * time.Hour})
		if err != nil {
			t.Fatal(err)
		}
		b.tokens[key] = token
	}
	return b.tokens[key]
}

// instance is one fresh server over one fresh store.
type instance struct {
	*arena
	db      store.Store
	version int64
	handler http.Handler
	now     time.Time
	ids     func() string
	log     bytes.Buffer // errors that the client is not told
	plans   *keeper
	serves  *graph.Executor
	twice   bool // queries are asked twice, and mutations known before they are asked
}

// start serves the documents alone. A store that was used before keeps its
// deployed schema and loses its documents.
func (b *arena) start(t *testing.T, side int, docs refState) *instance {
	t.Helper()
	in := &instance{arena: b, db: b.open(side)}
	d, err := in.db.Deployed(t.Context(), 0)
	if errors.Is(err, store.ErrNoSchema) {
		diff := schema.Diff(nil, b.model, time.Now())
		d, err = in.db.Deploy(t.Context(), &store.Migration{SDL: b.model.SDL, Steps: diff.Steps})
	}
	if err != nil {
		t.Fatal(err)
	}
	in.version = d.Version
	if b.wipe == nil {
		in.clear(t)
	} else if err := b.wipe(side); err != nil {
		t.Fatal(err)
	}
	in.plant(t, docs)
	log := slog.New(slog.NewTextHandler(&in.log, &slog.HandlerOptions{Level: slog.LevelError}))
	limits := defaultLimits()
	claim := []resolvers.Grant{{Claim: auth.RolesClaim}}
	res, err := resolvers.New(in.db, bytes.Repeat([]byte{7}, 32), resolvers.Options{Log: log,
		Grants: map[string][]resolvers.Grant{"dev": claim, "partner": claim},
		Now:    func() time.Time { return in.now }, NewID: func() string { return in.ids() },
	})
	if err != nil {
		t.Fatal(err)
	}
	in.plans = &keeper{Resolvers: res, used: map[graph.Prepared]string{}}
	executor := graph.NewExecutor(graph.Options{Resolver: in.plans, Limits: limits.graph, Logger: log})
	executor.Publish(&graph.Version{Number: d.Version, Schema: b.model})
	in.serves = executor
	verifier, err := auth.NewVerifier(b.providers,
		auth.Options{DevIssuer: b.issuers["dev"], InsecureLoopback: true, Logger: log})
	if err != nil {
		t.Fatal(err)
	}
	limits.web.Rate = 0
	in.handler = web.New(web.Options{Data: &web.Endpoint{Verifier: verifier, Executor: executor}, Limits: limits.web})
	return in
}

// reply is what a client can see of an answer.
type reply struct {
	status  int
	headers string
	body    string // requestId and commitTime masked
	wrote   bool   // it has a commitTime
}

// tooLarge reports whether the request is refused for its size alone, which the
// reference does not measure.
func (r reply) tooLarge() bool { return strings.Contains(r.body, `"code":"LIMIT_EXCEEDED"`) }

// tooSlow reports whether the emulator took more time than a request has: it
// runs a subquery again for each row.
func (r reply) tooSlow() bool { return strings.Contains(r.body, `"code":"UNAVAILABLE"`) }

// send asks at a time. A query that is asked twice is answered alike: what the
// second answer is made of may be a plan of before, of another caller's too. What a
// mutation does may be such a plan where its text was seen before.
func (in *instance) send(t *testing.T, o *operation, step int) reply {
	t.Helper()
	if o.mutation && in.twice && o.retry == "" {
		variables, err := json.Marshal(o.vars)
		if err != nil {
			t.Fatal(err)
		}
		in.serves.Do(t.Context(), graph.Request{Query: o.text, Variables: variables, ReadOnly: true})
	}
	first := in.ask(t, o, step)
	if o.mutation || !in.twice || in.wipe != nil && first.tooSlow() {
		return first
	}
	if second := in.ask(t, o, step); second != first && !(in.wipe != nil && second.tooSlow()) {
		return reply{body: fmt.Sprintf("%v\nwhen asked again: %v", first, second)}
	}
	return first
}

// ask asks once; creates of the request number their ids.
func (in *instance) ask(t *testing.T, o *operation, step int) reply {
	t.Helper()
	in.now, in.ids = stepTime(step), stepIDs(step)
	r := httptest.NewRequest(http.MethodPost, "http://api.flora.dev/graphql", bytes.NewReader(o.body()))
	r.Header.Set("Content-Type", "application/json")
	if token := in.token(t, o.who); token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	if o.retry != "" {
		r.Header.Set("Idempotency-Key", o.retry)
	}
	w := httptest.NewRecorder()
	in.handler.ServeHTTP(w, r)
	return replyOf(w)
}

func replyOf(w *httptest.ResponseRecorder) reply {
	h := w.Header().Clone()
	h.Del("Date")
	h.Del("X-Request-Id")
	h.Del("Server-Timing")
	var text bytes.Buffer
	h.Write(&text)
	body := w.Body.Bytes()
	return reply{w.Code, text.String(), string(masked.ReplaceAll(body, []byte(`$1$2"*"`))), bytes.Contains(body, []byte(`"commitTime":`))}
}

// stepTime is the servers' clock during a request.
func stepTime(step int) time.Time { return worldNow.Add(time.Duration(step) * time.Second) }

// stepIDs numbers the documents that a request creates.
func stepIDs(step int) func() string {
	n := 0
	return func() string { n++; return fmt.Sprintf("new%d-%d", step, n) }
}
