package main

import (
	"slices"
	"strings"

	"flora.dev/flora/rules"
)

// What keys do to each other: references of deleted documents, unique ones.

// remove deletes documents and what goes with them; ok is false where one that
// stays refers to one of them.
func (s refState) remove(schema *refSchema, now int64, docs ...*refDoc) (ok bool) {
	gone := map[*refDoc]bool{}
	refers := func(o *refDoc, f *refField) bool {
		id, _ := o.vals[f.name].(string)
		return f.toOne() && gone[s[f.target][id]]
	}
	var each func(visit func(t *refType, f *refField, o *refDoc))
	each = func(visit func(t *refType, f *refField, o *refDoc)) {
		for _, t := range slices.Concat(schema.types, schema.links) {
			for _, f := range t.fields {
				for _, o := range s.sorted(t.name) {
					if refers(o, f) {
						visit(t, f, o)
					}
				}
			}
		}
	}
	for _, d := range docs {
		gone[d] = true
	}
	for n := 0; n != len(gone); {
		n = len(gone)
		each(func(t *refType, f *refField, o *refDoc) {
			if f.onDelete == rules.Cascade || slices.Contains(schema.links, t) {
				gone[o] = true
			}
		})
	}
	ok = true
	each(func(_ *refType, f *refField, o *refDoc) {
		switch {
		case gone[o]:
		case f.onDelete == rules.SetNull:
			d := s[o.t.name][o.id].with(map[string]any{f.name: nil})
			d.ts = max(now, d.ts+1)
			s.put(d)
		default:
			ok = false
		}
	})
	for d := range gone {
		delete(s[d.t.name], d.id)
	}
	return ok
}

// taken reports whether another document has one of d's unique keys.
func (s refState) taken(d *refDoc) bool {
	same := func(f *refField, a, b any) bool {
		if x, ok := a.(string); ok && f.fold {
			y, _ := b.(string)
			return strings.EqualFold(x, y)
		}
		return a == b
	}
	for _, key := range d.t.uniques {
		if slices.ContainsFunc(key, func(name string) bool { return d.vals[name] == nil }) {
			continue
		}
		for _, o := range s[d.t.name] {
			if o.id != d.id && !slices.ContainsFunc(key, func(name string) bool { return !same(d.t.field(name), o.vals[name], d.vals[name]) }) {
				return true
			}
		}
	}
	return false
}

// referenced reports whether a document cannot be deleted.
func (s refState) referenced(schema *refSchema, d *refDoc) bool {
	after := s.clone()
	return !after.remove(schema, 0, d)
}
