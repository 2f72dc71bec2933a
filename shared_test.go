package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"flora.dev/flora/auth"
	"flora.dev/flora/graph"
	"flora.dev/flora/resolvers"
	"flora.dev/flora/schema"
	"flora.dev/flora/store"
	"flora.dev/flora/store/spanner"
	"flora.dev/flora/store/spanner/emulator"
	"flora.dev/flora/store/sqlite"
	"flora.dev/flora/web"
	"github.com/golang-jwt/jwt/v5"
)

// cluster is several instances over one store, with one clock.
type cluster struct {
	*testing.T
	open      func() store.Store // once more
	tenants   map[string]*tenant // by name of the provider
	providers []auth.Provider
	settle    time.Duration // of stores that are opened from now on, spanner.Options.Settle

	mu sync.Mutex
	at time.Time
}

// member is one of them.
type member struct {
	*service
	c        *cluster
	store    *cuttable
	verifier *auth.Verifier
	handler  http.Handler
}

// cuttable is a store that may be out of reach: all of it, or notes alone.
type cuttable struct {
	store.Store
	cut, notes atomic.Bool
	slow       func() // called before the notes are handed over
}

func (s *cuttable) reached(cut bool) error {
	if cut {
		return fmt.Errorf("planted: %w", store.ErrUnavailable)
	}
	return nil
}

func (s *cuttable) Notes(ctx context.Context, since int64) (*store.Notes, error) {
	if err := s.reached(s.cut.Load() || s.notes.Load()); err != nil {
		return nil, err
	}
	n, err := s.Store.Notes(ctx, since)
	if s.slow != nil {
		s.slow()
	}
	return n, err
}

func (s *cuttable) Read(ctx context.Context, q *store.Query) (*store.Rows, error) {
	if err := s.reached(s.cut.Load()); err != nil {
		return nil, err
	}
	return s.Store.Read(ctx, q)
}

func (s *cuttable) Deployed(ctx context.Context, version int64) (*store.Deployment, error) {
	if err := s.reached(s.cut.Load()); err != nil {
		return nil, err
	}
	return s.Store.Deployed(ctx, version)
}

const (
	clusterAPI   = "https://api"
	clusterNotes = `type Note @auth(read: "%s") @auth(create: "%s") {
  text: String!
}
`
)

// eachCluster runs a test on two instances of one SQLite store, which only a test
// can have, and of one Spanner database.
func eachCluster(t *testing.T, run func(t *testing.T, c *cluster)) {
	for _, engine := range bothEngines {
		t.Run(engine, func(t *testing.T) {
			c := &cluster{T: t, at: time.Unix(1_800_000_000, 0), tenants: map[string]*tenant{}}
			if engine == "sqlite" {
				db, err := sqlite.Open(t.Context(), sqlite.Memory, sqlite.Options{Now: c.now})
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { db.Close() })
				c.open = func() store.Store { return db }
			} else {
				name := emulator.Database(t)
				c.open = func() store.Store {
					db, err := spanner.Open(t.Context(), name, spanner.Options{Emulator: emulator.Host(t), Now: c.now, Settle: c.settle})
					if err != nil {
						t.Fatal(err)
					}
					t.Cleanup(func() { db.Close() })
					return db
				}
			}
			for name, prefix := range map[string]string{"main": "", "partner": "partner|"} {
				file := filepath.Join(t.TempDir(), name)
				c.tenants[name] = newTenant(t, file)
				c.tenants[name].issuer = "https://" + name + ".example.com/"
				c.providers = append(c.providers, auth.Provider{Name: name, Issuer: c.tenants[name].issuer, Audience: clusterAPI, JWKS: file, SubjectPrefix: prefix})
			}
			run(t, c)
		})
	}
}

func (c *cluster) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *cluster) wait(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// deploy brings the store to a schema.
func (c *cluster) deploy(sdl string) {
	c.Helper()
	model, err := schema.Load("schema.graphql", []byte(sdl))
	if err != nil {
		c.Fatal(err)
	}
	db := c.open()
	p, err := plan(c.Context(), db, model, false)
	if err == nil {
		_, err = p.apply(c.Context(), db)
	}
	if err != nil {
		c.Fatal(err)
	}
}

// join starts an instance, whose polls the test asks for.
func (c *cluster) join() *member {
	c.Helper()
	m := &member{c: c, store: &cuttable{Store: c.open()}}
	d, err := m.store.Deployed(c.Context(), 0)
	if err != nil {
		c.Fatal(err)
	}
	log := slog.New(slog.NewJSONHandler(suite, nil))
	shared := newShared(m.store, log, c.now)
	m.verifier, err = auth.NewVerifier(c.providers, auth.Options{Now: c.now, Logger: log, Revocations: shared.revoked, InsecureLoopback: true})
	if err != nil {
		c.Fatal(err)
	}
	grants := map[string][]resolvers.Grant{}
	for _, p := range c.providers {
		grants[p.Name] = []resolvers.Grant{{Claim: "roles"}}
	}
	m.service, err = newService(m.store, d, serviceOptions{
		file: "schema.graphql", providers: c.providers, grants: grants, limits: defaultLimits(), shared: shared, strict: true, log: log, now: c.now,
	})
	if err != nil {
		c.Fatal(err)
	}
	shared.verifiers = []*auth.Verifier{m.verifier}
	if err := shared.poll(); err != nil {
		c.Fatal(err)
	}
	m.handler = web.New(web.Options{
		Data:  &web.Endpoint{Verifier: m.verifier, Executor: m.data},
		Admin: &web.Endpoint{Verifier: m.verifier, Executor: m.control}, Limits: defaultLimits().web, Log: log, Now: c.now,
	})
	return m
}

// token of a provider's subject, issued now.
func (c *cluster) token(provider, sub string, more map[string]any) string {
	c.Helper()
	claims := jwt.MapClaims{"iss": c.tenants[provider].issuer, "aud": clusterAPI, "sub": sub, "iat": c.now().Unix(), "exp": c.now().Add(24 * time.Hour).Unix()}
	maps.Copy(claims, more)
	token := jwt.NewWithClaims(jwt.SigningMethodRS256, claims)
	token.Header["kid"] = "k"
	text, err := token.SignedString(c.tenants[provider].key)
	if err != nil {
		c.Fatal(err)
	}
	return text
}

func (m *member) send(path, token, query string) (status int, body string) {
	m.c.Helper()
	text, err := json.Marshal(map[string]string{"query": query})
	if err != nil {
		m.c.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodPost, path, bytes.NewReader(text))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/graphql-response+json")
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	w := httptest.NewRecorder()
	m.handler.ServeHTTP(w, r)
	return w.Code, w.Body.String() + w.Header().Get("WWW-Authenticate")
}

// expect asks the data API and compares the status.
func (m *member) expect(what, token string, want int) {
	m.c.Helper()
	got, body := m.send("/graphql", token, `{ notes { totalCount } }`)
	if got != want {
		m.c.Errorf("%s: %d %s, want %d", what, got, body, want)
	}
	for status, part := range map[int]string{http.StatusUnauthorized: "withdrawn", http.StatusServiceUnavailable: graph.Unavailable} {
		if got == status && !strings.Contains(body, part) {
			m.c.Errorf("%s: %s lacks %q", what, body, part)
		}
	}
}

// admin asks the control API and checks that the answer has the text.
func (m *member) admin(what, token, query, want string) {
	m.c.Helper()
	if _, body := m.send("/admin/graphql", token, query); !strings.Contains(body, want) {
		m.c.Errorf("%s: %s lacks %s", what, body, want)
	}
}

// TestCutOff takes the store away from one instance: when it does not know for
// longer than the limit, nobody is answered.
func TestCutOff(t *testing.T) {
	eachCluster(t, func(t *testing.T, c *cluster) {
		c.deploy(fmt.Sprintf(clusterNotes, "false", "true"))
		a, b := c.join(), c.join()
		alice, bob := c.token("main", "alice", nil), c.token("main", "bob", nil)
		b.expect("before", alice, http.StatusOK)
		b.store.cut.Store(true)
		a.admin("revoke", c.token("main", "olga", map[string]any{"roles": []string{"flora:providers"}}), `mutation { revokeSubject(provider: "main", subject: "alice") { subject } }`, `"alice"`)
		a.expect("here", alice, http.StatusUnauthorized)
		c.wait(pollLimit)
		if err := b.shared.poll(); err == nil {
			t.Error("polled without the store")
		}
		b.expect("at the limit", alice, http.StatusOK) // folded to empty: no statement
		c.wait(time.Millisecond)
		for name, token := range map[string]string{"revoked": alice, "another": bob, "nobody": ""} {
			b.expect("beyond the limit, "+name, token, http.StatusServiceUnavailable)
			if status, body := b.send("/admin/graphql", token, "{ __typename }"); status != http.StatusServiceUnavailable {
				t.Errorf("the control API, %s: %d %s", name, status, body)
			}
		}
		if list := b.unready(t.Context(), nil); len(list) != 1 || list[0].Reason != storeUnavailable {
			t.Errorf("not ready because %+v", list)
		}
		// With the store back, notes alone are enough to be silent.
		b.store.notes.Store(true)
		b.store.cut.Store(false)
		c.wait(pollRetry)
		b.expect("no notes", bob, http.StatusServiceUnavailable)
		if list := b.unready(t.Context(), nil); len(list) != 1 || list[0].Reason != notCurrent {
			t.Errorf("not ready because %+v", list)
		}
		// Of many requests one asks the store again, and not more than once a second.
		b.store.notes.Store(false)
		b.expect("tried just now", bob, http.StatusServiceUnavailable)
		c.wait(pollRetry)
		b.expect("reached, another", bob, http.StatusOK)
		b.expect("reached, revoked", alice, http.StatusUnauthorized)
		b.expect("reached, nobody", "", http.StatusOK)
		if list := b.unready(t.Context(), nil); len(list) != 0 {
			t.Errorf("not ready because %+v", list)
		}
	})
}

// TestSlowPoll counts from when the store was asked, not from its answer.
func TestSlowPoll(t *testing.T) {
	eachCluster(t, func(t *testing.T, c *cluster) {
		c.deploy(fmt.Sprintf(clusterNotes, "false", "true"))
		m := c.join()
		c.wait(pollLimit)
		m.store.slow = func() { c.wait(pollLimit - time.Second) }
		if err := m.shared.poll(); err != nil {
			t.Fatal(err)
		}
		m.store.slow = nil
		m.store.notes.Store(true)
		c.wait(time.Second)
		m.expect("at the limit", "", http.StatusOK)
		c.wait(time.Millisecond)
		m.expect("beyond the limit", "", http.StatusServiceUnavailable)
	})
}

// TestCutOffForLong restores meanwhile, so that all trace of the revocation is
// gone when the instance comes back.
func TestCutOffForLong(t *testing.T) {
	eachCluster(t, func(t *testing.T, c *cluster) {
		c.deploy(fmt.Sprintf(clusterNotes, "true", "true"))
		a, b := c.join(), c.join()
		olga := func() string {
			return c.token("main", "olga", map[string]any{"roles": []string{"flora:providers"}})
		}
		alice := c.token("main", "alice", nil)
		a.admin("revoke", olga(), `mutation { revokeSubject(provider: "main", subject: "alice") { subject } }`, `"alice"`)
		if err := b.shared.poll(); err != nil {
			t.Fatal(err)
		}
		b.expect("revoked", alice, http.StatusUnauthorized)
		a.admin("restore", olga(), `mutation { restoreSubject(provider: "main", subject: "alice") }`, `true`)
		c.wait(2 * store.NotesKept)
		a.admin("another change", olga(), `mutation { revokeSubject(provider: "main", subject: "x") { subject } }`, `"x"`)
		b.expect("restored", alice, http.StatusOK)
		if n, err := a.store.Notes(t.Context(), 0); err != nil || len(n.Changed) != 1 {
			t.Errorf("notes %+v, %v: the withdrawn one is still there", n, err)
		}
	})
}

// TestVersionOfOthers deploys elsewhere: what runs no statement goes by the new
// version within the limit too.
func TestVersionOfOthers(t *testing.T) {
	eachCluster(t, func(t *testing.T, c *cluster) {
		c.deploy(fmt.Sprintf(clusterNotes, "false", "true"))
		m := c.join()
		const create = `mutation { createNote(data: { text: "x" }) { _id } }`
		ask := func(what, query, want string) {
			t.Helper()
			if _, body := m.send("/graphql", "", query); !strings.Contains(body, want) {
				t.Errorf("%s: %s lacks %s", what, body, want)
			}
		}
		ask("before", create, `"committed":true`)
		ask("before", "{ notes { totalCount } }", `{"totalCount":0}`)
		c.deploy(fmt.Sprintf(clusterNotes, "true", "false"))
		ask("not heard yet", "{ notes { totalCount } }", `{"totalCount":0}`)
		if v := m.data.Version().Number; v != 1 {
			t.Fatalf("version %d without having heard of it", v)
		}
		c.wait(pollLimit + time.Millisecond)
		ask("heard", "{ notes { totalCount } }", `{"totalCount":1}`)
		ask("heard", create, graph.Unauthenticated)
		c.deploy(fmt.Sprintf(clusterNotes, "false", "false"))
		if err := m.shared.poll(); err != nil || m.data.Version().Number != 3 {
			t.Errorf("polled version %d, %v", m.data.Version().Number, err)
		}
		// A version that this configuration cannot take over: no other one counts.
		c.deploy(`extend schema @role(name: "x", provider: "nobody", when: "true")` + "\n" + fmt.Sprintf(clusterNotes, "false", "false"))
		c.wait(pollLimit)
		if err := m.shared.poll(); err == nil {
			t.Error("took over a version that does not fit")
		}
		c.wait(time.Millisecond)
		ask("does not fit", "{ notes { totalCount } }", graph.Unavailable)
	})
}

// TestStoredKeySets starts an instance while its issuer is out of reach.
func TestStoredKeySets(t *testing.T) {
	eachCluster(t, func(t *testing.T, c *cluster) {
		c.deploy(fmt.Sprintf(clusterNotes, "true", "true"))
		file := c.providers[0].JWKS
		var down atomic.Bool
		issuer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if down.Load() {
				w.WriteHeader(http.StatusBadGateway)
				return
			}
			http.ServeFile(w, r, file)
		}))
		defer issuer.Close()
		c.providers[0].JWKS = issuer.URL + "/keys"
		alice := func() string { return c.token(c.providers[0].Name, "alice", nil) }
		a := c.join()
		a.expect("running", alice(), http.StatusOK)
		a.shared.noteKeys()
		for range 2 { // the second time there is nothing new
			if err := a.shared.poll(); err != nil || a.shared.revision != 1 {
				t.Errorf("revision %d, %v", a.shared.revision, err)
			}
			a.shared.noteKeys()
		}
		down.Store(true)
		c.wait(23 * time.Hour)
		b := c.join()
		if list := b.unready(t.Context(), []*auth.Verifier{b.verifier}); len(list) != 0 {
			t.Errorf("not ready because %+v", list)
		}
		b.expect("started in the outage", alice(), http.StatusOK)
		c.wait(2 * time.Hour)
		late := c.join()
		if list := late.unready(t.Context(), []*auth.Verifier{late.verifier}); len(list) != 1 || !strings.HasPrefix(list[0].Reason, noKeys) {
			t.Errorf("not ready because %+v, want no keys", list)
		}
		late.expect("a day later", alice(), http.StatusServiceUnavailable)
		down.Store(false)
		c.wait(10 * time.Second) // without any key it is asked more often than with some
		late.expect("back", alice(), http.StatusOK)
	})
}

// polled is a store that counts how often it is asked for notes.
type polled struct {
	store.Store
	times atomic.Int32
}

func (s *polled) Notes(_ context.Context, since int64) (*store.Notes, error) {
	s.times.Add(1)
	return &store.Notes{Version: 1, Revision: since}, nil
}

// TestPollEvery runs the polls of a server for a minute.
func TestPollEvery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := &polled{}
		s := newShared(db, slog.New(slog.DiscardHandler), nil)
		s.deployed = func(context.Context, int64) error { return nil }
		stop, err := s.start()
		if err != nil || db.times.Load() != 1 {
			t.Fatalf("polled %d times before serving, %v", db.times.Load(), err)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if n := db.times.Load(); n < 1+60*10/33 || n > 1+60*10/27 || s.age() > pollLimit {
			t.Errorf("polled %d times in a minute, the last %s ago", n, s.age())
		}
		stop()
	})
}

// TestDeployMakesNotes deploys the same schema to a database that has no table
// of notes: that is how it gets one.
func TestDeployMakesNotes(t *testing.T) {
	name := emulator.Database(t)
	c := &cluster{T: t, at: time.Unix(1_800_000_000, 0)}
	c.open = func() store.Store {
		db, err := spanner.Open(t.Context(), name, spanner.Options{Emulator: emulator.Host(t)})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { db.Close() })
		return db
	}
	file := filepath.Join(t.TempDir(), "keys")
	c.tenants = map[string]*tenant{"main": newTenant(t, file)}
	c.providers = []auth.Provider{{Name: "main", Issuer: c.tenants["main"].issuer, Audience: clusterAPI, JWKS: file}}
	sdl := fmt.Sprintf(clusterNotes, "true", "true")
	c.deploy(sdl)
	emulator.Alter(t, name, "DROP INDEX flora_note_name", "DROP TABLE flora_note")
	m := c.join()
	revoke := func(want string) {
		t.Helper()
		m.admin("revoke", c.token("main", "olga", map[string]any{"roles": []string{"flora:providers"}}), `mutation { revokeSubject(provider: "main", subject: "a") { subject } }`, want)
	}
	m.expect("served without", "", http.StatusOK)
	revoke("run flora deploy once more")
	c.deploy(sdl)
	revoke(`"subject":"a"`)
	if v := m.data.Version().Number; v != 2 {
		t.Errorf("version %d", v)
	}
	c.deploy(sdl)
	if d, err := m.store.Deployed(t.Context(), 0); err != nil || d.Version != 2 {
		t.Errorf("deployed %+v, %v", d, err)
	}
}
