package deploy

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/parser"
)

// piece is a GraphQL document, and the file that holds it. What else is in the
// file is blank in text, so that places in it are places in the file.
type piece struct{ file, text string }

// document are the operations and fragments of a folder.
type document struct {
	operations []*operation
	fragments  []*fragment
}

type operation struct {
	*ast.OperationDefinition
	file, at string
}

type fragment struct {
	*ast.FragmentDefinition
	file, at string
	used     bool
}

// title is how an operation is called.
func (o *operation) title() string { return strings.TrimSpace(string(o.Operation) + " " + o.Name) }

// splitPlace takes file:line:column apart.
func splitPlace(at string) (file string, line, column int) {
	file, last := at, 0
	for _, n := range []*int{&column, &line} {
		if last = strings.LastIndexByte(file, ':'); last < 0 {
			return file, line, column
		}
		*n, _ = strconv.Atoi(file[last+1:])
		file = file[:last]
	}
	return file, line, column
}

func placeOf(file string, p *ast.Position) string {
	return fmt.Sprintf("%s:%d:%d", file, p.Line, p.Column)
}

// File is a file that may hold operations.
type File struct{ Path, Text string }

// Files reads the files of a folder that may hold operations: *.graphql, *.gql,
// JavaScript, TypeScript and Vue, without those of installed packages and hidden
// folders.
func Files(dir fs.FS) (files []File, err error) {
	err = fs.WalkDir(dir, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if base := entry.Name(); name != "." && (base == "node_modules" || strings.HasPrefix(base, ".")) {
				return fs.SkipDir
			}
			return nil
		}
		if !isGraphQL(name) && !slices.Contains([]string{".ts", ".tsx", ".mts", ".js", ".jsx", ".mjs", ".vue"}, path.Ext(name)) {
			return nil
		}
		text, err := fs.ReadFile(dir, name)
		files = append(files, File{name, string(text)})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read operations: %w", err)
	}
	return files, nil
}

func isGraphQL(name string) bool {
	ext := path.Ext(name)
	return ext == ".graphql" || ext == ".gql"
}

// piecesOf finds the documents in files.
func piecesOf(files []File) (pieces []piece, skipped []OperationBreak) {
	for _, f := range files {
		switch {
		case !utf8.ValidString(f.Text):
			skipped = append(skipped, skip("file", f.Path+":1:1", "it is not UTF-8"))
		case isGraphQL(f.Path):
			pieces = append(pieces, piece{f.Path, f.Text})
		default:
			found, left := templates(f.Path, f.Text)
			pieces, skipped = append(pieces, found...), append(skipped, left...)
		}
	}
	return pieces, skipped
}

func skip(name, at, why string) OperationBreak {
	return OperationBreak{Name: name, At: at, Outcome: Skipped, Reasons: []Reason{{at, why}}}
}

// parsePieces reads documents. What cannot be read could not before either.
func parsePieces(pieces []piece) (*document, []OperationBreak) {
	all := &document{}
	var unread []OperationBreak
	for _, p := range pieces {
		if strings.TrimSpace(p.text) == "" {
			continue
		}
		doc, err := parser.ParseQuery(&ast.Source{Name: p.file, Input: p.text})
		if err != nil {
			at := p.file + ":1:1"
			if _, err := parser.ParseSchema(&ast.Source{Name: p.file, Input: p.text}); err == nil {
				unread = append(unread, skip("document", at, "it declares types, there are no operations in it"))
				continue
			}
			why := reasons(p.file, gqlerror.List{gqlerror.Wrap(err)})
			if list, ok := err.(*gqlerror.Error); ok {
				why = reasons(p.file, gqlerror.List{list})
			}
			unread = append(unread, OperationBreak{Name: "document", At: why[0].At, Outcome: Invalid, Reasons: why})
			continue
		}
		for _, o := range doc.Operations {
			o.SelectionSet = remote(o.SelectionSet)
			all.operations = append(all.operations, &operation{o, p.file, placeOf(p.file, o.Position)})
		}
		for _, f := range doc.Fragments {
			f.SelectionSet = remote(f.SelectionSet)
			all.fragments = append(all.fragments, &fragment{f, p.file, placeOf(p.file, f.Position), false})
		}
	}
	return all, unread
}

// remote is what of a selection is asked of the server: a client's library
// answers fields with @client itself.
// https://www.apollographql.com/docs/react/local-state/managing-state-with-field-policies
func remote(set ast.SelectionSet) ast.SelectionSet {
	return slices.DeleteFunc(set, func(s ast.Selection) bool {
		switch s := s.(type) {
		case *ast.Field:
			s.SelectionSet = remote(s.SelectionSet)
			return s.Directives.ForName("client") != nil
		case *ast.InlineFragment:
			s.SelectionSet = remote(s.SelectionSet)
		}
		return false
	})
}

// with is the document of one operation: it, and the fragments that it needs. A
// fragment of the same file comes first; that several other files have one of a
// name is a reason to skip the operation, as any may be meant.
func (d *document) with(op *operation) (*ast.QueryDocument, string) {
	doc := &ast.QueryDocument{Operations: ast.OperationList{op.OperationDefinition}}
	waiting, seen, reason := []ast.SelectionSet{op.SelectionSet}, map[string]bool{}, ""
	for len(waiting) > 0 {
		set := waiting[0]
		waiting = waiting[1:]
		for _, s := range set {
			switch s := s.(type) {
			case *ast.Field:
				waiting = append(waiting, s.SelectionSet)
			case *ast.InlineFragment:
				waiting = append(waiting, s.SelectionSet)
			case *ast.FragmentSpread:
				if seen[s.Name] {
					continue
				}
				seen[s.Name] = true
				f, others := d.fragment(s.Name, op.file)
				switch {
				case others != "":
					reason = fmt.Sprintf("fragment %s is in several files: %s", s.Name, others)
				case f != nil:
					f.used = true
					doc.Fragments = append(doc.Fragments, f.FragmentDefinition)
					waiting = append(waiting, f.SelectionSet)
				}
			}
		}
	}
	return doc, reason
}

// fragment is the one of that name which a file means, or where there are several.
func (d *document) fragment(name, file string) (*fragment, string) {
	var found []*fragment
	for _, f := range d.fragments {
		switch {
		case f.Name != name:
		case f.file == file:
			return f, ""
		default:
			found = append(found, f)
		}
	}
	switch len(found) {
	case 0:
		return nil, ""
	case 1:
		return found[0], ""
	}
	var at []string
	for _, f := range found {
		at = append(at, f.at)
		f.used = true
	}
	return nil, strings.Join(at, ", ")
}

// idle are the fragments that no operation uses: nothing says what they are for.
func (d *document) idle() (out []OperationBreak) {
	for _, f := range d.fragments {
		if !f.used {
			out = append(out, skip("fragment "+f.Name, f.at, "no operation here uses it"))
		}
	}
	return out
}
