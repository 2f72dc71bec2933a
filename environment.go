package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// environment is the variables of the process by name.
type environment map[string]string

func newEnvironment(lines []string) environment {
	e := environment{}
	for _, line := range lines {
		if name, value, ok := strings.Cut(line, "="); ok {
			e[name] = value
		}
	}
	return e
}

// ownPrefix begins the names of the variables that are Flora's.
const ownPrefix = "FLORA_"

// foreign are names that begin like Flora's and are not: what Kubernetes puts
// into the containers beside a Service called flora or flora-web
// (https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables),
// and what Flora's own tests read.
var foreign = regexp.MustCompile(`^FLORA_((.+_)?(SERVICE_HOST|SERVICE_PORT(_.+)?|PORT(_\d+_(TCP|UDP|SCTP)(_PROTO|_PORT|_ADDR)?)?)|SPANNER_EMULATOR|SCREENSHOTS|TEST_.+)$`)

// settings returns the names of the variables that set a key of flora.yaml, in
// the order in which they apply: a whole before its parts.
// An empty value counts as none. Other names that begin with FLORA_ are faults,
// unless flags has them.
func (e environment) settings(f *faults, flags map[string]bool) (names []string) {
	for _, name := range slices.Sorted(maps.Keys(e)) {
		switch {
		case !strings.HasPrefix(name, ownPrefix) || e[name] == "":
		case keyOf(name) != nil:
			names = append(names, name)
		case !flags[name] && !foreign.MatchString(name):
			f.list = append(f.list, fmt.Sprintf("%s: unknown variable%s", name, nearestVariable(name, flags)))
		}
	}
	slices.SortStableFunc(names, func(a, b string) int {
		x, y := keyOf(a).steps, keyOf(b).steps
		return cmp.Or(slices.CompareFunc(x, y, step.compare), strings.Compare(a, b))
	})
	return names
}

// key is a place in flora.yaml, $.providers[0].issuer.
type key struct {
	steps []step
	of    reflect.Type // what stands there
}

// step goes to a member of a mapping, or where name is "" to one of a list.
type step struct {
	name  string
	index int
}

func (s step) compare(t step) int {
	return cmp.Or(strings.Compare(s.name, t.name), cmp.Compare(s.index, t.index))
}

// keyOf finds the key that a variable sets, nil if there is none: the names of
// the variables are those of the keys, FLORA_PROVIDERS_0_SUBJECT_PREFIX.
func keyOf(variable string) *key {
	return find(reflect.TypeFor[config](), strings.TrimPrefix(variable, ownPrefix), nil)
}

// find goes on from a place of type t by the rest of a variable's name.
func find(t reflect.Type, rest string, steps []step) *key {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if rest == "" {
		return &key{steps, t}
	}
	switch t.Kind() {
	case reflect.Struct:
		for i := range t.NumField() {
			name := t.Field(i).Tag.Get("yaml")
			after, ok := strings.CutPrefix(rest+"_", spelled(name)+"_")
			if name == "" || !ok {
				continue
			}
			if k := find(t.Field(i).Type, strings.TrimSuffix(after, "_"), append(slices.Clone(steps), step{name: name})); k != nil {
				return k
			}
		}
	case reflect.Map:
		return &key{append(slices.Clone(steps), step{name: camel(rest)}), t.Elem()}
	case reflect.Slice:
		number, after, _ := strings.Cut(rest, "_")
		if i, err := strconv.ParseUint(number, 10, 16); err == nil && strconv.FormatUint(i, 10) == number {
			return find(t.Elem(), after, append(slices.Clone(steps), step{index: int(i)}))
		}
	}
	return nil
}

// spelled is a key as variables spell it: trustedProxies as TRUSTED_PROXIES.
func spelled(key string) string {
	var b strings.Builder
	small := false
	for _, c := range key {
		if small && unicode.IsUpper(c) {
			b.WriteByte('_')
		}
		small = unicode.IsLower(c)
		b.WriteRune(unicode.ToUpper(c))
	}
	return b.String()
}

// camel is the other way round, for the names of limits.
func camel(name string) string {
	words := strings.Split(strings.ToLower(name), "_")
	for i, w := range words[1:] {
		if w != "" {
			words[i+1] = strings.ToUpper(w[:1]) + w[1:]
		}
	}
	return strings.Join(words, "")
}

// nearestVariable is a hint at the variable that was meant.
func nearestVariable(name string, flags map[string]bool) string {
	index := "0"
	if digits := regexp.MustCompile(`_(\d+)(_|$)`).FindStringSubmatch(name); digits != nil {
		index = digits[1]
	}
	return nearest(name, append(slices.Collect(maps.Keys(flags)), variables(reflect.TypeFor[config](), "FLORA", index)...))
}

// variables are the names of the variables of a type and its parts.
func variables(t reflect.Type, prefix, index string) (names []string) {
	switch t.Kind() {
	case reflect.Pointer:
		return variables(t.Elem(), prefix, index)
	case reflect.Struct:
		for i := range t.NumField() {
			if name := t.Field(i).Tag.Get("yaml"); name != "" {
				names = append(names, prefix+"_"+spelled(name))
				names = append(names, variables(t.Field(i).Type, prefix+"_"+spelled(name), index)...)
			}
		}
	case reflect.Map:
		limits := defaultLimits()
		for _, name := range limits.names() {
			names = append(names, prefix+"_"+spelled(name))
		}
	case reflect.Slice:
		names = append(names, prefix+"_"+index)
		names = append(names, variables(t.Elem(), prefix+"_"+index, index)...)
	}
	return names
}

// merge puts what a variable says into the document, before anything is judged.
func (f *faults) merge(variable, value string) {
	k := keyOf(variable)
	text := value
	if k.of.Kind() == reflect.String { // as it is: nobody quotes an address
		quoted, err := json.Marshal(value)
		if err != nil {
			panic("quote a string: " + err.Error())
		}
		text = string(quoted)
	}
	file, err := parser.ParseBytes([]byte(text), 0)
	switch {
	case err != nil:
		f.list = append(f.list, variable+": the value is not YAML")
		return
	case len(file.Docs) != 1 || file.Docs[0].Body == nil:
		f.list = append(f.list, variable+": the value is not one YAML value")
		return
	}
	node := file.Docs[0].Body
	ast.Walk(mark{f, variable}, node)
	body, fault := f.put(f.body, k.steps, node, variable)
	if fault != "" {
		f.list = append(f.list, variable+": "+fault)
		return
	}
	f.body = body
}

// mark notes of every token that it came from a variable.
type mark struct {
	*faults
	variable string
}

// Visit is ast.Visitor.
func (m mark) Visit(n ast.Node) ast.Visitor {
	m.from[n.GetToken()] = m.variable
	if n, ok := n.(*ast.MappingNode); ok {
		for _, v := range n.Values {
			m.from[v.Key.GetToken()] = m.variable
		}
	}
	return m
}

// put returns node n with v at the end of the steps.
func (f *faults) put(n ast.Node, steps []step, v ast.Node, variable string) (ast.Node, string) {
	if len(steps) == 0 {
		return v, ""
	}
	s, mine := steps[0], token.New("", "", &token.Position{Line: 1, Column: 1})
	f.from[mine] = variable
	absent := n == nil || n.Type() == ast.NullType
	if s.name == "" {
		if absent {
			n = ast.Sequence(mine, true)
		}
		list, ok := n.(*ast.SequenceNode)
		if !ok {
			return n, "this is no part of what " + f.place(n) + " says"
		}
		switch {
		case s.index > len(list.Values):
			return n, fmt.Sprintf("there are %d before it, count from 0 without gaps", len(list.Values))
		case s.index == len(list.Values):
			list.Values = append(list.Values, ast.Null(mine))
		}
		part, fault := f.put(list.Values[s.index], steps[1:], v, variable)
		list.Values[s.index] = part
		return list, fault
	}
	if absent {
		n = ast.Mapping(mine, true)
	}
	m, ok := n.(*ast.MappingNode)
	if !ok {
		return n, "this is no part of what " + f.place(n) + " says"
	}
	var at *ast.MappingValueNode
	for _, pair := range m.Values {
		if pair.Key.GetToken().Value == s.name {
			at = pair
		}
	}
	if at == nil {
		named := token.String(s.name, s.name, mine.Position)
		f.from[named] = variable
		at = ast.MappingValue(mine, ast.String(named), ast.Null(mine))
		m.Values = append(m.Values, at)
	}
	part, fault := f.put(at.Value, steps[1:], v, variable)
	at.Value = part
	return m, fault
}
