package main

import (
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"

	"flora.dev/flora/rules"
	"flora.dev/flora/schema"
	"flora.dev/flora/store/spanner"
	"flora.dev/flora/store/sqlite"
)

// guard is one rule of a schema where it stands.
type guard struct {
	c      *schema.Collection
	f      *schema.Field // nil for a rule of the type
	action string
	schema.Rule
}

func (g *guard) String() string {
	if g.f != nil {
		return g.f.Path() + " " + g.action
	}
	return g.c.Name + " " + g.action
}

// guards are the rules of a schema in the order of its file: those of each
// type, then those that its fields have of their own.
func guards(s *schema.Schema) (list []guard) {
	for _, c := range s.Collections {
		a := &c.Access
		list = append(list, guard{c, nil, "read", a.Read}, guard{c, nil, "create", a.Create}, guard{c, nil, "update", a.Update}, guard{c, nil, "delete", a.Delete})
		for _, f := range c.Fields {
			for _, g := range []guard{{c, f, "read", f.Read}, {c, f, "create", f.Create}, {c, f, "update", f.Update}} {
				if g.Pred != nil {
					list = append(list, g)
				}
			}
		}
	}
	return list
}

// engines print conditions.
var engines = []struct {
	name, parameter string // and what begins a parameter's number
	text            func(rules.Pred) (string, []rules.Value, error)
}{
	{"sqlite", "?", sqlite.Text},
	{"spanner", "@p", spanner.Text},
}

const explainHead = `# %s
#
# The rules as understood, and their SQL for a signed-in caller to whom the token
# gives no role. In SQL, doc is the stored document, newDoc the one to be stored.
# Update and delete need read as well, a field its own rule beside its type's.
`

// explain prints every rule as understood and as SQL.
func explain(w io.Writer, s *schema.Schema) error {
	fmt.Fprintf(w, explainHead, s.File)
	for _, g := range guards(s) {
		fmt.Fprintf(w, "\n%s\n", g.String())
		for _, x := range g.Grants {
			role := ""
			if x.Role != "" {
				role = " role " + x.Role
			}
			fmt.Fprintf(w, "  grant    %s%s: %s\n", x.Pos, role, strings.Join(strings.Fields(x.Text), " "))
		}
		if len(g.Grants) == 0 {
			fmt.Fprintf(w, "  grant    none, so nobody may\n")
			continue
		}
		understood := rules.Print(g.Pred)
		if g.action == "read" || g.action == "delete" { // there is one document only
			understood = storedName.ReplaceAllString(understood, "doc.")
		}
		fmt.Fprintf(w, "  rule     %s\n", understood)
		t := newTypical()
		p := t.fold(&g)
		if len(t.assumed) > 0 {
			fmt.Fprintf(w, "  assumed  %s\n", strings.Join(t.assumed, ", "))
		}
		if truth, ok := p.(rules.Truth); ok {
			fmt.Fprintf(w, "  sql      none: %s\n", map[bool]string{true: "always allowed", false: "never allowed"}[truth == rules.True])
			continue
		}
		for _, e := range engines {
			text, values, err := e.text(p)
			if err != nil {
				return fmt.Errorf("explain %s: %w", g.String(), err)
			}
			fmt.Fprintf(w, "  %-8s %s\n", e.name, text)
			for i, v := range values {
				fmt.Fprintf(w, "           %s%d = %s\n", e.parameter, i+1, t.label(v))
			}
		}
	}
	return nil
}

var storedName = regexp.MustCompile(`\boldDoc\.`)

// maxRuleSQL is how many bytes of SQL a rule should become.
const maxRuleSQL = 8 << 10

// overBudget warns of rules whose SQL is long. A reason on one of the grants
// silences it.
func overBudget(s *schema.Schema) (list []schema.Diagnostic) {
	for _, g := range guards(s) {
		if slices.ContainsFunc(g.Grants, func(x schema.Grant) bool { return x.Reason != "" }) {
			continue
		}
		longest := 0
		p := newTypical().fold(&g)
		for _, e := range engines {
			if text, _, err := e.text(p); err == nil {
				longest = max(longest, len(text))
			}
		}
		if longest > maxRuleSQL {
			list = append(list, schema.Diagnostic{Pos: g.Pos, Hint: "split it over collections, or store what it looks for nearer",
				Message: fmt.Sprintf("%s: the rule is over budget, its SQL has %d bytes where %d are meant", g.String(), longest, maxRuleSQL)})
		}
	}
	return list
}

// typical is a signed-in caller of whom no more is known. What rules take from
// the token are parameters named after it; conditions on the token that are
// not decided by being signed in are assumed to hold.
type typical struct {
	caller  *rules.Caller
	assumed []string
	labels  map[any]string // by the value that stands for a part of the token
	inRole  bool           // in the condition of a role, which claims do not give him
}

func newTypical() *typical {
	return &typical{caller: rules.NewCaller("someone", nil, time.Unix(0, 0)), labels: map[any]string{}}
}

// fold is the rule for that caller, in T's form. What an update cannot change
// is the stored value.
func (t *typical) fold(g *guard) rules.Pred {
	b := rules.Binding{Fresh: rules.Counter(rules.New + 1)}
	if g.action == "update" {
		b.New = func(x *rules.Field) rules.Operand {
			if f := g.c.FieldNamed(x.Name); f == nil || f.Set != nil && !f.SetOnUpdate {
				return rules.Col{Var: rules.Old, Field: x}
			}
			return rules.Col{Var: rules.New, Field: x}
		}
	}
	return rules.T(t.caller.Fold(t.pred(g.Pred), b))
}

func (t *typical) pred(p rules.Pred) rules.Pred {
	switch p := p.(type) {
	case rules.And:
		return rules.And(t.each(p))
	case rules.Or:
		return rules.Or(t.each(p))
	case rules.Not:
		return rules.Not{P: t.pred(p.P)}
	case rules.If:
		return rules.If{Cond: t.pred(p.Cond), Then: t.pred(p.Then), Else: t.pred(p.Else)}
	case rules.Definite:
		if givesRole(p) {
			defer func(before bool) { t.inRole = before }(t.inRole)
			t.inRole = true
		}
		return rules.Definite{P: t.pred(p.P)}
	case rules.Guard:
		return rules.Guard{Rule: t.pred(p.Rule), P: t.pred(p.P)}
	case rules.SlotTest:
		if known := t.caller.Fold(p, rules.Binding{}); known != rules.Unknown {
			return known
		}
		if t.inRole {
			return rules.False
		}
		if !slices.Contains(t.assumed, p.Slot.Text) {
			t.assumed = append(t.assumed, p.Slot.Text)
		}
		return rules.True
	case rules.Test:
		p.X = t.operand(p.X)
		return p
	case rules.Cmp:
		p.L, p.R = t.operand(p.L), t.operand(p.R)
		return p
	case rules.IsNull:
		p.X = t.operand(p.X)
		return p
	case rules.In:
		p.X, p.List = t.operand(p.X), t.operand(p.List)
		return p
	case rules.Match:
		p.X, p.Y = t.operand(p.X), t.operand(p.Y)
		return p
	case rules.One:
		p.From, p.Domain, p.Body = t.operand(p.From), t.pred(p.Domain), t.pred(p.Body)
		return p
	case rules.Many:
		if p.Of != nil {
			p.Of = t.operand(p.Of)
		}
		p.Domain, p.Body = t.pred(p.Domain), t.pred(p.Body)
		return p
	case rules.User:
		p.Identity, p.Body = t.operand(p.Identity), t.pred(p.Body)
		return p
	}
	return p
}

// givesRole reports whether p is what rules makes of a role of the schema: that
// the provider gives it, or its condition.
func givesRole(p rules.Definite) bool {
	or, ok := p.P.(rules.Or)
	if !ok || len(or) == 0 {
		return false
	}
	first, ok := or[0].(rules.SlotTest)
	return ok && strings.HasPrefix(first.Slot.Text, "HasRole(")
}

func (t *typical) each(ps []rules.Pred) []rules.Pred {
	out := make([]rules.Pred, len(ps))
	for i, p := range ps {
		out[i] = t.pred(p)
	}
	return out
}

func (t *typical) operand(x rules.Operand) rules.Operand {
	switch x := x.(type) {
	case rules.SlotRef:
		v := t.value(x.Kind, x.Slot.Text)
		if x.List {
			v = []any{v}
		}
		return rules.Val{Value: rules.Value{Kind: x.Kind, List: x.List, V: v}}
	case rules.Size:
		return rules.Size{X: t.operand(x.X)}
	case rules.UserVal:
		x.Identity = t.operand(x.Identity)
		return x
	}
	return x
}

// value stands for a part of the token among the parameters: a text says
// itself what it is, numbers are ones that no rule has.
func (t *typical) value(k rules.Kind, text string) any {
	var v any
	switch k {
	case rules.Bool:
		return true
	case rules.Int, rules.Long, rules.Time:
		v = int64(1)<<53 - 1 - int64(len(t.labels))
	case rules.Float:
		v = float64(int64(1)<<53 - 1 - int64(len(t.labels)))
	default:
		v = "\x00" + text // no text of a schema has this
	}
	t.labels[v] = text
	return v
}

// label says what a parameter is: a part of the token, or a constant.
func (t *typical) label(v rules.Value) string {
	x := v.V
	if list, ok := x.([]any); ok && len(list) == 1 {
		x = list[0]
	}
	if _, ok := x.([]any); !ok {
		if text, ok := t.labels[x]; ok {
			return text
		}
	}
	return strings.TrimSuffix(strings.TrimPrefix(rules.Print(rules.Test{X: rules.Val{Value: v}}), "("), ")")
}
