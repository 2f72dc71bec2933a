package auth

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// publisher is an issuer whose answers a test can change.
type publisher struct {
	*httptest.Server
	mu        sync.Mutex
	discovery string // in place of the right document
	keys      http.HandlerFunc
	asked     atomic.Int32 // for keys
}

func newPublisher(t *testing.T, keys string) *publisher {
	p := &publisher{}
	p.publish(keys)
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		discovery, keys := p.discovery, p.keys
		p.mu.Unlock()
		switch r.URL.Path {
		case "/.well-known/openid-configuration":
			if discovery == "" {
				discovery = fmt.Sprintf(`{"issuer":%q,"jwks_uri":%q}`, p.issuer(), p.URL+"/keys")
			}
			fmt.Fprint(w, discovery)
		case "/keys":
			p.asked.Add(1)
			keys(w, r)
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(p.Close)
	return p
}

func (p *publisher) issuer() string { return p.URL + "/" }

func (p *publisher) answer(h http.HandlerFunc) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.keys = h
}

func (p *publisher) publish(keys string) {
	p.answer(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, keys) })
}

func (p *publisher) fail() {
	p.answer(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
}

func (p *publisher) provider() Provider {
	return Provider{Name: "test", Issuer: p.issuer(), Audience: testAudience}
}

// token is good for a week and signed with rsaKey unless kid is k2.
func (p *publisher) token(t *testing.T, kid string) string {
	t.Helper()
	private := rsaKey()
	if kid == "k2" {
		private = otherKey()
	}
	header := `{"alg":"RS256","kid":"` + kid + `"}`
	if kid == "" {
		header = `{"alg":"RS256"}`
	}
	return sign(t, header, claimsJSON(set("iss", p.issuer()), set("exp", 1_800_600_000)), "RS256", private)
}

func (p *publisher) expect(t *testing.T, v *Verifier, step, kid, want string, asked int32) {
	t.Helper()
	if got := code(t, v, p.token(t, kid)); got != want {
		t.Errorf("%s: token of %q: %q, want %q", step, kid, got, want)
	}
	if got := p.asked.Load(); got != asked {
		t.Errorf("%s: the issuer was asked %d times, want %d", step, got, asked)
	}
}

func oneKey(t *testing.T) string { return jwks(t, jwk(t, "k1", &rsaKey().PublicKey)) }
func twoKeys(t *testing.T) string {
	return jwks(t, jwk(t, "k1", &rsaKey().PublicKey), jwk(t, "k2", &otherKey().PublicKey))
}
func secondKey(t *testing.T) string { return jwks(t, jwk(t, "k2", &otherKey().PublicKey)) }

var loopback = Options{InsecureLoopback: true}

func TestKeysWithdrawn(t *testing.T) {
	c, p := newClock(), newPublisher(t, twoKeys(t))
	v := newVerifier(t, c, loopback, p.provider())
	if p.asked.Load() != 0 {
		t.Error("NewVerifier did I/O")
	}
	p.expect(t, v, "start", "k1", "", 1)
	p.expect(t, v, "start", "k2", "", 1)
	p.publish(secondKey(t))
	c.Add(4*time.Minute + 29*time.Second)
	p.expect(t, v, "before the refresh", "k1", "", 1)
	c.Add(61*time.Second + time.Second)
	p.expect(t, v, "after the refresh", "k1", CodeKey, 3) // the refresh, and one search for k1
	p.expect(t, v, "after the refresh", "k2", "", 3)      // replaced, not merged; k2 stayed
}

func TestKeysMaxAgeOnlyShortens(t *testing.T) {
	for _, test := range []struct {
		control  string
		from, to time.Duration // the refresh comes between
	}{
		{"max-age=90", 89 * time.Second, 90 * time.Second},
		{"public, max-age=5", 59 * time.Second, 60 * time.Second},
		{"max-age=0", 59 * time.Second, 60 * time.Second},
		{"max-age=86400", 269 * time.Second, 331 * time.Second},
		{"max-age=99999999999999999999", 269 * time.Second, 331 * time.Second},
		{"", 269 * time.Second, 331 * time.Second},
	} {
		c, p := newClock(), newPublisher(t, "")
		p.answer(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Cache-Control", test.control)
			fmt.Fprint(w, oneKey(t))
		})
		v := newVerifier(t, c, loopback, p.provider())
		p.expect(t, v, test.control, "k1", "", 1)
		c.Add(test.from)
		p.expect(t, v, test.control+" before", "k1", "", 1)
		c.Add(test.to - test.from)
		p.expect(t, v, test.control+" after", "k1", "", 2)
	}
}

func TestKeysETag(t *testing.T) {
	c, p := newClock(), newPublisher(t, "")
	var notModified atomic.Int32
	body := oneKey(t)
	p.answer(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("If-None-Match") == `"v1"` {
			notModified.Add(1)
			w.WriteHeader(http.StatusNotModified)
			return
		}
		w.Header().Set("ETag", `"v1"`)
		fmt.Fprint(w, body)
	})
	v := newVerifier(t, c, loopback, p.provider())
	p.expect(t, v, "start", "k1", "", 1)
	c.Add(6 * time.Minute)
	p.expect(t, v, "refresh", "k1", "", 2)
	c.Add(24*time.Hour + 6*time.Minute)
	p.expect(t, v, "a day later", "k1", "", 3)
	if notModified.Load() != 2 {
		t.Errorf("%d conditional requests, want 2", notModified.Load())
	}
}

func TestKeysRotation(t *testing.T) {
	c, p := newClock(), newPublisher(t, oneKey(t))
	v := newVerifier(t, c, loopback, p.provider())
	p.expect(t, v, "start", "k1", "", 1)
	p.expect(t, v, "not published yet", "k2", CodeKey, 2)
	p.publish(twoKeys(t))
	p.expect(t, v, "published, searched lately", "k2", CodeKey, 2)
	p.expect(t, v, "another unknown kid", "k3", CodeKey, 2)
	c.Add(10 * time.Second)
	p.expect(t, v, "10 s later", "k2", "", 3)
	p.expect(t, v, "the old key still counts", "k1", "", 3)
}

// A kid that stays unknown is asked for less and less often.
func TestKeysUnknownBacksOff(t *testing.T) {
	c, p := newClock(), newPublisher(t, "")
	p.answer(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, oneKey(t)) })
	v := newVerifier(t, c, loopback, p.provider())
	for range 200 { // 200 s
		if got := code(t, v, p.token(t, "gone")); got != CodeKey {
			t.Fatalf("unknown kid: %q", got)
		}
		c.Add(time.Second)
	}
	// 0, 10, 30, 70, 150 and the first load.
	if got := p.asked.Load(); got != 6 {
		t.Errorf("the issuer was asked %d times, want 6", got)
	}
	for i := range 2 * maxMisses {
		code(t, v, p.token(t, fmt.Sprintf("random-%d", i)))
		c.Add(10 * time.Second)
	}
	s := v.byIssuer[p.issuer()].keys
	if len(s.misses) > maxMisses {
		t.Errorf("%d misses kept", len(s.misses))
	}
}

func TestKeysOutage(t *testing.T) {
	c, p := newClock(), newPublisher(t, "")
	p.fail()
	v := newVerifier(t, c, loopback, p.provider())
	p.expect(t, v, "never reached", "k1", "unavailable", 1)
	p.expect(t, v, "not asked again at once", "k1", "unavailable", 1)
	if err := v.Ready(context.Background()); err == nil {
		t.Error("ready without keys")
	}
	p.publish(oneKey(t))
	c.Add(10 * time.Second)
	if err := v.Ready(context.Background()); err != nil {
		t.Errorf("not ready: %v", err)
	}
	p.expect(t, v, "reached", "k1", "", 2)

	for _, outage := range []http.HandlerFunc{
		func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) },
		func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `<html>maintenance</html>`) },
		func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"keys":{}}`) },
		func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"keys":[],"keys":[]}`) },
		func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotModified) },
		func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, oneKey(t)+strings.Repeat(" ", maxDocument))
		},
		func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, `{"keys":[`+strings.Repeat("{},", maxKeys)+`{}]}`)
		},
		func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/elsewhere", http.StatusFound) },
	} {
		p.answer(outage)
		c.Add(6 * time.Minute)
		p.expect(t, v, "outage", "k1", "", p.asked.Load()+1)
		p.expect(t, v, "outage, just tried", "k1", "", p.asked.Load())
	}
	c.Add(24 * time.Hour)
	p.expect(t, v, "outage of a day", "k1", "unavailable", p.asked.Load()+1)
	p.publish(oneKey(t))
	c.Add(time.Minute)
	p.expect(t, v, "back again", "k1", "", p.asked.Load()+1)
	p.publish(`{"keys":[]}`)
	c.Add(6 * time.Minute)
	p.expect(t, v, "all keys withdrawn", "k1", "unavailable", p.asked.Load()+1)
}

func TestKeysSingleFlight(t *testing.T) {
	c, p := newClock(), newPublisher(t, "")
	entered, release := make(chan struct{}, 10), make(chan struct{})
	p.answer(func(w http.ResponseWriter, _ *http.Request) {
		entered <- struct{}{}
		<-release
		fmt.Fprint(w, oneKey(t))
	})
	v := newVerifier(t, c, loopback, p.provider())
	token := p.token(t, "k1")

	// The caller that started the fetch goes away; the fetch goes on.
	ctx, cancel := context.WithCancel(context.Background())
	var all sync.WaitGroup
	errs := make(chan error, 9)
	all.Go(func() { _, err := v.Verify(ctx, token); errs <- err })
	<-entered
	cancel()
	for range 8 {
		all.Go(func() { _, err := v.Verify(context.Background(), token); errs <- err })
	}
	gone, cancelGone := context.WithCancel(context.Background())
	cancelGone()
	if _, err := v.Verify(gone, token); !errors.Is(err, context.Canceled) || !errors.Is(err, ErrUnavailable) {
		t.Errorf("a caller who is gone: %v", err)
	}
	close(release)
	all.Wait()
	for range 9 {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	if got := p.asked.Load(); got != 1 {
		t.Errorf("the issuer was asked %d times, want 1", got)
	}

	// While a refresh is under way, others use the set they have for as long
	// as it may be used, then they wait.
	release = make(chan struct{})
	p.answer(func(w http.ResponseWriter, _ *http.Request) {
		entered <- struct{}{}
		<-release
		fmt.Fprint(w, secondKey(t))
	})
	c.Add(5*time.Minute + 31*time.Second)
	all.Go(func() { v.Verify(context.Background(), p.token(t, "k2")) })
	<-entered
	if got := code(t, v, token); got != "" {
		t.Errorf("during the refresh: %q", got)
	}
	c.Add(time.Minute)
	if _, err := v.Verify(gone, token); !errors.Is(err, ErrUnavailable) {
		t.Errorf("6 minutes after the last check the old set was used without waiting: %v", err)
	}
	close(release)
	all.Wait()
	if got := code(t, v, token); got != CodeKey {
		t.Errorf("after the refresh: %q, want %q", got, CodeKey)
	}
}

// fetchPanics stands for a parser that an issuer's answer trips up.
type fetchPanics struct{}

func (fetchPanics) fetch(context.Context, *keySet) (*keySet, time.Duration, error) { panic("parser") }

func TestKeysFetchPanics(t *testing.T) {
	s := newKeySource("test", fetchPanics{}, refreshEvery, newClock().Now, quiet())
	for range 2 { // the second would wait forever on a lock that was kept
		if _, err := s.current(context.Background()); err == nil || !strings.Contains(err.Error(), "parser") {
			t.Errorf("error %v", err)
		}
	}
}

func TestKeysDiscovery(t *testing.T) {
	elsewhere := newPublisher(t, oneKey(t))
	tests := []struct{ name, discovery, want string }{
		{"right", ``, ""},
		{"other issuer", `{"issuer":"https://evil.example/","jwks_uri":"URL/keys"}`, "unavailable"},
		{"issuer without slash", `{"issuer":"URL","jwks_uri":"URL/keys"}`, "unavailable"},
		{"issuer absent", `{"jwks_uri":"URL/keys"}`, "unavailable"},
		{"no key set", `{"issuer":"URL/"}`, "unavailable"},
		{"plain http", `{"issuer":"URL/","jwks_uri":"http://keys.example/keys"}`, "unavailable"},
		{"file", `{"issuer":"URL/","jwks_uri":"file:///etc/passwd"}`, "unavailable"},
		{"relative", `{"issuer":"URL/","jwks_uri":"//keys.example/keys"}`, "unavailable"},
		{"duplicate", `{"issuer":"URL/","jwks_uri":"URL/keys","issuer":"URL/"}`, "unavailable"},
		{"another host", `{"issuer":"URL/","jwks_uri":"` + elsewhere.URL + `/keys"}`, ""},
		{"too large", `{"issuer":"URL/","jwks_uri":"URL/keys"}` + strings.Repeat(" ", maxDocument), "unavailable"},
	}
	for _, test := range tests {
		p := newPublisher(t, oneKey(t))
		p.discovery = strings.ReplaceAll(test.discovery, "URL", p.URL)
		// Whatever address is asked answers with good keys.
		v := newVerifier(t, newClock(), Options{InsecureLoopback: true, HTTPClient: &http.Client{Transport: anyHost{p.URL}}}, p.provider())
		if got := code(t, v, p.token(t, "k1")); got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}

// anyHost brings every request to one server.
type anyHost struct{ server string }

func (a anyHost) RoundTrip(r *http.Request) (*http.Response, error) {
	to, err := http.NewRequestWithContext(r.Context(), r.Method, a.server+r.URL.Path, nil)
	if err != nil {
		return nil, err
	}
	return http.DefaultTransport.RoundTrip(to)
}

// A 304 that nobody asked for is no answer: it must not prolong known keys.
func TestKeysNotModifiedUnasked(t *testing.T) {
	c, p := newClock(), newPublisher(t, oneKey(t))
	v := newVerifier(t, c, loopback, p.provider())
	p.expect(t, v, "start", "k1", "", 1)
	p.answer(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotModified) })
	for i := range int32(4) {
		c.Add(6 * time.Hour)
		p.expect(t, v, "304", "k1", "", i+2)
	}
	c.Add(time.Hour)
	p.expect(t, v, "304 for a day", "k1", "unavailable", 6)
}

// Redirects are refused even if the given client would follow them.
func TestKeysRedirectRefused(t *testing.T) {
	p := newPublisher(t, oneKey(t))
	redirect := httptest.NewServer(http.RedirectHandler(p.URL+"/keys", http.StatusFound))
	defer redirect.Close()
	provider := p.provider()
	provider.JWKS = redirect.URL
	v := newVerifier(t, newClock(), Options{InsecureLoopback: true, HTTPClient: &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return nil },
	}}, provider)
	p.expect(t, v, "redirect", "k1", "unavailable", 0)
	provider.JWKS = p.URL + "/keys"
	v = newVerifier(t, newClock(), loopback, provider)
	p.expect(t, v, "direct", "k1", "", 1)
}

func TestKeysFromFile(t *testing.T) {
	c := newClock()
	p := Provider{Name: "test", Issuer: testIssuer, Audience: testAudience, JWKS: writeFile(t, `{"keys":[`)}
	v := newVerifier(t, c, Options{}, p)
	write := func(content string) {
		t.Helper()
		if err := os.WriteFile(p.JWKS, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		c.Add(1100 * time.Millisecond)
	}
	expect := func(step, want string) {
		t.Helper()
		if got := code(t, v, goodToken(t)); got != want {
			t.Errorf("%s: %q, want %q", step, got, want)
		}
	}
	expect("half a file", "unavailable")
	write(oneKey(t))
	expect("written", "")
	write(`{"keys":[`)
	expect("half a file again", "")
	write(secondKey(t))
	expect("key withdrawn", CodeKey)
	write(jwks(t, jwk(t, "k1", &otherKey().PublicKey)))
	expect("another key of the same name", CodeSignature)
	write(oneKey(t))
	expect("back", "")
	if err := os.Remove(p.JWKS); err != nil {
		t.Fatal(err)
	}
	c.Add(time.Hour)
	expect("file gone", "")
	c.Add(24 * time.Hour)
	if _, err := v.byIssuer[testIssuer].keys.current(context.Background()); err == nil {
		t.Error("file gone for a day: still used")
	}
}
