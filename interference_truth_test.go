package main

// refTruth is a set of truth values: one where everything is known, and what a
// rule may come to where the token alone is. Kleene's logic works on each.
type refTruth uint8

const (
	isFalse refTruth = 1 << iota
	isUnknown
	isTrue
	isOpen = isFalse | isUnknown | isTrue
)

// may reports whether it can be true.
func (t refTruth) may() bool { return t&isTrue != 0 }

func definite(b bool) refTruth {
	if b {
		return isTrue
	}
	return isFalse
}

// certain is whether it is true: unknown is false.
func certain(t refTruth) refTruth {
	out := t & isTrue
	if t&^isTrue != 0 {
		out |= isFalse
	}
	return out
}

func not(t refTruth) refTruth {
	out := t & isUnknown
	if t&isFalse != 0 {
		out |= isTrue
	}
	if t&isTrue != 0 {
		out |= isFalse
	}
	return out
}

func each(ts []refTruth, start refTruth, of func(a, b refTruth) refTruth) refTruth {
	out := start
	single := func(t refTruth) bool { return t&(t-1) == 0 }
	for _, t := range ts {
		if single(out) && single(t) {
			out = of(out, t)
			continue
		}
		var next refTruth
		for a := isFalse; a <= isTrue; a <<= 1 {
			for b := isFalse; b <= isTrue; b <<= 1 {
				if out&a != 0 && t&b != 0 {
					next |= of(a, b)
				}
			}
		}
		out = next
	}
	return out
}

func and(ts ...refTruth) refTruth {
	return each(ts, isTrue, func(a, b refTruth) refTruth { return min(a, b) })
}

func or(ts ...refTruth) refTruth {
	return each(ts, isFalse, func(a, b refTruth) refTruth { return max(a, b) })
}

// equal is == on scalars and references: definite.
func equal(a, b any) refTruth {
	if a == (opaque{}) || b == (opaque{}) {
		return isTrue | isFalse
	}
	return definite(a == b)
}

// bare is a Boolean field alone.
func bare(v any) refTruth {
	switch b := v.(type) {
	case bool:
		return definite(b)
	case opaque:
		return isOpen
	}
	return isUnknown
}

// ifNumber is a condition on a number, unknown of null.
func ifNumber(v any, p func(n int64) bool) refTruth {
	switch n := v.(type) {
	case int64:
		return definite(p(n))
	case opaque:
		return isOpen
	}
	return isUnknown
}

// ifText is a condition on a text, unknown of null.
func ifText(v any, p func(s string) bool) refTruth {
	switch s := v.(type) {
	case string:
		return definite(p(s))
	case opaque:
		return isOpen
	}
	return isUnknown
}
