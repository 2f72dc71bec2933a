package main

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "flora.dev/flora/"

// mayImport are the packages of this module that each package may use. It is
// what keeps the security boundary readable: rules know no SQL, engines no
// rules' meaning, the edge no documents. Package main may use all.
var mayImport = map[string][]string{
	"internal/leak":          {}, // which all others may use
	"internal/strictjson":    {},
	"rules":                  {},
	"rules/ruletest":         {"rules"},
	"auth":                   {"internal/strictjson"},
	"auth/authtest":          {},
	"schema":                 {"rules"},
	"deploy":                 {"rules", "schema"},
	"store":                  {"rules", "schema"},
	"store/internal/sqlgen":  {"rules", "schema", "store"},
	"store/internal/serial":  {"rules", "store", "store/internal/sqlgen"},
	"store/sqlite":           {"rules", "schema", "store", "store/internal/serial", "store/internal/sqlgen"},
	"store/spanner":          {"rules", "schema", "store", "store/internal/serial", "store/internal/sqlgen"},
	"store/spanner/emulator": {},
	"store/storetest":        {"rules", "rules/ruletest", "schema", "store"},
	"store/advice":           {"rules", "schema", "store", "store/internal/sqlgen"},
	"graph":                  {"internal/strictjson", "rules", "schema"},
	"transfer":               {"graph", "rules", "schema", "store"},
	"resolvers":              {"auth", "graph", "rules", "schema", "store", "transfer"},
	"web":                    {"auth", "graph", "internal/strictjson"},
}

// only are libraries that belong to a few packages or files.
var only = []struct {
	library string
	in      func(file string) bool
}{
	{"cloud.google.com/go/spanner", below("store/spanner")},
	{"zombiezen.com/go/sqlite", below("store/sqlite")},
	{"modernc.org/sqlite", below("store/sqlite")},
	{"net/http", func(file string) bool { return below("web")(file) || below("auth")(file) || path.Dir(file) == "." }},
	{"cel.dev/cel-go", func(file string) bool {
		return below("rules")(file) && (strings.HasPrefix(path.Base(file), "cel") || file == "rules/link.go")
	}},
}

func below(dir string) func(string) bool {
	return func(file string) bool { return strings.HasPrefix(file, dir+"/") }
}

// TestImports reads the imports of every file that is no test.
func TestImports(t *testing.T) {
	files := 0
	err := filepath.WalkDir(".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		file := filepath.ToSlash(name)
		if entry.IsDir() && file != "." && (strings.HasPrefix(entry.Name(), ".") || entry.Name() == "testdata") {
			return fs.SkipDir
		}
		if entry.IsDir() && file == "bench" { // a module of its own
			return fs.SkipDir
		}
		if !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") {
			return nil
		}
		files++
		parsed, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, spec := range parsed.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			checkImport(t, file, imported)
		}
		return nil
	})
	if err != nil || files < 50 {
		t.Fatalf("%d files read: %v", files, err)
	}
}

func checkImport(t *testing.T, file, imported string) {
	for _, rule := range only {
		if (imported == rule.library || strings.HasPrefix(imported, rule.library+"/")) && !rule.in(file) {
			t.Errorf("%s may not use %s", file, imported)
		}
	}
	own, ours := strings.CutPrefix(imported, module)
	dir := path.Dir(file)
	if !ours || dir == "." {
		return
	}
	allowed, known := mayImport[dir]
	if !known {
		t.Errorf("package %s is not in the table of imports", dir)
	} else if own != "internal/leak" && !slices.Contains(allowed, own) {
		t.Errorf("%s may not use package %s", file, own)
	}
}
