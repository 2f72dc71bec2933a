package main

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"flora.dev/flora/auth"
	"flora.dev/flora/web"
)

// TestNothingSentIsLogged sends a marker through every part of a request, as
// tokens, values and nonsense. Each leaves one line, without the marker.
func TestNothingSentIsLogged(t *testing.T) {
	log := newConsole()
	log.logs = true
	l := defaultLimits()
	l.web.Rate = 0
	server, issuer := readWorld(t, "testdata/worlds/products").serveWith(t, openMemory(t), l,
		web.Options{Log: slog.New(slog.NewJSONHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})), TrustedProxies: 1})
	const m = marker + "1"
	token, err := issuer.Mint(auth.MintRequest{Subject: m, Roles: []string{m}, Claims: map[string]any{m: m}, TTL: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	ada := mintFor(t, issuer, "ada")
	var caller any // ada, as the log has her
	create := `mutation($t: String!) { createNote(data: { text: $t }) { text } }`
	for _, tt := range []struct {
		name, method, path, token, body string
		headers                         []string
		want                            string // part of the answer
	}{
		{"variable", "POST", "/graphql", token, `{"query":"` + create + `","variables":{"t":"` + m + `"}}`, nil, m},
		{"literal", "POST", "/graphql", token, `{"query":"{ notes(where: { text: { eq: \"` + m + `\" } }) { totalCount nodes { text } } }"}`, nil, `"totalCount":1`},
		{"alias", "POST", "/graphql", token, `{"query":"{ hush_hush: __typename }"}`, nil, "hush_hush"},
		{"wrong type", "POST", "/graphql", token, `{"query":"` + create + `","variables":{"t":["` + m + `"]}}`, nil, "BAD_USER_INPUT"},
		{"unknown field", "POST", "/graphql", token, `{"query":"{ hush_hush }"}`, nil, "GRAPHQL_VALIDATION_FAILED"},
		{"no GraphQL", "POST", "/graphql", token, `{"query":"{ ` + m + `"}`, nil, "GRAPHQL_PARSE_FAILED"},
		{"unknown operation", "POST", "/graphql", token, `{"query":"{ __typename }","operationName":"` + m + `"}`, nil, "GRAPHQL_VALIDATION_FAILED"},
		{"no JSON", "POST", "/graphql", token, `{"query":"` + m, nil, "BAD_USER_INPUT"},
		{"member", "POST", "/graphql", token, `{"` + m + `":"` + m + `","query":"{ __typename }"}`, nil, "Query"},
		{"unique value", "POST", "/graphql", ada, `{"query":"mutation { createUser(data: { sub: \"ada\", name: \"` + m + `\" }) { name } }"}`, nil, "CONFLICT"},
		{"id", "POST", "/graphql", ada, `{"query":"mutation { deleteProduct(id: \"` + m + `\") { name } }"}`, nil, "null"},
		{"refused", "POST", "/graphql", token, `{"query":"mutation { createUser(data: { sub: \"` + m + `2\", name: \"x\" }) { name } }"}`, nil, "FORBIDDEN"},
		{"retry key", "POST", "/graphql", token, `{"query":"` + create + `","variables":{"t":"x"}}`, []string{"Idempotency-Key", m}, `"x"`},
		{"retry key, reused", "POST", "/graphql", token, `{"query":"` + create + `","variables":{"t":"y"}}`, []string{"Idempotency-Key", m}, "BAD_USER_INPUT"},
		{"query string", "GET", "/graphql?query=" + url.QueryEscape(`{ a: __typename findNoteByID(id: "`+m+`") { text } }`), token, "", nil, "null"},
		{"parameter", "GET", "/graphql?query=x&query=" + m, token, "", nil, "BAD_USER_INPUT"},
		{"path", "GET", "/" + m, "", "", nil, "NOT_FOUND"},
		{"method", "HUSH-HUSH-1", "/graphql", "", "", nil, "POST"},
		{"headers", "POST", "/graphql", token, `{"query":"{ __typename }"}`, []string{"User-Agent", m, "Referer", m, "Origin", "https://" + m + ".example.com", "X-Forwarded-For", m, "Cookie", m, "X-Request-Id", m + "!", "Traceparent", m}, "Query"},
		{"media type", "POST", "/graphql", token, m, []string{"Accept", "text/" + m}, "application"},
		{"opaque token", "POST", "/graphql", m + strings.Repeat("x", 30), `{"query":"{ __typename }"}`, nil, "UNAUTHENTICATED"},
		{"token, changed", "POST", "/graphql", ada[:len(ada)-20] + "AAAAAAAAAA" + ada[len(ada)-10:], `{"query":"{ __typename }"}`, nil, "UNAUTHENTICATED"},
		{"token in the URL", "GET", "/graphql?query=x&access_token=" + ada, "", "", nil, "BAD_USER_INPUT"},
		{"another scheme", "POST", "/graphql", "", `{"query":"{ __typename }"}`, []string{"Authorization", "Basic " + m}, "UNAUTHENTICATED"},
		{"two tokens", "POST", "/graphql", ada, `{"query":"{ __typename }"}`, []string{"Authorization", "Bearer " + token}, "BAD_USER_INPUT"},
	} {
		before := strings.Count(log.String(), "\n")
		r, err := http.NewRequestWithContext(t.Context(), tt.method, server.URL+tt.path, strings.NewReader(tt.body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/json")
		if tt.token != "" {
			r.Header.Set("Authorization", "Bearer "+tt.token)
		}
		for i := 0; i < len(tt.headers); i += 2 {
			r.Header.Add(tt.headers[i], tt.headers[i+1])
		}
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil || !strings.Contains(string(answer), tt.want) {
			t.Errorf("%s: %d %s %v, want %s", tt.name, res.StatusCode, answer, err, tt.want)
		}
		line := access(t, log, res.Header.Get("X-Request-Id"))
		switch tt.name {
		case "unique value":
			caller = line["caller"]
		case "token, changed":
			rejected, _ := line["token"].(map[string]any)
			if rejected["code"] != auth.CodeSignature || rejected["alg"] != "RS256" || rejected["iss"] == nil || rejected["kid"] == nil || rejected["caller"] != caller {
				t.Errorf("rejected token: %v, of %v", rejected, caller)
			}
		}
		lines := strings.Split(log.String(), "\n")[before:]
		if len(lines) != 2 || strings.Contains(strings.ToLower(fmt.Sprint(lines)), "hush") || looksLikeToken.MatchString(lines[0]) {
			t.Errorf("%s: log %q", tt.name, lines)
		}
	}
}
