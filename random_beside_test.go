package main

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// beside is what a random query has beside its selection.
type beside struct {
	ids       []string // of documents, as literals
	variables []*randomVariable
	fragments []string
}

// randomVariable has a new value each time the query is asked.
type randomVariable struct {
	name  string
	typ   *ast.Type
	value func() string // as a literal
}

// randomQuery is one that can be asked with many values.
type randomQuery struct {
	text, operation string
	variables       []*randomVariable
}

// open makes a random query with variables, directives and fragments.
func (g *queries) open(ids []string) *randomQuery {
	g.beside = &beside{ids: ids}
	defer func() { g.beside = nil }()
	var body strings.Builder
	for range 1 + g.IntN(3) {
		roots := g.schema.Query.Fields
		f := roots[g.IntN(len(roots))]
		for strings.HasPrefix(f.Name, "__") {
			f = roots[g.IntN(len(roots))]
		}
		body.WriteString(" " + g.field(f, 1+g.IntN(3)))
	}
	root, declared := g.spread("Query", " {"+body.String()+" }"), ""
	for _, v := range g.beside.variables {
		declared += "$" + v.name + ": " + v.typ.String() + " "
	}
	if declared != "" {
		declared = "(" + declared + ")"
	}
	q := &randomQuery{text: "query Q" + declared + root + strings.Join(g.beside.fragments, ""), variables: g.beside.variables}
	if g.IntN(6) == 0 {
		q.text, q.operation = q.text+" query Other { __typename }", "Q"
	}
	return q
}

// outside gives a value a variable, one time in n.
func (g *queries) outside(n int, t *ast.Type, value func() string) string {
	if g.beside == nil || g.IntN(n) > 0 {
		return value()
	}
	v := &randomVariable{name: fmt.Sprintf("v%d", len(g.beside.variables)), typ: t}
	v.value = func() string {
		defer func(b *beside) { g.beside = b }(g.beside)
		g.beside = nil
		return value()
	}
	g.beside.variables = append(g.beside.variables, v)
	return "$" + v.name
}

// directive leaves something out, or not, one time in n.
func (g *queries) directive(n int) string {
	if g.beside == nil || g.IntN(n) > 0 {
		return ""
	}
	t := ast.NonNullNamedType("Boolean", nil)
	return " @" + []string{"include", "skip"}[g.IntN(2)] + "(if: " + g.outside(1, t, func() string { return g.known(t) }) + ")"
}

// spread makes a fragment of a selection, now and then.
func (g *queries) spread(on, selection string) string {
	if g.beside == nil {
		return selection
	}
	switch g.IntN(10) {
	case 0:
		return " { ... on " + on + g.directive(2) + selection + " __typename }"
	case 1:
		name := fmt.Sprintf("F%d", len(g.beside.fragments))
		g.beside.fragments = append(g.beside.fragments, " fragment "+name+" on "+on+selection)
		return " { __typename ..." + name + g.directive(2) + " }"
	}
	return selection
}

var bareWord = regexp.MustCompile(`"[^"]*"|[A-Za-z_]\w*`)

// values are new values of the variables, of some that may be null none.
func (q *randomQuery) values(g *queries) map[string]any {
	if len(q.variables) == 0 {
		return nil
	}
	out := map[string]any{}
	for _, v := range q.variables {
		if !v.typ.NonNull && g.IntN(8) == 0 {
			if g.IntN(2) == 0 {
				out[v.name] = nil
			}
			continue
		}
		out[v.name] = json.RawMessage(bareWord.ReplaceAllStringFunc(v.value(), func(word string) string {
			if word[0] == '"' || word == "true" || word == "false" || word == "null" {
				return word
			}
			return `"` + word + `"` // names of members and enum values
		}))
	}
	return out
}
