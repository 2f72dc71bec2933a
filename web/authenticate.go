package web

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"flora.dev/flora/auth"
	"flora.dev/flora/graph"
)

// Verifier decides on bearer tokens. A token that it refuses is a *auth.Rejection;
// any other error means that it cannot decide now.
type Verifier interface {
	Verify(ctx context.Context, token string) (*auth.Identity, error)
}

// authenticate finds the caller: nil without credentials. It answers the
// request itself and reports false where the credentials are no good: what was
// sent to identify a caller never turns the caller into an anonymous one
// (RFC 6750 section 3.1).
func authenticate(w http.ResponseWriter, r *http.Request, v Verifier) (*auth.Identity, bool) {
	if r.URL.RawQuery != "" {
		// What cannot be read may hold a token, and URL.Query leaves it out.
		query, err := url.ParseQuery(r.URL.RawQuery)
		if err != nil {
			refuse(w, r, http.StatusBadRequest, graph.BadUserInput, "the query string is malformed")
			return nil, false
		}
		// A token in a URL ends up in logs and histories (RFC 6750 section 5.3).
		if query.Has("access_token") {
			reject(w, "token_in_url")
			challenge(w, r, http.StatusBadRequest, "invalid_request", "a token in the query string is not accepted, send it as Authorization: Bearer TOKEN")
			return nil, false
		}
	}
	values := r.Header.Values("Authorization")
	switch len(values) {
	case 0:
		return nil, true
	case 1:
	default:
		reject(w, "authorization_repeated")
		challenge(w, r, http.StatusBadRequest, "invalid_request", "more than one Authorization header")
		return nil, false
	}
	token, ok := bearer(values[0])
	if !ok {
		reject(w, "authorization_malformed")
		challenge(w, r, http.StatusUnauthorized, "invalid_token", "the Authorization header must be: Bearer TOKEN")
		return nil, false
	}
	id, err := v.Verify(r.Context(), token)
	if err == nil {
		return id, true
	}
	var rejected *auth.Rejection
	if !errors.As(err, &rejected) {
		w.Header().Set("Retry-After", "5")
		refuse(w, r, http.StatusServiceUnavailable, graph.Unavailable, "tokens cannot be verified at the moment")
		return nil, false
	}
	traceOf(w).rejected = rejected
	challenge(w, r, http.StatusUnauthorized, "invalid_token", rejected.Description)
	return nil, false
}

// reject notes why credentials were refused before anything could be verified.
func reject(w http.ResponseWriter, code string) {
	traceOf(w).rejected = &auth.Rejection{Code: code}
}

// bearer takes the token out of the header's value. The scheme is
// case-insensitive, one or more spaces follow it (RFC 9110 section 11.4).
func bearer(value string) (string, bool) {
	scheme, token, found := strings.Cut(value, " ")
	token = strings.TrimLeft(token, " ")
	if !found || !strings.EqualFold(scheme, "Bearer") || token == "" {
		return "", false
	}
	for _, c := range []byte(" \t,") {
		if strings.IndexByte(token, c) >= 0 { // much quicker than ContainsAny: a token is long
			return "", false
		}
	}
	return token, true
}

func challenge(w http.ResponseWriter, r *http.Request, status int, kind, description string) {
	w.Header().Set("WWW-Authenticate", `Bearer error="`+kind+`", error_description="`+quotable(description)+`"`)
	code := graph.Unauthenticated
	if status == http.StatusBadRequest {
		code = graph.BadUserInput
	}
	refuse(w, r, status, code, description)
}

// quotable leaves what RFC 6750 section 3 allows in error_description:
// printable ASCII without the quote and the backslash.
func quotable(s string) string {
	return strings.Map(func(c rune) rune {
		switch {
		case c == '"':
			return '\''
		case c < 0x20 || c > 0x7e || c == '\\':
			return -1
		}
		return c
	}, s)
}
