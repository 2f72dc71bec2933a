package graph

import "testing"

func TestCheckEscapes(t *testing.T) {
	for text, column := range map[string]int{
		`{ a(t: "x") }`:                        0,
		`{ a(t: "\ud83d\ude00\u00e4") }`:       0,
		`{ a(t: "\u{1F600}\\ud800 \"") }`:      0,
		`{ a(t: """\ud800 \""" \ud800""") }`:   0,
		`{ a(t: "") # \ud800 "` + "\n }":       0,
		`{ a(t: "open`:                         0,
		`{ a(t: "\ud800") }`:                   9,
		`{ a(t: "\uDC00\uD800") }`:             9,
		`{ a(t: "ä\ud800x") }`:                 10,
		`{ a(t: "\ud800\ud800\udc00") }`:       9,
		`{ a(t: "\ud83d\ude00", u: "\udfff")}`: 28,
		`{ a(t: "\ud800`:                       9,
		`{ a(t: "", u: "\uDFFF") }`:            16,
		`{ a(t: """""", u: "\uDFFF") }`:        20,
	} {
		got := 0
		if err := checkEscapes(text); err != nil {
			got = err.Locations[0].Column
		}
		if got != column {
			t.Errorf("%s: fault at column %d, want %d", text, got, column)
		}
	}
}
