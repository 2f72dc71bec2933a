package graph

import (
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// checkEscapes refuses an escaped surrogate that has no partner: it names no
// character (GraphQL, section 2.9.4, "String Value"), and the lexer would put
// U+FFFD in its place, so that another text is stored than was sent.
func checkEscapes(text string) *gqlerror.Error {
	for i := 0; i < len(text); {
		switch rest := text[i:]; {
		case rest[0] == '#':
			i += lineLength(rest)
		case strings.HasPrefix(rest, `"""`):
			i += 3 + blockLength(rest[3:])
		case rest[0] == '"':
			n, ok := stringLength(rest[1:])
			if i += 1 + n; !ok {
				before := text[:i]
				line := strings.LastIndexByte(before, '\n') + 1
				err := Errorf(ParseFailed, "a string has half of a surrogate pair")
				return locate(err, &ast.Position{Line: strings.Count(before, "\n") + 1, Column: utf8.RuneCountInString(before[line:]) + 1})
			}
		default:
			i++
		}
	}
	return nil
}

func lineLength(s string) int {
	if n := strings.IndexAny(s, "\r\n"); n >= 0 {
		return n
	}
	return len(s)
}

// blockLength is the length of the rest of a block string, which has one escape only.
func blockLength(s string) int {
	for i := 0; i < len(s); i++ {
		switch {
		case strings.HasPrefix(s[i:], `\"""`):
			i += 3
		case strings.HasPrefix(s[i:], `"""`):
			return i + 3
		}
	}
	return len(s)
}

// stringLength is the length of the rest of a string, or that of what stands
// before a lone surrogate.
func stringLength(s string) (n int, ok bool) {
	for i := 0; i < len(s); {
		switch s[i] {
		case '"', '\n', '\r':
			return i + 1, true
		case '\\':
			r := escaped(s[i:])
			if !utf16.IsSurrogate(r) {
				i += 2
				continue
			}
			if utf16.DecodeRune(r, escaped(s[i+6:])) == utf8.RuneError {
				return i, false
			}
			i += 12
		default:
			i++
		}
	}
	return len(s), true
}

// escaped is the code unit of an escape \uXXXX at the beginning of s, -1 if
// there is none.
func escaped(s string) rune {
	if len(s) < 6 || s[0] != '\\' || s[1] != 'u' {
		return -1
	}
	n, err := strconv.ParseUint(s[2:6], 16, 16)
	if err != nil {
		return -1
	}
	return rune(n)
}
