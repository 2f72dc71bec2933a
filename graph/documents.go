package graph

import (
	"context"
	"sync"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
)

// documents are the valid documents of one schema version, by query text. It
// is bounded: it keeps those used since the last generation began and those
// of the generation before.
type documents struct {
	mu         sync.Mutex
	young, old map[string]*document
	bytes      int // of the keys in young
}

// document was checked, and validated against the version it belongs to.
type document struct {
	ast    *ast.QueryDocument
	varies bool // the pre-check depends on variables, so it runs for each request
}

// A generation of documents. A document takes some 40 times its text.
const (
	generationBytes   = 512 << 10
	generationEntries = 1000
)

func newDocuments() *documents { return &documents{young: map[string]*document{}} }

func (d *documents) get(query string) *document {
	d.mu.Lock()
	defer d.mu.Unlock()
	if doc := d.young[query]; doc != nil {
		return doc
	}
	doc := d.old[query]
	if doc != nil {
		d.put(query, doc)
	}
	return doc
}

func (d *documents) add(query string, doc *document) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.young[query] == nil {
		d.put(query, doc)
	}
}

func (d *documents) put(query string, doc *document) {
	if len(d.young) >= generationEntries || d.bytes+len(query) > generationBytes {
		d.young, d.old, d.bytes = map[string]*document{}, d.young, 0
	}
	d.young[query] = doc
	d.bytes += len(query)
}

// queryCache lets gqlgen's executor find what the edition parsed and
// validated. Its own additions are not kept: they did not pass the pre-check.
type queryCache struct{ *documents }

var _ graphql.Cache[*ast.QueryDocument] = queryCache{}

func (c queryCache) Get(_ context.Context, query string) (*ast.QueryDocument, bool) {
	if doc := c.get(query); doc != nil {
		return doc.ast, true
	}
	return nil, false
}

func (c queryCache) Add(context.Context, string, *ast.QueryDocument) {}
