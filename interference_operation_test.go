package main

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// operation is one request as a tree, to be printed and to be interpreted.
type operation struct {
	who      *refCaller
	mutation bool
	roots    []*selection
	variable bool   // the first where stands in a variable, or what a mutation writes
	text     string // as printed
	vars     map[string]any
	channel  string // the row of the generator that made it
	retry    string // the Idempotency-Key, "" without one
}

// selection is a field. Args hold int, string, float64, bool, name (an enum
// value), []any and map[string]any.
type selection struct {
	key, field string
	op         string   // of a root of a mutation: create, createMany, update, updateMany, upsert, delete, deleteMany
	t          *refType // of the documents it speaks of, nil for a scalar
	args       map[string]any
	fields     []*selection
}

// name is printed without quotes: an enum value.
type name string

func (o *operation) print() {
	var b strings.Builder
	o.vars = nil
	free := o.variable
	head := "query"
	if o.mutation {
		head = "mutation"
	}
	body := func() {
		for _, s := range o.roots {
			b.WriteString(" ")
			o.selection(&b, s, &free)
		}
	}
	body()
	declared := ""
	switch {
	case o.mutation && o.vars != nil:
		var list []string
		for _, k := range slices.Sorted(maps.Keys(o.vars)) {
			list = append(list, "$"+k+": "+o.roots[0].inputType(k)+"!")
		}
		declared = "(" + strings.Join(list, ", ") + ")"
	case o.vars != nil:
		for _, s := range o.roots {
			if t := whereType(s, o.vars["w"]); t != "" {
				declared = "($w: " + t + "WhereInput)"
				break
			}
		}
	}
	o.text = head + declared + " {" + b.String() + " }"
}

// whereType finds whose where argument is the variable.
func whereType(s *selection, w any) string {
	if x, ok := s.args["where"]; ok && fmt.Sprintf("%p", x) == fmt.Sprintf("%p", w) {
		return s.t.name
	}
	for _, c := range s.fields {
		if t := whereType(c, w); t != "" {
			return t
		}
	}
	return ""
}

func (o *operation) selection(b *strings.Builder, s *selection, free *bool) {
	if s.key != s.field {
		b.WriteString(s.key + ": ")
	}
	b.WriteString(s.field)
	sep := "("
	for _, k := range slices.Sorted(maps.Keys(s.args)) {
		b.WriteString(sep + k + ": ")
		switch {
		case k == "where" && *free:
			*free = false
			o.vars = map[string]any{"w": s.args[k]}
			b.WriteString("$w")
		case o.mutation && len(o.roots) == 1 && s == o.roots[0] && s.inputType(k) != "" && sometimes(s.args[k]):
			if o.vars == nil {
				o.vars = map[string]any{}
			}
			o.vars[k] = s.args[k]
			b.WriteString("$" + k)
		default:
			literal(b, s.args[k])
		}
		sep = ", "
	}
	if sep == ", " {
		b.WriteString(")")
	}
	if len(s.fields) == 0 {
		return
	}
	b.WriteString(" {")
	for _, f := range s.fields {
		b.WriteString(" ")
		o.selection(b, f, free)
	}
	b.WriteString(" }")
}

// inputType is the type of an argument of a mutation of one document, "" of others.
func (s *selection) inputType(argument string) string {
	switch one := s.op == "create" || s.op == "update" || s.op == "delete"; {
	case one && argument == "id":
		return "ID"
	case one && argument == "data" && strings.HasPrefix(s.field, "partialUpdate"):
		return "PartialUpdate" + s.t.name + "Input"
	case one && argument == "data":
		return s.t.name + "Input"
	}
	return ""
}

// sometimes is true of half of all values, each time they are asked for.
func sometimes(v any) bool {
	var b strings.Builder
	literal(&b, v)
	h := fnv.New32a()
	h.Write([]byte(b.String()))
	return h.Sum32()%2 == 0
}

func literal(b *strings.Builder, v any) {
	switch v := v.(type) {
	case nil:
		b.WriteString("null")
	case name:
		b.WriteString(string(v))
	case string:
		b.WriteString(strconv.Quote(v))
	case []any:
		b.WriteString("[")
		for i, e := range v {
			if i > 0 {
				b.WriteString(", ")
			}
			literal(b, e)
		}
		b.WriteString("]")
	case map[string]any:
		sep := "{"
		for _, k := range slices.Sorted(maps.Keys(v)) {
			b.WriteString(sep + k + ": ")
			literal(b, v[k])
			sep = ", "
		}
		if sep == "{" {
			b.WriteString("{")
		}
		b.WriteString("}")
	default:
		fmt.Fprint(b, v)
	}
}

// body is the request as sent.
func (o *operation) body() []byte {
	out, err := json.Marshal(map[string]any{"query": o.text, "variables": o.vars})
	if err != nil {
		panic(err)
	}
	return out
}
