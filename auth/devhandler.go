package auth

import (
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"strings"
	"time"

	"flora.dev/flora/internal/strictjson"
)

// Handler serves /dev/issuer/: discovery, keys, the login of a browser
// (devlogin.go), POST rotate for a new signing key, and for the playground
//
//	POST mint {"sub": "alice", "claims": {...}, "roles": ["..."], "ttl": 3600}
//	       -> {"access_token": "...", "token_type": "Bearer", "expires_in": 3600}
//
// where all but sub may be left out and ttl is in seconds. It answers only on
// a loopback Host, so that no name of an attacker can be pointed at it (DNS
// rebinding), and mints only for a page of its own origin.
func (d *DevIssuer) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+devPath+".well-known/openid-configuration", d.serveDiscovery)
	mux.HandleFunc("GET "+devPath+".well-known/jwks.json", d.serveKeys)
	mux.HandleFunc("POST "+devPath+"mint", d.serveMint)
	mux.HandleFunc("GET "+devPath+"authorize", d.serveAuthorize)
	mux.HandleFunc("POST "+devPath+"authorize", d.serveAuthorize)
	mux.HandleFunc("POST "+devPath+"oauth/token", d.serveToken)
	mux.HandleFunc("GET "+devPath+"userinfo", d.serveUserInfo)
	mux.HandleFunc("POST "+devPath+"userinfo", d.serveUserInfo)
	mux.HandleFunc("GET "+devPath+"v2/logout", d.serveLogout)
	mux.HandleFunc("GET "+devPath+"oidc/logout", d.serveLogout)
	mux.HandleFunc("POST "+devPath+"rotate", d.serveRotate)
	mux.HandleFunc(devPath, func(w http.ResponseWriter, _ *http.Request) {
		answerError(w, http.StatusNotFound, "not_found", "the dev issuer has no such address")
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !loopbackHost(r.Host) {
			answerError(w, http.StatusForbidden, "invalid_request", "the dev issuer answers to loopback names only")
			return
		}
		mux.ServeHTTP(w, r)
	})
}

func (d *DevIssuer) serveDiscovery(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, map[string]any{
		"issuer":                                d.issuer,
		"authorization_endpoint":                d.issuer + "authorize",
		"token_endpoint":                        d.issuer + "oauth/token",
		"jwks_uri":                              d.issuer + ".well-known/jwks.json",
		"userinfo_endpoint":                     d.issuer + "userinfo",
		"end_session_endpoint":                  d.issuer + "oidc/logout",
		"response_types_supported":              []string{"code"},
		"response_modes_supported":              []string{"query", "web_message"},
		"grant_types_supported":                 []string{"authorization_code", "refresh_token"},
		"code_challenge_methods_supported":      []string{"S256"},
		"scopes_supported":                      []string{"openid", "profile", "email", "offline_access"},
		"token_endpoint_auth_methods_supported": []string{"none"},
		"subject_types_supported":               []string{"public"},
		"id_token_signing_alg_values_supported": []string{"RS256"},
	})
}

func (d *DevIssuer) serveKeys(w http.ResponseWriter, _ *http.Request) {
	set, err := d.publicSet()
	if err != nil {
		answerError(w, http.StatusInternalServerError, "server_error", "the key set could not be written")
		return
	}
	answer(w, http.StatusOK, json.RawMessage(set))
}

func (d *DevIssuer) serveMint(w http.ResponseWriter, r *http.Request) {
	if !sameOrigin(r) {
		answerError(w, http.StatusForbidden, "invalid_request", "tokens are minted for pages of the same origin; on the command line use flora token")
		return
	}
	// A form or text/plain needs no preflight, JSON does (Fetch standard,
	// CORS-safelisted request-header).
	if mediaType, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || mediaType != "application/json" {
		answerError(w, http.StatusUnsupportedMediaType, "invalid_request", "the content type is not application/json")
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxToken))
	if err != nil {
		answerError(w, http.StatusRequestEntityTooLarge, "invalid_request", "the request is larger than 16 KiB")
		return
	}
	req, err := parseMint(body)
	if err != nil {
		answerError(w, http.StatusBadRequest, "invalid_request", err.Error())
		return
	}
	token, err := d.Mint(req)
	if err != nil {
		answerError(w, http.StatusBadRequest, "invalid_request", err.Error())
		return
	}
	answer(w, http.StatusOK, map[string]any{
		"access_token": token, "token_type": "Bearer", "expires_in": int64(req.TTL / time.Second),
	})
}

func parseMint(body []byte) (MintRequest, error) {
	req := MintRequest{TTL: defaultTTL}
	members, err := strictjson.Object(body)
	if err != nil {
		return req, fmt.Errorf("read mint request: %w", err)
	}
	for name, value := range members {
		ok := false
		switch name {
		case "sub":
			req.Subject, ok = value.(string)
		case "claims":
			req.Claims, ok = value.(map[string]any)
		case "roles":
			if _, ok = value.([]any); ok {
				req.Roles, ok = stringOrStrings(value)
			}
		case "ttl":
			var n json.Number
			if n, ok = value.(json.Number); ok {
				seconds, err := n.Int64()
				ok = err == nil && seconds >= 1 && seconds <= int64(maxTTL/time.Second)
				req.TTL = time.Duration(seconds) * time.Second
			}
		default:
			return req, fmt.Errorf("read mint request: unknown member %q; sub, claims, roles and ttl are known", name)
		}
		if !ok {
			return req, fmt.Errorf("read mint request: %s is of a wrong type or out of range", name)
		}
	}
	return req, nil
}

// sameOrigin demands the proof: browsers send Origin with every POST.
func sameOrigin(r *http.Request) bool {
	scheme := "http://"
	if r.TLS != nil {
		scheme = "https://"
	}
	site := r.Header.Get("Sec-Fetch-Site")
	origins := r.Header.Values("Origin")
	return len(origins) == 1 && strings.EqualFold(origins[0], scheme+r.Host) && (site == "" || site == "same-origin")
}

func loopbackHost(hostport string) bool {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = strings.TrimSuffix(strings.TrimPrefix(hostport, "["), "]")
	}
	return isLoopback(host)
}

// answerError answers in the form of RFC 6749 section 5.2.
func answerError(w http.ResponseWriter, status int, code, description string) {
	answer(w, status, map[string]any{"error": code, "error_description": quotable(description)})
}

func answer(w http.ResponseWriter, status int, body any) {
	data, err := json.Marshal(body)
	if err != nil { // maps of strings and numbers only
		status, data = http.StatusInternalServerError, []byte(`{"error":"server_error"}`)
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	w.Write(append(data, '\n'))
}
