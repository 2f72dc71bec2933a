package rules

import (
	"encoding/json"
	"strings"
	"testing"
)

// A claim that is no value of the field is unknown: the write is refused, not
// a part of it stored.
func TestValueOfClaim(t *testing.T) {
	w := newWorld()
	for _, c := range []struct {
		field, claims string
		known         bool
	}{
		{"status", `{"x": "LIVE"}`, true},
		{"status", `{"x": "GONE"}`, false},
		{"status", `{"x": 1}`, false},
		{"status", `{}`, false},
		{"stock", `{"x": 2147483647}`, true},
		{"stock", `{"x": 2147483648}`, false},
		{"stock", `{"x": -2147483649}`, false},
		{"stock", `{"x": 1.5}`, false},
		{"big", `{"x": 2147483648}`, true},
		{"tags", `{"x": ["a", "b"]}`, true},
		{"tags", `{"x": []}`, true},
		{"tags", `{"x": ["a", 1]}`, false},
		{"tags", `{"x": ["a", null]}`, false},
		{"tags", `{"x": "a"}`, false},
		{"note", `{"x": "a\u0000"}`, false},
	} {
		x, faults := w.env().Value(w.product.Field(c.field), "CurrentToken().x")
		if len(faults) > 0 {
			t.Fatalf("%s: %v", c.field, faults)
		}
		claims := map[string]any{}
		d := json.NewDecoder(strings.NewReader(c.claims))
		d.UseNumber()
		if err := d.Decode(&claims); err != nil {
			t.Fatal(err)
		}
		if _, known := NewCaller("ada", claims, clock).Value(x); known != c.known {
			t.Errorf("%s from %s: known %v, want %v", c.field, c.claims, known, c.known)
		}
	}
}

// A field of the caller's document may hold more than the field it is copied to.
func TestValueOfUser(t *testing.T) {
	w := newWorld()
	w.user.Fields = append(w.user.Fields, &Field{Object: w.user, Name: "points", Column: "points", Kind: Long, TypeName: "Long"})
	for _, c := range []struct {
		field, text, fault string
	}{
		{"stock", "CurrentUser().level", ""},
		{"big", "CurrentUser().level", ""},
		{"big", "CurrentUser().points", ""},
		{"stock", "CurrentUser().points", "Product.stock is an Int, CurrentUser().points is a Long"},
	} {
		got := ""
		if _, faults := w.env().Value(w.product.Field(c.field), c.text); len(faults) > 0 {
			got = faults[0].Message
		}
		if got != c.fault {
			t.Errorf("%s from %s: fault %q, want %q", c.field, c.text, got, c.fault)
		}
	}
}
