package deploy

import (
	"flag"
	"maps"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"flora.dev/flora/rules"
	"flora.dev/flora/rules/ruletest"
	"flora.dev/flora/schema"
)

var (
	rulePairs    = flag.Int("deploy.pairs", 200, "pairs of rules that the search is measured with")
	worldChanges = flag.Int("deploy.changes", 4, "changes of each world's rules that the search is measured with")
	ruleSeed     = flag.Uint64("deploy.seed", 7, "of those pairs")
)

// TestWitnessesAgainstCEL changes random rules a little. Where that changes an
// answer on the documents of the differential test, a shift must be found, in
// nine of ten cases and each way; and of every case that is found, cel-go must
// say of both texts what the search says.
func TestWitnessesAgainstCEL(t *testing.T) {
	pairs := *rulePairs
	r := rand.New(rand.NewPCG(*ruleSeed, 7))
	w := ruletest.NewWorld()
	tests := w.Tests(r)
	p := pairOf(w)
	changed, found, confirmed, spent := 0, 0, 0, time.Duration(0)
	for i := range pairs {
		test := tests[i%len(tests)]
		action := []rules.Action{rules.Read, rules.Create, rules.Update}[i/len(tests)%3]
		o := test.Object()
		var texts [2]string
		var preds [2]rules.Pred
		for preds[1] == nil {
			texts[0] = test.Rule(o, action)
			var faults []rules.Fault
			if preds[0], faults = test.Env.Rule(o, action, texts[0]); len(faults) > 0 || strings.Contains(texts[0], "_ts") { // the clock of the two differs
				continue
			}
			for range 20 {
				if texts[1] = mutate(r, texts[0]); texts[1] == "" {
					continue
				}
				if preds[1], faults = test.Env.Rule(o, action, texts[1]); len(faults) > 0 {
					preds[1] = nil
					continue
				}
				break
			}
		}
		p.schemas[0].Claims, p.schemas[1].Claims = nil, nil
		if test.Setting.Declared {
			p.schemas[0].Claims, p.schemas[1].Claims = declaredClaims, declaredClaims
		}
		q := &question{collection: o.Name, action: action}
		for side := range 2 {
			q.demands[side] = []demand{{Pred: preds[side]}}
		}
		differs := differences(w, test, o, action, preds)
		start := time.Now()
		var cases [2]*trial
		if !q.alike() {
			s := newSearch(p, q, uint64(i))
			for to := range 2 {
				if !within(preds[to], preds[1-to]) {
					cases[to] = s.find(t.Context(), to, 1000)
				}
			}
		}
		spent += time.Since(start)
		for to, c := range cases {
			if differs[to] {
				if changed++; c != nil {
					found++
				} else {
					t.Logf("missed: %s %s, side %d allows\n  %s\n  %s", actionName(action), o.Name, to, texts[0], texts[1])
				}
			}
			if c == nil {
				continue
			}
			confirmed++
			for side, text := range texts {
				got, err := evalCEL(w, test, c, side, action, text)
				if want := side == to; err != nil || (got == rules.True) != want {
					t.Fatalf("%s %s: %s\nis %v for cel-go (%v), the search says allowed: %v\nfor %v\n%s", actionName(action), o.Name, text, got, err, want, c.who.Caller, (&search{pair: p, q: q, pool: &pool{}}).show(c, to))
				}
			}
		}
	}
	t.Logf("%d pairs of rules: %d of %d changes found (%.1f %%), %d cases confirmed, %v a pair", pairs, found, changed, 100*float64(found)/float64(changed), confirmed, spent/time.Duration(pairs))
	if found*10 < changed*9 {
		t.Errorf("found %d of %d", found, changed)
	}
}

func actionName(a rules.Action) string { return actionWords[a] }

func (s *search) show(t *trial, to int) string { return s.witness(t, to).documents() }

var declaredClaims = []rules.Claim{
	{Name: "id", Key: "https://example.com/id", Kind: rules.ID}, {Name: "l", Key: "long-number", Kind: rules.Long},
	{Name: "ids", Key: "https://example.com/ids", Kind: rules.ID, List: true},
}

// pairOf is the world of the differential test, on both sides.
func pairOf(w *ruletest.World) *pair {
	p := &pair{schemas: [2]*schema.Schema{{}, {}}, columns: map[*rules.Field]*column{}, of: map[string][]*column{}}
	for _, o := range w.Objects() {
		for _, f := range o.Fields {
			if f.Column != "" {
				p.column(o.Name, f)
			}
			if f.Link != nil {
				p.column(f.Link.Object.Name, f.Link.Near)
				p.column(f.Link.Object.Name, f.Link.Far)
			}
		}
	}
	for _, l := range w.Links {
		p.uniques = append(p.uniques, []*column{p.column(l.Object.Name, l.Near), p.column(l.Object.Name, l.Far)})
	}
	for _, f := range []*rules.Field{w.User.Identity, w.Patient.Identity, w.Badge.Identity, w.Badge.Field("holder"), w.Recall.Field("product")} {
		p.columns[f].unique = true
		p.uniques = append(p.uniques, []*column{p.columns[f]})
	}
	return p
}

// differences tells which side allows some case of the differential test that
// the other does not.
func differences(w *ruletest.World, test *ruletest.Test, o *rules.Object, action rules.Action, preds [2]rules.Pred) (differs [2]bool) {
	for range 8 {
		w.Fill(test.Rand, 4)
		for range 4 {
			caller := test.Caller()
			c := caller.Rules()
			for _, d := range w.Docs[o] {
				b := rules.Binding{All: w.All, Docs: map[rules.Var]rules.Document{rules.Old: d, rules.New: d}, User: w.Linked}
				switch change := test.Change(o, caller, ""); action {
				case rules.Create:
					b.Docs[rules.New] = d.Fresh(test.Rand, change.Copies())
				case rules.Update:
					b.Docs[rules.New] = d.After(change)
				}
				old, new := c.Fold(preds[0], b) == rules.True, c.Fold(preds[1], b) == rules.True
				differs[0] = differs[0] || old && !new
				differs[1] = differs[1] || new && !old
			}
		}
	}
	return differs
}

// evalCEL asks cel-go about a case.
func evalCEL(w *ruletest.World, test *ruletest.Test, c *trial, side int, action rules.Action, text string) (rules.Truth, error) {
	w.Fill(test.Rand, 1)
	blank := w.Docs[w.Product][0] // has the world
	w.Docs = map[*rules.Object][]*ruletest.Doc{}
	c = c.complete(side)
	made := map[*record]*ruletest.Doc{}
	build := func(d *record, o *rules.Object) *ruletest.Doc {
		out := blank.After(nil)
		out.Object, out.ID, out.Values = o, d.id, map[*rules.Field]any{}
		for k := range d.values {
			out.Values[k.Field] = c.w.value(d, k, side)
		}
		made[d] = out
		return out
	}
	objects := w.Objects()
	for _, l := range w.Links {
		objects = append(objects, l.Object)
	}
	for _, o := range objects {
		for _, d := range c.w.docs[o.Name] {
			w.Docs[o] = append(w.Docs[o], build(d, o))
		}
	}
	s := ruletest.Sides{Old: made[c.old]}
	if c.new != nil {
		for _, o := range objects {
			if o.Name == c.new.collection {
				s.New = build(c.new, o)
			}
		}
	}
	caller := ruletest.Caller{Identity: c.who.Subject, Roles: c.who.Roles, Vouched: c.who.Vouches}
	if c.who.Subject != "" {
		caller.Claims = map[string]any{"sub": c.who.Subject}
		maps.Copy(caller.Claims, c.who.Claims)
	}
	return test.Eval(w, caller, action, text, s)
}
