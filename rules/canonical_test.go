package rules

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestCanonicalDecimal(t *testing.T) {
	for in, want := range map[string]string{
		"0": "0", "-0": "0", "0.0": "0", "1": "1", "+1": "1", "007": "7", "1.50": "1.5", "-1.50": "-1.5", "0.10": "0.1", "100": "100",
		"1e3": "1000", "1.5e1": "15", "1.5E-3": "0.0015", "12e-2": "0.12", "1e0": "1", "-2.5e+2": "-250", "1e100": "!", "1e-99": "0." + strings.Repeat("0", 98) + "1",
		"": "!", ".": "!", ".5": "!", "5.": "!", "1,5": "!", "1e": "!", "1e+": "!", "1e+-1": "!", "0x1": "!", "NaN": "!", "Infinity": "!", "1e101": "!", "--1": "!", " 1": "!", "1_0": "!",
		strings.Repeat("9", 100): strings.Repeat("9", 100), strings.Repeat("9", 101): "!", "1e9999": "!",
	} {
		got, ok := CanonicalDecimal(in)
		if !ok {
			got = "!"
		}
		if got != want {
			t.Errorf("%q gave %q, want %q", in, got, want)
		}
	}
}

func TestCanonicalUUID(t *testing.T) {
	const id = "0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b"
	if got, ok := CanonicalUUID(strings.ToUpper(id)); !ok || got != id {
		t.Error(got, ok)
	}
	for _, in := range []string{"", id[1:], "{" + id + "}", strings.ReplaceAll(id, "-", ""), strings.Replace(id, "0", "g", 1), id[:8] + "0" + id[9:], "urn:uuid:" + id} {
		if got, ok := CanonicalUUID(in); ok {
			t.Errorf("%q gave %q", in, got)
		}
	}
}

func TestCanonicalJSON(t *testing.T) {
	for in, want := range map[string]string{
		`{"b":1.0,"a":[true,null,"x<y\u0041"]}`:           `{"a":[true,null,"x<yA"],"b":1.0}`,
		`12345678901234567890.123456789`:                  `12345678901234567890.123456789`,
		`"\u0000"`:                                        "!",
		strings.Repeat("[", 33) + strings.Repeat("]", 33): strings.Repeat("[", 33) + strings.Repeat("]", 33),
		strings.Repeat("[", 34) + strings.Repeat("]", 34): "!",
		`{"\u0000":1}`:                                    "!",
	} {
		d := json.NewDecoder(strings.NewReader(in))
		d.UseNumber()
		var v any
		if err := d.Decode(&v); err != nil {
			t.Fatal(err)
		}
		got, ok := CanonicalJSON(v)
		if !ok {
			got = "!"
		}
		if got != want {
			t.Errorf("%s gave %s", in, got)
		}
	}
	if _, ok := CanonicalJSON(1); ok {
		t.Error("took an int")
	}
}
