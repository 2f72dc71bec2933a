package spanner_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"

	"flora.dev/flora/rules"
	"flora.dev/flora/schema"
	"flora.dev/flora/store"
	"flora.dev/flora/store/spanner"
	"flora.dev/flora/store/spanner/emulator"
)

// calls counts the data RPCs of a client, by method.
type calls struct {
	mu   sync.Mutex
	list []string
}

func (c *calls) add(method string) {
	name := method[strings.LastIndexByte(method, '/')+1:]
	if strings.Contains(method, "/google.spanner.v1.Spanner/") && !strings.HasSuffix(name, "Session") {
		c.mu.Lock()
		c.list = append(c.list, name)
		c.mu.Unlock()
	}
}

// take returns the methods called since the last take.
func (c *calls) take() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := strings.Join(c.list, " ")
	c.list = nil
	return s
}

func (c *calls) dial() []grpc.DialOption {
	return []grpc.DialOption{
		grpc.WithChainUnaryInterceptor(func(ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
			c.add(method)
			return invoke(ctx, method, req, reply, cc, opts...)
		}),
		grpc.WithChainStreamInterceptor(func(ctx context.Context, desc *grpc.StreamDesc, cc *grpc.ClientConn, method string, stream grpc.Streamer, opts ...grpc.CallOption) (grpc.ClientStream, error) {
			c.add(method)
			return stream(ctx, desc, cc, method, opts...)
		}),
	}
}

// now is the clock of all mutations.
const now = 1_700_000_000_000_000

// world is a deployed schema: documents of teams, which their members read.
//
//	Team   name
//	Member team: Team!  user: String!
//	Doc    team: Team   title: String! @unique   n: Long   score due day tags
type world struct {
	t                 *testing.T
	name              string // of the database
	db                *spanner.DB
	calls             *calls
	team, member, doc *schema.Collection
	version           int64
}

func open(t *testing.T, name string, opts spanner.Options) *spanner.DB {
	t.Helper()
	opts.Emulator = emulator.Host(t)
	db, err := spanner.Open(t.Context(), name, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func newWorld(t *testing.T) *world {
	t.Parallel()
	w := &world{t: t, calls: &calls{}, team: collection("Team"), member: collection("Member"), doc: collection("Doc")}
	add(w.team, "name", rules.String).NonNull = true
	ref(w.member, "team", w.team).NonNull = true
	add(w.member, "user", rules.String).NonNull = true
	w.team.Object.Fields = append(w.team.Object.Fields, &rules.Field{Object: w.team.Object, Name: "members",
		Kind: rules.Ref, Target: w.member.Object, Back: w.member.Object.Field("team")})
	ref(w.doc, "team", w.team)
	add(w.doc, "title", rules.String).NonNull = true
	w.doc.Uniques = []*schema.Unique{{Name: "Doc_title", Fields: w.doc.Fields[1:2]}}
	add(w.doc, "n", rules.Long)
	add(w.doc, "score", rules.Float)
	add(w.doc, "due", rules.Time)
	add(w.doc, "day", rules.Date)
	add(w.doc, "tags", rules.String).List = true

	w.name = emulator.Database(t)
	w.db = open(t, w.name, spanner.Options{Dial: w.calls.dial()})
	d, err := w.db.Deploy(t.Context(), &store.Migration{SDL: "first", Steps: w.steps()})
	if err != nil {
		t.Fatal(err)
	}
	w.version = d.Version
	w.create(w.team, "blue", "name", "Blue")
	w.create(w.team, "red", "name", "Red")
	w.create(w.member, "m1", "team", "blue", "user", "alice")
	w.create(w.doc, "d1", "team", "blue", "title", "one", "n", int64(1))
	w.create(w.doc, "d2", "team", "red", "title", "two", "n", int64(2))
	w.calls.take()
	return w
}

func (w *world) steps() []schema.Step {
	var steps []schema.Step
	for _, c := range []*schema.Collection{w.team, w.member, w.doc} {
		steps = append(steps, schema.Step{Kind: schema.CreateTable, Collection: c})
	}
	steps = append(steps, schema.Step{Kind: schema.CreateUnique, Collection: w.doc, Unique: w.doc.Uniques[0]})
	for _, c := range []*schema.Collection{w.member, w.doc} {
		steps = append(steps, schema.Step{Kind: schema.AddForeignKey, Collection: c, Field: c.Fields[0]})
	}
	return steps
}

func collection(name string) *schema.Collection {
	o := &rules.Object{Name: name, Table: name}
	o.Key = &rules.Field{Object: o, Name: "_id", Column: "flora_id", Kind: rules.ID, NonNull: true}
	o.TS = &rules.Field{Object: o, Name: "_ts", Column: "flora_ts", Kind: rules.Long, NonNull: true}
	return &schema.Collection{Object: o}
}

func add(c *schema.Collection, name string, k rules.Kind) *rules.Field {
	f := &rules.Field{Object: c.Object, Name: name, Column: name, Kind: k}
	c.Object.Fields = append(c.Object.Fields, f)
	c.Fields = append(c.Fields, &schema.Field{Field: f, Collection: c})
	return f
}

func ref(c *schema.Collection, name string, to *schema.Collection) *rules.Field {
	f := add(c, name, rules.Ref)
	f.Target = to.Object
	return f
}

func col(v rules.Var, c *schema.Collection, name string) rules.Col {
	return rules.Col{Var: v, Field: c.Object.Field(name)}
}

func val(k rules.Kind, v any) rules.Val {
	_, list := v.([]any)
	return rules.Val{Value: rules.Value{Kind: k, List: list, V: v}}
}

func eq(l, r rules.Operand) rules.Pred { return rules.Cmp{Op: rules.Eq, L: l, R: r} }

// reads is the read rule of Doc: members of its team read it.
func (w *world) reads(doc rules.Var, user string) rules.Pred {
	return rules.One{From: col(doc, w.doc, "team"), Target: w.team.Object, Var: doc + 1000, Domain: rules.True,
		Body: rules.Many{Of: col(doc+1000, w.team, "_id"), Field: w.team.Object.Field("members"), Var: doc + 1001,
			Domain: rules.True, Body: eq(col(doc+1001, w.member, "user"), val(rules.String, user))}}
}

// set makes assignments from names and values; v of nil is null.
func set(c *schema.Collection, pairs ...any) []store.Assign {
	var list []store.Assign
	for i := 0; i < len(pairs); i += 2 {
		f := c.Object.Field(pairs[i].(string))
		list = append(list, store.Assign{Field: f, Value: rules.Val{Value: rules.Value{Kind: f.Kind, List: f.List, V: pairs[i+1]}}})
	}
	return list
}

// insert is a create that asks nothing. What pairs leave out is null.
func (w *world) insert(c *schema.Collection, id string, pairs ...any) store.Head {
	for _, f := range c.Fields {
		given := false
		for i := 0; i < len(pairs); i += 2 {
			given = given || pairs[i] == f.Name
		}
		if !given {
			pairs = append(pairs, f.Name, nil)
		}
	}
	return store.Head{Kind: store.Insert, Table: c.Object, ID: id, Set: set(c, pairs...), Guard: rules.True}
}

// change is an update of a Doc that alice may read, if also more holds.
func (w *world) change(id string, more rules.Pred, pairs ...any) store.Head {
	return store.Head{Kind: store.Update, Table: w.doc.Object, ID: id, Set: set(w.doc, pairs...),
		Guard: rules.And{w.reads(rules.Old, "alice"), more}, Readable: w.reads(rules.Old, "alice")}
}

func (w *world) remove(c *schema.Collection, id string) store.Head {
	return store.Head{Kind: store.Delete, Table: c.Object, ID: id, Guard: rules.True, Readable: rules.True}
}

// answering adds an answer with fields of the document, as an echo or not.
func answering(c *schema.Collection, h store.Head, echo bool, fields ...string) store.Head {
	h.Answer = &store.Select{From: c.Object, Var: 10, One: true, Where: eq(col(10, c, "_id"), val(rules.ID, h.ID))}
	for _, f := range fields {
		h.Answer.Columns = append(h.Answer.Columns, store.Column{Value: col(10, c, f)})
	}
	h.Echo = echo
	return h
}

func (w *world) create(c *schema.Collection, id string, pairs ...any) {
	w.t.Helper()
	w.mustWrite(w.insert(c, id, pairs...))
}

func (w *world) write(heads ...store.Head) (*store.Outcome, error) {
	return w.db.Write(w.t.Context(), &store.Mutation{Version: w.version, Now: now, Heads: heads})
}

func (w *world) mustWrite(heads ...store.Head) *store.Outcome {
	w.t.Helper()
	out, err := w.write(heads...)
	if err != nil {
		w.t.Fatal(err)
	}
	return out
}

// values reads fields of a document as positional JSON, or null.
func (w *world) values(c *schema.Collection, id string, fields ...string) string {
	w.t.Helper()
	h := answering(c, store.Head{ID: id}, false, fields...)
	rows, err := w.db.Read(w.t.Context(), &store.Query{Roots: []store.Select{*h.Answer}})
	if err != nil {
		w.t.Fatal(err)
	}
	return rows.Roots[0]
}

func (w *world) wantCalls(what, want string) {
	w.t.Helper()
	if got := w.calls.take(); got != want {
		w.t.Errorf("%s: RPCs %q, want %q", what, got, want)
	}
}

// clock is a clock that a test sets.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}
