package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"flora.dev/flora/auth"
	"flora.dev/flora/graph"
	"flora.dev/flora/resolvers"
	"flora.dev/flora/store"
)

// service is a store with its APIs, as a server of either kind offers it.
type service struct {
	db        store.Store
	file      string   // what positions in the schema are told as
	providers []string // names of the access providers
	strict    bool
	config    *config
	engine    string
	started   time.Time
	resolvers *resolvers.Resolvers
	data      *graph.Executor
	control   *graph.Executor
	shared    *shared
	log       *slog.Logger

	mu sync.Mutex // held while a version is loaded
}

// serviceOptions are what differs between development and production.
type serviceOptions struct {
	file          string
	providers     []auth.Provider // whose tokens the data API takes
	strict        bool            // roles of the schema must fit the providers
	config        *config         // what schemas that are sent must fit; nil: nothing
	store         string          // the name of the store, as --store has it
	grants        map[string][]resolvers.Grant
	devIssuer     string // resolvers.Options.DevIssuer
	limits        limits
	introspection bool
	hidden        func([]resolvers.Hidden)
	shared        *shared // nil: one that only requests keep current
	log           *slog.Logger
	now           func() time.Time // nil: time.Now
	newID         func() string    // nil: random
}

func newService(db store.Store, d *store.Deployment, o serviceOptions) (*service, error) {
	if o.shared == nil {
		o.shared = newShared(db, o.log, o.now)
	}
	if o.config == nil {
		o.config = &config{}
	}
	s := &service{db: db, file: o.file, strict: o.strict, config: o.config, log: o.log, shared: o.shared, started: o.shared.now()}
	s.engine, _, _ = strings.Cut(o.store, ":")
	s.shared.deployed = s.takeOver
	for _, p := range o.providers {
		s.providers = append(s.providers, p.Name)
	}
	var err error
	s.resolvers, err = resolvers.New(db, d.Secret, resolvers.Options{
		Grants: o.grants, DevIssuer: o.devIssuer, PageSize: o.limits.graph.PageSize, MaxPage: o.limits.graph.MaxPageSize, MaxWrite: o.limits.graph.MaxWrite, Hidden: o.hidden, Log: o.log, Now: o.now, NewID: o.newID,
	})
	if err != nil {
		return nil, err
	}
	options := graph.Options{Resolver: s.resolvers, Current: s.current, Reload: s.reload, Limits: o.limits.graph, Introspection: o.introspection, Logger: o.log}
	s.data = graph.NewExecutor(options)
	options.Limits.VariablesBytes = max(options.Limits.VariablesBytes, o.limits.web.Body) // importDocuments fills a request
	s.control = graph.NewControl(&resolvers.AdminResolver{
		Version: s.data.Version, CanRead: s.may("flora:read"), CanUseData: s.may("flora:data"), CanUseProviders: s.may("flora:providers"), CanUseSchema: s.may("flora:schema"),
		Plan: s.planSchema, Deploy: s.deploySchema, Stats: s.stats, Data: s.resolvers,
		Providers: o.providers, Revoked: s.shared.revoked, Share: s.shared.share,
		Assume: func(claims map[string]any) (*auth.Identity, error) { return assume(o.providers, claims) },
	}, options)
	return s, s.publish(d)
}

// publish makes a deployed version the one that operations run against,
// unless a newer one is published already.
func (s *service) publish(d *store.Deployment) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.load(d)
}

// takeOver publishes the version that the store said is deployed, if it is not.
func (s *service) takeOver(ctx context.Context, version int64) error {
	if v := s.data.Version(); v != nil && v.Number >= version {
		return nil
	}
	return s.reload(ctx)
}

// current refuses operations while nobody can tell who may do what.
func (s *service) current(ctx context.Context) error {
	if err := s.shared.current(ctx); err != nil {
		return graph.Errorf(graph.Unavailable, "the store cannot be reached, so that what is allowed now is not known: try again")
	}
	return nil
}

// reload publishes the newest version of the store: another process deployed.
func (s *service) reload(ctx context.Context) error {
	s.mu.Lock() // one asks for all that found their version stale
	defer s.mu.Unlock()
	d, err := s.db.Deployed(ctx, 0)
	if errors.Is(err, store.ErrUnavailable) {
		if !errors.Is(ctx.Err(), context.Canceled) { // else the client left
			s.log.WarnContext(ctx, "store unavailable", "error", err)
		}
		return graph.Errorf(graph.Unavailable, "the store cannot be reached, try again")
	}
	if err != nil {
		return fmt.Errorf("read deployed schema: %w", err)
	}
	return s.load(d)
}

func (s *service) load(d *store.Deployment) error {
	if v := s.data.Version(); v != nil && v.Number >= d.Version {
		return nil
	}
	model, err := d.Schema(s.file)
	if err != nil {
		return fmt.Errorf("load deployed schema, version %d: %s", d.Version, line(err))
	}
	if s.strict {
		if list := knowsProviders(model, s.providers); len(list) > 0 {
			return errors.New(list[0].String())
		}
	}
	s.data.Publish(&graph.Version{Number: d.Version, Schema: model})
	s.log.Info("schema published", "version", d.Version)
	return nil
}

// may guards the control API: only who holds the right goes on.
func (s *service) may(right string) func(context.Context) error {
	return func(ctx context.Context) error {
		switch {
		case s.resolvers.Holds(ctx, right), s.resolvers.Holds(ctx, "flora:schema"): // which implies the others
			return nil
		case auth.From(ctx) == nil:
			return graph.Errorf(graph.Unauthenticated, "the control API needs a token")
		}
		return graph.Errorf(graph.Forbidden, "this needs the right %s", right)
	}
}

func (s *service) sdl() string { return s.data.Version().Schema.API.SDL }
