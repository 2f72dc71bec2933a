package load

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Options say what is asked, and how.
type Options struct {
	Address   string
	Requests  [][][]byte   // of each connection, whole, in turn
	Again     func([]byte) // changes a request that is sent once more; nil: it stays as it is
	Shortest  int          // bytes of a good answer
	Processes []int        // of the server: roots of what is counted
	Warm      time.Duration
	Measure   time.Duration
	Rate      float64 // requests per second whatever the server does; 0: each connection asks when it is answered
}

// Result is what was seen.
type Result struct {
	Requests  int
	Errors    int
	LastError string `json:",omitempty"`
	PerSecond float64
	P50, P99  float64 // microseconds
	ServerCPU float64 // microseconds for a request
	LoaderCPU float64 // the same, of this program
	RSSMiB    float64
	PSSMiB    float64
}

// phases of a run.
const (
	warming int32 = iota
	measuring
	over
)

// Run asks until the time is over.
func Run(o Options) (Result, error) {
	var (
		phase atomic.Int32
		next  atomic.Int64 // of those at a fixed rate
		group sync.WaitGroup
		start = time.Now()
		seen  = make([]worker, len(o.Requests))
	)
	for i := range seen {
		c, err := dial(o.Address)
		if err != nil {
			return Result{}, fmt.Errorf("connect: %w", err)
		}
		defer c.conn.Close()
		w := &seen[i]
		*w = worker{client: c, o: &o, requests: o.Requests[i], took: make([]time.Duration, 0, 1<<17)}
		group.Go(func() {
			for phase.Load() != over && w.broken == nil {
				var due time.Time
				if o.Rate > 0 {
					due = start.Add(time.Duration(float64(next.Add(1)-1) / o.Rate * float64(time.Second)))
				}
				w.ask(due, &phase)
			}
		})
	}
	time.Sleep(o.Warm)
	server, self := Tree(o.Processes...), []int{os.Getpid()}
	serverBefore, selfBefore, began := CPU(server), CPU(self), time.Now()
	phase.Store(measuring)
	time.Sleep(o.Measure)
	phase.Store(over)
	took := time.Since(began)
	serverUsed, selfUsed := CPU(server)-serverBefore, CPU(self)-selfBefore
	group.Wait()
	return summary(seen, server, took, serverUsed, selfUsed), nil
}

func summary(seen []worker, server []int, took, serverUsed, selfUsed time.Duration) (r Result) {
	var all []time.Duration
	for i := range seen {
		w := &seen[i]
		all = append(all, w.took...)
		r.Errors += w.errors
		if w.last != "" {
			r.LastError = w.last
		}
	}
	r.RSSMiB, r.PSSMiB = Memory(server)
	if r.Requests = len(all); r.Requests == 0 {
		return r
	}
	slices.Sort(all)
	n := float64(len(all))
	r.PerSecond = n / took.Seconds()
	r.P50, r.P99 = micro(all[len(all)/2]), micro(all[len(all)*99/100])
	r.ServerCPU, r.LoaderCPU = micro(serverUsed)/n, micro(selfUsed)/n
	return r
}

func micro(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }

// worker is one connection.
type worker struct {
	client   *client
	o        *Options
	requests [][]byte
	sent     int
	took     []time.Duration
	errors   int
	last     string
	broken   error
}

// ask sends the next request, at a fixed rate not before it is due. One that
// waited for a free connection counts from when it was due; one that the timer
// woke late counts from when it was sent, for that is not the server's doing.
func (w *worker) ask(due time.Time, phase *atomic.Int32) {
	from := time.Now()
	if !due.IsZero() {
		if wait := due.Sub(from); wait > 0 {
			time.Sleep(wait)
			from = time.Now()
		} else {
			from = due
		}
	}
	request := w.requests[w.sent%len(w.requests)]
	if w.sent >= len(w.requests) && w.o.Again != nil {
		w.o.Again(request)
	}
	w.sent++
	status, body, err := w.client.do(request)
	took := time.Since(from)
	switch {
	case err != nil:
		w.errors++
		w.last, w.broken = err.Error(), err
	case status != 200 || len(body) < w.o.Shortest || bytes.Contains(body, []byte(`"errors"`)):
		w.errors++
		w.last = fmt.Sprintf("%d %.300s", status, body)
	case phase.Load() == measuring:
		w.took = append(w.took, took)
	}
}
