package graph

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"

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

// role is what an object type is to the estimate.
type role uint8

const (
	plain role = iota
	page       // a connection: nodes and edges are the documents of the list above
	edge       // its edge
)

// rolesOf finds the page types of a schema: what a field with the argument
// first returns, and what the edges of that hold.
func rolesOf(s *ast.Schema) map[string]role {
	roles := map[string]role{}
	for _, def := range s.Types {
		if def.Kind != ast.Object || strings.HasPrefix(def.Name, "__") {
			continue
		}
		for _, f := range def.Fields {
			if f.Arguments.ForName("first") == nil {
				continue
			}
			connection := s.Types[f.Type.Name()]
			if connection == nil || connection.Kind != ast.Object {
				continue
			}
			roles[connection.Name] = page
			if edges := connection.Fields.ForName("edges"); edges != nil {
				roles[edges.Type.Name()] = edge
			}
		}
	}
	return roles
}

// measure is the size of a selection, fragments spread. Cost estimates the
// documents that the answer holds: each object counts one, a page counts its
// nodes as often as its size says.
type measure struct {
	cost                 int64
	fields               int64
	depth, introspection int
}

// most is where sums stop: far above every limit, far below overflow when
// multiplied with a page size.
const most = 1 << 40

func (m *measure) add(o measure) {
	m.cost = min(m.cost+o.cost, most)
	m.fields = min(m.fields+o.fields, most)
	m.depth = max(m.depth, o.depth)
	m.introspection = max(m.introspection, o.introspection)
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

// selection measures a selection on the type def, nil where the schema does
// not know it: validation refuses that, but only after this.
func (c *checker) selection(def *ast.Definition, set ast.SelectionSet) measure {
	var sum measure
	for _, s := range set {
		switch s := s.(type) {
		case *ast.Field:
			sum.add(c.field(def, s))
		case *ast.InlineFragment:
			on := def
			if s.TypeCondition != "" {
				on = c.schema.Types[s.TypeCondition]
			}
			sum.add(c.selection(on, s.SelectionSet))
		case *ast.FragmentSpread:
			sum.add(c.spread(s.Name))
		}
	}
	return sum
}

func (c *checker) spread(name string) measure {
	m, ok := c.memo[name]
	if f := c.fragments[name]; !ok && f != nil {
		c.memo[name] = nil
		got := c.selection(c.schema.Types[f.TypeCondition], f.SelectionSet)
		m, c.memo[name] = &got, &got
	}
	if m == nil { // unknown, or a cycle: validation refuses both
		return measure{}
	}
	return *m
}

// introspectionList is how long the estimate takes a list of __Type and the like to be.
const introspectionList = 10

func (c *checker) field(parent *ast.Definition, f *ast.Field) measure {
	var def *ast.FieldDefinition
	var of *ast.Definition
	var in role
	var parentName string
	if parent != nil {
		def, in, parentName = parent.Fields.ForName(f.Name), c.roles[parent.Name], parent.Name
	}
	if def != nil {
		of = c.schema.Types[def.Type.Name()]
	}
	if f.SelectionSet == nil {
		return measure{fields: 1}
	}
	m := c.selection(of, f.SelectionSet)
	m.fields++
	switch {
	case in == page && f.Name == "pageInfo", in == edge && f.Name == "node":
		// no document of its own
	case in == page && (f.Name == "nodes" || f.Name == "edges"):
		m.cost++
	case f.Name == "__schema" || f.Name == "__type":
		m.cost++
		m.introspection, m.depth = m.depth+1, 0
	case strings.HasPrefix(parentName, "__") && def != nil && def.Type.Elem != nil:
		m.cost = introspectionList * (m.cost + 1)
		m.depth++
	default:
		if def != nil && def.Arguments.ForName("first") != nil {
			m.cost *= c.pageSize(f)
		}
		m.cost++
		m.depth++
	}
	m.cost = min(m.cost, most)
	return m
}

// pageSize returns what first asks for, as far as it is an integer: that it
// is one is checked when arguments are coerced.
func (c *checker) pageSize(f *ast.Field) int64 {
	size := int64(c.limits.PageSize)
	arg := f.Arguments.ForName("first")
	if arg == nil {
		return size
	}
	raw := ""
	switch v := arg.Value; v.Kind {
	case ast.IntValue:
		raw = v.Raw
	case ast.Variable:
		c.varies = true
		if given, ok := c.variables[v.Raw]; ok {
			number, _ := given.(json.Number)
			raw = number.String()
		} else if def := c.op.VariableDefinitions.ForName(v.Raw); def != nil && def.DefaultValue != nil && def.DefaultValue.Kind == ast.IntValue {
			raw = def.DefaultValue.Raw
		}
	}
	if raw == "" {
		return size
	}
	n, err := strconv.ParseFloat(raw, 64) // 1e3 is an integer in JSON
	switch {
	case err != nil || n > float64(c.limits.MaxPageSize):
		c.fail(f, exceeds("first of "+f.Name+" is too large", clip(raw), c.limits.MaxPageSize))
	case n < 0:
		c.fail(f, Errorf(BadUserInput, "first of %s: expected a page size from 0 to %d, found %s", f.Name, c.limits.MaxPageSize, clip(raw)))
	default:
		size = int64(n)
	}
	return size
}

func (c *checker) fail(f *ast.Field, err *gqlerror.Error) {
	if c.err == nil {
		c.err = locate(err, f.Position)
	}
}
