package main

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// secretChanges hide what anyone could see.
var secretChanges = []struct{ name, before, after string }{
	{"documents", `type Note @auth(read: "anyone", write: "signedIn") { secret: String @fold @index `, `type Note @auth(read: "doc.owner == CurrentIdentity()", write: "signedIn") { secret: String @fold @index `},
	{"a field", `type Note @auth(read: "anyone", write: "signedIn") { secret: String @index `, `type Note @auth(read: "anyone", write: "signedIn") { secret: String @index @auth(read: "doc.owner == CurrentIdentity()", update: "doc.owner == CurrentIdentity()") `},
	{"what relations lead to", `type Note @auth(read: "doc.shelf.open", write: "signedIn") { secret: String `, `type Note @auth(read: "doc.shelf.open && doc.owner == CurrentIdentity()", write: "signedIn") { secret: String `},
}

const secretRest = `owner: String!  shelf: Shelf }
type Shelf @auth(read: "anyone", write: "signedIn") { label: String! open: Boolean!  notes: [Note!] @relation }
`

// TestSecretAfterDeploy hides documents by a deployment, and then writes a
// secret into one: whoever may not see it does not, by any operation that ran
// before too, whenever it was sent.
func TestSecretAfterDeploy(t *testing.T) {
	eachCluster(t, func(t *testing.T, c *cluster) {
		l := newDeployLoad(t, c, secretChanges[0].before+secretRest)
		ada := l.client(l.bases[0], "ada")
		one := func(w *loadClient, query string, variables object) string {
			t.Helper()
			a := w.send(loadAsk{query: query, variables: variables}, "")
			for _, x := range a.Data {
				if id, ok := x.(object)["_id"].(string); ok {
					return id
				}
			}
			t.Fatalf("%s: %s", query, a.text)
			return ""
		}
		shelf := one(ada, `mutation { createShelf(data: {label: "s", open: true}) { _id } }`, nil)
		note := one(ada, `mutation($s: ID!) { createNote(data: {owner: "ada", shelf: {connect: $s}, secret: "plain"}) { _id } }`, object{"s": shelf})
		set := func(text string) {
			t.Helper()
			one(ada, `mutation($id: ID!, $t: String!) { partialUpdateNote(id: $id, data: {secret: $t}) { _id } }`, object{"id": note, "t": text})
		}
		for i, change := range secretChanges {
			set("plain")
			if err := l.deploy(change.before + secretRest); err != nil {
				t.Fatalf("%s, before: %v", change.name, err)
			}
			var spies []*spy
			for _, base := range l.bases {
				for _, caller := range []string{"eve", ""} {
					spies = append(spies, newSpy(l.client(base, caller), fmt.Sprint(change.name, base), note, shelf))
				}
			}
			var ended atomic.Bool
			var watching sync.WaitGroup
			var asked, shown atomic.Int64
			for _, s := range spies {
				s.look("before", "plain")
				watching.Go(func() {
					pace := l.pace()
					defer pace.Stop()
					for !ended.Load() {
						<-pace.C
						for _, ask := range s.asks {
							a := s.send(ask, "")
							asked.Add(1)
							if shows(a.text) {
								shown.Add(1)
							}
						}
					}
				})
			}
			err := l.deploy(change.after + secretRest)
			if err != nil {
				t.Fatalf("%s: %v", change.name, err)
			}
			set(marker + fmt.Sprint(i))
			for range map[bool]int{true: 1, false: 3}[l.apart] {
				for _, s := range spies {
					s.look(change.name, "")
				}
			}
			ended.Store(true)
			watching.Wait()
			if shown.Load() > 0 || asked.Load() == 0 {
				t.Errorf("%s: %d of %d answers showed it", change.name, shown.Load(), asked.Load())
			}
			// It is there, for whom it is meant.
			own := newSpy(ada, "", note, shelf)
			own.key = ""
			own.look("the owner", marker)
		}
	})
}

// shows reports whether an answer shows the secret, or that there is one.
func shows(text string) bool {
	return strings.Contains(text, marker) || strings.Contains(text, `"found":{"totalCount":1}`)
}

// spy asks for a secret in many ways.
type spy struct {
	*loadClient
	asks []loadAsk
	key  string // of a mutation that is sent again
}

func newSpy(w *loadClient, key, note, shelf string) *spy {
	s := &spy{loadClient: w, key: key + w.caller}
	page := w.send(loadAsk{query: `{ notes(orderBy: {secret: DESC}, first: 1) { edges { cursor } } }`}, "")
	var cursor any
	if notes, _ := page.Data["notes"].(object); notes != nil && len(notes["edges"].([]any)) == 1 {
		cursor = notes["edges"].([]any)[0].(object)["cursor"]
	}
	for _, ask := range []loadAsk{
		{name: "list", query: `{ notes { nodes { secret } } }`},
		{name: "find", query: `query($id: ID!) { findNoteByID(id: $id) { secret } }`, variables: object{"id": note}},
		{name: "nested", query: `query($id: ID!) { findShelfByID(id: $id) { notes(orderBy: {_ts: ASC}) { edges { node { secret } } } } }`, variables: object{"id": shelf}},
		{name: "back", query: `{ notes { nodes { shelf { notes { nodes { secret } } } } } }`},
		{name: "sorted, greatest", query: `{ notesAggregate { max { secret } } }`},
		{name: "sorted, groups", query: `{ notesAggregate(groupBy: [secret]) { key { secret } } }`},
		{name: "sorted", query: `{ notes(orderBy: {secret: ASC}) { nodes { secret } } }`},
		{name: "filter", query: `query($t: String!) { found: notes(where: {secret: {startsWith: $t}}) { totalCount } }`, variables: object{"t": marker}},
		{name: "filter of a relation", query: `query($t: String!) { found: shelfs(where: {notes: {some: {secret: {startsWith: $t}}}}) { totalCount } }`, variables: object{"t": marker}},
		{name: "before a cursor", query: `query($c: String) { found: notes(orderBy: {secret: DESC}, before: $c) { nodes { secret } } }`, variables: object{"c": cursor}},
		{name: "from a cursor", query: `query($c: String) { found: notes(orderBy: {secret: DESC}, after: $c) { nodes { secret } } }`, variables: object{"c": cursor}},
	} {
		s.asks = append(s.asks, ask)
	}
	return s
}

// look asks everything once. With a value it must be shown by what lists it,
// else nothing may show the secret.
func (s *spy) look(when, want string) {
	s.load.Helper()
	all := s.asks
	for i := range all {
		s.judge(when, want, all[i], s.send(all[i], ""))
	}
	if s.token != "" && s.key != "" {
		again := loadAsk{name: "retry", query: `mutation($id: ID!) { updateShelfs(where: {_id: {eq: $id}}, data: {label: "t"}) { nodes { notes { nodes { secret } } } } }`, variables: object{"id": s.asks[2].variables["id"]}}
		s.judge(when, want, again, s.send(again, s.key))
	}
}

func (s *spy) judge(when, want string, ask loadAsk, a loadAnswer) {
	s.load.Helper()
	if want != marker && shows(a.text) || a.status != 200 {
		s.load.Errorf("%s, %s of %q: %d %s", when, ask.name, s.caller, a.status, a.text)
	}
	there := strings.Contains(a.text, want)
	switch {
	case want == "" || strings.HasSuffix(ask.name, "cursor"):
		return
	case want == marker:
		there = shows(a.text) || strings.HasPrefix(ask.name, "sorted") // which needs fields that all callers read
	case strings.HasPrefix(ask.name, "filter"):
		return // of another value
	}
	if !there {
		s.load.Errorf("%s, %s of %q lacks %s: %s", when, ask.name, s.caller, want, a.text)
	}
}

// TestRetryAfterDeploy sends a mutation again after its rules were tightened, so
// that fewer statements are planned for it than were run.
func TestRetryAfterDeploy(t *testing.T) {
	eachCluster(t, func(t *testing.T, c *cluster) {
		const sdl = `type Note @auth(read: "%s", create: "anyone", update: "anyone") { text: String! }`
		l := newDeployLoad(t, c, fmt.Sprintf(sdl, "anyone"))
		w := l.client(l.bases[0], "ada")
		ask := loadAsk{query: `mutation { createNote(data: {text: "x"}) { text } updateNotes(where: {text: {eq: "x"}}, data: {text: "y"}) { count } }`}
		send := func(what, want string) {
			t.Helper()
			if a := w.send(ask, "key"); !strings.Contains(a.text, want) {
				t.Errorf("%s: %s lacks %s", what, a.text, want)
			}
		}
		send("first", `"updateNotes":{"count":1}`)
		send("again", `"repeated":true`)
		if err := l.deploy(fmt.Sprintf(sdl, "false")); err != nil {
			t.Fatal(err)
		}
		send("after the deployment", "do not send it again")
		if err := l.deploy(fmt.Sprintf(sdl, "anyone")); err != nil {
			t.Fatal(err)
		}
		send("under the first rules", `"repeated":true`)
		if a := w.send(loadAsk{query: `{ notes { totalCount } }`}, ""); !strings.Contains(a.text, `"totalCount":1`) {
			t.Errorf("stored: %s", a.text)
		}
	})
}
