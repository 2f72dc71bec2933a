package deploy

import "github.com/vektah/gqlparser/v2/ast"

// Query is a query operation of a folder, with the fragments that it needs.
type Query struct {
	Title, At string // query List, and file:line:column
	Document  *ast.QueryDocument
}

// Queries are the query operations in files, as they are written: nothing of a
// schema was asked. What cannot be read, and operations whose fragments are not
// clear, are left out; Operations tells of them.
func Queries(files []File) (list []Query) {
	pieces, _ := piecesOf(files)
	all, _ := parsePieces(pieces)
	for _, op := range all.operations {
		if doc, unclear := all.with(op); op.Operation == ast.Query && unclear == "" {
			list = append(list, Query{op.title(), op.at, doc})
		}
	}
	return list
}
