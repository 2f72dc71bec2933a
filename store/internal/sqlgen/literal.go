package sqlgen

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"flora.dev/flora/rules"
)

// literal spells a constant in DDL, which takes no parameters.
func (d *Dialect) literal(v rules.Value) (string, error) {
	if !v.List {
		return d.scalar(v.Kind, v.V)
	}
	elements, ok := v.V.([]any)
	if !ok {
		return "", fmt.Errorf("spell literal: %T is not a list", v.V)
	}
	if d.ddl.listType != "" {
		b, err := json.Marshal(elements)
		if err != nil {
			return "", fmt.Errorf("spell literal: %w", err)
		}
		return d.ddl.text(string(b)), nil
	}
	out := make([]string, len(elements))
	for i, e := range elements {
		var err error
		if out[i], err = d.scalar(v.Kind, e); err != nil {
			return "", err
		}
	}
	element, _, _ := strings.Cut(d.ddl.types[v.Kind], "(") // a length is part of columns only
	return "ARRAY<" + element + ">[" + strings.Join(out, ", ") + "]", nil
}

func (d *Dialect) scalar(kind rules.Kind, v any) (string, error) {
	switch x := v.(type) {
	case bool:
		if x {
			return d.ddl.trueLiteral, nil
		}
		return d.ddl.falseLiteral, nil
	case int64:
		s := strconv.FormatInt(x, 10)
		if kind == rules.Time {
			s = string(fill(nil, d.ddl.timeLiteral, s))
		}
		return s, nil
	case float64:
		return strconv.FormatFloat(x, 'e', -1, 64), nil
	case string:
		s := d.ddl.text(x)
		if kind == rules.Date {
			s = string(fill(nil, d.ddl.dateLiteral, s))
		}
		return s, nil
	}
	return "", fmt.Errorf("spell literal: %T", v)
}

func sqliteText(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

func spannerText(s string) string {
	var b strings.Builder
	b.WriteByte('\'')
	for _, r := range s {
		switch {
		case r == '\'' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r < ' ' || r == 0x7f:
			fmt.Fprintf(&b, `\x%02x`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('\'')
	return b.String()
}
