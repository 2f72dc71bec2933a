//go:build leaks

package main

import (
	"flag"
	"maps"
	"slices"
	"strings"
	"testing"

	"flora.dev/flora/internal/leak"
)

var leakCases = flag.Int("leak.cases", 5000, "cases in which each planted leak must be found")

// TestPlantedLeaks plants each class of package leak alone and counts the
// cases that the non-interference test needs until it fails.
func TestPlantedLeaks(t *testing.T) {
	defer leak.Plant(leak.None)
	names, found := leak.Classes(), map[leak.Class]int{}
	for _, class := range slices.Sorted(maps.Keys(names)) {
		t.Run(names[class], func(t *testing.T) {
			leak.Plant(class)
			all := enter(t, onSQLite)
			for i := range *leakCases {
				seed := *interferenceSeed + uint64(i)
				if fault := all.of(seed).interference(t, seed, newTally()); fault != "" {
					found[class] = i + 1
					t.Log(kindOf(fault))
					return
				}
			}
			t.Errorf("not found in %d cases", *leakCases)
		})
	}
	t.Logf("%d of %d planted leaks were found, by cases needed:", len(found), len(names))
	for _, class := range slices.Sorted(maps.Keys(found)) {
		t.Logf("%5d %s", found[class], names[class])
	}
}

// kindOf is the first line of a fault that says what differed.
func kindOf(fault string) string {
	for line := range strings.Lines(fault) {
		for _, sign := range []string{"interference:", "side 0:", "side 1:", "another caller", "the store of side"} {
			if strings.HasPrefix(line, sign) {
				return strings.TrimSpace(line)[:min(len(strings.TrimSpace(line)), 160)]
			}
		}
	}
	return "a fault"
}
