package storetest

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"

	"flora.dev/flora/rules"
	"flora.dev/flora/store"
)

// testAtomic stores what is computed from stored values.
func testAtomic(s *suite) {
	old := func(f string) rules.Col { return col(rules.Old, s.thing, f) }
	for i, c := range []struct {
		kind   rules.Kind
		field  string
		stored any
		by     any
		want   any
	}{
		{rules.Int, "int", int64(5), int64(-7), int64(-2)}, {rules.Int, "int", nil, int64(1), nil},
		{rules.Int, "int", int64(math.MaxInt32), int64(0), int64(math.MaxInt32)}, {rules.Int, "int", int64(math.MaxInt32), int64(1), nil},
		{rules.Int, "int", int64(math.MinInt32), int64(-1), nil}, {rules.Int, "int", int64(math.MinInt32), int64(math.MaxInt32), int64(-1)},
		{rules.Long, "long", int64(1 << 60), int64(1), int64(1<<60 + 1)}, {rules.Long, "long", int64(math.MaxInt64), int64(1), nil},
		{rules.Long, "long", int64(math.MinInt64), int64(-1), nil}, {rules.Long, "long", int64(math.MinInt64), int64(math.MaxInt64), int64(-1)},
		{rules.Long, "long", nil, int64(1), nil},
		{rules.Float, "float", 0.5, 0.25, 0.75}, {rules.Float, "float", math.MaxFloat64, math.MaxFloat64, nil}, {rules.Float, "float", -math.MaxFloat64, -math.MaxFloat64, nil},
		{rules.Float, "float", math.MaxFloat64, -math.MaxFloat64, 0.0}, {rules.Float, "float", nil, 1.0, nil}, {rules.Float, "float", 1.0, 2.0, 3.0},
	} {
		id := fmt.Sprint("n", i)
		s.write(insert(s.thing, id, "label", "x", c.field, c.stored))
		x := rules.Sum{X: old(c.field), By: rules.Value{Kind: c.kind, V: c.by}}
		what := fmt.Sprintf("%v + %v", c.stored, c.by)
		// A guard with an overflow is not true, and tells nothing.
		hidden := guarded(update(s.thing, id, c.field, x), rules.And{rules.False, rules.Cmp{Op: rules.Gt, L: x, R: val(c.kind, c.by)}}, rules.False)
		s.hits(what+", hidden", s.write(hidden), false)
		is := func(p rules.Pred, want bool) {
			s.Helper()
			h := guarded(update(s.thing, id, "text", "t"), p, rules.True)
			if want {
				s.hits(what+" "+rules.Print(p), s.write(h), true)
			} else {
				s.refused(what+" "+rules.Print(p), 0, store.Forbidden, h)
			}
		}
		is(rules.IsNull{X: x}, c.want == nil)
		is(rules.NotNull{X: x}, c.want != nil)
		is(eq(x, val(c.kind, c.want)), true)
		is(rules.Cmp{Op: rules.Ne, L: x, R: val(c.kind, c.want)}, false)
		is(rules.Cmp{Op: rules.Ge, L: x, R: val(c.kind, c.want)}, c.want != nil)
		if c.want != nil {
			is(rules.In{X: x, List: listVal(c.kind, c.want)}, true)
			is(rules.NotIn{X: x, List: listVal(c.kind, c.want)}, false)
		}
		s.write(update(s.thing, id, c.field, x))
		s.expect(s.thing, id, "["+text(c.want)+"]", c.field)
	}

	values := extremes()
	for _, k := range kinds {
		all, f := values[k.kind], k.name+"s"
		two, last := all[:2], all[len(all)-1:]
		for i, stored := range []any{nil, []any{}, all, append(append([]any{}, all...), all...)} {
			id := fmt.Sprint(k.name, i)
			list, _ := stored.([]any)
			value := func(es []any) rules.Value { return rules.Value{Kind: k.kind, List: true, V: es} }
			var left []any
			for _, e := range list {
				if e != all[0] && e != all[1] {
					left = append(left, e)
				}
			}
			for j, c := range []struct {
				x    rules.Operand
				want []any
			}{
				{rules.Joined{List: old(f), Add: value(two)}, append(append([]any{}, list...), two...)},
				{rules.Joined{List: old(f), Add: value(last), Front: true}, append(append([]any{}, last...), list...)},
				{rules.Joined{List: old(f), Add: value([]any{})}, append([]any{}, list...)},
				{rules.Joined{List: old(f), Add: value([]any{}), Front: true}, append([]any{}, list...)},
				{rules.Without{List: old(f), Drop: value(two)}, append([]any{}, left...)},
				{rules.Without{List: old(f), Drop: value([]any{})}, append([]any{}, list...)},
			} {
				id := fmt.Sprint(id, "-", j)
				what := fmt.Sprint(k.name, " ", i, " ", j)
				s.write(insert(s.thing, id, "label", "x", f, stored))
				size := eq(rules.Size{X: c.x}, val(rules.Long, int64(len(c.want))))
				s.hits(what, s.write(guarded(update(s.thing, id, f, c.x), rules.And{size, rules.NotNull{X: c.x}}, rules.True)), true)
				s.expect(s.thing, id, "["+text(c.want)+"]", f)
				if i == 2 && len(c.want) > 0 { // the list is as if it had been written
					s.write(update(s.thing, id, f, stored))
					e := c.want[len(c.want)-1]
					s.hits(what+" in", s.write(guarded(update(s.thing, id, f, c.x), rules.In{X: val(k.kind, e), List: c.x}, rules.True)), true)
					s.refused(what+" not in", 0, store.Forbidden, guarded(update(s.thing, id), rules.NotIn{X: val(k.kind, e), List: c.x}, rules.True))
					s.hits(what+" found", s.write(guarded(update(s.thing, id), rules.In{X: val(k.kind, e), List: old(f)}, rules.True)), true)
				}
			}
		}
		s.clear(s.thing)
	}
	// With Match, each from its own value.
	s.write(insert(s.thing, "x1", "label", "x", "int", int64(1)), insert(s.thing, "x2", "label", "x", "int", int64(2)))
	x := rules.Sum{X: old("int"), By: rules.Value{Kind: rules.Int, V: int64(math.MaxInt32 - 1)}}
	s.refused("one overflows", 0, store.Forbidden, guarded(every(update(s.thing, "", "int", x), rules.True), rules.NotNull{X: x}, rules.True))
	x.By.V = int64(10)
	s.write(guarded(every(update(s.thing, "", "int", x), rules.True), rules.NotNull{X: x}, rules.True))
	s.check("each", s.read(page(s.thing, rules.True, "int"))[0], `[[[11],[12]]]`)
}

// testRandomAtomic compares random updates with random conditions on what they
// store with their meaning.
func testRandomAtomic(s *suite) {
	r := rand.New(rand.NewPCG(7, 7))
	values := extremes()
	any1 := func(k rules.Kind) any { return values[k][r.IntN(len(values[k]))] }
	anyList := func(k rules.Kind) []any {
		out := []any{}
		for range r.IntN(4) {
			out = append(out, any1(k))
		}
		return out
	}
	s.write(insert(s.thing, "x", "label", "x"))
	done := map[bool]int{}
	for i := range 150 {
		k := kinds[r.IntN(len(kinds))]
		list := k.kind != rules.Int && k.kind != rules.Long && k.kind != rules.Float || r.IntN(2) == 0
		f := k.name
		var stored, other any = any1(k.kind), any1(k.kind)
		if list {
			f += "s"
			stored, other = anyList(k.kind), anyList(k.kind)
		}
		if r.IntN(5) == 0 {
			stored = nil
		}
		s.write(update(s.thing, "x", f, stored, "text", any1(rules.String)))
		c := col(rules.Old, s.thing, f)
		by := rules.Value{Kind: k.kind, List: list, V: other}
		var x rules.Operand
		switch {
		case !list:
			x = rules.Sum{X: c, By: by}
		case r.IntN(3) == 0:
			x = rules.Without{List: c, Drop: by}
		default:
			x = rules.Joined{List: c, Add: by, Front: r.IntN(2) == 0}
		}
		var atom rules.Pred
		switch n := r.IntN(4); {
		case n == 0:
			atom = rules.IsNull{X: x}
		case list && n == 1:
			atom = rules.In{X: val(k.kind, any1(k.kind)), List: x}
		case list:
			atom = rules.Cmp{Op: rules.Op(r.IntN(6)), L: rules.Size{X: x}, R: val(rules.Long, int64(r.IntN(6)))}
		case n == 1:
			atom = rules.In{X: x, List: listVal(k.kind, any1(k.kind), any1(k.kind))}
		case n == 2:
			atom = rules.Cmp{Op: rules.Op(r.IntN(6)), L: x, R: c}
		default:
			atom = rules.Cmp{Op: rules.Op(r.IntN(6)), L: x, R: val(k.kind, any1(k.kind))}
		}
		if r.IntN(2) == 0 {
			atom = rules.Not{P: atom}
		}
		env := map[rules.Var]document{rules.Old: {f: stored}}
		want := documents{}.eval(atom, env) == rules.True
		done[want]++
		_, err := s.try(guarded(update(s.thing, "x", f, x), rules.T(atom), rules.True))
		var w *store.WriteError
		if err != nil && (!errors.As(err, &w) || w.Why != store.Forbidden) || (err == nil) != want {
			s.Fatalf("%d: %v, where %s: %v, want %t", i, stored, rules.Print(atom), err, want)
		}
		if want {
			stored = value(x, env)
		}
		s.check(fmt.Sprintf("%d: %s", i, rules.Print(rules.IsNull{X: x})), s.find(s.thing, "x", f), "["+text(stored)+"]")
	}
	if done[true] < 40 || done[false] < 40 {
		s.Errorf("%v decisions: the test decides too little", done)
	}
}
