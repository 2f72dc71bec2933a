package schema

import (
	"fmt"
	"slices"
	"strings"

	"flora.dev/flora/rules"
	"github.com/vektah/gqlparser/v2/ast"
)

// What writes in the derived API: the mutation fields and their inputs.

func (w *apiWriter) mutation(own []declaredRoot, input func(name string) *ast.Definition) {
	roots := w.schema.API.Mutation
	w.line("type Mutation {")
	for _, c := range w.schema.Collections {
		w.single(roots, c, input)
		w.bulk(roots, c, input)
	}
	w.declared(roots, own, true)
	w.line("}\n")
}

// single prints the mutations of one document.
func (w *apiWriter) single(roots map[string]*Root, c *Collection, input func(name string) *ast.Definition) {
	n := c.Name
	if !settable(c) {
		w.root(roots, "create"+n, ": %s", n)
		w.root(roots, "update"+n, "(id: ID!, ifVersion: Long): %s @deprecated(reason: \"Use partialUpdate%s.\")", n, n)
		w.root(roots, "partialUpdate"+n, "(id: ID!, ifVersion: Long): %s", n)
	} else {
		w.root(roots, "create"+n, "(data: %sInput!): %s", n, n)
		w.root(roots, "update"+n, "(id: ID!, data: %sInput!, ifVersion: Long): %s @deprecated(reason: \"Use partialUpdate%s.\")", n, n, n)
		w.root(roots, "partialUpdate"+n, "(id: ID!, %s, ifVersion: Long): %s", changes(c, input), n)
		by := "id: ID!"
		if len(c.UpsertKeys()) > 0 {
			by = "id: ID, by: " + n + "ByInput"
		}
		w.described(roots, Upsert, "Changes the document with that _id or unique key, or creates it. Defaults count for a new document only.",
			"upsert"+n, "(%s, data: %sInput!): %s", by, n, n)
	}
	w.root(roots, "delete"+n, "(id: ID!, ifVersion: Long): %s", n)
}

// bulk prints the mutations of many documents.
func (w *apiWriter) bulk(roots map[string]*Root, c *Collection, input func(name string) *ast.Definition) {
	n, all := c.Name, c.bulk()
	if settable(c) {
		w.described(roots, CreateMany, "Creates documents in order, all or none.", "create"+all, "(data: [%sInput!]!): %sBatchPayload!", n, n)
		w.described(roots, UpdateMany, "Changes every document that where finds and the caller may change, all or none. An empty where needs all: true.",
			"update"+all, "(where: %sWhereInput!, %s, all: Boolean): %sBatchPayload!", n, changes(c, input), n)
	}
	w.described(roots, DeleteMany, "Deletes every document that where finds and the caller may delete, all or none. An empty where needs all: true.",
		"delete"+all, "(where: %sWhereInput!, all: Boolean): %sBatchPayload!", n, n)
}

// described prints a generated root field with a description, unless another
// field has its name.
func (w *apiWriter) described(of map[string]*Root, op Op, text, name, format string, args ...any) {
	if r := of[name]; r != nil && r.Op == op && r.Declared == nil {
		w.describe("  ", text)
		w.root(of, name, format, args...)
	}
}

// changes are the arguments that say what an update changes: values, and the
// operators on numbers and lists. An input object cannot offer a value or an
// operator in one member, so each operator is an argument beside data, which
// then may be left out.
func changes(c *Collection, input func(name string) *ast.Definition) string {
	data := "data: PartialUpdate" + c.Name + "Input!"
	var more string
	if slices.ContainsFunc(c.Fields, (*Field).Summable) {
		more += ", inc: " + c.Name + "IncInput"
	}
	if slices.ContainsFunc(c.Fields, (*Field).Joinable) {
		for _, op := range []string{"append", "prepend", "remove"} {
			more += fmt.Sprintf(", %s: %sElementsInput", op, c.Name)
		}
	}
	if more != "" && input("PartialUpdate"+c.Name+"Input") == nil {
		data += " = {}"
	}
	return data + more
}

// payload prints what the mutations of many documents answer.
func (w *apiWriter) payload(c *Collection) {
	w.line("type %sBatchPayload {", c.Name)
	w.describe("  ", "How many documents were written.")
	w.line("  count: Int!")
	w.describe("  ", "Those of them that the caller may read.")
	w.line("  nodes: [%s!]!\n}\n", c.Name)
}

// settable reports whether clients may set any field: an input type without
// members would not be valid.
func settable(c *Collection) bool { return slices.ContainsFunc(c.Fields, (*Field).Settable) }

// inputs prints the input types of a collection. The developer's own take the
// place of those that have their name.
func (w *apiWriter) inputs(c *Collection, own func(name string) *ast.Definition) {
	if !settable(c) {
		return
	}
	for _, name := range []string{c.Name + "Input", "PartialUpdate" + c.Name + "Input"} {
		if own(name) != nil {
			continue
		}
		w.line("input %s {", name)
		for _, f := range c.Fields {
			if f.Settable() {
				// A reference is never required here, as in Fauna: inside the
				// create of the other side that one is meant.
				required := name == c.Name+"Input" && f.NonNull && f.Default == nil && f.Kind != rules.Ref
				w.member(f, required)
			}
		}
		w.line("}\n")
	}
	for _, f := range c.Fields {
		if f.Settable() && f.Kind == rules.Ref {
			w.relationInput(f)
		}
	}
	w.operators(c)
}

// relationInput prints what an input says of a relation.
func (w *apiWriter) relationInput(f *Field) {
	create, id := f.Target.Name+"Input", "ID"
	if f.Many() {
		create, id = "["+create+"]", "[ID]"
	}
	w.line("input %s {", relationInput(f))
	if settable(f.Target) {
		w.line("  create: %s", create)
	}
	w.line("  connect: %s", id)
	switch {
	case f.Many():
		w.line("  disconnect: %s", id)
	case !f.NonNull && (f.Back == nil || !f.Back.NonNull):
		w.line("  disconnect: Boolean")
	}
	w.line("}\n")
}

// operators prints the inputs of atomic updates and of the keys of an upsert.
func (w *apiWriter) operators(c *Collection) {
	print := func(name, text string, fields []*Field, typ func(*Field) string) {
		if len(fields) == 0 {
			return
		}
		w.describe("", text)
		w.line("input %s%s {", c.Name, name)
		for _, f := range fields {
			w.line("  %s: %s", f.Name, typ(f))
		}
		w.line("}\n")
	}
	print("IncInput", "What to add to numbers.", c.which((*Field).Summable), func(f *Field) string { return f.TypeName })
	print("ElementsInput", "Elements to add to lists, or to remove wherever they stand.", c.which((*Field).Joinable), func(f *Field) string { return "[" + f.TypeName + "!]" })
	var keys []string
	for _, u := range c.UpsertKeys() {
		keys = append(keys, "("+fieldNames(u.Fields)+")")
	}
	print("ByInput", "A unique key, all fields of one: "+strings.Join(keys, " or ")+".",
		c.which(func(f *Field) bool {
			return slices.ContainsFunc(c.UpsertKeys(), func(u *Unique) bool { return slices.Contains(u.Fields, f) })
		}), inputType)
}

// Summable reports whether clients may add to the field.
func (f *Field) Summable() bool {
	return !f.List && f.Settable() && (f.Kind == rules.Int || f.Kind == rules.Long || f.Kind == rules.Float)
}

// Joinable reports whether clients may add elements to the field and remove them.
func (f *Field) Joinable() bool {
	return f.List && f.Settable() && f.Kind >= rules.Bool && f.Kind <= rules.Enum
}

// UpsertKeys are the unique keys by which an upsert finds a document: those
// that clients set.
func (c *Collection) UpsertKeys() (out []*Unique) {
	for _, u := range c.Uniques {
		if !slices.ContainsFunc(u.Fields, func(f *Field) bool { return !f.Settable() }) {
			out = append(out, u)
		}
	}
	return out
}

func (w *apiWriter) member(f *Field, required bool) {
	t := f.TypeName
	switch {
	case f.Kind == rules.Ref:
		t = relationInput(f)
	case f.EmbeddedList:
		t = "[" + t + "Input!]"
	case f.Embedded != nil:
		t += "Input"
	case f.List:
		t = "[" + t + "!]"
	}
	if required {
		t += "!"
	}
	w.describe("  ", f.Description)
	w.line("  %s: %s", f.Name, t)
}
