package auth

import (
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// TestKeysRedirected: an issuer that redirects is not followed, wherever to:
// the address that it names was checked by nobody.
func TestKeysRedirected(t *testing.T) {
	var reached atomic.Int32
	elsewhere := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		reached.Add(1)
		fmt.Fprint(w, oneKey(t))
	})
	plain, secure := httptest.NewServer(elsewhere), httptest.NewTLSServer(elsewhere)
	defer plain.Close()
	defer secure.Close()
	for _, to := range []string{plain.URL + "/keys", secure.URL + "/keys", strings.Replace(plain.URL, "127.0.0.1", "localhost", 1) + "/keys", "/other", "//" + plain.Listener.Addr().String() + "/keys", "http://169.254.169.254/latest/meta-data/", "file:///etc/passwd", "", "\x7f"} {
		for _, status := range []int{301, 302, 303, 307, 308, 300, 305} {
			for _, part := range []string{"keys", "discovery"} {
				p := newPublisher(t, oneKey(t))
				redirect := func(w http.ResponseWriter, _ *http.Request) {
					w.Header().Set("Location", to)
					w.Header().Set("Refresh", "0; url="+to)
					w.WriteHeader(status)
					fmt.Fprint(w, oneKey(t)) // the body of a redirect is no answer either
				}
				provider := p.provider()
				if part == "keys" {
					p.answer(redirect)
				} else {
					moved := httptest.NewServer(http.HandlerFunc(redirect))
					defer moved.Close()
					provider.Issuer = moved.URL + "/"
				}
				v := newVerifier(t, newClock(), loopback, provider)
				token := sign(t, goodHeader, claimsJSON(set("iss", provider.Issuer)), "RS256", rsaKey())
				if got := code(t, v, token); got != "unavailable" {
					t.Errorf("%s answered %d to %q: %q", part, status, to, got)
				}
			}
		}
	}
	if reached.Load() > 0 {
		t.Errorf("redirects were followed %d times", reached.Load())
	}
}

// TestKeysHostileDiscovery: a document of discovery that leads elsewhere. The
// verifier is that of production: no loopback address, no plain http.
func TestKeysHostileDiscovery(t *testing.T) {
	const issuer = testIssuer
	asked := map[string]int{}
	var discovery string
	client := &http.Client{Transport: tripper(func(r *http.Request) (*http.Response, error) {
		w := httptest.NewRecorder()
		if strings.HasSuffix(r.URL.Path, "/.well-known/openid-configuration") {
			fmt.Fprint(w, discovery)
		} else {
			asked[r.URL.String()]++
			fmt.Fprint(w, oneKey(t))
		}
		return w.Result(), nil
	})}
	try := func(document string) string {
		discovery = document
		v := newVerifier(t, newClock(), Options{HTTPClient: client}, Provider{Name: "test", Issuer: issuer, Audience: testAudience})
		return code(t, v, goodToken(t))
	}
	uri := func(value string) string { return `{"issuer":"` + issuer + `","jwks_uri":` + value + `}` }
	for _, good := range []string{`"https://tenant.example.com/keys"`, `"https://keys.example.net/a@b?x=1"`, `"HTTPS://keys.example.net/k"`, `"https://keys.example.net:8443/k"`} {
		if got := try(uri(good)); got != "" {
			t.Errorf("%s: %q", good, got)
		}
	}
	clear(asked)
	for _, bad := range []string{
		uri(`"http://tenant.example.com/keys"`), uri(`"http://127.0.0.1/keys"`), uri(`"https://127.0.0.1/keys"`), uri(`"https://localhost/keys"`), uri(`"https://LOCALHOST./keys"`), uri(`"https://[::1]/keys"`), uri(`"https://[::ffff:127.0.0.1]/keys"`), uri(`"https://127.1/keys"`), uri(`"https://0x7f000001/keys"`), uri(`"https://2130706433/keys"`), uri(`"https://0.0.0.0/keys"`), uri(`"https://x.localhost/keys"`),
		uri(`"https://tenant.example.com/dev/issuer/.well-known/jwks.json"`), uri(`"https://tenant.example.com/Dev//Issuer/keys"`),
		uri(`"file:///etc/passwd"`), uri(`"ftp://tenant.example.com/keys"`), uri(`"data:application/json,{}"`), uri(`"javascript:1"`), uri(`"gopher://tenant.example.com/"`), uri(`"unix:///run/keys"`), uri(`"/keys"`), uri(`"keys"`), uri(`"//tenant.example.com/keys"`), uri(`"https:/keys"`), uri(`"https:///keys"`), uri(`"https://"`), uri(`"https://:443/keys"`),
		uri(`"https://user@tenant.example.com/keys"`), uri(`"https://tenant.example.com@evil.example/keys"`), uri(`"https://tenant.example.com/keys#x"`), uri(`"https://evil.example\\@tenant.example.com/keys"`), uri(`" https://tenant.example.com/keys"`), uri(`"https://tenant.example.com/keys\n"`), uri(`"https://tenant.example.com/\u0000"`), uri(`"https://ten ant.example.com/"`), uri(`""`),
		uri(`null`), uri(`1`), uri(`true`), uri(`["https://tenant.example.com/keys"]`), uri(`{"url":"https://tenant.example.com/keys"}`),
		`{"issuer":"https://tenant.example.com","jwks_uri":"https://tenant.example.com/keys"}`, `{"issuer":"https://TENANT.example.com/","jwks_uri":"https://tenant.example.com/keys"}`, `{"issuer":["` + issuer + `"],"jwks_uri":"https://tenant.example.com/keys"}`, `{"issuer":null,"jwks_uri":"https://tenant.example.com/keys"}`, `{"Issuer":"` + issuer + `","jwks_uri":"https://tenant.example.com/keys"}`, `{"issuer":"` + issuer + `","JWKS_URI":"https://tenant.example.com/keys"}`,
		`{"issuer":"` + issuer + `","jwks_uri":"https://tenant.example.com/keys","jwks_uri":"https://evil.example/keys"}`, uri(`"https://tenant.example.com/keys"`) + "x", "\ufeff" + uri(`"https://tenant.example.com/keys"`), `[` + uri(`"https://tenant.example.com/keys"`) + `]`, `<!doctype html>`, ``, oneKey(t),
	} {
		if got := try(bad); got != "unavailable" {
			t.Errorf("%s: %q", bad, got)
		}
	}
	if len(asked) > 0 {
		t.Errorf("addresses were asked that must not be: %v", asked)
	}
}

type tripper func(*http.Request) (*http.Response, error)

func (f tripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// TestKeysGzipBomb: 256 KiB are counted unpacked.
func TestKeysGzipBomb(t *testing.T) {
	p := newPublisher(t, "")
	packed := func(text io.Reader) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			io.Copy(z, text) // ends when the client has enough
			z.Close()
		}
	}
	p.answer(packed(io.LimitReader(blanks{}, 1<<30)))
	c := newClock()
	v := newVerifier(t, c, loopback, p.provider())
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	p.expect(t, v, "1 GiB of blanks", "k1", "unavailable", 1)
	runtime.ReadMemStats(&after)
	if took := after.TotalAlloc - before.TotalAlloc; took > 100<<20 {
		t.Errorf("it took %d MiB", took>>20)
	}
	p.answer(packed(strings.NewReader(oneKey(t))))
	c.Add(time.Minute)
	p.expect(t, v, "a good set, packed", "k1", "", 2)
}

type blanks struct{}

func (blanks) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = ' '
	}
	return len(b), nil
}

// TestKeysTimeout: 5 s for discovery and key set together, whatever of it is slow.
func TestKeysTimeout(t *testing.T) {
	for _, slow := range []string{"discovery", "keys", "body", "both"} {
		t.Run(slow, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client := &http.Client{Transport: tripper(func(r *http.Request) (*http.Response, error) {
					w := httptest.NewRecorder()
					isDiscovery := strings.HasSuffix(r.URL.Path, "openid-configuration")
					if isDiscovery && slow == "discovery" || !isDiscovery && slow == "keys" {
						<-r.Context().Done()
						return nil, r.Context().Err()
					}
					if slow == "both" {
						select {
						case <-r.Context().Done():
							return nil, r.Context().Err()
						case <-time.After(4 * time.Second):
						}
					}
					if isDiscovery {
						fmt.Fprintf(w, `{"issuer":%q,"jwks_uri":"https://tenant.example.com/keys"}`, testIssuer)
					} else {
						fmt.Fprint(w, oneKey(t))
					}
					res := w.Result()
					if !isDiscovery && slow == "body" {
						res.Body = stalled{r.Context()}
					}
					return res, nil
				})}
				v := newVerifier(t, newClock(), Options{HTTPClient: client}, Provider{Name: "test", Issuer: testIssuer, Audience: testAudience})
				began := time.Now()
				if got := code(t, v, goodToken(t)); got != "unavailable" || time.Since(began) != 5*time.Second {
					t.Errorf("%q after %s", got, time.Since(began))
				}
			})
		})
	}
}

// stalled is a body that never comes.
type stalled struct{ ctx context.Context }

func (s stalled) Read([]byte) (int, error) { <-s.ctx.Done(); return 0, s.ctx.Err() }
func (s stalled) Close() error             { return nil }

// TestKeysFirstUse: nobody looked for the new key before.
func TestKeysFirstUse(t *testing.T) {
	c, p := newClock(), newPublisher(t, oneKey(t))
	v := newVerifier(t, c, loopback, p.provider())
	p.expect(t, v, "start", "k1", "", 1)
	p.publish(twoKeys(t))
	begun := time.Now()
	p.expect(t, v, "rotated", "k2", "", 2)
	if took := time.Since(begun); took > time.Second {
		t.Errorf("a new key was accepted after %s", took)
	}
	// The old key goes while nobody asks: the first to use it is refused, and
	// so is a token that was accepted before.
	p.publish(secondKey(t))
	c.Add(time.Hour)
	if got := code(t, v, p.token(t, "k1")); got != CodeKey {
		t.Errorf("withdrawn an hour ago: %q", got)
	}
}

// TestKeysClockSetBack: times to come are no reason to keep a set.
func TestKeysClockSetBack(t *testing.T) {
	c, p := newClock(), newPublisher(t, twoKeys(t))
	c.Add(24 * time.Hour)
	v := newVerifier(t, c, loopback, p.provider())
	p.expect(t, v, "a day ahead", "k1", "", 1)
	p.publish(secondKey(t))
	c.Add(-12 * time.Hour)
	p.expect(t, v, "set back by half a day", "k1", CodeKey, 3)
	p.expect(t, v, "set back by half a day", "k2", "", 3)
}

// TestKeysWallClock: a reading of the monotonic clock would not show how long a
// machine was suspended.
func TestKeysWallClock(t *testing.T) {
	s := newKeySource("test", benchKeys{}, refreshEvery, time.Now, quiet())
	if got := s.now().String(); strings.Contains(got, " m=") {
		t.Errorf("key sets go by %s", got)
	}
}

// TestKeysMoved: where the key set moves to, the tag of the old one says nothing.
func TestKeysMoved(t *testing.T) {
	c, old, other := newClock(), newPublisher(t, ""), newPublisher(t, "")
	conditional := func(keys string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("If-None-Match") != "" {
				w.WriteHeader(http.StatusNotModified)
				return
			}
			w.Header().Set("ETag", `"same"`)
			fmt.Fprint(w, keys)
		}
	}
	old.answer(conditional(oneKey(t)))
	other.answer(conditional(secondKey(t)))
	v := newVerifier(t, c, loopback, old.provider())
	old.expect(t, v, "start", "k1", "", 1)
	old.mu.Lock()
	old.discovery = fmt.Sprintf(`{"issuer":%q,"jwks_uri":%q}`, old.issuer(), other.URL+"/keys")
	old.mu.Unlock()
	c.Add(6 * time.Minute)
	old.expect(t, v, "moved", "k1", CodeKey, 1)
	old.expect(t, v, "moved", "k2", "", 1)
}

// TestKeysFloodOfProviders: what is forged for one provider costs another nothing.
func TestKeysFloodOfProviders(t *testing.T) {
	c, a, b := newClock(), newPublisher(t, oneKey(t)), newPublisher(t, oneKey(t))
	second := b.provider()
	second.Name, second.SubjectPrefix = "second", "second|"
	v := newVerifier(t, c, loopback, a.provider(), second)
	a.expect(t, v, "start", "k1", "", 1)
	b.expect(t, v, "start", "k1", "", 1)
	for i := range 300 {
		header := b64(fmt.Sprintf(`{"alg":"RS256","kid":"forged-%d"}`, i))
		for issuer, want := range map[string]string{a.issuer(): CodeKey, a.issuer() + "x": CodeIssuer} { // of unknown issuers nothing is asked at all
			if got := code(t, v, header+"."+b64(claimsJSON(set("iss", issuer)))+".AAAA"); got != want {
				t.Fatalf("forged kid %d of %s: %q", i, issuer, got)
			}
		}
	}
	if a.asked.Load() != 2 || b.asked.Load() != 1 {
		t.Errorf("asked %d and %d times, want 2 and 1", a.asked.Load(), b.asked.Load())
	}
	b.publish(twoKeys(t))
	b.expect(t, v, "the other rotates meanwhile", "k2", "", 2)
}

// TestHeaderAddressesNotFetched: nobody but the issuer's own addresses is
// asked for keys, whatever a token names (RFC 8725 section 3.10).
func TestHeaderAddressesNotFetched(t *testing.T) {
	p := newPublisher(t, oneKey(t))
	v := newVerifier(t, newClock(), loopback, p.provider())
	p.expect(t, v, "start", "k1", "", 1)
	var reached atomic.Int32
	evil := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		reached.Add(1)
		fmt.Fprint(w, secondKey(t))
	}))
	defer evil.Close()
	claims := claimsJSON(set("iss", p.issuer()))
	for _, name := range []string{"jku", "x5u", "jwk", "x5c", "jwks_uri", "iss", "kid"} {
		for _, value := range []string{`"` + evil.URL + `/keys"`, `["` + evil.URL + `/keys"]`} {
			kid := `"kid":"k2",`
			if name == "kid" {
				kid = ""
			}
			if got := code(t, v, sign(t, `{"alg":"RS256",`+kid+`"`+name+`":`+value+`}`, claims, "RS256", otherKey())); got != CodeKey && got != CodeHeader {
				t.Errorf("%s %s: %q", name, value, got)
			}
		}
	}
	foreign := sign(t, goodHeader, claimsJSON(set("iss", evil.URL+"/")), "RS256", otherKey())
	if got := code(t, v, foreign); got != CodeIssuer {
		t.Errorf("another issuer: %q", got)
	}
	if reached.Load() > 0 {
		t.Errorf("an address out of a token was asked %d times", reached.Load())
	}
}
