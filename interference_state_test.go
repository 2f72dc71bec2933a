package main

import (
	"maps"
	"slices"
)

// Documents of the reference.

// refDoc is immutable once it is in a state.
type refDoc struct {
	t    *refType
	id   string
	ts   int64
	vals map[string]any // string, int64, float64, bool, nil, []any, map[string]any; of a reference the id
	dark bool           // what vals does not say is not known: the token alone decides
}

// opaque is a value that is not known.
type opaque struct{}

func (d *refDoc) val(name string) any {
	if v, ok := d.vals[name]; ok || !d.dark {
		return v
	}
	return opaque{}
}

func (d *refDoc) key() any {
	if d.dark && d.id == "" {
		return opaque{}
	}
	return d.id
}

func (d *refDoc) with(set map[string]any) *refDoc {
	n := *d
	n.vals = maps.Clone(d.vals)
	if n.vals == nil {
		n.vals = map[string]any{}
	}
	maps.Copy(n.vals, set)
	return &n
}

// refState holds documents by type and id, and rows of link tables.
type refState map[string]map[string]*refDoc

func (s refState) clone() refState {
	out := refState{}
	for name, docs := range s {
		out[name] = maps.Clone(docs)
	}
	return out
}

func (s refState) put(d *refDoc) {
	if s[d.t.name] == nil {
		s[d.t.name] = map[string]*refDoc{}
	}
	s[d.t.name][d.id] = d
}

// row is the row of a link table that joins two documents.
func row(t *refType, near, far string) *refDoc {
	return &refDoc{t: t, id: near + " " + far, vals: map[string]any{t.fields[0].name: near, t.fields[1].name: far}}
}

// rowOf is that of a field of one of them.
func (s *refSchema) rowOf(f *refField, this, other string) *refDoc {
	t := s.byName[f.table]
	if t.fields[0].name == f.near {
		return row(t, this, other)
	}
	return row(t, other, this)
}

// sorted are the documents of a type by id.
func (s refState) sorted(name string) []*refDoc {
	out := make([]*refDoc, 0, len(s[name]))
	for _, id := range slices.Sorted(maps.Keys(s[name])) {
		out = append(out, s[name][id])
	}
	return out
}
