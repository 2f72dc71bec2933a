package spanner

import (
	"bytes"
	"encoding/json"
	"strconv"

	"flora.dev/flora/rules"
	"flora.dev/flora/store"
	"flora.dev/flora/store/internal/serial"
	"flora.dev/flora/store/internal/sqlgen"
)

// echoes reports for each top-level head whether its own statement knows its
// answer. A later statement may change the document, or what decides whether
// the caller may read it; then the answer is read after the commit. A delete is
// answered with what it found, and the answer of a create that asked nothing
// hangs on nothing but its own values.
func echoes(parts []serial.Part) map[*store.Head]bool {
	known := map[*store.Head]bool{}
	for k, p := range parts {
		if p.Kid >= 0 || !sqlgen.Spanner.Echoes(p.Head) {
			continue
		}
		switch p.Kind {
		case store.Delete:
			known[p.Head] = true
		case store.Insert:
			known[p.Head] = len(parts) == 1 || p.Guard == rules.Pred(rules.True) && !touches(parts[k+1:], p.Head)
		case store.Update:
			known[p.Head] = len(parts) == 1
		}
	}
	return known
}

// touches reports whether one of parts is about the document of h.
func touches(parts []serial.Part, h *store.Head) bool {
	for _, p := range parts {
		if p.Table == h.Table && (p.ID == h.ID || serial.Dynamic(p.Head)) || len(p.Referrers) > 0 {
			return true
		}
	}
	return false
}

// echo makes the answer of a create from what it wrote, as a SELECT of it would
// give it. It is not ok where the database made a value.
func echo(h *store.Head, now int64) (text string, ok bool) {
	buf := []byte{'['}
	for i, c := range h.Answer.Columns {
		if i > 0 {
			buf = append(buf, ',')
		}
		v, ok := written(h, c.Value.(rules.Col).Field, now)
		if !ok {
			return "", false
		}
		if buf, ok = appendJSON(buf, v.V); !ok {
			return "", false
		}
	}
	return string(append(buf, ']')), true
}

// written is the value of a field after a create. A field that is not set is
// null.
func written(h *store.Head, f *rules.Field, now int64) (rules.Value, bool) {
	switch f {
	case h.Table.Key:
		return rules.Value{Kind: rules.ID, V: h.ID}, true
	case h.Table.TS:
		return rules.Value{Kind: rules.Long, V: h.Stamp(now)}, true
	}
	for _, a := range h.Set {
		if a.Field == f {
			v, ok := a.Value.(rules.Val)
			return v.Value, ok
		}
	}
	return rules.Value{Kind: f.Kind, List: f.List}, true
}

// appendJSON appends a value as JSON. Times are microseconds already.
func appendJSON(buf []byte, v any) ([]byte, bool) {
	switch x := v.(type) {
	case nil:
		return append(buf, "null"...), true
	case int64:
		return strconv.AppendInt(buf, x, 10), true
	case []any:
		buf = append(buf, '[')
		for i, e := range x {
			if i > 0 {
				buf = append(buf, ',')
			}
			var ok bool
			if buf, ok = appendJSON(buf, e); !ok {
				return buf, false
			}
		}
		return append(buf, ']'), true
	case bool:
		return strconv.AppendBool(buf, x), true
	case float64:
		if x == 0 {
			x = 0 // drops the sign, as param does
		}
		return strconv.AppendFloat(buf, x, 'g', -1, 64), true
	case string:
		var text bytes.Buffer
		e := json.NewEncoder(&text)
		e.SetEscapeHTML(false)
		if e.Encode(x) != nil {
			return buf, false
		}
		return append(buf, bytes.TrimSuffix(text.Bytes(), []byte{'\n'})...), true
	}
	return buf, false
}
