package graph

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

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
	case rules.JSON:
		return w.json(p)
	}
	return w.string(p)
}

// json writes the value whose text is the string at p.
func (w *writer) json(p int) int {
	text, end := w.unquote(p)
	if end == broken {
		return broken
	}
	if !json.Valid([]byte(text)) {
		return w.malformed(p, "a JSON text")
	}
	w.buf = append(w.buf, text...)
	return end
}

// unquote reads the string at p.
func (w *writer) unquote(p int) (text string, end int) {
	if w.expect(p, '"') == broken {
		return "", broken
	}
	if end = w.skipString(p); end == broken {
		return "", broken
	}
	if json.Unmarshal([]byte(w.text[p:end]), &text) != nil {
		return "", w.malformed(p, "a string")
	}
	return text, end
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
	w.buf = append(w.buf, '"')
	w.buf = t.AppendFormat(w.buf, time.RFC3339Nano) // drops zeros at the end
	w.buf = append(w.buf, '"')
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
