package rules

import (
	"math"
	"slices"
)

// Operands that are made of a stored value: what an atomic operator stores.
// None of them raises an error, whatever is stored: a guard that did would tell
// of documents that its caller cannot read.
type (
	// Sum is X + By, of kind Int, Long or Float; null where X is null or the
	// sum is no value of the kind.
	Sum struct {
		X  Operand
		By Value
	}
	// Joined is a list with the elements of another one behind it, or in Front
	// of it. A null list counts as empty.
	Joined struct {
		List  Operand
		Add   Value
		Front bool
	}
	// Without is a list without all elements that are in another one. A null
	// list counts as empty.
	Without struct {
		List Operand
		Drop Value
	}
)

func (Sum) operand()     {}
func (Joined) operand()  {}
func (Without) operand() {}

// sum adds known values.
func (s Sum) sum(x Value) Value {
	out := Value{Kind: s.By.Kind}
	switch a := x.V.(type) {
	case int64:
		b, ok := s.By.V.(int64)
		n := a + b
		low, high := int64(math.MinInt64), int64(math.MaxInt64)
		if s.By.Kind == Int {
			low, high = math.MinInt32, math.MaxInt32
		}
		if ok && (n > a) == (b > 0) && n >= low && n <= high {
			out.V = n
		}
	case float64:
		if b, ok := s.By.V.(float64); ok && !math.IsInf(a+b, 0) && !math.IsNaN(a+b) {
			out.V = a + b
		}
	}
	return out
}

// joined joins known lists.
func (j Joined) joined(list Value) Value {
	head, _ := list.V.([]any)
	tail, _ := j.Add.V.([]any)
	if j.Front {
		head, tail = tail, head
	}
	return Value{Kind: j.Add.Kind, List: true, V: slices.Concat([]any{}, head, tail)}
}

// without drops elements of a known list.
func (w Without) without(list Value) Value {
	all, _ := list.V.([]any)
	drop, _ := w.Drop.V.([]any)
	left := []any{}
	for _, e := range all {
		if !slices.Contains(drop, e) {
			left = append(left, e)
		}
	}
	return Value{Kind: w.Drop.Kind, List: true, V: left}
}

// atomic folds such an operand; ok is false for another one.
func (f *folder) atomic(x Operand) (_ Operand, known, ok bool) {
	switch x := x.(type) {
	case Sum:
		y, known := f.operand(x.X)
		if v, is := f.literal(y); is && known {
			return Val{x.sum(v)}, true, true
		}
		x.X = y
		return x, known, true
	case Joined:
		y, known := f.operand(x.List)
		if v, is := f.literal(y); is && known {
			return Val{x.joined(v)}, true, true
		}
		x.List = y
		return x, known, true
	case Without:
		y, known := f.operand(x.List)
		if v, is := f.literal(y); is && known {
			return Val{x.without(v)}, true, true
		}
		x.List = y
		return x, known, true
	}
	return nil, false, false
}

// Inner is the operand that an operand is computed from; nil for one that is a
// value by itself.
func Inner(x Operand) Operand {
	switch x := x.(type) {
	case Size:
		return x.X
	case Member:
		return x.X
	case Sum:
		return x.X
	case Joined:
		return x.List
	case Without:
		return x.List
	}
	return nil
}
