package main

import (
	"fmt"
	"slices"
	"strings"
)

// targets is a table of what Flora is meant to reach, and whether it does.
func (r *report) targets() string {
	var b strings.Builder
	b.WriteString("\n| Flora | target | measured | |\n|---|---|---|---|\n")
	row := func(what string, limit float64, atMost bool, got float64, form string) {
		if got == 0 {
			return // not part of this run
		}
		verdict, sign := "missed", "at least "
		if atMost {
			sign = "at most "
		}
		if atMost == (got <= limit) || got == limit {
			verdict = "met"
		}
		fmt.Fprintf(&b, "| %s | %s"+form+" | "+form+" | %s |\n", what, sign, limit, got, verdict)
	}
	const flora = "flora"
	for _, operation := range []string{"Q1", "Q2", "Q3"} {
		row("CPU of "+operation+" to raw", 1.15, true, r.ratio(flora, base, operation, serverCPU), "%.2f")
	}
	for _, operation := range []string{"M1", "M2"} {
		row("throughput of "+operation+" to raw", 3, false, r.ratio(flora, base, operation, perSecond), "%.2f")
	}
	for _, peer := range r.peers {
		for _, o := range r.operations {
			if times := factor(peer, o.Name); times > 0 {
				row("CPU of "+o.Name+" in "+peer+" to Flora's", times, false, r.ratio(peer, flora, o.Name, serverCPU), "%.2f")
			}
		}
	}
	for _, operation := range []string{"Q1", "Q2", "Q3"} {
		row("p99 to p50 of "+operation+fmt.Sprintf(" at %.0f %%", steady*100), 5, true, r.spread(flora, operation), "%.1f")
	}
	all := r.of(flora, "", false)
	row("resident when idle, MiB", 64, true, typical(all, idle), "%.0f")
	row("resident under Q3 (PSS), MiB", 300, true, typical(r.of(flora, "Q3", false), shared), "%.0f")
	row("start to first answer, ms", 50, true, typical(all, started), "%.0f")
	return b.String()
}

// factor is how many times Flora's CPU a backend should need, 0 where nothing
// is asked.
func factor(peer, operation string) float64 {
	backend := func(names ...string) bool {
		return slices.ContainsFunc(names, func(n string) bool { return strings.HasPrefix(peer, n) })
	}
	switch {
	case backend("postgraphile", "pocketbase") && operation == "Q1":
		return 4
	case backend("postgraphile", "pocketbase") && operation == "Q3":
		return 2.5
	case backend("postgraphile", "pocketbase", "graphjin"):
		return 1
	}
	return 0
}
