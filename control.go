package main

import (
	"context"
	"errors"
	"runtime"
	"runtime/metrics"
	"strings"
	"time"

	"flora.dev/flora/auth"
	"flora.dev/flora/deploy"
	"flora.dev/flora/graph"
	"flora.dev/flora/schema"
	"flora.dev/flora/store"
)

// What the control API does with schemas, as flora plan and flora deploy do.

// planSent plans a schema that the caller sent.
func (s *service) planSent(ctx context.Context, sdl, file string, allow []string) (*planned, error) {
	next, err := schema.Load(file, []byte(sdl))
	var faults schema.Diagnostics
	switch {
	case errors.As(err, &faults):
		return nil, graph.Errorf(graph.BadUserInput, "%s", faults)
	case err != nil:
		return nil, err
	}
	if s.strict {
		if faults = s.config.unknownRoles(next); len(faults) > 0 {
			return nil, graph.Errorf(graph.BadUserInput, "%s", faults)
		}
	}
	p, err := plan(ctx, s.db, next, false, allow...)
	if err != nil {
		return nil, deployError(err)
	}
	p.by = auth.From(ctx)
	return p, nil
}

// deployError is what the client sees of an error.
func deployError(err error) error {
	var step *store.StepError
	switch {
	case errors.Is(err, errOvertaken):
		return graph.Errorf(graph.Conflict, "%v", err)
	case errors.As(err, &step):
		return graph.Errorf(graph.BadUserInput, "nothing was deployed: %s", line(step))
	case errors.Is(err, store.ErrUnavailable):
		return graph.Errorf(graph.Unavailable, "the store cannot be reached, or it took too long: deploy again to go on")
	}
	return err
}

func (s *service) planSchema(ctx context.Context, sdl, file string, allow []string, operations []graph.OperationFile, stored bool, roles []string) (*graph.SchemaPlan, error) {
	p, err := s.planSent(ctx, sdl, file, allow)
	if err != nil {
		return nil, err
	}
	l := look{stored: stored, roles: roles}
	if operations != nil {
		l.dir, l.files = "the files sent", []deploy.File{}
		for _, f := range operations {
			l.files = append(l.files, deploy.File{Path: f.Path, Text: f.Text})
		}
	}
	r, err := p.review(ctx, s.db, l)
	if err != nil {
		return nil, deployError(err)
	}
	out, err := r.answer()
	if err != nil {
		return nil, err
	}
	out.Warnings = s.config.remarks(p.next)
	return out, nil
}

func (s *service) deploySchema(ctx context.Context, sdl, file string, from int64, allow []string, dryRun bool) (*graph.SchemaDeployment, error) {
	p, err := s.planSent(ctx, sdl, file, allow)
	if err != nil {
		return nil, err
	}
	if p.version() != from {
		return nil, graph.Errorf(graph.Conflict, "version %d is deployed, not %d: %v", p.version(), from, errOvertaken)
	}
	out, err := p.carryOut(ctx, s.db, dryRun)
	if err != nil {
		return nil, deployError(err)
	}
	if len(out.Refused) > 0 && !dryRun {
		return nil, graph.Errorf(graph.BadUserInput, "nothing was deployed: %s", strings.Join(out.Refused, "\n"))
	}
	out.Warnings = s.config.remarks(p.next)
	if !out.Deployed {
		return out, nil
	}
	s.log.InfoContext(ctx, "schema deployed", "version", out.Version, "from", from)
	return out, s.takeOver(ctx, int64(out.Version))
}

// stats are the state of this instance.
func (s *service) stats() *graph.ServerStats {
	memory := []metrics.Sample{{Name: "/memory/classes/total:bytes"}}
	metrics.Read(memory)
	out := &graph.ServerStats{Version: version(), Started: s.started.UTC().Format(time.RFC3339), Uptime: int(s.shared.now().Sub(s.started).Seconds()),
		Goroutines: runtime.NumGoroutine(), Memory: float64(memory[0].Value.Uint64()), Engine: s.engine}
	if v := s.data.Version(); v != nil {
		out.SchemaVersion = int(v.Number)
	}
	if polled := s.shared.began.Load(); polled != nil {
		out.LastPoll = new(polled.UTC().Format(time.RFC3339))
	}
	return out
}
