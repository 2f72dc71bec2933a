package main

import (
	"strings"
	"testing"
)

func TestBar(t *testing.T) {
	var out strings.Builder
	b := &bar{w: &out}
	b.clear() // nothing is there
	b.part("writing", 0, 0)
	b.part("writing", 1, 3)
	b.part("writing", 1, 3)
	b.count("Book", 12)
	b.clear()
	const line = "\r\x1b[K"
	if want := line + "writing [##########....................] 33%" + line + "Book: 12" + line; out.String() != want {
		t.Errorf("%q", out.String())
	}
	quiet := (&app{stderr: &out}).bar() // no terminal
	out.Reset()
	quiet.part("writing", 1, 3)
	quiet.count("Book", 12)
	quiet.clear()
	if out.Len() > 0 {
		t.Errorf("%q where no terminal is", out.String())
	}
}
