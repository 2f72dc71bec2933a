package auth

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// loginFlow is a browser, and the page that logs in by it.
type loginFlow struct {
	*testing.T
	*DevIssuer
	clock  *clock
	base   string // of the issuer as it is served
	client *http.Client
}

func newLoginFlow(t *testing.T) *loginFlow {
	f := &loginFlow{T: t, clock: newClock()}
	var handler http.Handler
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handler.ServeHTTP(w, r) }))
	t.Cleanup(server.Close)
	f.base = server.URL + devPath
	var err error
	if f.DevIssuer, err = OpenDevIssuer(filepath.Join(t.TempDir(), "k"), f.base, testAudience, f.clock.Now); err != nil {
		t.Fatal(err)
	}
	f.Offers(func(context.Context) Offer { return Offer{Subjects: []string{"ada", `<b>`}, Roles: []string{"editor"}} })
	handler = f.Handler()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	f.client = &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return f
}

const verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"

// query is that of a good request to authorize.
func (f *loginFlow) query(change ...string) url.Values {
	sum := sha256.Sum256([]byte(verifier))
	q := url.Values{"response_type": {"code"}, "client_id": {"spa"}, "redirect_uri": {"http://localhost:5173/back?x=1"}, "scope": {"openid offline_access"},
		"audience": {testAudience}, "state": {"s1"}, "nonce": {"n1"}, "code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"}}
	for i := 0; i < len(change); i += 2 {
		if q.Set(change[i], change[i+1]); change[i+1] == "" {
			q.Del(change[i])
		}
	}
	return q
}

func (f *loginFlow) get(path string, q url.Values) (int, http.Header, string) {
	f.Helper()
	return f.do(http.MethodGet, path+"?"+q.Encode(), "", nil)
}

func (f *loginFlow) do(method, path, body string, header http.Header) (int, http.Header, string) {
	f.Helper()
	req, err := http.NewRequest(method, f.base+path, strings.NewReader(body))
	if err != nil {
		f.Fatal(err)
	}
	for name, v := range header {
		req.Header[name] = v
	}
	res, err := f.client.Do(req)
	if err != nil {
		f.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		f.Fatal(err)
	}
	return res.StatusCode, res.Header, string(text)
}

// post sends a form as a page of the issuer's origin does, or of another.
func (f *loginFlow) post(path string, form url.Values, origin string) (int, http.Header, string) {
	f.Helper()
	h := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
	if origin != "" {
		h.Set("Origin", origin)
	}
	return f.do(http.MethodPost, path, form.Encode(), h)
}

func (f *loginFlow) origin() string { return strings.TrimSuffix(f.base, devPath) }

// login logs somebody in and returns the code.
func (f *loginFlow) login(change ...string) string {
	f.Helper()
	q := f.query(change...)
	q.Set("subject", "ada")
	q.Add("role", "editor")
	status, h, body := f.post("authorize", q, f.origin())
	to, err := url.Parse(h.Get("Location"))
	if status != http.StatusSeeOther || err != nil || to.Query().Get("state") != "s1" || to.Query().Get("x") != "1" || to.Host != "localhost:5173" {
		f.Fatalf("login: %d to %v, %s", status, to, body)
	}
	return to.Query().Get("code")
}

// token asks for tokens.
func (f *loginFlow) token(change ...string) (int, map[string]any) {
	f.Helper()
	q := url.Values{"grant_type": {"authorization_code"}, "client_id": {"spa"}, "redirect_uri": {"http://localhost:5173/back?x=1"}, "code_verifier": {verifier}}
	for i := 0; i < len(change); i += 2 {
		q.Set(change[i], change[i+1])
	}
	status, _, body := f.post("oauth/token", q, "http://localhost:5173")
	var answer map[string]any
	if err := json.Unmarshal([]byte(body), &answer); err != nil {
		f.Fatalf("%v in %s", err, body)
	}
	return status, answer
}

func TestDevLogin(t *testing.T) {
	f := newLoginFlow(t)
	status, h, page := f.get("authorize", f.query())
	if status != 200 || !strings.Contains(page, "editor") || !strings.Contains(page, "&lt;b&gt;") || strings.Contains(page, "<b>") {
		t.Errorf("login page %d: %s", status, page)
	}
	if p := h.Get("Content-Security-Policy"); !strings.Contains(p, "default-src 'none'") || !strings.Contains(p, "frame-ancestors 'none'") {
		t.Errorf("policy %s", p)
	}
	status, first := f.token("code", f.login())
	if status != 200 || first["token_type"] != "Bearer" || first["expires_in"] != 3600.0 {
		t.Fatalf("%d %v", status, first)
	}
	v := newVerifier(t, f.clock, Options{DevIssuer: f.DevIssuer}, f.Provider())
	id, err := v.Verify(t.Context(), first["access_token"].(string))
	if err != nil || id.Subject != "ada" || id.Claims["azp"] != "spa" || id.Claims[RolesClaim].([]any)[0] != "editor" {
		t.Errorf("access token: %+v, %v", id, err)
	}
	if got := code(t, v, first["id_token"].(string)); got != CodeIDToken {
		t.Errorf("the ID token as access token: %q", got)
	}
	parsed, r := parseToken(first["id_token"].(string))
	if r != nil || parsed.claims["nonce"] != "n1" || parsed.claims["aud"] != "spa" || parsed.claims["sub"] != "ada" {
		t.Errorf("ID token %v, %v", parsed.claims, r)
	}

	// A refresh token is good once, for its client.
	refresh := first["refresh_token"].(string)
	if status, _ := f.token("grant_type", "refresh_token", "refresh_token", refresh, "client_id", "other"); status != 403 {
		t.Errorf("refresh token of another client: %d", status)
	}
	_, second := f.token("code", f.login())
	refresh = second["refresh_token"].(string)
	status, third := f.token("grant_type", "refresh_token", "refresh_token", refresh)
	if status != 200 || third["access_token"] == nil || third["refresh_token"] == refresh {
		t.Errorf("refresh: %d %v", status, third)
	}
	if status, _ := f.token("grant_type", "refresh_token", "refresh_token", refresh); status != 403 {
		t.Errorf("used refresh token: %d", status)
	}

	// The browser is known from now on: no page, and silently in a frame.
	status, h, _ = f.get("authorize", f.query())
	if status != http.StatusSeeOther || !strings.Contains(h.Get("Location"), "code=") {
		t.Errorf("again: %d", status)
	}
	_, h, page = f.get("authorize", f.query("prompt", "none", "response_mode", "web_message"))
	if !strings.Contains(page, "authorization_response") || !strings.Contains(page, `"code"`) || !strings.Contains(page, `"http://localhost:5173"`) ||
		!strings.Contains(h.Get("Content-Security-Policy"), "frame-ancestors http://localhost:5173") {
		t.Errorf("silent: %s %s", page, h)
	}
	if status, _, page = f.get("authorize", f.query("prompt", "login")); status != 200 || !strings.Contains(page, "<form") {
		t.Errorf("prompt=login: %d", status)
	}
	if status, h, _ := f.get("v2/logout", url.Values{"returnTo": {"http://localhost:5173/"}}); status != 303 || h.Get("Location") != "http://localhost:5173/" {
		t.Errorf("logout: %d", status)
	}
	if _, _, page = f.get("authorize", f.query("prompt", "none", "response_mode", "web_message")); !strings.Contains(page, "login_required") {
		t.Errorf("silent after logout: %s", page)
	}
}

func TestDevLoginRefuses(t *testing.T) {
	f := newLoginFlow(t)
	for name, q := range map[string]url.Values{
		"no client":           f.query("client_id", ""),
		"no redirect":         f.query("redirect_uri", ""),
		"redirect elsewhere":  f.query("redirect_uri", "https://evil.example/"),
		"redirect like local": f.query("redirect_uri", "http://localhost.evil.example/"),
		"redirect with user":  f.query("redirect_uri", "http://localhost@evil.example/"),
		"redirect script":     f.query("redirect_uri", "javascript:alert(1)"),
	} {
		if status, h, _ := f.get("authorize", q); status != 400 || h.Get("Location") != "" {
			t.Errorf("%s: %d to %s", name, status, h.Get("Location"))
		}
	}
	for name, q := range map[string]url.Values{
		"implicit":       f.query("response_type", "token"),
		"no PKCE":        f.query("code_challenge", ""),
		"PKCE plain":     f.query("code_challenge_method", "plain"),
		"other audience": f.query("audience", "https://other.example.com"),
		"form_post":      f.query("response_mode", "form_post"),
	} {
		if status, h, _ := f.get("authorize", q); status != 303 || !strings.Contains(h.Get("Location"), "error=invalid_request") {
			t.Errorf("%s: %d to %s", name, status, h.Get("Location"))
		}
	}
	form := f.query()
	form.Set("subject", "eve")
	for _, origin := range []string{"", "https://evil.example", "http://localhost:5173"} {
		if status, _, _ := f.post("authorize", form, origin); status != 403 {
			t.Errorf("login form of origin %q: %d", origin, status)
		}
	}
	for _, bad := range []string{"", " ", "a\x00b"} {
		form.Set("subject", bad)
		if status, _, _ := f.post("authorize", form, f.origin()); status != 400 {
			t.Errorf("subject %q: %d", bad, status)
		}
	}
	if status, _, _ := f.get("v2/logout", url.Values{"returnTo": {"https://evil.example/"}}); status != 400 {
		t.Errorf("logout to elsewhere: %d", status)
	}
	for name, change := range map[string][]string{
		"wrong verifier": {"code_verifier", strings.Repeat("x", 43)}, "no verifier": {"code_verifier", ""},
		"other client": {"client_id", "other"}, "other redirect": {"redirect_uri", "http://localhost:5173/"}, "no code": {"code", "nonsense"},
	} {
		if status, answer := f.token(append([]string{"code", f.login()}, change...)...); status != 403 || answer["access_token"] != nil {
			t.Errorf("%s: %d %v", name, status, answer)
		}
	}
	used := f.login()
	f.token("code", used)
	if status, _ := f.token("code", used); status != 403 {
		t.Errorf("code used twice: %d", status)
	}
	late := f.login()
	f.clock.Add(codeLife)
	if status, _ := f.token("code", late); status != 403 {
		t.Errorf("code after a minute: %d", status)
	}
	if status, _ := f.token("grant_type", "password"); status != 400 {
		t.Errorf("password grant: %d", status)
	}
}

// TestDevLoginWithoutAudience meets what first users of Auth0 meet.
func TestDevLoginWithoutAudience(t *testing.T) {
	f := newLoginFlow(t)
	_, tokens := f.token("code", f.login("audience", ""))
	opaque := tokens["access_token"].(string)
	v := newVerifier(t, f.clock, Options{DevIssuer: f.DevIssuer}, f.Provider())
	if got := code(t, v, opaque); got != CodeOpaque {
		t.Errorf("token without audience: %q", got)
	}
	_, withAudience := f.token("code", f.login())
	for token, want := range map[string]int{opaque: 200, withAudience["access_token"].(string): 200, "x": 401, withAudience["id_token"].(string): 401} {
		if status, _, body := f.do(http.MethodGet, "userinfo", "", http.Header{"Authorization": {"Bearer " + token}}); status != want || want == 200 && !strings.Contains(body, `"ada"`) {
			t.Errorf("userinfo: %d, want %d: %s", status, want, body)
		}
	}
}

func TestDevRotation(t *testing.T) {
	f := newLoginFlow(t)
	v := newVerifier(t, f.clock, Options{DevIssuer: f.DevIssuer}, f.Provider())
	old := mint(t, f.DevIssuer, MintRequest{Subject: "ada"})
	if got := code(t, v, old); got != "" {
		t.Fatal(got)
	}
	if status, _, _ := f.post("rotate", nil, "http://localhost:5173"); status != 403 {
		t.Errorf("rotation by another origin: %d", status)
	}
	if status, _, _ := f.post("rotate", nil, f.origin()); status != 200 {
		t.Errorf("rotation: %d", status)
	}
	f.clock.Add(2 * time.Second)
	if got := code(t, v, mint(t, f.DevIssuer, MintRequest{Subject: "ada"})); got != "" {
		t.Errorf("token of the new key: %q", got)
	}
	if got := code(t, v, old); got != CodeKey {
		t.Errorf("token of the old key: %q", got)
	}
}
