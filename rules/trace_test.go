package rules

import (
	"encoding/json"
	"slices"
	"testing"
)

// TestTrace folds rules for one caller and for others too: how much was asked, what
// is left for all who answer alike, and who of two others is one of them.
func TestTrace(t *testing.T) {
	w := newWorld()
	claims := map[string]any{"org": "a", "teams": []any{"t1", "t2"}, "mixed": []any{"t1", json.Number("1")}, "none": []any{}, "level": json.Number("3"), "admin": true, "id": "ada"}
	ada := func(more ...any) *Caller {
		mine := map[string]any{}
		for k, v := range claims {
			mine[k] = v
		}
		for i := 0; i < len(more); i += 2 {
			mine[more[i].(string)] = more[i+1]
		}
		return NewCaller("ada", mine, clock)
	}
	editor := ada()
	editor.Grant("editor")
	for _, c := range []struct {
		text      string
		questions int
		whole     bool
		want      string // with the numbers of the values
		like, not *Caller
	}{
		{"doc.public", 0, true, "oldDoc.public", Anonymous(clock), nil},
		{"doc.sku == CurrentIdentity()", 1, true, "oldDoc.sku == $0", NewCaller("bob", nil, clock), Anonymous(clock)},
		{"doc.owner == CurrentUser()", 1, true, "user(v1, User, $0, oldDoc.owner == v1._id)", NewCaller("bob", nil, clock), Anonymous(clock)},
		{"HasRole('editor') || doc.public", 1, true, "oldDoc.public", NewCaller("bob", nil, clock), editor},
		{"signedIn && doc.public", 1, true, "oldDoc.public", NewCaller("bob", nil, clock), Anonymous(clock)},
		{"doc.name == CurrentToken().org", 1, true, "oldDoc.name == $0", ada("org", "b"), ada("org", nil)},
		{"doc.name == CurrentToken().org", 1, true, "oldDoc.name == $0", ada("org", ""), ada("org", json.Number("3"))},
		{"doc.team in CurrentToken().teams", 1, true, "in(oldDoc.team, $0)", ada("teams", []any{"x"}), ada("teams", []any{})},
		{"doc.team in CurrentToken().teams", 1, true, "in(oldDoc.team, $0)", ada("teams", []any{"x", "y", "z"}), ada("teams", []any{"x", json.Number("1")})},
		{"doc.team in CurrentToken().teams", 1, true, "in(oldDoc.team, $0)", ada("teams", []any{"t1"}), ada("teams", "t1")},
		{"doc.team in CurrentToken().mixed", 1, true, "in?(oldDoc.team, $0)", ada("mixed", []any{"x", nil}), ada("mixed", []any{"x"})},
		{"doc.team in CurrentToken().none", 1, true, "false", ada("none", []any{}), ada("none", []any{"x"})},
		{"doc.name.startsWith(CurrentToken().org)", 1, true, "startsWith(oldDoc.name, $0)", ada("org", "b"), ada("org", []any{"a"})},
		{"size(CurrentToken().org) == 1 && doc.public", 1, true, "oldDoc.public", ada("org", "b"), ada("org", "bc")},
		{"CurrentToken().admin && doc.public", 1, true, "oldDoc.public", ada("org", "b"), ada("admin", false)},
		{"doc.public ? doc.sku == CurrentIdentity() : doc.name == CurrentToken().org", 2, true,
			"if(oldDoc.public, oldDoc.sku == $0, oldDoc.name == $1)", ada("org", "b"), ada("org", true)},
	} {
		p, faults := w.env().Rule(w.product, Read, c.text)
		if len(faults) > 0 {
			t.Errorf("%s: %v", c.text, faults)
			continue
		}
		fold := func(c *Caller) (string, *Trace) {
			traced, trace := c.Traced(nil)
			return Print(traced.Fold(p, Binding{Fresh: Counter(New + 1)})), trace
		}
		got, trace := fold(ada())
		if got != c.want || len(trace.Questions) != c.questions || trace.Whole() != c.whole {
			t.Errorf("%s: %s after %d questions, whole %t; want %s, %d, %t", c.text, got, len(trace.Questions), trace.Whole(), c.want, c.questions, c.whole)
		}
		answers := func(c *Caller) bool {
			for i := range trace.Questions {
				if q := &trace.Questions[i]; q.Of(c, trace.Sources, nil) != q.Answer {
					return false
				}
			}
			return true
		}
		if other, _ := fold(c.like); !answers(c.like) || other != got {
			t.Errorf("%s: one who is like her answers otherwise, or gets %s", c.text, other)
		}
		if c.not == nil {
			continue
		}
		if answers(c.not) {
			t.Errorf("%s: one who is not like her answers alike", c.text)
		}
	}
}

// TestTraceOfValues: what would be computed from a value of the caller, or be
// the time, is in no predicate that others share.
func TestTraceOfValues(t *testing.T) {
	w := newWorld()
	list := &Slot{Text: "CurrentToken().teams", direct: func(c *Caller) result { return known(c.token.claims["teams"]) }}
	text := &Slot{Text: "CurrentToken().org", direct: func(c *Caller) result { return known(c.token.claims["org"]) }}
	number := &Slot{Text: "CurrentToken().level", direct: func(c *Caller) result { return known(c.token.claims["level"]) }}
	org, teams, level := SlotRef{Slot: text, Kind: String}, SlotRef{Slot: list, Kind: ID, List: true}, SlotRef{Slot: number, Kind: Int}
	name, stock, tags := Col{Var: Old, Field: w.product.Field("name")}, Col{Var: Old, Field: w.product.Field("stock")}, Col{Var: Old, Field: w.product.Field("tags")}
	one := Val{Value{Kind: Int, V: int64(1)}}
	some := Value{Kind: ID, List: true, V: []any{"x"}}
	for what, c := range map[string]struct {
		p     Pred
		whole bool
		asked int // questions beside those for values
	}{
		"a value":             {Cmp{Eq, name, org}, true, 0},
		"a list":              {In{X: name, List: teams}, true, 0},
		"an element":          {In{X: org, List: tags}, true, 0},
		"two values":          {Cmp{Eq, org, org}, true, 1},
		"a value in a list":   {In{X: org, List: teams}, true, 1},
		"a text in a text":    {Match{StartsWith, org, org}, true, 1},
		"a size":              {Cmp{Gt, Size{org}, one}, false, 0},
		"a size of a list":    {Cmp{Gt, Size{teams}, one}, false, 0},
		"a size of a column":  {Cmp{Gt, Size{tags}, one}, true, 0},
		"a member":            {Cmp{Eq, Member{X: org, Path: "a", Kind: String}, name}, false, 0},
		"a sum":               {Cmp{Eq, Sum{X: level, By: one.Value}, one}, false, 0},
		"a sum of a column":   {Cmp{Eq, Sum{X: stock, By: one.Value}, one}, true, 0},
		"a joined list":       {In{X: name, List: Joined{List: teams, Add: some}}, false, 0},
		"a list without":      {In{X: name, List: Without{List: teams, Drop: some}}, false, 0},
		"a column with joins": {In{X: name, List: Joined{List: tags, Add: some}}, true, 0},
	} {
		traced, trace := NewCaller("ada", map[string]any{"org": "a", "teams": []any{"a"}, "level": json.Number("2")}, clock).Traced(nil)
		traced.Fold(c.p, Binding{})
		if asked := len(trace.Questions) - len(trace.Sources); trace.Whole() != c.whole || asked != c.asked {
			t.Errorf("%s: whole %t, %d questions beside", what, trace.Whole(), asked)
		}
	}
	for what, ask := range map[string]func(*Caller, *Trace){
		"the time": func(c *Caller, _ *Trace) { c.Now() },
		"a list to store": func(c *Caller, _ *Trace) {
			c.Value(&Expr{op: teams, field: w.product.Field("tags")})
		},
		"a value that cannot be stored": func(c *Caller, _ *Trace) {
			c.Value(&Expr{op: org, field: &Field{Name: "state", Kind: Enum, Values: []string{"OPEN"}}})
		},
		"a variable that is not known, compared": func(c *Caller, trace *Trace) {
			c.Fold(Cmp{Eq, Val{trace.Variable(1, ID)}, Val{Value{Kind: ID, V: "a"}}}, Binding{})
		},
		"an open end": func(_ *Caller, trace *Trace) { trace.Open() },
	} {
		traced, trace := NewCaller("ada", map[string]any{"org": "a", "teams": []any{"a"}}, clock).Traced([]any{"a"})
		if ask(traced, trace); trace.Whole() {
			t.Errorf("%s: said to be whole", what)
		}
	}

	// What is stored comes from whoever stores it, as does the clock. Callers
	// whose value cannot be stored have another answer.
	state := &Field{Name: "state", Kind: Enum, Values: []string{"a"}}
	ada := NewCaller("ada", map[string]any{"org": "a"}, clock)
	traced, trace := ada.Traced(nil)
	stored, ok := traced.Value(&Expr{op: org, field: state})
	if v := stored.(Val).Value; !ok || !trace.Whole() || v.V != Given(0) || len(trace.Questions) != 2 || trace.Now().V != Given(1) {
		t.Errorf("%v %v, whole %t, %d questions", stored, ok, trace.Whole(), len(trace.Questions))
	}
	if own, now := trace.Sources[0].Of(ada, nil), trace.Sources[1].Of(ada, nil); own.V != "a" || now.V != ada.Now() {
		t.Errorf("stored %v at %v", own, now)
	}
	for org, want := range map[any]Truth{"a": True, "b": False, json.Number("1"): False, nil: False} {
		other := NewCaller("bob", map[string]any{"org": org}, clock)
		if got := Truth(trace.Questions[1].Of(other, trace.Sources, nil)); got != want {
			t.Errorf("%v: storable %v", org, got)
		}
	}
}

// TestTraceOfVariables: what a variable is compared with is a question, with the
// value that it has then.
func TestTraceOfVariables(t *testing.T) {
	text := &Slot{Text: "CurrentToken().org", direct: func(c *Caller) result { return known(c.token.claims["org"]) }}
	org := SlotRef{Slot: text, Kind: String}
	ada, bob := NewCaller("ada", map[string]any{"org": "a"}, clock), NewCaller("bob", map[string]any{"org": "b"}, clock)
	for _, c := range []struct {
		p     func(variable Operand) Pred
		true  []any // values for which it is true of ada
		false []any
		ofAda bool // bob answers otherwise
	}{
		{func(x Operand) Pred { return Cmp{Eq, x, org} }, []any{"a"}, []any{"b", ""}, true},
		{func(x Operand) Pred { return Cmp{Lt, x, Val{Value{Kind: String, V: "c"}}} }, []any{"a", "b", ""}, []any{"c", "d"}, false},
		{func(x Operand) Pred { return Match{StartsWith, x, Val{Value{Kind: String, V: "ab"}}} }, []any{"ab", "abc"}, []any{"a", ""}, false},
		{func(x Operand) Pred { return In{X: x, List: Val{Value{Kind: String, List: true, V: []any{"a", "b"}}}} }, []any{"a", "b"}, []any{"c"}, false},
	} {
		for _, first := range append(c.true, c.false...) {
			traced, trace := ada.Traced([]any{first})
			got := traced.Fold(c.p(Val{trace.Variable(0, String)}), Binding{})
			if want := truth(slices.Contains(c.true, first)); !trace.Whole() || got != Pred(want) {
				t.Errorf("%v: %v, whole %t", first, got, trace.Whole())
			}
			q := &trace.Questions[len(trace.Questions)-1]
			for want, values := range map[Truth][]any{True: c.true, False: c.false} {
				for _, v := range values {
					if got := Truth(q.Of(ada, trace.Sources, []any{v})); got != want {
						t.Errorf("%v after %v: %v", v, first, got)
					}
				}
			}
			if c.ofAda && (Truth(q.Of(bob, trace.Sources, []any{"a"})) != False || Truth(q.Of(bob, trace.Sources, []any{"b"})) != True) {
				t.Errorf("bob answers as ada")
			}
		}
	}
}

// TestTraceAsksOnce: a question is put once, and a value has one number.
func TestTraceAsksOnce(t *testing.T) {
	w := newWorld()
	p, faults := w.env().Rule(w.product, Read, "doc.owner == CurrentUser() || doc.sku == CurrentIdentity() && (HasRole('a') || doc.note == CurrentIdentity()) || HasRole('a')")
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	traced, trace := NewCaller("ada", nil, clock).Traced(nil)
	traced.Fold(p, Binding{})
	traced.Fold(p, Binding{})
	traced.SignedIn()
	traced.SignedIn()
	traced.Holds("b")
	traced.Holds("b")
	if len(trace.Questions) != 4 || len(trace.Sources) != 1 {
		t.Errorf("%d questions, %d values", len(trace.Questions), len(trace.Sources))
	}
	if a, b := trace.Variable(0, ID), trace.Variable(1, ID); a == b || trace.Variable(0, ID) != a {
		t.Errorf("variables are %v and %v", a, b)
	}
}

// TestSameQuestion: a value is told by where it comes from, not by its number.
func TestSameQuestion(t *testing.T) {
	a, b := Source{ref: SlotRef{Slot: &Slot{}}}, Source{ref: SlotRef{Slot: &Slot{}}}
	q := Question{asked: asked{what: askCompare}, a: Value{Kind: String, V: Given(0)}, b: Value{Kind: String, V: "x"}}
	for _, c := range []struct {
		others []Source
		want   bool
	}{{[]Source{a}, true}, {[]Source{a, b}, true}, {[]Source{b, a}, false}} {
		if got := q.Same([]Source{a, b}, &q, c.others); got != c.want {
			t.Errorf("%v: %v", c.others, got)
		}
	}
}

// TestTracedSlot: what is read of a caller past the questions opens the trace.
func TestTracedSlot(t *testing.T) {
	traced, trace := NewCaller("u", nil, clock).Traced(nil)
	(&Slot{direct: func(*Caller) result { return result{} }}).eval(traced)
	if trace.Whole() {
		t.Error("the trace is whole")
	}
}
