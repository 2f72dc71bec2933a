package schema

import (
	"cmp"
	"slices"
	"strings"
)

// Error has one line per fault.
func (d Diagnostics) Error() string {
	lines := make([]string, len(d))
	for i, f := range d {
		lines[i] = f.String()
	}
	return strings.Join(lines, "\n")
}

// sorted returns the diagnostics by position, without repetitions: a rule
// under `write:` is compiled for three actions and fails alike in each, one on
// the schema for every collection.
func sorted(list []Diagnostic) []Diagnostic {
	slices.SortStableFunc(list, func(a, b Diagnostic) int {
		return cmp.Or(cmp.Compare(a.Pos.Line, b.Pos.Line), cmp.Compare(a.Pos.Column, b.Pos.Column))
	})
	seen := map[Diagnostic]bool{}
	return slices.DeleteFunc(list, func(d Diagnostic) bool {
		before := seen[d]
		seen[d] = true
		return before
	})
}
