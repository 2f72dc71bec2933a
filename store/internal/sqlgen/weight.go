package sqlgen

import (
	"fmt"

	"flora.dev/flora/store"
)

// Limits of a read, the same for both dialects, so that an operation that one
// engine refuses is refused by the other too. Found by running generated
// operations on both: the Spanner emulator takes subqueries at 25 distinct
// depths of its syntax tree, which is 21 or more as counted here; SQLite 3.54
// takes a little under 1,000 SELECTs, each use of a CTE counted with all that
// is in it.
const (
	maxLevels  = 18
	maxSelects = 800
	maxArgs    = 950 // parameters of a statement, Spanner's own limit
	maxColumns = 300 // values of one document
)

// Depths in the syntax tree below a query: of an expression that is selected,
// of a query in FROM, of a condition; and of a query in WITH.
const (
	inSelect = 4
	inFrom   = 4
	inWhere  = 4
	inWith   = 3
)

// weight is how deep and wide a statement has become.
type weight struct {
	nest    int          // depth of what is being printed in the syntax tree
	levels  map[int]bool // depths at which there is a subquery
	selects int          // subqueries, with those in the caller sets they use
}

// subquery counts a subquery at the present depth.
func (w *weight) subquery() {
	if w.levels == nil {
		w.levels = map[int]bool{}
	}
	w.levels[w.nest] = true
	w.selects++
}

// deeper runs f some levels down.
func (w *weight) deeper(n int, f func()) {
	w.nest += n
	f()
	w.nest -= n
}

// tooLarge reports a read that a store may not take.
func (p *printer) tooLarge() error {
	switch n := len(p.levels); {
	case n > maxLevels:
		return fmt.Errorf("subqueries at %d depths, at most %d: %w", n, maxLevels, store.ErrLimit)
	case p.selects > maxSelects:
		return fmt.Errorf("%d subqueries, at most %d: %w", p.selects, maxSelects, store.ErrLimit)
	case len(p.args) > maxArgs:
		return fmt.Errorf("%d parameters, at most %d: %w", len(p.args), maxArgs, store.ErrLimit)
	case p.widest > maxColumns:
		return fmt.Errorf("%d values of one document, at most %d: %w", p.widest, maxColumns, store.ErrLimit)
	}
	return nil
}
