package main

import (
	"net/http"
	"strings"
	"sync"
	"time"

	"flora.dev/flora/auth"
)

// maxSkew is how far the clock may be off before tokens are refused that are
// good: the server allows for as much (identity: exp, nbf and iat).
const maxSkew = 30 * time.Second

// providers looks at each access provider.
func (d *diagnosis) providers() {
	data, _ := d.app.config.access()
	for i, p := range data {
		d.provider(p, &d.app.config.Providers[i])
	}
}

func (d *diagnosis) provider(p auth.Provider, configured *provider) {
	check := "provider " + p.Name
	ctx, cancel := d.bounded()
	defer cancel()
	d.clock.forget()
	keys := d.data.Published(ctx, p.Issuer)
	switch {
	case keys.Err != nil:
		d.fail(check, adviceFor(keys.Err, p), "%s", strings.TrimPrefix(line(keys.Err), check+": "))
	case p.JWKS == "":
		d.ok(check, "discovery of %s names that very issuer", p.Issuer)
	}
	if len(keys.Keys) > 0 {
		d.ok(check, "%s: %d of %s, %s", keys.From, len(keys.Keys), plural(len(keys.Keys)+len(keys.Others)+len(keys.Dropped), "key"), strings.Join(keys.Keys, ", "))
	} else if keys.Err == nil {
		d.fail(check, "name the algorithms of its keys: algorithms: [ES256]", "no key is of the algorithms %s: %s", strings.Join(p.Algorithms, ", "), strings.Join(keys.Others, ", "))
	}
	for _, reason := range keys.Dropped {
		d.warn(check, "tokens signed with it are refused", "key not used: %s", reason)
	}
	if skew, known := d.clock.skew(); known {
		if skew.Abs() > maxSkew {
			d.fail(check, "set this machine's clock", "the clock here and the issuer's differ by %s: good tokens are refused", skew.Abs().Round(time.Second))
		} else {
			d.ok(check, "the clock agrees with the issuer's")
		}
	}
	for _, r := range configured.Roles {
		switch who := p.Anyone(); {
		case r.When != "":
		case strings.HasPrefix(r.Name, "flora:"):
			d.warn(check, "give it a condition: when:", "%s: whoever has a token of the provider for the control API holds %s", r.at, r.Name)
		case who != "":
			d.warn(check, "give it a condition on the claims: when:", "%s: %s holds the role %s", r.at, who, r.Name)
		}
	}
}

// adviceFor is what to do where there are no keys.
func adviceFor(err error, p auth.Provider) string {
	text := err.Error()
	switch {
	case strings.Contains(text, "the slash at the end counts"):
		return "write the issuer as its discovery document does"
	case strings.Contains(text, "names the issuer"):
		return "the issuer must be spelled as in its discovery document, which is what tokens have in iss"
	case strings.Contains(text, "no usable key"):
		return "the reasons follow"
	case strings.Contains(text, "answered 404"):
		return "is the issuer right? " + strings.TrimSuffix(p.Issuer, "/") + "/.well-known/openid-configuration should be its discovery document; without one name the key set: jwks:"
	case p.JWKS != "" && !strings.Contains(p.JWKS, "://"):
		return "the file must be a JSON Web Key Set"
	}
	return "can this machine reach it? A proxy is taken from HTTPS_PROXY"
}

// skewed is a transport that compares the clock with those of the servers.
type skewed struct {
	base http.RoundTripper

	mu    sync.Mutex
	known bool
	off   time.Duration
}

func newSkewed() *skewed { return &skewed{base: http.DefaultTransport} }

// RoundTrip is http.RoundTripper.
func (s *skewed) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := s.base.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	// Date has whole seconds (RFC 9110 section 6.6.1). One with an Age is of a cache.
	if date, err := http.ParseTime(response.Header.Get("Date")); err == nil && response.Header.Get("Age") == "" {
		s.mu.Lock()
		s.known, s.off = true, time.Since(date)
		s.mu.Unlock()
	}
	return response, nil
}

func (s *skewed) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.known = false
}

func (s *skewed) skew() (time.Duration, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.off, s.known
}
