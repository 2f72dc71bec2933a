package graph

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"flora.dev/flora/rules"
)

// malformed notes that the text at p is not what the shape says. The text
// itself stays out of the message: it is data.
func (w *writer) malformed(p int, expected string) int {
	if w.err == nil {
		w.err = fmt.Errorf("malformed text at byte %d of %d: expected %s", p, len(w.text), expected)
	}
	return broken
}

func (w *writer) space(p int) int {
	for p >= 0 && p < len(w.text) && (w.text[p] == ' ' || w.text[p] == '\n' || w.text[p] == '\t' || w.text[p] == '\r') {
		p++
	}
	return p
}

func (w *writer) expect(p int, c byte) int {
	if p < 0 || p >= len(w.text) || w.text[p] != c {
		return w.malformed(p, strconv.QuoteRune(rune(c)))
	}
	return p + 1
}

func (w *writer) word(p int, s string) bool {
	return p >= 0 && p < len(w.text) && strings.HasPrefix(w.text[p:], s)
}

func (w *writer) null(p int) bool { return w.word(p, "null") }

// list writes a list of scalars.
func (w *writer) list(kind rules.Kind, p int) int {
	if w.null(p) {
		w.buf = append(w.buf, "null"...)
		return p + len("null")
	}
	in := elements{w: w}
	if !in.open(p) {
		return broken
	}
	w.buf = append(w.buf, '[')
	for in.more() {
		if in.i > 0 {
			w.buf = append(w.buf, ',')
		}
		if !in.read(w.scalar(kind, in.at)) {
			return broken
		}
	}
	w.buf = append(w.buf, ']')
	return in.close()
}

func (w *writer) scalar(kind rules.Kind, p int) int {
	if w.null(p) {
		w.buf = append(w.buf, "null"...)
		return p + len("null")
	}
	switch kind {
	case rules.Bool:
		return w.boolean(p)
	case rules.Int, rules.Long:
		return w.integer(p)
	case rules.Float:
		return w.float(p)
	case rules.Time:
		return w.time(p)
	}
	return w.string(p)
}

func (w *writer) boolean(p int) int {
	for _, form := range [...]struct {
		text  string
		value bool
	}{{"true", true}, {"false", false}, {"1", true}, {"0", false}} {
		if w.word(p, form.text) {
			w.bool(form.value)
			return p + len(form.text)
		}
	}
	return w.malformed(p, "a Boolean")
}

// digits returns the place after the integer at p, or p if there is none.
func (w *writer) digits(p int) int {
	i := p
	if i < len(w.text) && w.text[i] == '-' {
		i++
	}
	first := i
	for i < len(w.text) && w.text[i] >= '0' && w.text[i] <= '9' {
		i++
	}
	if i == first || w.text[first] == '0' && i > first+1 {
		return p
	}
	return i
}

// integer copies digits: 64 bits are exact in both engines' text.
func (w *writer) integer(p int) int {
	end := w.digits(p)
	if end == p {
		return w.malformed(p, "an integer")
	}
	w.buf = append(w.buf, w.text[p:end]...)
	return end
}

// time writes microseconds since 1970 as RFC 3339 in UTC.
func (w *writer) time(p int) int {
	end := w.digits(p)
	micros, err := strconv.ParseInt(w.text[p:end], 10, 64)
	t := time.UnixMicro(micros).UTC()
	if err != nil || t.Year() < 1 || t.Year() > 9999 {
		return w.malformed(p, "microseconds of the years 1 to 9999")
	}
	w.buf = t.AppendFormat(w.buf, `"2006-01-02T15:04:05.999999Z"`)
	return end
}

func (w *writer) float(p int) int {
	end := p
	for end < len(w.text) && strings.IndexByte("+-.0123456789eE", w.text[end]) >= 0 {
		end++
	}
	f, err := strconv.ParseFloat(w.text[p:end], 64)
	if err != nil || math.IsInf(f, 0) {
		return w.malformed(p, "a finite number")
	}
	w.buf = appendFloat(w.buf, f)
	return end
}

// appendFloat appends the shortest decimal that reads back as f, in the form
// of encoding/json. Zero has no sign: engines disagree on it.
func appendFloat(b []byte, f float64) []byte {
	if f == 0 {
		return append(b, '0')
	}
	if abs := math.Abs(f); abs >= 1e-6 && abs < 1e21 {
		return strconv.AppendFloat(b, f, 'f', -1, 64)
	}
	b = strconv.AppendFloat(b, f, 'e', -1, 64)
	if n := len(b); n >= 4 && b[n-4] == 'e' && b[n-3] == '-' && b[n-2] == '0' { // 1e-09 is 1e-9
		b[n-2] = b[n-1]
		b = b[:n-1]
	}
	return b
}

// string copies a string that has no escapes.
func (w *writer) string(p int) int {
	start := w.expect(p, '"')
	if start == broken {
		return broken
	}
	for i := start; i < len(w.text); i++ {
		switch c := w.text[i]; {
		case c == '"':
			w.buf = append(w.buf, w.text[p:i+1]...)
			return i + 1
		case c == '\\':
			return w.escaped(start)
		case c < ' ':
			return w.malformed(i, "an escaped control character")
		}
	}
	return w.malformed(len(w.text), "the end of a string")
}

// escaped writes the string whose content begins at p, its escapes read and
// made again: engines escape different characters.
func (w *writer) escaped(p int) int {
	w.buf = append(w.buf, '"')
	for p < len(w.text) {
		c := w.text[p]
		switch {
		case c == '"':
			w.buf = append(w.buf, '"')
			return p + 1
		case c < ' ':
			return w.malformed(p, "an escaped control character")
		case c != '\\':
			w.buf = append(w.buf, c)
			p++
			continue
		}
		r, n := unescape(w.text[p:])
		if n == 0 {
			return w.malformed(p, "an escape sequence")
		}
		if r < utf8.RuneSelf {
			w.buf = appendEscaped(w.buf, byte(r))
		} else {
			w.buf = utf8.AppendRune(w.buf, r)
		}
		p += n
	}
	return w.malformed(p, "the end of a string")
}

// unescape reads the escape sequence that s begins with. It returns its
// length, 0 if it is none, a lone surrogate included (RFC 8259, section 7).
func unescape(s string) (rune, int) {
	if len(s) < 2 {
		return 0, 0
	}
	if s[1] != 'u' {
		const names, values = `"\/bfnrt`, "\"\\/\b\f\n\r\t"
		if i := strings.IndexByte(names, s[1]); i >= 0 {
			return rune(values[i]), 2
		}
		return 0, 0
	}
	r, ok := hex4(s)
	if !ok {
		return 0, 0
	}
	if !utf16.IsSurrogate(r) {
		return r, 6
	}
	low, ok := hex4(s[6:])
	if full := utf16.DecodeRune(r, low); ok && full != utf8.RuneError {
		return full, 12
	}
	return 0, 0
}

// hex4 reads \uXXXX.
func hex4(s string) (rune, bool) {
	if len(s) < 6 || s[0] != '\\' || s[1] != 'u' {
		return 0, false
	}
	var r rune
	for _, c := range []byte(s[2:6]) {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}

// appendEscaped appends an ASCII character of a string, escaped only if JSON
// asks for it: the one form that does not depend on the engine.
func appendEscaped(b []byte, c byte) []byte {
	const hex = "0123456789abcdef"
	switch {
	case c == '"' || c == '\\':
		return append(b, '\\', c)
	case c >= ' ':
		return append(b, c)
	}
	if i := strings.IndexByte("\b\f\n\r\t", c); i >= 0 {
		return append(b, '\\', "bfnrt"[i])
	}
	return append(b, `\u00`+hex[c>>4:c>>4+1]+hex[c&15:c&15+1]...)
}

// appendString appends s as a JSON string.
func appendString(b []byte, s string) []byte {
	b = append(b, '"')
	for i := range len(s) {
		b = appendEscaped(b, s[i])
	}
	return append(b, '"')
}

// skip returns the place after the value at p. It does not look closely at
// what it skips: that is not written.
func (w *writer) skip(p int) int {
	depth := 0
	for p = w.space(p); p >= 0 && p < len(w.text); {
		switch c := w.text[p]; c {
		case '"':
			if p = w.skipString(p); p == broken {
				return broken
			}
		case '[', '{':
			depth++
			p++
			continue
		case ']', '}':
			if depth == 0 {
				return w.malformed(p, "a value")
			}
			depth--
			p++
		case ',', ':', ' ', '\n', '\t', '\r':
			if depth == 0 {
				return w.malformed(p, "a value")
			}
			p++
			continue
		default: // a number or word
			for p < len(w.text) && !strings.ContainsRune(" \n\t\r,:[]{}\"", rune(w.text[p])) {
				p++
			}
		}
		if depth == 0 {
			return p
		}
	}
	return w.malformed(p, "a value")
}

func (w *writer) skipString(p int) int {
	for p++; p < len(w.text); p++ {
		switch w.text[p] {
		case '"':
			return p + 1
		case '\\':
			p++
		}
	}
	return w.malformed(p, "the end of a string")
}
