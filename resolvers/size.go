package resolvers

import (
	"flora.dev/flora/graph"
	"flora.dev/flora/schema"
	"flora.dev/flora/store"
)

// maxCells bounds the values that one transaction changes, those in indexes
// included: Spanner commits 80,000. The same on every engine, by what could be
// written, so that no answer depends on what is stored.
// https://cloud.google.com/spanner/quotas#limits-for
const maxCells = 80_000

// fits refuses a mutation that could be larger than a commit.
func (q *request) fits(op *graph.Operation, heads []store.Head) error {
	n := 0
	for i := range heads {
		n += q.cells(&heads[i])
	}
	if n > maxCells {
		return fail(op.Fields[0], nil, codeLimit, "the operation could change %d values, indexes included, at most %d are allowed: write fewer documents or fields at once", n, maxCells)
	}
	return nil
}

// cells is the most values that a head changes.
func (q *request) cells(h *store.Head) int {
	indexes := 1
	if c := q.v.Schema.Collection(h.Table.Name); c != nil {
		indexes = len(c.Uniques) + len(c.Indexes)
	}
	n := 0
	switch h.Kind {
	case store.Update: // an entry of an index is removed and made
		n = len(h.Set) + 1 + 2*q.touched(h)
	case store.Delete, store.Unlink:
		n = 1 + indexes
	default:
		n = len(h.Set) + 2 + indexes
	}
	if h.Match != nil {
		n *= h.Most
	}
	if h.Else != nil {
		n = max(n, q.cells(h.Else))
	}
	for _, more := range [][]store.Head{h.Before, h.Kids} {
		for i := range more {
			n += q.cells(&more[i])
		}
	}
	return n
}

// touched counts the indexes that an update changes.
func (q *request) touched(h *store.Head) int {
	c := q.v.Schema.Collection(h.Table.Name)
	n := 0
	of := func(fields []*schema.Field) {
		for _, f := range fields {
			for _, a := range h.Set {
				if a.Field == f.Indexed() {
					n++
					return
				}
			}
		}
	}
	for _, u := range c.Uniques {
		of(u.Fields)
	}
	for _, x := range c.Indexes {
		of(x.Fields)
	}
	return n
}
