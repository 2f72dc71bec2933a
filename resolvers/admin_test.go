package resolvers

import (
	"context"
	"testing"

	"flora.dev/flora/graph"
	"flora.dev/flora/rules"
	"flora.dev/flora/schema"
)

func TestAdminSchema(t *testing.T) {
	user := &rules.Object{Name: "User"}
	fields := []*rules.Field{
		{Object: user, Name: "sub", Kind: rules.String, TypeName: "String", NonNull: true},
		{Object: user, Name: "tags", Kind: rules.String, TypeName: "String", List: true},
		{Object: user, Name: "friend", Kind: rules.Ref, TypeName: "User", Target: user},
		{Object: user, Name: "friends", Kind: rules.Ref, TypeName: "User", Target: user, Back: &rules.Field{}, NonNull: true},
	}
	c := &schema.Collection{Object: user}
	for _, f := range fields {
		c.Fields = append(c.Fields, &schema.Field{Field: f, Collection: c})
	}
	version := &graph.Version{Number: 4, Schema: &schema.Schema{SDL: "type User { .. }", Collections: []*schema.Collection{c}}}

	const query = `{ schema { sdl version collections { name fields { name type } } } }`
	refuse := func(context.Context) error { return graph.Errorf(graph.Forbidden, "needs the right flora:read") }
	tests := []struct {
		name    string
		version *graph.Version
		canRead func(context.Context) error
		want    string
	}{
		{"allowed", version, func(context.Context) error { return nil },
			`{"data":{"schema":{"sdl":"type User { .. }","version":4,"collections":[{"name":"User","fields":[` +
				`{"name":"sub","type":"String!"},{"name":"tags","type":"[String!]"},{"name":"friend","type":"User"},{"name":"friends","type":"[User!]!"}]}]}}}`},
		{"refused", version, refuse,
			`{"errors":[{"message":"needs the right flora:read","path":["schema"],"locations":[{"line":1,"column":3}],"extensions":{"code":"FORBIDDEN"}}],"data":null}`},
		{"refused without a schema", nil, refuse,
			`{"errors":[{"message":"needs the right flora:read","path":["schema"],"locations":[{"line":1,"column":3}],"extensions":{"code":"FORBIDDEN"}}],"data":null}`},
		{"no schema", nil, func(context.Context) error { return nil },
			`{"errors":[{"message":"no schema is deployed","path":["schema"],"locations":[{"line":1,"column":3}],"extensions":{"code":"UNAVAILABLE"}}],"data":null}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			root := &AdminResolver{Version: func() *graph.Version { return tt.version }, CanRead: tt.canRead, CanUseData: refuse}
			got := graph.NewControl(root, graph.Options{}).Do(context.Background(), graph.Request{Query: query})
			if string(got.Body) != tt.want {
				t.Errorf("got  %s\nwant %s", got.Body, tt.want)
			}
		})
	}
}
