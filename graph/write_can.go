package graph

import (
	"fmt"

	"flora.dev/flora/schema"
)

// can writes what the caller may do with the node in: first it goes through
// the values that tell, once, however often the members speak of each.
func (w *writer) can(s *schema.Shape, in *elements) bool {
	allowed := make([]bool, len(s.Places))
	for i, place := range s.Places {
		if !in.seek(place) {
			return false
		}
		allowed[i] = !w.null(in.at)
		if !in.read(w.skip(in.at)) {
			return false
		}
	}
	w.aspects(s.Members, allowed)
	return w.err == nil
}

func (w *writer) aspects(members []schema.Member, allowed []bool) {
	w.buf = append(w.buf, '{')
	for i := range members {
		if i > 0 {
			w.buf = append(w.buf, ',')
		}
		w.buf = append(w.buf, members[i].Key...)
		w.aspect(members[i].Shape, allowed)
	}
	w.buf = append(w.buf, '}')
}

func (w *writer) aspect(s *schema.Shape, allowed []bool) {
	switch s.Kind {
	case schema.ShapeLiteral:
		w.fixed(s)
	case schema.ShapeGranted:
		yes := true
		for _, i := range s.Places {
			yes = yes && allowed[i]
		}
		w.bool(yes)
	case schema.ShapeAspects:
		w.aspects(s.Members, allowed)
	case schema.ShapeEach:
		w.buf = append(w.buf, '[')
		for i := range s.Members {
			if i > 0 {
				w.buf = append(w.buf, ',')
			}
			w.aspect(s.Members[i].Shape, allowed)
		}
		w.buf = append(w.buf, ']')
	default:
		w.err = fmt.Errorf("shape %d stands in a can", s.Kind)
	}
}
