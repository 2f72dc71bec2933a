package graph

import (
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// plan is an operation made ready to run: what the resolver gets, and what
// the executor answers by itself, in the order of the response.
type plan struct {
	op    *Operation
	roots []rootField
}

// rootField is one key of the response: exactly one of the others is set.
type rootField struct {
	key           string
	field         *Field     // the resolver's
	typename      string     // __typename
	introspection *ast.Field // __schema or __type, its selections merged
}

// collector spreads fragments and merges fields (GraphQL, section 6.3.2).
// Validation guarantees that fields of one key can be merged, and that a
// fragment lies where its type condition, an object type, holds.
type collector struct {
	coercer
	fragments ast.FragmentDefinitionList
}

// collect plans an operation of a valid document.
func collect(s *ast.Schema, doc *ast.QueryDocument, op *ast.OperationDefinition, variables map[string]any) (*plan, *gqlerror.Error) {
	c := collector{coercer{schema: s, variables: variables}, doc.Fragments}
	root := s.Query
	if op.Operation == ast.Mutation {
		root = s.Mutation
	}
	groups, err := c.groups([]ast.SelectionSet{op.SelectionSet})
	if err != nil {
		return nil, err
	}
	p := &plan{op: &Operation{Name: op.Name, Mutation: op.Operation == ast.Mutation}, roots: make([]rootField, len(groups))}
	for i, g := range groups {
		r := &p.roots[i]
		r.key = g.field.Alias
		switch g.field.Name {
		case "__typename":
			r.typename = root.Name
		case "__schema", "__type":
			f := *g.field
			f.SelectionSet = nil
			for _, set := range g.sets {
				f.SelectionSet = append(f.SelectionSet, set...)
			}
			r.introspection = &f
		default:
			if r.field, err = c.field(g); err != nil {
				err.Path = ast.Path{ast.PathName(r.key)}
				return nil, err
			}
			p.op.Fields = append(p.op.Fields, r.field)
		}
	}
	return p, nil
}

// group is one response key: its first field, and the selections of all.
type group struct {
	field *ast.Field
	sets  []ast.SelectionSet
}

func (c *collector) groups(sets []ast.SelectionSet) ([]*group, *gqlerror.Error) {
	g := grouping{collector: c}
	for _, set := range sets {
		if err := g.add(set); err != nil {
			return nil, err
		}
	}
	return g.groups, nil
}

// grouping collects the selections on one object.
type grouping struct {
	*collector
	groups  []*group
	visited []string // fragments; each counts once
}

func (g *grouping) add(set ast.SelectionSet) *gqlerror.Error {
	for _, s := range set {
		ok, err := g.included(directivesOf(s))
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		switch s := s.(type) {
		case *ast.Field:
			into := g.group(s)
			if s.SelectionSet != nil {
				into.sets = append(into.sets, s.SelectionSet)
			}
		case *ast.InlineFragment:
			err = g.add(s.SelectionSet)
		case *ast.FragmentSpread:
			err = g.spread(s.Name)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func directivesOf(s ast.Selection) ast.DirectiveList {
	switch s := s.(type) {
	case *ast.Field:
		return s.Directives
	case *ast.InlineFragment:
		return s.Directives
	case *ast.FragmentSpread:
		return s.Directives
	}
	return nil
}

func (g *grouping) spread(name string) *gqlerror.Error {
	for _, v := range g.visited {
		if v == name {
			return nil
		}
	}
	g.visited = append(g.visited, name)
	f := g.fragments.ForName(name)
	if f == nil {
		return Errorf(ValidationFailed, "unknown fragment %q", name)
	}
	return g.add(f.SelectionSet)
}

func (g *grouping) group(f *ast.Field) *group {
	for _, have := range g.groups {
		if have.field.Alias == f.Alias {
			return have
		}
	}
	made := &group{field: f}
	g.groups = append(g.groups, made)
	return made
}

func (c *collector) field(g *group) (*Field, *gqlerror.Error) {
	f := &Field{Key: g.field.Alias, Name: g.field.Name, Pos: g.field.Position}
	if def := g.field.Definition; def != nil && !strings.HasPrefix(f.Name, "__") {
		var err *gqlerror.Error
		if f.Args, err = c.arguments(f.Name, def.Arguments, g.field.Arguments); err != nil {
			return nil, locate(err, f.Pos)
		}
	}
	if len(g.sets) == 0 {
		return f, nil
	}
	groups, err := c.groups(g.sets)
	if err != nil {
		return nil, err
	}
	f.Fields = make([]*Field, len(groups))
	for i, child := range groups {
		if f.Fields[i], err = c.field(child); err != nil {
			return nil, err
		}
	}
	return f, nil
}

// included decides @skip and @include.
func (c *collector) included(list ast.DirectiveList) (bool, *gqlerror.Error) {
	for _, d := range list {
		if d.Name != "skip" && d.Name != "include" {
			continue
		}
		args, err := c.arguments("@"+d.Name, d.Definition.Arguments, d.Arguments)
		if err != nil {
			return false, locate(err, d.Position)
		}
		if yes, _ := args["if"].(bool); yes == (d.Name == "skip") {
			return false, nil
		}
	}
	return true, nil
}
