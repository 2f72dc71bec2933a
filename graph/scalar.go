package graph

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"flora.dev/flora/rules"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// scalar coerces an input value, not null, to a scalar type.
func scalar(name string, v any, at *place) (any, *gqlerror.Error) {
	out, expected, ok := Scalar(name, v)
	switch {
	case expected == "":
		return nil, Errorf(NotImplemented, "%s: scalar %s is not supported as input", at, name)
	case !ok:
		return nil, mismatch(at, expected, v)
	}
	return out, nil
}

// Scalar coerces a value, not null, as encoding/json makes it with json.Number,
// to what Field.Args holds for a scalar type. expected says what one looks like;
// it is empty for a name that is none.
func Scalar(name string, v any) (out any, expected string, ok bool) {
	expected = name
	switch name {
	case "Boolean":
		out, ok = v.(bool)
	case "Int":
		expected = "Int (an integer of 32 bits)"
		var n int64
		n, ok = integer(v)
		ok = ok && n >= math.MinInt32 && n <= math.MaxInt32
		out = n
	case "Long":
		expected = "Long (an integer of 64 bits, as number or string)"
		if s, isString := v.(string); isString && integral(s) {
			v = json.Number(s)
		}
		out, ok = integer(v)
	case "Float":
		expected = "Float (a finite number)"
		out, ok = float(v)
	case "String":
		expected = "String (without U+0000)"
		out, ok = text(v)
	case "ID":
		expected = "ID (a string or an integer)"
		if n, isNumber := v.(json.Number); isNumber && integral(n.String()) {
			v = n.String()
		}
		out, ok = text(v)
	case "Date":
		expected = "Date (YYYY-MM-DD)"
		out, ok = date(v)
	case "Time":
		expected = "Time (RFC 3339, at most 6 digits of a second)"
		out, ok = instant(v)
	case "UUID":
		expected = "UUID (8-4-4-4-12 hexadecimal digits)"
		if s, isString := v.(string); isString {
			out, ok = rules.CanonicalUUID(s)
		}
	case "Decimal":
		expected = "Decimal (a number of at most 100 digits, as string or number)"
		switch v := v.(type) {
		case string:
			out, ok = rules.CanonicalDecimal(v)
		case json.Number:
			out, ok = rules.CanonicalDecimal(v.String())
		}
	case "JSON":
		expected = "JSON (at most 32 levels, without U+0000; a variable holds the whole of it)"
		out, ok = rules.CanonicalJSON(v)
	default:
		return nil, "", false
	}
	return out, expected, ok
}

// integral reports whether s is an optional minus and digits.
func integral(s string) bool {
	s = strings.TrimPrefix(s, "-")
	return s != "" && strings.Trim(s, "0123456789") == ""
}

// integer reads an integer. JSON has one kind of numbers: 1.0 and 1e3 are
// integers as well, as far as a float64 holds them exactly.
func integer(v any) (int64, bool) {
	number, ok := v.(json.Number)
	if !ok {
		return 0, false
	}
	s := number.String()
	if integral(s) {
		n, err := strconv.ParseInt(s, 10, 64)
		return n, err == nil
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || f != math.Trunc(f) || math.Abs(f) > 1<<53-1 {
		return 0, false
	}
	return int64(f), true
}

func float(v any) (float64, bool) {
	number, ok := v.(json.Number)
	if !ok {
		return 0, false
	}
	f, err := strconv.ParseFloat(number.String(), 64)
	if f == 0 {
		f = 0 // not -0: engines print it differently
	}
	return f, err == nil && !math.IsInf(f, 0) && !math.IsNaN(f)
}

// text reads a string that both engines can store.
func text(v any) (string, bool) {
	s, ok := v.(string)
	return s, ok && utf8.ValidString(s) && strings.IndexByte(s, 0) < 0
}

func date(v any) (string, bool) {
	s, ok := v.(string)
	if !ok {
		return "", false
	}
	t, err := time.Parse(time.DateOnly, s)
	return s, err == nil && t.Year() >= 1 && len(s) == len(time.DateOnly)
}

// instant reads a timestamp of RFC 3339, section 5.6, as microseconds since
// 1970. time.Parse alone takes more than the RFC has: a comma before the
// fraction, offsets of 24 hours.
func instant(v any) (int64, bool) {
	s, ok := v.(string)
	if !ok || len(s) < len("2006-01-02T15:04:05Z") || !shaped(s[:19], "dddd-dd-ddTdd:dd:dd") {
		return 0, false
	}
	zone := strings.TrimLeft(s[19:], ".0123456789")
	if fraction := s[19 : len(s)-len(zone)]; fraction != "" {
		const digits = 6
		if len(fraction) > 1+digits || !shaped(fraction, ".dddddd"[:len(fraction)]) || len(fraction) == 1 {
			return 0, false
		}
	}
	if zone != "Z" && !(len(zone) == 6 && (shaped(zone, "+dd:dd") || shaped(zone, "-dd:dd")) && zone[1:3] < "24" && zone[4:] < "60") {
		return 0, false
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return 0, false
	}
	year := t.UTC().Year()
	return t.UnixMicro(), year >= 1 && year <= 9999
}

// shaped reports whether s has the shape: d stands for a digit.
func shaped(s, shape string) bool {
	if len(s) != len(shape) {
		return false
	}
	for i := range len(s) {
		digit := s[i] >= '0' && s[i] <= '9'
		if shape[i] == 'd' && !digit || shape[i] != 'd' && s[i] != shape[i] {
			return false
		}
	}
	return true
}
