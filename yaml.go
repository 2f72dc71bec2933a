package main

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"unicode"

	"github.com/agnivade/levenshtein"
	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

// faults collects what is wrong in a YAML file, as file:line:col.
type faults struct {
	file string
	body ast.Node
	from map[*token.Token]string // variables of the environment, by what they brought into the body
	list []string
}

// add notes a fault at a YAML path of the file ($.providers[0].issuer), or at
// the nearest part of the path that exists.
func (f *faults) add(path, format string, args ...any) {
	f.list = append(f.list, f.where(path)+": "+fmt.Sprintf(format, args...))
}

func (f *faults) where(path string) string {
	if n := f.node(path); n != nil {
		return f.place(n)
	}
	return f.file
}

// node is what stands at a path or at the nearest part of it that exists, nil
// for a path of which nothing does.
func (f *faults) node(path string) ast.Node {
	for f.body != nil && path != "$" {
		if p, err := yaml.PathString(path); err == nil {
			if n, err := p.FilterNode(f.body); err == nil && n != nil {
				return n
			}
		}
		path = path[:strings.LastIndexAny(path, ".[")]
	}
	return nil
}

func (f *faults) at(n ast.Node, format string, args ...any) {
	f.list = append(f.list, f.place(n)+": "+fmt.Sprintf(format, args...))
}

// place is where a node stands, as file:line:col, or the variable that it is from.
func (f *faults) place(n ast.Node) string {
	if variable := f.variable(n); variable != "" {
		return variable
	}
	if t := first(n).GetToken(); t != nil && t.Position != nil {
		return fmt.Sprintf("%s:%d:%d", f.file, t.Position.Line, t.Position.Column)
	}
	return f.file
}

// variable is where a node is from, "" for the file.
func (f *faults) variable(n ast.Node) string {
	if n == nil {
		return ""
	}
	return f.from[first(n).GetToken()]
}

// first is the node where the text of n begins: a block mapping's own token is
// the colon of its first pair.
func first(n ast.Node) ast.Node {
	switch n := n.(type) {
	case *ast.MappingNode:
		if !n.IsFlowStyle && len(n.Values) > 0 {
			return n.Values[0].Key
		}
	case *ast.MappingValueNode:
		return n.Key
	}
	return n
}

// yamlFault makes an error of the YAML library one line with its place.
func yamlFault(file string, err error) string {
	if e, ok := err.(yaml.Error); ok && e.GetToken() != nil && e.GetToken().Position != nil {
		p := e.GetToken().Position
		return fmt.Sprintf("%s:%d:%d: %s", file, p.Line, p.Column, e.GetMessage())
	}
	text, _, _ := strings.Cut(err.Error(), "\n")
	return file + ": " + text
}

// checkYAML compares a node with the Go type it will be decoded into: all
// unknown keys and wrong types at once, in the words of the file's author. The
// library alone stops at the first, and takes a number for a string.
func checkYAML(f *faults, n ast.Node, into any) {
	checkType(f, n, reflect.TypeOf(into), "the file")
}

func checkType(f *faults, n ast.Node, t reflect.Type, key string) {
	if n == nil || n.Type() == ast.NullType {
		return
	}
	if n.Type() == ast.AnchorType || n.Type() == ast.AliasType {
		f.at(n, "%s must be written out: anchors and aliases are not read here", key)
		return
	}
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	wrong := func(want string) { f.at(n, "%s must be %s, found %s", key, want, f.found(n)) }
	if t == reflect.TypeFor[limit]() {
		return // judged where its unit is known
	}
	if t == reflect.TypeFor[role]() && isString(n) {
		return
	}
	switch t.Kind() {
	case reflect.String:
		switch {
		case !isString(n):
			wrong("a string")
		case key != "when" && strings.ContainsFunc(text(n), unicode.IsControl):
			f.at(n, "%s must be one line without control characters", key)
		}
	case reflect.Int:
		if n.Type() != ast.IntegerType {
			wrong("a whole number")
		}
	case reflect.Bool:
		if n.Type() != ast.BoolType {
			wrong("true or false")
		}
	case reflect.Slice:
		list, ok := n.(*ast.SequenceNode)
		if !ok {
			wrong("a list")
			return
		}
		for i, v := range list.Values {
			checkType(f, v, t.Elem(), fmt.Sprintf("%s[%d]", key, i))
		}
	case reflect.Struct, reflect.Map:
		m, ok := n.(ast.MapNode)
		if !ok {
			wrong("a mapping of keys to values")
			return
		}
		if t.Kind() == reflect.Struct {
			checkKeys(f, m, t)
		}
	}
}

func checkKeys(f *faults, m ast.MapNode, t reflect.Type) {
	fields := map[string]reflect.Type{}
	for i := range t.NumField() {
		if key := t.Field(i).Tag.Get("yaml"); key != "" {
			fields[key] = t.Field(i).Type
		}
	}
	for it := m.MapRange(); it.Next(); {
		name := it.Key().GetToken().Value
		if ft, known := fields[name]; known {
			checkType(f, it.Value(), ft, name)
			continue
		}
		f.at(it.Key(), "unknown key %s%s", name, nearest(name, slices.Collect(maps.Keys(fields))))
	}
}

// nearest is a hint at the name that was meant, "" where none is near.
func nearest(name string, known []string) string {
	best, least := "", min(4, (len(name)+2)/3+1)
	for _, k := range known {
		if d := levenshtein.ComputeDistance(fold(name), fold(k)); d < least || d == least && k < best {
			best, least = k, d
		}
	}
	if best == "" {
		return ""
	}
	return ", did you mean " + best + "?"
}

// fold makes data-dir, data_dir and dataDir the same.
func fold(s string) string { return strings.ToLower(strings.NewReplacer("-", "", "_", "").Replace(s)) }

// text is the value of a string.
func text(n ast.Node) string {
	if l, ok := n.(*ast.LiteralNode); ok {
		n = l.Value
	}
	return n.GetToken().Value
}

func isString(n ast.Node) bool { return n.Type() == ast.StringType || n.Type() == ast.LiteralType }

// found is what stands where something else should. What is in a variable is
// not repeated: a secret may have got into the wrong one.
func (f *faults) found(n ast.Node) string {
	if isString(n) && f.variable(n) != "" {
		return "text"
	}
	return found(n)
}

func found(n ast.Node) string {
	switch n.Type() {
	case ast.MappingType, ast.MappingValueType:
		return "a mapping"
	case ast.SequenceType:
		return "a list"
	case ast.StringType, ast.LiteralType:
		return fmt.Sprintf("%q", n.GetToken().Value)
	}
	return n.GetToken().Value
}
