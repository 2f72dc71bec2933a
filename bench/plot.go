package main

import (
	"fmt"
	"html"
	"strings"
)

// Measures of the plot, in pixels.
const (
	plotWidth  = 720
	nameWidth  = 150
	valueWidth = 60
	barHeight  = 16
	panelTop   = 34
)

// colour tells Flora, what is written by hand, and the others apart (Okabe and
// Ito, 2008).
func colour(peer string) string {
	return [...]string{"#0072b2", "#999999", "#e69f00"}[rank(peer)]
}

// plot is a panel of bars for each operation, in SVG: the CPU that a server
// uses for one request. Each panel has its own scale.
func (r *report) plot() string {
	var b strings.Builder
	text := func(x, y float64, attributes, s string) {
		fmt.Fprintf(&b, `<text x="%.1f" y="%.1f" %s>%s</text>`+"\n", x, y, attributes, html.EscapeString(s))
	}
	y := 30.0
	text(10, y-10, `font-size="15"`, "CPU of the server for one request, in microseconds (less is better)")
	for _, o := range r.operations {
		most := 0.0
		for _, peer := range r.peers {
			most = max(most, typical(r.of(peer, o.Name, false), serverCPU))
		}
		text(10, y+panelTop-12, `font-weight="bold"`, o.Name+" "+o.Title)
		y += panelTop
		for _, peer := range r.peers {
			list := r.of(peer, o.Name, false)
			if len(list) == 0 {
				continue
			}
			value := typical(list, serverCPU)
			width := max(1, value/most*(plotWidth-nameWidth-valueWidth))
			text(nameWidth-6, y+barHeight-5, `text-anchor="end"`, peer)
			fmt.Fprintf(&b, `<rect x="%d" y="%.1f" width="%.1f" height="%d" fill="%s"/>`+"\n", nameWidth, y, width, barHeight-3, colour(peer))
			text(nameWidth+width+5, y+barHeight-5, "", fmt.Sprintf("%.0f", value))
			y += barHeight
		}
	}
	y += 12
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %.0f" width="%[1]d" height="%.0[2]f" font-family="sans-serif" font-size="12" fill="#222">
<rect width="100%%" height="100%%" fill="#fff"/>
`, plotWidth, y) + b.String() + "</svg>\n"
}
