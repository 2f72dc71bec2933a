package main

import (
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"flora.dev/flora/graph"
	"flora.dev/flora/web"
	"github.com/goccy/go-yaml/ast"
)

// limitsConfig is the limits: key of flora.yaml: numbers, sizes such as 256KiB,
// times such as 10s, or off, by name.
type limitsConfig map[string]limit

// limit is one value as written; what it means depends on its name.
type limit struct{ node ast.Node }

// UnmarshalYAML keeps the node.
func (l *limit) UnmarshalYAML(n ast.Node) error {
	l.node = n
	return nil
}

// limits are all limits of a server.
type limits struct {
	web   web.Limits
	graph graph.Limits
}

func defaultLimits() limits {
	return limits{web: web.DefaultLimits(), graph: graph.DefaultLimits()}
}

// counts are the limits that count something, by their names in flora.yaml.
func (l *limits) counts() map[string]*int {
	g := &l.graph
	return map[string]*int{
		"body": &l.web.Body, "concurrent": &l.web.Concurrent, "rate": &l.web.Rate, "burst": &l.web.Burst,
		"query": &g.QueryBytes, "tokens": &g.Tokens, "operations": &g.Operations, "fragments": &g.Fragments,
		"aliases": &g.Aliases, "directives": &g.Directives, "repeats": &g.Repeats, "rootFields": &g.RootFields, "fields": &g.Fields,
		"depth": &g.Depth, "introspectionDepth": &g.IntrospectionDepth, "pageSize": &g.PageSize,
		"maxPageSize": &g.MaxPageSize, "maxWrite": &g.MaxWrite, "variables": &g.VariablesBytes, "variablesDepth": &g.VariablesDepth,
		"errors": &g.Errors, "denied": &g.Denied, "response": &g.ResponseBytes,
	}
}

// times are the limits that are times, by their names in flora.yaml.
func (l *limits) times() map[string]*time.Duration {
	return map[string]*time.Duration{"deadline": &l.web.Deadline, "drain": &l.web.Drain, "drainDelay": &l.web.DrainDelay}
}

// names are the names of all limits.
func (l *limits) names() []string {
	names := slices.AppendSeq(slices.Collect(maps.Keys(l.counts())), maps.Keys(l.times()))
	names = append(names, "cost")
	slices.Sort(names)
	return names
}

// apply puts the limits that are given over l.
func (c limitsConfig) apply(f *faults, l limits) limits {
	counts, times := l.counts(), l.times()
	cost := int(l.graph.Cost)
	counts["cost"] = &cost
	for _, name := range slices.Sorted(maps.Keys(c)) {
		given := c[name]
		to, known := counts[name]
		switch {
		case given.node == nil: // as with any key that has no value
		case times[name] != nil:
			given.duration(f, name, times[name])
		case !known:
			f.at(given.node, "unknown limit %s, there are %s", name, strings.Join(l.names(), ", "))
		case given.off() && (name == "rate" || name == "concurrent"):
			*to = 0
		default:
			given.count(f, name, to)
		}
	}
	l.graph.Cost = int64(cost)
	if l.graph.PageSize > l.graph.MaxPageSize {
		f.add("$.limits.pageSize", "pageSize %d is more than maxPageSize %d", l.graph.PageSize, l.graph.MaxPageSize)
	}
	if l.web.Drain < l.web.DrainDelay+time.Second {
		f.add("$.limits", "drain %s must be at least a second more than drainDelay %s", l.web.Drain, l.web.DrainDelay)
	}
	return l
}

func (l limit) off() bool {
	value := l.node.GetToken().Value
	return value == "off" || value == "false"
}

// duration reads a time. A delay may be none.
func (l limit) duration(f *faults, name string, to *time.Duration) {
	least := 100 * time.Millisecond
	if name == "drainDelay" {
		least = 0
	}
	d, err := time.ParseDuration(l.node.GetToken().Value)
	if err != nil || d < least || d > 5*time.Minute {
		f.at(l.node, "limit %s must be a time from %s to 5m, such as 10s", name, least)
		return
	}
	*to = d
}

// count reads a positive whole number or a size.
func (l limit) count(f *faults, name string, to *int) {
	text, factor := strings.ReplaceAll(l.node.GetToken().Value, "_", ""), 1
	for unit, bytes := range map[string]int{"KiB": 1 << 10, "MiB": 1 << 20} {
		if number, ok := strings.CutSuffix(text, unit); ok {
			text, factor = strings.TrimSpace(number), bytes
		}
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > math.MaxInt32/factor {
		want := "a positive whole number, or a size such as 256KiB"
		if name == "rate" || name == "concurrent" {
			want = "a positive whole number or off"
		}
		f.at(l.node, "limit %s must be %s, found %s", name, want, f.found(l.node))
		return
	}
	*to = n * factor
}
