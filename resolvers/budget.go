package resolvers

import (
	"flora.dev/flora/graph"
	"flora.dev/flora/store"
)

// Limits of one statement, so that every operation that is planned is one that
// both engines take: the same answer on both.
const (
	maxLists   = 6   // list levels, one in another
	maxOnes    = 6   // references followed, one in another
	maxColumns = 300 // fields of one document
	maxSelects = 120 // nested reads in one operation
)

func withinBudget(f *graph.Field, q store.Query) error {
	selects := 0
	for i := range q.Roots {
		lists, ones, columns := measure(&q.Roots[i], &selects)
		switch {
		case lists > maxLists:
			return fail(f, nil, codeLimit, "the operation nests %d list levels, at most %d are allowed", lists, maxLists)
		case ones > maxOnes:
			return fail(f, nil, codeLimit, "the operation follows %d references one behind the other, at most %d are allowed", ones, maxOnes)
		case columns > maxColumns:
			return fail(f, nil, codeLimit, "the operation selects %d fields of one document, at most %d are allowed", columns, maxColumns)
		}
	}
	if selects > maxSelects {
		return fail(f, nil, codeLimit, "the operation reads %d nested relations, at most %d are allowed", selects, maxSelects)
	}
	return nil
}

// measure returns the deepest chains of lists and references, and the widest node.
func measure(s *store.Select, selects *int) (lists, ones, columns int) {
	*selects++
	columns = len(s.Columns)
	for _, c := range s.Columns {
		if c.Nested == nil {
			continue
		}
		l, o, n := measure(c.Nested, selects)
		lists, ones, columns = max(lists, l), max(ones, o), max(columns, n)
	}
	if s.One {
		return lists, ones + 1, columns
	}
	return lists + 1, ones, columns
}
