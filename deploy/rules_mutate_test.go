package deploy

import (
	"math/rand/v2"
	"regexp"
	"strconv"
)

// mutations are small changes of a rule's text: each replaces one match.
var mutations = []struct {
	find *regexp.Regexp
	put  func(r *rand.Rand, found string) string
}{
	{regexp.MustCompile(`&&|\|\|`), swap("&&", "||")},
	{regexp.MustCompile(`==|!=`), swap("==", "!=")},
	{regexp.MustCompile(`<=|>=|<|>`), func(r *rand.Rand, s string) string { return []string{"<", "<=", ">", ">="}[r.IntN(4)] }},
	{regexp.MustCompile(`\.exists\(|\.all\(`), swap(".exists(", ".all(")},
	{regexp.MustCompile(`startsWith|endsWith|contains`), func(r *rand.Rand, s string) string { return []string{"startsWith", "endsWith", "contains"}[r.IntN(3)] }},
	{regexp.MustCompile(`\btrue\b|\bfalse\b`), swap("true", "false")},
	{regexp.MustCompile(`\b[0-9]+\b`), func(r *rand.Rand, s string) string {
		n, _ := strconv.Atoi(s)
		return strconv.Itoa(max(0, n+2*r.IntN(2)-1))
	}},
	{regexp.MustCompile(`'[A-Za-z0-9]*'`), func(r *rand.Rand, s string) string {
		return []string{"'a'", "'A'", "'B'", "'b'", "'r1'", "'r2'", "'alice'"}[r.IntN(7)]
	}},
	{regexp.MustCompile(`!\(?`), func(r *rand.Rand, s string) string { return s[1:] }},
	{regexp.MustCompile(`\(`), func(r *rand.Rand, s string) string { return "(!" }},
	{regexp.MustCompile(`\b(?:doc|oldDoc|newDoc)\.`), func(r *rand.Rand, s string) string { return []string{"doc.", "oldDoc.", "newDoc."}[r.IntN(3)] }},
	{regexp.MustCompile(` (?:&&|\|\|) [^()&|"]+$`), func(*rand.Rand, string) string { return "" }},
	{regexp.MustCompile(`^[^()&|"]+ (?:&&|\|\|) `), func(*rand.Rand, string) string { return "" }},
	{regexp.MustCompile(`^`), func(*rand.Rand, string) string { return "signedIn || " }},
	{regexp.MustCompile(`^`), func(*rand.Rand, string) string { return "signedIn && " }},
}

func swap(a, b string) func(*rand.Rand, string) string {
	return func(_ *rand.Rand, s string) string {
		if s == a {
			return b
		}
		return a
	}
}

// mutate makes one small change of a rule, "" where the one chosen finds
// nothing to change.
func mutate(r *rand.Rand, text string) string {
	m := mutations[r.IntN(len(mutations))]
	at := m.find.FindAllStringIndex(text, -1)
	if len(at) == 0 {
		return ""
	}
	p := at[r.IntN(len(at))]
	out := text[:p[0]] + m.put(r, text[p[0]:p[1]]) + text[p[1]:]
	if out == text {
		return ""
	}
	return out
}
