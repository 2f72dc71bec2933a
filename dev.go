package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"flora.dev/flora/auth"
	"flora.dev/flora/resolvers"
	"flora.dev/flora/schema"
	"flora.dev/flora/store"
	"flora.dev/flora/web"
)

// devCommand is flora dev.
type devCommand struct {
	Schema  string   `help:"Schema file. Without one the built-in demo runs." placeholder:"FILE"`
	Seed    string   `help:"Documents to begin with: YAML, collection -> documents, or a file of rule tests (flora test). Written when the store is empty." placeholder:"FILE"`
	Reset   bool     `help:"Drop all documents of the store and begin anew." flagonly:""`
	Allow   []string `help:"Allow what cannot be undone when the schema changes: drop-collection, drop-field, drop-relation, rename-rules." placeholder:"KIND,..." flagonly:""`
	Listen  string   `help:"Address to serve on, loopback only." default:"127.0.0.1:8080" placeholder:"HOST:PORT"`
	DataDir string   `help:"Folder of the store and of the issuer's key." default:".flora" placeholder:"DIR"`
	Store   string   `help:"Another store than the SQLite file in the data directory." placeholder:"STORE"`
	Verbose bool     `short:"v" help:"Print a line for each request."`
}

// Help is what flora dev --help adds.
func (devCommand) Help() string {
	return `Deploys the schema at start and again whenever its file is saved. A change that would lose data is listed and ` +
		`waits for --reset. Beside the API it serves a playground at / and an issuer that gives a token to whoever asks on ` +
		`this machine, which is why it listens on loopback only, refuses Spanner databases that are not on an emulator, and ` +
		`does not run on Cloud Run or Kubernetes.`
}

// Run serves until the context ends.
func (c *devCommand) Run(a *app) error {
	a.stdout, a.stderr = &syncWriter{w: a.stdout}, &syncWriter{w: a.stderr}
	if err := c.safe(a); err != nil {
		return err
	}
	next, err := c.load()
	if err != nil {
		a.report(err)
		return errReported
	}
	a.warn(next)
	seed, err := c.loadSeed(next)
	if err != nil {
		return err
	}
	l, err := listen(a.ctx, c.Listen)
	if err != nil {
		return err
	}
	defer l.Close()
	db, err := a.openStore(c.storeName(), true)
	if err != nil {
		return err
	}
	defer db.Close()
	deployed, err := c.deploy(a, db, next, seed)
	if err != nil {
		return err
	}
	return c.serve(a, l, db, deployed, next)
}

// safe refuses whatever could put the development issuer in front of real data.
func (c *devCommand) safe(a *app) error {
	if err := auth.RefuseProduction(a.getenv); err != nil {
		return err
	}
	host, _, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return fmt.Errorf("--listen %s is not HOST:PORT", c.Listen)
	}
	if address, err := netip.ParseAddr(host); host != "localhost" && (err != nil || !address.IsLoopback()) {
		return fmt.Errorf("--listen %s: the development server listens on loopback only, such as 127.0.0.1:8080; flora serve is for others", c.Listen)
	}
	if strings.HasPrefix(c.storeName(), "spanner:") && a.getenv("SPANNER_EMULATOR_HOST") == "" {
		return errors.New("the development server uses a Spanner store on an emulator only: set SPANNER_EMULATOR_HOST")
	}
	return nil
}

func (c *devCommand) storeName() string {
	if c.Store != "" {
		return c.Store
	}
	return "sqlite:" + filepath.Join(c.DataDir, "flora.db")
}

func (c *devCommand) load() (*schema.Schema, error) {
	if c.Schema == "" {
		return schema.Load(demoSchemaName, demoSchema)
	}
	return loadSchema(c.Schema)
}

// loadSeed reads the seed, nil if there is none.
func (c *devCommand) loadSeed(s *schema.Schema) (*seed, error) {
	switch {
	case c.Seed != "":
		text, err := os.ReadFile(c.Seed)
		if err != nil {
			return nil, fmt.Errorf("read seed: %w", err)
		}
		return parseSeed(c.Seed, text, s)
	case c.Schema != "":
		return nil, nil
	}
	return parseSeed(demoSeedName, demoSeed, s)
}

// deploy brings the store to the schema and, if it was empty, plants the seed.
func (c *devCommand) deploy(a *app, db store.Store, next *schema.Schema, seed *seed) (*store.Deployment, error) {
	p, err := plan(a.ctx, db, next, c.Reset, c.Allow...)
	if err != nil {
		return nil, err
	}
	if len(p.refused()) > 0 {
		p.printRefused(a.stderr)
		return nil, errors.New("the store has another schema: --allow takes what it names, --reset drops all documents and deploys this one, --data-dir takes another store")
	}
	d, err := p.apply(a.ctx, db)
	if err != nil {
		return nil, err
	}
	if seed != nil && (p.current == nil || p.reset) {
		if err := seed.plant(a.ctx, db, d.Version, time.Now()); err != nil {
			return nil, fmt.Errorf("%w (start again with --reset)", err)
		}
	}
	return d, nil
}

func (c *devCommand) serve(a *app, l net.Listener, db store.Store, d *store.Deployment, next *schema.Schema) error {
	address := c.address(l)
	issuer, err := openIssuer(c.DataDir, issuerAt(address))
	if err != nil {
		return err
	}
	if err := os.WriteFile(issuerNote(c.DataDir), []byte(issuerAt(address)+"\n"), 0o600); err != nil {
		return fmt.Errorf("note issuer: %w", err)
	}
	level := slog.LevelWarn
	if c.Verbose {
		level = slog.LevelInfo
	}
	log := slog.New(slog.NewTextHandler(a.stderr, &slog.HandlerOptions{Level: level}))
	providers, grants := []auth.Provider{issuer.Provider()}, a.config.grants()
	grants[providers[0].Name] = []resolvers.Grant{{Claim: auth.RolesClaim}}
	for _, p := range a.config.Providers {
		if p.SubjectPrefix == "" {
			fmt.Fprintf(a.stderr, "provider %s is left out here: its subjects and those of the dev issuer could not be told apart without a subjectPrefix\n", p.Name)
			continue
		}
		providers = append(providers, p.access())
	}
	key, err := logKey(d.Secret)
	if err != nil {
		return err
	}
	shared := newShared(db, log, nil)
	verifier, err := auth.NewVerifier(providers, auth.Options{DevIssuer: issuer, Revocations: shared.revoked, Logger: log, LogKey: key})
	if err != nil {
		return err
	}
	limits := a.config.limits
	if _, set := a.config.Limits["rate"]; !set {
		limits.web.Rate = 0
	}
	if _, set := a.config.Limits["drainDelay"]; !set {
		limits.web.DrainDelay = 0 // nothing stands before it
	}
	introspection := a.config.Introspection == nil || *a.config.Introspection
	s, err := newService(db, d, serviceOptions{
		file: next.File, providers: providers, config: a.config, store: c.storeName(), grants: grants, devIssuer: providers[0].Name, limits: limits, introspection: introspection, hidden: a.tellHidden, shared: shared, log: log,
	})
	if err != nil {
		return err
	}
	stop, err := shared.start(verifier)
	if err != nil {
		return err
	}
	defer stop()
	issuer.Offers(func(ctx context.Context) auth.Offer { return offer(ctx, db, s.data.Version().Schema) })
	edge := web.Options{
		Data:  &web.Endpoint{Verifier: verifier, Executor: s.data, Follow: follow, Hidden: resolvers.ShowHidden},
		Admin: &web.Endpoint{Verifier: verifier, Executor: s.control, Follow: follow, Deadline: controlDeadline},
		Ready: s.ready(verifier), Draining: a.ctx.Done(),
		Issuer:  issuer.Handler(),
		Origins: web.Join(a.config.origins, web.Localhost()),
		Limits:  limits.web, TrustedProxies: a.config.TrustedProxies, Forwarded: a.config.forwarded(), Log: log, LogKey: key,
	}
	if introspection {
		edge.SDL = s.sdl
	}
	if err := c.greet(a.stdout, "http://"+address, issuer, d, next); err != nil {
		return err
	}
	if c.Schema != "" {
		w := &watcher{app: a, file: c.Schema, allow: c.Allow, service: s, seen: stamp(c.Schema)}
		ticker := time.NewTicker(300 * time.Millisecond)
		defer ticker.Stop()
		done := make(chan struct{})
		go func() {
			defer close(done)
			w.run(ticker.C)
		}()
		defer func() { <-done }() // the store must not close under it
	}
	err = serveUntilDone(a.ctx, limits.web, log, listener{l, web.New(edge)})
	if err == nil {
		fmt.Fprintln(a.stdout, "stopped")
	}
	return err
}

// address is where the listener is reached: by the name that was asked for,
// since that is what a page's origin will be.
func (c *devCommand) address(l net.Listener) string {
	host, _, _ := net.SplitHostPort(c.Listen)
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return net.JoinHostPort(host, port)
}

// tellHidden says what rules hid from the query that just ran.
func (a *app) tellHidden(list []resolvers.Hidden) {
	for _, h := range list {
		fmt.Fprintf(a.stdout, "%s: %d shown, %d hidden by %s, %s\n", h.Path, h.Shown, h.Hidden, h.Rule, h.Position)
	}
}

// syncWriter lets requests and the watcher write at the same time.
type syncWriter struct {
	mu sync.Mutex
	w  io.Writer
}

func (s *syncWriter) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.w.Write(b)
}
