package sqlgen

import (
	"fmt"

	"flora.dev/flora/rules"
	"flora.dev/flora/store"
)

// Limits of a statement, the same for both dialects, so that an operation that one
// engine refuses is refused by the other too. A little below what they take:
//
//   - The Spanner emulator allows subquery expressions at 25 distinct depths of
//     the resolved syntax tree and 1,000 function calls
//     (query_size_limits_checker.cc), the service 950 parameters
//     (https://cloud.google.com/spanner/quotas).
//   - SQLite 3.54 takes a little under 1,000 SELECTs, each use of a CTE counted
//     with all that is in it, and 1,000 arguments of a function.
const (
	maxLevels  = 23
	maxSelects = 800
	maxCalls   = 900
	maxArgs    = 900
	maxColumns = 300 // values of one document
)

// Depths in the resolved tree below a subquery expression: of the values of
// its node, and of the conditions of its WHERE, which stand below an AND.
const (
	rootPage    = 5 // of the page of a root
	listValues  = 5
	listConds   = 8
	countConds  = 5
	branchConds = 12 // of one of several SELECTs of a list
	oneValues   = 4
	conds       = 4
	sorted      = 2 // more of a subquery that is sorted and cut off
	setConds    = 6 // of a set in WITH, from the root
	writeConds  = 3 // of the condition of an update or delete
	madeConds   = 5 // of an insert
	setValues   = 4 // of a value that is set
	probed      = 4 // of a value of a probe
	groupValues = 8 // of a value that is grouped or summed
	groupConds  = 9 // of the documents of groups
	countBelow  = 7 // of the condition of documents that are counted up to a limit
)

// below is the depth of conditions: one alone stands a level higher, as there
// is no AND.
func below(depth int, qs ...rules.Pred) int {
	if terms(qs) == 1 {
		return depth - 1
	}
	return depth
}

// terms counts the operands of the AND that conds prints.
func terms(qs []rules.Pred) (n int) {
	for _, q := range qs {
		if a, ok := q.(rules.And); ok {
			n += terms(a)
		} else if !isTrue(q) {
			n++
		}
	}
	return n
}

// weight is how deep and wide a statement has become.
type weight struct {
	nest    int          // depth of what is being printed in the resolved tree
	levels  map[int]bool // depths at which there is a subquery expression
	selects int          // subqueries, with those in the caller sets they use
	calls   int          // functions and operators, roughly
	widest  int          // values of the widest document
}

// subquery counts a subquery expression at the present depth.
func (w *weight) subquery() {
	if w.levels == nil {
		w.levels = map[int]bool{}
	}
	w.levels[w.nest] = true
	w.selects++
	w.calls++
}

// deeper runs f some levels down.
func (w *weight) deeper(n int, f func()) {
	w.nest += n
	f()
	w.nest -= n
}

// apart runs f, for text that will stand at several places, and returns what
// it weighs from depth 0.
func (w *weight) apart(f func()) (part weight) {
	outer := *w
	*w = weight{}
	f()
	part, *w = *w, outer
	return part
}

// add counts a part as standing n levels down.
func (w *weight) add(part weight, n int) {
	for l := range part.levels {
		if w.levels == nil {
			w.levels = map[int]bool{}
		}
		w.levels[w.nest+n+l] = true
	}
	w.selects += part.selects
	w.calls += part.calls
	w.widest = max(w.widest, part.widest)
}

// tooLarge reports a statement that a store may not take.
func (p *printer) tooLarge() error {
	p.nest = 0
	p.add(p.inSets, 0)
	for _, m := range []struct {
		what        string
		found, most int
	}{
		{"depths of subqueries", len(p.levels), maxLevels},
		{"subqueries", p.selects, maxSelects},
		{"functions and operators", p.calls, maxCalls},
		{"parameters", len(p.args), maxArgs},
		{"values of one document", p.widest, maxColumns},
	} {
		if m.found > m.most {
			return fmt.Errorf("%d %s, at most %d are taken: %w", m.found, m.what, m.most, store.ErrLimit)
		}
	}
	return nil
}
