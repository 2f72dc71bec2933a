package ruletest

import (
	"math/rand/v2"

	"flora.dev/flora/rules"
)

// Test is what rules are tested with in one setting.
type Test struct {
	*Generator
	*Oracle
	Env *rules.Env
}

// Tests are the tests of the world, one for each setting.
func (w *World) Tests(r *rand.Rand) []*Test {
	var out []*Test
	for _, s := range settings {
		out = append(out, &Test{&Generator{World: w, Rand: r, Setting: s}, newOracle(s), w.Env(s)})
	}
	return out
}

// Object is a random collection, Product half of the time.
func (t *Test) Object() *rules.Object {
	w := t.World
	return pick(t.Rand, []*rules.Object{w.Product, w.Product, w.Product, w.Product, w.Team, w.Member, w.User, w.Recall})
}
