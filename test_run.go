package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"strings"
	"time"

	"flora.dev/flora/auth"
	"flora.dev/flora/graph"
	"flora.dev/flora/resolvers"
	"flora.dev/flora/rules"
	"flora.dev/flora/schema"
	"flora.dev/flora/store"
)

// bench is the API over a store with the given documents.
type bench struct {
	model   *schema.Schema
	given   *seed
	shelf   *shelf
	service *service
	now     time.Time // the service's clock; zero: the system's
	dirty   bool      // the store is no longer as given
}

// shelf is a store that can be exchanged for one with the same schema.
type shelf struct{ store.Store }

// run runs the tests in order and tells each with its failures. It returns how
// many passed; its error is one of the bench.
func (f *testFile) run(a *app, model *schema.Schema, tell func(*ruleTest, []string)) (passed int, err error) {
	b := &bench{model: model, given: f.given, shelf: &shelf{}}
	defer b.close()
	if err := b.open(a, f.providers(a.config.grants())); err != nil {
		return 0, err
	}
	for _, t := range f.tests {
		var failures []string
		for _, e := range t.expectations {
			v, err := b.try(a.ctx, t, e)
			if err != nil {
				return passed, fmt.Errorf("%s: %w", e.place, err)
			}
			text, err := b.failure(a.ctx, t, e, v)
			if err != nil {
				return passed, fmt.Errorf("%s: %w", e.place, err)
			}
			if text != "" {
				failures = append(failures, text)
			}
		}
		if len(failures) == 0 {
			passed++
		}
		tell(t, failures)
	}
	return passed, nil
}

// providers are those that vouch for the callers. Beside the roles that a
// provider gives, those that a caller claims are granted, as with the
// development issuer.
func (f *testFile) providers(grants map[string][]resolvers.Grant) map[string][]resolvers.Grant {
	out := map[string][]resolvers.Grant{}
	for _, t := range f.tests {
		if t.caller != nil {
			name := t.caller.provider()
			out[name] = []resolvers.Grant{{Claim: auth.RolesClaim}}
			if t.caller.from != nil {
				out[name] = append(out[name], grants[name]...)
			}
		}
	}
	return out
}

func (b *bench) open(a *app, grants map[string][]resolvers.Grant) error {
	d, err := b.fill(a.ctx)
	if err != nil {
		return err
	}
	b.service, err = newService(b.shelf, d, serviceOptions{
		file: b.model.File, grants: grants, limits: defaultLimits(), now: b.clock,
		log: slog.New(slog.NewTextHandler(a.stderr, &slog.HandlerOptions{Level: slog.LevelError})),
	})
	return err
}

// fill puts a new store on the shelf.
func (b *bench) fill(ctx context.Context) (*store.Deployment, error) {
	b.close()
	db, err := openSQLite(ctx, ":memory:", true)
	if err != nil {
		return nil, err
	}
	b.shelf.Store, b.dirty = db, false
	p, err := plan(ctx, db, b.model, false)
	if err != nil {
		return nil, err
	}
	d, err := p.apply(ctx, db)
	if err != nil {
		return nil, err
	}
	return d, b.given.plant(ctx, db, d.Version, time.Now())
}

// ready makes the store as given again.
func (b *bench) ready(ctx context.Context) error {
	if !b.dirty {
		return nil
	}
	_, err := b.fill(ctx)
	return err
}

// as is a context in which the test's caller asks.
func (b *bench) as(ctx context.Context, t *ruleTest) context.Context {
	return auth.With(ctx, t.caller.identity(b.model, b.clock()))
}

func (b *bench) close() {
	if b.shelf.Store != nil {
		b.shelf.Close()
		b.shelf.Store = nil
	}
}

func (b *bench) clock() time.Time {
	if b.now.IsZero() {
		return time.Now()
	}
	return b.now
}

// answer is the API's answer to an operation whose one root field is "doc".
type answer struct {
	Data   map[string]map[string]any `json:"data"`
	Errors []struct {
		Message    string `json:"message"`
		Path       []any  `json:"path"`
		Extensions struct {
			Code string `json:"code"`
		} `json:"extensions"`
	} `json:"errors"`
	Extensions struct {
		Denied     [][]any `json:"denied"`
		CommitTime int64   `json:"commitTime"`
	} `json:"extensions"`
}

// try does what the expectation speaks of, on the given documents.
func (b *bench) try(ctx context.Context, t *ruleTest, e *expectation) (*verdict, error) {
	if err := b.ready(ctx); err != nil {
		return nil, err
	}
	b.now = t.now
	query, variables := e.operation(b.model.API)
	text, err := json.Marshal(variables)
	if err != nil {
		return nil, err
	}
	response := b.service.data.Do(b.as(ctx, t), graph.Request{Query: query, Variables: text})
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	var a answer
	if err := json.Unmarshal(response.Body, &a); err != nil {
		return nil, fmt.Errorf("read answer: %w", err)
	}
	v := e.judge(&a)
	b.dirty = a.Extensions.CommitTime != 0 || v.fault != "" // a fault may leave open what was written
	return v, nil
}

// operation is the expectation as GraphQL.
func (e *expectation) operation(api *schema.API) (query string, variables map[string]any) {
	kind, of, roots, definition := "mutation", schema.PartialUpdate, api.Mutation, api.AST.Mutation
	switch e.action {
	case rules.Read:
		kind, of, roots, definition = "query", schema.FindByID, api.Query, api.AST.Query
	case rules.Create:
		of = schema.Create
	case rules.Delete:
		of = schema.Delete
	}
	var root *schema.Root
	for _, r := range roots {
		if r.Op == of && r.Collection == e.collection {
			root = r
		}
	}
	values := map[string]any{}
	if e.document != nil {
		values["id"] = e.document.id
	}
	if e.data != nil {
		values["data"] = e.data
	}
	variables = map[string]any{}
	var declared, passed []string
	for _, arg := range definition.Fields.ForName(root.Name).Arguments {
		if v, ok := values[arg.Name]; ok { // no data where clients can set no field
			declared = append(declared, "$"+arg.Name+": "+arg.Type.String())
			passed = append(passed, arg.Name+": $"+arg.Name)
			variables[arg.Name] = v
		}
	}
	list := func(s []string) string {
		if len(s) == 0 {
			return ""
		}
		return "(" + strings.Join(s, ", ") + ")"
	}
	return fmt.Sprintf("%s%s { doc: %s%s { _id %s } }", kind, list(declared), root.Name, list(passed), e.selection()), variables
}

// selection asks for the field that a read speaks of.
func (e *expectation) selection() string {
	switch {
	case e.field == nil:
		return ""
	case e.field.Many():
		return "value: " + e.field.Name + " { totalCount }"
	case e.field.Kind == rules.Ref:
		return "value: " + e.field.Name + " { _id }"
	case e.field.Embedded != nil:
		return "value: " + e.field.Name + " { __typename }"
	}
	return "value: " + e.field.Name
}

// devProvider vouches for callers whose provider nobody names.
const devProvider = "dev"

// provider is the access provider that vouches for the caller.
func (c *testCaller) provider() string {
	switch {
	case c.from != nil:
		return c.from.Name
	case c.Provider != "":
		return c.Provider
	}
	return devProvider
}

// identity is what a verified token of the caller gives. Each claim that links
// callers to documents (@identity) counts as vouched for, unless flora.yaml
// says for which the provider answers.
func (c *testCaller) identity(s *schema.Schema, now time.Time) *auth.Identity {
	if c == nil {
		return nil
	}
	expires := now.Add(time.Hour)
	id := &auth.Identity{Provider: c.provider(), Issuer: issuerAt("127.0.0.1:8080"), Subject: c.Sub, ID: c.Sub, Expires: expires}
	audience := devAudience
	if c.from != nil {
		id.Issuer, audience = c.from.Issuer, c.from.Audience
		id.ID, id.Vouches = c.from.SubjectPrefix+c.Sub, c.from.Vouches
	} else {
		for _, m := range s.Me {
			id.Vouches = append(id.Vouches, m.IdentityClaim)
		}
	}
	id.Claims = map[string]any{
		"iss": id.Issuer, "sub": c.Sub, "aud": audience,
		"iat": json.Number(fmt.Sprint(now.Unix())), "exp": json.Number(fmt.Sprint(expires.Unix())),
	}
	maps.Copy(id.Claims, c.Claims)
	if len(c.Roles) > 0 {
		var roles []any
		for _, r := range c.Roles {
			roles = append(roles, r)
		}
		id.Claims[auth.RolesClaim] = roles
	}
	return id
}
