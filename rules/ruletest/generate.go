package ruletest

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"

	"flora.dev/flora/rules"
)

// Generator makes random rule texts over a world. Some do not compile, by
// design: the limits of the language are part of what is tested.
type Generator struct {
	World *World
	Rand  *rand.Rand
	names []string // of documents in scope
	types map[string]*rules.Object
	vars  int
}

// Rule returns a random rule on an object for an action.
func (g *Generator) Rule(o *rules.Object, a rules.Action) string {
	g.names, g.types, g.vars = []string{"doc"}, map[string]*rules.Object{"doc": o}, 0
	switch a {
	case rules.Create:
		g.bind("newDoc", o)
	case rules.Update:
		g.bind("newDoc", o)
		g.bind("oldDoc", o)
	}
	return g.cond(3)
}

func (g *Generator) bind(name string, o *rules.Object) {
	g.names = append(g.names, name)
	g.types[name] = o
}

func (g *Generator) n(n int) int { return g.Rand.IntN(n) }

func (g *Generator) cond(depth int) string {
	if depth == 0 {
		return g.atom()
	}
	switch g.n(9) {
	case 0, 1:
		return "(" + g.cond(depth-1) + " && " + g.cond(depth-1) + ")"
	case 2, 3:
		return "(" + g.cond(depth-1) + " || " + g.cond(depth-1) + ")"
	case 4:
		return "!(" + g.cond(depth-1) + ")"
	case 5:
		return "(" + g.cond(depth-1) + " ? " + g.cond(depth-1) + " : " + g.cond(depth-1) + ")"
	case 6:
		if q := g.quantifier(depth); q != "" {
			return q
		}
	case 7:
		return g.named()
	}
	return g.atom()
}

// named uses a named rule, or ranges over a whole collection.
func (g *Generator) named() string {
	if g.n(4) == 0 {
		o := pick(g.Rand, []*rules.Object{g.World.Member, g.World.Team})
		g.vars++
		v := fmt.Sprintf("v%d", g.vars)
		inner := *g
		inner.names = append(g.names[:len(g.names):len(g.names)], v)
		inner.types = map[string]*rules.Object{v: o}
		for k, t := range g.types {
			inner.types[k] = t
		}
		body := inner.atom() + " && " + inner.atom()
		g.vars = inner.vars
		return o.Name + pick(g.Rand, []string{".exists(", ".all("}) + v + ", " + body + ")"
	}
	n := pick(g.Rand, Named)
	return n.Name + "(" + pick(g.Rand, g.documents(n.On(g.World))) + ")"
}

// path is a random field reached from a document in scope.
func (g *Generator) path() (string, *rules.Field) {
	name := pick(g.Rand, g.names)
	o, text := g.types[name], name
	if g.n(6) == 0 {
		o, text = g.World.User, "CurrentUser()"
	}
	for {
		f := pick(g.Rand, o.Fields)
		if f.Many() {
			continue
		}
		text += "." + f.Name
		if f.Kind == rules.Ref && g.n(2) == 0 {
			o = f.Target
			continue
		}
		return text, f
	}
}

func (g *Generator) quantifier(depth int) string {
	name := pick(g.Rand, g.names)
	o, text := g.types[name], name
	for range 2 {
		if refs := fields(o, func(f *rules.Field) bool { return f.ToOne() }); len(refs) > 0 && g.n(2) == 0 {
			f := pick(g.Rand, refs)
			o, text = f.Target, text+"."+f.Name
		}
	}
	lists := fields(o, func(f *rules.Field) bool { return f.Many() })
	if len(lists) == 0 {
		return ""
	}
	f := pick(g.Rand, lists)
	if g.n(5) == 0 {
		return pick(g.Rand, g.documents(f.Target)) + " in " + text + "." + f.Name
	}
	g.vars++
	v := fmt.Sprintf("v%d", g.vars)
	inner := *g
	inner.names = append(g.names[:len(g.names):len(g.names)], v)
	inner.types = map[string]*rules.Object{v: f.Target}
	for k, t := range g.types {
		inner.types[k] = t
	}
	body := inner.cond(depth - 1)
	g.vars = inner.vars
	return text + "." + f.Name + pick(g.Rand, []string{".exists(", ".all("}) + v + ", " + body + ")"
}

// documents are expressions of a document of o.
func (g *Generator) documents(o *rules.Object) []string {
	out := []string{}
	for _, n := range g.names {
		if g.types[n] == o {
			out = append(out, n)
		}
		for _, f := range g.types[n].Fields {
			if f.ToOne() && f.Target == o {
				out = append(out, n+"."+f.Name)
			}
		}
	}
	if o == g.World.User {
		out = append(out, "CurrentUser()")
	}
	if len(out) == 0 {
		return []string{"null"}
	}
	return out
}

func fields(o *rules.Object, keep func(*rules.Field) bool) []*rules.Field {
	var out []*rules.Field
	for _, f := range o.Fields {
		if keep(f) {
			out = append(out, f)
		}
	}
	return out
}

func (g *Generator) atom() string {
	if g.n(6) == 0 {
		return g.slot()
	}
	p, f := g.path()
	switch k := g.n(12); {
	case k == 0:
		return "has(" + p + ")"
	case k == 1 && !f.NonNull:
		return p + pick(g.Rand, []string{" == null", " != null"})
	case f.List && k == 2:
		return fmt.Sprintf("size(%s) in [0, 2]", p)
	case f.List && k < 5:
		return fmt.Sprintf("size(%s) %s %d", p, g.op(), g.n(3))
	case f.List:
		return g.operand(&rules.Field{Kind: f.Kind, TypeName: f.TypeName, Values: f.Values}) + " in " + p
	case f.Kind == rules.Bool && k < 7:
		return p
	case f.Kind == rules.String && k < 4:
		return p + "." + pick(g.Rand, []string{"startsWith", "endsWith", "contains"}) + "(" + g.operand(f) + ")"
	case f.Kind == rules.String && k == 4:
		return fmt.Sprintf("size(%s) %s %d", p, g.op(), g.n(4))
	case k == 5 || k == 6:
		return p + " in " + g.list(f)
	case f.Kind == rules.Ref:
		return p + pick(g.Rand, []string{" == ", " != "}) + pick(g.Rand, g.documents(f.Target))
	case f.Kind == rules.Bool || f.Kind == rules.Enum:
		return p + pick(g.Rand, []string{" == ", " != "}) + g.operand(f)
	}
	if g.n(4) == 0 {
		return g.operand(f) + " " + g.op() + " " + p
	}
	return p + " " + g.op() + " " + g.operand(f)
}

func (g *Generator) op() string { return pick(g.Rand, []string{"==", "!=", "<", "<=", ">", ">="}) }

// operand is something to compare a field with: a literal, a claim, now, the
// identity, or another field.
func (g *Generator) operand(f *rules.Field) string {
	switch g.n(8) {
	case 0, 1:
		return pick(g.Rand, claimTexts)
	case 2:
		for range 8 {
			if p, o := g.path(); o.Kind == f.Kind && !o.List {
				return p
			}
		}
	case 3:
		switch f.Kind {
		case rules.String, rules.ID:
			return "CurrentIdentity()"
		case rules.Time:
			return pick(g.Rand, []string{"now", "now - duration('1h')"})
		}
	}
	return literal(pick(g.Rand, pool(f)), f.Kind)
}

func literal(v any, k rules.Kind) string {
	switch v := v.(type) {
	case string:
		return "'" + strings.ReplaceAll(v, "'", `\'`) + "'"
	case float64:
		return fmt.Sprintf("%.2f", v)
	case int64:
		if k == rules.Time {
			return fmt.Sprintf("timestamp('%s')", Clock.UTC().Format("2006-01-02T15:04:05.999999Z"))
		}
	}
	return fmt.Sprint(v)
}

func (g *Generator) list(f *rules.Field) string {
	if f.Kind == rules.Ref {
		return "[" + strings.Join(g.documents(f.Target), ", ") + "]"
	}
	if g.n(2) == 0 {
		return pick(g.Rand, []string{"CurrentToken().list", "CurrentToken().mixed", "CurrentToken().nums", "CurrentToken().s", "CurrentToken().gone"})
	}
	var out []string
	for range g.n(3) {
		out = append(out, literal(pick(g.Rand, pool(f)), f.Kind))
	}
	return "[" + strings.Join(out, ", ") + "]"
}

var claimTexts = []string{"CurrentToken().s", "CurrentToken()['n']", "CurrentToken().f", "CurrentToken().nil", "CurrentToken().gone", "CurrentToken().b"}

func (g *Generator) slot() string {
	return pick(g.Rand, []string{"signedIn", "anyone", "HasCurrentIdentity()", "HasRole('r1')", "HasRole('r2')", "HasRole('r3')", "!HasRole('r3')", "true", "false",
		"CurrentIdentity() == 'alice'", "has(CurrentToken().s)", "!has(CurrentToken().nil)", "has(CurrentToken().gone)", "!has(CurrentToken().gone.x)",
		"CurrentToken().s == 'a'", "CurrentToken().nil == 'a'", "CurrentToken().nil != 'a'", "CurrentToken().n == CurrentToken().f",
		"CurrentToken().s != CurrentToken().n", "'a' in CurrentToken().list", "!('zz' in CurrentToken().mixed)", "CurrentToken().list.exists(x, x == 'b')",
		"CurrentToken().mixed.all(x, x != 'zz')", "CurrentToken().gone || signedIn", "CurrentToken().b", "CurrentToken().n > 1", "size(CurrentToken().list) == 2"})
}

// Caller is a random caller: the claims as decoded, nil for an anonymous one.
type Caller struct {
	Identity string
	Claims   map[string]any
	Roles    []string
}

// Caller returns a random caller.
func (g *Generator) Caller() Caller {
	if g.n(5) == 0 {
		return Caller{}
	}
	c := Caller{Identity: pick(g.Rand, Persons), Claims: map[string]any{}}
	c.Claims["sub"] = c.Identity
	texts := []any{"a", "b", "alice", "A", "Team1", "2026-01-31"}
	numbers := []any{json.Number("1"), json.Number("2"), json.Number("7"), json.Number("1.5"), json.Number("1.0"), json.Number("1e21"),
		json.Number("9007199254740993"), json.Number("0.1000000000000000055511151231257827")}
	odd := []any{nil, true, []any{"a"}, map[string]any{"x": "a"}}
	set := func(name string, choices []any) {
		switch g.n(6) {
		case 0:
		case 1:
			c.Claims[name] = pick(g.Rand, odd)
		default:
			c.Claims[name] = pick(g.Rand, choices)
		}
	}
	set("s", texts)
	set("n", numbers)
	set("f", numbers)
	set("b", []any{true, false})
	set("list", []any{[]any{"a", "b"}, []any{}, []any{"alice", "Team0"}})
	set("mixed", []any{[]any{"a", nil}, []any{json.Number("1"), "b"}, []any{true}})
	set("nums", []any{[]any{json.Number("1"), json.Number("2")}, []any{json.Number("1.5")}})
	c.Claims["nil"] = nil
	for _, r := range []string{"r1", "r2"} {
		if g.n(2) == 0 {
			c.Roles = append(c.Roles, r)
		}
	}
	return c
}

// Rules returns the caller for folding.
func (c Caller) Rules() *rules.Caller {
	out := rules.Anonymous(Clock)
	if c.Claims != nil {
		out = rules.NewCaller(c.Identity, c.Claims, Clock)
	}
	for _, r := range c.Roles {
		out.Grant(r)
	}
	return out
}
