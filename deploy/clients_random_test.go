package deploy

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"flora.dev/flora/schema"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/formatter"
	"github.com/vektah/gqlparser/v2/parser"
)

var (
	clientPairs = flag.Int("clients.pairs", 8, "pairs of schemas per world that are compared")
	clientSeed  = flag.Uint64("clients.seed", 1, "their seed")
)

// TestClientsRandom: of random operations on random pairs of schemas, what was
// valid and no longer is has a breaking change that concerns it; and what still
// is valid names nothing that was reported as removed.
func TestClientsRandom(t *testing.T) {
	worlds, err := filepath.Glob("../testdata/worlds/*/schema.graphql")
	if err != nil || len(worlds) < 5 {
		t.Fatal(worlds, err)
	}
	counts, kinds := map[Outcome]int{}, map[string]int{}
	pairs, breaks := 0, 0
	for i, file := range worlds {
		g := &generator{Rand: rand.New(rand.NewPCG(*clientSeed, uint64(i)))}
		for n := range *clientPairs {
			text := read(t, file)
			if n%2 == 0 { // what no rule speaks of is free to change
				text = without(t, text, "auth", "check", "role", "rule", "identity", "set", "default")
			}
			old, err := schema.Load("old", []byte(text))
			if err != nil {
				t.Fatal(err)
			}
			new := g.other(t, text)
			if n == 1 {
				new, _ = schema.Load("new", []byte(read(t, worlds[(i+1)%len(worlds)])))
			}
			g.api = old.API.AST
			var all strings.Builder
			for range 60 {
				all.WriteString(g.operation())
			}
			list, err := judged(fstest.MapFS{"all.graphql": {Data: []byte(all.String())}}, old, new)
			if err != nil {
				t.Fatal(err)
			}
			pairs++
			severity := map[string]Severity{}
			for _, b := range Clients(old, new) {
				severity[b.Path] = b.Severity
				for _, ch := range b.changes {
					kinds[ch.Kind]++
				}
				if b.Severity == Breaking {
					breaks++
				}
			}
			for _, o := range list {
				counts[o.Outcome]++
				covered := slices.ContainsFunc(o.Hits, func(h BreakOfUse) bool { return severity[h.Break] == Breaking })
				if o.Outcome == Fails && !covered || o.Outcome == Invalid || o.Outcome == Skipped {
					t.Fatalf("%s, not covered: %v\n%s\n%s\n--- old\n%s\n--- new\n%s", o.Outcome, o.Reasons, o.Name, line(all.String(), o.At), old.SDL, new.SDL)
				}
				for _, h := range o.Hits {
					if o.Outcome != Fails && h.Variable == "" && removed(old, new, h.Uses) {
						t.Fatalf("valid, but uses %s\n%s\n--- new\n%s", h.Uses, line(all.String(), o.At), new.SDL)
					}
				}
			}
		}
	}
	t.Log(pairs, "pairs,", breaks, "breaking changes, operations:", counts)
	if counts[Fails] < pairs || counts[Untouched] < pairs {
		t.Error("the operations say too little")
	}
	for _, kind := range []string{removedType, removedRoot, removedField, removedArgument, removedInputField, removedEnumValue, changedType,
		nullableOutput, requiredInput, addedEnumValue} {
		if kinds[kind] == 0 {
			t.Errorf("no pair has a %s", kind)
		}
	}
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// line is the operation at a place.
func line(text, at string) string {
	_, n, _ := splitPlace(at)
	return strings.Split(text, "\n")[n-1]
}

// removed reports whether a coordinate of a field is in old alone.
func removed(old, new *schema.Schema, path string) bool {
	name, member, _ := strings.Cut(path, ".")
	has := func(s *schema.Schema) bool {
		def := s.API.AST.Types[name]
		return def != nil && def.Fields.ForName(member) != nil
	}
	return has(old) && !has(new)
}

func parsed(t *testing.T, text string) *ast.SchemaDocument {
	t.Helper()
	doc, err := parser.ParseSchema(&ast.Source{Input: text})
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func format(doc *ast.SchemaDocument) string {
	var b strings.Builder
	formatter.NewFormatter(&b).FormatSchemaDocument(doc)
	return b.String()
}

// without takes directives away.
func without(t *testing.T, text string, names ...string) string {
	doc := parsed(t, text)
	drop := func(list ast.DirectiveList) ast.DirectiveList {
		return slices.DeleteFunc(list, func(d *ast.Directive) bool { return slices.Contains(names, d.Name) })
	}
	for _, def := range append(doc.Definitions, doc.Extensions...) {
		def.Directives = drop(def.Directives)
		for _, f := range def.Fields {
			f.Directives = drop(f.Directives)
		}
	}
	for _, s := range append(doc.Schema, doc.SchemaExtension...) {
		s.Directives = drop(s.Directives)
	}
	doc.Schema = slices.DeleteFunc(doc.Schema, func(s *ast.SchemaDefinition) bool { return len(s.Directives)+len(s.OperationTypes) == 0 })
	doc.SchemaExtension = slices.DeleteFunc(doc.SchemaExtension, func(s *ast.SchemaDefinition) bool { return len(s.Directives)+len(s.OperationTypes) == 0 })
	return format(doc)
}

// other is a schema that differs from text in a few things.
func (g *generator) other(t *testing.T, text string) *schema.Schema {
	for range 200 {
		doc := parsed(t, text)
		for range 1 + g.IntN(3) {
			g.change(doc)
		}
		changed := format(doc)
		if s, err := schema.Load("new", []byte(changed)); err == nil && changed != format(parsed(t, text)) {
			return s
		}
	}
	t.Fatal("no change of the schema is valid")
	return nil
}

// change makes one change, sound or not.
func (g *generator) change(doc *ast.SchemaDocument) {
	i := g.IntN(len(doc.Definitions))
	def := doc.Definitions[i]
	switch {
	case g.IntN(12) == 0:
		doc.Definitions = slices.Delete(doc.Definitions, i, i+1)
	case def.Kind == ast.Enum:
		if g.IntN(2) == 0 {
			j := g.IntN(len(def.EnumValues))
			def.EnumValues = slices.Delete(def.EnumValues, j, j+1)
		} else {
			def.EnumValues = append(def.EnumValues, &ast.EnumValueDefinition{Name: fmt.Sprint("ADDED", g.IntN(9))})
		}
	case len(def.Fields) == 0:
	case g.IntN(5) == 0:
		f := &ast.FieldDefinition{Name: fmt.Sprint("added", g.IntN(99)), Type: g.scalar()}
		f.Type.NonNull = g.IntN(2) == 0
		def.Fields = append(def.Fields, f)
	case g.IntN(12) == 0 && len(def.Directives) > 0:
		j := g.IntN(len(def.Directives))
		def.Directives = slices.Delete(def.Directives, j, j+1)
	default:
		g.changeField(def, g.IntN(len(def.Fields)))
	}
}

func (g *generator) changeField(def *ast.Definition, i int) {
	f := def.Fields[i]
	switch g.IntN(9) {
	case 0, 1:
		def.Fields = slices.Delete(def.Fields, i, i+1)
	case 2, 3:
		f.Type.NonNull = !f.Type.NonNull
	case 4:
		f.Type = g.scalar()
	case 5:
		if f.Type.Elem == nil {
			f.Type = ast.ListType(f.Type, nil)
		} else {
			f.Type = f.Type.Elem
		}
	case 6:
		if len(f.Directives) > 0 {
			j := g.IntN(len(f.Directives))
			f.Directives = slices.Delete(f.Directives, j, j+1)
		} else {
			f.Directives = append(f.Directives, &ast.Directive{Name: "unique"})
		}
	case 7:
		f.Name += "s"
	case 8:
		switch {
		case !isRoot(def.Name):
			f.Directives = append(f.Directives, &ast.Directive{Name: "set", Arguments: ast.ArgumentList{
				{Name: "on", Value: &ast.Value{Kind: ast.ListValue, Children: ast.ChildValueList{{Value: &ast.Value{Kind: ast.EnumValue, Raw: "CREATE"}}}}},
				{Name: "expr", Value: &ast.Value{Kind: ast.StringValue, Raw: "now"}}}})
		case len(f.Arguments) == 0 || g.IntN(3) == 0:
			f.Arguments = append(f.Arguments, &ast.ArgumentDefinition{Name: fmt.Sprint("added", g.IntN(99)), Type: g.scalar()})
			f.Arguments[len(f.Arguments)-1].Type.NonNull = g.IntN(2) == 0
		case g.IntN(2) == 0:
			f.Arguments[0].Type.NonNull = !f.Arguments[0].Type.NonNull
		default:
			f.Arguments = f.Arguments[1:]
		}
	}
}

func (g *generator) scalar() *ast.Type {
	return ast.NamedType([]string{"Int", "String", "Boolean", "Float", "Long", "Date", "ID"}[g.IntN(7)], nil)
}
