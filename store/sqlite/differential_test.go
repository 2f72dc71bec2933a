package sqlite_test

import (
	"flag"
	"testing"

	"flora.dev/flora/store/sqlite"
	"flora.dev/flora/store/storetest"
)

var (
	diffRules = flag.Int("diff.rules", 2000, "random rules of the differential test")
	diffSeed  = flag.Uint64("diff.seed", 2, "its seed")
)

func TestDifferential(t *testing.T) {
	db, err := sqlite.Open(t.Context(), ":memory:", sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	storetest.Differential(t, db, *diffRules, *diffSeed)
}
