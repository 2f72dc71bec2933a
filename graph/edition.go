package graph

import (
	"context"
	"errors"
	"unicode/utf8"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/executor"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator"
	"github.com/vektah/gqlparser/v2/validator/rules"
)

// edition is everything that belongs to one schema version: a document that
// was validated against one schema must never run against another, or rules
// would be evaded.
type edition struct {
	version   *Version // nil: the control API
	schema    *ast.Schema
	gqlgen    *executor.Executor
	documents documents
	data      *dataSchema // nil: the control API
	preparer  Preparer    // nil: nothing is prepared
	prepared  *generations[preparedKey, *preparedOperation]
	roles     map[string]role
	options   *Options
}

func newEdition(v *Version, es graphql.ExecutableSchema, o *Options, present graphql.ErrorPresenterFunc) *edition {
	ed := &edition{
		version:   v,
		schema:    es.Schema(),
		gqlgen:    executor.New(es),
		documents: newDocuments(),
		prepared:  newGenerations[preparedKey, *preparedOperation](preparedEntries, preparedBytes),
		roles:     rolesOf(es.Schema()),
		options:   o,
	}
	ed.gqlgen.SetQueryCache(queryCache{ed.documents})
	ed.gqlgen.SetErrorPresenter(present)
	ed.gqlgen.SetRecoverFunc(recovered)
	ed.gqlgen.SetDisableSuggestion(!o.Introspection)
	return ed
}

// run is one operation on its way through gqlgen's executor.
type run struct {
	edition *edition
	params  graphql.RawParams // as the client sent them, to start over
	plan    *plan             // nil: the control API
	stale   bool              // the resolver found a newer version
	nodes   int               // documents written
}

// runKey names the run among the extensions of gqlgen's statistics, the one
// place of an operation context that is open to others.
const runKey = "flora"

func runOf(opCtx *graphql.OperationContext) *run {
	r, _ := opCtx.Stats.GetExtension(runKey).(*run)
	return r
}

// open makes a request ready to run. Its errors are request errors: nothing ran.
func (ed *edition) open(ctx context.Context, params *graphql.RawParams) (*graphql.OperationContext, gqlerror.List) {
	r := &run{edition: ed, params: *params}
	doc, errs := ed.document(params.Query, params.Variables)
	if errs != nil {
		return nil, errs
	}
	op := doc.Operations.ForName(params.OperationName)
	if op == nil {
		message := "the document has no operation " + clip(params.OperationName)
		if params.OperationName == "" {
			message = "the document has several operations, operationName must name one"
		}
		return nil, gqlerror.List{Errorf(ValidationFailed, "%s", message)}
	}
	variables, err := coerceVariables(ed.schema, op, params.Variables)
	if err != nil {
		return nil, gqlerror.List{err}
	}
	if ed.version != nil {
		if r.plan, err = collect(ed.schema, doc, op, variables); err != nil {
			return nil, gqlerror.List{err}
		}
		if r.plan.op.Mutation {
			r.plan.op.Retry = retryOf(ctx, params)
		}
	}
	if !ed.options.Introspection {
		if err := withoutIntrospection(op, doc.Fragments); err != nil {
			return nil, gqlerror.List{err}
		}
	}
	coerced := *params
	coerced.Variables = variables // gqlgen's own coercion is laxer, and finds nothing left to do
	opCtx, errs := ed.gqlgen.CreateOperationContext(ctx, &coerced)
	if errs != nil {
		return nil, errs
	}
	opCtx.DisableIntrospection = !ed.options.Introspection
	opCtx.Stats.SetExtension(runKey, r)
	return opCtx, nil
}

// document returns the parsed, checked and valid document of a query text.
func (ed *edition) document(query string, variables map[string]any) (*ast.QueryDocument, gqlerror.List) {
	limits := &ed.options.Limits
	c := checker{schema: ed.schema, roles: ed.roles, limits: limits, variables: variables}
	if doc := ed.documents.get(query); doc != nil {
		if doc.varies {
			if _, err := c.check(doc.ast); err != nil {
				return nil, gqlerror.List{err}
			}
		}
		return doc.ast, nil
	}
	parsed, err := parse(query, limits)
	if err != nil {
		return nil, gqlerror.List{err}
	}
	varies, err := c.check(parsed)
	if err != nil {
		return nil, gqlerror.List{err}
	}
	if errs := ed.validate(parsed); len(errs) > 0 {
		return nil, errs
	}
	ed.documents.add(query, &document{ast: parsed, varies: varies})
	return parsed, nil
}

func parse(query string, limits *Limits) (*ast.QueryDocument, *gqlerror.Error) {
	if len(query) > limits.QueryBytes {
		return nil, exceeds("query text too large, in bytes", len(query), limits.QueryBytes)
	}
	if !utf8.ValidString(query) {
		return nil, Errorf(ParseFailed, "the query text is not valid UTF-8")
	}
	if err := checkEscapes(query); err != nil {
		return nil, err
	}
	src := &ast.Source{Input: query}
	doc, err := parser.ParseQueryWithTokenLimit(src, limits.Tokens)
	if err != nil {
		if n := countTokens(src, limits.Tokens); n > limits.Tokens {
			return nil, exceeds("too many tokens", "more", limits.Tokens)
		}
		failed := &gqlerror.Error{Message: err.Error()}
		if at, ok := errors.AsType[*gqlerror.Error](err); ok {
			failed.Message, failed.Locations = at.Message, at.Locations
		}
		failed.Extensions = map[string]any{"code": ParseFailed}
		return nil, failed
	}
	if len(doc.Operations) == 0 {
		return nil, Errorf(ValidationFailed, "the document has no operation")
	}
	return doc, nil
}

// validate is gqlgen's choice of rules: where introspection is off, no error
// suggests names of the schema.
func (ed *edition) validate(doc *ast.QueryDocument) gqlerror.List {
	set := rules.NewDefaultRules()
	if !ed.options.Introspection {
		set.ReplaceRule(rules.FieldsOnCorrectTypeRule.Name, rules.FieldsOnCorrectTypeRuleWithoutSuggestions.RuleFunc)
		set.ReplaceRule(rules.KnownArgumentNamesRule.Name, rules.KnownArgumentNamesRuleWithoutSuggestions.RuleFunc)
		set.ReplaceRule(rules.KnownTypeNamesRule.Name, rules.KnownTypeNamesRuleWithoutSuggestions.RuleFunc)
		set.ReplaceRule(rules.ScalarLeafsRule.Name, rules.ScalarLeafsRuleWithoutSuggestions.RuleFunc)
		set.ReplaceRule(rules.ValuesOfCorrectTypeRule.Name, rules.ValuesOfCorrectTypeRuleWithoutSuggestions.RuleFunc)
	}
	errs := validator.ValidateWithRules(ed.schema, doc, set)
	for _, err := range errs {
		err.Extensions = map[string]any{"code": ValidationFailed}
	}
	return errs
}
