package web

import (
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/rs/cors"
	"golang.org/x/net/publicsuffix"
)

// Origins decides which browser origins may read answers. The zero value
// allows none.
type Origins struct {
	exact     []string
	wild      []wildOrigin
	localhost bool
}

// wildOrigin is scheme://PREFIX*SUFFIX where * stands for part of one label.
type wildOrigin struct{ before, after string }

// ParseOrigin checks one origin of the configuration: scheme://host[:port] as
// a browser writes it, or with one star inside a label that has at least three
// other characters (https://*--app.netlify.app): fewer, and a stranger can
// register a name that matches.
func ParseOrigin(text string) (Origins, error) {
	none := Origins{}
	if text == "*" || text == "null" {
		return none, fmt.Errorf("origin %q is not accepted, name each origin", text)
	}
	u, err := url.Parse(strings.Replace(text, "*", "w", 1))
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return none, fmt.Errorf("origin %q is not scheme://host[:port]", text)
	}
	if u.Path != "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil || strings.ContainsAny(text, "?#") {
		return none, fmt.Errorf("origin %q has more than scheme://host[:port], leave out the path and the slash at the end", text)
	}
	if text != strings.ToLower(text) {
		return none, fmt.Errorf("origin %q: browsers write origins in lower case", text)
	}
	if u.Port() == "443" && u.Scheme == "https" || u.Port() == "80" && u.Scheme == "http" {
		return none, fmt.Errorf("origin %q: browsers leave out the default port", text)
	}
	before, after, wild := strings.Cut(text, "*")
	if !wild {
		return Origins{exact: []string{text}}, nil
	}
	return parseWild(text, before, after)
}

func parseWild(text, before, after string) (Origins, error) {
	none := Origins{}
	if strings.Contains(after, "*") {
		return none, fmt.Errorf("origin %q has more than one star", text)
	}
	_, host, _ := strings.Cut(before, "://")
	left := host[strings.LastIndexByte(host, '.')+1:]
	right, rest, dotted := strings.Cut(after, ".")
	if !dotted || strings.Contains(right, ":") || strings.Contains(host, ".") {
		return none, fmt.Errorf("origin %q: the star must stand in the first label of a domain", text)
	}
	if len(left)+len(right) < 3 {
		return none, fmt.Errorf("origin %q: the star needs at least three characters beside it in its label, as in https://*--app.example.com", text)
	}
	domain, _, _ := strings.Cut(rest, ":")
	// A name directly below a public suffix is for sale. Suffixes of the
	// private section (netlify.app) are names of one host's customers: there
	// the characters beside the star carry the owner's name.
	if suffix, icann := publicsuffix.PublicSuffix(domain); suffix == domain && (icann || !strings.Contains(suffix, ".")) {
		return none, fmt.Errorf("origin %q: anyone can register a name below .%s", text, domain)
	}
	return Origins{wild: []wildOrigin{{before, after}}}, nil
}

// Localhost are the origins of pages served from this machine, on any port.
func Localhost() Origins { return Origins{localhost: true} }

// Join allows what any of the given allows.
func Join(all ...Origins) Origins {
	var o Origins
	for _, other := range all {
		o.exact = append(o.exact, other.exact...)
		o.wild = append(o.wild, other.wild...)
		o.localhost = o.localhost || other.localhost
	}
	return o
}

// Allows reports whether pages of the origin may read answers.
func (o Origins) Allows(origin string) bool { return o.Match(origin) != "" }

// Match returns the configured origin that allows one, "" if none does.
func (o Origins) Match(origin string) string {
	if slices.Contains(o.exact, origin) {
		return origin
	}
	for _, w := range o.wild {
		if len(origin) > len(w.before)+len(w.after) && strings.HasPrefix(origin, w.before) && strings.HasSuffix(origin, w.after) {
			middle := origin[len(w.before) : len(origin)-len(w.after)]
			if strings.Trim(middle, "abcdefghijklmnopqrstuvwxyz0123456789-") == "" {
				return w.before + "*" + w.after
			}
		}
	}
	if o.localhost {
		u, err := url.Parse(origin)
		if err == nil && (u.Scheme == "http" || u.Scheme == "https") && origin == u.Scheme+"://"+u.Host && loopbackName(u.Hostname()) {
			return "localhost"
		}
	}
	return ""
}

// loopbackName reports whether a host name means this machine wherever it is
// resolved (RFC 6761 section 6.3 for localhost).
func loopbackName(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	a, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil && a.IsLoopback()
}

// newCORS answers preflights and sets the headers of every other answer. more
// are headers that a page may send besides.
func newCORS(origins Origins, more ...string) func(http.Handler) http.Handler {
	c := cors.New(cors.Options{
		AllowOriginVaryRequestFunc: func(r *http.Request, origin string) (bool, []string) {
			// Several Origin headers would be reflected as they came.
			return len(r.Header.Values("Origin")) == 1 && origins.Allows(origin), nil
		},
		AllowedMethods: []string{http.MethodGet, http.MethodPost, http.MethodOptions},
		AllowedHeaders: append([]string{"authorization", "content-type", "dpop", "traceparent", "tracestate", "baggage", "x-request-id",
			"apollo-require-preflight", "x-apollo-operation-name", "graphql-preflight", "last-event-id", "idempotency-key"}, more...),
		ExposedHeaders: []string{"www-authenticate", "dpop-nonce", "retry-after", "x-request-id", "etag"},
		MaxAge:         7200,
	})
	return func(next http.Handler) http.Handler {
		preflight := c.Handler(next)
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch r.Method {
			case http.MethodGet, http.MethodPost:
				if len(r.Header["Origin"]) == 0 { // of no page: what rs/cors says then
					w.Header()["Vary"] = varyOrigin
					next.ServeHTTP(w, r)
					return
				}
				preflight.ServeHTTP(w, r)
			case http.MethodOptions:
				preflight.ServeHTTP(w, r)
			default:
				// rs/cors leaves the headers off a method that is not allowed,
				// and the page would not see the 405 that follows.
				as := *r
				as.Method = http.MethodGet
				c.HandlerFunc(w, &as)
				next.ServeHTTP(w, r)
			}
		})
	}
}
