package web

import (
	"container/list"
	"math"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Limits of the edge. Zero switches Concurrent and Rate off.
type Limits struct {
	Body       int           // bytes of a request body
	Deadline   time.Duration // of one request, handed to the store
	Concurrent int           // operations of one caller at a time
	Rate       int           // operations of one caller per second
	Burst      int           // of them at once
	Drain      time.Duration // from the order to end until the end
	DrainDelay time.Duration // of it, how long new requests are still taken: load balancers need it to look away
}

// DefaultLimits are the limits where the configuration names none.
func DefaultLimits() Limits {
	return Limits{Body: 256 << 10, Deadline: 10 * time.Second, Concurrent: 20, Rate: 50, Burst: 100, Drain: 9 * time.Second, DrainDelay: time.Second}
}

// maxCallers bounds the memory that callers can take up here.
const maxCallers = 65536

// gate counts what each caller does. It forgets the caller that was idle
// longest when it is full.
type gate struct {
	limits Limits
	now    func() time.Time
	max    int

	mu      sync.Mutex
	callers map[string]*list.Element // of *caller
	recent  *list.List               // most recent first
}

type caller struct {
	key     string
	bucket  *rate.Limiter // nil: no rate
	running int
}

func newGate(limits Limits, now func() time.Time) *gate {
	return &gate{limits: limits, now: now, max: maxCallers, callers: map[string]*list.Element{}, recent: list.New()}
}

// enter admits one operation of a caller. Where it does not, wait is how long
// the caller should stay away. leave must be called after an admitted one.
func (g *gate) enter(key string) (leave func(), wait time.Duration, message string) {
	if key == "" || g.limits.Concurrent == 0 && g.limits.Rate == 0 {
		return func() {}, 0, ""
	}
	now := g.now()
	g.mu.Lock()
	defer g.mu.Unlock()
	c := g.caller(key)
	if g.limits.Concurrent > 0 && c.running >= g.limits.Concurrent {
		return nil, time.Second, "too many operations at once"
	}
	if c.bucket != nil {
		next := c.bucket.ReserveN(now, 1)
		if delay := next.DelayFrom(now); delay > 0 {
			next.CancelAt(now)
			return nil, delay, "too many operations per second"
		}
	}
	c.running++
	return func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		c.running--
	}, 0, ""
}

// caller finds or makes the state of a key. g.mu is held.
func (g *gate) caller(key string) *caller {
	if e, known := g.callers[key]; known {
		g.recent.MoveToFront(e)
		return e.Value.(*caller)
	}
	for e := g.recent.Back(); e != nil && len(g.callers) >= g.max; {
		older := e.Prev()
		if c := e.Value.(*caller); c.running == 0 {
			g.recent.Remove(e)
			delete(g.callers, c.key)
		}
		e = older
	}
	c := &caller{key: key}
	if g.limits.Rate > 0 {
		c.bucket = rate.NewLimiter(rate.Limit(g.limits.Rate), max(1, g.limits.Burst))
	}
	g.callers[key] = g.recent.PushFront(c)
	return c
}

// retryAfter writes a wait as whole seconds, rounded up (RFC 9110 section 10.2.3).
func retryAfter(wait time.Duration) int { return max(1, int(math.Ceil(wait.Seconds()))) }

// clientAddress is the address that anonymous operations are counted by. Only
// behind proxies that are known to write X-Forwarded-For is there one: without
// them every client may come from the one address of a load balancer.
func clientAddress(r *http.Request, trustedProxies int) string {
	if trustedProxies <= 0 {
		return ""
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	if n := len(hops) - trustedProxies; n >= 0 {
		if address := household(strings.TrimSpace(hops[n])); address != "" {
			return address
		}
	}
	// It came around the proxies, or one of them writes what is no address:
	// counted by who connected, or leaving the header out would lift the limit.
	return household(r.RemoteAddr)
}

// household is an address without its port, of IPv6 the /64 that one customer
// has to himself; "" for what is no address.
func household(text string) string {
	a, err := netip.ParseAddr(text)
	if err != nil {
		withPort, err := netip.ParseAddrPort(text)
		if err != nil {
			return ""
		}
		a = withPort.Addr()
	}
	a = a.Unmap()
	if a.Is6() {
		if p, err := a.Prefix(64); err == nil {
			return p.String()
		}
	}
	return a.String()
}
