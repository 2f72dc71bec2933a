package main

import (
	"testing"
	"time"

	"flora.dev/flora/auth"
	"flora.dev/flora/store"
)

// TestCanNeedsComputableValues: an update that the rules allow is not offered
// where the server could not compute what it sets.
func TestCanNeedsComputableValues(t *testing.T) {
	w := &world{name: "stamps", sdl: []byte(`
type User @auth(read: "true", reason: "names") { sub: String! @unique @identity @auth(write: "false") }
type Page @auth(read: "true", update: "true", reason: "a wiki") {
  text: String
  by: String @set(on: [CREATE, UPDATE], expr: "CurrentIdentity()")
}
type Chapter @auth(read: "true", update: "true", delete: "true", reason: "a wiki") {
  text: String
  editor: User @set(on: [UPDATE], expr: "CurrentUser()")
}
type Note @auth(read: "true", update: "true", reason: "a wiki") {
  text: String
  at: Time @set(on: [UPDATE], expr: "now")
}
`), seed: []byte(`
User: [{ _id: u1, sub: ada }]
Page: [{ _id: p1, text: a }]
Chapter: [{ _id: c1, text: a }]
Note: [{ _id: n1, text: a }]
`)}
	const operation = `{ pages { nodes { _can { update fields { update } } } } chapters { nodes { _can { update delete } } } notes { nodes { _can { update } } } }`
	answer := func(page, chapter string) string {
		return `200 {"data":{"pages":{"nodes":[{"_can":{"update":` + page + `,"fields":[{"update":` + page + `},{"update":false}]}}]},` +
			`"chapters":{"nodes":[{"_can":{"update":` + chapter + `,"delete":true}}]},"notes":{"nodes":[{"_can":{"update":true}}]}}}`
	}
	for name, open := range map[string]func(*testing.T) store.Store{"sqlite": openMemory, "spanner": openEmulated} {
		t.Run(name, func(t *testing.T) {
			server, issuer := w.serve(t, open(t))
			for _, c := range []struct{ sub, want string }{
				{"ada", answer("true", "true")},
				{"bob", answer("true", "false")}, // has no document
				{"", answer("false", "false")},
			} {
				r := request{Operation: operation}
				if c.sub != "" {
					var err error
					if r.Token, err = issuer.Mint(auth.MintRequest{Subject: c.sub, TTL: time.Hour}); err != nil {
						t.Fatal(err)
					}
				}
				if got := r.send(t, server, issuer); got != c.want {
					t.Errorf("%q\ngot  %s\nwant %s", c.sub, got, c.want)
				}
			}
		})
	}
}
