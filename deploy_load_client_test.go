package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"time"

	"flora.dev/flora/graph"
	"github.com/google/go-cmp/cmp"
)

// loadClient is one of them, on a connection of its own.
type loadClient struct {
	load                      *deployLoad
	name, base, caller, token string
	http                      http.Client
	own                       []*loadDoc
	made                      int
}

func (l *deployLoad) client(base, caller string) *loadClient {
	w := &loadClient{load: l, base: base, caller: caller, http: http.Client{Transport: &http.Transport{}}}
	if caller != "" {
		w.token = l.c.token("main", caller, nil)
	}
	l.Cleanup(w.http.CloseIdleConnections)
	return w
}

// pace leaves the emulator time: it is slow, and runs one transaction at a time.
func (l *deployLoad) pace() *time.Ticker {
	if l.apart {
		return time.NewTicker(100 * time.Millisecond)
	}
	return time.NewTicker(time.Millisecond)
}

func (w *loadClient) run(writes bool) {
	pace := w.load.pace()
	defer pace.Stop()
	for !w.load.ended.Load() {
		<-pace.C
		w.load.mu.Lock()
		s := w.load.stages[w.load.returned.Load()]
		w.load.mu.Unlock()
		if !writes || w.made > 0 && w.made%3 != 0 {
			w.do(w.load.reading(s, w.caller), nil, "")
		}
		if !writes {
			continue
		}
		ask, d := w.writing(s)
		key := ""
		if w.made%2 == 0 {
			key = fmt.Sprint(w.name, rand.Uint64())
		}
		if !w.do(ask, d, key) {
			continue
		}
		if key != "" { // sent again, perhaps to another version
			w.do(ask, d, key)
		}
	}
}

// loadAnswer is what came back.
type loadAnswer struct {
	status     int
	text       string
	Data       object
	Errors     []struct{ Extensions struct{ Code string } }
	Extensions struct{ Repeated bool }
}

func (w *loadClient) send(ask loadAsk, key string) (a loadAnswer) {
	body, _ := json.Marshal(object{"query": ask.query, "variables": ask.variables})
	r, _ := http.NewRequest("POST", w.base+"/graphql", bytes.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	if w.token != "" {
		r.Header.Set("Authorization", "Bearer "+w.token)
	}
	if key != "" {
		r.Header.Set("Idempotency-Key", key)
	}
	res, err := w.http.Do(r)
	if err != nil {
		a.text = err.Error()
		return a
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if a.status, a.text = res.StatusCode, string(text); err != nil || json.Unmarshal(text, &a) != nil {
		a.text += fmt.Sprint(" cut off: ", err)
	}
	return a
}

// do sends an operation and looks whether a version that was deployed meanwhile
// answers so. It reports whether the operation was valid.
func (w *loadClient) do(ask loadAsk, d *loadDoc, key string) bool {
	l := w.load
	first := l.returned.Load()
	a := w.send(ask, key)
	last := l.begun.Load()

	l.mu.Lock()
	defer l.mu.Unlock()
	l.answered++
	l.grown.Signal()
	got := w.known(ask, d, a)
	refused := len(a.Errors) > 0 && a.Data == nil
	if refused {
		got = object{"code": a.Errors[0].Extensions.Code}
	}
	for _, e := range a.Errors {
		refused = refused && (e.Extensions.Code == graph.ValidationFailed || ask.variables != nil && e.Extensions.Code == graph.BadUserInput)
	}
	diff := ""
	for i := first; i <= last; i++ {
		want := ask.want(l.stages[i])
		if a.status == http.StatusOK && (refused && want == nil || (len(a.Errors) == 0 || a.Data == nil) && want != nil && cmp.Equal(want, got)) {
			if refused {
				l.refused++
				return false
			}
			if d != nil && !a.Extensions.Repeated {
				w.keep(d)
			}
			return true
		}
		diff += fmt.Sprintf("\nversion %d (-want +got): %s", i+1, cmp.Diff(want, got))
	}
	if l.failed++; l.failed <= 5 {
		l.Errorf("%s of %q (%s) during versions %d to %d: %d %s%s", ask.name, w.caller, key, first+1, last+1, a.status, a.text, diff)
	}
	return false
}

// known is the data without what the client cannot know before.
func (w *loadClient) known(ask loadAsk, d *loadDoc, a loadAnswer) object {
	switch page, _ := a.Data["notes"].(object); {
	case ask.name == "create" && a.Data != nil:
		if made, ok := a.Data["createNote"].(object); ok {
			if id, _ := made["_id"].(string); d.id == "" {
				d.id = id
			}
		}
	case ask.name == "page" && page != nil:
		edges, _ := page["edges"].([]any)
		nodes, _ := page["nodes"].([]any)
		delete(page, "edges")
		at := w.load.cursors[w.caller]
		if at.text = ""; len(edges) == 2 && len(nodes) == 2 {
			at.text, _ = edges[1].(object)["cursor"].(string)
			rank, _ := nodes[1].(object)["rank"].(float64)
			at.rank = int(rank)
		}
		w.load.cursors[w.caller] = at
	}
	return a.Data
}

// keep notes what is stored now.
func (w *loadClient) keep(d *loadDoc) {
	for _, was := range w.own {
		if was.id == d.id {
			*was = *d
			return
		}
	}
	w.own = append(w.own, d)
	w.load.written = append(w.load.written, d)
}
