package auth

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

const (
	codeLife = time.Minute
	maxKept  = 10_000 // logins, codes and tokens each; older ones go first
)

// devState is what the dev issuer remembers of logins, in memory.
type devState struct {
	mu      sync.Mutex
	logins  map[string]*login    // by cookie
	codes   map[string]*devGrant // each good once
	refresh map[string]*devGrant // each good once: a used one gives way to a new one
	opaque  map[string]*devGrant // access tokens for no API
	expires map[string]time.Time // of codes
}

// devGrant is what a code or refresh token stands for.
type devGrant struct {
	authorization
	login *login
}

func newDevState() *devState {
	return &devState{logins: map[string]*login{}, codes: map[string]*devGrant{}, refresh: map[string]*devGrant{},
		opaque: map[string]*devGrant{}, expires: map[string]time.Time{}}
}

// keep puts v under a new random name. A full map is emptied: this is a
// development server.
func keep[V any](s *devState, m map[string]V, v V) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(m) >= maxKept {
		clear(m)
	}
	name := random()
	m[name] = v
	return name
}

// take returns what stands under a name and forgets it.
func take[V any](s *devState, m map[string]V, name string) (v V, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v, ok = m[name]
	delete(m, name)
	return v, ok
}

func (s *devState) keepLogin(l *login) string { return keep(s, s.logins, l) }

func (s *devState) loginOf(r *http.Request) *login {
	c, err := r.Cookie(devCookie)
	if err != nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.logins[c.Value]
}

func (s *devState) forgetLogin(r *http.Request) {
	if c, err := r.Cookie(devCookie); err == nil {
		take(s, s.logins, c.Value)
	}
}

func (s *devState) keepCode(a authorization, l *login, now time.Time) string {
	code := keep(s, s.codes, &devGrant{a, l})
	s.mu.Lock()
	defer s.mu.Unlock()
	s.expires[code] = now.Add(codeLife)
	return code
}

// serveToken answers /oauth/token (RFC 6749 sections 4.1.3 and 6), for pages
// of this machine.
func (d *DevIssuer) serveToken(w http.ResponseWriter, r *http.Request) {
	q, err := parseTokenRequest(w, r)
	if err != nil {
		answerError(w, http.StatusBadRequest, "invalid_request", err.Error())
		return
	}
	var g *devGrant
	switch q.Get("grant_type") {
	case "authorization_code":
		var ok bool
		code := q.Get("code")
		if g, ok = take(d.state, d.state.codes, code); ok {
			until, _ := take(d.state, d.state.expires, code)
			ok = d.now().Before(until) && g.redirect == q.Get("redirect_uri") && g.verifies(q.Get("code_verifier"))
		}
		if !ok || g.client != q.Get("client_id") {
			answerError(w, http.StatusForbidden, "invalid_grant", "the code is unknown, used, expired, or of another client, redirect_uri or code_verifier")
			return
		}
	case "refresh_token":
		var ok bool
		if g, ok = take(d.state, d.state.refresh, q.Get("refresh_token")); !ok || g.client != q.Get("client_id") {
			answerError(w, http.StatusForbidden, "invalid_grant", "Unknown or invalid refresh token.")
			return
		}
		again := *g
		again.nonce = "" // of the login alone (OpenID Connect Core 1.0 section 12.2)
		g = &again
	default:
		answerError(w, http.StatusBadRequest, "unsupported_grant_type", "grant_type must be authorization_code or refresh_token")
		return
	}
	body, err := d.tokens(g)
	if err != nil {
		answerError(w, http.StatusBadRequest, "invalid_request", err.Error())
		return
	}
	answer(w, http.StatusOK, body)
}

// parseTokenRequest reads a form or, as Auth0 takes it too, JSON.
func parseTokenRequest(w http.ResponseWriter, r *http.Request) (url.Values, error) {
	mediaType, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxToken))
	if err != nil {
		return nil, fmt.Errorf("the request is larger than 16 KiB")
	}
	if mediaType != "application/json" {
		q, err := url.ParseQuery(string(body))
		if err != nil {
			return nil, fmt.Errorf("the form cannot be read")
		}
		return q, nil
	}
	var members map[string]any
	if err := json.Unmarshal(body, &members); err != nil {
		return nil, fmt.Errorf("the JSON cannot be read")
	}
	q := url.Values{}
	for name, v := range members {
		if s, ok := v.(string); ok {
			q.Set(name, s)
		}
	}
	return q, nil
}

// verifies checks PKCE (RFC 7636 section 4.6).
func (a authorization) verifies(verifier string) bool {
	sum := sha256.Sum256([]byte(verifier))
	return len(verifier) >= 43 && base64.RawURLEncoding.EncodeToString(sum[:]) == a.challenge
}

// tokens are what a grant gives. Without an audience the access token is
// opaque, as with Auth0: no API takes it.
func (d *DevIssuer) tokens(g *devGrant) (map[string]any, error) {
	out := map[string]any{"token_type": "Bearer", "expires_in": int64(g.login.ttl / time.Second), "scope": g.scope}
	if g.audience == "" {
		out["access_token"] = keep(d.state, d.state.opaque, g)
	} else {
		claims := map[string]any{"azp": g.client}
		if g.scope != "" {
			claims["scope"] = g.scope
		}
		token, err := d.Mint(MintRequest{Subject: g.login.subject, Roles: g.login.roles, TTL: g.login.ttl, Claims: claims})
		if err != nil {
			return nil, err
		}
		out["access_token"] = token
	}
	scopes := strings.Fields(g.scope)
	for _, s := range scopes {
		switch s {
		case "openid":
			token, err := d.idToken(g)
			if err != nil {
				return nil, err
			}
			out["id_token"] = token
		case "offline_access":
			out["refresh_token"] = keep(d.state, d.state.refresh, g)
		}
	}
	return out, nil
}

// idToken says to the client who logged in (OpenID Connect Core 1.0 section 2).
func (d *DevIssuer) idToken(g *devGrant) (string, error) {
	now := d.now()
	claims := jwt.MapClaims{"iss": d.issuer, "sub": g.login.subject, "aud": g.client, "iat": now.Unix(), "exp": now.Add(defaultTTL).Unix(),
		"auth_time": g.login.at.Unix(), "name": g.login.subject, "nickname": g.login.subject}
	if g.nonce != "" {
		claims["nonce"] = g.nonce
	}
	return d.sign(claims)
}

// serveUserInfo answers /userinfo (OpenID Connect Core 1.0 section 5.3).
func (d *DevIssuer) serveUserInfo(w http.ResponseWriter, r *http.Request) {
	token, bearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if bearer {
		if g := d.opaqueGrant(token); g != nil {
			answer(w, http.StatusOK, map[string]any{"sub": g.login.subject, "name": g.login.subject, "nickname": g.login.subject})
			return
		}
		if sub, ok := d.subjectOf(token); ok {
			answer(w, http.StatusOK, map[string]any{"sub": sub, "name": sub, "nickname": sub})
			return
		}
	}
	w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`)
	answerError(w, http.StatusUnauthorized, "invalid_token", "an access token of this issuer is needed")
}

func (d *DevIssuer) opaqueGrant(token string) *devGrant {
	d.state.mu.Lock()
	defer d.state.mu.Unlock()
	return d.state.opaque[token]
}

// subjectOf reads an access token of this issuer.
func (d *DevIssuer) subjectOf(bearer string) (string, bool) {
	t, r := parseToken(bearer)
	if r != nil || t.issuer != d.issuer || t.algorithm != "RS256" {
		return "", false
	}
	keys, _ := d.keySet().find(t)
	if len(keys) == 0 || checkSignature(t, keys) != nil {
		return "", false
	}
	p := d.Provider()
	life, r := checkClaims(t.claims, &p)
	if r != nil || life.check(d.now()) != nil {
		return "", false
	}
	return t.subject, true
}

// serveRotate replaces the signing key, as a provider does: tokens of the old
// one are refused from now on.
func (d *DevIssuer) serveRotate(w http.ResponseWriter, r *http.Request) {
	if !sameOrigin(r) {
		answerError(w, http.StatusForbidden, "invalid_request", "the key is replaced for pages of the same origin")
		return
	}
	if err := d.rotate(); err != nil {
		answerError(w, http.StatusInternalServerError, "server_error", "no key could be made")
		return
	}
	answer(w, http.StatusOK, map[string]any{"kid": d.signing().id})
}
