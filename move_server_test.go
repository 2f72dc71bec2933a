package main

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"flora.dev/flora/auth"
	"github.com/google/go-cmp/cmp"
)

// TestMoveThroughServer moves documents by the control API.
func TestMoveThroughServer(t *testing.T) {
	w := readWorld(t, "testdata/worlds/market")
	for _, engine := range bothEngines {
		t.Run(engine, func(t *testing.T) {
			m := newMover(t)
			want := m.export(m.planted("sqlite", string(w.sdl), string(w.seed)))
			open := openMemory
			if engine == "spanner" {
				open = openEmulated
			}
			bare := &world{name: w.name, sdl: w.sdl}
			server, issuer := bare.serve(t, open(t))
			token := func(roles ...string) string {
				token, err := issuer.Mint(auth.MintRequest{Subject: "op", Roles: roles, TTL: time.Hour})
				if err != nil {
					t.Fatal(err)
				}
				return token
			}
			at := func(token string, args ...string) []string {
				return append(args, "--server", server.URL, "--token", token)
			}
			dir := m.write(want)
			// Without the right nothing is told or written.
			for what, token := range map[string]string{"no right": token("tagger"), "another right": token("flora:read"), "another issuer's": "x.y.z"} {
				code, out, errs := m.run(at(token, "import", dir)...)
				if code != 1 || !strings.Contains(errs, "FORBIDDEN") && !strings.Contains(errs, "UNAUTHENTICATED") || out != "" {
					t.Errorf("import with %s: %d %s%s", what, code, out, errs)
				}
				code, out, errs = m.run(at(token, "export", filepath.Join(t.TempDir(), "x"))...)
				if code != 1 || !strings.Contains(errs, "FORBIDDEN") && !strings.Contains(errs, "UNAUTHENTICATED") || out != "" {
					t.Errorf("export with %s: %d %s%s", what, code, out, errs)
				}
			}
			out := filepath.Join(t.TempDir(), "first")
			m.must(at(token("flora:data"), "export", out)...)
			for name, text := range m.files(out) {
				if text != "" {
					t.Errorf("%s was written to: %s", name, text)
				}
			}

			m.must(at(token("flora:data"), "import", dir)...)
			m.must(at(token("flora:data"), "import", dir)...)
			out = filepath.Join(t.TempDir(), "second")
			m.must(at(token("flora:data"), "export", out)...)
			if diff := cmp.Diff(want, m.files(out)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			code, _, errs := m.run(at(token("flora:data"), "import", m.write(map[string]string{"Note.jsonl": `{"_id":"n9","author":"s3cret","text":"s3cret"}`}))...)
			if code != 1 || !strings.Contains(errs, "Note.author: refers to a document that is neither") || strings.Contains(errs, "s3cret") {
				t.Errorf("dangling: %d %s", code, errs)
			}
			long := strings.Repeat("s3cret", 50_000)
			code, _, errs = m.run(at(token("flora:data"), "import", m.write(map[string]string{"User.jsonl": `{"_id":"u9","sub":"u9","name":"` + long + `"}`}))...)
			if code != 1 || !strings.Contains(errs, "User.jsonl:1: User: is larger than a request") || strings.Contains(errs, "s3cret") {
				t.Errorf("too long: %d %.200s", code, errs)
			}
			// Lines that are too much for one request together go in several.
			var users strings.Builder
			for i := range 3 {
				fmt.Fprintf(&users, `{"_id":"z%d","sub":"z%d","name":"%s"}`+"\n", i, i, long[:90_000])
			}
			m.must(at(token("flora:data"), "import", m.write(map[string]string{"User.jsonl": users.String()}))...)
			out = filepath.Join(t.TempDir(), "third.jsonl")
			m.must(at(token("flora:data"), "export", out, "--collection", "User")...)
			if text := m.files(filepath.Dir(out))["third.jsonl"]; strings.Count(text, long[:90_000]) != 3 || !strings.HasPrefix(text, `{"_collection":"User","_id":"ann"`) {
				t.Errorf("long lines: %.200s", text)
			}
		})
	}
}
