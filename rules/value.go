package rules

import (
	"cmp"
	"math"
	"strings"
	"time"
	"unicode/utf8"
)

// Null reports whether the value is null.
func (v Value) Null() bool { return v.V == nil }

// ValidText reports whether a string may be stored: UTF-8 without U+0000,
// which both stores keep and compare alike.
func ValidText(s string) bool { return utf8.ValidString(s) && strings.IndexByte(s, 0) < 0 }

// ValidDate reports whether s is a calendar date YYYY-MM-DD from year 1.
func ValidDate(s string) bool {
	_, err := time.Parse(time.DateOnly, s)
	return err == nil && s >= "0001"
}

// truth turns a Go answer into a Truth.
func truth(b bool) Truth {
	if b {
		return True
	}
	return False
}

// equal compares two values as Eq does: definite, null equals null.
func equal(a, b Value) bool {
	if a.V == nil || b.V == nil {
		return a.V == nil && b.V == nil
	}
	return a.V == b.V
}

// compare evaluates an Op on known values.
func compare(op Op, a, b Value) Truth {
	switch op {
	case Eq:
		return truth(equal(a, b))
	case Ne:
		return truth(!equal(a, b))
	}
	if a.V == nil || b.V == nil {
		return Unknown
	}
	var c int
	switch x := a.V.(type) {
	case int64:
		c = cmp.Compare(x, b.V.(int64))
	case float64:
		c = cmp.Compare(x, b.V.(float64))
	case string: // byte order of UTF-8 is code point order
		c = strings.Compare(x, b.V.(string))
	default:
		return Unknown
	}
	switch op {
	case Lt:
		return truth(c < 0)
	case Le:
		return truth(c <= 0)
	case Gt:
		return truth(c > 0)
	default:
		return truth(c >= 0)
	}
}

// match evaluates a MatchOp on known values.
func match(op MatchOp, a, b Value) Truth {
	if a.V == nil || b.V == nil {
		return Unknown
	}
	x, y := a.V.(string), b.V.(string)
	switch op {
	case StartsWith:
		return truth(strings.HasPrefix(x, y))
	case EndsWith:
		return truth(strings.HasSuffix(x, y))
	default:
		return truth(strings.Contains(x, y))
	}
}

// contains evaluates In on known values.
func contains(list, x Value, tainted bool) Truth {
	if list.V == nil {
		return Unknown
	}
	if x.V != nil {
		for _, e := range list.V.([]any) {
			if e == x.V {
				return True
			}
		}
	}
	if tainted {
		return Unknown
	}
	return False
}

// size is the number of code points or elements, unknown (false) for null.
func size(v Value) (int64, bool) {
	switch x := v.V.(type) {
	case string:
		return int64(utf8.RuneCountInString(x)), true
	case []any:
		return int64(len(x)), true
	}
	return 0, false
}

// exactInt converts a float that is an integer of at most 53 bits.
func exactInt(f float64) (int64, bool) {
	if f != math.Trunc(f) || math.Abs(f) > 1<<53 {
		return 0, false
	}
	return int64(f), true
}

// exactFloat converts an integer of at most 53 bits.
func exactFloat(i int64) (float64, bool) {
	if i > 1<<53 || i < -(1<<53) {
		return 0, false
	}
	return float64(i), true
}
