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
	w := ruletest.NewWorld()
	tests := w.Tests(r)
	compiled, seen := 0, ruletest.Coverage{}
	for i := range *diffRules {
		if i%10 == 0 {
			w.Fill(r, 4)
		}
		test := tests[i%len(tests)]
		action := []rules.Action{rules.Read, rules.Create, rules.Update}[i%3]
		o := test.Object()
		text := test.Rule(o, action)
		p, faults := test.Env.Rule(o, action, text)
		if len(faults) > 0 {
			continue
		}
		compiled++
		seen.Rule(text, p)
		caller := test.Caller()
		for _, d := range w.Docs[o] {
			s := ruletest.Sides{Old: d, New: d}
			if action == rules.Update {
				change := test.Change(o, caller, text)
				seen.Change(change)
				s.New = d.After(change)
				testWrites(t, change, d, s.New)
			}
			want, err := test.Eval(w, caller, action, text, s)
			if err != nil {
				t.Fatalf("oracle: %s: %v", text, err)
			}
			b := rules.Binding{All: w.All, Docs: map[rules.Var]rules.Document{rules.Old: s.Old, rules.New: s.New}, User: w.Linked}
			got := caller.Rules().Fold(p, b)
			seen.Outcome(want)
			if got != want {
				t.Fatalf("rule %d: %s\n%s\ncaller %+v\nold %v\nnew %v\nfold %v, cel-go %v", i, text, rules.Print(p), caller, s.Old, s.New, rules.Print(got), want)
			}
		}
	}
	t.Logf("%d of %d rules compiled; %v", compiled, *diffRules, seen)
	for _, miss := range seen.Missing(*diffRules, ruletest.Compiled) {
		t.Error(miss)
	}
}

// testWrites folds the atomic operators of a change over the stored values.
func testWrites(t *testing.T, c ruletest.Change, old, after *ruletest.Doc) {
	t.Helper()
	for f, w := range c {
		if w.Op == "set" || w.Op == "copy" {
			continue
		}
		x := w.Operand(f, rules.Val{Value: old.Value(f)})
		want := after.Value(f)
		tests := []rules.Pred{rules.Cmp{Op: rules.Eq, L: x, R: rules.Val{Value: want}}}
		if f.List {
			list := want.V.([]any)
			tests = []rules.Pred{rules.Cmp{Op: rules.Eq, L: rules.Size{X: x}, R: rules.Val{Value: rules.Value{Kind: rules.Long, V: int64(len(list))}}}}
			for _, e := range list {
				tests = append(tests, rules.In{X: rules.Val{Value: rules.Value{Kind: f.Kind, V: e}}, List: x})
			}
		}
		for _, p := range tests {
			if got := rules.Anonymous(ruletest.Clock).Fold(p, rules.Binding{}); got != rules.Pred(rules.True) {
				t.Fatalf("%s of %v: %v, want %v", w, old.Value(f).V, rules.Print(p), want.V)
			}
		}
	}
}
