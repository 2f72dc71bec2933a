package graph

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
)

// adminRoot is a control API of one answer.
type adminRoot struct {
	QueryResolver
	MutationResolver
	info *SchemaInfo
	err  error
}

func (a *adminRoot) Query() QueryResolver                        { return a }
func (a *adminRoot) Mutation() MutationResolver                  { return a }
func (a *adminRoot) Schema(context.Context) (*SchemaInfo, error) { return a.info, a.err }

func TestControl(t *testing.T) {
	info := &SchemaInfo{Sdl: "type <A>", Version: 3, Collections: []CollectionInfo{{Name: "A", Fields: []FieldInfo{{Name: "x", Type: "Int!"}}}}}
	tests := []struct {
		name, query string
		root        *adminRoot
		status      int
		body        string
	}{
		{"schema", `{ schema { v: version collections { name fields { name type } } } __typename }`, &adminRoot{info: info}, 200,
			`{"data":{"schema":{"v":3,"collections":[{"name":"A","fields":[{"name":"x","type":"Int!"}]}]},"__typename":"Query"}}`},
		{"introspection", `{ __type(name: "FieldInfo") { fields { name } } }`, &adminRoot{info: info}, 200,
			`{"data":{"__type":{"fields":[{"name":"name"},{"name":"type"}]}}}`},
		{"refused", `{ schema { version } }`, &adminRoot{err: Errorf(Forbidden, "needs flora:read")}, 200,
			`{"errors":[{"message":"needs flora:read","path":["schema"],"locations":[{"line":1,"column":3}],"extensions":{"code":"FORBIDDEN","requestId":"r1"}}],"data":null}`},
		{"masked", `{ schema { version } }`, &adminRoot{err: errors.New("secret")}, 200,
			`{"errors":[{"message":"internal error","path":["schema"],"locations":[{"line":1,"column":3}],"extensions":{"code":"INTERNAL","requestId":"r1"}}],"data":null}`},
		{"no answer", `{ schema { version } }`, &adminRoot{}, 200,
			`{"errors":[{"message":"internal error","path":["schema"],"extensions":{"code":"INTERNAL","requestId":"r1"}}],"data":null}`},
		{"unknown field", `{ products { name } }`, &adminRoot{info: info}, 400,
			`{"errors":[{"message":"Cannot query field \"products\" on type \"Query\".","locations":[{"line":1,"column":3}],"extensions":{"code":"GRAPHQL_VALIDATION_FAILED","requestId":"r1"}}]}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := NewControl(tt.root, Options{Introspection: true, Logger: slog.New(slog.DiscardHandler)})
			got := e.Do(WithRequestID(context.Background(), "r1"), Request{Query: tt.query})
			if got.Status != tt.status || string(got.Body) != tt.body {
				t.Errorf("%d %s", got.Status, got.Body)
			}
		})
	}
}

func TestControlKeepsLimits(t *testing.T) {
	e := NewControl(&adminRoot{}, Options{})
	got := e.Do(context.Background(), Request{Query: "{ " + repeat(51, "a%d: schema { version }") + "}"})
	if got.Status != 400 || !strings.Contains(string(got.Body), LimitExceeded) {
		t.Errorf("%d %s", got.Status, got.Body)
	}
	got = e.Do(context.Background(), Request{Query: "{ __schema { types { name } } }"})
	if got.Status != 400 || !strings.Contains(string(got.Body), "introspection is off") {
		t.Errorf("%d %s", got.Status, got.Body)
	}
}
