package main

import (
	"math"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"flora.dev/flora/rules"
	"github.com/goccy/go-yaml/ast"
)

// seedValue reads a YAML value as a value of a field. Where it is none, want
// says what one looks like.
func seedValue(n ast.Node, f *rules.Field) (v rules.Value, want string) {
	v = rules.Value{Kind: f.Kind, List: f.List}
	if n.Type() == ast.NullType {
		if f.NonNull {
			return v, "a value"
		}
		return v, ""
	}
	if !f.List {
		v.V, want = scalar(n, f)
		return v, want
	}
	list, ok := n.(*ast.SequenceNode)
	if !ok {
		return v, "a list"
	}
	elements := []any{}
	for _, e := range list.Values {
		x, want := scalar(e, f)
		if want != "" {
			return v, "a list, each element " + want
		}
		elements = append(elements, x)
	}
	v.V = elements
	return v, ""
}

func scalar(n ast.Node, f *rules.Field) (v any, want string) {
	switch f.Kind {
	case rules.Bool:
		if b, ok := n.(*ast.BoolNode); ok {
			return b.Value, ""
		}
		return nil, "true or false"
	case rules.Int, rules.Long:
		i, ok := integer(n)
		if !ok || f.Kind == rules.Int && (i < math.MinInt32 || i > math.MaxInt32) {
			return nil, map[rules.Kind]string{rules.Int: "a whole number of 32 bits", rules.Long: "a whole number of 64 bits"}[f.Kind]
		}
		return i, ""
	case rules.Float:
		if i, ok := integer(n); ok {
			return float64(i), ""
		}
		if x, ok := n.(*ast.FloatNode); ok {
			return x.Value, ""
		}
		return nil, "a number"
	case rules.Decimal:
		text, isText := str(n)
		if !isText {
			text = n.GetToken().Value
		}
		if d, ok := rules.CanonicalDecimal(text); ok {
			return d, ""
		}
		return nil, "a decimal number"
	case rules.JSON:
		if x, ok := jsonOf(n); ok {
			if text, ok := rules.CanonicalJSON(x); ok {
				return text, ""
			}
		}
		return nil, "a value that JSON has, not nested deeper than 32"
	}
	s, ok := str(n)
	if !ok || !utf8.ValidString(s) || strings.ContainsRune(s, 0) {
		return nil, "a string; put it in quotes"
	}
	switch f.Kind {
	case rules.Enum:
		if !slices.Contains(f.Values, s) {
			return nil, "one of " + strings.Join(f.Values, ", ")
		}
	case rules.Date:
		if d, err := time.Parse(time.DateOnly, s); err != nil || d.Year() < 1 {
			return nil, "a date such as 2026-01-31"
		}
	case rules.Time:
		t, err := time.Parse(time.RFC3339Nano, s)
		if err != nil {
			return nil, "a time such as 2026-01-31T12:00:00Z"
		}
		return t.UnixMicro(), ""
	case rules.UUID:
		id, ok := rules.CanonicalUUID(s)
		if !ok {
			return nil, "a UUID"
		}
		return id, ""
	case rules.Ref:
		if !validID(s) {
			return nil, "the _id of a " + f.TypeName
		}
	}
	return s, ""
}

func integer(n ast.Node) (int64, bool) {
	i, ok := n.(*ast.IntegerNode)
	if !ok {
		return 0, false
	}
	switch v := i.Value.(type) {
	case int64:
		return v, true
	case uint64:
		return int64(v), v <= math.MaxInt64
	}
	return 0, false
}

func str(n ast.Node) (string, bool) {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value, true
	case *ast.LiteralNode:
		return n.Value.Value, true
	}
	return "", false
}
