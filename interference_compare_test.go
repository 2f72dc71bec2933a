package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
)

// differs compares an answer with what was expected, and learns its cursors.
func (g *generator) differs(want *refAnswer, got reply) string {
	var a struct {
		Data   map[string]any
		Errors []struct {
			Path       []any
			Extensions struct{ Code string }
		}
		Extensions struct {
			Denied              []any
			Committed, Repeated bool
		}
	}
	dec := json.NewDecoder(bytes.NewReader([]byte(got.body)))
	dec.UseNumber()
	if err := dec.Decode(&a); err != nil {
		return err.Error()
	}
	if got.status != 200 {
		return "status"
	}
	var errs []refError
	for _, e := range a.Errors {
		errs = append(errs, refError{e.Extensions.Code, pathText(e.Path)})
	}
	wanted := want.errors[:min(len(want.errors), 10)]
	switch {
	case !slices.Equal(errs, wanted):
		return fmt.Sprintf("errors are %v, not %v", errs, wanted)
	case want.data == nil && a.Data != nil:
		return "data is not null"
	case a.Extensions.Committed != want.committed:
		return "committed differs"
	case a.Extensions.Repeated != want.repeated:
		return "repeated differs"
	case got.wrote != want.wrote:
		return "commitTime differs"
	case fmt.Sprint(a.Extensions.Denied) != fmt.Sprint(want.denied[:min(len(want.denied), 100)]):
		return fmt.Sprintf("denied is %v, not %v", a.Extensions.Denied, want.denied)
	}
	if want.data == nil {
		return ""
	}
	return g.same(want.data, a.Data, "data")
}

// same compares a value; cursors are opaque, and remembered.
func (g *generator) same(want, got any, path string) string {
	differs := fmt.Sprintf("%s is %v, not %v", path, got, want)
	switch w := want.(type) {
	case map[string]any:
		m, ok := got.(map[string]any)
		if !ok || len(m) != len(w) {
			return differs
		}
		for _, k := range slices.Sorted(maps.Keys(w)) {
			if d := g.same(w[k], m[k], path+"."+k); d != "" {
				return d
			}
		}
		return ""
	case []any:
		l, ok := got.([]any)
		if !ok || len(l) != len(w) {
			return differs
		}
		for i := range w {
			if d := g.same(w[i], l[i], fmt.Sprintf("%s.%d", path, i)); d != "" {
				return d
			}
		}
		return ""
	case *refCursor:
		text, ok := got.(string)
		if !ok {
			return differs
		}
		if old := g.cursors[text]; old != nil && !reflect.DeepEqual(old, w) {
			return fmt.Sprintf("%s: one cursor for %v and %v", path, *old, *w)
		}
		g.cursors[text] = w
		return ""
	case int64:
		if n, ok := got.(json.Number); ok && n.String() == fmt.Sprint(w) {
			return ""
		}
		return differs
	case float64:
		if n, ok := got.(json.Number); ok {
			if x, err := n.Float64(); err == nil && x == w {
				return ""
			}
		}
		return differs
	}
	if want != got {
		return differs
	}
	return ""
}
