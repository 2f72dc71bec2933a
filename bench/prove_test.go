package main

import (
	"iter"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"flora.dev/flora/bench/raw"
	"flora.dev/flora/bench/workload"
)

// someProducts are those of the owners that a proof asks for, and of those whom
// it tries as others.
func someProducts() iter.Seq[*workload.Product] {
	var names []string
	for _, o := range owners {
		names = append(names, workload.OwnerID(o), workload.OwnerID(o+1))
	}
	return func(yield func(*workload.Product) bool) {
		for p := range workload.AllProducts() {
			if slices.Contains(names, p.Owner) && !yield(p) {
				return
			}
		}
	}
}

// TestProve: the handler written by hand is right, and a server that is wrong
// in one thing is found out.
func TestProve(t *testing.T) {
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	if err := workload.WriteTokens(in(keySetFile), in(tokensFile)); err != nil {
		t.Fatal(err)
	}
	tokens, err := workload.ReadTokens(in(tokensFile))
	if err != nil {
		t.Fatal(err)
	}
	if err := raw.Create(in(rawStore), someProducts()); err != nil {
		t.Fatal(err)
	}
	fresh, err := os.ReadFile(in(rawStore))
	if err != nil {
		t.Fatal(err)
	}
	expected := workload.Expect(owners[:]...)
	as := func(owner int) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+tokens[owner]) }
	}
	for _, tt := range []struct {
		name   string
		tamper func(*http.Request)
		answer *strings.Replacer
		want   string
	}{
		{name: "right"},
		{name: "everybody is one owner", tamper: as(owners[0]), want: "another owner's product"},
		{name: "signatures are not looked at", want: "a forged token is taken", tamper: func(r *http.Request) {
			token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
			for o, good := range tokens {
				if token[:len(token)-20] != good[:len(good)-20] && forged(good) == token {
					as(o)(r)
				}
			}
		}},
		{name: "nobody may do anything", want: "Q1 of an owner: 401", tamper: func(r *http.Request) { r.Header.Del("Authorization") }},
		{name: "a value is wrong", want: "Q3 of own000000000003: got", answer: strings.NewReplacer(`"stars":5`, `"stars":4`)},
		{name: "a value is missing", want: "Q2 of own000000000003: got", answer: strings.NewReplacer(`"sku":`, `"SKU":`)},
		{name: "fewer products", want: "Q3: 0 reviews, want 60", answer: strings.NewReplacer(`"stars"`, `"Stars"`)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			store := filepath.Join(t.TempDir(), rawStore)
			if err := os.WriteFile(store, fresh, 0o644); err != nil {
				t.Fatal(err)
			}
			h, err := raw.New(raw.Options{Store: store, KeySet: in(keySetFile), Synchronous: "NORMAL"})
			if err != nil {
				t.Fatal(err)
			}
			web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if tt.tamper != nil {
					tt.tamper(r)
				}
				if tt.answer == nil {
					h.ServeHTTP(w, r)
					return
				}
				rec := httptest.NewRecorder()
				h.ServeHTTP(rec, r)
				w.WriteHeader(rec.Code)
				tt.answer.WriteString(w, rec.Body.String())
			}))
			defer web.Close()
			p := &peer{Name: "raw", Address: web.Listener.Addr().String(), Path: "/graphql", exact: true, tokens: tokens}
			p.Queries, p.Vars = documents()
			length, err := prove(&server{peer: p}, expected)
			switch {
			case tt.want == "" && err != nil:
				t.Error(err)
			case tt.want == "" && (len(length) != 5 || length["Q3"] < 5000):
				t.Errorf("lengths %v", length)
			case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
}
