package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"syscall"
	"time"

	"flora.dev/flora/auth"
	"flora.dev/flora/graph"
	"flora.dev/flora/resolvers"
	"flora.dev/flora/store"
	"flora.dev/flora/web"
)

// service is a store with its APIs, as a server of either kind offers it.
type service struct {
	db        store.Store
	file      string   // what positions in the schema are told as
	providers []string // names of the access providers
	strict    bool
	resolvers *resolvers.Resolvers
	data      *graph.Executor
	control   *graph.Executor
	log       *slog.Logger

	mu sync.Mutex // held while a version is loaded
}

// serviceOptions are what differs between development and production.
type serviceOptions struct {
	file          string
	providers     []auth.Provider // whose tokens the data API takes
	strict        bool            // roles of the schema must fit the providers
	grants        map[string][]resolvers.Grant
	devIssuer     string // resolvers.Options.DevIssuer
	limits        limits
	introspection bool
	hidden        func([]resolvers.Hidden)
	log           *slog.Logger
	now           func() time.Time // nil: time.Now
	newID         func() string    // nil: random
}

func newService(db store.Store, d *store.Deployment, o serviceOptions) (*service, error) {
	s := &service{db: db, file: o.file, strict: o.strict, log: o.log}
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
	options := graph.Options{Resolver: s.resolvers, Reload: s.reload, Limits: o.limits.graph, Introspection: o.introspection, Logger: o.log}
	s.data = graph.NewExecutor(options)
	options.Limits.VariablesBytes = max(options.Limits.VariablesBytes, o.limits.web.Body) // importDocuments fills a request
	s.control = graph.NewControl(&resolvers.AdminResolver{
		Version: s.data.Version, CanRead: s.may("flora:read"), CanUseData: s.may("flora:data"), Data: s.resolvers,
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

// reload publishes the newest version of the store: another process deployed.
func (s *service) reload(ctx context.Context) error {
	s.mu.Lock() // one asks for all that found their version stale
	defer s.mu.Unlock()
	d, err := s.db.Deployed(ctx)
	if errors.Is(err, store.ErrUnavailable) {
		s.log.WarnContext(ctx, "store unavailable", "error", err)
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

// ready asks the store and the verifiers, at most once a second: whoever asks
// may be anyone.
func (s *service) ready(verifiers ...*auth.Verifier) func(context.Context) error {
	var mu sync.Mutex
	var asked time.Time
	var answer error
	return func(ctx context.Context) error {
		mu.Lock()
		defer mu.Unlock()
		if now := time.Now(); now.Sub(asked) >= time.Second {
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
			defer cancel()
			_, err := s.db.Deployed(ctx)
			faults := []error{err}
			for _, v := range verifiers {
				faults = append(faults, v.Ready(ctx))
			}
			asked, answer = now, errors.Join(faults...)
		}
		return answer
	}
}

// listener is an address with what is served there.
type listener struct {
	net.Listener
	handler http.Handler
}

// listen opens an address, with an error that says what to do.
func listen(ctx context.Context, address string) (net.Listener, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("listen on %s: another program uses the port, stop it or choose another with --listen", address)
	}
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", address, err)
	}
	return l, nil
}

// drain is how long running requests get to end when the server stops.
const drain = 15 * time.Second

// serveUntilDone serves until ctx ends, then lets running requests end.
func serveUntilDone(ctx context.Context, limits web.Limits, log *slog.Logger, listeners ...listener) error {
	failed := make(chan error, len(listeners))
	var servers []*http.Server
	for _, l := range listeners {
		s := web.NewServer(l.handler, limits, log)
		servers = append(servers, s)
		go func() { failed <- s.Serve(l) }()
	}
	var err error
	select {
	case <-ctx.Done():
	case err = <-failed:
		err = fmt.Errorf("serve: %w", err)
	}
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), drain)
	defer cancel()
	for _, s := range servers {
		if stopped := s.Shutdown(end); stopped != nil {
			s.Close()
			err = errors.Join(err, fmt.Errorf("stop: requests were still running after %s", drain))
		}
	}
	return err
}
