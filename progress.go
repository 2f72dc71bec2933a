package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/mattn/go-isatty"
)

// bar shows on a terminal how far a long command is. Elsewhere it is silent.
type bar struct {
	w    io.Writer // nil: no terminal
	last string
}

// bar is that of the terminal.
func (a *app) bar() *bar {
	if f, ok := a.stderr.(*os.File); ok && isatty.IsTerminal(f.Fd()) {
		return &bar{w: f}
	}
	return &bar{}
}

// part shows a share of a whole.
func (b *bar) part(what string, done, total int64) {
	const width = 30
	if b.w == nil || total == 0 {
		return
	}
	n := int(width * done / total)
	b.show(fmt.Sprintf("%s [%s%s] %d%%", what, strings.Repeat("#", n), strings.Repeat(".", width-n), 100*done/total))
}

// count shows how many there are so far.
func (b *bar) count(what string, n int) {
	if b.w != nil {
		b.show(fmt.Sprintf("%s: %d", what, n))
	}
}

func (b *bar) show(text string) {
	if text != b.last {
		fmt.Fprintf(b.w, "\r\x1b[K%s", text)
		b.last = text
	}
}

// clear takes the bar away, before something else is printed.
func (b *bar) clear() {
	if b.w != nil && b.last != "" {
		fmt.Fprint(b.w, "\r\x1b[K")
		b.last = ""
	}
}
