package main

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"flora.dev/flora/auth"
	"flora.dev/flora/schema"
	"github.com/vektah/gqlparser/v2/ast"
)

var (
	randomQueries = flag.Int("random.queries", 120, "random queries per world that both engines must answer alike")
	randomSeed    = flag.Uint64("random.seed", 1, "their seed")
)

// TestRandomQueries asks random queries as random callers on both engines: the
// answers are the same bytes, and none is an internal error, however deep and
// wide the query is.
//
// One of the stores has the indexes that are advised for the world: lists that
// it reads as several SELECTs, the other reads as one.
func TestRandomQueries(t *testing.T) {
	t.Parallel()
	for i, dir := range worlds(t) {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			t.Parallel()
			w := readWorld(t, dir)
			sides := []*world{w, w.advised(t)}
			a, issuerA := sides[i%2].serve(t, openMemory(t))
			b, issuerB := sides[1-i%2].serve(t, openEmulated(t))
			model, err := schema.Load("schema.graphql", w.sdl)
			if err != nil {
				t.Fatal(err)
			}
			g := &queries{Rand: rand.New(rand.NewPCG(*randomSeed, 0)), schema: model.API.AST}
			callers := append([]string{""}, subjects(w)...)
			counts, margin := map[string]int{}, 0
			for range *randomQueries {
				caller := callers[g.IntN(len(callers))]
				r := request{Operation: g.query()}
				ask := func(issuer *auth.DevIssuer) *request {
					if r.Token = ""; caller != "" {
						if r.Token, err = issuer.Mint(auth.MintRequest{Subject: caller, TTL: time.Hour}); err != nil {
							t.Fatal(err)
						}
					}
					return &r
				}
				one, two := ask(issuerA).send(t, a, issuerA), ask(issuerB).send(t, b, issuerB)
				limited := strings.Contains(one, "LIMIT_EXCEEDED") || strings.Contains(two, "LIMIT_EXCEEDED")
				if one != two && limited && !strings.Contains(one+two, "INTERNAL") {
					margin++ // the limit on a statement's size is an estimate
				} else if one != two || strings.Contains(one, "INTERNAL") || strings.Contains(one, "VALIDATION") {
					t.Fatalf("%q asks %s\nsqlite  %.600s\nspanner %.600s", caller, r.Operation, one, two)
				}
				switch {
				case limited:
					counts["limited"]++
				case strings.Contains(one, `"errors"`):
					counts["refused"]++
				default:
					counts["answered"]++
				}
			}
			t.Log(counts, "limited on one engine only:", margin)
			if margin*100 > *randomQueries {
				t.Errorf("%d queries are limited on one engine only", margin)
			}
			if counts["answered"]*6 < *randomQueries { // a world may declare fields that nothing resolves
				t.Error("too few queries were answered")
			}
		})
	}
}

// subjects are the sub values of a world's seed.
func subjects(w *world) []string {
	var out []string
	for line := range strings.Lines(string(w.seed)) {
		if _, rest, ok := strings.Cut(line, " sub: "); ok {
			sub, _, _ := strings.Cut(rest, ",")
			out = append(out, strings.TrimSpace(sub))
		}
	}
	return out
}

// queries makes random queries of an API.
type queries struct {
	*rand.Rand
	schema *ast.Schema
	n      int
	beside *beside // nil: all stands in one selection
}

func (g *queries) query() string {
	var roots []*ast.FieldDefinition
	for _, f := range g.schema.Query.Fields {
		if strings.HasSuffix(f.Type.Name(), "Connection") || strings.HasSuffix(f.Name, "Aggregate") || g.IntN(4) == 0 && !strings.HasPrefix(f.Name, "__") {
			roots = append(roots, f)
		}
	}
	out := "{"
	for range 1 + g.IntN(3) {
		out += " " + g.field(roots[g.IntN(len(roots))], 1+g.IntN(6))
	}
	return out + " }"
}

// field selects a field under a fresh alias.
func (g *queries) field(f *ast.FieldDefinition, depth int) string {
	g.n++
	return fmt.Sprintf("a%d: %s%s%s%s", g.n, f.Name, g.arguments(f, depth), g.directive(8), g.selection(f.Type.Name(), depth))
}

func (g *queries) arguments(f *ast.FieldDefinition, depth int) string {
	var args []string
	for _, a := range f.Arguments {
		switch {
		case a.Name == "where" && g.IntN(2) == 0:
			args = append(args, "where: "+g.outside(3, a.Type, func() string { return g.input(a.Type.Name(), 1+g.IntN(3)) }))
		case a.Name == "first":
			args = append(args, "first: "+g.outside(4, a.Type, func() string { return strconv.Itoa(g.IntN(4)) }))
		case (a.Name == "after" || a.Name == "before") && g.beside != nil && g.IntN(12) == 0:
			args = append(args, a.Name+": "+g.value(a.Type))
		case a.Name == "orderBy" && g.IntN(2) == 0:
			members := g.schema.Types[a.Type.Name()].Fields
			args = append(args, "orderBy: ["+g.order(members[g.IntN(len(members))])+"]")
		case a.Name == "groupBy" && g.IntN(2) == 0:
			args = append(args, "groupBy: "+g.value(a.Type))
		case a.Type.NonNull:
			args = append(args, a.Name+": "+g.value(a.Type))
		}
	}
	if len(args) == 0 {
		return ""
	}
	return "(" + strings.Join(args, ", ") + ")"
}

// order is one element of orderBy: a field, or one beyond to-one relations, or
// the size of a relation.
func (g *queries) order(f *ast.FieldDefinition) string {
	def := g.schema.Types[f.Type.Name()]
	if def.Kind == ast.Enum {
		return "{" + f.Name + ": " + g.value(f.Type) + "}"
	}
	var members []*ast.FieldDefinition
	for _, m := range def.Fields {
		if g.schema.Types[m.Type.Name()].Kind == ast.Enum { // one hop is enough
			members = append(members, m)
		}
	}
	return "{" + f.Name + ": " + g.order(members[g.IntN(len(members))]) + "}"
}

func (g *queries) selection(name string, depth int) string {
	def := g.schema.Types[name]
	if def.Kind != ast.Object {
		return ""
	}
	out := " { __typename"
	for _, f := range def.Fields {
		object := g.schema.Types[f.Type.Name()].Kind == ast.Object
		page := strings.HasSuffix(name, "Connection") || strings.HasSuffix(name, "Edge") || name == "PageInfo"
		switch {
		case strings.HasSuffix(name, "Aggregate") && f.Name == "key": // needs to be grouped by
		case page && g.IntN(3) > 0, !object && g.IntN(2) == 0:
			out += " " + g.field(f, depth)
		case object && !page && depth > 1 && g.IntN(3) == 0:
			out += " " + g.field(f, depth-1)
		}
	}
	return g.spread(name, out+" }")
}

// input is a random input object with one to two members.
func (g *queries) input(name string, depth int) string {
	def := g.schema.Types[name]
	var members []*ast.FieldDefinition
	for _, f := range def.Fields {
		if depth > 1 || !strings.HasSuffix(f.Type.Name(), "WhereInput") && !strings.HasSuffix(f.Type.Name(), "ListFilter") {
			members = append(members, f)
		}
	}
	if len(members) == 0 { // some, every, none
		members = def.Fields
	}
	used, out := map[string]bool{}, []string{}
	for range 1 + g.IntN(2) {
		f := members[g.IntN(len(members))]
		if used[f.Name] {
			continue
		}
		used[f.Name] = true
		v := ""
		switch {
		case g.schema.Types[f.Type.Name()].Kind != ast.InputObject:
			v = g.value(f.Type)
		case f.Type.Elem != nil:
			v = "[" + g.input(f.Type.Name(), depth-1) + ", " + g.input(f.Type.Name(), depth-1) + "]"
		default:
			v = g.input(f.Type.Name(), depth-1)
		}
		out = append(out, f.Name+": "+v)
	}
	return "{" + strings.Join(out, ", ") + "}"
}

func (g *queries) value(t *ast.Type) string {
	return g.outside(3, t, func() string { return g.known(t) })
}

func (g *queries) known(t *ast.Type) string {
	if t.Elem != nil {
		return "[" + g.value(t.Elem) + "]"
	}
	if def := g.schema.Types[t.Name()]; def.Kind == ast.Enum {
		return def.EnumValues[g.IntN(len(def.EnumValues))].Name
	}
	pool := map[string][]string{
		"Boolean": {"true", "false"}, "Int": {"0", "3", "50"}, "Long": {"0", "9223372036854775807"}, "Float": {"0", "12.5", "2.25"},
		"Date": {`"2026-01-31"`}, "Time": {`"2026-01-01T00:00:00Z"`}, "ID": {`"ada"`, `"p1"`, `"red"`, `"lamp"`},
	}[t.Name()]
	if g.beside != nil && t.Name() == "ID" && g.IntN(4) > 0 {
		pool = g.beside.ids
	}
	if pool == nil {
		pool = []string{`""`, `"a"`, `"Ann"`, `"e"`, `"Lamp"`}
	}
	return pool[g.IntN(len(pool))]
}
