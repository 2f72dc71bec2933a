package schema

import (
	"sort"
	"strings"
	"unicode/utf16"

	"github.com/vektah/gqlparser/v2/ast"
)

// source is the developer's file with its places. The parser gives string
// tokens the line they end on, so lines and columns are counted here, from
// the rune offset where a token starts. Columns count code points.
type source struct {
	file  string
	runes []rune
	lines []int               // offset of the first rune of each line
	base  map[*ast.Source]int // offset of a part that was parsed alone
}

func newSource(file, text string) *source {
	s := &source{file: file, runes: []rune(text), lines: []int{0}, base: map[*ast.Source]int{}}
	if len(s.runes) > 0 && s.runes[0] == '\ufeff' {
		s.lines[0] = 1 // editors do not show a byte order mark
	}
	for i, r := range s.runes {
		// https://spec.graphql.org/September2025/#LineTerminator
		if r == '\n' || r == '\r' && (i+1 == len(s.runes) || s.runes[i+1] != '\n') {
			s.lines = append(s.lines, i+1)
		}
	}
	return s
}

// part returns runes [from, to) as a source of its own.
func (s *source) part(from, to int) *ast.Source {
	p := &ast.Source{Name: s.file, Input: string(s.runes[from:to])}
	s.base[p] = from
	return p
}

// offset is the rune offset of a parsed node; nil is the start of the file.
func (s *source) offset(p *ast.Position) int {
	if p == nil {
		return 0
	}
	return s.base[p.Src] + p.Start
}

func (s *source) pos(p *ast.Position) Position { return s.at(s.offset(p)) }

// at is the place of a rune offset.
func (s *source) at(offset int) Position {
	line := sort.SearchInts(s.lines, offset+1) - 1
	line = max(line, 0)
	return Position{File: s.file, Line: line + 1, Column: max(offset-s.lines[line], 0) + 1}
}

// inString is the place of the code point of that index in the value of a
// string literal.
func (s *source) inString(v *ast.Value, index int) Position {
	start := s.offset(v.Position)
	places := s.stringPlaces(start)
	if index < 0 || len(places) == 0 {
		return s.at(start)
	}
	return s.at(places[min(index, len(places)-1)])
}

// stringPlaces gives the offset of each code point of the value of the string
// literal at offset start, and that of its closing quotes.
func (s *source) stringPlaces(start int) []int {
	if s.has(start, `"""`) {
		return s.blockPlaces(start + 3)
	}
	var places []int
	i := start + 1
	for i < len(s.runes) && s.runes[i] != '"' {
		places = append(places, i)
		i += s.escapeLen(i)
	}
	return append(places, i)
}

// escapeLen is how many runes the source writes the code point at i with.
func (s *source) escapeLen(i int) int {
	switch {
	case s.runes[i] != '\\':
		return 1
	case s.has(i, `\u{`):
		for n := 3; i+n < len(s.runes); n++ {
			if s.runes[i+n] == '}' {
				return n + 1
			}
		}
		return len(s.runes) - i
	case s.has(i, `\u`):
		if utf16.IsSurrogate(s.hex(i+2)) && s.has(i+6, `\u`) &&
			utf16.DecodeRune(s.hex(i+2), s.hex(i+8)) != '\ufffd' {
			return 12
		}
		return 6
	}
	return 2
}

func (s *source) has(i int, text string) bool {
	return i+len(text) <= len(s.runes) && string(s.runes[i:i+len(text)]) == text
}

func (s *source) hex(i int) (r rune) {
	for _, c := range s.runes[min(i, len(s.runes)):min(i+4, len(s.runes))] {
		d := strings.IndexRune("0123456789abcdef", c|0x20)
		if d < 0 {
			return 0
		}
		r = r<<4 | rune(d)
	}
	return r
}

// blockPlaces is stringPlaces of a block string whose content starts at i. It
// takes indentation and blank lines away exactly as the parser does, which
// counts the first line's indentation too.
func (s *source) blockPlaces(i int) []int {
	lines := [][]int{nil}
	add := func(at int) { lines[len(lines)-1] = append(lines[len(lines)-1], at) }
	newline := func(at int) { add(at); lines = append(lines, nil) }
	for i < len(s.runes) && (!s.has(i, `"""`) || s.has(i, `""""`)) {
		switch {
		case s.has(i, `\"""`):
			add(i + 1)
			add(i + 2)
			add(i + 3)
			i += 3
		case s.has(i, "\r\n"):
			newline(i)
			i++
		case s.runes[i] == '\n' || s.runes[i] == '\r':
			newline(i)
		default:
			add(i)
		}
		i++
	}

	// indent is the number of leading blanks, and whether the line has more.
	indent := func(line []int) (int, bool) {
		for n, at := range line {
			switch s.runes[at] {
			case ' ', '\t':
			case '\n', '\r':
				return n, false
			default:
				return n, true
			}
		}
		return len(line), false
	}
	common := -1
	for _, line := range lines {
		if n, more := indent(line); more && (common < 0 || n < common) {
			common = n
		}
	}
	var places []int
	seen, blank := false, 0 // blank: places from there on are trailing blank lines
	for n, line := range lines {
		_, more := indent(line)
		if !seen && !more {
			continue
		}
		seen = true
		if n > 0 {
			end := len(line)
			if end > 0 && n < len(lines)-1 {
				end-- // its line terminator stays
			}
			line = line[min(max(common, 0), end):]
		}
		places = append(places, line...)
		if more {
			blank = len(places)
			if n < len(lines)-1 {
				blank-- // no line terminator after the last line
			}
		}
	}
	return append(places[:blank], i)
}
