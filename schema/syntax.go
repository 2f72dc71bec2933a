package schema

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/lexer"
	"github.com/vektah/gqlparser/v2/parser"
)

// maxRestarts bounds how often lexing goes on behind an invalid character.
const maxRestarts = 50

// parse parses the file. The parser stops at its first fault; then the file
// is cut at its top-level definitions and each is parsed alone, so that every
// broken one is reported and the others are checked all the same.
func (l *loader) parse() *ast.SchemaDocument {
	doc, err := parser.ParseSchema(l.src.part(0, len(l.src.runes)))
	if err == nil {
		return doc
	}
	doc = &ast.SchemaDocument{}
	tokens := l.src.lex()
	for _, piece := range l.src.definitions(tokens) {
		from, to := piece[0].start, piece[len(piece)-1].end
		if slices.ContainsFunc(piece, func(t token) bool { return t.fault != "" }) {
			l.broken(piece)
			for _, t := range piece {
				if t.fault != "" {
					l.fault(l.src.at(t.start), "", "syntax: %s", t.fault)
				}
			}
			continue
		}
		part := l.src.part(from, to)
		got, err := parser.ParseSchema(part)
		if err == nil {
			doc.Merge(got)
			continue
		}
		l.broken(piece)
		l.syntaxFault(part, err)
	}
	if len(l.faults) == 0 { // cut apart it is valid: say what the whole was refused for
		l.syntaxFault(l.src.part(0, len(l.src.runes)), err)
	}
	return doc
}

// broken notes the names of a definition that could not be read: what speaks
// of them elsewhere is not reported.
func (l *loader) broken(piece []token) {
	for _, t := range piece {
		switch t.kind {
		case lexer.String, lexer.BlockString: // perhaps the name of a rule
			l.suspect[t.value] = true
		case lexer.Name:
			l.suspect[t.value] = true
			if t.value == "identity" {
				l.suspect["CurrentUser"] = true
			}
		}
	}
}

// syntaxFault reports a fault of the parser. The parser gives the line and
// column that its token had, which are wrong for block strings, so the token
// is looked up again.
func (l *loader) syntaxFault(part *ast.Source, err error) {
	message, at := err.Error(), l.src.base[part]
	if e := (*gqlerror.Error)(nil); errors.As(err, &e) {
		message = e.Message
		if len(e.Locations) > 0 {
			at = l.src.locate(part, e.Locations[0])
		}
	}
	hint := ""
	switch {
	case strings.HasSuffix(message, "<EOF>"):
		message = "the definition ends too early"
		if strings.Contains(part.Input, "{") {
			hint = `is a "}" missing?`
		}
	case strings.HasPrefix(message, "Unexpected Name "):
		name, _ := strconv.Unquote(strings.TrimPrefix(message, "Unexpected Name "))
		hint = didYouMean(name, []string{"type", "enum", "input", "scalar", "extend", "directive", "schema"})
	case strings.HasPrefix(message, "expected at least one definition"):
		message = "braces need at least one member"
	}
	l.fault(l.src.at(at), hint, "syntax: %s", phrase(message))
}

// phrase puts a message of the parser in the form of ours.
func phrase(message string) string {
	message = strings.ToLower(message[:1]) + strings.TrimSuffix(message[1:], ".")
	message = strings.ReplaceAll(message, `Name "`, `"`)
	return strings.ReplaceAll(message, "expected Name", "expected a name")
}

// locate finds the token that the parser means.
func (s *source) locate(part *ast.Source, want gqlerror.Location) int {
	lex := lexer.New(part)
	last := s.base[part]
	for {
		t, err := lex.ReadToken()
		if err != nil {
			return s.base[part] + t.Pos.End
		}
		if t.Kind == lexer.EOF {
			return last
		}
		last = s.base[part] + t.Pos.Start
		if t.Pos.Line == want.Line && t.Pos.Column == want.Column {
			return last
		}
	}
}

// token is a lexed token with its rune offsets, or a fault of the lexer.
type token struct {
	kind       lexer.Type
	value      string
	start, end int
	fault      string
}

// lex reads all tokens and goes on after invalid ones.
func (s *source) lex() []token {
	var tokens []token
	from := 0
	for range maxRestarts {
		lex := lexer.New(s.part(from, len(s.runes)))
		next := -1
		for next < 0 {
			t, err := lex.ReadToken()
			start, end := from+t.Pos.Start, from+t.Pos.End
			switch {
			case err != nil:
				var e *gqlerror.Error
				fault := err.Error()
				if errors.As(err, &e) {
					fault = e.Message
				}
				fault = phrase(fault)
				at := end
				switch {
				case fault == "unterminated string":
					at = start - 1 // the lexer stands behind the opening quotes
					if start >= 3 && s.has(start-3, `"""`) {
						at = start - 3
					}
				case strings.HasPrefix(fault, "cannot parse the unexpected character"):
					// The lexer quotes one byte of it.
					fault = fmt.Sprintf("cannot parse the unexpected character %q", s.runes[end])
				}
				next = s.skip(end)
				tokens = append(tokens, token{start: at, end: next, fault: fault})
			case t.Kind == lexer.EOF:
				return tokens
			case t.Kind != lexer.Comment:
				tokens = append(tokens, token{kind: t.Kind, value: t.Value, start: start, end: end})
			}
		}
		from = next
	}
	return tokens
}

// skip is where reading goes on after a fault at i: on the next line.
func (s *source) skip(i int) int {
	for i < len(s.runes) && s.runes[i] != '\n' {
		i++
	}
	return i
}

// definitions cuts the tokens before each top-level definition. A definition
// starts at depth 0, or, because a closing brace may be missing, at the very
// beginning of a line.
func (s *source) definitions(tokens []token) [][]token {
	var pieces [][]token
	start, depth := 0, 0
	for i, t := range tokens {
		closed := depth == 0 && i > 0 && tokens[i-1].kind == lexer.BraceR
		first := i
		if i > start && (tokens[i-1].kind == lexer.String || tokens[i-1].kind == lexer.BlockString) {
			first-- // its description
		}
		lineStart := s.at(tokens[first].start).Column == 1
		if i > start && first > start && s.defines(tokens, i) && (depth == 0 || lineStart) || closed && i > start {
			if closed {
				first = i
			}
			pieces = append(pieces, tokens[start:first])
			start, depth = first, 0
		}
		switch t.kind {
		case lexer.BraceL, lexer.ParenL:
			depth++
		case lexer.BraceR, lexer.ParenR:
			depth = max(depth-1, 0)
		}
	}
	if start < len(tokens) {
		pieces = append(pieces, tokens[start:])
	}
	return pieces
}

// defines reports whether token i looks like the keyword of a definition.
func (s *source) defines(tokens []token, i int) bool {
	word := func(i int) string {
		if i < 0 || i >= len(tokens) || tokens[i].kind != lexer.Name {
			return ""
		}
		return tokens[i].value
	}
	if i+1 >= len(tokens) || i > 0 && tokens[i-1].kind == lexer.At || word(i-1) == "extend" {
		return false
	}
	next := tokens[i+1].kind
	switch word(i) {
	case "type", "enum", "input", "interface", "union", "scalar", "extend":
		return next == lexer.Name && (i+2 >= len(tokens) || tokens[i+2].kind != lexer.Colon)
	case "directive":
		return next == lexer.At
	case "schema":
		return next == lexer.BraceL || next == lexer.At
	}
	return false
}
