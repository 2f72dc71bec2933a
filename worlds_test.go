package main

import (
	"bytes"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"flora.dev/flora/auth"
	"flora.dev/flora/resolvers"
	"flora.dev/flora/schema"
	"flora.dev/flora/store"
	"flora.dev/flora/store/spanner"
	"flora.dev/flora/store/spanner/emulator"
	"flora.dev/flora/store/sqlite"
	"flora.dev/flora/web"
	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the answers of testdata/worlds anew")

// TestWorlds runs every case of testdata/worlds through HTTP on both engines.
// A case is a list of requests on a fresh store with the world's seed:
//
//	# why: what the case shows
//	as: { sub: ada, roles: [moderator], claims: { k: v } }     # left out: anonymous
//	operation: "{ me { name } }"
//	variables: { id: x }
//	---
//	... the next request
//
// The answers stand beside it in a file .answer, "status body" per request,
// and are the same bytes on both engines: ids, clock and secret are fixed.
func TestWorlds(t *testing.T) {
	t.Parallel()
	for _, dir := range worlds(t) {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			t.Parallel()
			w := readWorld(t, dir)
			cases, err := filepath.Glob(filepath.Join(dir, "cases", "*.yaml"))
			if err != nil || len(cases) == 0 {
				t.Fatalf("no cases: %v", err)
			}
			for _, file := range cases {
				t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml"), func(t *testing.T) {
					t.Parallel()
					t.Run("sqlite", func(t *testing.T) { w.run(t, file, openMemory(t), *update) })
					t.Run("spanner", func(t *testing.T) { w.run(t, file, openEmulated(t), false) })
				})
			}
		})
	}
}

func worlds(t testing.TB) []string {
	dirs, err := filepath.Glob("testdata/worlds/*")
	if err != nil || len(dirs) < 3 {
		t.Fatalf("worlds: %v %v", dirs, err)
	}
	return dirs
}

func openMemory(t *testing.T) store.Store {
	db, err := sqlite.Open(t.Context(), ":memory:", sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func openEmulated(t *testing.T) store.Store {
	database := emulator.Database(t)
	db, err := spanner.Open(t.Context(), database, spanner.Options{Emulator: emulator.Host(t)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// world is a schema with a seed.
type world struct {
	name string
	sdl  []byte
	seed []byte
}

func readWorld(t testing.TB, dir string) *world {
	t.Helper()
	w := &world{name: filepath.Base(dir)}
	for name, to := range map[string]*[]byte{"schema.graphql": &w.sdl, "seed.yaml": &w.seed} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		*to = text
	}
	return w
}

// worldNow is the servers' clock: it stands still.
var worldNow = time.Date(2026, 3, 1, 12, 0, 0, 123456000, time.UTC)

// serve deploys the world with its seed and serves it as flora dev would.
func (w *world) serve(t testing.TB, db store.Store) (*httptest.Server, *auth.DevIssuer) {
	t.Helper()
	l := defaultLimits()
	l.web.Rate = 0
	return w.serveWith(t, db, l, web.Options{})
}

// issuerKey is a file with the key of the issuer of all worlds.
func issuerKey(t testing.TB) string {
	t.Helper()
	text, err := x509.MarshalPKCS8PrivateKey(signingKey(t, "issuer"))
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: text}), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// serveWith does so with other limits, and what else is set of the edge.
func (w *world) serveWith(t testing.TB, db store.Store, l limits, edge web.Options) (*httptest.Server, *auth.DevIssuer) {
	t.Helper()
	d, _ := w.deploy(t, db)
	fixed := *d
	fixed.Secret = bytes.Repeat([]byte{7}, 32)
	issuer, err := auth.OpenDevIssuer(issuerKey(t), "http://127.0.0.1/dev/issuer/", "https://api.flora.dev", time.Now)
	if err != nil {
		t.Fatal(err)
	}
	provider := issuer.Provider()
	provider.Vouches = []string{"number"}
	if edge.Log == nil {
		edge.Log = slog.New(slog.NewJSONHandler(suite, nil))
	}
	log := edge.Log
	suite.know(w.sdl, w.seed)
	key, err := logKey(fixed.Secret)
	if err != nil {
		t.Fatal(err)
	}
	ids := 0
	svc, err := newService(db, &fixed, serviceOptions{
		file: "schema.graphql", limits: l, introspection: true, log: log,
		providers: []auth.Provider{provider},
		grants:    map[string][]resolvers.Grant{"dev": {{Claim: auth.RolesClaim}}},
		now:       func() time.Time { return worldNow },
		newID:     func() string { ids++; return fmt.Sprintf("new-%d", ids) },
	})
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := auth.NewVerifier([]auth.Provider{provider}, auth.Options{DevIssuer: issuer, Logger: log, LogKey: key})
	if err != nil {
		t.Fatal(err)
	}
	edge.Data = &web.Endpoint{Verifier: verifier, Executor: svc.data, Follow: follow}
	edge.Admin = &web.Endpoint{Verifier: verifier, Executor: svc.control, Follow: follow}
	edge.SDL, edge.Limits, edge.LogKey = svc.sdl, l.web, key
	server := httptest.NewServer(web.New(edge))
	t.Cleanup(server.Close)
	return server, issuer
}

// deploy gives a store the world.
func (w *world) deploy(t testing.TB, db store.Store) (*store.Deployment, *schema.Schema) {
	t.Helper()
	model, err := schema.Load("schema.graphql", w.sdl)
	if err != nil {
		t.Fatal(err)
	}
	p, err := plan(t.Context(), db, model, false)
	if err != nil {
		t.Fatal(err)
	}
	d, err := p.apply(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	s, err := parseSeed("seed.yaml", w.seed, model)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.plant(t.Context(), db, d.Version, worldNow.Add(-time.Hour)); err != nil {
		t.Fatal(err)
	}
	return d, model
}

// request is one request of a case.
type request struct {
	As *struct {
		Sub    string         `yaml:"sub"`
		Roles  []string       `yaml:"roles"`
		Claims map[string]any `yaml:"claims"`
	} `yaml:"as"`
	Operation string         `yaml:"operation"`
	Name      string         `yaml:"name"`
	Variables map[string]any `yaml:"variables"`
	Body      string         `yaml:"body"`    // instead of operation: sent as it is
	Token     string         `yaml:"token"`   // instead of as: sent as it is
	Control   bool           `yaml:"control"` // asks the control API
	Key       string         `yaml:"key"`     // the header Idempotency-Key
}

func (w *world) run(t *testing.T, file string, db store.Store, write bool) {
	server, issuer := w.serve(t, db)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.HasPrefix(text, []byte("# why: ")) {
		t.Fatalf("%s does not begin with # why:", file)
	}
	var got strings.Builder
	logged := suite.count()
	steps := yaml.NewDecoder(bytes.NewReader(text), yaml.Strict())
	for {
		var r request
		if err := steps.Decode(&r); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintln(&got, r.send(t, server, issuer))
	}
	if suite.count() == logged {
		t.Error("the server left no log")
	}
	golden := strings.TrimSuffix(file, ".yaml") + ".answer"
	if write {
		if err := os.WriteFile(golden, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Errorf("answers differ (-want +got):\n%s", diff)
	}
}

// masked are the parts of an answer that differ by nature.
var masked = regexp.MustCompile(`("requestId":)"[0-9a-f]+"|("commitTime":)[0-9]+`)

func (r *request) send(t *testing.T, server *httptest.Server, issuer *auth.DevIssuer) string {
	t.Helper()
	body := []byte(r.Body)
	if r.Body == "" {
		var err error
		if body, err = json.Marshal(map[string]any{"query": r.Operation, "variables": r.Variables, "operationName": r.Name}); err != nil {
			t.Fatal(err)
		}
	}
	path := "/graphql"
	if r.Control {
		path = "/admin/graphql"
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+path, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	if r.Key != "" {
		req.Header.Set("Idempotency-Key", r.Key)
	}
	token := r.Token
	if r.As != nil {
		if token, err = issuer.Mint(auth.MintRequest{Subject: r.As.Sub, Roles: r.As.Roles, Claims: r.As.Claims, TTL: time.Hour}); err != nil {
			t.Fatal(err)
		}
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := server.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	suite.secret(token)
	suite.checkErrors(t, answer, body)
	return fmt.Sprintf("%d %s", resp.StatusCode, masked.ReplaceAll(answer, []byte(`$1$2"*"`)))
}
