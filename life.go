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

	"flora.dev/flora/web"
)

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

// lastWords is how long requests that are cut off at the end of the drain get
// to answer that they were.
const lastWords = 500 * time.Millisecond

// serveUntilDone serves until ctx ends, then drains:
//
//	ctx ends          /readyz says draining, answers close their connection   (web.Options.Draining)
//	DrainDelay        load balancers look away; then the listeners close
//	Drain-lastWords   what still runs is cut off
//	Drain             the end, within the 10 s that Cloud Run leaves
//
// https://cloud.google.com/run/docs/container-contract#instance-shutdown
func serveUntilDone(ctx context.Context, limits web.Limits, log *slog.Logger, listeners ...listener) error {
	running, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	failed := make(chan error, len(listeners))
	var servers servers
	for _, l := range listeners {
		s := web.NewServer(l.handler, limits, log)
		s.BaseContext = func(net.Listener) context.Context { return running }
		servers = append(servers, s)
		go func() { failed <- s.Serve(l) }()
	}
	var err error
	delay := limits.DrainDelay
	select {
	case <-ctx.Done():
	case err = <-failed:
		err, delay = fmt.Errorf("serve: %w", err), 0
	}
	log.Info("draining", "delay", delay.String(), "within", limits.Drain.String())
	time.Sleep(delay)
	if servers.shutdown(limits.Drain-delay-lastWords) == nil {
		return err
	}
	cut()
	if servers.shutdown(lastWords) != nil {
		for _, s := range servers {
			s.Close()
		}
		err = errors.Join(err, fmt.Errorf("stop: requests were still running after %s", limits.Drain))
	}
	return err
}

type servers []*http.Server

// shutdown closes the listeners and waits for what runs.
func (list servers) shutdown(within time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	faults := make([]error, len(list))
	var all sync.WaitGroup
	for i, s := range list {
		all.Go(func() { faults[i] = s.Shutdown(ctx) })
	}
	all.Wait()
	return errors.Join(faults...)
}
