package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// tally counts what happened, to show that the test is not about nothing.
type tally struct {
	cases, changes, requests, seen, writes, allowed, refused, missed int

	bits, skipped, others, limits, slow int
	swept                               int // documents that went with others
	keptWrites                          int // writes by plans that are kept
	queries, kept, shared, unlike       int // queries asked of a server; answered from a plan, and from another caller's; plans that were not their caller's
	// Requests by channel, those of them that wrote, and all by their first error.
	channels, wrote, answers map[string]int
}

func newTally() *tally {
	return &tally{channels: map[string]int{}, wrote: map[string]int{}, answers: map[string]int{}}
}

func (c *tally) add(o *tally) {
	c.cases, c.changes, c.requests, c.seen = c.cases+o.cases, c.changes+o.changes, c.requests+o.requests, c.seen+o.seen
	c.writes, c.allowed, c.refused, c.missed = c.writes+o.writes, c.allowed+o.allowed, c.refused+o.refused, c.missed+o.missed
	c.bits, c.skipped, c.others, c.limits = c.bits+o.bits, c.skipped+o.skipped, c.others+o.others, c.limits+o.limits
	c.swept, c.slow = c.swept+o.swept, c.slow+o.slow
	c.queries, c.kept, c.shared, c.unlike = c.queries+o.queries, c.kept+o.kept, c.shared+o.shared, c.unlike+o.unlike
	c.keptWrites += o.keptWrites
	for _, m := range [][2]map[string]int{{c.channels, o.channels}, {c.wrote, o.wrote}, {c.answers, o.answers}} {
		for k, n := range m[1] {
			m[0][k] += n
		}
	}
}

func (c *tally) String() string {
	return fmt.Sprintf("%d cases, %d hidden changes, %d requests (%d by others); %d documents seen; %d writes: %d allowed, %d refused, %d missed; %d predicted bits, %d requests skipped, %d too large, %d too slow, %d documents swept; %d of %d queries answered from plans, %d from plans of others, %d documents written by plans\nchannels %v\nthat wrote %v\nanswers %v",
		c.cases, c.changes, c.requests, c.others, c.seen, c.writes, c.allowed, c.refused, c.missed, c.bits, c.skipped, c.limits, c.slow, c.swept, c.kept, c.queries, c.shared, c.keptWrites, c.channels, c.wrote, c.answers)
}

func (c *tally) judge(t *testing.T) {
	t.Helper()
	if c.cases < 100 || t.Failed() {
		return
	}
	if c.seen < 3*c.cases || c.changes < 3*c.cases || c.requests < 3*c.cases {
		t.Error("too little is seen, changed or asked")
	}
	if c.allowed*100 < 30*c.writes || c.refused*100 < 5*c.writes {
		t.Error("too few writes are allowed, or refused")
	}
	if c.limits*50 > c.requests || c.slow*100 > c.requests {
		t.Error("too many requests are too large, or too slow")
	}
	if c.kept*5 < c.queries || c.shared*25 < c.queries || c.unlike > 0 {
		t.Errorf("too few queries are answered from plans, or of others; %d plans were not those of their callers", c.unlike)
	}
	for _, ch := range channels {
		if c.channels[ch.name] == 0 {
			t.Errorf("channel %q was never used", ch.name)
		}
	}
	if c.cases < 1000 {
		return
	}
	for _, ch := range writeChannels {
		if c.wrote[ch.name] == 0 && ch.name != "a bit that may show" {
			t.Errorf("channel %q never wrote", ch.name)
		}
	}
	if c.swept == 0 {
		t.Error("nothing ever went with a deleted document")
	}
}

// plans counts what a server did with queries.
func (c *tally) plans(in *instance) {
	c.queries, c.kept, c.shared = c.queries+in.plans.planned+in.plans.answered, c.kept+in.plans.answered, c.shared+in.plans.shared
	c.keptWrites += in.plans.wrote
	c.unlike += strings.Count(in.log.String(), "is not kept")
}

// note counts a request to the first side, which was in that state before.
func (c *tally) note(o *operation, before refState, e expected) {
	want := e.answer
	c.requests++
	c.channels[o.channel]++
	code := "answered"
	if len(want.errors) > 0 {
		code = want.errors[0].code
	}
	c.answers[code]++
	if !o.mutation {
		return
	}
	c.writes++
	switch {
	case want.data == nil:
		c.refused++
	case want.wrote:
		c.allowed++
		c.wrote[o.channel]++
		c.swept += before.swept(e.state, o)
	default:
		c.missed++
	}
}

// swept is how many documents a mutation took with those it was to delete.
func (s refState) swept(after refState, o *operation) int {
	n := 0
	for name, docs := range s {
		for id, d := range docs {
			asked := slices.ContainsFunc(o.roots, func(r *selection) bool { return r.t == d.t })
			if after[name][id] == nil && d.ts > 0 && !asked {
				n++
			}
		}
	}
	return n
}
