package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"flora.dev/flora/rules"
	"flora.dev/flora/schema"
	"flora.dev/flora/store"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/gofrs/uuid/v5"
)

// A seed is documents by collection, written with system rights:
//
//	users:
//	  - { _id: ada, sub: ada, name: Ada }
//	products:
//	  - { name: Lamp, price: 12.5, owner: ada }
//
// A collection is named by its type or its plural. A document may choose its
// _id; a reference names the _id of another document. What is left out gets
// its @default or @set value where that needs no caller, else null. A file of
// rule tests is a seed as well: the documents under its key given.
type seed struct {
	documents []*document
	byID      map[string]*document // by type and _id
}

// document is one document of a seed.
type document struct {
	id         string
	collection *schema.Collection
	values     map[string]rules.Value // by field
	nodes      map[string]ast.Node    // where the fields stand
	node       ast.Node
	links      []seedLink
	faulty     bool // something is wrong with it, more would follow from that
}

// parseSeed reads a seed for a schema. Its error has a line for each fault.
func parseSeed(name string, text []byte, s *schema.Schema) (*seed, error) {
	file, err := parser.ParseBytes(text, 0)
	if err != nil {
		return nil, configError{yamlFault(name, err)}
	}
	f := &faults{file: name}
	var body ast.Node
	if len(file.Docs) > 0 {
		body = given(file.Docs[0].Body, s)
	}
	out := readSeed(f, body, s)
	if len(f.list) > 0 {
		return nil, configError(f.list)
	}
	return out, nil
}

// given is the part of a file that is a seed: of a file of rule tests what
// stands under that key, else all. Either may be nil.
func given(body ast.Node, model *schema.Schema) ast.Node {
	root, ok := body.(ast.MapNode)
	if !ok || collectionNamed(model, "given") != nil {
		return body
	}
	documents := body
	for it := root.MapRange(); it.Next(); {
		switch it.Key().GetToken().Value {
		case "given":
			documents = it.Value()
		case "tests":
		default:
			return body
		}
	}
	return documents
}

// readSeed reads documents by collection; n may be nil.
func readSeed(f *faults, n ast.Node, model *schema.Schema) *seed {
	s := &seed{byID: map[string]*document{}}
	if n != nil && n.Type() != ast.NullType {
		s.read(f, n, model)
	}
	s.checkReferences(f)
	s.checkValues(f)
	return s
}

func (s *seed) read(f *faults, body ast.Node, model *schema.Schema) {
	root, ok := body.(ast.MapNode)
	if !ok {
		f.at(body, "a seed maps collections to lists of documents, found %s", found(body))
		return
	}
	for it := root.MapRange(); it.Next(); {
		name := it.Key().GetToken().Value
		c := collectionNamed(model, name)
		if c == nil {
			f.at(it.Key(), "the schema has no collection %s", name)
			continue
		}
		if it.Value().Type() == ast.NullType {
			continue
		}
		list, ok := it.Value().(*ast.SequenceNode)
		if !ok {
			f.at(it.Value(), "%s must be a list of documents, found %s", name, found(it.Value()))
			continue
		}
		for _, n := range list.Values {
			s.document(f, n, c)
		}
	}
}

func collectionNamed(s *schema.Schema, name string) *schema.Collection {
	for _, c := range s.Collections {
		if c.Name == name || c.Plural == name {
			return c
		}
	}
	return nil
}

func (s *seed) document(f *faults, n ast.Node, c *schema.Collection) {
	m, ok := n.(ast.MapNode)
	if !ok {
		f.at(n, "a document of %s must be a mapping of fields to values, found %s", c.Name, found(n))
		return
	}
	d := &document{collection: c, values: map[string]rules.Value{}, nodes: map[string]ast.Node{}, node: n}
	before := len(f.list)
	for it := m.MapRange(); it.Next(); {
		name := it.Key().GetToken().Value
		field := c.FieldNamed(name)
		switch {
		case name == "_id":
			if d.id = it.Value().GetToken().Value; !validID(d.id) {
				f.at(it.Value(), "_id must be 1 to 128 printable ASCII characters")
			}
		case field == nil:
			f.at(it.Key(), "%s has no field %s", c.Name, name)
		case field.Link != nil:
			d.link(f, it.Value(), field)
		case field.Column == "":
			f.at(it.Key(), "%s is one side of a relation: name this document in %s instead", field.Path(), field.Back.Path())
		default:
			v, want := fieldValue(it.Value(), field)
			if want != "" {
				f.at(it.Value(), "%s must be %s, found %s", field.Path(), want, found(it.Value()))
			}
			d.values[name], d.nodes[name] = v, it.Value()
		}
	}
	if d.id == "" {
		d.id = uuid.Must(uuid.NewV4()).String()
	}
	d.faulty = len(f.list) > before
	key := c.Name + " " + d.id
	if s.byID[key] != nil {
		f.at(n, "%s %s is given twice", c.Name, d.id)
	}
	s.byID[key] = d
	s.documents = append(s.documents, d)
}

func (s *seed) checkReferences(f *faults) {
	for _, d := range s.documents {
		for _, l := range d.links {
			if s.byID[l.field.TypeName+" "+l.id] == nil {
				f.at(l.node, "%s: the seed has no %s with _id %s", l.field.Path(), l.field.TypeName, l.id)
			}
		}
		for _, field := range d.collection.Fields {
			v, given := d.values[field.Name]
			if target, ok := v.V.(string); ok && field.ToOne() && s.byID[field.TypeName+" "+target] == nil {
				f.at(d.nodes[field.Name], "%s: the seed has no %s with _id %s", field.Path(), field.TypeName, target)
			}
			if !given && field.NonNull && field.Column != "" && field.Default == nil && field.Set == nil {
				f.at(d.node, "%s is missing", field.Path())
				d.faulty = true
			}
		}
	}
}

// plant writes a seed into an empty store, each document after those it
// refers to.
func (s *seed) plant(ctx context.Context, db store.Store, version int64, now time.Time) error {
	p := &planting{seed: s, caller: rules.Anonymous(now), placed: map[*document]bool{}}
	if err := p.order(); err != nil {
		return err
	}
	// A statement's size is limited on some engines; documents come after
	// what they refer to, so any prefix is sound.
	const batch = 100
	heads := append(append(p.heads, p.later...), p.links()...)
	for len(heads) > 0 {
		n := min(batch, len(heads))
		if _, err := db.Write(ctx, &store.Mutation{Version: version, Now: now.UnixMicro(), Heads: heads[:n]}); err != nil {
			return fmt.Errorf("write seed: %w", err)
		}
		heads = heads[n:]
	}
	return nil
}

// planting turns a seed into writes.
type planting struct {
	*seed
	caller *rules.Caller
	placed map[*document]bool
	heads  []store.Head
	later  []store.Head // references that close a circle
}

// order places every document after those it refers to. In a circle it begins
// with one whose references into it may be null for a while.
func (p *planting) order() error {
	waiting := p.documents
	for len(waiting) > 0 {
		var next []*document
		for _, d := range waiting {
			if len(p.missing(d, false)) > 0 {
				next = append(next, d)
			} else if err := p.place(d); err != nil {
				return err
			}
		}
		if len(next) == len(waiting) {
			i := slices.IndexFunc(next, func(d *document) bool { return len(p.missing(d, true)) == 0 })
			if i < 0 {
				d, other := next[0], p.missing(next[0], true)[0]
				return fmt.Errorf("write seed: %s %s needs %s %s, which needs it in turn", d.collection.Name, d.id, other.collection.Name, other.id)
			}
			if err := p.place(next[i]); err != nil {
				return err
			}
			next = slices.Delete(next, i, i+1)
		}
		waiting = next
	}
	return nil
}

// missing are the documents that d refers to and that are not placed yet:
// all, or those that d cannot be without.
func (p *planting) missing(d *document, required bool) (list []*document) {
	for _, field := range d.collection.Fields {
		if required && !field.NonNull {
			continue
		}
		if other := p.target(d, field); other != nil && other != d && !p.placed[other] {
			list = append(list, other)
		}
	}
	return list
}

// target is the document that a field of d names, or nil.
func (p *planting) target(d *document, field *schema.Field) *document {
	if !field.ToOne() {
		return nil
	}
	if list := p.behind(d, field); len(list) > 0 {
		return list[0]
	}
	return nil
}

// place writes one document.
func (p *planting) place(d *document) error {
	head := store.Head{Kind: store.Insert, Table: d.collection.Object, ID: d.id, Guard: rules.True, Readable: rules.True}
	for _, field := range d.collection.Fields {
		if field.Column == "" {
			continue
		}
		value := p.value(d, field)
		if other := p.target(d, field); other != nil && other != d && !p.placed[other] {
			p.later = append(p.later, store.Head{Kind: store.Update, Table: d.collection.Object, ID: d.id, Guard: rules.True,
				Readable: rules.True, Required: true, Set: []store.Assign{{Field: field.Field, Value: value}}})
			value = null(field.Field)
		}
		if value.Value.V == nil && field.NonNull {
			return fmt.Errorf("write seed: %s %s needs %s: its default speaks of a caller, and a seed has none", d.collection.Name, d.id, field.Name)
		}
		head.Set = append(head.Set, store.Assign{Field: field.Field, Value: value})
	}
	head.Set = store.Folded(head.Set)
	p.placed[d] = true
	p.heads = append(p.heads, head)
	return nil
}

// value is what a field of a new document holds.
func (p *planting) value(d *document, field *schema.Field) rules.Val {
	if v, given := d.values[field.Name]; given {
		return rules.Val{Value: v}
	}
	expr := field.Default
	if field.Set != nil && field.SetOnCreate {
		expr = field.Set
	}
	if expr != nil {
		if v, known := p.caller.Value(expr); known {
			if constant, ok := v.(rules.Val); ok {
				return constant
			}
		}
	}
	return null(field.Field)
}

func null(f *rules.Field) rules.Val {
	return rules.Val{Value: rules.Value{Kind: f.Kind, List: f.List}}
}

func validID(id string) bool {
	return id != "" && len(id) <= 128 && strings.Trim(id, printable) == ""
}

// printable are the characters of an _id.
const printable = "!\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~ "
