package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"slices"
	"time"

	"flora.dev/flora/bench/load"
	"flora.dev/flora/bench/workload"
)

// point is something to measure: one operation on one server.
type point struct {
	series      string
	x           float64
	address     string
	process     int
	connections int // 0: 16
	each        time.Duration
	owners      int // who asks: 0 to owners-1
	body        func(owner int, r *rand.Rand) []byte
	more        map[string]float64
}

// at makes points for the same server and callers.
func (s *server) at(owners int) point {
	return point{address: s.address, process: s.cmd.Process.Pid, owners: owners}
}

// measure asks for all points in turn, several rounds of it, and keeps of each
// the median: what disturbs the machine for a while disturbs all alike.
func (r *run) measure(points []point) error {
	type asked struct {
		options load.Options
		results []load.Result
	}
	list := make([]asked, len(points))
	for i, p := range points {
		o := load.Options{Address: p.address, Again: workload.Reprice, Shortest: 10, Warm: r.warm, Measure: r.each}
		if p.process != 0 {
			o.Processes = []int{p.process}
		}
		if p.each != 0 {
			o.Warm, o.Measure = p.each/4, p.each
		}
		if p.connections == 0 {
			p.connections = 16
		}
		for c := range p.connections {
			random := rand.New(rand.NewPCG(uint64(c), 1))
			requests := make([][]byte, max(8, 4096/p.connections))
			for n := range requests {
				owner := (c + n*p.connections) % p.owners
				requests[n] = request(p.address, r.tokens[owner], p.body(owner, random))
			}
			o.Requests = append(o.Requests, requests)
		}
		list[i].options = o
	}
	for round := range r.rounds {
		for i := range list {
			if err := r.ctx.Err(); err != nil {
				return err
			}
			o := list[i].options
			if round == 0 && points[i].each == 0 {
				o.Warm *= 2 // tokens, plans and pages are new to it
			}
			result, err := load.Run(o)
			if err == nil && (result.Errors > 0 || result.Requests == 0) {
				err = fmt.Errorf("%d requests, %d errors: %s", result.Requests, result.Errors, result.LastError)
			}
			if err != nil {
				return fmt.Errorf("ask %s at %v: %w", points[i].series, points[i].x, err)
			}
			list[i].results = append(list[i].results, result)
		}
	}
	for i, p := range points {
		r.note(p, list[i].results)
	}
	return nil
}

// note keeps the medians of the results as a figure.
func (r *run) note(p point, results []load.Result) {
	f := figure{Study: r.study, Series: p.series, X: p.x, More: p.more}
	median := func(of func(load.Result) float64) float64 {
		values := make([]float64, len(results))
		for i, result := range results {
			values[i] = of(result)
		}
		slices.Sort(values)
		return values[len(values)/2]
	}
	f.CPU = median(func(v load.Result) float64 { return v.ServerCPU })
	f.PerSecond = median(func(v load.Result) float64 { return v.PerSecond })
	f.P50 = median(func(v load.Result) float64 { return v.P50 })
	f.P99 = median(func(v load.Result) float64 { return v.P99 })
	f.MiB = median(func(v load.Result) float64 { return v.RSSMiB })
	r.figures = append(r.figures, f)
	fmt.Fprintf(os.Stderr, "  %-32s %8g  %8.1f us CPU  %8.0f/s  p50 %8.0f us  p99 %8.0f us\n", f.Series, f.X, f.CPU, f.PerSecond, f.P50, f.P99)
}

// request is an operation as it goes over the wire.
func request(address, token string, body []byte) []byte {
	return fmt.Appendf(nil, "POST /graphql HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nAccept: application/json\r\nContent-Length: %d\r\n\r\n%s",
		address, token, len(body), body)
}

// freeAddress is a loopback address that nothing listens on.
func freeAddress(ctx context.Context) (string, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}
