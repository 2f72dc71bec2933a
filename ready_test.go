package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"flora.dev/flora/auth"
	"flora.dev/flora/store"
	"flora.dev/flora/web"
)

// outage is a store that can be cut off.
type outage struct {
	store.Store
	down atomic.Bool
}

func (o *outage) Deployed(ctx context.Context, version int64) (*store.Deployment, error) {
	if o.down.Load() {
		<-ctx.Done() // as a network that drops everything
		return nil, fmt.Errorf("%w: %s: %w", store.ErrUnavailable, "secret.internal:5432", ctx.Err())
	}
	return o.Store.Deployed(ctx, version)
}

// TestReadyReasons cuts off the store and an issuer: /readyz says so within two
// seconds, and that they are back; /healthz never changes.
func TestReadyReasons(t *testing.T) {
	dir := t.TempDir()
	newTenant(t, filepath.Join(dir, "keys.json"))
	set, err := os.ReadFile(filepath.Join(dir, "keys.json"))
	if err != nil {
		t.Fatal(err)
	}
	var dark atomic.Bool
	dark.Store(true)
	issuer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if dark.Load() {
			http.Error(w, "down", http.StatusBadGateway)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.Write(set)
	}))
	defer issuer.Close()
	log := slog.New(slog.NewJSONHandler(suite, nil))
	verifier, err := auth.NewVerifier([]auth.Provider{
		{Name: "tenant", Issuer: "https://tenant.example.com/", Audience: "https://api", JWKS: filepath.Join(dir, "keys.json")},
		{Name: "partner", Issuer: "https://partner.example.com/", Audience: "https://api", JWKS: issuer.URL, SubjectPrefix: "partner|"},
	}, auth.Options{InsecureLoopback: true, Logger: log})
	if err != nil {
		t.Fatal(err)
	}
	db := &outage{Store: openMemory(t)}
	s, err := newService(db, deploySchema(t, db), serviceOptions{file: "notes.graphql", limits: defaultLimits(), log: log})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(web.New(web.Options{Ready: s.ready(verifier, verifier), Log: log}))
	defer server.Close()
	get := func(path string) string {
		res, err := http.Get(server.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		body, _ := io.ReadAll(res.Body)
		return strings.TrimSpace(fmt.Sprint(res.StatusCode, " ", string(body)))
	}
	within := func(want string) {
		t.Helper()
		begun, got := time.Now(), ""
		for every := time.Tick(20 * time.Millisecond); got != want && time.Since(begun) < 2*time.Second; <-every {
			if got = get("/readyz"); get("/healthz") != "200 ok" {
				t.Errorf("/healthz: %s", get("/healthz"))
			}
		}
		if got != want {
			t.Errorf("after two seconds %q, want %q", got, want)
		}
	}
	within("503 not ready: no keys of provider partner")
	db.down.Store(true)
	within("503 not ready: store unavailable; no keys of provider partner")
	dark.Store(false)
	within("503 not ready: store unavailable")
	db.down.Store(false)
	within("200 ready")
	dark.Store(true) // the known keys go on
	within("200 ready")
	db.down.Store(true)
	within("503 not ready: store unavailable")
}

// deploySchema deploys the notes of other tests.
func deploySchema(t *testing.T, db store.Store) *store.Deployment {
	t.Helper()
	file := write(t, t.TempDir(), "notes.graphql", fmt.Sprintf(notes, ""))
	model, err := loadSchema(file)
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
	return d
}
