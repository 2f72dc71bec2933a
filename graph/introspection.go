package graph

import (
	"context"
	"fmt"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// withoutIntrospection refuses an operation that has __schema or __type
// anywhere: they are fields of the root only.
func withoutIntrospection(op *ast.OperationDefinition, fragments ast.FragmentDefinitionList) *gqlerror.Error {
	seen := map[string]bool{}
	var walk func(ast.SelectionSet) *gqlerror.Error
	walk = func(set ast.SelectionSet) *gqlerror.Error {
		for _, s := range set {
			var err *gqlerror.Error
			switch s := s.(type) {
			case *ast.Field:
				if s.Name == "__schema" || s.Name == "__type" {
					err = locate(Errorf(ValidationFailed, "introspection is off"), s.Position)
				}
			case *ast.InlineFragment:
				err = walk(s.SelectionSet)
			case *ast.FragmentSpread:
				if f := fragments.ForName(s.Name); f != nil && !seen[s.Name] {
					seen[s.Name] = true
					err = walk(f.SelectionSet)
				}
			}
			if err != nil {
				return err
			}
		}
		return nil
	}
	return walk(op.SelectionSet)
}

// introspect answers one __schema or __type field. The code that gqlgen
// generated for the control API knows how: it is generic over the schema.
func introspect(ctx context.Context, s *ast.Schema, field *ast.Field) ([]byte, error) {
	outer := graphql.GetOperationContext(ctx)
	op := *outer.Operation
	op.SelectionSet = ast.SelectionSet{field}
	inner := &graphql.OperationContext{
		RawQuery:               outer.RawQuery,
		Variables:              outer.Variables,
		OperationName:          outer.OperationName,
		Doc:                    outer.Doc,
		Operation:              &op,
		RecoverFunc:            outer.RecoverFunc,
		ResolverMiddleware:     outer.ResolverMiddleware,
		RootResolverMiddleware: outer.RootResolverMiddleware,
	}
	ctx = graphql.WithOperationContext(ctx, inner)
	resp := NewExecutableSchema(Config{Schema: s}).Exec(ctx)(ctx)
	prefix := len(`{"":`) + len(field.Alias)
	if resp == nil || len(resp.Data) < prefix+len("}") || resp.Data[0] != '{' {
		return nil, fmt.Errorf("introspect %s: no answer", field.Name)
	}
	return resp.Data[prefix : len(resp.Data)-1], nil
}
