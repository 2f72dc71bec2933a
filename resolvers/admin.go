package resolvers

import (
	"context"
	"errors"

	"flora.dev/flora/auth"
	"flora.dev/flora/graph"
	"flora.dev/flora/rules"
	"flora.dev/flora/store"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// AdminResolver answers the control API. The methods that gqlgen asks for are
// in admin.resolvers.go.
type AdminResolver struct {
	// Version returns the schema version that is published now, nil if none is.
	Version func() *graph.Version
	// CanRead returns nil if the caller holds the right flora:read, else the
	// error that the client is to see.
	CanRead func(ctx context.Context) error
	// CanUseData is CanRead for the right flora:data.
	CanUseData func(ctx context.Context) error
	// CanUseProviders is CanRead for the right flora:providers.
	CanUseProviders func(ctx context.Context) error
	// CanUseSchema is CanRead for the right flora:schema.
	CanUseSchema func(ctx context.Context) error
	// Plan says what deploying a schema would do, and Deploy does it.
	Plan   func(ctx context.Context, sdl, file string, allow []string, operations []graph.OperationFile, stored bool, roles []string) (*graph.SchemaPlan, error)
	Deploy func(ctx context.Context, sdl, file string, from int64, allow []string, dryRun bool) (*graph.SchemaDeployment, error)
	// Stats tells the state of this instance.
	Stats func() *graph.ServerStats
	// Providers are the access providers, and Revoked their tokens that count no more.
	Providers []auth.Provider
	Revoked   *auth.Revocations
	// Share writes the notes that decide returns for all instances, with an entry
	// of the audit, and takes them over here. Revoked is up to date while it
	// decides.
	Share func(ctx context.Context, entry *store.Entry, decide func() ([]store.Note, error)) error
	// Assume returns the identity that a token with these claims would give,
	// or what is wrong with them.
	Assume func(claims map[string]any) (*auth.Identity, error)
	// Data answers questions about access.
	Data *Resolvers
}

var _ graph.ResolverRoot = (*AdminResolver)(nil)

// entry tells the audit what the caller does.
func entry(ctx context.Context, action string, detail any) *store.Entry {
	id := auth.From(ctx)
	if id == nil {
		panic("a right of the control API was held without a token")
	}
	return store.NewEntry(id.Issuer, id.Subject, action, detail)
}

// schemaInfo describes a version as the control API shows it.
func schemaInfo(v *graph.Version) *graph.SchemaInfo {
	info := &graph.SchemaInfo{
		Sdl:         v.Schema.SDL,
		Version:     int(v.Number),
		Collections: make([]graph.CollectionInfo, len(v.Schema.Collections)),
	}
	for i, c := range v.Schema.Collections {
		fields := make([]graph.FieldInfo, len(c.Fields))
		for j, f := range c.Fields {
			fields[j] = graph.FieldInfo{Name: f.Name, Type: typeOf(f.Field)}
		}
		info.Collections[i] = graph.CollectionInfo{Name: c.Name, Fields: fields}
	}
	return info
}

// typeOf writes the type of a field. Elements of lists are never null.
func typeOf(f *rules.Field) string {
	t := f.TypeName
	if f.List || f.Many() {
		t = "[" + t + "!]"
	}
	if f.NonNull {
		t += "!"
	}
	return t
}

// actions are the control API's names of what rules guard.
var actions = map[graph.Action]rules.Action{
	graph.ActionRead: rules.Read, graph.ActionCreate: rules.Create, graph.ActionUpdate: rules.Update, graph.ActionDelete: rules.Delete,
}

// explain reads the texts of a question and answers it.
func (r *AdminResolver) explain(ctx context.Context, a Question, claims, data *string) (*graph.AccessExplanation, error) {
	v := r.Version()
	if v == nil {
		return nil, graph.Errorf(graph.Unavailable, "no schema is deployed")
	}
	if claims == nil && len(a.Roles) > 0 {
		return nil, graph.Errorf(graph.BadUserInput, "roles are of a token: give its claims")
	}
	if claims != nil {
		c, err := graph.Object(*claims)
		if err != nil {
			return nil, graph.Errorf(graph.BadUserInput, "claims: %v", err)
		}
		if a.Identity, err = r.Assume(c); err != nil {
			return nil, graph.Errorf(graph.BadUserInput, "claims: %v", err)
		}
	}
	if data != nil {
		var err error
		if a.Data, err = graph.Object(*data); err != nil {
			return nil, graph.Errorf(graph.BadUserInput, "data: %v", err)
		}
	}
	out, err := r.Data.Explain(ctx, v, a)
	if errors.Is(err, graph.ErrStale) {
		return nil, graph.Errorf(graph.Unavailable, "the schema changes right now, try again")
	}
	if e, ok := errors.AsType[*gqlerror.Error](err); ok {
		return nil, &gqlerror.Error{Message: e.Message, Extensions: e.Extensions} // of this field, not of one of the data API
	}
	return out, err
}
