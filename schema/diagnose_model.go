package schema

import (
	"cmp"
	"slices"
	"strings"

	"flora.dev/flora/rules"
)

// maxRuns bounds how many cases are looked at for one question. A question
// with more has no answer, and nothing is said.
const maxRuns = 4096

// model is one case of all that rules can depend on: the values of columns as
// far as the rules tell them apart, and the truth of what is not looked into.
// A case is made while rules are evaluated: each choice is kept for the case,
// and the last one that has another alternative differs in the next.
type model struct {
	constants map[string][]any // what each term is compared with
	gathering bool             // the first run, which collects them
	choices   []choice
	made      int // choices made in this run
	memo      map[string]int
}

type choice struct{ taken, of int }

// possible reports whether f holds in some case; sure is false where there
// are too many to tell.
func possible(f func(*model) bool) (found, sure bool) {
	m := &model{constants: map[string][]any{}, memo: map[string]int{}, gathering: true}
	f(m)
	for _, list := range m.constants {
		slices.SortFunc(list, order)
	}
	m.gathering, m.choices = false, nil
	for range maxRuns {
		m.made, m.memo = 0, map[string]int{}
		if f(m) {
			return true, true
		}
		m.choices = m.choices[:m.made]
		for len(m.choices) > 0 {
			last := &m.choices[len(m.choices)-1]
			if last.taken++; last.taken < last.of {
				break
			}
			m.choices = m.choices[:len(m.choices)-1]
		}
		if len(m.choices) == 0 {
			return false, true
		}
	}
	return false, false
}

// choose picks one of n alternatives for what key names.
func (m *model) choose(key string, n int) int {
	if i, ok := m.memo[key]; ok {
		return i
	}
	if m.made == len(m.choices) {
		m.choices = append(m.choices, choice{of: n})
	}
	i := m.choices[m.made].taken
	m.made++
	m.memo[key] = i
	return i
}

// truth picks True, False and, if it may be, Unknown.
func (m *model) truth(key string, unknown bool) rules.Truth {
	all := []rules.Truth{rules.True, rules.False, rules.Unknown}
	if !unknown {
		all = all[:2]
	}
	return all[m.choose(key, len(all))]
}

// spot is where a value stands among the constants that it is compared with:
// at the i-th (2i+1) or beside them; null stands nowhere.
type spot struct {
	at   int
	null bool
}

// spot picks the value of a term.
func (m *model) spotOf(key string, f *rules.Field) spot {
	var all []spot
	switch n := len(m.known(key, f)); {
	case f != nil && (f.Kind == rules.Enum || f.Kind == rules.Bool):
		for i := range n {
			all = append(all, spot{at: 2*i + 1})
		}
	default:
		for i := range 2*n + 1 {
			all = append(all, spot{at: i})
		}
	}
	if f == nil || !f.NonNull {
		all = append(all, spot{null: true})
	}
	return all[m.choose("value of "+key, len(all))]
}

// known are the values that the places of a term are told by.
func (m *model) known(key string, f *rules.Field) []any {
	switch {
	case f != nil && f.Kind == rules.Bool:
		return []any{false, true}
	case f != nil && f.Kind == rules.Enum:
		all := make([]any, len(f.Values))
		for i, v := range f.Values {
			all[i] = v
		}
		return all
	}
	return m.constants[key]
}

// compare decides op between a term and a constant.
func (m *model) compare(op rules.Op, key string, f *rules.Field, constant any) rules.Truth {
	if m.gathering {
		if !slices.ContainsFunc(m.constants[key], func(c any) bool { return order(c, constant) == 0 }) {
			m.constants[key] = append(m.constants[key], constant)
		}
		return rules.Unknown
	}
	p := m.spotOf(key, f)
	if p.null {
		switch op {
		case rules.Eq:
			return rules.False
		case rules.Ne:
			return rules.True
		}
		return rules.Unknown
	}
	i := slices.IndexFunc(m.known(key, f), func(c any) bool { return order(c, constant) == 0 })
	d := p.at - (2*i + 1)
	switch op {
	case rules.Eq:
		return is(d == 0)
	case rules.Ne:
		return is(d != 0)
	case rules.Lt:
		return is(d < 0)
	case rules.Le:
		return is(d <= 0)
	case rules.Gt:
		return is(d > 0)
	}
	return is(d >= 0)
}

func is(b bool) rules.Truth {
	if b {
		return rules.True
	}
	return rules.False
}

// order sorts constants of one kind; those of a kind that it does not know
// are all alike, which is never asked for.
func order(a, b any) int {
	number := func(v any) (float64, bool) {
		switch v := v.(type) {
		case int64:
			return float64(v), true
		case float64:
			return v, true
		}
		return 0, false
	}
	if x, ok := number(a); ok {
		if y, ok := number(b); ok {
			return cmp.Compare(x, y)
		}
	}
	switch x := a.(type) {
	case string:
		if y, ok := b.(string); ok {
			return strings.Compare(x, y)
		}
	case bool:
		if y, ok := b.(bool); ok && x != y {
			if y {
				return -1
			}
			return 1
		}
	}
	return 0
}
