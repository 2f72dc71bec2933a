package graph

import (
	"context"
	"sync"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
)

// documents are the valid documents of one schema version, by query text.
type documents struct {
	*generations[string, *document]
}

// document was checked, and validated against the version it belongs to.
type document struct {
	ast    *ast.QueryDocument
	varies bool // the pre-check depends on variables, so it runs for each request
	once   sync.Once
	forms  []*form // of the queries in it, once they are asked for
}

// A generation of documents. A document takes some 40 times its text.
const (
	documentBytes   = 512 << 10
	documentEntries = 1000
)

func newDocuments() documents {
	return documents{newGenerations[string, *document](documentEntries, documentBytes)}
}

func (d documents) get(query string) *document {
	doc, _ := d.generations.get(query)
	return doc
}

func (d documents) add(query string, doc *document) { d.generations.add(query, doc, len(query)) }

// queryCache lets gqlgen's executor find what the edition parsed and
// validated. Its own additions are not kept: they did not pass the pre-check.
type queryCache struct{ documents }

var _ graphql.Cache[*ast.QueryDocument] = queryCache{}

func (c queryCache) Get(_ context.Context, query string) (*ast.QueryDocument, bool) {
	if doc := c.get(query); doc != nil {
		return doc.ast, true
	}
	return nil, false
}

func (c queryCache) Add(context.Context, string, *ast.QueryDocument) {}
