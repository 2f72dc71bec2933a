package rules_test

import (
	"math/rand/v2"
	"reflect"
	"testing"

	"flora.dev/flora/rules"
	"flora.dev/flora/rules/ruletest"
)

// TestTraceAgainstFold folds random rules for a caller and for others too. With
// the values of any caller who answers all questions alike the predicate is the one that
// is folded for him alone.
func TestTraceAgainstFold(t *testing.T) {
	r := rand.New(rand.NewPCG(*diffSeed, 5))
	w := ruletest.NewWorld()
	tests := w.Tests(r)
	compiled, whole, alike, others := 0, 0, 0, 0
	for i := range *diffRules {
		test := tests[i%len(tests)]
		o := test.Object()
		text := test.Rule(o, rules.Read)
		p, faults := test.Env.Rule(o, rules.Read, text)
		if len(faults) > 0 {
			continue
		}
		compiled++
		callers := []ruletest.Caller{test.Caller()}
		for range 12 {
			callers = append(callers, test.Caller())
		}
		fold := func(c *rules.Caller) rules.Pred { return c.Fold(p, rules.Binding{Fresh: rules.Counter(rules.New + 1)}) }
		traced, trace := callers[0].Rules().Traced(nil)
		shared := fold(traced)
		if !trace.Whole() {
			continue
		}
		whole++
	next:
		for n, c := range callers {
			caller := c.Rules()
			for k := range trace.Questions {
				if q := &trace.Questions[k]; q.Of(caller, trace.Sources, nil) != q.Answer {
					if n == 0 {
						t.Fatalf("%s: a caller answers otherwise the second time: %+v", text, c)
					}
					continue next
				}
			}
			if n > 0 {
				alike++
				if !reflect.DeepEqual(c, callers[0]) && len(trace.Questions) > 0 {
					others++
				}
			}
			own := fold(caller)
			with := func(g rules.Given) any { return trace.Sources[g].Of(caller, nil).V }
			if !samePred(reflect.ValueOf(&shared).Elem(), reflect.ValueOf(&own).Elem(), with) {
				t.Fatalf("rule %d: %s\nfor %+v\nand %+v\nis %s\nalone %s", i, text, callers[0], c, rules.Print(shared), rules.Print(own))
			}
		}
	}
	t.Logf("%d rules compiled, %d are whole; %d callers answered alike, %d of them others that were asked", compiled, whole, alike, others)
	if compiled >= 500 && (whole*10 < compiled*9 || others < compiled) {
		t.Error("too little is shared")
	}
}

// samePred compares predicates with the values of a caller in the first.
func samePred(a, b reflect.Value, with func(rules.Given) any) bool {
	if a.IsValid() && a.Kind() == reflect.Interface {
		if g, ok := a.Interface().(rules.Given); ok {
			return b.Kind() == reflect.Interface && reflect.DeepEqual(with(g), b.Interface())
		}
		return b.Kind() == reflect.Interface && samePred(a.Elem(), b.Elem(), with)
	}
	if !a.IsValid() || !b.IsValid() || a.Type() != b.Type() {
		return !a.IsValid() && !b.IsValid()
	}
	switch a.Kind() {
	case reflect.Struct:
		for i := range a.NumField() {
			if !samePred(a.Field(i), b.Field(i), with) {
				return false
			}
		}
		return true
	case reflect.Slice:
		for i := range min(a.Len(), b.Len()) {
			if !samePred(a.Index(i), b.Index(i), with) {
				return false
			}
		}
		return a.Len() == b.Len()
	}
	return a.Equal(b)
}
