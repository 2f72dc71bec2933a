package deploy

import "flora.dev/flora/rules"

// seen is a document as one side's rules see it.
type seen struct {
	w    *world
	d    *record
	side int
}

var _ rules.Document = seen{}

// Value returns a column; null of a field that the side alone has.
func (s seen) Value(f *rules.Field) rules.Value {
	v := rules.Value{Kind: f.Kind, List: f.List}
	switch k := s.w.columns[f]; {
	case f.Name == "_id":
		v.V = s.d.id
	case f.Name == "_ts":
		v.V = searchNow.UnixMicro()
	case k != nil:
		v.V = s.w.value(s.d, k, s.side)
	}
	return v
}

// One follows a reference, or a one-to-one relation from its other side.
func (s seen) One(f *rules.Field) (rules.Document, bool) {
	if list := s.Many(f); len(list) > 0 {
		return list[0], true
	}
	return nil, false
}

// Many lists the documents behind a relation.
func (s seen) Many(f *rules.Field) []rules.Document {
	return s.w.present(s.w.behind(s.d, f, s.side), s.side)
}

func (w *world) present(docs []*record, side int) (list []rules.Document) {
	for _, d := range docs {
		list = append(list, seen{w, d, side})
	}
	return list
}
