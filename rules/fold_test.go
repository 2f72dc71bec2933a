package rules_test

import (
	"flag"
	"math/rand/v2"
	"testing"

	"flora.dev/flora/rules"
	"flora.dev/flora/rules/ruletest"
)

var (
	diffRules = flag.Int("diff.rules", 2500, "random rules of the differential test")
	diffSeed  = flag.Uint64("diff.seed", 1, "its seed")
)

// TestFoldAgainstCEL folds random rules over documents known in full and
// compares with what cel-go makes of the text.
func TestFoldAgainstCEL(t *testing.T) {
	r := rand.New(rand.NewPCG(*diffSeed, 0))
	oracle := ruletest.NewOracle()
	compiled, seen := 0, map[rules.Truth]int{}
	w := ruletest.NewWorld()
	env := w.Env()
	g := &ruletest.Generator{World: w, Rand: r}
	for i := range *diffRules {
		if i%10 == 0 {
			w.Fill(r, 4)
		}
		action := []rules.Action{rules.Read, rules.Create, rules.Update}[i%3]
		text := g.Rule(w.Product, action)
		p, faults := env.Rule(w.Product, action, text)
		if len(faults) > 0 {
			continue
		}
		compiled++
		caller := g.Caller()
		for _, d := range w.Docs[w.Product] {
			s := ruletest.Sides{Old: d, New: d}
			if action == rules.Update {
				s.New = d.With(ruletest.Change(w, r, w.Product))
			}
			want, err := oracle.Eval(w, caller, action, text, s)
			if err != nil {
				t.Fatalf("oracle: %s: %v", text, err)
			}
			b := rules.Binding{All: w.All, Docs: map[rules.Var]rules.Document{rules.Old: s.Old, rules.New: s.New}}
			if u := w.UserOf(caller.Identity); u != nil && caller.Claims != nil {
				b.User = u
			}
			got := caller.Rules().Fold(p, b)
			seen[want]++
			if got != want {
				t.Fatalf("rule %d: %s\n%s\ncaller %+v\ndocument %v\nfold %v, cel-go %v", i, text, rules.Print(p), caller, d.Values, rules.Print(got), want)
			}
		}
	}
	t.Logf("%d of %d rules compiled; true %d, false %d, unknown %d", compiled, *diffRules, seen[rules.True], seen[rules.False], seen[rules.Unknown])
	if compiled*3 < *diffRules || seen[rules.True] == 0 || seen[rules.False] == 0 || seen[rules.Unknown] == 0 {
		t.Error("the generator tests too little")
	}
}
