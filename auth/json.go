package auth

import (
	"encoding/json"
	"errors"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

const (
	maxDepth   = 16  // containers inside each other, the outermost counts
	maxMembers = 256 // per object
)

// Two readers that disagree about one document are how a token comes to mean
// one thing to its issuer and another to Flora, so whatever RFC 8259 leaves
// open is refused here (RFC 8725 section 2.4, RFC 7493).
var (
	errJSONSyntax    = errors.New("not a JSON object")
	errJSONTrailing  = errors.New("data after the JSON object")
	errJSONDuplicate = errors.New("a name appears twice in one object")
	errJSONText      = errors.New("text is not valid Unicode")
	errJSONDepth     = errors.New("nested too deeply")
	errJSONMembers   = errors.New("too many members in one object")
)

// decodeObject reads one JSON object and nothing else. Values are nil, bool,
// string, json.Number, []any and map[string]any; names are kept exactly.
func decodeObject(data []byte) (map[string]any, error) {
	if !utf8.Valid(data) {
		return nil, errJSONText
	}
	d := jsonDecoder{data: data}
	d.space()
	if d.peek() != '{' {
		return nil, errJSONSyntax
	}
	object, err := d.object(1)
	if err != nil {
		return nil, err
	}
	d.space()
	if d.pos != len(d.data) {
		return nil, errJSONTrailing
	}
	return object, nil
}

type jsonDecoder struct {
	data []byte
	pos  int
}

// peek returns the next byte, 0 at the end; a literal 0 is valid nowhere.
func (d *jsonDecoder) peek() byte {
	if d.pos < len(d.data) {
		return d.data[d.pos]
	}
	return 0
}

func (d *jsonDecoder) space() {
	for d.pos < len(d.data) {
		switch d.data[d.pos] {
		case ' ', '\t', '\n', '\r':
			d.pos++
		default:
			return
		}
	}
}

// take consumes c if it comes next, after white space.
func (d *jsonDecoder) take(c byte) bool {
	d.space()
	if d.peek() != c {
		return false
	}
	d.pos++
	return true
}

func (d *jsonDecoder) value(depth int) (any, error) {
	d.space()
	switch c := d.peek(); {
	case c == '{':
		return d.object(depth + 1)
	case c == '[':
		return d.array(depth + 1)
	case c == '"':
		return d.text()
	case c == '-' || isDigit(c):
		return d.number()
	case d.word("true"):
		return true, nil
	case d.word("false"):
		return false, nil
	case d.word("null"):
		return nil, nil
	}
	return nil, errJSONSyntax
}

func (d *jsonDecoder) word(w string) bool {
	if !strings.HasPrefix(string(d.data[d.pos:min(len(d.data), d.pos+len(w))]), w) {
		return false
	}
	d.pos += len(w)
	return true
}

func (d *jsonDecoder) object(depth int) (map[string]any, error) {
	if depth > maxDepth {
		return nil, errJSONDepth
	}
	d.pos++ // the brace
	object := map[string]any{}
	if d.take('}') {
		return object, nil
	}
	for {
		d.space()
		if d.peek() != '"' {
			return nil, errJSONSyntax
		}
		name, err := d.text()
		if err != nil {
			return nil, err
		}
		if _, ok := object[name]; ok {
			return nil, errJSONDuplicate
		}
		if len(object) == maxMembers {
			return nil, errJSONMembers
		}
		if !d.take(':') {
			return nil, errJSONSyntax
		}
		if object[name], err = d.value(depth); err != nil {
			return nil, err
		}
		if d.take('}') {
			return object, nil
		}
		if !d.take(',') {
			return nil, errJSONSyntax
		}
	}
}

func (d *jsonDecoder) array(depth int) ([]any, error) {
	if depth > maxDepth {
		return nil, errJSONDepth
	}
	d.pos++ // the bracket
	elements := []any{}
	if d.take(']') {
		return elements, nil
	}
	for {
		element, err := d.value(depth)
		if err != nil {
			return nil, err
		}
		elements = append(elements, element)
		if d.take(']') {
			return elements, nil
		}
		if !d.take(',') {
			return nil, errJSONSyntax
		}
	}
}

// text reads a string; the caller has seen its opening quote.
func (d *jsonDecoder) text() (string, error) {
	d.pos++
	start := d.pos
	for d.pos < len(d.data) {
		switch c := d.data[d.pos]; {
		case c == '"':
			d.pos++
			return string(d.data[start : d.pos-1]), nil
		case c == '\\':
			return d.escapedText(start)
		case c < 0x20:
			return "", errJSONSyntax
		}
		d.pos++
	}
	return "", errJSONSyntax
}

// escapedText goes on with a string whose first escape has been reached.
func (d *jsonDecoder) escapedText(start int) (string, error) {
	buf := append([]byte(nil), d.data[start:d.pos]...)
	for d.pos < len(d.data) {
		c := d.data[d.pos]
		d.pos++
		switch {
		case c == '"':
			return string(buf), nil
		case c < 0x20:
			return "", errJSONSyntax
		case c != '\\':
			buf = append(buf, c)
		default:
			r, err := d.escape()
			if err != nil {
				return "", err
			}
			buf = utf8.AppendRune(buf, r)
		}
	}
	return "", errJSONSyntax
}

// escape reads what follows a backslash.
func (d *jsonDecoder) escape() (rune, error) {
	c := d.peek()
	d.pos++
	switch c {
	case '"', '\\', '/':
		return rune(c), nil
	case 'b':
		return '\b', nil
	case 'f':
		return '\f', nil
	case 'n':
		return '\n', nil
	case 'r':
		return '\r', nil
	case 't':
		return '\t', nil
	case 'u':
		r, ok := d.hex()
		if !ok {
			return 0, errJSONSyntax
		}
		if !utf16.IsSurrogate(r) {
			return r, nil
		}
		// A lone surrogate has no UTF-8 form; readers replace it, and then
		// two different subjects become one.
		if d.peek() != '\\' || d.pos+1 >= len(d.data) || d.data[d.pos+1] != 'u' {
			return 0, errJSONText
		}
		d.pos += 2
		low, ok := d.hex()
		if !ok {
			return 0, errJSONSyntax
		}
		if r = utf16.DecodeRune(r, low); r == utf8.RuneError {
			return 0, errJSONText
		}
		return r, nil
	}
	return 0, errJSONSyntax
}

func (d *jsonDecoder) hex() (rune, bool) {
	var r rune
	for range 4 {
		c := d.peek()
		switch {
		case isDigit(c):
			r = r<<4 | rune(c-'0')
		case 'a' <= c && c <= 'f':
			r = r<<4 | rune(c-'a'+10)
		case 'A' <= c && c <= 'F':
			r = r<<4 | rune(c-'A'+10)
		default:
			return 0, false
		}
		d.pos++
	}
	return r, true
}

// number checks the grammar of RFC 8259 section 6 and keeps the digits.
func (d *jsonDecoder) number() (json.Number, error) {
	start := d.pos
	if d.peek() == '-' {
		d.pos++
	}
	if d.peek() == '0' {
		d.pos++
	} else if !d.digits() {
		return "", errJSONSyntax
	}
	if d.peek() == '.' {
		d.pos++
		if !d.digits() {
			return "", errJSONSyntax
		}
	}
	if c := d.peek(); c == 'e' || c == 'E' {
		d.pos++
		if c := d.peek(); c == '+' || c == '-' {
			d.pos++
		}
		if !d.digits() {
			return "", errJSONSyntax
		}
	}
	return json.Number(d.data[start:d.pos]), nil
}

func (d *jsonDecoder) digits() bool {
	start := d.pos
	for isDigit(d.peek()) {
		d.pos++
	}
	return d.pos > start
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
