package rules

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestNamedRules(t *testing.T) {
	w := newWorld()
	env := w.env()
	env.Define("isMember", w.team, "doc.members.exists(m, m.user == CurrentUser())")
	env.Define("sees", w.product, "doc.public || isMember(doc.team)")
	for _, n := range []string{"isMember", "sees"} {
		if faults := env.Resolve(n); len(faults) > 0 {
			t.Fatalf("%s: %v", n, faults)
		}
	}
	for text, want := range map[string]string{
		"sees(doc)":          "(oldDoc.public || one(v1, Team, oldDoc.team, true, exists(v2, Team.members, v1._id, true, user(v3, User, {CurrentIdentity()}, v2.user == v3._id))))",
		"isMember(doc.team)": "one(v1, Team, oldDoc.team, true, exists(v2, Team.members, v1._id, true, user(v3, User, {CurrentIdentity()}, v2.user == v3._id)))",
		"Member.exists(m, m.team == doc.team && m.user == CurrentUser())": "exists(v1, Member, true, (v1.team == oldDoc.team && user(v2, User, {CurrentIdentity()}, v1.user == v2._id)))",
		// The same rule twice binds different documents: no capture.
		"isMember(doc.team) && isMember(doc.backup)": "(one(v1, Team, oldDoc.team, true, exists(v2, Team.members, v1._id, true, user(v3, User, {CurrentIdentity()}, v2.user == v3._id))) && " +
			"one(v4, Team, oldDoc.backup, true, exists(v5, Team.members, v4._id, true, user(v6, User, {CurrentIdentity()}, v5.user == v6._id))))",
	} {
		p, faults := env.Rule(w.product, Read, text)
		if len(faults) > 0 {
			t.Errorf("%s: %v", text, faults)
		} else if got := Print(p); got != want {
			t.Errorf("%s:\n got %s\nwant %s", text, got, want)
		}
	}
	// The two sides of an update reach into a named rule.
	p, _ := env.Rule(w.product, Update, "sees(doc)")
	if got := Print(p); !strings.Contains(got, "oldDoc.public") || !strings.Contains(got, "newDoc.public") {
		t.Errorf("update: %s", got)
	}
}

func TestDefinitionFaults(t *testing.T) {
	w := newWorld()
	two := func() *Env {
		w.team.Identity = w.team.Fields[0]
		env := NewEnv([]*Object{w.user, w.team, w.member, w.product}, []*Object{w.user, w.team})
		return env
	}
	for _, c := range []struct {
		name  string
		fault func() []Fault
		want  string
	}{
		{"recursion", func() []Fault {
			e := w.env()
			e.Define("a", w.product, "b(doc)")
			e.Define("b", w.product, "a(doc)")
			return e.Resolve("a")
		}, "b: a uses itself, named rules cannot be recursive"},
		{"growth", func() []Fault {
			e := w.env()
			e.Define("r0", w.product, "doc.public && doc.stock == 1")
			for i := 1; i < 30; i++ {
				e.Define(fmt.Sprintf("r%d", i), w.product, fmt.Sprintf("r%d(doc) && !r%d(doc)", i-1, i-1))
			}
			return e.Resolve("r29")
		}, "with its named rules the rule has more than 2000 nodes"},
		{"wrong document", func() []Fault {
			e := w.env()
			e.Define("isMember", w.team, "doc.members.exists(m, m.admin)")
			_, f := e.Rule(w.product, Read, "isMember(doc.owner)")
			return f
		}, "isMember takes a Team, doc.owner is none"},
		{"unknown named rule", func() []Fault {
			e := w.env()
			e.Define("isMember", w.team, "true")
			_, f := e.Rule(w.product, Read, "isMembr(doc.team)")
			return f
		}, "isMembr is unknown Did you mean isMember?"},
		{"a new document's relation through a named rule", func() []Fault {
			e := w.env()
			e.Define("isMember", w.team, "doc.members.exists(m, m.admin)")
			_, f := e.Rule(w.team, Create, "isMember(doc)")
			return f
		}, "isMember: doc.members of a new document is always empty: a create rule cannot read it"},
		{"two identity collections", func() []Fault { _, f := two().Rule(w.product, Read, "doc.owner == CurrentUser()"); return f },
			`CurrentUser() may be any of User, Team write CurrentUser("User")`},
		{"unknown identity collection", func() []Fault { _, f := two().Rule(w.product, Read, `doc.owner == CurrentUser("Usr")`); return f },
			"CurrentUser('Usr'): no collection of that name has an @identity field Did you mean User?"},
		{"the other identity collection", func() []Fault { _, f := two().Rule(w.product, Read, `doc.owner == CurrentUser("Team")`); return f },
			`Product.owner is a User, CurrentUser('Team') is a Team`},
		{"collection as a value", func() []Fault { _, f := w.env().Rule(w.product, Read, "doc.owner in User"); return f },
			"User is a collection and no value use User.exists(x, ...)"},
		{"claim typo", func() []Fault {
			e := w.env()
			e.Declare([]Claim{{Name: "roles", Key: "https://example.com/roles", Kind: String, List: true}})
			_, f := e.Rule(w.product, Read, "'a' in CurrentToken().rols")
			return f
		}, "the token has no claim rols Did you mean roles?"},
		{"claim type", func() []Fault {
			e := w.env()
			e.Declare([]Claim{{Name: "level", Key: "level", Kind: Int}})
			_, f := e.Rule(w.product, Read, "doc.name == CurrentToken().level")
			return f
		}, "Product.name is a String, CurrentToken().level is an Int"},
		{"claim by index", func() []Fault {
			e := w.env()
			e.Declare([]Claim{{Name: "level", Key: "level", Kind: Int}})
			_, f := e.Rule(w.product, Read, "CurrentToken()['level'] == 1")
			return f
		}, "claims are declared in this schema use CurrentToken().level"},
		{"claim by an unknown index", func() []Fault {
			e := w.env()
			e.Declare([]Claim{{Name: "level", Key: "level", Kind: Int}})
			_, f := e.Rule(w.product, Read, "CurrentToken()['rank'] == 1")
			return f
		}, "claims are declared in this schema use CurrentToken().name"},
		{"role reads a document", func() []Fault { return w.env().Role("x", "", "doc.public") }, "doc does not exist in this rule"},
	} {
		faults := c.fault()
		if len(faults) == 0 {
			t.Errorf("%s: no fault", c.name)
			continue
		}
		if got := strings.TrimSpace(faults[0].Message + " " + faults[0].Hint); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.name, got, c.want)
		}
	}
}

func TestDeclaredClaims(t *testing.T) {
	w := newWorld()
	e := w.env()
	e.Declare([]Claim{{Name: "roles", Key: "https://example.com/roles", Kind: String, List: true}, {Name: "org", Key: "org", Kind: ID}})
	p, faults := e.Rule(w.product, Read, "'a' in CurrentToken().roles && has(CurrentToken().org)")
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	for _, c := range []struct {
		claims map[string]any
		want   Truth
	}{
		{map[string]any{"https://example.com/roles": []any{"a"}, "org": "x"}, True},
		{map[string]any{"roles": []any{"a"}, "org": "x"}, Unknown},
		{map[string]any{"https://example.com/roles": []any{"a"}}, False},
	} {
		if got := NewCaller("u", c.claims, clock).Fold(p, Binding{}); got != c.want {
			t.Errorf("%v: %v, want %v", c.claims, got, c.want)
		}
	}
}

// TestRoles: a condition that is unknown gives no role, under ! neither takes
// it one away that the provider gave.
func TestRoles(t *testing.T) {
	w := newWorld()
	e := w.env()
	if faults := e.Role("boss", "main", "CurrentToken().level >= 3"); len(faults) > 0 {
		t.Fatal(faults)
	}
	p, _ := e.Rule(w.product, Read, "HasRole('boss')")
	n, _ := e.Rule(w.product, Read, "!HasRole('boss')")
	level := func(x any, provider string) *Caller {
		c := NewCaller("u", map[string]any{"level": x}, clock)
		c.From(provider)
		return c
	}
	granted := level(nil, "other")
	granted.Grant("boss")
	for name, c := range map[string]struct {
		caller *Caller
		want   Truth
	}{
		"high enough":       {level(json.Number("3"), "main"), True},
		"another provider":  {level(json.Number("3"), "other"), False},
		"too low":           {level(json.Number("2"), "main"), False},
		"wrong type":        {level("3", "main"), False},
		"anonymous":         {Anonymous(clock), False},
		"given by provider": {granted, True},
	} {
		if got := c.caller.Fold(p, Binding{}); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
		if got := c.caller.Fold(n, Binding{}); got != not(c.want) {
			t.Errorf("not %s: %v", name, got)
		}
	}
}

// FuzzRule compiles any text for every action: no panic, faults inside the
// text, and what compiles can be folded, made positive and printed.
func FuzzRule(f *testing.F) {
	for _, s := range []string{"doc.public", "doc.owner == CurrentUser()", "doc.team.members.exists(m, m.user == CurrentUser())", "'a' in doc.tags ? true : !has(doc.team.name)",
		"CurrentToken()['a'].b == 1", "isMember(doc.team)", "Member.all(m, m.admin)", "size(doc.name) in [1, 2]", "doc.created > now - duration('1h')", "é == 𝄞"} {
		f.Add(s)
	}
	w := newWorld()
	env := w.env()
	env.Define("isMember", w.team, "doc.members.exists(m, m.user == CurrentUser())")
	f.Fuzz(func(t *testing.T, text string) {
		for _, a := range []Action{Read, Create, Update, Delete} {
			p, faults := env.Rule(w.product, a, text)
			for _, x := range faults {
				if x.Message == "" || x.Offset < 0 || x.Offset > utf8.RuneCountInString(text)+1 {
					t.Fatalf("fault %+v of %q", x, text)
				}
			}
			if len(faults) > 0 {
				continue
			}
			for _, c := range []*Caller{Anonymous(clock), NewCaller("u", map[string]any{"a": "b"}, clock)} {
				q := c.Fold(p, Binding{Doc: 5, Fresh: Counter(10), New: func(f *Field) Operand { return Col{5, f} }})
				if Print(T(q)) == "" || Print(F(q)) == "" {
					t.Fatalf("%q prints as nothing", text)
				}
			}
		}
	})
}

// FuzzSlotText: what a slot prints parses again to the same text, so equal
// texts are equal slots.
func FuzzSlotText(f *testing.F) {
	for _, s := range []string{"CurrentToken().a == 'x'", "CurrentToken().l.exists(x, x == 1.0)", "[1, 2][0] < size(CurrentIdentity())", "!(signedIn || HasRole('a\\'b'))"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		once := &source{env: NewEnv(nil, nil), text: text}
		root := once.parse()
		if root == nil {
			return
		}
		slot := once.slot(root)
		if slot == nil {
			return
		}
		again := &source{env: NewEnv(nil, nil), text: slot.Text}
		root = again.parse()
		if root == nil {
			t.Fatalf("%q prints as %q, which does not parse: %v", text, slot.Text, again.faults)
		}
		if s := again.slot(root); s == nil || s.Text != slot.Text {
			t.Fatalf("%q prints as %q, then as %v", text, slot.Text, s)
		}
	})
}

// BenchmarkBind folds seven typical rules for one caller, made anew as for each
// request: with a token that is remembered, and with one that is read first.
func BenchmarkBind(b *testing.B) {
	w := newWorld()
	env := w.env()
	env.Define("isMember", w.team, "doc.members.exists(m, m.user == CurrentUser())")
	var all []Pred
	for _, text := range []string{"signedIn", "HasRole('moderator')", "doc.sku == CurrentIdentity()", "doc.public || doc.owner == CurrentUser()",
		"doc.team in CurrentToken().teams", "isMember(doc.team)", "doc.status != 'DRAFT' && doc.owner == CurrentUser() || HasRole('editor')"} {
		p, faults := env.Rule(w.product, Read, text)
		if len(faults) > 0 {
			b.Fatal(faults)
		}
		all = append(all, p)
	}
	claims := map[string]any{"teams": []any{"a", "b"}}
	remembered := NewToken("u", claims)
	for name, caller := range map[string]func() *Caller{
		"remembered": func() *Caller { return remembered.Caller(clock) },
		"new":        func() *Caller { return NewCaller("u", claims, clock) },
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				c := caller()
				fresh := Counter(New + 1)
				for _, p := range all {
					T(c.Fold(p, Binding{Doc: 3, Fresh: fresh}))
				}
			}
		})
	}
}

// TestVouchedClaims: a claim other than sub links a caller only if the
// provider vouches for it, an e-mail address only if it is verified.
func TestVouchedClaims(t *testing.T) {
	w := newWorld()
	link := func(claim string, kind Kind, claims map[string]any, vouches ...string) (Value, bool) {
		w.user.IdentityClaim = claim
		w.user.Identity = &Field{Object: w.user, Name: "key", Column: "key", Kind: kind, NonNull: true}
		c := NewCaller("u", claims, clock)
		c.Vouch(vouches)
		return c.Link(w.user)
	}
	number := json.Number("42")
	for _, c := range []struct {
		name, claim string
		kind        Kind
		claims      map[string]any
		vouches     []string
		want        any
	}{
		{"vouched", "login", String, map[string]any{"login": "a"}, []string{"login"}, "a"},
		{"not vouched", "login", String, map[string]any{"login": "a"}, []string{"email"}, nil},
		{"empty", "login", String, map[string]any{"login": ""}, []string{"login"}, nil},
		{"verified", "email", String, map[string]any{"email": "a@b", "email_verified": true}, []string{"email"}, "a@b"},
		{"not verified", "email", String, map[string]any{"email": "a@b"}, []string{"email"}, nil},
		{"verified by a text", "email", String, map[string]any{"email": "a@b", "email_verified": "true"}, []string{"email"}, nil},
		{"number", "number", Long, map[string]any{"number": number}, []string{"number"}, int64(42)},
		{"number for a String", "number", String, map[string]any{"number": number}, []string{"number"}, nil},
		{"text for a number", "number", Long, map[string]any{"number": "42"}, []string{"number"}, nil},
		{"number for a Decimal", "number", Decimal, map[string]any{"number": number}, []string{"number"}, nil},
		{"exact fraction for a Long", "number", Long, map[string]any{"number": json.Number("42.5")}, []string{"number"}, nil},
	} {
		v, ok := link(c.claim, c.kind, c.claims, c.vouches...)
		if ok != (c.want != nil) || ok && v.V != c.want {
			t.Errorf("%s: %v %t, want %v", c.name, v.V, ok, c.want)
		}
	}
}

// TestSubjectsOfOtherKinds: the one text that a value has finds it, no other
// text does: two subjects are never the same caller.
func TestSubjectsOfOtherKinds(t *testing.T) {
	const micro = 1_767_225_600_000_000 // 2026-01-01
	for _, c := range []struct {
		kind  Kind
		texts map[string]any
	}{
		{String, map[string]any{"a": "a", "A": "A", "\xff": nil}},
		{UUID, map[string]any{"6f9619ff-8b86-d011-b42d-00c04fc964ff": "6f9619ff-8b86-d011-b42d-00c04fc964ff", "6F9619FF-8b86-d011-b42d-00c04fc964ff": nil, "x": nil}},
		{Decimal, map[string]any{"1.5": "1.5", "1.50": nil, "01.5": nil, "+1.5": nil, "15e-1": nil, "-0": nil, "0": "0"}},
		{Int, map[string]any{"42": int64(42), "042": nil, "+42": nil, "42.0": nil, " 42": nil, "-0": nil, "x": nil}},
		{Long, map[string]any{"-9223372036854775808": int64(math.MinInt64), "9223372036854775808": nil}},
		{Date, map[string]any{"2026-01-01": "2026-01-01", "2026-1-1": nil, "2026-02-30": nil}},
		{Time, map[string]any{"2026-01-01T00:00:00Z": int64(micro), "2026-01-01T00:00:00.000001Z": int64(micro + 1), "2026-01-01T00:00:00.0Z": nil,
			"2026-01-01T01:00:00+01:00": nil, "2026-01-01T00:00:00z": nil, "2026-01-01T00:00:00.0000001Z": nil, "2026-01-01": nil}},
		{Enum, map[string]any{"GOLD": "GOLD"}},
	} {
		w := newWorld()
		w.user.Identity = &Field{Object: w.user, Name: "key", Column: "key", Kind: c.kind, NonNull: true}
		for text, want := range c.texts {
			v, ok := NewCaller(text, nil, clock).Link(w.user)
			if ok != (want != nil) || ok && v.V != want {
				t.Errorf("%s %q: %v %t, want %v", c.kind, text, v.V, ok, want)
			}
		}
		if v, ok := Anonymous(clock).Link(w.user); ok {
			t.Errorf("%s without a token: %v", c.kind, v)
		}
	}
}
