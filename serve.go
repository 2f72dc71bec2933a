package main

import (
	"errors"
	"fmt"
	"log/slog"

	"flora.dev/flora/auth"
	"flora.dev/flora/resolvers"
	"flora.dev/flora/store"
	"flora.dev/flora/web"
)

// serveCommand is flora serve.
type serveCommand struct {
	Listen              string `help:"Address to serve on. Default: 127.0.0.1:8080, or all addresses at PORT where the environment sets that." placeholder:"HOST:PORT"`
	Store               string `help:"Store to serve." placeholder:"STORE"`
	InsecureDevProvider bool   `help:"For tests: accept providers on loopback addresses." hidden:"" flagonly:""`
}

// Help is what flora serve --help adds.
func (serveCommand) Help() string {
	return `Serves the schema that flora deploy left in the store, and changes tables only where its control API is told to deploy. It needs at least one access ` +
		`provider in flora.yaml:

  store: sqlite:shop.db
  cors: { origins: ["https://app.example.com"] }
  providers:
    - { name: auth0, issuer: "https://TENANT.auth0.com/", audience: "https://api.example.com" }

Introspection and /schema.graphql are off unless flora.yaml says introspection: true. The control API is served only ` +
		`on its own address, admin: { listen: 127.0.0.1:9090, audience: ... }. SIGTERM lets running requests end.`
}

// Run serves until the context ends.
func (c *serveCommand) Run(a *app) error {
	if len(a.config.Providers) == 0 {
		return errors.New("no access provider: name at least one under providers: in flora.yaml, flora serve --help shows how")
	}
	data, admin := a.config.access()
	if err := a.config.refuseDev(data, c.InsecureDevProvider); err != nil {
		return err
	}
	level, _ := a.config.logLevel() // checked when it was read
	log := slog.New(slog.NewJSONHandler(a.stderr, &slog.HandlerOptions{Level: level}))
	db, err := a.openStore(c.Store, false)
	if err != nil {
		return err
	}
	defer db.Close()
	deployed, err := db.Deployed(a.ctx, 0)
	if errors.Is(err, store.ErrNoSchema) {
		return fmt.Errorf("no schema is deployed in %s: run flora deploy FILE --store %s first", c.Store, c.Store)
	}
	if err != nil {
		return fmt.Errorf("read deployed schema: %w", err)
	}
	key, err := logKey(deployed.Secret)
	if err != nil {
		return err
	}
	shared := newShared(db, log, nil)
	options := auth.Options{Logger: log, Revocations: shared.revoked, LogKey: key, InsecureLoopback: c.InsecureDevProvider}
	verifier, err := auth.NewVerifier(data, options)
	if err != nil {
		return err
	}
	var adminVerifier *auth.Verifier
	if a.config.Admin != nil {
		if adminVerifier, err = auth.NewVerifier(admin, options); err != nil {
			return err
		}
	}
	introspection := a.config.Introspection != nil && *a.config.Introspection
	s, err := newService(db, deployed, serviceOptions{
		file: "schema.graphql", providers: data, strict: true, config: a.config, store: c.Store, grants: a.config.grants(), limits: a.config.limits, introspection: introspection, shared: shared, log: log,
	})
	if err != nil {
		return err
	}
	verifiers := []*auth.Verifier{verifier}
	if adminVerifier != nil {
		verifiers = append(verifiers, adminVerifier)
	}
	stop, err := shared.start(verifiers...)
	if err != nil {
		return err
	}
	defer stop()
	published := s.data.Version().Schema
	if list := a.config.unknownRoles(published); len(list) > 0 {
		return errors.New(line(list))
	}
	for _, text := range a.config.unusedRoles(published) {
		log.Warn("configuration warning", "warning", text)
	}
	for _, g := range published.Grants {
		log.Info("granted on every collection", "at", g.Pos.String(), "grant", g.Message)
	}
	for _, w := range warnings(published) {
		log.Warn("schema warning", "at", w.Pos.String(), "warning", w.Message)
	}

	edge := web.Options{
		Data:  &web.Endpoint{Verifier: verifier, Executor: s.data, Follow: follow},
		Ready: s.ready(verifier), Draining: a.ctx.Done(),
		Origins: a.config.origins, Limits: a.config.limits.web, TrustedProxies: a.config.TrustedProxies, Forwarded: a.config.forwarded(), Log: log, LogKey: key,
	}
	if introspection {
		edge.SDL = s.sdl
	}
	address := c.address(a)
	l, err := listen(a.ctx, address)
	if err != nil {
		return err
	}
	listeners := []listener{{l, web.New(edge)}}
	log.Info("listening", "address", l.Addr().String(), "version", deployed.Version)
	if adminVerifier != nil {
		al, err := listen(a.ctx, a.config.Admin.Listen)
		if err != nil {
			l.Close()
			return err
		}
		listeners = append(listeners, listener{al, web.New(web.Options{
			Admin: &web.Endpoint{Verifier: adminVerifier, Executor: s.control, Follow: follow, Deadline: controlDeadline},
			Ready: s.ready(verifier, adminVerifier), Draining: a.ctx.Done(), Limits: a.config.limits.web, Log: log, LogKey: key,
		})})
		log.Info("listening", "address", al.Addr().String(), "api", "control")
	}
	return serveUntilDone(a.ctx, a.config.limits.web, log, listeners...)
}

func (c *serveCommand) address(a *app) string {
	switch port := a.getenv("PORT"); {
	case c.Listen != "":
		return c.Listen
	case port != "":
		return ":" + port
	}
	return "127.0.0.1:8080"
}

// access are the providers as auth takes them: for the data API, and for the
// control API with its audience.
func (c *config) access() (data, admin []auth.Provider) {
	for _, p := range c.Providers {
		data = append(data, p.access())
		if a := p.access(); c.Admin != nil && !a.OwnAudience() {
			a.Audience = c.Admin.Audience
			admin = append(admin, a)
		}
	}
	return data, admin
}

// grants are the roles that the providers give.
func (c *config) grants() map[string][]resolvers.Grant {
	grants := map[string][]resolvers.Grant{}
	for _, p := range c.Providers {
		for _, r := range p.Roles {
			grants[p.Name] = append(grants[p.Name], resolvers.Grant{Role: r.Name, When: r.slot})
		}
	}
	return grants
}
