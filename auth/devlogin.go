package auth

import (
	"crypto/rand"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// The dev issuer logs in through a browser as an access provider does: the
// authorization code flow with PKCE (RFC 6749 section 4.1, RFC 7636), as
// Auth0's SDKs speak it. Its page asks for no password: whoever sits at this
// machine is whoever they say.

// devCookie remembers who logged in, so that prompt=none has an answer.
const devCookie = "flora_dev_login"

// Offer is what the login page has to choose from.
type Offer struct {
	Subjects []string
	Roles    []string
}

// login is who logged in, and what their tokens say.
type login struct {
	subject string
	roles   []string
	ttl     time.Duration // of access tokens
	at      time.Time
}

// authorization is a request of /authorize.
type authorization struct {
	client, redirect, scope, audience string
	state, nonce, challenge           string
	mode, prompt                      string
}

//go:embed devlogin.html
var loginText string

var loginPage = template.Must(template.New("login").Parse(loginText))

// messagePage hands the outcome to the window that opened this one, or holds
// it in a frame: response_mode=web_message.
var messagePage = template.Must(template.New("message").Parse(`<!doctype html><title>login</title>
<script nonce="{{.Nonce}}">(window.opener || window.parent).postMessage({type: "authorization_response", response: {{.Response}}}, {{.Origin}})</script>
`))

func (d *DevIssuer) serveAuthorize(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		answerError(w, http.StatusBadRequest, "invalid_request", "the request cannot be read")
		return
	}
	a, err := parseAuthorization(r.Form)
	if err != nil { // where to send the answer is not known: say it here
		answerError(w, http.StatusBadRequest, "invalid_request", err.Error())
		return
	}
	switch problem := a.check(d.audience, r.Form); {
	case problem != "":
		a.fail(w, r, "invalid_request", problem)
	case r.Method == http.MethodPost && r.PostForm.Has("subject"):
		d.logIn(w, r, a)
	default:
		d.askWho(w, r, a)
	}
}

// parseAuthorization reads what must be right before an answer may be sent
// anywhere: to pages of this machine only.
func parseAuthorization(q url.Values) (a authorization, err error) {
	a = authorization{client: q.Get("client_id"), redirect: q.Get("redirect_uri"), scope: q.Get("scope"), audience: q.Get("audience"),
		state: q.Get("state"), nonce: q.Get("nonce"), challenge: q.Get("code_challenge"), mode: q.Get("response_mode"), prompt: q.Get("prompt")}
	if a.client == "" {
		return a, fmt.Errorf("client_id is missing")
	}
	if err := localPage(a.redirect); err != nil {
		return a, fmt.Errorf("redirect_uri: %w", err)
	}
	return a, nil
}

func localPage(raw string) error {
	u, err := url.Parse(raw)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.User != nil || u.Fragment != "" || !isLoopback(u.Hostname()) {
		return fmt.Errorf("%q is no page of this machine", raw)
	}
	return nil
}

// check says what is wrong with the rest.
func (a authorization) check(audience string, q url.Values) string {
	switch {
	case q.Get("response_type") != "code":
		return "response_type must be code"
	case a.challenge == "" || q.Get("code_challenge_method") != "S256":
		return "PKCE is needed: code_challenge with code_challenge_method=S256"
	case a.mode != "" && a.mode != "query" && a.mode != "web_message":
		return "response_mode must be query or web_message"
	case a.audience != "" && a.audience != audience:
		return "no API has the audience " + a.audience + ", this server's is " + audience
	}
	return ""
}

// askWho shows the login page, unless the browser has logged in before.
func (d *DevIssuer) askWho(w http.ResponseWriter, r *http.Request, a authorization) {
	known := d.state.loginOf(r)
	switch {
	case known != nil && a.prompt != "login":
		d.grant(w, r, a, known)
		return
	case a.prompt == "none":
		a.fail(w, r, "login_required", "Login required")
		return
	}
	var offer Offer
	if d.offer != nil {
		offer = d.offer(r.Context())
	}
	page(w, "form-action 'self' "+originOf(a.redirect), "")
	query := map[string]string{}
	for _, name := range []string{"response_type", "client_id", "redirect_uri", "scope", "audience", "state", "nonce",
		"code_challenge", "code_challenge_method", "response_mode"} {
		if v := r.Form.Get(name); v != "" {
			query[name] = v
		}
	}
	loginPage.Execute(w, struct {
		Offer
		Client string
		Query  map[string]string
	}{offer, a.client, query})
}

// logIn takes the form of the login page.
func (d *DevIssuer) logIn(w http.ResponseWriter, r *http.Request, a authorization) {
	if !sameOrigin(r) {
		answerError(w, http.StatusForbidden, "invalid_request", "the login form belongs to a page of the same origin")
		return
	}
	l := &login{subject: strings.TrimSpace(r.PostForm.Get("subject")), roles: slices.Clone(r.PostForm["role"]), ttl: defaultTTL, at: d.now()}
	for role := range strings.FieldsSeq(strings.ReplaceAll(r.PostForm.Get("roles"), ",", " ")) {
		l.roles = append(l.roles, role)
	}
	if ttl := r.PostForm.Get("ttl"); ttl != "" {
		var err error
		if l.ttl, err = time.ParseDuration(ttl); err != nil || l.ttl < time.Second || l.ttl > maxTTL {
			answerError(w, http.StatusBadRequest, "invalid_request", "the lifetime of tokens is a time such as 1h or 30s")
			return
		}
	}
	if checkSubject(l.subject) != nil {
		answerError(w, http.StatusBadRequest, "invalid_request", "the subject is empty or has control characters")
		return
	}
	http.SetCookie(w, &http.Cookie{Name: devCookie, Value: d.state.keepLogin(l), Path: devPath, HttpOnly: true, SameSite: http.SameSiteLaxMode})
	d.grant(w, r, a, l)
}

// grant sends a code for l.
func (d *DevIssuer) grant(w http.ResponseWriter, r *http.Request, a authorization, l *login) {
	a.send(w, r, url.Values{"code": {d.state.keepCode(a, l, d.now())}})
}

func (a authorization) fail(w http.ResponseWriter, r *http.Request, code, description string) {
	a.send(w, r, url.Values{"error": {code}, "error_description": {description}})
}

// send sends the outcome to the page that asked.
func (a authorization) send(w http.ResponseWriter, r *http.Request, answer url.Values) {
	if a.state != "" {
		answer.Set("state", a.state)
	}
	if a.mode == "web_message" {
		response := map[string]string{}
		for name := range answer {
			response[name] = answer.Get(name)
		}
		nonce := random()
		page(w, "script-src 'nonce-"+nonce+"'", originOf(a.redirect))
		messagePage.Execute(w, map[string]any{"Nonce": nonce, "Response": response, "Origin": originOf(a.redirect)})
		return
	}
	to, err := url.Parse(a.redirect)
	if err != nil { // parseAuthorization read it
		answerError(w, http.StatusBadRequest, "invalid_request", "redirect_uri cannot be read")
		return
	}
	query := to.Query()
	for name := range answer {
		query.Set(name, answer.Get(name))
	}
	to.RawQuery = query.Encode()
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, to.String(), http.StatusSeeOther)
}

// serveLogout forgets who logged in and goes back to a page of this machine:
// Auth0's /v2/logout, and RP-initiated logout of OpenID Connect.
func (d *DevIssuer) serveLogout(w http.ResponseWriter, r *http.Request) {
	d.state.forgetLogin(r)
	http.SetCookie(w, &http.Cookie{Name: devCookie, Path: devPath, MaxAge: -1, HttpOnly: true, SameSite: http.SameSiteLaxMode})
	for _, name := range []string{"returnTo", "post_logout_redirect_uri"} {
		if to := r.URL.Query().Get(name); to != "" {
			if err := localPage(to); err != nil {
				answerError(w, http.StatusBadRequest, "invalid_request", name+": "+err.Error())
				return
			}
			http.Redirect(w, r, to, http.StatusSeeOther)
			return
		}
	}
	answer(w, http.StatusOK, map[string]any{"logged_out": true})
}

func originOf(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

// page begins an HTML page that loads nothing. policy adds to what it may do;
// frames is the origin whose pages may frame it, "" for none.
func page(w http.ResponseWriter, policy, frames string) {
	if frames == "" {
		frames = "'none'"
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "same-origin") // a form sends its origin
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors "+frames+"; "+policy)
}

func random() string {
	var b [24]byte
	rand.Read(b[:]) // never fails (crypto/rand)
	return base64.RawURLEncoding.EncodeToString(b[:])
}
