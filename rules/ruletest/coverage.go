package ruletest

import (
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"flora.dev/flora/rules"
)

// Coverage counts what the rules of a test were made of, what stores were
// asked, and how rules were decided.
type Coverage map[string]int

var call = regexp.MustCompile(`\b(?:[A-Za-z]+\(|now\b|signedIn\b|anyone\b|null\b)`)

// Rule notes a rule that compiled.
func (c Coverage) Rule(text string, p rules.Pred) {
	for _, name := range call.FindAllString(text, -1) {
		c[name]++
	}
	c.walk(reflect.ValueOf(p), "")
}

// Asked notes a predicate that a store was asked, in T's form.
func (c Coverage) Asked(p rules.Pred) { c.walk(reflect.ValueOf(p), "SQL ") }

// Change notes an update.
func (c Coverage) Change(ch Change) {
	for _, w := range ch {
		c["newDoc "+w.Op]++
	}
}

// Outcome notes a decision.
func (c Coverage) Outcome(t rules.Truth) { c["decided "+t.String()]++ }

// walk counts the nodes of a predicate; it follows no pointers, so schema and
// slots stay outside.
func (c Coverage) walk(v reflect.Value, prefix string) {
	switch v.Kind() {
	case reflect.Interface:
		c.walk(v.Elem(), prefix)
	case reflect.Slice:
		c[prefix+v.Type().Name()]++
		for i := range v.Len() {
			c.walk(v.Index(i), prefix)
		}
	case reflect.Struct:
		c[prefix+v.Type().Name()]++
		c.detail(v.Interface(), prefix)
		for i := range v.NumField() {
			if k := v.Field(i).Kind(); k == reflect.Interface {
				c.walk(v.Field(i), prefix)
			}
		}
	}
}

func (c Coverage) detail(node any, prefix string) {
	column := func(of string, k rules.Kind, list bool) {
		if list {
			of += "list of "
		}
		c[prefix+of+k.String()]++
	}
	switch n := node.(type) {
	case rules.Col:
		column("field ", n.Field.Kind, n.Field.List)
	case rules.Member:
		column("member ", n.Kind, n.List)
	case rules.Cmp:
		c[prefix+"Cmp "+[...]string{"==", "!=", "<", "<=", ">", ">="}[n.Op]]++
	case rules.One:
		if n.Key != nil {
			c[prefix+"one-to-one"]++
		}
	case rules.Many:
		c.many(n.Field, prefix)
	case rules.None:
		c.many(n.Field, prefix)
	case rules.User:
		c[prefix+"CurrentUser "+n.Object.Name]++
	}
}

func (c Coverage) many(f *rules.Field, prefix string) {
	switch {
	case f == nil:
		c[prefix+"range"]++
	case f.Target.Key == nil:
		c[prefix+"link"]++
	default:
		c[prefix+"many"]++
	}
}

// Missing says what occurred too seldom in n rules. A line of a floor has the
// least number per 1000 rules, and what it is the least of, with commas. Where
// that is a handful, chance decides and nothing is said.
func (c Coverage) Missing(n int, floors ...string) (out []string) {
	for _, floor := range floors {
		for line := range strings.Lines(floor) {
			number, names, _ := strings.Cut(strings.TrimSpace(line), " ")
			least, err := strconv.Atoi(number)
			if err != nil {
				panic("ruletest: floor " + line)
			}
			for name := range strings.SplitSeq(names, ", ") {
				if want := least * n / 1000; want > 3 && c[name] < want {
					out = append(out, fmt.Sprintf("%s: %d in %d rules, at least %d are expected", name, c[name], n, want))
				}
			}
		}
	}
	return out
}

// String lists the counts.
func (c Coverage) String() string {
	s := ""
	for _, name := range slices.Sorted(maps.Keys(c)) {
		s += fmt.Sprintf("%s %d, ", name, c[name])
	}
	return s
}
