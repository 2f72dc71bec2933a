package graph

import (
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

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
