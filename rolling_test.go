package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"flora.dev/flora/store/spanner/emulator"
)

var restarts = flag.Int("restarts", 4, "servers that are restarted under load, one after the other")

// TestRollingRestarts restarts servers behind a balancer, one after the other,
// while queries and mutations keep coming: none fails, and each mutation that
// was answered was written once.
func TestRollingRestarts(t *testing.T) {
	database := emulator.Database(t)
	env := "SPANNER_EMULATOR_HOST=" + emulator.Host(t)
	config, n := deployed(t, map[string]string{"SPANNER_EMULATOR_HOST": emulator.Host(t)}, "spanner:"+database, "limits: { rate: off }")
	serve := func() (*program, *url.URL) {
		p := process(t, []string{env}, "serve", "--config", config, "--listen", "127.0.0.1:0")
		at, err := url.Parse("http://" + p.await(p.err, `"msg":"listening","address":"([^"]+)"`)[1])
		if err != nil {
			t.Fatal(err)
		}
		return p, at
	}
	b := newBalancer(t)
	fleet := make([]*program, 3)
	targets := make([]*target, len(fleet))
	for i := range fleet {
		var at *url.URL
		fleet[i], at = serve()
		targets[i] = b.add(at)
		b.await(targets[i], true)
	}
	front := httptest.NewServer(b)
	t.Cleanup(front.Close)

	load := startLoad(t, front.URL, n.token(t, "https://api", "ada"))
	for i := range *restarts {
		slot := i % len(fleet)
		if code := fleet[slot].stop(); code != 0 {
			t.Errorf("restart %d: exit code %d\n%s", i, code, fleet[slot].err)
		}
		b.remove(targets[slot])
		var at *url.URL
		fleet[slot], at = serve()
		targets[slot] = b.add(at)
		b.await(targets[slot], true)
	}
	queries, created := load.stop()
	if queries == 0 || created == 0 {
		t.Errorf("no load: %d queries, %d mutations", queries, created)
	}
	got := ask(t, front.URL, n.token(t, "https://api", "ada"), "{ notes { totalCount } }")
	if want := fmt.Sprintf(`"totalCount":%d}`, created); !strings.Contains(got, want) {
		t.Errorf("stored %s, want %s", got, want)
	}
	t.Logf("%d restarts, %d queries, %d mutations, %d failed", *restarts, queries, created, load.failed.Load())
}

// load is requests that keep coming.
type load struct {
	end             context.CancelFunc
	workers         sync.WaitGroup
	queries, writes atomic.Int64
	failed          atomic.Int64
}

func startLoad(t *testing.T, base, token string) *load {
	ctx, end := context.WithCancel(t.Context())
	l := &load{end: end}
	t.Cleanup(end)
	for i := range 4 {
		body, want, count := `{"query":"{ notes(first: 1) { nodes { text } } }"}`, `{"data":{"notes":`, &l.queries
		if i%2 == 1 {
			body, want, count = `{"query":"mutation { createNote(data: { text: \"x\" }) { text } }"}`, `{"data":{"createNote":{"text":"x"}}`, &l.writes
		}
		l.workers.Go(func() {
			pace := time.NewTicker(20 * time.Millisecond)
			defer pace.Stop()
			for {
				select {
				case <-ctx.Done():
					return
				case <-pace.C:
				}
				if got := sendOnce(base, token, body); strings.HasPrefix(got, "200 "+want) {
					count.Add(1)
				} else {
					l.failed.Add(1)
					t.Errorf("failed: %s", got)
				}
			}
		})
	}
	return l
}

// stop ends the load after the requests that run.
func (l *load) stop() (queries, writes int64) {
	l.end()
	l.workers.Wait()
	return l.queries.Load(), l.writes.Load()
}

func sendOnce(base, token, body string) string {
	r, err := http.NewRequest("POST", base+"/graphql", bytes.NewBufferString(body))
	if err != nil {
		return err.Error()
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+token)
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return err.Error()
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("%d %s", res.StatusCode, text)
}

// balancer hands requests to the servers that are ready, in turn. It keeps
// connections open and sends nothing twice.
type balancer struct {
	t       *testing.T
	mu      sync.Mutex
	targets []*target
	next    int
}

type target struct {
	at      *url.URL
	proxy   *httputil.ReverseProxy
	ready   bool
	changed chan struct{} // closed when ready changes
	end     context.CancelFunc
}

func newBalancer(t *testing.T) *balancer { return &balancer{t: t} }

func (b *balancer) add(at *url.URL) *target {
	transport := &http.Transport{MaxIdleConnsPerHost: 16}
	ctx, end := context.WithCancel(b.t.Context())
	g := &target{at: at, changed: make(chan struct{}), end: end, proxy: &httputil.ReverseProxy{
		Transport: transport,
		Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(at) },
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			http.Error(w, "balancer: "+err.Error(), http.StatusBadGateway)
		},
	}}
	b.mu.Lock()
	b.targets = append(b.targets, g)
	b.mu.Unlock()
	go b.watch(ctx, g)
	return g
}

func (b *balancer) remove(g *target) {
	g.end()
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := range b.targets {
		if b.targets[i] == g {
			b.targets = append(b.targets[:i:i], b.targets[i+1:]...)
			return
		}
	}
}

// watch asks a server whether it is ready, as load balancers do.
func (b *balancer) watch(ctx context.Context, g *target) {
	client := http.Client{Timeout: time.Second}
	every := time.NewTicker(50 * time.Millisecond)
	defer every.Stop()
	for {
		res, err := client.Get(g.at.String() + "/readyz")
		if err == nil {
			res.Body.Close()
		}
		if ready := err == nil && res.StatusCode == http.StatusOK; ctx.Err() == nil {
			b.mu.Lock()
			if g.ready != ready {
				g.ready = ready
				close(g.changed)
				g.changed = make(chan struct{})
			}
			b.mu.Unlock()
		}
		select {
		case <-ctx.Done():
			return
		case <-every.C:
		}
	}
}

// await waits until a server is ready, or is not.
func (b *balancer) await(g *target, ready bool) {
	b.t.Helper()
	late := time.After(20 * time.Second)
	for {
		b.mu.Lock()
		is, changed := g.ready, g.changed
		b.mu.Unlock()
		if is == ready {
			return
		}
		select {
		case <-changed:
		case <-late:
			b.t.Fatalf("%s: ready is %v", g.at, is)
		}
	}
}

func (b *balancer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	var to *target
	for range b.targets {
		b.next = (b.next + 1) % len(b.targets)
		if b.targets[b.next].ready {
			to = b.targets[b.next]
			break
		}
	}
	b.mu.Unlock()
	if to == nil {
		http.Error(w, "balancer: no server is ready", http.StatusBadGateway)
		return
	}
	to.proxy.ServeHTTP(w, r)
}
