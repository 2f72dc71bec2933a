package resolvers

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
	"unsafe"
	"weak"

	"flora.dev/flora/auth"
	"flora.dev/flora/graph"
	"flora.dev/flora/rules"
	"flora.dev/flora/schema"
	"flora.dev/flora/store"
)

const preparedSchema = `
type Paper @auth(read: "doc.public || doc.owner == CurrentIdentity() || doc.team in CurrentToken().teams") {
  public: Boolean
  owner: String
  team: String
  a: Int @auth(read: "HasRole('a')")
  b: Int @auth(read: "HasRole('b')")
  c: Int @auth(read: "HasRole('c')")
  d: Int @auth(read: "HasRole('d')")
  e: Int @auth(read: "HasRole('e')", onDeny: ERROR)
}`

// preparedQueries prepares queries of the schema over a store that answers one text.
type preparedQueries struct {
	*Resolvers
	v     *graph.Version
	asked *askedStore
	log   bytes.Buffer
}

type askedStore struct {
	emptyStore
	last *store.Query
}

func (s *askedStore) Read(ctx context.Context, q *store.Query) (*store.Rows, error) {
	s.last = q
	return s.emptyStore.Read(ctx, q)
}

func newPreparedQueries(t *testing.T, text string) *preparedQueries {
	t.Helper()
	model, err := schema.Load("schema.graphql", []byte(preparedSchema))
	if err != nil {
		t.Fatal(err)
	}
	p := &preparedQueries{v: &graph.Version{Number: 1, Schema: model}, asked: &askedStore{emptyStore: emptyStore{text: text}}}
	p.Resolvers, err = New(p.asked, bytes.Repeat([]byte{1}, 32), Options{Grants: map[string][]Grant{"p": {{Claim: "roles"}}}, Log: slog.New(slog.NewTextHandler(&p.log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// operation is that of a query text, as the executor hands it on.
func (p *preparedQueries) operation(t *testing.T, query string) *graph.Operation {
	t.Helper()
	kept := &keepOperation{Resolver: p.Resolvers}
	e := graph.NewExecutor(graph.Options{Resolver: kept})
	e.Publish(p.v)
	e.Do(t.Context(), graph.Request{Query: query})
	if kept.op == nil {
		t.Fatalf("%s: does not run", query)
	}
	return kept.op
}

// as is the context of a caller with roles, "" for nobody.
func as(t *testing.T, sub string, claims map[string]any, roles ...any) context.Context {
	if sub == "" {
		return t.Context()
	}
	all := map[string]any{"sub": sub, "roles": roles}
	for k, v := range claims {
		all[k] = v
	}
	return auth.With(t.Context(), &auth.Identity{Provider: "p", Issuer: "i", Subject: sub, ID: sub, Claims: all})
}

// TestMaxPlans asks one query in more ways than there are plans for: there are
// never more, and each caller is shown what his roles show.
func TestMaxPlans(t *testing.T) {
	q := newPreparedQueries(t, "[[]]")
	grown := 0
	p := q.Prepare(q.v, q.operation(t, "{ papers { nodes { a b c d } } }"), func() { grown++ }).(*prepared)
	for round := range 3 {
		for mix := range 1 << 4 {
			for _, sub := range []string{"", "ada", "bob"} {
				var roles []any
				for i, role := range []string{"a", "b", "c", "d"} {
					if mix>>i&1 == 1 {
						roles = append(roles, role)
					}
				}
				answer, err := p.Answer(as(t, sub, nil, roles...), nil)
				if err != nil {
					t.Fatal(err)
				}
				want := len(roles)
				if sub == "" {
					want = 0
				}
				if got := len(q.asked.last.Roots[0].Columns); got != want || len(answer.Roots) != 1 {
					t.Fatalf("%q with %v reads %d fields", sub, roles, got)
				}
				if n := plansOf(p.first); n != p.plans || n > maxPlans || n == 0 {
					t.Fatalf("round %d: %d plans, said to be %d", round, n, p.plans)
				}
			}
		}
	}
	if grown != maxPlans {
		t.Errorf("told of %d plans", grown)
	}
	if q.log.Len() > 0 {
		t.Error(q.log.String())
	}
}

func plansOf(c *choice) (n int) {
	if c == nil {
		return 0
	}
	if c.plan != nil {
		return 1
	}
	for _, next := range c.next {
		n += plansOf(next)
	}
	return n
}

// TestGivenValues: callers who answer alike share a plan, and each has his own
// values in the statement.
func TestGivenValues(t *testing.T) {
	q := newPreparedQueries(t, "[[]]")
	p := q.Prepare(q.v, q.operation(t, "{ papers { totalCount nodes { _id } } }"), func() {}).(*prepared)
	var roots *store.Select
	for _, c := range []struct {
		sub   string
		teams any
		want  string
	}{
		{"ada", []any{"t1", "t2"}, "[[t1 t2] ada]"}, {"bob", []any{"t3"}, "[[t3] bob]"}, {"ada", []any{"t3", "t4", "t5"}, "[[t3 t4 t5] ada]"},
	} {
		if _, err := p.Answer(as(t, c.sub, map[string]any{"teams": c.teams}), nil); err != nil {
			t.Fatal(err)
		}
		got := map[string]bool{}
		for _, v := range q.asked.last.Given {
			got[fmt.Sprint(v.V)] = true
		}
		if len(got) != 2 || !got[c.sub] || !got[fmt.Sprint(c.teams)] {
			t.Errorf("%s with %v: the statement has %v", c.sub, c.teams, got)
		}
		if roots != nil && roots != &q.asked.last.Roots[0] {
			t.Errorf("%s: another plan", c.sub)
		}
		roots = &q.asked.last.Roots[0]
	}
	if p.plans != 1 {
		t.Errorf("%d plans", p.plans)
	}
	for _, teams := range []any{nil, []any{}, "t1", []any{"t1", true}} { // who answers otherwise has another
		if _, err := p.Answer(as(t, "ada", map[string]any{"teams": teams}), nil); err != nil {
			t.Fatal(err)
		}
		if roots == &q.asked.last.Roots[0] {
			t.Errorf("teams %v: the plan of a list", teams)
		}
	}
}

// TestUnpreparedPlans: what holds for one request alone is kept as that, and
// only for those whom it concerns.
func TestUnpreparedPlans(t *testing.T) {
	q := newPreparedQueries(t, "[[]]")
	cursor := q.cursors.seal(nil, cursorList{path: "papers", key: q.v.Schema.Collection("Paper").Key}, []string{`"x"`})
	for name, c := range map[string]struct {
		query string
		roles []any
		want  bool
	}{
		"a page":                {"{ papers { nodes { _id } } }", nil, true},
		"a cursor":              {fmt.Sprintf("{ papers(after: %q) { nodes { _id } } }", cursor), nil, false},
		"no cursor":             {`{ papers(after: "x") { nodes { _id } } }`, nil, false},
		"a condition":           {"{ papers(where: {a: {eq: 1}}) { nodes { _id } } }", []any{"a"}, true},
		"a forbidden condition": {"{ papers(where: {a: {eq: 1}}) { nodes { _id } } }", nil, false},
		"a field":               {"{ papers { nodes { e } } }", []any{"e"}, true},
		"an error for a field":  {"{ papers { nodes { e } } }", nil, false},
		"a field left out":      {"{ papers { nodes { a } } }", nil, true},
	} {
		p := q.Prepare(q.v, q.operation(t, c.query), func() {}).(*prepared)
		callers := []string{"ada", "bob", "ada"}
		if name == "a cursor" { // whose it is
			callers = []string{""}
		}
		for _, sub := range callers {
			if _, err := p.Answer(as(t, sub, nil, c.roles...), nil); (err == nil) != c.want || err != nil && !errors.Is(err, graph.ErrUnprepared) {
				t.Errorf("%s for %s: %v", name, sub, err)
			}
		}
		if p.plans != 1 {
			t.Errorf("%s: %d plans", name, p.plans)
		}
	}
	p := q.Prepare(q.v, &graph.Operation{Fields: []*graph.Field{{Key: "p", Name: "findPaperByID", Args: map[string]any{"id": graph.Variable(0)}, Fields: []*graph.Field{{Key: "_id", Name: "_id"}}}}}, func() {})
	for id, want := range map[any]bool{"x": true, "": false, "\x00": false, strings.Repeat("x", 129): false, 7: false, nil: false} {
		if _, err := p.Answer(t.Context(), []any{id}); (err == nil) != want {
			t.Errorf("id %v: %v", id, err)
		}
	}
}

// TestKeep: a plan stands behind the questions that led to it. Where the same
// answers lead to other questions nothing is kept.
func TestKeep(t *testing.T) {
	grown := 0
	p := &prepared{grow: func() { grown++ }}
	caller := func(roles ...string) *rules.Caller {
		c := rules.NewCaller("ada", nil, time.Time{})
		for _, role := range roles {
			c.Grant(role)
		}
		return c
	}
	trace := func(c *rules.Caller, asks ...string) *rules.Trace {
		traced, trace := c.Traced(nil)
		for _, role := range asks {
			traced.Holds(role)
		}
		return trace
	}
	one, two := &keptPlan{}, &keptPlan{}
	p.keep(trace(caller("a"), "a", "b"), one)
	p.keep(trace(caller("a", "b"), "a", "b"), two)
	for name, other := range map[string]*rules.Trace{
		"another question first": trace(caller("a"), "b", "a"),
		"another question next":  trace(caller("a"), "a", "c"),
		"one more":               trace(caller("a"), "a", "b", "c"),
		"one less":               trace(caller("a"), "a"),
		"none":                   trace(caller("a")),
		"the same":               trace(caller("a"), "a", "b"),
	} {
		if p.keep(other, &keptPlan{}); p.plans != 2 || plansOf(p.first) != 2 {
			t.Errorf("%s: %d plans", name, p.plans)
		}
	}
	if p.find(caller("a"), nil) != one || p.find(caller("a", "b"), nil) != two || p.find(caller("b"), nil) != nil || p.find(caller(), nil) != nil {
		t.Error("a caller has another's plan")
	}
	if grown != 2 {
		t.Errorf("told of %d plans", grown)
	}
}

// TestPlansKeepNobody: what a caller's token says is gone when his request is.
func TestPlansKeepNobody(t *testing.T) {
	q := newPreparedQueries(t, "[[]]")
	const query = `{ papers(first: 2, orderBy: [{team: ASC}], where: {or: [{public: {eq: true}}, {owner: {contains: "x"}}]}) { totalCount pageInfo { startCursor endCursor } edges { cursor node { a _can { update fields { name read } } } } } papersAggregate(groupBy: [team]) { key { team } count } }`
	p := q.Prepare(q.v, q.operation(t, query), func() {}).(*prepared)
	said := func() (said []weak.Pointer[byte]) {
		text := func(s string) string {
			s = strings.Repeat(s, 20) // an allocation of its own
			said = append(said, weak.Make(unsafe.StringData(s)))
			return s
		}
		ctx := as(t, text("ada"), map[string]any{"teams": []any{text("t1"), text("t2")}}, text("role"))
		for range 2 {
			if _, err := p.Answer(ctx, nil); err != nil {
				t.Fatal(err)
			}
		}
		return said
	}()
	runtime.GC()
	if said[0].Value() == nil {
		t.Error("what the last statement was given is gone: this test cannot fail")
	}
	q.asked.last = nil
	for range 3 {
		runtime.GC()
	}
	for i, s := range said {
		if s.Value() != nil {
			t.Errorf("text %d of the token is kept", i)
		}
	}
	if p.plans != 1 {
		t.Errorf("%d plans", p.plans)
	}
	runtime.KeepAlive(p)
}

// TestKinds: every value that is open stands where a plan can have it, once or
// twice, or is left out; what planning looks at is looked at for each.
func TestKinds(t *testing.T) {
	q := newPreparedQueries(t, "[[]]")
	find := func(n int) *graph.Field {
		return &graph.Field{Key: "p", Name: "findPaperByID", Args: map[string]any{"id": graph.Variable(n)}}
	}
	create := func(data map[string]any) *graph.Field {
		return &graph.Field{Key: "p", Name: "createPaper", Args: map[string]any{"data": data}}
	}
	for name, c := range map[string]struct {
		op    graph.Operation
		known bool
		kinds []rules.Kind
	}{
		"an id":              {graph.Operation{Fields: []*graph.Field{find(0)}}, true, []rules.Kind{rules.ID}},
		"an id twice":        {graph.Operation{Fields: []*graph.Field{find(0), find(0)}}, true, []rules.Kind{rules.ID}},
		"an id is left out":  {graph.Operation{Fields: []*graph.Field{find(1)}}, true, []rules.Kind{rules.Invalid, rules.ID}},
		"another argument":   {graph.Operation{Fields: []*graph.Field{{Name: "papers", Args: map[string]any{"first": graph.Variable(0)}}}}, false, nil},
		"in a condition":     {graph.Operation{Fields: []*graph.Field{{Name: "papers", Args: map[string]any{"where": map[string]any{"or": []any{graph.Variable(0)}}}}}}, false, nil},
		"data":               {graph.Operation{Mutation: true, Fields: []*graph.Field{create(map[string]any{"a": graph.Variable(1), "owner": graph.Variable(0)})}}, true, []rules.Kind{rules.String, rules.Int}},
		"data of a query":    {graph.Operation{Fields: []*graph.Field{create(map[string]any{"a": graph.Variable(0)})}}, false, []rules.Kind{}},
		"no such member":     {graph.Operation{Mutation: true, Fields: []*graph.Field{create(map[string]any{"x": graph.Variable(0)})}}, false, nil},
		"a relation of none": {graph.Operation{Mutation: true, Fields: []*graph.Field{create(map[string]any{"owner": map[string]any{"connect": graph.Variable(0)}})}}, false, nil},
	} {
		p := &prepared{of: q.Resolvers, v: q.v, op: &c.op}
		if known := p.kinds(); known != c.known || known && !slices.Equal(p.kind, c.kinds) {
			t.Errorf("%s: %v, %v", name, known, p.kind)
		}
	}
	long := strings.Repeat("x", maxIndexed+1)
	for _, c := range []struct {
		kinds  []rules.Kind
		values []any
		want   bool
	}{
		{[]rules.Kind{rules.ID, rules.String}, []any{"a", long[1:]}, true},
		{[]rules.Kind{rules.ID, rules.String}, []any{"a", long}, false},
		{[]rules.Kind{rules.ID, rules.String}, []any{"", "a"}, false},
		{[]rules.Kind{rules.ID, rules.String}, []any{"a", nil}, false},
		{[]rules.Kind{rules.ID, rules.String}, []any{"a"}, false},
		{[]rules.Kind{rules.ID}, []any{int64(1)}, false},
		{[]rules.Kind{rules.Int}, []any{int64(1)}, true},
		{[]rules.Kind{rules.Invalid, rules.ID}, []any{"", "a"}, true},
		{[]rules.Kind{rules.ID}, []any{"a", ""}, true},
	} {
		if got := (&prepared{of: q.Resolvers, kind: c.kinds}).fits(c.values); got != c.want {
			t.Errorf("%v with %d values: %v", c.kinds, len(c.values), got)
		}
	}
}
