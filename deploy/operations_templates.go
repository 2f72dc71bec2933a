package deploy

import (
	"fmt"
	"regexp"
	"strings"
)

// tagged is where a template of GraphQL begins in JavaScript: behind a tag, as
// the argument of a function of that name, or behind a comment that marks it.
// https://the-guild.dev/graphql/tools/docs/graphql-tag-pluck
const tagged = "(?:\\b(?:gql|graphql)(?:<[^<>`]*>)?\\s*\\(?\\s*(?:/\\*\\s*GraphQL\\s*\\*/\\s*)?|/\\*\\s*GraphQL\\s*\\*/\\s*)`"

// quoted is where it is given as a string of another kind, or made elsewhere.
const quoted = `\b(?:gql|graphql)\(\s*["'\w]`

// fragmentName is an interpolation that can be a fragment's document: apollo-style
// templates name their fragments behind the braces.
const fragmentName = `^[\w$.\[\]]+$`

// templates are the documents in a JavaScript file. A template with anything
// but fragments put in is skipped, as its text is not known.
func templates(file, text string) (pieces []piece, skipped []OperationBreak) {
	starts := regexp.MustCompile(tagged)
	for from := 0; ; {
		at := starts.FindStringIndex(text[from:])
		if at == nil {
			break
		}
		head, start := from+at[0], from+at[1]
		from = start
		if commented(text, head) {
			continue
		}
		inner, end, why := template(text[start:])
		if from = start + end; why != "" {
			skipped = append(skipped, skip("template", file+":"+lineColumn(text, head), why))
			continue
		}
		pieces = append(pieces, piece{file, blank(text[:start]) + inner + blank(text[start+end:])})
	}
	for _, at := range regexp.MustCompile(quoted).FindAllStringIndex(text, -1) {
		if !commented(text, at[0]) && !strings.HasSuffix(strings.TrimRight(text[:at[0]], " \t"), "function") {
			skipped = append(skipped, skip("template", file+":"+lineColumn(text, at[0]), "it is no template, its text is not read"))
		}
	}
	return pieces, skipped
}

// commented reports whether a place is on a line that begins as a comment.
func commented(text string, at int) bool {
	line := strings.TrimSpace(text[strings.LastIndexByte(text[:at], '\n')+1 : at])
	return strings.HasPrefix(line, "//") || strings.HasPrefix(line, "*")
}

// template reads to the closing backtick, end of what is inside it. Fragments
// put in are blank in inner.
func template(text string) (inner string, end int, why string) {
	var out strings.Builder
	depth, comment, quote := 0, false, false
	name := regexp.MustCompile(fragmentName)
	for i := 0; i < len(text); i++ {
		switch b := text[i]; {
		case b == '`':
			return out.String(), i, why
		case b == '\\': // the text is another one than stands here
			why = "it has an escape"
			i++
			continue
		case strings.HasPrefix(text[i:], "${"):
			length := strings.IndexByte(text[i:], '}')
			if length < 0 {
				return "", len(text), "it does not end"
			}
			if depth > 0 || quote || comment || !name.MatchString(strings.TrimSpace(text[i+2:i+length])) {
				why = "its text is put together"
			}
			out.WriteString(blank(text[i : i+length+1]))
			i += length
			continue
		case b == '\n':
			comment, quote = false, false
		case comment:
		case b == '"':
			quote = !quote
		case quote:
		case b == '#':
			comment = true
		case b == '{':
			depth++
		case b == '}':
			depth--
		}
		out.WriteByte(text[i])
	}
	return "", len(text), "it does not end"
}

// blank is text with its lines and columns, and nothing in them.
func blank(text string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || r == '\r' {
			return r
		}
		return ' '
	}, text)
}

func lineColumn(text string, at int) string {
	line := strings.LastIndexByte(text[:at], '\n') + 1
	return fmt.Sprintf("%d:%d", 1+strings.Count(text[:at], "\n"), 1+len([]rune(text[line:at])))
}
