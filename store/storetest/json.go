package storetest

import (
	"encoding/json"
	"fmt"
	"strings"
)

// jsonDiff compares two texts by value: numbers by their number, and 1 and 0
// are true and false. It returns "" where they are equal.
func jsonDiff(got, want string) string {
	g, err := decode(got)
	if err != nil {
		return fmt.Sprintf("not JSON: %v", err)
	}
	w, err := decode(want)
	if err != nil {
		return fmt.Sprintf("expectation is not JSON: %v", err)
	}
	return diff("$", g, w)
}

func decode(text string) (v any, err error) {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	err = d.Decode(&v)
	return v, err
}

func diff(path string, got, want any) string {
	switch w := want.(type) {
	case []any:
		g, ok := got.([]any)
		if !ok || len(g) != len(w) {
			break
		}
		for i := range w {
			if d := diff(fmt.Sprintf("%s[%d]", path, i), g[i], w[i]); d != "" {
				return d
			}
		}
		return ""
	case json.Number:
		if g, ok := got.(json.Number); ok && sameNumber(g, w) {
			return ""
		}
	case bool:
		if n, ok := got.(json.Number); ok && (n == "1" && w || n == "0" && !w) {
			return ""
		}
		if got == want {
			return ""
		}
	default:
		if got == want {
			return ""
		}
	}
	return fmt.Sprintf("%s: %v is not %v", path, got, want)
}

// sameNumber is exact for integers and compares others as float64.
func sameNumber(a, b json.Number) bool {
	_, aerr := a.Int64()
	_, berr := b.Int64()
	if aerr == nil && berr == nil {
		return a == b
	}
	x, xerr := a.Float64()
	y, yerr := b.Float64()
	return xerr == nil && yerr == nil && x == y
}

// text is the JSON of a value.
func text(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("storetest: %v has no JSON", v))
	}
	return string(b)
}
