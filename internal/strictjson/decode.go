// Package strictjson reads JSON objects as RFC 7493 has it: what two readers may
// understand differently is an error.
package strictjson

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

const (
	MaxDepth   = 16  // containers inside each other, the outermost counts
	maxMembers = 256 // per object
)

// Two readers that disagree about one document are how a token comes to mean
// one thing to its issuer and another to Flora, so whatever RFC 8259 leaves
// open is refused here (RFC 8725 section 2.4, RFC 7493).
var (
	ErrSyntax    = errors.New("not a JSON object")
	ErrTrailing  = errors.New("data after the JSON object")
	ErrDuplicate = errors.New("a name appears twice in one object")
	ErrText      = errors.New("text is not valid Unicode")
	ErrDepth     = errors.New("nested too deeply")
	ErrMembers   = errors.New("too many members in one object")
)

// Member is one member of an object.
type Member struct {
	Name  []byte // may be part of what was read
	Value any    // as in Object
	Text  []byte // as it was written, part of what was read
}

// Object reads one JSON object and nothing else. Values are nil, bool,
// string, json.Number, []any and map[string]any; names are kept exactly.
func Object(data []byte) (map[string]any, error) {
	object := map[string]any{}
	_, err := whole(data, object, nil)
	if err != nil {
		return nil, err
	}
	return object, nil
}

// Members reads one JSON object and nothing else, and appends its members to a
// list that is empty, in their order.
func Members(empty []Member, data []byte) ([]Member, error) { return whole(data, nil, empty) }

func whole(data []byte, into map[string]any, members []Member) ([]Member, error) {
	if !utf8.Valid(data) {
		return nil, ErrText
	}
	d := decoder{data: data}
	d.space()
	if d.peek() != '{' {
		return nil, ErrSyntax
	}
	members, err := d.object(1, into, members)
	if err != nil {
		return nil, err
	}
	d.space()
	if d.pos != len(d.data) {
		return nil, ErrTrailing
	}
	return members, nil
}

type decoder struct {
	data []byte
	pos  int
}

// peek returns the next byte, 0 at the end; a literal 0 is valid nowhere.
func (d *decoder) peek() byte {
	if d.pos < len(d.data) {
		return d.data[d.pos]
	}
	return 0
}

func (d *decoder) space() {
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
func (d *decoder) take(c byte) bool {
	d.space()
	if d.peek() != c {
		return false
	}
	d.pos++
	return true
}

func (d *decoder) value(depth int) (any, error) {
	d.space()
	switch c := d.peek(); {
	case c == '{':
		object := map[string]any{}
		_, err := d.object(depth+1, object, nil)
		return object, err
	case c == '[':
		return d.array(depth + 1)
	case c == '"':
		text, err := d.text()
		return string(text), err
	case c == '-' || isDigit(c):
		return d.number()
	case d.word("true"):
		return true, nil
	case d.word("false"):
		return false, nil
	case d.word("null"):
		return nil, nil
	}
	return nil, ErrSyntax
}

func (d *decoder) word(w string) bool {
	if !strings.HasPrefix(string(d.data[d.pos:min(len(d.data), d.pos+len(w))]), w) {
		return false
	}
	d.pos += len(w)
	return true
}

// object reads members into a map, or appends them to a list where that is nil.
func (d *decoder) object(depth int, into map[string]any, members []Member) ([]Member, error) {
	if depth > MaxDepth {
		return nil, ErrDepth
	}
	d.pos++ // the brace
	if d.take('}') {
		return members, nil
	}
	for {
		d.space()
		if d.peek() != '"' {
			return nil, ErrSyntax
		}
		name, err := d.text()
		if err != nil {
			return nil, err
		}
		_, again := into[string(name)]
		if into == nil {
			again = slices.ContainsFunc(members, func(m Member) bool { return string(m.Name) == string(name) })
		}
		switch {
		case again:
			return nil, ErrDuplicate
		case len(into) == maxMembers || len(members) == maxMembers:
			return nil, ErrMembers
		case !d.take(':'):
			return nil, ErrSyntax
		}
		d.space()
		start := d.pos
		value, err := d.value(depth)
		if err != nil {
			return nil, err
		}
		if into != nil {
			into[string(name)] = value
		} else {
			members = append(members, Member{name, value, d.data[start:d.pos]})
		}
		if d.take('}') {
			return members, nil
		}
		if !d.take(',') {
			return nil, ErrSyntax
		}
	}
}

func (d *decoder) array(depth int) ([]any, error) {
	if depth > MaxDepth {
		return nil, ErrDepth
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
			return nil, ErrSyntax
		}
	}
}

// text reads a string; the caller has seen its opening quote. Without an escape
// it is part of data.
func (d *decoder) text() ([]byte, error) {
	d.pos++
	start := d.pos
	for i, c := range d.data[start:] {
		switch {
		case c == '"':
			d.pos = start + i + 1
			return d.data[start : start+i], nil
		case c == '\\':
			d.pos = start + i
			return d.escapedText(start)
		case c < 0x20:
			return nil, ErrSyntax
		}
	}
	return nil, ErrSyntax
}

// escapedText goes on with a string whose first escape has been reached.
func (d *decoder) escapedText(start int) ([]byte, error) {
	buf := append([]byte(nil), d.data[start:d.pos]...)
	for d.pos < len(d.data) {
		c := d.data[d.pos]
		d.pos++
		switch {
		case c == '"':
			return buf, nil
		case c < 0x20:
			return nil, ErrSyntax
		case c != '\\':
			buf = append(buf, c)
		default:
			r, err := d.escape()
			if err != nil {
				return nil, err
			}
			buf = utf8.AppendRune(buf, r)
		}
	}
	return nil, ErrSyntax
}

// escape reads what follows a backslash.
func (d *decoder) escape() (rune, error) {
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
			return 0, ErrSyntax
		}
		if !utf16.IsSurrogate(r) {
			return r, nil
		}
		// A lone surrogate has no UTF-8 form; readers replace it, and then
		// two different subjects become one.
		if d.peek() != '\\' || d.pos+1 >= len(d.data) || d.data[d.pos+1] != 'u' {
			return 0, ErrText
		}
		d.pos += 2
		low, ok := d.hex()
		if !ok {
			return 0, ErrSyntax
		}
		if r = utf16.DecodeRune(r, low); r == utf8.RuneError {
			return 0, ErrText
		}
		return r, nil
	}
	return 0, ErrSyntax
}

func (d *decoder) hex() (rune, bool) {
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
func (d *decoder) number() (json.Number, error) {
	start := d.pos
	if d.peek() == '-' {
		d.pos++
	}
	if d.peek() == '0' {
		d.pos++
	} else if !d.digits() {
		return "", ErrSyntax
	}
	if d.peek() == '.' {
		d.pos++
		if !d.digits() {
			return "", ErrSyntax
		}
	}
	if c := d.peek(); c == 'e' || c == 'E' {
		d.pos++
		if c := d.peek(); c == '+' || c == '-' {
			d.pos++
		}
		if !d.digits() {
			return "", ErrSyntax
		}
	}
	return json.Number(d.data[start:d.pos]), nil
}

func (d *decoder) digits() bool {
	start := d.pos
	for isDigit(d.peek()) {
		d.pos++
	}
	return d.pos > start
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
