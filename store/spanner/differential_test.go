package spanner_test

import (
	"flag"
	"testing"
	"time"

	"flora.dev/flora/store/spanner"
	"flora.dev/flora/store/spanner/emulator"
	"flora.dev/flora/store/storetest"
)

var (
	diffRules = flag.Int("diff.rules", 300, "random rules of the differential test")
	diffSeed  = flag.Uint64("diff.seed", 3, "its seed")
)

func TestDifferential(t *testing.T) {
	storetest.Differential(t, open(t, emulator.Database(t), spanner.Options{Timeout: time.Minute}), *diffRules, *diffSeed)
}
