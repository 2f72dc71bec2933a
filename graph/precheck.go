package graph

import (
	"math"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/lexer"
)

// The pre-check bounds the work that a document can cause before anything
// that is more than linear in it runs: validation, collection, planning.
// Fragments are measured once and the result is used at each spread, so a
// document of fragments that double each other costs no more than its text.

// countTokens returns the number of tokens of a text, at most one more than
// the limit. The parser stops at the limit too, but its error does not say why.
func countTokens(src *ast.Source, limit int) int {
	l := lexer.New(src)
	for n := 0; ; n++ {
		token, err := l.ReadToken()
		if err != nil || token.Kind == lexer.EOF || n > limit {
			return n
		}
	}
}

// exceeds returns the error of a limit that is not kept.
func exceeds(what string, found, limit any) *gqlerror.Error {
	return Errorf(LimitExceeded, "%s: found %v, the limit is %v", what, found, limit)
}

// checker measures one document.
type checker struct {
	schema    *ast.Schema
	roles     map[string]role
	limits    *Limits
	fragments map[string]*ast.FragmentDefinition
	variables map[string]any

	op     *ast.OperationDefinition
	memo   map[string]*measure // of fragments; nil while one is being measured
	varies bool                // the result depends on variables
	err    *gqlerror.Error     // the first
}

// check holds the document against the limits. It tells whether the result
// depends on the variables.
func (c *checker) check(doc *ast.QueryDocument) (varies bool, err *gqlerror.Error) {
	if err := c.count(doc); err != nil {
		return false, err
	}
	c.fragments = make(map[string]*ast.FragmentDefinition, len(doc.Fragments))
	for _, f := range doc.Fragments {
		c.fragments[f.Name] = f
	}
	for _, op := range doc.Operations {
		c.op, c.memo = op, map[string]*measure{}
		root := c.schema.Query
		if op.Operation == ast.Mutation {
			root = c.schema.Mutation
		}
		m := c.selection(root, op.SelectionSet)
		roots := c.roots(op.SelectionSet, map[string]int{})
		switch {
		case c.err != nil:
		case roots > c.limits.RootFields:
			c.err = exceeds("too many root fields", roots, c.limits.RootFields)
		case m.fields > int64(c.limits.Fields):
			c.err = exceeds("too many selected fields", m.fields, c.limits.Fields)
		case m.depth > c.limits.Depth:
			c.err = exceeds("relations nested too deep", m.depth, c.limits.Depth)
		case m.introspection > c.limits.IntrospectionDepth:
			c.err = exceeds("introspection nested too deep", m.introspection, c.limits.IntrospectionDepth)
		case m.cost > c.limits.Cost:
			c.err = exceeds("too many documents by estimate, ask for smaller pages with first", m.cost, c.limits.Cost)
		}
		if c.err != nil {
			return false, locate(c.err, op.Position)
		}
	}
	return c.varies, nil
}

// count checks what is counted in the text, without spreading fragments.
func (c *checker) count(doc *ast.QueryDocument) *gqlerror.Error {
	if n := len(doc.Operations); n > c.limits.Operations {
		return exceeds("too many operations", n, c.limits.Operations)
	}
	if n := len(doc.Fragments); n > c.limits.Fragments {
		return exceeds("too many fragments", n, c.limits.Fragments)
	}
	var aliases, directives, repeats int
	var deferred *ast.Directive
	count := func(list ast.DirectiveList) {
		directives += len(list)
		if d := list.ForName("defer"); d != nil {
			deferred = d
		}
	}
	// keys are those of the selection; an inline fragment adds to its parent's.
	var walk func(set ast.SelectionSet, keys map[string]bool)
	walk = func(set ast.SelectionSet, keys map[string]bool) {
		for _, s := range set {
			switch s := s.(type) {
			case *ast.Field:
				if s.Alias != s.Name {
					aliases++
				}
				if keys[s.Alias] {
					repeats++
				}
				keys[s.Alias] = true
				count(s.Directives)
				walk(s.SelectionSet, map[string]bool{})
			case *ast.InlineFragment:
				count(s.Directives)
				walk(s.SelectionSet, keys)
			case *ast.FragmentSpread:
				count(s.Directives)
			}
		}
	}
	for _, op := range doc.Operations {
		count(op.Directives)
		for _, v := range op.VariableDefinitions {
			count(v.Directives)
		}
		walk(op.SelectionSet, map[string]bool{})
	}
	for _, f := range doc.Fragments {
		count(f.Directives)
		walk(f.SelectionSet, map[string]bool{})
	}
	switch {
	case aliases > c.limits.Aliases:
		return exceeds("too many aliases", aliases, c.limits.Aliases)
	case repeats > c.limits.Repeats:
		// Validation compares all fields of one key with each other.
		return exceeds("too many fields of one response key", repeats, c.limits.Repeats)
	case directives > c.limits.Directives:
		return exceeds("too many directives", directives, c.limits.Directives)
	case deferred != nil:
		// gqlparser knows @defer; an answer here always comes whole.
		return locate(Errorf(ValidationFailed, "@defer is not supported"), deferred.Position)
	}
	return nil
}

// roots counts the root fields, fragments spread.
func (c *checker) roots(set ast.SelectionSet, memo map[string]int) int {
	n := 0
	for _, s := range set {
		switch s := s.(type) {
		case *ast.Field:
			n++
		case *ast.InlineFragment:
			n += c.roots(s.SelectionSet, memo)
		case *ast.FragmentSpread:
			if _, ok := memo[s.Name]; !ok && c.fragments[s.Name] != nil {
				memo[s.Name] = 0 // a cycle adds nothing; validation refuses it
				memo[s.Name] = c.roots(c.fragments[s.Name].SelectionSet, memo)
			}
			n += memo[s.Name]
		}
		n = min(n, math.MaxInt32)
	}
	return n
}
