package graph

import (
	"context"
	"fmt"

	"flora.dev/flora/schema"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// writer turns positional JSON text (store.Select says what it looks like)
// into response JSON. It reads the text once, from the left, as long as the
// members of a shape are in the order of their values; else it goes back.
//
// Its methods take the place of a value in the text, write the value, and
// return the place after it, or broken: then err says why.
type writer struct {
	ctx    context.Context // of the operation; cursors are made for its caller
	buf    []byte
	text   string
	path   []step
	denied []ast.Path
	errs   gqlerror.List
	limits *Limits
	count  int // documents written
	err    error
}

const broken = -1

// step is an element of the path to the value being written.
type step struct {
	name  string // "" for an index
	index int
}

// root appends the value of a root field.
func (w *writer) root(key string, r Root) error {
	w.text = r.Text
	w.path = append(w.path[:0], step{name: key})
	if r.Shape == nil || fixed(r.Shape) {
		w.fixed(r.Shape)
		return nil
	}
	if end := w.value(r.Shape, 0); end == broken || w.space(end) != len(r.Text) {
		if w.err == nil {
			w.malformed(end, "the end of the text")
		}
		return fmt.Errorf("write %s: %w", key, w.err)
	}
	return nil
}

// fixed reports whether the value does not depend on the text.
func fixed(s *schema.Shape) bool {
	return s.Denied || !s.Guarded && (s.Kind == schema.ShapeNull || s.Kind == schema.ShapeLiteral)
}

func (w *writer) fixed(s *schema.Shape) {
	switch {
	case s != nil && s.Denied:
		w.deny(s)
	case s != nil && s.Kind == schema.ShapeLiteral:
		w.buf = append(w.buf, s.Literal...)
	default:
		w.buf = append(w.buf, "null"...)
	}
}

// deny writes null for a value that the caller may not read, and notes where.
func (w *writer) deny(s *schema.Shape) {
	w.buf = append(w.buf, "null"...)
	if s.DenyError {
		if len(w.errs) < w.limits.Errors {
			err := Errorf(Forbidden, "not allowed to read this field")
			err.Path = w.where()
			w.errs = append(w.errs, err)
		}
		return
	}
	if len(w.denied) < w.limits.Denied {
		w.denied = append(w.denied, w.where())
	}
}

func (w *writer) where() ast.Path {
	path := make(ast.Path, len(w.path))
	for i, s := range w.path {
		if s.name != "" {
			path[i] = ast.PathName(s.name)
		} else {
			path[i] = ast.PathIndex(s.index)
		}
	}
	return path
}

func (w *writer) push(s step) { w.path = append(w.path, s) }
func (w *writer) pop()        { w.path = w.path[:len(w.path)-1] }

// value writes the value at p, its guard opened.
func (w *writer) value(s *schema.Shape, p int) int {
	if len(w.buf) > w.limits.ResponseBytes {
		w.err = exceeds("response too large, in bytes", len(w.buf), w.limits.ResponseBytes)
		return broken
	}
	p = w.space(p)
	if !s.Guarded {
		return w.bare(s, p)
	}
	if w.null(p) {
		w.deny(s)
		return p + len("null")
	}
	if p = w.expect(p, '['); p == broken {
		return broken
	}
	if p = w.bare(s, w.space(p)); p == broken {
		return broken
	}
	return w.expect(w.space(p), ']')
}

func (w *writer) bare(s *schema.Shape, p int) int {
	switch s.Kind {
	case schema.ShapeNull, schema.ShapeLiteral:
		w.fixed(s)
		return w.skip(p)
	case schema.ShapeScalar:
		if s.List {
			return w.list(s.Scalar, p)
		}
		return w.scalar(s.Scalar, p)
	case schema.ShapeObject:
		if w.null(p) {
			w.buf = append(w.buf, "null"...)
			return p + len("null")
		}
		return w.node(s.Members, p)
	case schema.ShapePage:
		return w.page(s, p)
	case schema.ShapeGroups:
		return w.groups(s, p)
	case schema.ShapeSum:
		return w.sum(s.Scalar, p)
	case schema.ShapeAvg:
		return w.avg(s.Scalar, p)
	case schema.ShapeEmbedded:
		return w.embedded(s, p)
	}
	w.err = fmt.Errorf("shape %d stands outside of its page", s.Kind)
	return broken
}

// node writes the array at p as an object.
func (w *writer) node(members []schema.Member, p int) int {
	in := elements{w: w}
	w.count++
	if !in.open(p) || !w.object(members, &in) {
		return broken
	}
	return in.close()
}

// object writes members of the node that in goes through.
func (w *writer) object(members []schema.Member, in *elements) bool {
	w.buf = append(w.buf, '{')
	for i := range members {
		m := &members[i]
		if i > 0 {
			w.buf = append(w.buf, ',')
		}
		w.buf = append(w.buf, m.Key...)
		w.push(step{name: m.Name})
		ok := true
		switch {
		case fixed(m.Shape):
			w.fixed(m.Shape)
		case m.Shape.Kind == schema.ShapeCan:
			ok = w.can(m.Shape, in)
		case m.Shape.Kind == schema.ShapePart:
			ok = w.object(m.Shape.Members, in)
		default:
			ok = in.seek(m.Index) && in.read(w.value(m.Shape, in.at))
		}
		if !ok {
			return false
		}
		w.pop()
	}
	w.buf = append(w.buf, '}')
	return true
}

// elements goes through the elements of an array in the text.
type elements struct {
	w     *writer
	first int // place of the first element
	at    int // place of element i, or of the closing bracket
	i     int
}

func (e *elements) open(p int) bool {
	p = e.w.expect(e.w.space(p), '[')
	if p == broken {
		return false
	}
	e.first = e.w.space(p)
	e.at, e.i = e.first, 0
	return true
}

// more reports whether there is an element at e.at.
func (e *elements) more() bool {
	return e.at < len(e.w.text) && e.w.text[e.at] != ']'
}

// read takes note that element i was read up to end.
func (e *elements) read(end int) bool {
	if end == broken {
		return false
	}
	end = e.w.space(end)
	if end < len(e.w.text) && e.w.text[end] == ',' {
		end = e.w.space(end + 1)
		if end >= len(e.w.text) || e.w.text[end] == ']' {
			e.w.malformed(end, "a value")
			return false
		}
	} else if end >= len(e.w.text) || e.w.text[end] != ']' {
		e.w.malformed(end, "a comma or the end of an array")
		return false
	}
	e.at = end
	e.i++
	return true
}

// seek goes to element i, back to the first if need be.
func (e *elements) seek(i int) bool {
	if i < e.i {
		e.at, e.i = e.first, 0
	}
	for e.i < i && e.more() {
		if !e.read(e.w.skip(e.at)) {
			return false
		}
	}
	if i < 0 || !e.more() {
		e.w.malformed(e.at, fmt.Sprintf("element %d of an array", i))
		return false
	}
	return true
}

// close skips what is left and returns the place after the array.
func (e *elements) close() int {
	for e.more() {
		if !e.read(e.w.skip(e.at)) {
			return broken
		}
	}
	return e.w.expect(e.at, ']')
}
