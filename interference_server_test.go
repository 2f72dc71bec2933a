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
	"slices"
	"testing"
	"time"

	"flora.dev/flora/auth"
	"flora.dev/flora/graph"
	"flora.dev/flora/resolvers"
	"flora.dev/flora/rules"
	"flora.dev/flora/schema"
	"flora.dev/flora/store"
	"flora.dev/flora/web"
)

// arena is what all servers of one run have in common and none can change.
type arena struct {
	schema  *refSchema
	model   *schema.Schema
	issuers map[string]*auth.DevIssuer // by name of the provider
	keys    string                     // the partner's key set, a file
	tokens  map[string]string          // minted, by caller
	steps   int                        // requests of its caller that a case has, at most
	open    func(side int) store.Store // an empty store, or one that was used before
	wipe    func(side int) error       // deletes all documents of a store that was used; nil: by its own means
}

const arenaAudience = "https://api.flora.dev"

func newArena(t *testing.T, s *refSchema, open func(side int) store.Store) *arena {
	t.Helper()
	sdl, err := os.ReadFile(filepath.Join("testdata/interference", s.name+".graphql"))
	if err != nil {
		t.Fatal(err)
	}
	b := &arena{schema: s, issuers: map[string]*auth.DevIssuer{}, tokens: map[string]string{}, steps: 6, open: open}
	if b.model, err = schema.Load(s.name+".graphql", sdl); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, url := range map[string]string{"dev": "http://127.0.0.1/dev/issuer/", "partner": "http://127.0.0.2/dev/issuer/"} {
		if b.issuers[name], err = auth.OpenDevIssuer(filepath.Join(dir, name), url, arenaAudience, time.Now); err != nil {
			t.Fatal(err)
		}
	}
	w := httptest.NewRecorder()
	b.issuers["partner"].Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "http://127.0.0.1/dev/issuer/.well-known/jwks.json", nil))
	b.keys = filepath.Join(dir, "partner.jwks")
	if err := os.WriteFile(b.keys, w.Body.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return b
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
}

// start serves the documents alone. A store that was used before keeps its
// deployed schema and loses its documents.
func (b *arena) start(t *testing.T, side int, docs refState) *instance {
	t.Helper()
	in := &instance{arena: b, db: b.open(side)}
	d, err := in.db.Deployed(t.Context())
	if errors.Is(err, store.ErrNoSchema) {
		steps, losses := schema.Diff(nil, b.model)
		if len(losses) > 0 {
			t.Fatal(losses)
		}
		d, err = in.db.Deploy(t.Context(), &store.Migration{SDL: b.model.SDL, Steps: steps})
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
	executor := graph.NewExecutor(graph.Options{Resolver: res, Limits: limits.graph, Logger: log})
	executor.Publish(&graph.Version{Number: d.Version, Schema: b.model})
	partner := b.issuers["partner"].Provider()
	partner.Name, partner.JWKS, partner.SubjectPrefix = "partner", b.keys, "partner|"
	verifier, err := auth.NewVerifier([]auth.Provider{b.issuers["dev"].Provider(), partner},
		auth.Options{DevIssuer: b.issuers["dev"], InsecureLoopback: true, Logger: log})
	if err != nil {
		t.Fatal(err)
	}
	limits.web.Rate = 0
	in.handler = web.New(web.Options{Data: &web.Endpoint{Verifier: verifier, Executor: executor}, Limits: limits.web})
	return in
}

// clear deletes all documents, those that refer to others first.
func (in *instance) clear(t *testing.T) {
	t.Helper()
	docs := in.dump(t)
	var heads []store.Head
	for _, rt := range slices.Backward(in.schema.types) {
		for _, d := range docs.sorted(rt.name) {
			heads = append(heads, in.head(store.Delete, d))
		}
	}
	in.write(t, seedTime, heads)
}

// plant writes documents with system rights, _ts included.
func (in *instance) plant(t *testing.T, docs refState) {
	t.Helper()
	var heads []store.Head
	later := map[int64][]store.Head{}    // an update that sets nothing but _ts
	for _, rt := range in.schema.types { // targets first
		for _, d := range docs.sorted(rt.name) {
			h := in.head(store.Insert, d)
			for _, f := range h.Table.Fields {
				if f.Column != "" {
					h.Set = append(h.Set, store.Assign{Field: f, Value: rules.Val{Value: rules.Value{Kind: f.Kind, V: d.vals[f.Name]}}})
				}
			}
			heads = append(heads, h)
			if d.ts > seedTime {
				later[d.ts] = append(later[d.ts], in.head(store.Update, d))
			}
		}
	}
	in.write(t, seedTime, heads)
	for ts, heads := range later {
		in.write(t, ts, heads)
	}
}

func (in *instance) head(kind store.HeadKind, d *refDoc) store.Head {
	return store.Head{Kind: kind, Table: in.model.Collection(d.t.name).Object, ID: d.id, Guard: rules.True, Readable: rules.True}
}

// write runs heads at a time, in few transactions.
func (in *instance) write(t *testing.T, now int64, heads []store.Head) {
	t.Helper()
	for heads := range slices.Chunk(heads, 100) {
		if _, err := in.db.Write(t.Context(), &store.Mutation{Version: in.version, Now: now, Heads: heads}); err != nil {
			t.Fatal(err)
		}
	}
}

// reply is what a client can see of an answer.
type reply struct {
	status  int
	headers string
	body    string // requestId and commitTime masked
	wrote   bool   // it has a commitTime
}

// send asks at a time; creates of the request number their ids.
func (in *instance) send(t *testing.T, o *operation, step int) reply {
	t.Helper()
	in.now, in.ids = stepTime(step), stepIDs(step)
	r := httptest.NewRequest(http.MethodPost, "http://api.flora.dev/graphql", bytes.NewReader(o.body()))
	r.Header.Set("Content-Type", "application/json")
	if token := in.token(t, o.who); token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	w := httptest.NewRecorder()
	in.handler.ServeHTTP(w, r)
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

// dump reads the whole store with system rights.
func (in *instance) dump(t *testing.T) refState {
	t.Helper()
	var q store.Query
	fresh := rules.Counter(rules.New + 1)
	for _, rt := range in.schema.types {
		c := in.model.Collection(rt.name)
		s := store.Select{From: c.Object, Var: fresh(), Where: rules.True, After: rules.True, Limit: 10_000, List: true}
		for _, f := range append([]*rules.Field{c.Key, c.TS}, c.Object.Fields...) {
			if f.Column != "" {
				s.Columns = append(s.Columns, store.Column{Value: rules.Col{Var: s.Var, Field: f}})
			}
		}
		q.Roots = append(q.Roots, s)
	}
	rows, err := in.db.Read(t.Context(), &q)
	if err != nil {
		t.Fatal(err)
	}
	out := refState{}
	for i, rt := range in.schema.types {
		out[rt.name] = map[string]*refDoc{}
		var page [1][][]any
		dec := json.NewDecoder(bytes.NewReader([]byte(rows.Roots[i])))
		dec.UseNumber()
		if err := dec.Decode(&page); err != nil {
			t.Fatal(err)
		}
		for _, n := range page[0] {
			d := &refDoc{t: rt, id: n[0].(string), vals: map[string]any{}}
			d.ts, _ = n[1].(json.Number).Int64()
			k := 2
			for _, f := range rt.fields {
				if !f.many() {
					d.vals[f.name] = native(f.kind, n[k])
					k++
				}
			}
			out.put(d)
		}
	}
	return out
}

// native is a JSON value as documents hold it.
func native(k rules.Kind, v any) any {
	n, ok := v.(json.Number)
	if !ok {
		return v
	}
	switch k {
	case rules.Bool:
		return n == "1"
	case rules.Float:
		x, _ := n.Float64()
		return x
	}
	x, _ := n.Int64()
	return x
}
