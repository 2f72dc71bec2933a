package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"flora.dev/flora/auth"
	"flora.dev/flora/rules"
	"flora.dev/flora/schema"
	"flora.dev/flora/store"
	"github.com/vektah/gqlparser/v2/ast"
)

var corpus = flag.String("corpus", "", "a folder with more schemas of Fauna that must work unchanged")

// TestCorpus takes schemas as Fauna had them, deploys them on both engines, and
// creates, finds, lists, counts, changes, replaces and deletes a document of
// each collection, as a server that a grant on the schema lets do everything.
func TestCorpus(t *testing.T) {
	files, err := filepath.Glob("testdata/corpus/*.graphql")
	if err != nil || len(files) == 0 {
		t.Fatalf("no schemas: %v", err)
	}
	if *corpus != "" {
		more, err := filepath.Glob(filepath.Join(*corpus, "*.graphql"))
		if err != nil || len(more) == 0 {
			t.Fatalf("no schemas in %s: %v", *corpus, err)
		}
		files = append(files, more...)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			sdl, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			sdl = append(sdl, "\nextend schema @auth(role: \"server\", all: \"true\")\n"...)
			for engine, open := range map[string]func(*testing.T) store.Store{"sqlite": openMemory, "spanner": openEmulated} {
				t.Run(engine, func(t *testing.T) {
					w := &world{sdl: sdl, seed: []byte("{}\n")}
					m, err := schema.Load("schema.graphql", sdl)
					if err != nil {
						t.Fatal(err)
					}
					c := &corpusClient{T: t, schema: m}
					c.server, c.issuer = w.serve(t, open(t))
					for _, of := range m.Collections {
						c.live(of)
					}
					t.Logf("%d collections, %d requests", len(m.Collections), c.n)
				})
			}
		})
	}
}

type corpusClient struct {
	*testing.T
	schema *schema.Schema
	server *httptest.Server
	issuer *auth.DevIssuer
	n      int // requests and values so far
}

// live takes a document of c through its life. Fields that the developer
// declared in the place of generated ones are left out.
func (c *corpusClient) live(of *schema.Collection) {
	generated := func(root *schema.Root) bool { return root != nil && root.Declared == nil }
	api := c.schema.API
	create := api.Mutation["create"+of.Name]
	if !generated(create) {
		c.Logf("create%s is the developer's own", of.Name)
		return
	}
	if why := c.impossible(of, nil); why != "" {
		c.Logf("nothing can create a %s: %s", of.Name, why)
		return
	}
	data := func() any { return c.input(of.Name+"Input", of, 0) }
	var doc struct {
		ID string `json:"_id"`
		TS int64  `json:"_ts"`
	}
	settable := api.AST.Types[of.Name+"Input"] != nil && api.AST.Mutation.Fields.ForName(create.Name).Arguments.ForName("data") != nil
	c.ask(&doc, create.Name, "{ _id _ts }", settable, nil, data)
	if doc.ID == "" {
		c.Fatalf("%s gave no document", create.Name)
	}
	id := map[string]string{"id": doc.ID}
	found, find := doc, "find"+of.Name+"ByID"
	if generated(api.Query[find]) {
		c.ask(&found, find, "{ _id _ts }", false, id, nil)
		if found != doc {
			c.Errorf("%s: found %v, created %v", of.Name, found, doc)
		}
	}
	if generated(api.Query[of.Plural]) {
		var page struct {
			TotalCount int
			Data       []struct {
				ID string `json:"_id"`
			}
		}
		c.ask(&page, of.Plural, "{ totalCount data { _id } }", false, nil, nil)
		if page.TotalCount < 1 || len(page.Data) != page.TotalCount {
			c.Errorf("%s: a list of %d with %d", of.Plural, page.TotalCount, len(page.Data))
		}
	}
	if generated(api.Query[of.Plural+"Aggregate"]) {
		var groups []struct{ Count int }
		c.ask(&groups, of.Plural+"Aggregate", "{ count }", false, nil, nil)
		if len(groups) != 1 || groups[0].Count < 1 {
			c.Errorf("%s: counted %v", of.Plural, groups)
		}
	}
	for _, name := range []string{"partialUpdate" + of.Name, "update" + of.Name} {
		if generated(api.Mutation[name]) {
			changed := found
			c.ask(&changed, name, "{ _id _ts }", settable, id, data)
			if changed.ID != doc.ID || changed.TS <= found.TS {
				c.Errorf("%s: %v after %v", name, changed, found)
			}
			found = changed
		}
	}
	if name := "delete" + of.Name; generated(api.Mutation[name]) {
		gone := found
		c.ask(&gone, name, "{ _id }", false, id, nil)
		if gone.ID != doc.ID {
			c.Errorf("%s answered %q", name, gone.ID)
		}
		var none *struct{}
		if generated(api.Query[find]) {
			c.ask(&none, find, "{ _id }", false, id, nil)
		}
		if none != nil {
			c.Errorf("%s is still there", of.Name)
		}
	}
}

// impossible says why no request can create a document: a schema of which Fauna
// made nothing either. path are the collections that are being created.
func (c *corpusClient) impossible(of *schema.Collection, path []*schema.Collection) string {
	if slices.Contains(path, of) {
		return "required references go round"
	}
	input := c.schema.API.AST.Types[of.Name+"Input"]
	for _, f := range of.Fields {
		switch {
		case !f.NonNull || !f.Settable() || f.Column == "" || f.Default != nil:
		case input.Fields.ForName(f.Name) == nil:
			return "its declared input lacks " + f.Name
		case f.Kind == rules.Ref:
			if why := c.impossible(f.Target, append(path, of)); why != "" {
				return why
			}
		}
	}
	return ""
}

// ask asks one root field and decodes its answer.
func (c *corpusClient) ask(into any, root, selection string, settable bool, id map[string]string, data func() any) {
	c.Helper()
	c.n++
	def, verb := c.schema.API.AST.Query.Fields.ForName(root), "query"
	if def == nil {
		def, verb = c.schema.API.AST.Mutation.Fields.ForName(root), "mutation"
	}
	var defs, args []string
	variables := map[string]any{}
	if id != nil {
		defs, args, variables["id"] = append(defs, "$id: ID!"), append(args, "id: $id"), id["id"]
	}
	if settable {
		defs, args, variables["data"] = append(defs, "$data: "+def.Arguments.ForName("data").Type.String()), append(args, "data: $data"), data()
	}
	list := func(s []string) string {
		if len(s) == 0 {
			return ""
		}
		return "(" + strings.Join(s, ", ") + ")"
	}
	r := request{Operation: fmt.Sprintf("%s %s { it: %s%s %s }", verb, list(defs), root, list(args), selection), Variables: variables}
	token, err := c.issuer.Mint(auth.MintRequest{Subject: "tests", Roles: []string{"server"}, TTL: 3600e9})
	if err != nil {
		c.Fatal(err)
	}
	r.Token = token
	_, body, _ := strings.Cut(r.send(c.T, c.server, c.issuer), " ")
	var answer struct {
		Data   struct{ It json.RawMessage }
		Errors []any
	}
	if err := json.Unmarshal([]byte(body), &answer); err != nil || answer.Errors != nil {
		c.Fatalf("%s with %v: %v %s", r.Operation, variables, err, body)
	}
	if err := json.Unmarshal(answer.Data.It, into); err != nil {
		c.Fatalf("%s: %v in %s", root, err, body)
	}
}

// input makes a value of an input type with all that it requires, and every
// optional scalar.
func (c *corpusClient) input(name string, of *schema.Collection, depth int) map[string]any {
	out := map[string]any{}
	for _, m := range c.schema.API.AST.Types[name].Fields {
		var f *schema.Field
		if of != nil {
			f = of.FieldNamed(m.Name)
		}
		switch {
		case f != nil && f.Kind == rules.Ref:
			if f.NonNull && f.Column != "" {
				out[m.Name] = map[string]any{"create": c.input(f.Target.Name+"Input", f.Target, depth+1)}
			}
		case m.Type.NonNull || depth == 0 || f != nil && f.NonNull:
			out[m.Name] = c.value(m.Type, depth)
		}
	}
	return out
}

// value is a value that no other has, as far as its type allows.
func (c *corpusClient) value(t *ast.Type, depth int) any {
	if t.Elem != nil {
		return []any{c.value(t.Elem, depth)}
	}
	c.n++
	switch def := c.schema.API.AST.Types[t.NamedType]; def.Kind {
	case ast.Enum:
		return def.EnumValues[c.n%len(def.EnumValues)].Name
	case ast.InputObject:
		return c.input(t.NamedType, nil, depth+1)
	}
	switch t.NamedType {
	case "Int", "Long":
		return c.n
	case "Float":
		return float64(c.n) + 0.5
	case "Boolean":
		return c.n%2 == 0
	case "Date":
		return fmt.Sprintf("20%02d-01-31", c.n%100)
	case "Time":
		return fmt.Sprintf("20%02d-01-31T00:00:00Z", c.n%100)
	case "UUID":
		return fmt.Sprintf("0190a1b2-c3d4-7e5f-8a9b-%012d", c.n)
	case "Decimal":
		return fmt.Sprint(c.n, ".25")
	case "JSON":
		return map[string]any{"n": c.n}
	}
	return fmt.Sprint("text ", c.n)
}
