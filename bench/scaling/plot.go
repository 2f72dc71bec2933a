package main

import (
	"fmt"
	"html"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
)

// chart is a plot with lines.
type chart struct {
	Title, X, Y string
	LogX, LogY  bool
	Lines       []line
}

// line is a series of points from left to right.
type line struct {
	Name   string
	Points []xy
}

type xy struct{ X, Y float64 }

// Measures of a chart in pixels.
const (
	width, height            = 760, 420
	left, right, top, bottom = 70, 230, 40, 50
)

// Colours that people who see few can tell apart (Okabe and Ito, 2008).
var colours = [...]string{"#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000", "#999999"}

// write writes the chart as SVG.
func (c chart) write(name string) error {
	if err := os.WriteFile(name, []byte(c.svg()), 0o644); err != nil {
		return fmt.Errorf("write plot: %w", err)
	}
	return nil
}

func (c chart) svg() string {
	x, y := c.axes()
	px := func(v float64) float64 { return left + x.at(v)*(width-left-right) }
	py := func(v float64) float64 { return height - bottom - y.at(v)*(height-top-bottom) }
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%[1]d" height="%[2]d" font-family="sans-serif" font-size="12">`+"\n", width, height)
	b.WriteString(`<rect width="100%" height="100%" fill="#fff"/>` + "\n")
	text := func(x, y float64, anchor, s string) {
		fmt.Fprintf(&b, `<text x="%.1f" y="%.1f" text-anchor="%s" fill="#222">%s</text>`+"\n", x, y, anchor, html.EscapeString(s))
	}
	fmt.Fprintf(&b, `<text x="%d" y="22" font-size="15" fill="#222">%s</text>`+"\n", left, html.EscapeString(c.Title))
	for _, v := range x.ticks {
		fmt.Fprintf(&b, `<path d="M%.1f %d V%d" stroke="#e4e4e4"/>`+"\n", px(v), top, height-bottom)
		text(px(v), height-bottom+18, "middle", number(v))
	}
	for _, v := range y.ticks {
		fmt.Fprintf(&b, `<path d="M%d %.1f H%d" stroke="#e4e4e4"/>`+"\n", left, py(v), width-right)
		text(left-8, py(v)+4, "end", number(v))
	}
	text((left+width-right)/2, height-10, "middle", c.X)
	fmt.Fprintf(&b, `<text transform="translate(16 %d) rotate(-90)" text-anchor="middle" fill="#222">%s</text>`+"\n", (top+height-bottom)/2, html.EscapeString(c.Y))
	for i, l := range c.Lines {
		colour := colours[i%len(colours)]
		var path strings.Builder
		for j, p := range l.Points {
			path.WriteString(map[bool]string{true: "M", false: " L"}[j == 0])
			fmt.Fprintf(&path, "%.1f %.1f", px(p.X), py(p.Y))
			fmt.Fprintf(&b, `<circle cx="%.1f" cy="%.1f" r="3" fill="%s"/>`+"\n", px(p.X), py(p.Y), colour)
		}
		fmt.Fprintf(&b, `<path d="%s" fill="none" stroke="%s" stroke-width="2"/>`+"\n", &path, colour)
		at := float64(top + 10 + 20*i)
		fmt.Fprintf(&b, `<path d="M%d %.1f h22" stroke="%s" stroke-width="3"/>`+"\n", width-right+12, at, colour)
		text(width-right+40, at+4, "start", l.Name)
	}
	b.WriteString("</svg>\n")
	return b.String()
}

// axis maps values to 0..1.
type axis struct {
	low, high float64
	log       bool
	ticks     []float64
}

func (a axis) at(v float64) float64 {
	if a.log {
		return math.Log(v/a.low) / math.Log(a.high/a.low)
	}
	return (v - a.low) / (a.high - a.low)
}

// axes fit the points.
func (c chart) axes() (x, y axis) {
	var xs, ys []float64
	for _, l := range c.Lines {
		for _, p := range l.Points {
			xs, ys = append(xs, p.X), append(ys, p.Y)
		}
	}
	x, y = newAxis(c.LogX, slices.Min(xs), slices.Max(xs)), newAxis(c.LogY, slices.Min(ys), slices.Max(ys))
	slices.Sort(xs)
	if xs = slices.Compact(xs); len(xs) <= 8 { // what was measured, rather than round numbers
		x.low, x.high, x.ticks = xs[0], max(xs[len(xs)-1], xs[0]+1e-9), spread(x, xs)
	}
	return x, y
}

// spread leaves out ticks whose numbers would touch.
func spread(a axis, values []float64) []float64 {
	a.low, a.high = values[0], max(values[len(values)-1], values[0]+1e-9)
	kept := values[:1:1]
	for _, v := range values[1:] {
		if a.at(v)-a.at(kept[len(kept)-1]) > 0.06 {
			kept = append(kept, v)
		}
	}
	return kept
}

func newAxis(log bool, low, high float64) axis {
	a := axis{log: log}
	if log {
		steps := []float64{1, 2, 5}
		if high/low > 1000 {
			steps = steps[:1]
		}
		// From the step at or below the lowest value to that at or above the highest.
		for power := math.Pow(10, math.Floor(math.Log10(low))); ; power *= 10 {
			for _, s := range steps {
				v := s * power
				if v <= low*1.0001 {
					a.ticks = a.ticks[:0]
				}
				a.ticks = append(a.ticks, v)
				if v >= high*0.9999 && len(a.ticks) > 1 {
					a.low, a.high = a.ticks[0], v
					return a
				}
			}
		}
	}
	step := math.Pow(10, math.Floor(math.Log10(max(high, 1e-9))))
	for _, s := range []float64{0.2, 0.5, 1, 2} {
		if high/(s*step) <= 6 {
			step *= s
			break
		}
	}
	for v := 0.0; ; v += step {
		a.ticks = append(a.ticks, v)
		if v >= high {
			a.high = v
			return a
		}
	}
}

// number writes 20000 as 20k.
func number(v float64) string {
	switch {
	case v >= 1e6:
		return strconv.FormatFloat(v/1e6, 'g', 4, 64) + "M"
	case v >= 1e4:
		return strconv.FormatFloat(v/1e3, 'g', 4, 64) + "k"
	}
	return strconv.FormatFloat(v, 'g', 4, 64)
}
