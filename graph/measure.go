package graph

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// role is what an object type is to the estimate.
type role uint8

const (
	plain role = iota
	page       // a connection: nodes and edges are the documents of the list above
	edge       // its edge
	batch      // what a mutation of many documents answers
)

// rolesOf finds the page types of a schema: what a field with the argument
// first returns, and what the edges of that hold; and the answers of mutations
// of many documents, whose names are reserved for them.
func rolesOf(s *ast.Schema) map[string]role {
	roles := map[string]role{}
	for _, def := range s.Types {
		if def.Kind != ast.Object || strings.HasPrefix(def.Name, "__") {
			continue
		}
		if strings.HasSuffix(def.Name, "BatchPayload") && def.Fields.ForName("nodes") != nil {
			roles[def.Name] = batch
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

// canField of every document says what its caller may do with it, as a canType.
// Names that begin with an underscore are never a developer's, and that of the
// type is reserved.
const canField, canType = "_can", "Can"

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
	case in == page && (f.Name == "nodes" || f.Name == "edges" || f.Name == "data"):
		m.cost++
	case in == batch && f.Name == "nodes":
		m.cost = (m.cost + 1) * int64(c.limits.MaxWrite)
	case def != nil && f.Name == canField:
		// No document and no relation, but a rule or two for each field of the type.
		m.cost = m.cost*int64(len(parent.Fields)) + 1
	case parentName == canType:
		m.cost++
	case f.Name == "__schema" || f.Name == "__type":
		m.cost++
		m.introspection, m.depth = m.depth+1, 0
	case strings.HasPrefix(parentName, "__") && def != nil && def.Type.Elem != nil:
		m.cost = introspectionList * (m.cost + 1)
		m.depth++
	default:
		switch {
		case def != nil && def.Arguments.ForName("first") != nil:
			m.cost *= c.pageSize(f)
		case f.Arguments.ForName("groupBy") != nil:
			m.cost = (m.cost + 1) * int64(c.limits.MaxPageSize)
		}
		m.cost++
		m.depth++
	}
	m.cost = min(m.cost, most)
	return m
}

// pageSize returns the page that a list is asked for, as far as it is an
// integer: that it is one is checked when arguments are coerced.
func (c *checker) pageSize(f *ast.Field) int64 {
	size, given := int64(0), false
	for _, name := range [...]string{"first", "last", "limit", "_size"} {
		if arg := f.Arguments.ForName(name); arg != nil {
			n, ok := c.sizeOf(f, arg)
			size, given = max(size, n), given || ok
		}
	}
	if !given {
		return int64(c.limits.PageSize)
	}
	return size
}

func (c *checker) sizeOf(f *ast.Field, arg *ast.Argument) (size int64, given bool) {
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
		return 0, false
	}
	n, err := strconv.ParseFloat(raw, 64) // 1e3 is an integer in JSON
	switch {
	case err != nil || n > float64(c.limits.MaxPageSize):
		c.fail(f, exceeds(arg.Name+" of "+f.Name+" is too large", clip(raw), c.limits.MaxPageSize))
		return 0, false
	case n < 0:
		c.fail(f, Errorf(BadUserInput, "%s of %s: expected a page size from 0 to %d, found %s", arg.Name, f.Name, c.limits.MaxPageSize, clip(raw)))
		return 0, false
	}
	return int64(n), true
}

func (c *checker) fail(f *ast.Field, err *gqlerror.Error) {
	if c.err == nil {
		c.err = locate(err, f.Position)
	}
}
