package main

import (
	"flora.dev/flora/rules"
	"flora.dev/flora/schema"
	"flora.dev/flora/store"
	"github.com/goccy/go-yaml/ast"
)

// seedLink is a row of a link table: the document that has it in a list, and
// the _id of the other one.
type seedLink struct {
	field *schema.Field
	id    string
	node  ast.Node
}

// link reads the list of a many-to-many relation: the _id of each document.
func (d *document) link(f *faults, n ast.Node, field *schema.Field) {
	list, ok := n.(*ast.SequenceNode)
	if !ok {
		f.at(n, "%s must be a list of the _id of each %s, found %s", field.Path(), field.TypeName, found(n))
		return
	}
	for _, e := range list.Values {
		if id := e.GetToken().Value; validID(id) {
			d.links = append(d.links, seedLink{field, id, e})
		} else {
			f.at(e, "%s must be a list of the _id of each %s, found %s", field.Path(), field.TypeName, found(e))
		}
	}
}

// links are the rows of link tables, to be written after all documents.
func (p *planting) links() (heads []store.Head) {
	for _, d := range p.documents {
		for _, l := range d.links {
			link := l.field.Link
			end := func(f *rules.Field, id string) store.Assign {
				return store.Assign{Field: f, Value: rules.Val{Value: rules.Value{Kind: rules.Ref, V: id}}}
			}
			heads = append(heads, store.Head{Kind: store.Link, Table: link.Object, Guard: rules.True, Readable: rules.True, Required: true,
				Set: []store.Assign{end(link.Near, d.id), end(link.Far, l.id)}})
		}
	}
	return heads
}

// behind are the documents that a relation of d leads to, from either side.
func (s *seed) behind(d *document, field *schema.Field) (list []*document) {
	if id, ok := d.values[field.Name].V.(string); ok && field.ToOne() {
		if other := s.byID[field.TypeName+" "+id]; other != nil {
			list = append(list, other)
		}
	}
	for _, l := range d.links {
		if l.field == field {
			list = append(list, s.byID[field.TypeName+" "+l.id])
		}
	}
	for _, other := range s.documents {
		if field.Back != nil && other.collection == field.Target && other.values[field.Back.Name].V == d.id {
			list = append(list, other)
		}
		for _, l := range other.links {
			if field.Link != nil && l.id == d.id && l.field.Link.Far == field.Link.Near {
				list = append(list, other)
			}
		}
	}
	return list
}
