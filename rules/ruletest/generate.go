package ruletest

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"

	"flora.dev/flora/rules"
)

// Generator makes random rule texts over a world, changes of its documents and
// callers. Some texts do not compile, by design: the limits of the language
// are part of what is tested.
type Generator struct {
	World   *World
	Rand    *rand.Rand
	Setting Setting
	names   []string // of documents in scope
	types   map[string]*rules.Object
	vars    int
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
	return g.cond(1 + g.n(3))
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
		o := pick(g.Rand, []*rules.Object{g.World.Member, g.World.Team, g.World.Label, g.World.Badge})
		return o.Name + g.each(o, func(in *Generator) string { return in.atom() + " && " + in.atom() })
	}
	n := pick(g.Rand, g.Setting.Named())
	return n.Name + "(" + pick(g.Rand, g.documents(n.On(g.World))) + ")"
}

// each is .exists(v, body) or .all(v, body) for documents of o.
func (g *Generator) each(o *rules.Object, body func(*Generator) string) string {
	g.vars++
	v := fmt.Sprintf("v%d", g.vars)
	inner := *g
	inner.names = append(g.names[:len(g.names):len(g.names)], v)
	inner.types = maps.Clone(g.types)
	inner.types[v] = o
	text := body(&inner)
	g.vars = inner.vars
	return pick(g.Rand, []string{".exists(", ".all("}) + v + ", " + text + ")"
}

// path is a random field reached from a document in scope.
func (g *Generator) path() (string, *rules.Field) {
	text := pick(g.Rand, g.names)
	o := g.types[text]
	if g.n(6) == 0 {
		o = pick(g.Rand, g.World.Users(g.Setting))
		text = g.Setting.Me(o.Name)
	}
	for {
		kind := pick(g.Rand, o.Fields).Kind
		if g.n(2) == 0 { // every kind as often as any other
			kind = pick(g.Rand, kinds(o))
		}
		f := pick(g.Rand, fields(o, func(f *rules.Field) bool { return f.Kind == kind }))
		deep := fields(o, func(f *rules.Field) bool { return len(f.Members) > 0 })
		inverse := fields(o, (*rules.Field).Inverse)
		switch k := g.n(24); {
		case k == 0:
			f = o.Key
		case k == 1:
			f = o.TS
		case k < 7 && len(deep) > 0:
			f = pick(g.Rand, deep)
		case k < 9 && len(inverse) > 0:
			f = pick(g.Rand, inverse)
		}
		switch {
		case f.Many():
		case f.Kind == rules.Ref && g.n(2) == 0:
			o, text = f.Target, text+"."+f.Name
		case len(f.Members) > 0 && g.n(6) != 0:
			return g.inside(text+"."+f.Name, f, f.NonNull)
		default:
			return text + "." + f.Name, f
		}
	}
}

// inside is a random field of an embedded value. Lists there are opaque, and
// null where one of the values around it is.
func (g *Generator) inside(text string, f *rules.Field, nonNull bool) (string, *rules.Field) {
	kind := pick(g.Rand, kinds(&rules.Object{Fields: f.Members}))
	m := *pick(g.Rand, fields(&rules.Object{Fields: f.Members}, func(m *rules.Field) bool { return m.Kind == kind }))
	text += "." + last(&m)
	m.NonNull = m.NonNull && nonNull
	if len(m.Members) > 0 && g.n(6) != 0 {
		return g.inside(text, &m, m.NonNull)
	}
	if m.List {
		m.Kind, m.List = rules.JSON, false
	}
	return text, &m
}

func (g *Generator) quantifier(depth int) string {
	name := pick(g.Rand, g.names)
	o, text := g.types[name], name
	if g.n(8) == 0 {
		o = pick(g.Rand, g.World.Users(g.Setting))
		text = g.Setting.Me(o.Name)
	}
	for range 2 {
		if refs := fields(o, func(f *rules.Field) bool { return f.Kind == rules.Ref && !f.Many() }); len(refs) > 0 && g.n(2) == 0 {
			f := pick(g.Rand, refs)
			o, text = f.Target, text+"."+f.Name
		}
	}
	lists := fields(o, func(f *rules.Field) bool { return f.Many() })
	if len(lists) == 0 {
		return ""
	}
	f := pick(g.Rand, lists)
	text += "." + f.Name
	if g.n(5) == 0 {
		return pick(g.Rand, g.documents(f.Target)) + " in " + text
	}
	return text + g.each(f.Target, func(in *Generator) string { return in.cond(depth - 1) })
}

// documents are expressions of a document of o.
func (g *Generator) documents(o *rules.Object) []string {
	out := []string{}
	for _, n := range g.names {
		if g.types[n] == o {
			out = append(out, n)
		}
		for _, f := range g.types[n].Fields {
			if f.Kind != rules.Ref || f.Many() {
				continue
			}
			if f.Target == o {
				out = append(out, n+"."+f.Name)
			}
			for _, next := range fields(f.Target, (*rules.Field).Inverse) {
				if next.Target == o && g.n(2) == 0 {
					out = append(out, n+"."+f.Name+"."+next.Name)
				}
			}
		}
	}
	for _, u := range g.World.Users(g.Setting) {
		if u == o {
			out = append(out, g.Setting.Me(o.Name))
		}
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

func kinds(o *rules.Object) []rules.Kind {
	var out []rules.Kind
	for _, f := range o.Fields {
		if !slices.Contains(out, f.Kind) {
			out = append(out, f.Kind)
		}
	}
	return out
}

// slot is a condition that touches no document.
func (g *Generator) slot() string {
	c := g.claim
	both := []string{"signedIn", "anyone", "HasCurrentIdentity()", "HasRole('r1')", "HasRole('r2')", "HasRole('r3')", "!HasRole('r3')", "true", "false",
		"CurrentIdentity() == 'alice'", "has(" + c("b") + ")", c("b"), c("s") + " == 'a'", c("nil") + " == 'a'", c("nil") + " != 'a'", c("n") + " == " + c("f"),
		c("n") + " == " + c("l"), c("l") + " + 1 > 2", c("s") + " != " + c("gone"), "'a' in " + c("list"), "!('zz' in " + c("mixed") + ")",
		c("list") + ".exists(x, x == 'b')", c("mixed") + ".all(x, x != 'zz')", c("list") + ".map(x, x + 'z').exists(x, x == 'az')", c("n") + " > 1",
		"size(" + c("list") + ") == 2", "size(" + c("ids") + ".filter(x, x != 'a')) > 0", c("s") + ".startsWith('a')", c("id") + " == " + c("s"),
		c("f") + " * 2.0 > 2.0", c("s") + ".matches('^[a-z]+$')", "int(" + c("s") + ") == 1", "now < timestamp('2026-03-02T00:00:00Z')",
		"2.0 in " + c("nums"), c("list") + " == " + c("mixed"), "[1, 2].exists(x, x == " + c("n") + ")"}
	if g.Setting.Declared {
		for _, x := range known {
			both = append(both, pick(g.Rand, []string{"has(", "!has("})+c(x.Name)+")")
		}
		return pick(g.Rand, both)
	}
	return pick(g.Rand, append(both, "has("+c("s")+")", "!has("+c("nil")+")", "has("+c("gone")+")", "!has("+c("gone")+".x)",
		c("s")+" != "+c("n"), c("gone")+" || signedIn", "has("+c("s")+".x)", c("mixed")+"[0] == "+c("list")+"[0]"))
}

// claim spells a claim.
func (g *Generator) claim(name string) string {
	switch k := key(name); {
	case g.Setting.Declared || k == name && g.n(2) == 0:
		return "CurrentToken()." + name
	case strings.Contains(k, "'"):
		panic("ruletest: claim " + k)
	default:
		return "CurrentToken()['" + k + "']"
	}
}
