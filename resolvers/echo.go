package resolvers

import (
	"flora.dev/flora/rules"
	"flora.dev/flora/store"
)

// An answer may be taken from the statement's own result (store.Head.Echo) if
// it shows plain values of the row only and the row rule is certain to hold
// after the write: after a delete because the guard asked it, after an update
// if the rule is untouched by it, after a create if the guard implies it and
// the new document is not among what it asks.

// plain reports whether an answer shows values of the row only.
func plain(s *store.Select) bool {
	for _, c := range s.Columns {
		if c.Nested != nil || c.Guard != nil {
			return false
		}
	}
	return true
}

// untouched reports whether the read rule reads nothing that the update
// changes, of any document: then it holds after it as the guard found it before.
func untouched(h *store.Head) bool {
	changed := map[*rules.Field]bool{h.Table.TS: true}
	for _, a := range h.Set {
		changed[a.Field] = true
	}
	for _, f := range rules.Reads(h.Readable) {
		if changed[f] {
			return false
		}
	}
	return true
}

// apart reports whether the read rule of a new document asks nothing of other
// documents of its collection: a guard asked it before there was the new one.
func apart(o *rules.Object, read rules.Pred) bool {
	for _, f := range rules.Reads(read) {
		if f.Object == o {
			return false
		}
	}
	return true
}

// implies reports whether a positive predicate p holds wherever guard does, as
// far as their shapes show it.
func implies(guard, p rules.Pred) bool {
	switch p := p.(type) {
	case rules.Truth:
		return p == rules.True
	case rules.And:
		for _, x := range p {
			if !implies(guard, x) {
				return false
			}
		}
		return true
	case rules.Or:
		for _, x := range p {
			if implies(guard, x) {
				return true
			}
		}
	}
	parts, ok := guard.(rules.And)
	if !ok {
		parts = rules.And{guard}
	}
	want := rules.Print(p)
	for _, g := range parts {
		if rules.Print(g) == want {
			return true
		}
	}
	return false
}
