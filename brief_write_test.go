package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"flora.dev/flora/resolvers"
	"flora.dev/flora/rules"
	"flora.dev/flora/schema"
	"flora.dev/flora/store"
	"github.com/vektah/gqlparser/v2/ast"
)

// TestBriefWrites asks random mutations of one document again and again, each by
// many callers and with many values, of two servers that have a store each. One
// of them plans every mutation anew, the other keeps plans: the answers are the
// same bytes, and so are the documents in the stores afterwards.
func TestBriefWrites(t *testing.T) {
	all := []*world{claimsWorld()}
	for _, dir := range worlds(t) {
		all = append(all, readWorld(t, dir))
	}
	written, byPlan, refused := 0, 0, 0
	for _, w := range all {
		t.Run(w.name, func(t *testing.T) {
			b := w.waysToWrite(t)
			r := rand.New(rand.NewPCG(*randomSeed, 11))
			wrote := b.writeAround(t, r, *briefQueries)
			t.Logf("%d asked, %d refused, %d wrote, %d of them by plans", b.asked, b.asked-b.clean, wrote, b.kept.wrote)
			if text := b.log.String(); strings.Contains(text, "is not kept") {
				t.Errorf("plans differed from those of their callers:\n%s", text)
			}
			written, byPlan, refused = written+wrote, byPlan+b.kept.wrote, refused+b.asked-b.clean
		})
	}
	if t.Logf("%d wrote, %d by plans, %d were refused", written, byPlan, refused); written < 200 || 3*byPlan < written || refused < 200 {
		t.Error("too few mutations write, by plans, or are refused")
	}
}

// TestBriefCollision: a value that is not known yet is no value that a rule names,
// though its number be the same. What the rule for reading hides of a new document
// is hidden, whoever made the plan.
func TestBriefCollision(t *testing.T) {
	const user = `type User @auth(read: "anyone", reason: "x") {
  sub: String! @unique @identity @auth(create: "false", update: "false")
  clearance: Int @auth(create: "false", update: "false")
  salary: Int @auth(read: "false", create: "false", update: "false")
}
type Memo `
	for name, rule := range map[string]string{
		"a literal to read":   `@auth(create: "CurrentUser().clearance >= newDoc.level", read: "CurrentUser().clearance >= %d")`,
		"a literal to create": `@auth(create: "CurrentUser().clearance >= %d", read: "CurrentUser().clearance >= doc.level")`,
	} {
		t.Run(name, func(t *testing.T) {
			wrote, hidden := 0, 0
			for literal := range 5 {
				for clearance := range 2 {
					clearance *= literal
					w := &world{name: "memos", sdl: []byte(user + fmt.Sprintf(rule, literal) + ` { level: Int!  of: Int @set(on: [CREATE], expr: "CurrentUser().salary") }`),
						seed: fmt.Appendf(nil, "User:\n  - { _id: ann, sub: ann, clearance: %d, salary: 77 }\n", clearance)}
					b := w.waysToWrite(t)
					for _, level := range []int{literal, literal, literal, clearance, clearance, 9, 0, 9} {
						body := fmt.Appendf(nil, `{"query":"mutation($l: Int!) { createMemo(data: {level: $l}) { _id level of } }","variables":{"l":%d}}`, level)
						plain, brief := b.send(0, b.callers[1], body), b.send(1, b.callers[1], body)
						if plain != brief {
							t.Errorf("literal %d, clearance %d, level %d\nplanned  %v\nkept     %v", literal, clearance, level, plain, brief)
						}
						if strings.Contains(plain.body, `"committed":true`) {
							hidden++
						}
					}
					wrote += b.kept.wrote
				}
			}
			if wrote+hidden == 0 || hidden == 0 {
				t.Errorf("%d written by plans, %d hidden", wrote, hidden)
			}
		})
	}
}

// twoWays are two servers with a store each.
type twoWays struct {
	*ways
	stores [2]store.Store
	now    time.Time
	ids    [2]int
}

// waysToWrite serves two copies of the world.
func (w *world) waysToWrite(t *testing.T) *twoWays {
	t.Helper()
	b := &twoWays{now: worldNow}
	for i := range b.stores {
		b.stores[i] = openMemory(t)
	}
	b.ways = w.serveBoth(t, b.stores, func(way int, o *resolvers.Options) {
		o.Now = func() time.Time { return b.now }
		o.NewID = func() string { b.ids[way]++; return fmt.Sprintf("new-%d", b.ids[way]) }
	})
	return b
}

// writeAround asks each mutation many times, in any order, by any caller, and
// tells how many wrote.
func (b *twoWays) writeAround(t *testing.T, r *rand.Rand, n int) (wrote int) {
	t.Helper()
	g := &mutationsOfOne{queries: &queries{Rand: r, schema: b.model.API.AST}}
	for range n {
		g.look(t, b.stores[0], b.model)
		text, variables := g.mutation(b.model)
		if text == "" {
			return wrote
		}
		for range 12 {
			body, err := json.Marshal(map[string]any{"query": text, "variables": variables()})
			if err != nil {
				t.Fatal(err)
			}
			b.now = b.now.Add(time.Second)
			c := b.callers[r.IntN(len(b.callers))]
			if b.askBoth(t, c, body).wrote {
				wrote++
			}
		}
		if planned, kept := documentsOf(t, b.stores[0], b.model), documentsOf(t, b.stores[1], b.model); planned != kept {
			t.Fatalf("after %s\nplanned  %s\nkept     %s", text, planned, kept)
		}
	}
	return wrote
}

// documentsOf are all documents of a store, with all their columns.
func documentsOf(t *testing.T, db store.Store, model *schema.Schema) string {
	t.Helper()
	q := &store.Query{}
	for i, c := range model.Collections {
		v := rules.Var(100 + i)
		s := store.Select{From: c.Object, Var: v, Where: rules.True, After: rules.True, List: true, Limit: 100_000, Order: []store.Order{{Field: c.Key}}}
		for _, f := range append([]*rules.Field{c.Key, c.TS}, c.Object.Fields...) {
			if f.Column != "" {
				s.Columns = append(s.Columns, store.Column{Value: rules.Col{Var: v, Field: f}})
			}
		}
		q.Roots = append(q.Roots, s)
	}
	rows, err := db.Read(context.Background(), q)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(rows.Roots, "\n")
}

// mutationsOfOne makes random mutations of one document.
type mutationsOfOne struct {
	*queries
	ids map[*schema.Collection][]string // there are
}

// look finds out which documents there are.
func (g *mutationsOfOne) look(t *testing.T, db store.Store, model *schema.Schema) {
	t.Helper()
	g.ids = map[*schema.Collection][]string{}
	for _, c := range model.Collections {
		s := store.Select{From: c.Object, Var: 100, Where: rules.True, After: rules.True, List: true, Limit: 100, Order: []store.Order{{Field: c.Key}}, Columns: []store.Column{{Value: rules.Col{Var: 100, Field: c.Key}}}}
		rows, err := db.Read(t.Context(), &store.Query{Roots: []store.Select{s}})
		if err != nil {
			t.Fatal(err)
		}
		var page [1][][1]string
		if err := json.Unmarshal([]byte(rows.Roots[0]), &page); err != nil {
			t.Fatal(err)
		}
		for _, node := range page[0] {
			g.ids[c] = append(g.ids[c], node[0])
		}
	}
}

// mutation is a text, and what makes variables for it.
func (g *mutationsOfOne) mutation(model *schema.Schema) (text string, variables func() map[string]any) {
	var roots []*ast.FieldDefinition
	for _, f := range model.API.AST.Mutation.Fields {
		if root := model.API.Mutation[f.Name]; root != nil && root.Op.WritesOne() && root.Collection != nil {
			roots = append(roots, f)
		}
	}
	if len(roots) == 0 {
		return "", nil
	}
	f := roots[g.IntN(len(roots))]
	c := model.API.Mutation[f.Name].Collection
	var declared, arguments []string
	makes := map[string]func() (any, bool){}
	for _, a := range f.Arguments {
		switch {
		case a.Name == "id":
			declared, arguments = append(declared, "$id: ID!"), append(arguments, "id: $id")
			makes["id"] = func() (any, bool) { return g.id(c), true }
		case a.Name == "data" && g.IntN(2) == 0:
			declared, arguments = append(declared, "$data: "+a.Type.String()), append(arguments, "data: $data")
			makes["data"] = func() (any, bool) { return g.data(c, a.Type, 2), true }
		case a.Name == "data":
			var members []string
			for _, m := range g.schema.Types[a.Type.Name()].Fields {
				if !m.Type.NonNull && (g.IntN(4) > 0 || m.Type.Elem != nil && g.IntN(3) > 0) {
					continue
				}
				declared, members = append(declared, "$"+m.Name+"_: "+m.Type.String()), append(members, m.Name+": $"+m.Name+"_")
				makes[m.Name+"_"] = func() (any, bool) { return g.member(c.FieldNamed(m.Name), m.Type, 2) }
			}
			arguments = append(arguments, "data: {"+strings.Join(members, ", ")+"}")
		case a.Name == "ifVersion" && g.IntN(10) == 0:
			arguments = append(arguments, "ifVersion: 1")
		}
	}
	selection := " { _id _ts"
	for _, m := range g.schema.Types[f.Type.Name()].Fields {
		switch kind := g.schema.Types[m.Type.Name()].Kind; {
		case kind != ast.Object && g.IntN(4) == 0:
			selection += " " + m.Name
		case m.Name != "_can" && len(m.Arguments) == 0 && kind == ast.Object && g.IntN(12) == 0:
			selection += " " + m.Name + " { __typename }"
		}
	}
	text = "mutation"
	if len(declared) > 0 {
		text += "(" + strings.Join(declared, ", ") + ")"
	}
	text += " { x: " + f.Name
	if len(arguments) > 0 {
		text += "(" + strings.Join(arguments, ", ") + ")"
	}
	return text + selection + " } }", func() map[string]any {
		out := map[string]any{}
		for name, value := range makes {
			if v, given := value(); given {
				out[name] = v
			}
		}
		return out
	}
}

func (g *mutationsOfOne) id(c *schema.Collection) any {
	if c == nil || len(g.ids[c]) == 0 || g.IntN(16) == 0 {
		return []any{"", "no such", strings.Repeat("x", 129), "\u0001", 7, "\u00e9"}[g.IntN(6)]
	}
	return g.ids[c][g.IntN(len(g.ids[c]))]
}

// data is an input object.
func (g *mutationsOfOne) data(c *schema.Collection, t *ast.Type, depth int) any {
	out := map[string]any{}
	for _, f := range g.schema.Types[t.Name()].Fields {
		if !f.Type.NonNull && (g.IntN(4) > 0 || f.Type.Elem != nil && g.IntN(3) > 0) {
			continue
		}
		var of *schema.Field
		if c != nil {
			of = c.FieldNamed(f.Name)
		}
		if v, given := g.member(of, f.Type, depth-1); given {
			out[f.Name] = v
		}
	}
	return out
}

// member is a value of an input's member, or none.
func (g *mutationsOfOne) member(f *schema.Field, t *ast.Type, depth int) (any, bool) {
	def := g.schema.Types[t.Name()]
	var target *schema.Collection
	if f != nil {
		target = f.Target
	}
	switch {
	case !t.NonNull && g.IntN(16) == 0:
		return nil, g.IntN(2) == 0
	case def.Kind == ast.InputObject && def.Fields.ForName("connect") != nil:
		connect := def.Fields.ForName("connect")
		switch {
		case connect.Type.Elem != nil:
			return map[string]any{"connect": []any{g.id(target)}}, true
		case depth > 0 && def.Fields.ForName("create") != nil && g.IntN(8) == 0:
			return map[string]any{"create": g.data(target, def.Fields.ForName("create").Type, depth)}, true
		case def.Fields.ForName("disconnect") != nil && g.IntN(8) == 0:
			return map[string]any{"disconnect": true}, true
		}
		return map[string]any{"connect": g.id(target)}, true
	case def.Kind == ast.InputObject && t.Elem != nil:
		return []any{g.data(nil, t, depth)}, true
	case def.Kind == ast.InputObject:
		return g.data(nil, t, depth), true
	case t.Name() == "ID":
		return g.id(target), true
	case t.Name() == "String" && t.Elem == nil && g.IntN(12) == 0:
		return []any{strings.Repeat("x", 1501), strings.Repeat("é", 800), "a\u0000b", 5, "ÀB"}[g.IntN(5)], true
	}
	return json.RawMessage(bareWord.ReplaceAllStringFunc(g.known(t), func(word string) string {
		if word[0] == '"' || word == "true" || word == "false" {
			return word
		}
		return `"` + word + `"`
	})), true
}
