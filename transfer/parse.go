package transfer

import (
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"flora.dev/flora/graph"
	"flora.dev/flora/rules"
	"flora.dev/flora/schema"
)

// Fault is what is wrong with a line. It never holds a value.
type Fault struct {
	File       string
	Line       int // from 1; 0 where there are no lines
	Collection string
	Field      string
	Problem    string
}

func (f Fault) String() string {
	var b strings.Builder
	if f.Line > 0 {
		fmt.Fprintf(&b, "%s:%d: ", f.File, f.Line)
	}
	if f.Collection != "" {
		b.WriteString(f.Collection)
		if f.Field != "" {
			b.WriteString("." + f.Field)
		}
		b.WriteString(": ")
	}
	return b.String() + f.Problem
}

// Reading is how lines are read.
type Reading struct {
	*Tables
	// Unknown, if not nil, is told the path of a field that the schema does not
	// have, which is left out then. Else it is a fault.
	Unknown func(path string)
}

// Parse reads a line: as Row.Line writes it, or as Fauna exports it. table is
// that of a line that names none; it may be nil.
func (r *Reading) Parse(line []byte, table *Table) (*Row, *Fault) {
	p := &parser{Reading: r}
	if table != nil {
		p.fault.Collection = table.Name
	}
	row := p.row(line, table)
	if p.fault.Problem != "" {
		return nil, &p.fault
	}
	return row, nil
}

type parser struct {
	*Reading
	fauna bool
	fault Fault
}

// fail notes the first fault.
func (p *parser) fail(field, format string, args ...any) {
	if p.fault.Problem == "" {
		p.fault.Field, p.fault.Problem = field, fmt.Sprintf(format, args...)
	}
}

var graphqlName = regexp.MustCompile(`^[_A-Za-z][_0-9A-Za-z]{0,99}$`)

func (p *parser) row(line []byte, table *Table) *Row {
	if !utf8.Valid(line) {
		p.fail("", "not UTF-8")
		return nil
	}
	v, err := decode(string(line))
	in, ok := v.(map[string]any)
	if err != nil || !ok {
		p.fail("", "not a JSON object")
		return nil
	}
	d, ok := faunaDocument(in)
	if p.fauna = ok; !ok {
		d = ownDocument(in)
	}
	if d.named {
		if table = p.Named(d.collection); table == nil {
			p.fault.Collection = ""
			if graphqlName.MatchString(d.collection) {
				p.fail("", "the schema has no collection %s", d.collection)
			} else {
				p.fail("", "a collection that the schema does not have")
			}
			return nil
		}
	}
	if table == nil {
		p.fail("", "names no collection: name it with %s, or call the file TYPE.jsonl", collectionName)
		return nil
	}
	p.fault.Collection = table.Name
	out := &Row{Table: table, Values: make([]rules.Value, len(table.Fields))}
	if !table.Links {
		p.system(out, d)
	}
	for i, f := range table.Fields {
		x := d.fields[f.Name]
		out.Values[i] = p.value(f, x)
		delete(d.fields, f.Name)
	}
	p.others(table, d.fields)
	return out
}

// system reads _id and _ts.
func (p *parser) system(out *Row, d document) {
	var ok bool
	if out.ID, ok = d.id.(string); !ok || !validID(out.ID) {
		p.fail(idName, "must be a text of 1 to 128 printable ASCII characters")
	}
	// Up to the year 9999, so that later versions have numbers too.
	const last = 253_402_300_799_999_999
	if d.ts != nil {
		ts, _, ok := graph.Scalar("Long", d.ts)
		if out.TS, _ = ts.(int64); !ok || out.TS <= 0 || out.TS > last {
			p.fail(tsName, "must be a number of microseconds since 1970")
		}
	}
}

// others are the members of a line that are no fields with a column.
func (p *parser) others(t *Table, rest map[string]any) {
	for _, name := range sortedNames(rest) {
		var f *schema.Field
		if t.all != nil {
			f = t.all.FieldNamed(name)
		}
		switch {
		case f != nil && rest[name] == nil:
		case f != nil && f.Link != nil:
			p.fail(name, "lists are no part of documents, these links are rows of %s", f.Link.Object.Name)
		case f != nil:
			p.fail(name, "is one side of a relation that is stored in %s", f.Back.Path())
		default:
			p.unknown(name)
		}
	}
}

// unknown leaves out what the schema does not have, or finds fault with it.
func (p *parser) unknown(path string) {
	shown := path
	for _, name := range strings.Split(path, ".") {
		if !graphqlName.MatchString(name) {
			shown = ""
		}
	}
	switch {
	case p.Unknown != nil:
		p.Unknown(p.fault.Collection + "." + shown)
	case shown == "":
		p.fail("", "a field that the schema does not have")
	default:
		p.fail(shown, "the schema has no such field")
	}
}
