package spanner_test

import (
	"bytes"
	"encoding/json"
	"testing"
)

// strip removes white space, which engines may put between JSON tokens.
func strip(text string) string {
	var b bytes.Buffer
	if json.Compact(&b, []byte(text)) != nil {
		return text
	}
	return b.String()
}

// normal makes JSON texts equal that mean the same, but keeps all digits of
// integers.
func normal(t *testing.T, text string) string {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader([]byte(text)))
	d.UseNumber()
	var v []any
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	for i, x := range v {
		if n, ok := x.(json.Number); ok && bytes.ContainsAny([]byte(n), ".eE") {
			v[i], _ = n.Float64()
		}
	}
	out, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}
