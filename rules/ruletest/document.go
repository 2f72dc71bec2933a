package ruletest

import (
	"encoding/json"
	"fmt"
	"slices"

	"flora.dev/flora/rules"
)

// Doc is a document in memory. Values hold what rules.Value holds, nil for
// null; of a reference the target's id.
type Doc struct {
	world  *World
	Object *rules.Object
	ID     string
	Values map[*rules.Field]any
}

var _ rules.Document = (*Doc)(nil)

// All are the documents of a collection, for folding.
func (w *World) All(o *rules.Object) []rules.Document { return documents(w.Docs[o]) }

func documents(docs []*Doc) []rules.Document {
	var out []rules.Document
	for _, d := range docs {
		out = append(out, d)
	}
	return out
}

// Value returns a column.
func (d *Doc) Value(f *rules.Field) rules.Value {
	v := d.Values[f]
	switch f {
	case d.Object.Key:
		v = d.ID
	case d.Object.TS:
		v = int64(1)
	}
	return rules.Value{Kind: f.Kind, List: f.List, V: v}
}

// One follows a reference.
func (d *Doc) One(f *rules.Field) (rules.Document, bool) {
	t := d.target(f)
	return t, t != nil
}

// target is the document that a reference or a one-to-one relation leads to.
func (d *Doc) target(f *rules.Field) *Doc {
	if f.Inverse() {
		for _, t := range d.many(f) {
			return t
		}
		return nil
	}
	for _, t := range d.world.Docs[f.Target] {
		if t.ID == d.Values[f] {
			return t
		}
	}
	return nil
}

// Many lists the documents that refer to this one.
func (d *Doc) Many(f *rules.Field) []rules.Document { return documents(d.many(f)) }

func (d *Doc) many(f *rules.Field) []*Doc {
	var out []*Doc
	if l := f.Link; l != nil {
		for _, row := range d.world.Docs[l.Object] {
			if row.Values[l.Near] == d.ID {
				out = append(out, row.target(l.Far))
			}
		}
		return out
	}
	for _, t := range d.world.Docs[f.Target] {
		if t.Values[f.Back] == d.ID {
			out = append(out, t)
		}
	}
	return out
}

// Behind are the documents that a relation of any kind leads to.
func (d *Doc) Behind(f *rules.Field) []*Doc {
	if f.Many() {
		return d.many(f)
	}
	if t := d.target(f); t != nil {
		return []*Doc{t}
	}
	return nil
}

// UserOf is the document of the caller in a collection, nil if there is none.
func (w *World) UserOf(c Caller, o *rules.Object) *Doc {
	if c.Claims == nil {
		return nil
	}
	id := any(c.Identity)
	if o.IdentityClaim != "sub" {
		if !slices.Contains(c.Vouched, o.IdentityClaim) || o.IdentityClaim == "email" && c.Claims["email_verified"] != true {
			return nil
		}
		id = c.Claims[o.IdentityClaim]
		if n, ok := id.(json.Number); ok {
			id = whole(n)
		}
	}
	for _, u := range w.Docs[o] {
		if u.Values[o.Identity] == id {
			return u
		}
	}
	return nil
}

// Linked is the document of o that an identity finds, nil if there is none.
func (w *World) Linked(o *rules.Object, identity rules.Value) rules.Document {
	for _, u := range w.Docs[o] {
		if u.Values[o.Identity] == identity.V {
			return u
		}
	}
	return nil
}

// String shows the document in tests.
func (d *Doc) String() string {
	s := d.Object.Name + " " + d.ID
	for _, f := range d.Object.Fields {
		if f.Column != "" {
			s += fmt.Sprintf(" %s:%v", f.Name, d.Values[f])
		}
	}
	return s
}
