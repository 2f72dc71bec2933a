package rules_test

import (
	"encoding/json"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"flora.dev/flora/rules"
	"flora.dev/flora/rules/ruletest"
)

// TestDirectAgainstCEL computes what no document decides directly and by CEL's
// evaluator: all such parts of random rules, and random expressions over
// claims, for random callers.
func TestDirectAgainstCEL(t *testing.T) {
	r := rand.New(rand.NewPCG(*diffSeed, 1))
	seen := map[string]int{}
	compare := func(env *rules.Env, slot *rules.Slot, callers ...*rules.Caller) {
		t.Helper()
		byCEL := env.ByCEL(slot)
		if byCEL == nil {
			seen["by CEL only"]++
			return
		}
		seen["direct"]++
		for _, c := range callers {
			got, want := slot.Read(c), byCEL.Read(c)
			if got != want {
				t.Fatalf("%s: %s, by CEL %s", slot.Text, got, want)
			}
			seen[strings.TrimRight(strings.SplitN(want, " ", 2)[0], ",")]++
		}
	}
	for i, tests := 0, ruletest.NewWorld().Tests(r); i < *diffRules/2; i++ {
		test := tests[i%len(tests)]
		o := test.Object()
		p, faults := test.Env.Rule(o, rules.Read, test.Rule(o, rules.Read))
		if len(faults) > 0 {
			continue
		}
		for _, slot := range slotsOf(reflect.ValueOf(p), nil) {
			compare(test.Env, slot, test.Caller().Rules(), test.Caller().Rules())
		}
	}
	if n := seen["direct"]; n < *diffRules/8 || seen["by CEL only"] > n {
		t.Errorf("slots of rules: %v", seen)
	}
	clear(seen)
	open, declared := rules.NewEnv(nil, nil), rules.NewEnv(nil, nil)
	declared.Declare([]rules.Claim{{Name: "a", Key: "a", Kind: rules.String}, {Name: "b", Key: "c", Kind: rules.Float}, {Name: "c", Key: "b", Kind: rules.Long, List: true}})
	for range 2 * *diffRules {
		env := []*rules.Env{open, declared}[r.IntN(2)]
		if slot := env.Slot((&claimTexts{r}).test(3)); slot != nil {
			compare(env, slot, rules.Anonymous(ruletest.Clock), claimant(r), claimant(r), claimant(r), claimant(r))
		}
	}
	for _, of := range []string{"direct", "true", "false", "unknown"} {
		if seen[of] < *diffRules/10 {
			t.Errorf("expressions: %v", seen)
		}
	}
}

// slotsOf are the slots of a predicate.
func slotsOf(v reflect.Value, out []*rules.Slot) []*rules.Slot {
	if v.Type() == reflect.TypeFor[*rules.Slot]() {
		return append(out, v.Interface().(*rules.Slot))
	}
	switch v.Kind() {
	case reflect.Interface:
		if !v.IsNil() {
			out = slotsOf(v.Elem(), out)
		}
	case reflect.Slice:
		for i := range v.Len() {
			out = slotsOf(v.Index(i), out)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			out = slotsOf(v.Field(i), out)
		}
	}
	return out
}

// claimant is a caller with random claims.
func claimant(r *rand.Rand) *rules.Caller {
	var value func(depth int) any
	object := func(depth int) map[string]any {
		out := map[string]any{}
		for _, name := range []string{"a", "b", "c"} {
			if r.IntN(4) > 0 {
				out[name] = value(depth - 1)
			}
		}
		return out
	}
	value = func(depth int) any {
		switch k := r.IntN(10); {
		case k == 0:
			return nil
		case k == 1:
			return r.IntN(2) == 0
		case k < 5:
			return []any{"", "a", "ab", "ba", "é", "a\x00", "2026-01-31", "2027-01-01T00:00:00Z"}[r.IntN(8)]
		case k < 7:
			return json.Number([]string{"0", "1", "2", "-1", "1.5", "2.0", "1e21", "1e400", "9007199254740993", "0.1000000000000000055511151231257827"}[r.IntN(10)])
		case k < 9 && depth > 0:
			out := []any{}
			for range r.IntN(4) {
				out = append(out, value(depth-1))
			}
			return out
		case depth > 0:
			return object(depth)
		}
		return "b"
	}
	c := rules.NewCaller([]string{"a", "ab", "", "é"}[r.IntN(4)], object(3), ruletest.Clock)
	for _, role := range []string{"r1", "r2"} {
		if r.IntN(2) == 0 {
			c.Grant(role)
		}
	}
	return c
}

// claimTexts writes random expressions.
type claimTexts struct{ *rand.Rand }

func (g *claimTexts) pick(of ...string) string { return of[g.IntN(len(of))] }

// test is a condition, or what the checker takes for one.
func (g *claimTexts) test(depth int) string {
	if depth == 0 {
		return g.pick("signedIn", "anyone", "true", "HasCurrentIdentity()", "HasRole('r1')", "HasRole(CurrentIdentity())", "has("+g.path()+".a)", "has("+g.path()+".b)", g.path())
	}
	a, b := g.value(depth-1), g.value(depth-1)
	switch g.IntN(13) {
	case 0:
		return "!(" + g.test(depth-1) + ")"
	case 1, 2:
		return "(" + g.test(depth-1) + g.pick(" && ", " || ") + g.test(depth-1) + ")"
	case 3:
		return "(" + g.test(depth-1) + " ? " + g.test(depth-1) + " : " + g.test(depth-1) + ")"
	case 4:
		return a + " in " + g.pick(g.path(), g.path(), "["+g.literal()+"]", "[1, 2]", "['a', 'b']", "[]")
	case 5:
		return g.pick(g.path(), g.path(), "CurrentIdentity()") + g.pick(".startsWith(", ".endsWith(", ".endsWith(", ".contains(") + g.pick("'a'", "'b'", "'é'", b) + ")"
	case 6, 7:
		return a + g.pick(" < ", " <= ", " > ", " >= ") + g.pick(g.literal(), b)
	case 8:
		return "size(" + g.pick(g.path(), "CurrentIdentity()", "CurrentToken()") + ")" + g.pick(" == ", " < ", " in [0, 3] || 1 == ") + g.pick("0", "1", "2")
	case 9:
		return g.path() + ".exists(x, x == " + a + ")"
	case 10:
		return g.test(0)
	}
	return a + g.pick(" == ", " != ") + b
}

func (g *claimTexts) value(depth int) string {
	switch k := g.IntN(10); {
	case k < 4:
		return g.path()
	case k == 4:
		return "CurrentIdentity()"
	case k == 5:
		return "size(" + g.pick(g.path(), "CurrentIdentity()", "CurrentToken()") + ")"
	case k == 6:
		return g.pick("now", "now - duration('1h')", "now + duration('1000h')", "timestamp('2026-03-01T12:00:00Z')", "duration('1h')", "now - now", "timestamp('x')")
	case k == 7 && depth > 0:
		return "(" + g.test(depth-1) + " ? " + g.value(depth-1) + " : " + g.value(depth-1) + ")"
	}
	return g.literal()
}

func (g *claimTexts) literal() string {
	return g.pick("'a'", "'b'", "'ab'", "''", "'é'", "'2026-01-31'", "1", "2", "-1", "1.5", "2.0", "2u", "true", "b'a'")
}

func (g *claimTexts) path() string {
	path := "CurrentToken()"
	for range 1 + g.IntN(3)/2 {
		path += g.pick(".a", ".b", ".c", "['a']", "['b']", "[0]", "['x']", ".x")
	}
	return path
}
