package web

import (
	"net/http"
	"strings"
)

// fromForwarded puts the addresses that proxies noted in Forwarded (RFC 7239)
// where addresses are looked for, in place of what X-Forwarded-For says: behind
// such proxies only clients write that.
func fromForwarded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// A trusted proxy adds the last elements, which hold no comma. To tell
		// quoted commas from others would let a client open a quote that never
		// ends, and hide them.
		hops := strings.Split(strings.Join(r.Header.Values("Forwarded"), ","), ",")
		for i, element := range hops {
			hops[i] = forwardedFor(element)
		}
		as := *r
		as.Header = r.Header.Clone()
		as.Header.Set("X-Forwarded-For", strings.Join(hops, ","))
		next.ServeHTTP(w, &as)
	})
}

// forwardedFor is the address in one element, "" where it has none.
func forwardedFor(element string) string {
	for pair := range strings.SplitSeq(element, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(pair), "=")
		if !strings.EqualFold(name, "for") {
			continue
		}
		value = strings.Trim(value, `"`)
		if bare, ok := strings.CutPrefix(value, "["); ok && strings.HasSuffix(bare, "]") { // IPv6 without port
			return strings.TrimSuffix(bare, "]")
		}
		return value
	}
	return ""
}
