package main

import (
	"bytes"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"time"

	"flora.dev/flora/auth"
	"flora.dev/flora/rules"
	"flora.dev/flora/schema"
	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// testFile is a file of rule tests.
type testFile struct {
	name  string
	given *seed
	tests []*ruleTest
}

// ruleTest is what one caller can and cannot do with the given documents.
type ruleTest struct {
	name         string
	caller       *testCaller // nil: without a token
	now          time.Time   // zero: the clock
	expectations []*expectation
}

// testCaller is who a test asks as.
type testCaller struct {
	Sub      string         `yaml:"sub"`
	Provider string         `yaml:"provider"`
	Roles    []string       `yaml:"roles"`
	Claims   map[string]any `yaml:"claims"`
	from     *auth.Provider // of flora.yaml, nil for the development issuer
}

// expectation is one line of can or cannot.
type expectation struct {
	place      string // file:line:col
	can        bool
	action     rules.Action
	verb       string // as written: read, create, update, delete
	collection *schema.Collection
	document   *document       // nil for a create
	field      *schema.Field   // of a read of one field
	behind     []*document     // to which that leads
	data       map[string]any  // input of a create or update, as JSON has it
	fields     []*schema.Field // those in data
}

// parseTests reads a file of tests; providers are those that callers may come
// from beside the development issuer. Its error has a line for each fault.
func parseTests(name string, text []byte, s *schema.Schema, providers []auth.Provider) (*testFile, error) {
	file, err := parser.ParseBytes(text, 0)
	if err != nil {
		return nil, configError{yamlFault(name, err)}
	}
	if len(file.Docs) != 1 || file.Docs[0].Body == nil || file.Docs[0].Body.Type() == ast.NullType {
		return nil, configError{name + ": expected one YAML document with given and tests"}
	}
	r := &testReader{faults: &faults{file: name}, schema: s, providers: providers, anchors: map[string]ast.Node{}}
	out := r.file(file.Docs[0].Body)
	if len(r.list) > 0 {
		return nil, configError(r.list)
	}
	return out, nil
}

// testReader turns YAML into tests and notes what is wrong.
type testReader struct {
	*faults
	schema    *schema.Schema
	providers []auth.Provider
	given     *seed
	anchors   map[string]ast.Node // callers that have a name: as: &ada {...}, later as: *ada
}

func (r *testReader) file(n ast.Node) *testFile {
	keys := r.mapping(n, "a file of tests", "given", "tests")
	if keys == nil {
		return nil
	}
	r.given = readSeed(r.faults, keys["given"], r.schema)
	out := &testFile{name: r.faults.file, given: r.given}
	for _, t := range r.elements(n, keys["tests"], "tests") {
		out.tests = append(out.tests, r.test(t))
	}
	return out
}

// mapping returns the values of a mapping by key, nil if n is none.
func (r *testReader) mapping(n ast.Node, what string, known ...string) map[string]ast.Node {
	m, ok := n.(ast.MapNode)
	if !ok {
		r.at(n, "%s must be a mapping of %s, found %s", what, strings.Join(known, ", "), found(n))
		return nil
	}
	out := map[string]ast.Node{}
	for it := m.MapRange(); it.Next(); {
		key := it.Key().GetToken().Value
		if !slices.Contains(known, key) {
			r.at(it.Key(), "unknown key %s, %s has %s", key, what, strings.Join(known, ", "))
			continue
		}
		out[key] = it.Value()
	}
	return out
}

// elements returns the elements of a list that must have some: what is empty
// cannot fail. owner is where the list belongs, n may be nil.
func (r *testReader) elements(owner, n ast.Node, key string) []ast.Node {
	if n == nil {
		r.at(owner, "%s is missing", key)
		return nil
	}
	list, ok := n.(*ast.SequenceNode)
	switch {
	case !ok:
		r.at(n, "%s must be a list, found %s", key, found(n))
		return nil
	case len(list.Values) == 0:
		r.at(n, "%s is empty", key)
	}
	return list.Values
}

func (r *testReader) test(n ast.Node) *ruleTest {
	keys := r.mapping(n, "a test", "name", "as", "now", "can", "cannot")
	if keys == nil {
		return nil
	}
	t := &ruleTest{}
	if keys["name"] == nil {
		r.at(n, "the test has no name")
	} else if name, ok := str(keys["name"]); !ok || strings.TrimSpace(name) == "" {
		r.at(keys["name"], "name must be a string, found %s", found(keys["name"]))
	} else {
		t.name = strings.Join(strings.Fields(name), " ")
	}
	if as := keys["as"]; as != nil && as.Type() != ast.NullType {
		t.caller = r.caller(as)
	}
	if at := keys["now"]; at != nil {
		text, _ := str(at)
		var err error
		if t.now, err = time.Parse(time.RFC3339Nano, text); err != nil {
			r.at(at, "now must be a time such as 2026-01-31T12:00:00Z, found %s", found(at))
		}
	}
	if keys["can"] == nil && keys["cannot"] == nil {
		r.at(n, "the test expects nothing: it needs can or cannot")
	}
	for _, key := range []string{"can", "cannot"} {
		if keys[key] == nil {
			continue
		}
		for _, e := range r.elements(n, keys[key], key) {
			t.expectations = append(t.expectations, r.expectation(e, key == "can"))
		}
	}
	return t
}

// caller reads as:. Its claims are made what the decoder of tokens makes.
func (r *testReader) caller(n ast.Node) *testCaller {
	c := &testCaller{}
	before := len(r.list)
	switch as := n.(type) {
	case *ast.AnchorNode:
		n = as.Value
		r.anchors[as.Name.GetToken().Value] = n
	case *ast.AliasNode:
		if n = r.anchors[as.Value.GetToken().Value]; n == nil {
			r.at(as, "no caller before this one is named &%s", as.Value.GetToken().Value)
			return c
		}
	}
	if checkType(r.faults, n, reflect.TypeOf(c), "as"); len(r.list) > before {
		return c
	}
	if err := yaml.NodeToValue(n, c, yaml.Strict()); err != nil {
		r.list = append(r.list, yamlFault(r.faults.file, err))
		return c
	}
	if c.Sub == "" {
		r.at(n, "as needs a sub; without a token there is no as")
	}
	r.provider(n, c)
	for _, role := range c.Roles {
		if _, asked := r.schema.RoleUses[role]; !asked { // what it cannot do would prove nothing
			r.at(n, "no rule of the schema asks for the role %s", role)
		}
	}
	for _, name := range []string{"iss", "sub", "aud", "iat", "exp", auth.RolesClaim} {
		if _, ok := c.Claims[name]; ok {
			r.at(n, "claim %s is set by flora test: name the subject as sub, roles as roles", name)
		}
	}
	text, err := json.Marshal(c.Claims)
	if err == nil {
		d := json.NewDecoder(bytes.NewReader(text))
		d.UseNumber()
		c.Claims = nil
		err = d.Decode(&c.Claims)
	}
	if err != nil {
		r.at(n, "claims are not what JSON can say: %v", err)
	}
	return c
}

// provider finds where a caller comes from: as his test says, else as of a
// token that names no issuer.
func (r *testReader) provider(n ast.Node, c *testCaller) {
	names := []string{}
	for i := range r.providers {
		p := &r.providers[i]
		if c.Provider == p.Name || c.Provider == "" && (c.from == nil || p.SubjectPrefix == "") {
			c.from = p
		}
		names = append(names, p.Name)
	}
	if c.Provider != "" && c.from == nil && c.Provider != devProvider && len(names) > 0 {
		r.at(n, "there is no provider %s, flora.yaml has %s", c.Provider, strings.Join(names, ", "))
	}
}
