package auth

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"path"
	"strconv"
	"strings"
)

// devPath is where the dev issuer lives below its origin.
const devPath = "/dev/issuer/"

// RefuseProduction fails where the environment shows that this process serves
// others: a dev issuer, which gives a token to whoever asks, must not run there.
func RefuseProduction(getenv func(string) string) error {
	for _, name := range []string{"K_SERVICE", "KUBERNETES_SERVICE_HOST"} {
		if getenv(name) != "" {
			return fmt.Errorf("check environment: %s is set: the development server does not run in production, use flora serve", name)
		}
	}
	return nil
}

// RefuseDevProviders fails on providers that a production server must not
// trust: loopback addresses, plain http, and any dev issuer. insecure allows
// loopback ones for tests; a dev issuer is refused even then.
func RefuseDevProviders(providers []Provider, insecure bool) error {
	var faults []error
	for _, p := range providers {
		for _, raw := range []string{p.Issuer, p.JWKS} {
			if raw == "" || raw == p.JWKS && !strings.Contains(raw, "://") {
				continue // discovery, or a local file
			}
			if err := refuseDevURL(raw, insecure); err != nil {
				faults = append(faults, fmt.Errorf("provider %s: %w", p.Name, err))
			}
		}
	}
	return errors.Join(faults...)
}

func refuseDevURL(raw string, insecure bool) error {
	u, err := url.Parse(raw)
	if err != nil {
		return fmt.Errorf("%q is not a URL", raw)
	}
	if strings.Contains(strings.ToLower(path.Clean(u.Path))+"/", devPath) {
		return fmt.Errorf("%s is a dev issuer, which never guards real data", raw)
	}
	if insecure && isLoopback(u.Hostname()) {
		return nil
	}
	if u.Scheme != "https" {
		return fmt.Errorf("%s must begin with https://", raw)
	}
	if seemsLocal(u.Hostname()) {
		return fmt.Errorf("%s is a loopback address", raw)
	}
	return nil
}

// seemsLocal is wider than isLoopback: here a doubt refuses.
func seemsLocal(host string) bool {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if host == "" || isLoopback(host) || strings.HasSuffix(host, ".localhost") || strings.HasPrefix(host, "localhost.") {
		return true
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.IsUnspecified()
	}
	// 127.1, 2130706433 and 0x7f000001 are addresses to some resolvers; no
	// public name ends in a number (WHATWG URL, "ends in a number").
	last := host[strings.LastIndexByte(host, '.')+1:]
	_, err := strconv.ParseUint(last, 0, 64)
	return err == nil || last != "" && strings.Trim(last, "0123456789") == ""
}
