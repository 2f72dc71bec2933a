package auth

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"
)

// Fault is what is wrong with one of the providers of a configuration.
type Fault struct {
	Provider int    // which of them
	Key      string // of it that is wrong, as "issuer" or "algorithms[0]"; "" for none in particular
	Message  string
}

// CheckProviders returns all faults of a configuration.
func CheckProviders(providers []Provider, opts Options) (faults []Fault) {
	var dev string
	if opts.DevIssuer != nil {
		dev = opts.DevIssuer.issuer
	}
	names, issuers := map[string]bool{}, map[string]bool{}
	bare := ""
	for i, p := range providers {
		p = p.Complete()
		name := p.Name
		if name == "" {
			name = fmt.Sprintf("number %d", i+1)
		}
		fault := func(key, format string, args ...any) {
			faults = append(faults, Fault{i, key, "provider " + name + ": " + fmt.Sprintf(format, args...)})
		}
		p.checkPreset(fault)
		switch {
		case p.Name == "":
			fault("", "has no name")
		case names[p.Name]:
			fault("name", "another provider has the same name")
		}
		if p.Issuer != "" && issuers[p.Issuer] {
			fault("issuer", "another provider has the same issuer %s", p.Issuer)
		}
		names[p.Name], issuers[p.Issuer] = true, true
		p.check(fault, opts.InsecureLoopback, p.Issuer == dev)
		switch {
		case p.SubjectPrefix != "":
		case bare != "":
			fault("subjectPrefix", "needs a subjectPrefix: only one provider may have bare subjects, and %s has; "+
				"otherwise the same subject at both would own the same documents", bare)
		default:
			bare = name
		}
		for _, q := range providers[:i] {
			if p.SubjectPrefix == "" || q.SubjectPrefix == "" {
				continue
			}
			// x + yz and xy + z are the same person to a rule.
			if strings.HasPrefix(p.SubjectPrefix, q.SubjectPrefix) || strings.HasPrefix(q.SubjectPrefix, p.SubjectPrefix) {
				fault("subjectPrefix", "subjectPrefix %q and %q of provider %s begin alike", p.SubjectPrefix, q.SubjectPrefix, q.Name)
			}
		}
	}
	return faults
}

// check judges one provider by itself. loopback allows plain http there, which
// the development issuer has in any case.
func (p Provider) check(fault func(key, format string, args ...any), loopback, dev bool) {
	if p.Issuer == "" {
		fault("issuer", "has no issuer")
	} else if err := checkIssuer(p.Issuer, dev || loopback); err != nil {
		fault("issuer", "issuer: %v", err)
	}
	if strings.Contains(p.JWKS, "://") {
		if err := checkURL(p.JWKS, loopback); err != nil {
			fault("jwks", "jwks: %v", err)
		}
	}
	if p.Audience == "" {
		fault("audience", "has no audience; without one, tokens for any API of the issuer would be accepted")
	}
	for i, a := range p.Algorithms {
		if signingMethod(a) == nil {
			fault(fmt.Sprintf("algorithms[%d]", i), "algorithm %q is not supported; RS, PS and ES with 256, 384 or 512, and EdDSA are", a)
		}
	}
	for i, claim := range p.Vouches {
		if claim == "" {
			fault(fmt.Sprintf("vouches[%d]", i), "vouches for a claim without a name")
		}
	}
	if strings.ContainsFunc(p.SubjectPrefix, unicode.IsControl) {
		fault("subjectPrefix", "subjectPrefix has control characters")
	}
}

// checkProviders is CheckProviders as an error.
func checkProviders(providers []Provider, opts Options) error {
	var faults []error
	for _, f := range CheckProviders(providers, opts) {
		faults = append(faults, errors.New(f.Message))
	}
	if dev := opts.DevIssuer; dev != nil && !slices.ContainsFunc(providers, func(p Provider) bool { return p.Issuer == dev.issuer }) {
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

// checkIssuer accepts what OpenID Connect Discovery 1.0 section 3 does: a URL
// without query and fragment.
func checkIssuer(raw string, loopback bool) error {
	if err := checkURL(raw, loopback); err != nil {
		return err
	}
	if strings.Contains(raw, "?") {
		return fmt.Errorf("%q has a query", raw)
	}
	return nil
}

// checkURL accepts https, and http to a loopback address if that is allowed.
func checkURL(raw string, loopback bool) error {
	u, err := url.Parse(raw)
	switch {
	case err != nil && !strings.Contains(raw, "@"):
		return fmt.Errorf("%q is not a URL", raw)
	case err != nil || u.User != nil: // not repeated: it may hold a password
		return errors.New("a URL with a user name or a password is not accepted")
	case u.Host == "" || u.Hostname() == "" || u.Fragment != "" || strings.ContainsAny(raw, "#\\"):
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
