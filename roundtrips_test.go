package main

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"flora.dev/flora/auth"
	"flora.dev/flora/store/spanner"
	"flora.dev/flora/store/spanner/emulator"
	"google.golang.org/grpc"
)

// trip is an operation, the RPCs that it costs, and a part of its answer.
type trip struct{ name, sub, operation, calls, answer string }

// TestRoundTrips counts the RPCs to Spanner that one GraphQL operation over
// HTTP costs.
func TestRoundTrips(t *testing.T) {
	for world, trips := range roundTrips {
		t.Run(world, func(t *testing.T) { countTrips(t, world, trips) })
	}
}

func countTrips(t *testing.T, world string, trips []trip) {
	var calls callLog
	db, err := spanner.Open(t.Context(), emulator.Database(t), spanner.Options{Emulator: emulator.Host(t), Dial: calls.dial()})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	w := readWorld(t, "testdata/worlds/"+world)
	server, issuer := w.serve(t, db)
	ask := func(sub, operation string) string {
		token, err := issuer.Mint(auth.MintRequest{Subject: sub, TTL: time.Hour})
		if err != nil {
			t.Fatal(err)
		}
		return (&request{Token: token, Operation: operation}).send(t, server, issuer)
	}
	ask("ada", "{ __typename me { _id } }") // opens the session
	for _, c := range trips {
		calls.take()
		var answer string
		if c.sub == "" {
			answer = (&request{Operation: c.operation}).send(t, server, issuer)
		} else {
			answer = ask(c.sub, c.operation)
		}
		if got := calls.take(); got != c.calls {
			t.Errorf("%s: calls %q, want %q", c.name, got, c.calls)
		}
		if !strings.Contains(answer, c.answer) {
			t.Errorf("%s: %s lacks %s", c.name, answer, c.answer)
		}
	}
}

var roundTrips = map[string][]trip{
	"products": {
		{"three levels, two roots", "ada",
			"{ products { nodes { name owner { name products { totalCount nodes { name } } } } } stores { nodes { name products { nodes { name owner { name } } } } } }",
			"read", `"Lamp"`},
		{"nothing that the token allows", "", "{ notes { totalCount } me { name } }", "", `{"notes":{"totalCount":0},"me":null}`},
		{"create whose rules fold", "ada", `mutation { createNote(data: {text: "x"}) { _id owner text day _ts } }`,
			"commit", `{"_id":"new-1","owner":"ada","text":"x"`},
		{"create refused by the token", "", `mutation { createNote(data: {text: "x"}) { _id } }`, "", `UNAUTHENTICATED`},
		{"guarded create", "ada", `mutation { createProduct(data: {name: "x", price: 1}) { name price } }`,
			"read commit", `{"name":"x","price":1}`},
		{"guarded update", "ada", `mutation { partialUpdateProduct(id: "lamp", data: {price: 2.5}) { name price } }`,
			"read commit", `{"name":"Lamp","price":2.5}`},
		{"guarded delete", "ada", `mutation { deleteProduct(id: "draft") { name price } }`,
			"read commit", `{"name":"Draft","price":99}`},
		{"update refused", "bob", `mutation { partialUpdateProduct(id: "lamp", data: {price: 3}) { name } }`,
			"read read rollback", `FORBIDDEN`},
		{"update of a hidden document", "ada", `mutation { partialUpdateProduct(id: "desk", data: {price: 3}) { name } }`,
			"read read rollback", `"partialUpdateProduct":null`},
		{"an answer beyond the row", "ada", `mutation { partialUpdateProduct(id: "lamp", data: {price: 4}) { name owner { name } } }`,
			"read commit read", `{"name":"Lamp","owner":{"name":"Ada"}}`},
		{"three fields", "ada", `mutation {
			a: partialUpdateProduct(id: "lamp", data: {price: 5}) { price }
			b: createNote(data: {text: "y"}) { text }
			c: partialUpdateStore(id: "cellar", data: {name: "Vault"}) { name } }`,
			"batch commit read", `{"a":{"price":5},"b":{"text":"y"},"c":{"name":"Vault"}}`},
	},
	"sales": {
		{"figures and groups", "ada", "{ salesAggregate(groupBy: [seller, way]) { key { seller } count avg { price } } shops { nodes { salesAggregate { count sum { units } } } } }", "read", `"count"`},
	},
	"writes": {
		{"update of many", "ada", `mutation { updateTasks(where: { points: { lte: 1 } }, data: { title: "t" }) { count } }`, "read commit", `"count":1`},
		{"create of many", "ada", `mutation { createNotes(data: [{ text: "a" }, { text: "b" }]) { count } }`, "commit", `"count":2`},
		{"upsert of what exists", "ada", `mutation { upsertProject(by: { name: "pump" }, data: { name: "pump", state: "x" }) { state } }`, "read commit read", `"x"`},
		{"upsert of what does not", "ada", `mutation { upsertProject(by: { name: "new" }, data: { name: "new" }) { name } }`, "read read commit read", `"new"`},
		{"operators", "ada", `mutation { partialUpdateTask(id: "t1", inc: { points: 1 }, append: { labels: ["z"] }) { points labels } }`, "read commit", `"points":2`},
		{"link rows", "ada", `mutation { partialUpdateMemo(id: "m1", data: { tags: { connect: ["g1"] } }) { _id } }`, "batch commit read", `"m1"`},
		{"delete that takes others along", "ada", `mutation { deleteMemo(id: "m1") { _id } }`, "read batch commit", `"m1"`},
		{"delete of many", "bob", `mutation { deleteTasks(where: { code: { eq: "a" } }) { count } }`, "read commit", `"count":1`},
		{"nested creates", "ada", `mutation { createProject(data: { name: "nest", tasks: { create: [{ code: "a" }, { code: "b" }] } }) { name } }`, "batch commit read", `"nest"`},
	},
}

// callLog notes the data RPCs of a client.
type callLog struct {
	mu    sync.Mutex
	names []string
}

func (c *callLog) note(method string) {
	short := map[string]string{"ExecuteStreamingSql": "read", "ExecuteSql": "read", "ExecuteBatchDml": "batch", "Commit": "commit",
		"Rollback": "rollback", "BeginTransaction": "begin", "StreamingRead": "read"}
	if name := short[method[strings.LastIndex(method, "/")+1:]]; name != "" {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.names = append(c.names, name)
	}
}

func (c *callLog) take() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := strings.Join(c.names, " ")
	c.names = nil
	return out
}

func (c *callLog) dial() []grpc.DialOption {
	return []grpc.DialOption{
		grpc.WithChainUnaryInterceptor(func(ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
			c.note(method)
			return invoke(ctx, method, req, reply, cc, opts...)
		}),
		grpc.WithChainStreamInterceptor(func(ctx context.Context, desc *grpc.StreamDesc, cc *grpc.ClientConn, method string, open grpc.Streamer, opts ...grpc.CallOption) (grpc.ClientStream, error) {
			c.note(method)
			return open(ctx, desc, cc, method, opts...)
		}),
	}
}
