package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"time"

	"flora.dev/flora/bench/load"
	"flora.dev/flora/bench/workload"
	"flora.dev/flora/store/spanner/emulator"
)

// spannerShop is small: the emulator is no database for a load.
var spannerShop = shop{owners: 5, products: 100}

// latency asks Flora and a server with a function for each field over the same
// Spanner data, with the emulator farther and farther away. One caller asks.
func latency(r *run) error {
	sdl, err := shopSchema()
	if err != nil {
		return err
	}
	host, stop, err := emulator.Start()
	if err != nil {
		return err
	}
	defer stop()
	const database = "projects/bench/instances/scaling/databases/shop"
	if err := r.fill("spanner:"+database, sdl, spannerShop.documents, "SPANNER_EMULATOR_HOST="+host); err != nil {
		return err
	}
	key, err := workload.ReadKey(filepath.Join(r.dir, "jwks.json"))
	if err != nil {
		return err
	}
	var peers []*peer
	for _, delay := range pick(r, []int{0, 5}, []int{0, 1, 5, 20}) {
		way, err := newDistance(r.ctx, host, time.Duration(delay)*time.Millisecond)
		if err != nil {
			return err
		}
		defer way.close()
		s, err := r.serve(fmt.Sprintf("latency-%d", delay), "spanner:"+database, "SPANNER_EMULATOR_HOST="+way.address(), "FLORA_LOG=info") // which tells the calls
		if err != nil {
			return err
		}
		defer s.stop()
		flora := &peer{name: "Flora", address: s.address, process: s.cmd.Process.Pid, delay: delay, calls: s.trips}
		peers = append(peers, flora)
		for _, parallel := range []bool{false, true} {
			name := map[bool]string{false: "per field", true: "per field, in parallel"}[parallel]
			n, err := newNaive(r.ctx, way.address(), database, key, parallel)
			if err != nil {
				return err
			}
			defer n.client.Close()
			address, stop, err := serveHTTP(r.ctx, n)
			if err != nil {
				return err
			}
			defer stop()
			peers = append(peers, &peer{name: name, address: address, delay: delay, like: flora, calls: func(string) (float64, error) { return float64(n.calls.Swap(0)), nil }})
		}
	}
	// What creates comes last: new products have no reviews, and on the emulator each makes the next update slower.
	for _, operations := range [][]string{{"Q1", "Q2", "Q3"}, {"M2"}, {"M1"}} {
		var points []point
		for _, operation := range operations {
			for _, p := range peers {
				calls, err := p.count(r, operation)
				if err != nil {
					return fmt.Errorf("%s by %s: %w", operation, p.name, err)
				}
				points = append(points, point{
					series: operation + " " + p.name, x: float64(p.delay), address: p.address, process: p.process, connections: 1, owners: spannerShop.owners, body: spannerShop.ask(operation),
					each: r.each + 4*time.Duration(calls)*time.Duration(p.delay+1)*time.Millisecond, more: map[string]float64{"calls": calls},
				})
			}
		}
		if err := r.measure(points); err != nil {
			return err
		}
	}
	return nil
}

// peer is a server at a distance from Spanner.
type peer struct {
	name    string
	address string
	process int // 0: this one
	delay   int
	like    *peer                                   // whose answers it gives; nil: its own
	calls   func(operation string) (float64, error) // to Spanner by what was asked last
}

// count asks an operation and tells how many calls to Spanner it took.
func (p *peer) count(r *run, operation string) (float64, error) {
	if _, err := r.once(p.address, operation); err != nil { // a first one makes a session
		return 0, err
	}
	if _, err := p.calls(operation); err != nil {
		return 0, err
	}
	answer, err := r.once(p.address, operation)
	if err != nil {
		return 0, err
	}
	calls, err := p.calls(operation)
	if err != nil || p.like == nil || operation[0] == 'M' {
		return calls, err
	}
	want, err := r.once(p.like.address, operation)
	if err == nil && !reflect.DeepEqual(answer, want) {
		err = fmt.Errorf("it answers %.2000v, %s %.2000v", answer, p.like.name, want)
	}
	return calls, err
}

// once asks an operation and wants an answer without errors.
func (r *run) once(address, operation string) (answer any, err error) {
	body := spannerShop.ask(operation)(0, rand.New(rand.NewPCG(1, 1)))
	status, text, err := load.Once(address, request(address, r.tokens[0], body))
	if err == nil && (status != 200 || strings.Contains(string(text), `"errors"`)) {
		err = fmt.Errorf("%d %.300s", status, text)
	}
	if err != nil {
		return nil, err
	}
	return answer, json.Unmarshal(text, &answer)
}

// trips is what the log says of the round trips of the last such operation. The
// line comes a moment after the answer.
func (s *server) trips(operation string) (float64, error) {
	for range 200 {
		text, err := os.ReadFile(s.log)
		if err != nil {
			return 0, err
		}
		for _, l := range slices.Backward(strings.Split(string(text), "\n")) {
			var entry struct {
				Operation string
				Trips     float64
			}
			if json.Unmarshal([]byte(l), &entry) == nil && entry.Operation == operation {
				return entry.Trips, nil
			}
		}
		time.Sleep(5 * time.Millisecond)
	}
	return 0, fmt.Errorf("no line of %s in %s", operation, s.log)
}

// serveHTTP serves a handler on a loopback port.
func serveHTTP(ctx context.Context, h http.Handler) (address string, stop func() error, err error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	server := &http.Server{Handler: h}
	go server.Serve(l)
	return l.Addr().String(), server.Close, nil
}

func showLatency(list []figure) []chart {
	c := chart{X: "ms added to each call of Spanner", Y: "time to an answer (median), ms", LogY: true}
	of := func(operations ...string) []line {
		return lines(slices.DeleteFunc(slices.Clone(list), func(f figure) bool { return !slices.Contains(operations, f.Series[:2]) }), func(f figure) float64 { return f.P50 / 1000 })
	}
	reads, writes := c, c
	reads.Title, reads.Lines = "Reads on Spanner, farther and farther away", of("Q1", "Q3")
	writes.Title, writes.Lines = "Writes on Spanner, farther and farther away", of("M1", "M2")
	return []chart{reads, writes}
}
