package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"flora.dev/flora/auth"
	"flora.dev/flora/graph"
	"flora.dev/flora/resolvers"
	"flora.dev/flora/rules"
	"flora.dev/flora/store"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// explainCommand is flora explain.
type explainCommand struct {
	Document string   `arg:"" help:"What it is about: TYPE/ID, for a create TYPE alone."`
	Action   string   `arg:"" enum:"read,create,update,delete" help:"read, create, update or delete."`
	Sub      string   `help:"Subject of the caller's token. Without it the caller has none." placeholder:"ID" flagonly:""`
	Claim    []string `help:"A claim of the token; the value is JSON. iss picks the provider in flora.yaml. May be repeated." placeholder:"KEY=JSON" sep:"none" flagonly:""`
	Role     []string `help:"A role that the caller holds beside those of the provider. May be repeated." placeholder:"NAME" sep:"none" flagonly:""`
	Data     string   `help:"What the caller would send to create or update: a JSON object." placeholder:"JSON" flagonly:""`
	Store    string   `help:"Store to ask. Default: that of flora dev in the data directory." placeholder:"STORE"`
	DataDir  string   `help:"Data directory of the development server." default:".flora" placeholder:"DIR"`
	Server   string   `help:"Running server to ask instead of a store: where its control API is." placeholder:"URL" flagonly:""`
	Token    string   `help:"With --server: your own token, which needs the right flora:data. Better in FLORA_TOKEN than on a command line that others see." placeholder:"TOKEN"`
}

// Help is what flora explain --help adds.
func (explainCommand) Help() string {
	return `Tells which @auth allows a caller something, or which of its parts does not, and which @check would refuse what is ` +
		`sent, for the documents and the schema that are in a store. It reads with system rights and writes nothing. A SQLite ` +
		`store must not be open in a server; with --server the server itself is asked, which knows its callers' providers.

  flora explain Product/lamp update --sub bob --data '{"price": 2}'
  flora explain Product create --sub bob --role seller --data '{"name": "Desk", "price": 80}'
  flora explain Product/lamp read --sub bob --server http://127.0.0.1:8080 --token "$(flora token --sub me --role flora:data)"`
}

// Run answers one question.
func (c *explainCommand) Run(a *app) error {
	_, id, found := strings.Cut(c.Document, "/")
	switch create := c.Action == "create"; {
	case create && found, !create && id == "":
		return fmt.Errorf("%s %s: write TYPE/ID for a document, TYPE alone for a create", c.Document, c.Action)
	case c.Sub == "" && len(c.Claim)+len(c.Role) > 0:
		return errors.New("--claim and --role are of a token: say whose with --sub")
	}
	answer := c.open
	if c.Server != "" {
		answer = func(a *app) (*graph.AccessExplanation, error) { return c.ask(a.ctx) }
	}
	out, err := answer(a)
	if err != nil {
		return err
	}
	c.print(a.stdout, out)
	return nil
}

// open puts the question to a store that no server has open.
func (c *explainCommand) open(a *app) (*graph.AccessExplanation, error) {
	name := c.Store
	providers, _ := a.config.access()
	options := resolvers.Options{Grants: a.config.grants()}
	if name == "" { // as flora dev has it
		name = "sqlite:" + filepath.Join(c.DataDir, "flora.db")
		dev := auth.Provider{Name: devProvider}
		providers = slices.DeleteFunc(providers, func(p auth.Provider) bool { return p.SubjectPrefix == "" })
		providers = append([]auth.Provider{dev}, providers...)
		options.Grants[dev.Name] = []resolvers.Grant{{Claim: auth.RolesClaim}}
		options.DevIssuer = dev.Name
	}
	question, err := c.question(providers)
	if err != nil {
		return nil, err
	}
	db, err := a.openStore(name, false)
	if err != nil {
		return nil, err
	}
	defer db.Close()
	d, err := db.Deployed(a.ctx, 0)
	if errors.Is(err, store.ErrNoSchema) {
		return nil, fmt.Errorf("no schema is deployed in %s", name)
	}
	if err != nil {
		return nil, fmt.Errorf("read deployed schema: %w", err)
	}
	model, err := d.Schema("schema.graphql")
	if err != nil {
		return nil, fmt.Errorf("load deployed schema, version %d: %s", d.Version, line(err))
	}
	r, err := resolvers.New(db, d.Secret, options)
	if err != nil {
		return nil, err
	}
	out, err := r.Explain(a.ctx, &graph.Version{Number: d.Version, Schema: model}, question)
	if e, ok := errors.AsType[*gqlerror.Error](err); ok {
		return nil, errors.New(e.Message)
	}
	return out, err
}

func (c *explainCommand) question(providers []auth.Provider) (resolvers.Question, error) {
	q := resolvers.Question{Roles: c.Role}
	q.Collection, q.ID, _ = strings.Cut(c.Document, "/")
	q.Action = map[string]rules.Action{"read": rules.Read, "create": rules.Create, "update": rules.Update, "delete": rules.Delete}[c.Action]
	if c.Data != "" {
		var err error
		if q.Data, err = graph.Object(c.Data); err != nil {
			return q, errors.New("--data is no JSON object")
		}
	}
	if c.Sub == "" {
		return q, nil
	}
	claims, err := claimsOf(c.Claim)
	if err != nil {
		return q, err
	}
	claims["sub"] = c.Sub
	if c.Store == "" && len(c.Role) > 0 { // as flora token has it
		names := make([]any, len(c.Role))
		for i, name := range c.Role {
			names[i] = name
		}
		claims[auth.RolesClaim] = names
	}
	q.Identity, err = assume(providers, claims)
	return q, err
}

// assume is the identity that a token with these claims would give, from the
// provider whose issuer it names, or the one with bare subjects. For
// explanations only: nobody has shown such a token.
func assume(providers []auth.Provider, claims map[string]any) (*auth.Identity, error) {
	sub, _ := claims["sub"].(string)
	if sub == "" {
		return nil, errors.New("sub is missing or no text")
	}
	var from auth.Provider
	issuer, named := claims["iss"]
	for i, p := range providers {
		if named && p.Issuer == issuer || !named && (i == 0 || p.SubjectPrefix == "") {
			from = p
		}
	}
	if named && from.Issuer != issuer && len(providers) > 0 {
		return nil, fmt.Errorf("no access provider has the issuer %v", issuer)
	}
	claims = maps.Clone(claims)
	if !named && from.Issuer != "" {
		claims["iss"] = from.Issuer
	}
	return &auth.Identity{Provider: from.Name, Issuer: from.Issuer, Subject: sub, ID: from.SubjectPrefix + sub,
		Claims: claims, Vouches: from.Vouches}, nil
}

func (c *explainCommand) print(w io.Writer, e *graph.AccessExplanation) {
	who, may := "a caller without a token", "may not"
	if c.Sub != "" {
		who = c.Sub
	}
	if e.Allowed {
		may = "may"
	}
	fmt.Fprintf(w, "%s %s %s %s\n", who, may, c.Action, c.Document)
	if !e.Exists {
		fmt.Fprintf(w, "there is no %s\n", c.Document)
	}
	word := func(v graph.Verdict) string { return strings.ToLower(string(v)) }
	flat := func(s string) string { return strings.Join(strings.Fields(s), " ") }
	for _, r := range e.Rules {
		fmt.Fprintf(w, "\n%s: %s\n", r.Name, word(r.Verdict))
		if len(r.Grants) == 0 {
			fmt.Fprintf(w, "  %s  nothing grants it\n", r.Position)
		}
		for _, g := range r.Grants {
			role := ""
			if g.Role != nil {
				role = "role " + *g.Role + ": "
			}
			fmt.Fprintf(w, "  %-7s  %s  %s%s\n", word(g.Verdict), g.Position, role, flat(g.Rule))
			for _, clause := range g.Clauses {
				if text := flat(clause.Text); text != flat(g.Rule) || clause.Verdict != g.Verdict {
					fmt.Fprintf(w, "    %-7s  %s\n", word(clause.Verdict), text)
				}
				if clause.Residual != nil && *clause.Residual != clause.Text {
					fmt.Fprintf(w, "             asked: %s\n", flat(*clause.Residual))
				}
			}
		}
	}
	for _, x := range e.Checks {
		fmt.Fprintf(w, "\n%s @check of %s: %s\n", x.Name, x.Path, word(x.Verdict))
		fmt.Fprintf(w, "  %-7s  %s  %s\n", word(x.Verdict), x.Position, flat(x.Rule))
		if x.Verdict == graph.VerdictAllowed {
			continue
		}
		if x.Residual != nil && *x.Residual != x.Rule {
			fmt.Fprintf(w, "             asked: %s\n", flat(*x.Residual))
		}
		fmt.Fprintf(w, "             the client is told: %s\n", x.Message)
	}
}
