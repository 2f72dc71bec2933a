package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"flora.dev/flora/auth"
	"flora.dev/flora/schema"
	"github.com/google/go-cmp/cmp"
)

var pageWalks = flag.Int("pages.walks", 8, "random orders per world whose pages are walked on both engines")

// TestPageWalks sorts lists at random, by nullable fields, beyond references
// and by counts, and walks them: forwards, backwards, by Fauna's cursors and by
// offset. Every walk meets each document once, in the order of the whole list,
// which is the same on both engines.
func TestPageWalks(t *testing.T) {
	t.Parallel()
	var allLong atomic.Int64
	t.Cleanup(func() {
		if allLong.Load() == 0 {
			t.Error("no walk over more than a page")
		}
	})
	for _, dir := range worlds(t) {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			t.Parallel()
			w := readWorld(t, dir)
			model, err := schema.Load("schema.graphql", w.sdl)
			if err != nil {
				t.Fatal(err)
			}
			g := &queries{Rand: rand.New(rand.NewPCG(*randomSeed, 1)), schema: model.API.AST}
			a, issuerA := w.serve(t, openMemory(t))
			b, issuerB := w.serve(t, openEmulated(t))
			callers := append([]string{""}, subjects(w)...)
			walked, long := 0, 0
			for range *pageWalks {
				l := walk{T: t, list: model.Collections[g.IntN(len(model.Collections))].Plural, caller: callers[g.IntN(len(callers))], size: 1 + g.IntN(2)}
				if f := model.API.Query[l.list]; f == nil || f.Op != schema.List {
					continue
				}
				members := model.API.AST.Types[model.API.Query[l.list].Collection.Name+"OrderByInput"].Fields
				for range 1 + g.IntN(3) {
					l.order = append(l.order, g.order(members[g.IntN(len(members))]))
				}
				var whole [2][]string
				ok := true
				for i, engine := range []struct {
					ask func(string) string
				}{
					{func(op string) string { r := l.request(issuerA, op); return r.send(t, a, issuerA) }},
					{func(op string) string { r := l.request(issuerB, op); return r.send(t, b, issuerB) }},
				} {
					l.ask = engine.ask
					if whole[i], ok = l.whole(); !ok {
						break
					}
					for name, ids := range map[string][]string{"forwards": l.forwards(), "backwards": l.backwards(), "fauna": l.fauna(), "offset": l.offset()} {
						if diff := cmp.Diff(whole[i], ids); diff != "" {
							t.Errorf("engine %d, %s by %v as %q, %d at a time, %s:\n%s", i, l.list, l.order, l.caller, l.size, name, diff)
						}
					}
				}
				if !ok {
					continue // an order that this caller may not ask for
				}
				if diff := cmp.Diff(whole[0], whole[1]); diff != "" {
					t.Errorf("%s by %v as %q, sqlite and spanner:\n%s", l.list, l.order, l.caller, diff)
				}
				walked++
				if len(whole[0]) > l.size {
					long++
				}
			}
			t.Logf("%d orders walked, %d of more than a page", walked, long)
			allLong.Add(int64(long))
			if walked*3 < *pageWalks {
				t.Error("too few walks")
			}
		})
	}
}

type walk struct {
	*testing.T
	list, caller string
	order        []string
	size         int
	ask          func(operation string) string
}

func (l *walk) request(issuer *auth.DevIssuer, op string) *request {
	r := &request{Operation: op}
	if l.caller != "" {
		token, err := issuer.Mint(auth.MintRequest{Subject: l.caller, TTL: time.Hour})
		if err != nil {
			l.Fatal(err)
		}
		r.Token = token
	}
	return r
}

type walkPage struct {
	Nodes []struct {
		ID string `json:"_id"`
	}
	PageInfo struct {
		HasNextPage, HasPreviousPage bool
		StartCursor, EndCursor       string
	}
	After, Before *string
	TotalCount    int
}

func (p *walkPage) ids() (out []string) {
	for _, n := range p.Nodes {
		out = append(out, n.ID)
	}
	return out
}

// page asks for one page; ok is false where the order is refused.
func (l *walk) page(args string) (p walkPage, ok bool) {
	l.Helper()
	text := l.ask(fmt.Sprintf("{ it: %s(orderBy: [%s], %s) { nodes { _id } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } after before totalCount } }",
		l.list, strings.Join(l.order, ", "), args))
	_, body, _ := strings.Cut(text, " ")
	var answer struct {
		Data   struct{ It walkPage }
		Errors []struct{ Extensions struct{ Code string } }
	}
	if err := json.Unmarshal([]byte(body), &answer); err != nil {
		l.Fatalf("%v: %s", err, text)
	}
	for _, e := range answer.Errors {
		if !slices.Contains([]string{"FORBIDDEN", "UNAUTHENTICATED", "LIMIT_EXCEEDED"}, e.Extensions.Code) {
			l.Fatalf("%s by %v, %s: %s", l.list, l.order, args, text)
		}
		return p, false
	}
	return answer.Data.It, true
}

func (l *walk) whole() ([]string, bool) {
	p, ok := l.page("first: 1000")
	if ok && (p.TotalCount != len(p.Nodes) || p.PageInfo.HasNextPage) {
		l.Errorf("%s: %d of %d", l.list, len(p.Nodes), p.TotalCount)
	}
	return p.ids(), ok
}

// turns bounds a walk that does not end.
const turns = 200

func (l *walk) forwards() (out []string) {
	after := ""
	for range turns {
		p, _ := l.page(fmt.Sprintf("first: %d%s", l.size, after))
		out = append(out, p.ids()...)
		if !p.PageInfo.HasNextPage {
			return out
		}
		after = fmt.Sprintf(", after: %q", p.PageInfo.EndCursor)
	}
	return append(out, "no end")
}

func (l *walk) backwards() (out []string) {
	before := ""
	for range turns {
		p, _ := l.page(fmt.Sprintf("last: %d%s", l.size, before))
		out = append(p.ids(), out...)
		if !p.PageInfo.HasPreviousPage {
			return out
		}
		before = fmt.Sprintf(", before: %q", p.PageInfo.StartCursor)
	}
	return append(out, "no end")
}

// fauna walks to the end by after, and back again by before.
func (l *walk) fauna() (out []string) {
	args := ""
	var last walkPage
	for range turns {
		last, _ = l.page(fmt.Sprintf("first: %d%s", l.size, args))
		out = append(out, last.ids()...)
		if last.After == nil {
			break
		}
		args = fmt.Sprintf(", after: %q", *last.After)
	}
	back := last.ids()
	for range turns {
		if last.Before == nil {
			break
		}
		last, _ = l.page(fmt.Sprintf("last: %d, before: %q", l.size, *last.Before))
		back = append(last.ids(), back...)
	}
	if diff := cmp.Diff(out, back); diff != "" {
		l.Errorf("%s by %v there and back:\n%s", l.list, l.order, diff)
	}
	return out
}

func (l *walk) offset() (out []string) {
	for range turns {
		p, _ := l.page(fmt.Sprintf("limit: %d, offset: %d", l.size, len(out)))
		out = append(out, p.ids()...)
		if !p.PageInfo.HasNextPage {
			return out
		}
	}
	return append(out, "no end")
}
