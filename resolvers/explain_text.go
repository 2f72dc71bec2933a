package resolvers

import (
	"strings"

	"flora.dev/flora/rules"
	"flora.dev/flora/schema"
)

// term is a part of a grant that must be true, as it is shown.
type term struct {
	text string
	pred rules.Pred
}

// terms takes a grant apart: the role, then what stands between its &&, of an
// update for either side. What is said of no document is said once.
func terms(g schema.Grant, action rules.Action) []term {
	parts := conjuncts(g.Pred)
	var out []term
	if g.Role != "" && len(parts) > 0 {
		out = append(out, term{spell(parts[0], action), parts[0]})
		parts = parts[1:]
	}
	switch {
	case len(parts) == 1:
		return append(out, term{g.Text, parts[0]})
	case len(parts) == 2 && action == rules.Update && single(g.Text) && mirrored(parts[0], parts[1]):
		return append(out, term{"of the stored document: " + g.Text, parts[0]}, term{"of the new document: " + g.Text, parts[1]})
	}
	seen := map[string]bool{}
	for _, p := range parts {
		if text := spell(p, action); !seen[text] {
			seen[text] = true
			out = append(out, term{text, p})
		}
	}
	return out
}

func conjuncts(p rules.Pred) []rules.Pred {
	all, ok := p.(rules.And)
	if !ok {
		return []rules.Pred{p}
	}
	var out []rules.Pred
	for _, q := range all {
		out = append(out, conjuncts(q)...)
	}
	return out
}

// single reports whether an expression has no && outside of parentheses, as
// far as that is seen without parsing it.
func single(text string) bool {
	if strings.ContainsRune(text, '\\') || strings.Contains(text, "//") {
		return false
	}
	depth, quote := 0, rune(0)
	for i, c := range text {
		switch {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '\'' || c == '"':
			quote = c
		case c == '(' || c == '[' || c == '{':
			depth++
		case c == ')' || c == ']' || c == '}':
			depth--
		case depth == 0 && strings.HasPrefix(text[i:], "&&"):
			return false
		}
	}
	return true
}

// mirrored reports whether q says of the new document what p says of the stored.
func mirrored(p, q rules.Pred) bool {
	return strings.ReplaceAll(rules.Print(p), "oldDoc.", "newDoc.") == rules.Print(q)
}

// spell prints a predicate. A write has a newDoc, an update an oldDoc beside it.
func spell(p rules.Pred, action rules.Action) string {
	if t, ok := p.(rules.SlotTest); ok {
		return t.Slot.Text
	}
	if action == rules.Read || action == rules.Delete {
		return strings.ReplaceAll(rules.Print(p), "oldDoc.", "doc.")
	}
	return rules.Print(p)
}
