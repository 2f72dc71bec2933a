package rules

import (
	"math"
	"testing"
)

func TestAtomicFold(t *testing.T) {
	o := &Object{Name: "Thing"}
	field := func(name string, k Kind, list bool) *Field {
		return &Field{Object: o, Name: name, Column: name, Kind: k, List: list}
	}
	n, tags := field("n", Int, false), field("tags", String, true)
	num := func(k Kind, v any) Value { return Value{Kind: k, V: v} }
	list := func(es ...any) Value { return Value{Kind: String, List: true, V: append([]any{}, es...)} }
	null := Value{Kind: String, List: true}
	for _, tt := range []struct {
		x    Operand
		want string // of the test that it is null, or of == for a known value
	}{
		{Sum{Val{num(Int, int64(1))}, num(Int, int64(2))}, "3"},
		{Sum{Val{num(Int, int64(math.MaxInt32))}, num(Int, int64(1))}, "null"},
		{Sum{Val{num(Int, int64(math.MinInt32))}, num(Int, int64(0))}, "-2147483648"},
		{Sum{Val{num(Long, int64(math.MaxInt64))}, num(Long, int64(1))}, "null"},
		{Sum{Val{num(Long, int64(math.MinInt64))}, num(Long, int64(-1))}, "null"},
		{Sum{Val{num(Long, int64(math.MinInt64))}, num(Long, int64(math.MaxInt64))}, "-1"},
		{Sum{Val{num(Long, nil)}, num(Long, int64(1))}, "null"},
		{Sum{Val{num(Float, math.MaxFloat64)}, num(Float, math.MaxFloat64)}, "null"},
		{Sum{Val{num(Float, 0.5)}, num(Float, 0.25)}, "0.75"},
		{Sum{Col{Old, n}, num(Int, int64(2))}, "sum(oldDoc.n, 2)"},
		{Joined{Val{list("a")}, list("b", "a"), false}, `["a" "b" "a"]`},
		{Joined{Val{list("a")}, list("b"), true}, `["b" "a"]`},
		{Joined{Val{null}, list("b"), true}, `["b"]`},
		{Joined{Col{Old, tags}, list("b"), false}, `join(oldDoc.tags, ["b"])`},
		{Joined{Col{Old, tags}, list("b"), true}, `join(["b"], oldDoc.tags)`},
		{Without{Val{list("a", "b", "a")}, list("a")}, `["b"]`},
		{Without{Val{null}, list("a")}, `[]`},
		{Without{Col{Old, tags}, list("a")}, `without(oldDoc.tags, ["a"])`},
	} {
		f := folder{c: &Caller{}}
		x, ok := f.operand(tt.x)
		if !ok {
			t.Errorf("%s: not known", tt.want)
			continue
		}
		if got := Print(Test{x}); got != tt.want {
			t.Errorf("got %s, want %s", got, tt.want)
		}
	}
	// A list that is made is never null; a sum may be.
	for _, tt := range []struct {
		p    Pred
		want string
	}{
		{IsNull{Joined{Col{Old, tags}, list("b"), false}}, "false"},
		{IsNull{Without{Col{Old, tags}, list("b")}}, "false"},
		{IsNull{Sum{Col{Old, n}, num(Int, int64(1))}}, "isNull(sum(oldDoc.n, 1))"},
		{Cmp{Gt, Col{New, n}, Val{num(Int, int64(9))}}, "sum(oldDoc.n, 1) > 9"},
		{In{Val{Value{Kind: String, V: "x"}}, Col{New, tags}, false}, `in("x", join(oldDoc.tags, ["b"]))`},
		{Cmp{Eq, Size{Col{New, tags}}, Val{num(Long, int64(2))}}, `size(join(oldDoc.tags, ["b"])) == 2`},
	} {
		got := T((&Caller{}).Fold(tt.p, Binding{New: func(f *Field) Operand {
			if f == n {
				return Sum{Col{Old, n}, num(Int, int64(1))}
			}
			return Joined{Col{Old, tags}, list("b"), false}
		}}))
		if Print(got) != tt.want {
			t.Errorf("got %s, want %s", Print(got), tt.want)
		}
		if truth, ok := got.(Truth); !ok {
			if fields := Reads(got); len(fields) != 1 {
				t.Errorf("%s reads %d fields", tt.want, len(fields))
			}
		} else if truth != False {
			t.Errorf("%s is %v", tt.want, truth)
		}
	}
}
