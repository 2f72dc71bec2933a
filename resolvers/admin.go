package resolvers

import (
	"context"

	"flora.dev/flora/graph"
	"flora.dev/flora/rules"
)

// AdminResolver answers the control API. The methods that gqlgen asks for are
// in admin.resolvers.go.
type AdminResolver struct {
	// Version returns the schema version that is published now, nil if none is.
	Version func() *graph.Version
	// CanRead returns nil if the caller holds the right flora:read, else the
	// error that the client is to see.
	CanRead func(ctx context.Context) error
}

var _ graph.ResolverRoot = (*AdminResolver)(nil)

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
