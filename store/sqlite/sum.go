package sqlite

import (
	"math"
	"math/big"
	"strconv"

	"zombiezen.com/go/sqlite"
)

// addFunctions adds the functions that the statements of sqlgen call.
func addFunctions(c *sqlite.Conn) error {
	return c.CreateFunction("flora_sum", &sqlite.FunctionImpl{
		NArgs: 1, Deterministic: true,
		MakeAggregate: func(sqlite.Context) (sqlite.AggregateFunction, error) { return &sum{}, nil },
	})
}

// sum is flora_sum: the exact sum of integers, floats and decimal texts, each
// rounded to nine decimals away from zero, as text. It is null where there is
// none, or one of 1e20 or more in size (store.Sum).
type sum struct {
	small  int64   // of integers
	scaled big.Int // of the rest, and of small before it overflows, times 1e9
	any    bool
	large  bool
}

var billion = big.NewInt(1_000_000_000)

func (s *sum) Step(_ sqlite.Context, args []sqlite.Value) error {
	var x big.Rat
	switch args[0].Type() {
	case sqlite.TypeNull:
		return nil
	case sqlite.TypeInteger:
		s.any = true
		s.integer(args[0].Int64())
		return nil
	case sqlite.TypeFloat:
		if f := args[0].Float(); math.Abs(f) >= 1e20 || x.SetFloat64(f) == nil {
			s.large = true
			return nil
		}
	default:
		f, err := strconv.ParseFloat(args[0].Text(), 64)
		if _, ok := x.SetString(args[0].Text()); !ok || err != nil || math.Abs(f) >= 1e20 {
			s.large = true
			return nil
		}
	}
	s.any = true
	s.scaled.Add(&s.scaled, rounded(&x))
	return nil
}

func (s *sum) integer(n int64) {
	if sum := s.small + n; (sum > s.small) == (n > 0) {
		s.small = sum
		return
	}
	s.flush()
	s.small = n
}

// flush moves small into scaled.
func (s *sum) flush() {
	n := big.NewInt(s.small)
	s.scaled.Add(&s.scaled, n.Mul(n, billion))
	s.small = 0
}

// rounded is x times 1e9 as an integer, halves away from zero.
func rounded(x *big.Rat) *big.Int {
	x.Mul(x, new(big.Rat).SetInt(billion))
	twice := new(big.Int).Lsh(x.Num(), 1)
	if x.Sign() < 0 {
		twice.Sub(twice, x.Denom())
	} else {
		twice.Add(twice, x.Denom())
	}
	return twice.Quo(twice, new(big.Int).Lsh(x.Denom(), 1))
}

func (s *sum) WindowValue(sqlite.Context) (sqlite.Value, error) {
	if !s.any || s.large {
		return sqlite.Value{}, nil
	}
	s.flush()
	return sqlite.TextValue(new(big.Rat).SetFrac(&s.scaled, billion).FloatString(9)), nil
}

// WindowInverse is not called: no statement has a window.
func (s *sum) WindowInverse(sqlite.Context, []sqlite.Value) error {
	panic("flora_sum has no windows")
}

func (s *sum) Finalize(sqlite.Context) {}
