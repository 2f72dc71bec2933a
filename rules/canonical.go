package rules

import (
	"bytes"
	"encoding/json"
	"sort"
	"strings"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// Folded is a text without its case, and composed (NFC): texts that a reader
// takes for the same have the same. It may be longer than the text.
// https://www.unicode.org/versions/latest/core-spec/chapter-5/#G21180
func Folded(s string) string {
	return norm.NFC.String(strings.Map(foldedCherokee, cases.Fold().String(norm.NFC.String(s))))
}

// foldedCherokee maps the small letters of Cherokee to the capitals that
// CaseFolding.txt folds them to: the library maps capitals to small ones, but
// leaves these as they are or swaps them.
func foldedCherokee(r rune) rune {
	switch {
	case 0xAB70 <= r && r <= 0xABBF:
		return r - 0xAB70 + 0x13A0
	case 0x13F8 <= r && r <= 0x13FD:
		return r - 8
	}
	return r
}

// CanonicalUUID is the lower-case form of a UUID, RFC 9562, section 4.
func CanonicalUUID(s string) (string, bool) {
	if len(s) != 36 {
		return "", false
	}
	for i := range len(s) {
		c := s[i]
		switch dash := i == 8 || i == 13 || i == 18 || i == 23; {
		case dash && c != '-', !dash && (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'f'):
			return "", false
		}
	}
	return strings.ToLower(s), true
}

// maxDecimal bounds the digits of a Decimal.
const maxDecimal = 100

// CanonicalDecimal is the form in which two equal decimals are the same text:
// without plus sign, leading zeros, zeros behind the last digit of a fraction,
// exponent, and sign of zero. ok is false for what is no decimal number of at
// most 100 digits.
func CanonicalDecimal(s string) (_ string, ok bool) {
	number, exponent, scaled := strings.Cut(strings.ToLower(s), "e")
	sign := ""
	switch {
	case strings.HasPrefix(number, "-"):
		sign, number = "-", number[1:]
	case strings.HasPrefix(number, "+"):
		number = number[1:]
	}
	whole, fraction, point := strings.Cut(number, ".")
	if !digits(whole) || point && !digits(fraction) || len(whole)+len(fraction) > 2*maxDecimal {
		return "", false
	}
	shift := 0
	if scaled {
		if shift, ok = smallInt(exponent); !ok {
			return "", false
		}
	}
	for ; shift > 0; shift-- {
		if fraction == "" {
			fraction = "0"
		}
		whole, fraction = whole+fraction[:1], fraction[1:]
	}
	for ; shift < 0; shift++ {
		if whole == "" {
			whole = "0"
		}
		whole, fraction = whole[:len(whole)-1], whole[len(whole)-1:]+fraction
	}
	whole, fraction = strings.TrimLeft(whole, "0"), strings.TrimRight(fraction, "0")
	if len(whole)+len(fraction) > maxDecimal {
		return "", false
	}
	if whole == "" {
		whole = "0"
		if fraction == "" {
			return "0", true
		}
	}
	if fraction != "" {
		fraction = "." + fraction
	}
	return sign + whole + fraction, true
}

func digits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

// smallInt reads an exponent of at most 100 either way.
func smallInt(s string) (n int, ok bool) {
	negative := strings.HasPrefix(s, "-")
	if negative || strings.HasPrefix(s, "+") {
		s = s[1:]
	}
	if !digits(s) || len(s) > 3 {
		return 0, false
	}
	for _, c := range s {
		n = 10*n + int(c-'0')
	}
	if negative {
		n = -n
	}
	return n, n >= -maxDecimal && n <= maxDecimal
}

// maxJSONDepth bounds the nesting of a JSON value.
const maxJSONDepth = 32

// CanonicalJSON is the text of a JSON value: no spaces, members sorted by name,
// numbers with the digits they were given with. v is what encoding/json makes,
// with json.Number; ok is false for other types, texts that cannot be stored,
// and values nested deeper than 32.
func CanonicalJSON(v any) (_ string, ok bool) {
	b, ok := appendJSON(nil, v, 0)
	return string(b), ok
}

func appendJSON(b []byte, v any, depth int) (_ []byte, ok bool) {
	if depth > maxJSONDepth {
		return nil, false
	}
	switch v := v.(type) {
	case nil:
		return append(b, "null"...), true
	case bool:
		if v {
			return append(b, "true"...), true
		}
		return append(b, "false"...), true
	case json.Number:
		return append(b, v...), json.Valid([]byte(v))
	case json.RawMessage: // canonical already
		return append(b, v...), json.Valid(v)
	case string:
		return appendText(b, v)
	case []any:
		b = append(b, '[')
		for i, e := range v {
			if i > 0 {
				b = append(b, ',')
			}
			if b, ok = appendJSON(b, e, depth+1); !ok {
				return nil, false
			}
		}
		return append(b, ']'), true
	case map[string]any:
		names := make([]string, 0, len(v))
		for name := range v {
			names = append(names, name)
		}
		sort.Strings(names)
		b = append(b, '{')
		for i, name := range names {
			if i > 0 {
				b = append(b, ',')
			}
			if b, ok = appendText(b, name); !ok {
				return nil, false
			}
			if b, ok = appendJSON(append(b, ':'), v[name], depth+1); !ok {
				return nil, false
			}
		}
		return append(b, '}'), true
	}
	return nil, false
}

func appendText(b []byte, s string) ([]byte, bool) {
	if !ValidText(s) {
		return nil, false
	}
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false)
	if e.Encode(s) != nil {
		return nil, false
	}
	return append(b, bytes.TrimSuffix(text.Bytes(), []byte{'\n'})...), true
}
