package auth

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"
)

// checkProviders returns all faults of a configuration.
func checkProviders(providers []Provider, opts Options) error {
	var faults []error
	fault := func(p Provider, format string, args ...any) {
		faults = append(faults, fmt.Errorf("provider %s: "+format, append([]any{p.Name}, args...)...))
	}
	names, issuers := map[string]bool{}, map[string]bool{}
	bare, dev := "", false
	for i, p := range providers {
		p = p.complete()
		if err := p.checkPreset(); err != nil {
			fault(p, "%w", err)
		}
		if p.Name == "" {
			p.Name = fmt.Sprintf("number %d", i+1)
			fault(p, "has no name")
		}
		if names[p.Name] {
			fault(p, "another provider has the same name")
		}
		if issuers[p.Issuer] {
			fault(p, "another provider has the same issuer %s", p.Issuer)
		}
		names[p.Name], issuers[p.Issuer] = true, true
		isDev := opts.DevIssuer != nil && p.Issuer == opts.DevIssuer.issuer
		dev = dev || isDev
		if err := checkURL(p.Issuer, isDev || opts.InsecureLoopback); err != nil {
			fault(p, "issuer: %w", err)
		}
		if strings.Contains(p.JWKS, "://") {
			if err := checkURL(p.JWKS, opts.InsecureLoopback); err != nil {
				fault(p, "jwks: %w", err)
			}
		}
		if p.Audience == "" {
			fault(p, "has no audience; without one, tokens for any API of the issuer would be accepted")
		}
		for _, a := range p.Algorithms {
			if signingMethod(a) == nil {
				fault(p, "algorithm %q is not supported; RS, PS and ES with 256, 384 or 512, and EdDSA are", a)
			}
		}
		switch {
		case p.SubjectPrefix != "":
		case bare != "":
			fault(p, "needs a subjectPrefix: only one provider may have bare subjects, and %s has; "+
				"otherwise the same subject at both would own the same documents", bare)
		default:
			bare = p.Name
		}
		for _, q := range providers[:i] {
			if p.SubjectPrefix == "" || q.SubjectPrefix == "" {
				continue
			}
			// x + yz and xy + z are the same person to a rule.
			if strings.HasPrefix(p.SubjectPrefix, q.SubjectPrefix) || strings.HasPrefix(q.SubjectPrefix, p.SubjectPrefix) {
				fault(p, "subjectPrefix %q and %q of provider %s begin alike", p.SubjectPrefix, q.SubjectPrefix, q.Name)
			}
		}
	}
	if opts.DevIssuer != nil && !dev {
		faults = append(faults, errors.New("the dev issuer is not among the providers"))
	}
	if len(faults) > 0 {
		return fmt.Errorf("check providers: %w", errors.Join(faults...))
	}
	return nil
}

// fetcher says where the keys of a provider come from and how often.
func (p Provider) fetcher(client *http.Client, opts Options) (fetcher, time.Duration) {
	switch {
	case opts.DevIssuer != nil && p.Issuer == opts.DevIssuer.issuer:
		return memoryKeys{opts.DevIssuer}, fileEvery
	case p.JWKS != "" && !strings.Contains(p.JWKS, "://"):
		return &fileKeys{path: p.JWKS}, fileEvery
	}
	return &remoteKeys{client: client, issuer: p.Issuer, url: p.JWKS, loopback: opts.InsecureLoopback}, refreshEvery
}

// checkURL accepts https, and http to a loopback address if that is allowed.
func checkURL(raw string, loopback bool) error {
	u, err := url.Parse(raw)
	switch {
	case err != nil:
		return fmt.Errorf("%q is not a URL", raw)
	case u.Host == "" || u.Hostname() == "" || u.User != nil || u.Fragment != "" || strings.ContainsAny(raw, "#\\"):
		return fmt.Errorf("%q is not a plain absolute URL", raw)
	case u.Scheme == "https", u.Scheme == "http" && loopback && isLoopback(u.Hostname()):
		return nil
	}
	return fmt.Errorf("%q must begin with https://", raw)
}

// isLoopback knows the names that cannot be anything else but this machine.
func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}
