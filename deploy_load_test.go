package main

import (
	"flag"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"flora.dev/flora/store"
	"github.com/google/go-cmp/cmp"
)

var deployments = flag.Int("deployments", 0, "schemas that are deployed under load, 0: 50 on SQLite, 5 on Spanner")

// TestDeploysUnderLoad deploys one schema after the other while clients read and
// write: no request fails, each answer is that of a version that was deployed
// while the request ran, and what was acknowledged is stored.
func TestDeploysUnderLoad(t *testing.T) {
	eachCluster(t, func(t *testing.T, c *cluster) {
		l := newDeployLoad(t, c, firstStage.sdl(firstStage))
		l.start()
		n, pace := 50, 60
		if l.apart {
			n, pace = 5, 20
		}
		if *deployments > 0 {
			n = *deployments
		}
		for i := range n {
			l.await(pace)
			change := stageChanges[i%len(stageChanges)]
			next := l.stages[i]
			change.change(&next)
			if err := l.next(next); err != nil {
				t.Fatalf("deployment %d, %s: %v", i+1, change.name, err)
			}
		}
		l.await(pace)
		l.stop()
		l.check()
		t.Logf("%d deployments, %d requests, %d failed, %d refused by another version's schema, %d documents made, %d gone on with", n, l.answered, l.failed, l.refused, len(l.written), l.again)
	})
}

// deployLoad is clients of instances over one store that is deployed to.
type deployLoad struct {
	*testing.T
	c       *cluster
	members []*member
	bases   []string
	store   store.Store // that deployments go through
	apart   bool        // they are made by another process
	fixed   []*loadDoc
	shelves []string // ids
	workers sync.WaitGroup
	ended   atomic.Bool

	// Of stages, those from returned to begun are deployed at some moment of now.
	begun, returned atomic.Int64

	mu       sync.Mutex
	grown    *sync.Cond
	stages   []loadStage
	again    int // times that a deployment was gone on with
	answered int
	failed   int
	refused  int
	written  []*loadDoc
	cursors  map[string]loadCursor
}

type loadCursor struct {
	text string
	rank int
}

// start plants documents and starts clients.
func (l *deployLoad) start() {
	l.plant()
	for i, caller := range []string{"ada", "", "bob", "eve", "ada"} {
		w := l.client(l.bases[i%len(l.bases)], caller)
		w.name = fmt.Sprint("client ", i)
		writes := i == 0 || !l.apart && i%2 == 0 // the emulator starves transactions where there are many
		l.workers.Go(func() { w.run(writes) })
	}
	l.Cleanup(l.stop)
}

// next deploys a stage.
func (l *deployLoad) next(s loadStage) error {
	was := l.stages[len(l.stages)-1]
	l.mu.Lock()
	l.stages = append(l.stages, s)
	l.mu.Unlock()
	l.begun.Add(1)
	defer l.returned.Add(1)
	return l.deploy(s.sdl(was))
}

// plant makes the documents that nobody changes.
func (l *deployLoad) plant() {
	must := func(caller, query string, variables object) (id string) {
		w := l.client(l.bases[0], caller)
		r := w.send(loadAsk{query: query, variables: variables}, "")
		for _, x := range r.Data {
			id, _ = x.(object)["_id"].(string)
		}
		if id == "" {
			l.Fatalf("%s: %+v", query, r)
		}
		return id
	}
	for i := range 2 {
		l.shelves = append(l.shelves, must("ada", `mutation($d: ShelfInput!) { createShelf(data: $d) { _id } }`, object{"d": object{"label": fmt.Sprint("shelf ", i)}}))
	}
	for i := range 8 {
		d := &loadDoc{mark: fmt.Sprint("fixed ", i), owner: []string{"ada", "bob"}[i%2], open: i%3 != 0, fixed: true, rank: i, kind: i % 2, shelf: i / 2 % 2, title: fmt.Sprint("Title ", i), body: fmt.Sprint("Body ", i)}
		d.id = must(d.owner, `mutation($d: NoteInput!) { createNote(data: $d) { _id } }`, object{"d": object{
			"mark": d.mark, "owner": d.owner, "open": d.open, "fixed": true, "rank": d.rank, "kind": fmt.Sprint("K", d.kind), "title": d.title, "body": d.body, "shelf": object{"connect": l.shelves[d.shelf]}}})
		l.fixed = append(l.fixed, d)
	}
}

// await waits for so many answers more.
func (l *deployLoad) await(n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for n += l.answered; l.answered < n; {
		l.grown.Wait()
	}
}

func (l *deployLoad) stop() {
	l.ended.Store(true)
	l.workers.Wait()
}

// check compares what is stored with what was acknowledged.
func (l *deployLoad) check() {
	s := l.stages[len(l.stages)-1]
	stored := map[string]any{}
	for _, caller := range []string{"ada", "bob"} {
		w := l.client(l.bases[0], caller)
		for after := any(nil); ; {
			a := w.send(loadAsk{query: `query($o: String!, $c: String) { notes(where: {fixed: {eq: false}, owner: {eq: $o}}, first: 500, after: $c) { nodes { ` + s.fields() + ` } pageInfo { hasNextPage endCursor } } }`, variables: object{"o": caller, "c": after}}, "")
			page, _ := a.Data["notes"].(object)
			if page == nil {
				l.Fatalf("read what is stored: %s", a.text)
			}
			for _, node := range page["nodes"].([]any) {
				stored[node.(object)["_id"].(string)] = node
			}
			info := page["pageInfo"].(object)
			if after = info["endCursor"]; info["hasNextPage"] != true {
				break
			}
		}
	}
	want := map[string]any{}
	for _, d := range l.written {
		want[d.id] = d.shows(s, s, d.owner)
	}
	if diff := cmp.Diff(want, stored); diff != "" {
		l.Errorf("stored (-want +got):\n%s", diff)
	}
}
