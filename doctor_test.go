package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/rogpeppe/go-internal/testscript"
)

// providerCommands give the scripts an access provider.
//
//	sign FILE CLAIMS [HEADER]   writes a token; times are given from now, as "exp": "-3h"
//	issuer VAR [OPTION]...      serves discovery and the keys of sign, its issuer is then $VAR:
//	                            bare (its documents leave out the slash), late=2m (its clock), status=404,
//	                            weak (a further key that cannot be used)
//	keys FILE                   writes the keys of sign
func providerCommands(t *testing.T) map[string]func(*testscript.TestScript, bool, []string) {
	file := filepath.Join(t.TempDir(), "keys.json")
	n := newTenant(t, file)
	keys, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return map[string]func(*testscript.TestScript, bool, []string){
		"keys": func(ts *testscript.TestScript, _ bool, args []string) {
			ts.Check(os.WriteFile(ts.MkAbs(args[0]), keys, 0o600))
		},
		"sign": func(ts *testscript.TestScript, _ bool, args []string) {
			claims := jwt.MapClaims{"iss": n.issuer, "aud": "https://api", "sub": "ada", "exp": "1h"}
			ts.Check(json.Unmarshal([]byte(args[1]), &claims))
			for _, name := range []string{"exp", "nbf", "iat"} {
				if text, ok := claims[name].(string); ok {
					d, err := time.ParseDuration(text)
					ts.Check(err)
					claims[name] = time.Now().Add(d).Unix()
				}
			}
			token := jwt.NewWithClaims(jwt.SigningMethodRS256, claims)
			token.Header["kid"] = "k"
			if len(args) > 2 {
				ts.Check(json.Unmarshal([]byte(args[2]), &token.Header))
			}
			text, err := token.SignedString(n.key)
			ts.Check(err)
			ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text+"\n"), 0o600))
		},
		"issuer": func(ts *testscript.TestScript, _ bool, args []string) {
			s := httptest.NewServer(issuerHandler(string(keys), args[1:]))
			ts.Defer(s.Close)
			ts.Setenv(args[0], s.URL+"/")
		},
	}
}

func issuerHandler(keys string, options []string) http.Handler {
	slash := "/"
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		base, set := "http://"+r.Host, keys
		for _, o := range options {
			name, value, _ := strings.Cut(o, "=")
			switch name {
			case "bare":
				slash = ""
			case "late":
				d, _ := time.ParseDuration(value)
				w.Header().Set("Date", time.Now().Add(-d).UTC().Format(http.TimeFormat))
			case "status":
				http.NotFound(w, r)
				return
			case "weak":
				set = strings.Replace(keys, `{"keys":[`, `{"keys":[{"kty":"oct","kid":"shared","k":"c2VjcmV0"},`, 1)
			}
		}
		if r.URL.Path == "/.well-known/openid-configuration" {
			fmt.Fprintf(w, `{"issuer": %q, "jwks_uri": %q}`, base+slash, base+"/keys")
			return
		}
		fmt.Fprint(w, set)
	})
}

// TestStages holds the stages of a token in the report to the codes there are.
func TestStages(t *testing.T) {
	text, err := os.ReadFile("auth/rejection.go")
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, s := range stages {
		for _, code := range s.codes {
			known[code] = true
		}
	}
	count := 0
	for l := range strings.Lines(string(text)) {
		name, value, found := strings.Cut(strings.TrimSpace(l), " = ")
		if !found {
			name, value, found = strings.Cut(strings.TrimSpace(l), "= ")
		}
		if !found || !strings.HasPrefix(name, "Code") {
			continue
		}
		value, _, _ = strings.Cut(value, " ")
		if count++; !known[strings.Trim(value, `"`)] {
			t.Errorf("no stage has %s %s", name, value)
		}
	}
	if count < 15 {
		t.Errorf("%d codes found", count)
	}
}
