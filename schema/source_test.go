package schema

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
	"pgregory.net/rapid"
)

// literal parses a schema whose only string is the literal.
func literal(t interface{ Fatalf(string, ...any) }, text string) (*source, *ast.Value) {
	s := newSource("f", "# Größe 😀\ntype A @auth(read: "+text+") { x: Int }")
	doc, err := parser.ParseSchema(s.part(0, len(s.runes)))
	if err != nil {
		t.Fatalf("parse %s: %v", text, err)
	}
	return s, doc.Definitions[0].Directives[0].Arguments[0].Value
}

func TestInString(t *testing.T) {
	tests := []struct {
		name, literal string
		index         int
		want          string // line:col
	}{
		{"start", `"abc"`, 0, "f:2:21"},
		{"end", `"abc"`, 3, "f:2:24"},
		{"beyond the end", `"abc"`, 9, "f:2:24"},
		{"empty", `""`, 0, "f:2:21"},
		{"multi-byte", `"äöü😀x"`, 4, "f:2:25"},
		{"escape", `"a\nb"`, 2, "f:2:24"},
		{"unicode escape", `"\u00e4b"`, 1, "f:2:27"},
		{"braced escape", `"\u{1F600}b"`, 1, "f:2:30"},
		{"surrogates", `"\ud83d\ude00b"`, 1, "f:2:33"},
		{"lone surrogate", `"\ud83dxb"`, 2, "f:2:28"},
		{"block", `"""abc"""`, 1, "f:2:24"},
		{"block, empty", `""""""`, 0, "f:2:23"},
		{"block, indented", "\"\"\"\n    ab\n      cd\n  \"\"\"", 5, "f:4:7"},
		{"block, at the line's end", "\"\"\"\n    ab\n      cd\n  \"\"\"", 2, "f:3:7"},
		{"block, CRLF", "\"\"\"\r\n    ab\r\n    cd\r\n  \"\"\"", 3, "f:4:5"},
		{"block, text on the first line", "\"\"\"ab\n  cd\"\"\"", 5, "f:3:3"},
		{"block, escaped quotes", `"""a\"""b"""`, 4, "f:2:28"},
		{"block, quotes at the end", `"""ab"""""`, 3, "f:2:26"},
		{"block, blanks only", "\"\"\"\n  \n\"\"\"", 0, "f:4:1"},
		{"block, multi-byte", "\"\"\"\n  ä == ö\n\"\"\"", 5, "f:3:8"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, v := literal(t, tt.literal)
			if got := s.inString(v, tt.index).String(); got != tt.want {
				t.Errorf("inString(%s, %d) = %s, want %s", tt.literal, tt.index, got, tt.want)
			}
		})
	}
}

// The places must agree with what the parser made of any literal.
func TestStringPlaces(t *testing.T) {
	check := func(t *rapid.T, text string) {
		s, v := literal(t, text)
		places := s.stringPlaces(s.offset(v.Position))
		if want := utf8.RuneCountInString(v.Raw) + 1; len(places) != want {
			t.Fatalf("%q: %d places for %q", text, len(places), v.Raw)
		}
		i := 0
		for _, r := range v.Raw {
			at := s.runes[places[i]]
			if at != r && at != '\\' && (r != '\n' || at != '\r') {
				t.Fatalf("%q: place %d is %q, the value has %q", text, i, at, r)
			}
			i++
		}
		if end := s.runes[places[i]]; end != '"' {
			t.Fatalf("%q: the end is at %q", text, end)
		}
	}
	t.Run("string", rapid.MakeCheck(func(t *rapid.T) {
		parts := rapid.SliceOf(rapid.SampledFrom([]string{"a", "ü", "😀", " ", `\n`, `\"`, `\\`, `\u00e4`, `\ud83d\ude00`, `\ud83d`, `\u{41}`, "7"})).Draw(t, "parts")
		check(t, `"`+strings.Join(parts, "")+`"`)
	}))
	t.Run("block", rapid.MakeCheck(func(t *rapid.T) {
		parts := rapid.SliceOf(rapid.SampledFrom([]string{"a", "ü", "😀", " ", "  ", "\t", "\n", "\r\n", "\r", `\"""`, `\z`, `"b`, `""c`})).Draw(t, "parts")
		check(t, `"""`+strings.Join(parts, "")+`"""`)
	}))
}
