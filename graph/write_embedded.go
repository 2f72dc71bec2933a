package graph

import (
	"encoding/json"
	"strings"

	"flora.dev/flora/rules"
	"flora.dev/flora/schema"
)

// embedded writes the value whose JSON text is the string at p.
func (w *writer) embedded(s *schema.Shape, p int) int {
	if w.null(p) {
		w.buf = append(w.buf, "null"...)
		return p + len("null")
	}
	text, end := w.unquote(p)
	if end == broken {
		return broken
	}
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var v any
	if d.Decode(&v) != nil || !w.member(s, v) {
		return w.malformed(p, "a value of an embedded type")
	}
	return end
}

// member writes a value inside an embedded one. It reports whether v is what
// the shape says.
func (w *writer) member(s *schema.Shape, v any) bool {
	if v == nil {
		w.buf = append(w.buf, "null"...)
		return true
	}
	if s.List {
		list, ok := v.([]any)
		if !ok {
			return false
		}
		one := *s
		one.List = false
		w.buf = append(w.buf, '[')
		for i, e := range list {
			if i > 0 {
				w.buf = append(w.buf, ',')
			}
			if !w.member(&one, e) {
				return false
			}
		}
		w.buf = append(w.buf, ']')
		return true
	}
	if s.Kind == schema.ShapeScalar {
		return w.memberScalar(s.Scalar, v)
	}
	object, ok := v.(map[string]any)
	if !ok {
		return false
	}
	w.buf = append(w.buf, '{')
	for i := range s.Members {
		m := &s.Members[i]
		if i > 0 {
			w.buf = append(w.buf, ',')
		}
		w.buf = append(w.buf, m.Key...)
		if fixed(m.Shape) {
			w.fixed(m.Shape)
		} else if !w.member(m.Shape, object[m.Field]) {
			return false
		}
	}
	w.buf = append(w.buf, '}')
	return true
}

// memberScalar writes a scalar by way of its positional text.
func (w *writer) memberScalar(k rules.Kind, v any) bool {
	if k == rules.JSON {
		text, ok := rules.CanonicalJSON(v)
		w.buf = append(w.buf, text...)
		return ok
	}
	raw, err := json.Marshal(v)
	if err != nil {
		return false
	}
	inner := writer{text: string(raw), limits: w.limits, buf: w.buf}
	end := inner.scalar(k, 0)
	w.buf = inner.buf
	return end == len(raw)
}
