package schema

import (
	"fmt"
	"slices"
	"strings"

	"flora.dev/flora/rules"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/validator"
)

// derive writes the API that clients see and parses it.
func (l *loader) derive() {
	w := &apiWriter{schema: l.schema, kinds: map[rules.Kind]bool{}, enums: map[string]bool{}, used: map[string]bool{}, lists: map[string]bool{}}
	w.query(l.roots)
	w.mutation(l.roots, l.inputNamed)
	w.uses(l.roots)
	for _, c := range l.schema.Collections {
		w.types(c)
		w.filters(c)
		w.aggregate(c)
		w.inputs(c, l.inputNamed)
		w.payload(c)
	}
	w.embedded(l.inputNamed)
	w.own(l.inputs)
	w.shared()
	api := l.schema.API
	api.SDL = w.b.String()
	parsed, err := validator.LoadSchema(validator.Prelude, &ast.Source{Name: "schema.graphql", Input: api.SDL})
	if err != nil { // a defect of ours, but no reason to end a server
		l.fault(l.src.at(0), "please report this", "the derived API is not valid: %v", err)
		l.schema.API = nil
		return
	}
	api.AST = parsed
}

// apiWriter prints the derived SDL. It notes what scalars and enums are used,
// so that only those are declared.
type apiWriter struct {
	schema *Schema
	b      strings.Builder
	kinds  map[rules.Kind]bool // with a filter
	enums  map[string]bool     // with a filter
	folds  bool                // a field with @fold
	lists  map[string]bool     // types of elements of lists with a filter
	used   map[string]bool     // scalars and enums that are the type of anything
}

func (w *apiWriter) line(format string, args ...any) {
	fmt.Fprintf(&w.b, format+"\n", args...)
}

// describe prints a description before a definition.
func (w *apiWriter) describe(indent, text string) {
	text = strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\t' {
			return ' ' // cannot stand in a block string
		}
		return r
	}, text)
	if strings.TrimSpace(text) == "" {
		return
	}
	w.line(`%s"""`, indent)
	for line := range strings.SplitSeq(strings.ReplaceAll(text, `"""`, `\"""`), "\n") {
		w.line("%s", strings.TrimRight(indent+line, " \t"))
	}
	w.line(`%s"""`, indent)
}

// listArguments are those of every list of a collection.
func listArguments(c *rules.Object) string {
	return fmt.Sprintf("(where: %sWhereInput, orderBy: [%sOrderByInput!], first: Int, after: String, last: Int, before: String, limit: Int, offset: Int)", c.Name, c.Name)
}

func (w *apiWriter) query(own []declaredRoot) {
	roots := w.schema.API.Query
	w.line("type Query {")
	for _, c := range w.schema.Me {
		w.describe("  ", "The caller's own document.")
		w.root(roots, w.schema.me(c), ": %s", c.Name)
	}
	for _, c := range w.schema.Collections {
		w.root(roots, "find"+c.Name+"ByID", "(id: ID!): %s", c.Name)
		for _, u := range c.Uniques {
			var args []string
			for _, f := range u.Fields {
				args = append(args, f.Name+": "+inputType(f)+"!")
			}
			w.root(roots, finder(c, u), "(%s): %s", strings.Join(args, ", "), c.Name)
		}
		w.root(roots, c.Plural, "%s: %sConnection!", listArguments(c.Object), c.Name)
		if r := roots[c.Plural+"Aggregate"]; r != nil && r.Op == Aggregate {
			w.root(roots, r.Name, "%s: [%sAggregate!]!", aggregateArguments(c), c.Name)
		}
	}
	w.declared(roots, own, false)
	w.line("}\n")
}

// inputType is how a key is given: a reference by the _id of its document.
func inputType(f *Field) string {
	if f.ToOne() {
		return "ID"
	}
	return f.TypeName
}

func (w *apiWriter) types(c *Collection) {
	w.describe("", c.Description)
	w.line("type %s {", c.Name)
	for _, f := range c.Fields {
		w.describe("  ", f.Description)
		args := ""
		if f.Many() {
			args = listArguments(f.Field.Target)
		}
		w.line("  %s%s: %s%s", f.Name, args, w.outputType(f), deprecated(f.deprecated))
	}
	for _, f := range c.Fields {
		if f.Aggregate != "" {
			w.line("  %s%s: [%sAggregate!]%s", f.Aggregate, aggregateArguments(f.Target), f.TypeName, map[bool]string{true: "!"}[f.Read.Pred == nil])
		}
	}
	for _, f := range c.Resolved {
		w.describe("  ", f.Description)
		w.line("  %s: %s", f.Name, f.Type)
		w.used[f.Type.Name()] = true
	}
	w.line("  _id: ID!\n  _ts: Long!\n  _can: Can!\n}\n")
	w.line("type %sConnection {\n  edges: [%sEdge!]!\n  nodes: [%s!]!\n  pageInfo: PageInfo!\n  totalCount: Int!\n  data: [%s]!\n  after: String\n  before: String\n}\n", c.Name, c.Name, c.Name, c.Name)
	w.line("type %sEdge {\n  cursor: String!\n  node: %s!\n}\n", c.Name, c.Name)
}

// outputType is nullable where a rule may hide the value, or the document
// that a reference names.
func (w *apiWriter) outputType(f *Field) string {
	t, nonNull := f.TypeName, f.NonNull
	switch {
	case f.Many():
		t, nonNull = f.TypeName+"Connection", true
	case f.ToOne():
		nonNull = nonNull && f.Target.Access.Read.Pred == rules.True
	case f.List, f.EmbeddedList:
		t = "[" + t + "!]"
	}
	if nonNull && f.Read.Pred == nil {
		t += "!"
	}
	return t
}

func deprecated(d *ast.Directive) string {
	switch {
	case d == nil:
		return ""
	case d.Arguments.ForName("reason") == nil:
		return " @deprecated"
	}
	reason := &ast.Value{Kind: ast.StringValue, Raw: text(d, "reason")}
	return " @deprecated(reason: " + reason.String() + ")"
}

func (w *apiWriter) filters(c *Collection) {
	w.line("input %sWhereInput {", c.Name)
	for _, f := range c.Fields {
		switch {
		case f.EmbeddedList:
			w.line("  %s: EmbeddedListFilter", f.Name)
		case f.Embedded != nil:
			w.line("  %s: %sWhereInput", f.Name, f.TypeName)
		case f.List:
			w.listFilterOf(f)
		case f.Many():
			w.line("  %s: %sListFilter", f.Name, f.TypeName)
		case f.ToOne(), f.Inverse():
			w.line("  %s: %sWhereInput", f.Name, f.TypeName)
			if name := f.NullFilter(); name != "" {
				w.line("  %s: Boolean", name)
			}
		default:
			if f.Fold != nil {
				w.folds = true
				w.line("  %s: FoldedStringFilter", f.Name)
				continue
			}
			w.filterOf(f.Name, f.Kind, f.TypeName)
		}
	}
	w.line("  _id: IDFilter\n  _ts: LongFilter\n  and: [%sWhereInput!]\n  or: [%sWhereInput!]\n  not: %sWhereInput\n}\n", c.Name, c.Name, c.Name)
	if w.many(c) {
		w.line("input %sListFilter {\n  some: %sWhereInput\n  every: %sWhereInput\n  none: %sWhereInput\n}\n", c.Name, c.Name, c.Name, c.Name)
	}
	w.line("input %sOrderByInput {", c.Name)
	for _, f := range c.Fields {
		switch {
		case f.Many():
			w.line("  %s: CountOrderByInput", f.Name)
		case f.Kind == rules.Ref:
			w.line("  %s: %sOrderByInput", f.Name, f.TypeName)
		case sortable(f.Kind) && !f.List:
			w.line("  %s: OrderDirection", f.Name)
		}
	}
	w.line("  _id: OrderDirection\n  _ts: OrderDirection\n}\n")
}

// many reports whether a collection is the many side of any relation.
func (w *apiWriter) many(target *Collection) bool {
	for _, c := range w.schema.Collections {
		if slices.ContainsFunc(c.Fields, func(f *Field) bool { return f.Many() && f.Target == target }) {
			return true
		}
	}
	return false
}

// shared prints what collections have in common.
func (w *apiWriter) shared() {
	w.line("type PageInfo {\n  hasNextPage: Boolean!\n  hasPreviousPage: Boolean!\n  startCursor: String\n  endCursor: String\n}\n")
	if slices.ContainsFunc(w.schema.Collections, w.many) {
		w.line("input CountOrderByInput {\n  count: OrderDirection!\n}\n")
	}
	w.line("enum OrderDirection {\n  ASC\n  DESC\n}\n")
	w.line("\"What the caller may do with a document as it is: a hint what to offer, the rules decide.\"\ntype Can {\n  update: Boolean!\n  delete: Boolean!\n  fields: [FieldCan!]!\n}\n")
	w.line("type FieldCan {\n  name: String!\n  read: Boolean!\n  update: Boolean!\n}\n")
	w.kinds[rules.ID], w.kinds[rules.Long] = true, true // of _id and _ts
	if w.folds {
		w.filter("FoldedString", rules.String)
	}
	for _, k := range scalarKinds {
		w.elementsFilters(k.String())
		if w.kinds[k] {
			w.filter(k.String(), k)
		}
	}
	used := w.used
	for _, c := range w.schema.Collections {
		for _, f := range c.Fields {
			used[f.TypeName] = true
		}
	}
	for _, e := range w.schema.Enums {
		if !used[e.Name] {
			continue
		}
		w.describe("", e.Description)
		w.line("enum %s {", e.Name)
		for _, v := range e.values {
			w.describe("  ", v.Description)
			w.line("  %s%s", v.Name, deprecated(v.Directives.ForName("deprecated")))
		}
		w.line("}\n")
		w.elementsFilters(e.Name)
		if w.enums[e.Name] {
			w.filter(e.Name, rules.Enum)
		}
	}
	scalars := []string{"scalar Long"}
	for _, k := range []rules.Kind{rules.Date, rules.Time, rules.UUID, rules.Decimal, rules.JSON} {
		if used[k.String()] {
			scalars = append(scalars, "scalar "+k.String())
		}
	}
	w.line("%s", strings.Join(scalars, "\n\n"))
}

// filter prints the operators of a scalar.
func (w *apiWriter) filter(name string, k rules.Kind) {
	of := strings.TrimPrefix(name, "Folded")
	if !comparable(k) {
		w.line("input %sFilter {\n  isNull: Boolean\n}\n", name)
		return
	}
	w.line("input %sFilter {\n  eq: %s\n  ne: %s", name, of, of)
	if k != rules.Bool && k != rules.Enum && sortable(k) {
		w.line("  gt: %s\n  gte: %s\n  lt: %s\n  lte: %s", of, of, of, of)
	}
	if k != rules.Bool {
		w.line("  in: [%s!]\n  nin: [%s!]", of, of)
	}
	w.line("  isNull: Boolean")
	if k == rules.String || k == rules.ID {
		w.line("  contains: String\n  startsWith: String\n  endsWith: String")
	}
	if name == "FoldedString" {
		w.line("  eqFold: String\n  containsFold: String\n  startsWithFold: String")
	}
	w.line("}\n")
}
