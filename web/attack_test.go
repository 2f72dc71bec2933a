package web

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"flora.dev/flora/auth"
	"flora.dev/flora/auth/authtest"
	"flora.dev/flora/graph"
)

// attacked is a server over a connection, with the verifier of production. It
// remembers who asked.
type attacked struct {
	*httptest.Server
	corpus  *authtest.Corpus
	callers []*auth.Identity
}

func newAttacked(t *testing.T) *attacked {
	t.Helper()
	s := &attacked{corpus: authtest.New(t)}
	var providers []auth.Provider
	for _, p := range s.corpus.Providers {
		file := filepath.Join(t.TempDir(), "jwks.json")
		if err := os.WriteFile(file, []byte(p.JWKS), 0o600); err != nil {
			t.Fatal(err)
		}
		providers = append(providers, auth.Provider{
			Name: p.Name, Issuer: p.Issuer, Audience: p.Audience, SubjectPrefix: p.SubjectPrefix, Algorithms: p.Algorithms, JWKS: file,
		})
	}
	verifier, err := auth.NewVerifier(providers, auth.Options{Now: authtest.Now, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	options := newServer(t).Options
	options.Limits.Concurrent = 0
	options.Data = &Endpoint{Verifier: verifier, Executor: executorFunc(func(ctx context.Context, _ graph.Request) *graph.Response {
		s.callers = append(s.callers, auth.From(ctx))
		return &graph.Response{Status: 200, Body: []byte(`{"data":{}}`)}
	})}
	s.Server = httptest.NewUnstartedServer(nil)
	s.Config = NewServer(New(options), options.Limits, options.Log)
	s.Start()
	t.Cleanup(s.Close)
	return s
}

// send posts a body to a path, with headers one after the other as given.
func (s *attacked) send(t *testing.T, path, body string, headers ...string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequest("POST", s.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	with(r, append([]string{"Content-Type", "application/json", "Origin", app}, headers...)...)
	res, err := s.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(text)
}

func TestTokens(t *testing.T) {
	s := newAttacked(t)
	t.Run("attacks", s.attacks)
	t.Run("places", s.places)
}

// attacks sends every attack that a header can carry to a server: it
// is answered 401 before anything is parsed (RFC 6750 section 3.1), so that a
// browser application can read why, and never as an anonymous caller.
func (s *attacked) attacks(t *testing.T) {
	good, sent, wrong := map[string]bool{}, 0, 0
	for _, a := range s.corpus.Attacks {
		if strings.ContainsAny(a.Token, "\x00\r\n") || strings.Trim(a.Token, " \t") != a.Token || len(a.Token) > 100<<10 {
			continue
		}
		if !good[a.Good] {
			good[a.Good] = true
			s.callers = nil
			res, text := s.send(t, "/graphql", `{"query":"{ a }"}`, "Authorization", "Bearer "+a.Good)
			if res.StatusCode != 200 || len(s.callers) != 1 || s.callers[0].Subject != "alice" {
				t.Fatalf("%s, %s: the good token is answered %d %s", a.Class, a.Name, res.StatusCode, text)
			}
		}
		s.callers = nil
		res, text := s.send(t, "/graphql", `{ not parsed`, "Authorization", "Bearer "+a.Token)
		sent++
		if fault := s.refused(res, text, a.Token); fault != "" {
			wrong++
			t.Errorf("%s, %s: %s", a.Class, a.Name, fault)
		}
	}
	t.Logf("%d tokens sent, %d wrong", sent, wrong)
	if sent < 1000 {
		t.Errorf("only %d tokens could be sent", sent)
	}
}

// refused says what is wrong with the answer to a bad token.
func (s *attacked) refused(res *http.Response, text, token string) string {
	var body errorBody
	challenge := res.Header.Get("WWW-Authenticate")
	switch {
	case len(s.callers) > 0:
		return "it was let through"
	case res.StatusCode != http.StatusUnauthorized:
		return "status " + res.Status
	case !strings.HasPrefix(challenge, `Bearer error="invalid_token", error_description="`):
		return "WWW-Authenticate: " + challenge
	case json.Unmarshal([]byte(text), &body) != nil || len(body.Errors) != 1 || body.Errors[0].Extensions.Code != graph.Unauthenticated:
		return "body " + text
	case res.Header.Get("Access-Control-Allow-Origin") != app || res.Header.Get("Cache-Control") != "no-store" || res.Header.Get("Set-Cookie") != "":
		return "headers wrong"
	}
	for _, part := range append(strings.Split(token, "."), "alice", "k1") {
		if (len(part) > 8 || part == "alice" || part == "k1") && strings.Contains(challenge+text, part) {
			return "the answer shows of the token: " + part
		}
	}
	return ""
}

// places sends a good token where or as it must not be sent.
// want is who the caller is taken for: an anonymous one only where nothing
// says that there are credentials.
func (s *attacked) places(t *testing.T) {
	token := s.corpus.Attacks[0].Good
	const operation = `{"query":"{ a }"}`
	const anonymous, alice = "nobody", "alice"
	type place struct {
		name, path, body string
		headers          []string
		want             string
	}
	places := []place{
		{"none", "/graphql", operation, nil, anonymous},
		{"a cookie", "/graphql", operation, []string{"Cookie", "access_token=" + token + "; token=" + token}, anonymous},
		{"a member of the body", "/graphql", `{"query":"{ a }","access_token":"` + token + `"}`, nil, anonymous},
		{"an extension", "/graphql", `{"query":"{ a }","extensions":{"headers":{"Authorization":"Bearer ` + token + `"}}}`, nil, anonymous},
		{"two headers", "/graphql", operation, []string{"Authorization", "Bearer " + token, "Authorization", "Bearer " + token}, "400"},
		{"two headers, one empty", "/graphql", operation, []string{"Authorization", "", "Authorization", "Bearer " + token}, "400"},
		{"two headers of two schemes", "/graphql", operation, []string{"Authorization", "Basic YTpi", "Authorization", "Bearer " + token}, "400"},
		{"a header and the URL", "/graphql?access_token=" + token, operation, []string{"Authorization", "Bearer " + token}, "400"},
	}
	for _, header := range []string{"Proxy-Authorization", "X-Authorization", "X-Forwarded-Authorization", "X-Access-Token", "X-Auth-Token", "X-Amzn-Oidc-Data", "X-Goog-Iap-Jwt-Assertion", "X-Ms-Client-Principal", "X-Forwarded-User", "Authorization_", "Token", "Cookie2", "Sec-WebSocket-Protocol"} {
		places = append(places, place{"header " + header, "/graphql", operation, []string{header, "Bearer " + token}, anonymous})
	}
	for _, query := range []string{
		"access_token=" + token, "access_token=", "access_token", "x=1&access_token=" + token, "access%5Ftoken=" + token, "%61ccess_token=" + token, "access_token=a&access_token=b",
		"access_token=%zz", "access_token=" + token + "%", "x=%zz&access_token=" + token, "access_token=" + token + ";x=1", "x=1;access_token=" + token, ";access_token=" + token, "%zz", "&=%", "a;b",
	} {
		places = append(places, place{"URL " + query[:min(30, len(query))], "/graphql?" + query, operation, nil, "400"})
	}
	for _, value := range []string{"bearer TOKEN", "BEARER TOKEN", "bEaReR   TOKEN", " Bearer TOKEN", "Bearer TOKEN ", "\tBearer TOKEN\t"} {
		places = append(places, place{"as " + value, "/graphql", operation, []string{"Authorization", strings.Replace(value, "TOKEN", token, 1)}, alice})
	}
	for _, value := range []string{
		"", " ", "Bearer", "Bearer ", "BearerTOKEN", "Bearer\tTOKEN", "Bearer \tTOKEN", "Bearer TOKEN x", "Bearer x TOKEN", "Bearer TOKEN,", "Bearer TOKEN, Bearer TOKEN", "Bearer TOKEN,Basic YTpi", "Basic YTpi, Bearer TOKEN", "Bearer TOKEN;",
		"Bearer: TOKEN", "Bearer=TOKEN", `Bearer "TOKEN"`, "Bearer token=TOKEN", `Bearer token="TOKEN"`, "Bearer <TOKEN>", "Bearer Bearer TOKEN", "TOKEN", "Token TOKEN", "JWT TOKEN", "DPoP TOKEN", "MAC TOKEN", "Basic YTpi", "Basic TOKEN", "Negotiate TOKEN", "GNAP TOKEN", "OAuth TOKEN", "Bearer-x TOKEN", "xBearer TOKEN", "Bear TOKEN",
		"Bearer\u00a0TOKEN", "Bearer\u2003TOKEN", "Ｂearer TOKEN", "\ufeffBearer TOKEN", "Bearer \u200bTOKEN", "Bearer TOKEN\u200b", "Bearer TOKEN=", "Bearer TOKEN==", "Bearer null", "Bearer undefined", "Bearer [object Object]", "Bearer TOKEN.", "Bearer .TOKEN", "Bearer %20TOKEN", "anonymous", "none", "null",
	} {
		places = append(places, place{"as " + value, "/graphql", operation, []string{"Authorization", strings.ReplaceAll(value, "TOKEN", token)}, "401"})
	}
	for _, p := range places {
		s.callers = nil
		res, text := s.send(t, p.path, p.body, p.headers...)
		got := res.Status[:3]
		if len(s.callers) == 1 {
			got = anonymous
			if id := s.callers[0]; id != nil {
				got = id.Subject
			}
		}
		if got != p.want {
			t.Errorf("%s: %s, want %s: %s", p.name, got, p.want, text)
		}
		if got := res.Header.Get("Access-Control-Allow-Origin"); got != app {
			t.Errorf("%s: Access-Control-Allow-Origin %q", p.name, got)
		}
		if strings.Contains(text, token[:20]) || strings.Contains(res.Header.Get("WWW-Authenticate"), token[:20]) || res.Header.Get("Set-Cookie") != "" {
			t.Errorf("%s: the answer holds the token, or a cookie", p.name)
		}
	}
	// Forms: RFC 6750 section 2.2 allows them, Flora does not.
	r, err := http.NewRequest("POST", s.URL+"/graphql", strings.NewReader("access_token="+token+"&query={a}"))
	if err != nil {
		t.Fatal(err)
	}
	s.callers = nil
	res, err := s.Client().Do(with(r, "Content-Type", "application/x-www-form-urlencoded"))
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusUnsupportedMediaType || len(s.callers) > 0 {
		t.Errorf("a form: %d", res.StatusCode)
	}
	t.Logf("%d places tried", len(places)+1)
}
