package ruletest

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"flora.dev/flora/rules"
)

func (g *Generator) atom() string {
	if g.n(6) == 0 {
		return g.slot()
	}
	p, f := g.path()
	opaque := f.Kind == rules.Decimal || f.Kind == rules.JSON || f.Kind == rules.Embedded
	switch k := g.n(12); {
	case k == 0 || opaque && k < 5:
		return "has(" + p + ")"
	case (k == 1 || opaque && k < 11) && !f.NonNull:
		return p + pick(g.Rand, []string{" == null", " != null"})
	case f.List && k == 2:
		return fmt.Sprintf("size(%s) in [0, 2]", p)
	case f.List && k < 5:
		return fmt.Sprintf("size(%s) %s %d", p, g.op(), g.n(3))
	case f.List:
		return g.operand(&rules.Field{Kind: f.Kind, TypeName: f.TypeName, Values: f.Values}) + " in " + p
	case f.Kind == rules.Bool && k < 7:
		return p
	case (f.Kind == rules.String || f.Kind == rules.ID) && k < 4:
		test := pick(g.Rand, []string{"startsWith", "endsWith", "contains"})
		if g.n(5) == 0 {
			return g.claim("s") + "." + test + "(" + p + ")"
		}
		return p + "." + test + "(" + g.operand(f) + ")"
	case f.Kind == rules.String && k == 4:
		return fmt.Sprintf("size(%s) %s %d", p, g.op(), g.n(4))
	case k == 5 || k == 6:
		return p + " in " + g.list(f)
	case f.Inverse() && g.n(3) == 0:
		return p + " in " + g.claim("ids")
	case f.Inverse() && g.n(2) == 0, f.Kind == rules.Ref && g.n(4) == 0:
		return p + pick(g.Rand, []string{" == ", " != "}) + g.claim("id")
	case f.Kind == rules.Ref:
		return p + pick(g.Rand, []string{" == ", " != "}) + pick(g.Rand, g.documents(f.Target))
	case f.Kind == rules.Bool || f.Kind == rules.Enum:
		return p + pick(g.Rand, []string{" == ", " != "}) + g.operand(f)
	}
	switch g.n(6) {
	case 0:
		return g.operand(f) + " " + g.op() + " " + p
	case 1: // two that may be null need a guard
		for range 16 {
			if q, other := g.path(); other.Kind == f.Kind && !other.List && !other.NonNull {
				return "(" + p + " " + g.op() + " " + q + " && " + q + " != null)"
			}
		}
	}
	return p + " " + g.op() + " " + g.operand(f)
}

func (g *Generator) op() string { return pick(g.Rand, []string{"==", "!=", "<", "<=", ">", ">="}) }

// operand is something to compare a field with: a literal, a claim, now, the
// identity, or another field.
func (g *Generator) operand(f *rules.Field) string {
	switch g.n(8) {
	case 0, 1:
		return g.claim(pick(g.Rand, g.claims(f.Kind)))
	case 2:
		for range 16 {
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
	return g.literal(pick(g.Rand, pool(f)), f.Kind)
}

// claims are names of claims that a kind may be compared with, sometimes any.
func (g *Generator) claims(k rules.Kind) []string {
	if g.n(8) == 0 {
		return []string{"s", "n", "f", "nil", "gone", "b", "l", "id"}
	}
	switch k {
	case rules.Bool:
		return []string{"b"}
	case rules.Int, rules.Long:
		return []string{"n", "l"}
	case rules.Float:
		return []string{"f", "n"}
	case rules.Ref, rules.ID:
		return []string{"id"}
	}
	return []string{"s", "s", "id", "nil", "gone"}
}

func (g *Generator) literal(v any, k rules.Kind) string {
	switch v := v.(type) {
	case string:
		if k == rules.UUID && g.n(2) == 0 {
			v = strings.ToUpper(v)
		}
		return "'" + strings.ReplaceAll(v, "'", `\'`) + "'"
	case float64:
		text := strconv.FormatFloat(v, 'g', -1, 64)
		if !strings.ContainsAny(text, ".e") {
			text += ".0"
		}
		return text
	case int64:
		if k == rules.Time {
			return fmt.Sprintf("timestamp('%s')", time.UnixMicro(v).UTC().Format("2006-01-02T15:04:05.999999Z"))
		}
	}
	return fmt.Sprint(v)
}

func (g *Generator) list(f *rules.Field) string {
	if f.Kind == rules.Ref && g.n(4) != 0 {
		all := g.documents(f.Target)
		g.Rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		return "[" + strings.Join(all[:min(len(all), 3)], ", ") + "]"
	}
	if g.n(2) == 0 || f.Kind == rules.Ref {
		switch {
		case f.Kind == rules.Ref:
			return g.claim("ids")
		case g.n(6) == 0:
			return g.claim(pick(g.Rand, []string{"s", "gone", "mixed", "nums", "list"}))
		case f.Kind == rules.Int || f.Kind == rules.Long || f.Kind == rules.Float:
			return g.claim(pick(g.Rand, []string{"nums", "ints"}))
		}
		return g.claim(pick(g.Rand, []string{"list", "ids", "mixed"}))
	}
	var out []string
	for range g.n(3) {
		out = append(out, g.literal(pick(g.Rand, pool(f)), f.Kind))
	}
	return "[" + strings.Join(out, ", ") + "]"
}
