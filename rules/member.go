package rules

import (
	"encoding/json"
	"strings"
)

// Member is a value inside an embedded one: null where that, or anything on the
// way, is null. Of the kinds JSON and Embedded, and of a List, it only tells
// whether there is one.
type Member struct {
	X    Operand // the embedded value
	Path string  // names of fields, joined by dots
	Kind Kind
	List bool
}

func (Member) operand() {}

// of reads the member of a known value.
func (m Member) of(v Value) Value {
	out := Value{Kind: m.Kind}
	text, ok := v.V.(string)
	if !ok {
		return out
	}
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var x any
	if d.Decode(&x) != nil {
		return out
	}
	for name := range strings.SplitSeq(m.Path, ".") {
		object, _ := x.(map[string]any)
		x = object[name]
	}
	switch x := x.(type) {
	case json.Number:
		if out.Kind == Float {
			if f, err := x.Float64(); err == nil {
				out.V = f
			}
		} else if n, err := x.Int64(); err == nil {
			out.V = n
		}
	case nil:
	case map[string]any, []any:
		out.V = "" // there is one
	default:
		out.V = x
	}
	return out
}
