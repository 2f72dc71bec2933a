package graph

import (
	"context"
	"fmt"

	"flora.dev/flora/schema"
)

// pageText is where the parts of a page stand in the text.
type pageText struct {
	*schema.Page
	total int
	list  int // the nodes, if Listed
	// What is known once the list was gone through, by writing or by survey:
	end         int // after the list; 0 before
	count       int // nodes in the text, the one that is not shown included
	skip        int // nodes before those shown: the one too many of a Backward page
	first, last int // of those shown, if any
}

// page writes the text [ total?, [node*]? ]. Nodes, edges and pageInfo may be
// selected in any order and more than once.
func (w *writer) page(s *schema.Shape, p int) int {
	if s.Page == nil {
		w.err = fmt.Errorf("a page shape has no Page")
		return broken
	}
	pg := pageText{Page: s.Page}
	in := elements{w: w}
	if !in.open(p) {
		return broken
	}
	if s.Page.Total {
		if !in.seek(0) {
			return broken
		}
		pg.total = in.at
		if !in.read(w.skip(in.at)) {
			return broken
		}
	}
	if s.Page.Listed {
		if !in.seek(in.i) {
			return broken
		}
		pg.list = in.at
		if s.Page.Backward && !w.behind(&pg) {
			return broken
		}
	}
	w.buf = append(w.buf, '{')
	for i := range s.Members {
		m := &s.Members[i]
		if i > 0 {
			w.buf = append(w.buf, ',')
		}
		w.buf = append(w.buf, m.Key...)
		w.push(step{name: m.Name})
		if !w.pageMember(&pg, m.Shape) {
			return broken
		}
		w.pop()
	}
	w.buf = append(w.buf, '}')
	if s.Page.Listed {
		if pg.end == 0 {
			pg.end = w.skip(pg.list)
		}
		if !in.read(pg.end) {
			return broken
		}
	}
	return in.close()
}

func (w *writer) pageMember(pg *pageText, s *schema.Shape) bool {
	if fixed(s) {
		w.fixed(s)
		return true
	}
	turn := s.Kind == schema.ShapeAfter || s.Kind == schema.ShapeBefore
	listed := turn || s.Kind == schema.ShapeNodes || s.Kind == schema.ShapeEdges || s.Kind == schema.ShapePageInfo
	switch {
	case listed && !pg.Listed, s.Kind == schema.ShapeTotal && !pg.Total:
		w.err = fmt.Errorf("shape %d needs what its page does not have", s.Kind)
		return false
	case s.Kind == schema.ShapeTotal:
		return w.integer(pg.total) != broken
	case s.Kind == schema.ShapePageInfo:
		return w.pageInfo(pg, s.Members)
	case turn:
		return w.turn(pg, s.Kind == schema.ShapeBefore)
	case listed:
		return w.nodes(pg, s)
	}
	w.err = fmt.Errorf("shape %d stands in a page", s.Kind)
	return false
}

// nodes writes the nodes or edges that are shown.
func (w *writer) nodes(pg *pageText, s *schema.Shape) bool {
	in := elements{w: w}
	if !in.open(pg.list) {
		return false
	}
	w.buf = append(w.buf, '[')
	for in.more() {
		if !pg.shows(in.i) {
			if !in.read(w.skip(in.at)) {
				return false
			}
			continue
		}
		if in.i > pg.skip {
			w.buf = append(w.buf, ',')
		}
		pg.note(&in)
		w.push(step{index: in.i - pg.skip})
		var end int
		if s.Kind == schema.ShapeNodes {
			end = w.node(s.Members, in.at)
		} else {
			end = w.edge(pg, s.Members, in.at)
		}
		if !in.read(end) {
			return false
		}
		w.pop()
	}
	w.buf = append(w.buf, ']')
	pg.count, pg.end = in.i, in.close()
	return pg.end != broken
}

// shows reports whether element i is shown.
func (pg *pageText) shows(i int) bool { return i >= pg.skip && i < pg.skip+pg.Size }

// behind counts the nodes of a Backward page, whose one too many is the first.
func (w *writer) behind(pg *pageText) bool {
	in := elements{w: w}
	if !in.open(pg.list) {
		return false
	}
	for in.more() {
		if !in.read(w.skip(in.at)) {
			return false
		}
	}
	pg.skip = max(0, in.i-pg.Size)
	return true
}

// more reports whether there are documents after those shown, and before.
func (pg *pageText) more() (after, before bool) {
	extra := pg.count > pg.Size
	return pg.HasNext || extra && !pg.Backward, pg.HasPrev || extra && pg.Backward
}

// note remembers the element that in stands at as one that is shown.
func (pg *pageText) note(in *elements) {
	if in.i == pg.skip {
		pg.first = in.at
	}
	pg.last = in.at
}

// survey goes through the list for pageInfo, where nothing wrote it before.
func (w *writer) survey(pg *pageText) bool {
	if pg.end > 0 {
		return true
	}
	in := elements{w: w}
	if !in.open(pg.list) {
		return false
	}
	for in.more() {
		if pg.shows(in.i) {
			pg.note(&in)
		}
		if !in.read(w.skip(in.at)) {
			return false
		}
	}
	pg.count, pg.end = in.i, in.close()
	return pg.end != broken
}

func (w *writer) edge(pg *pageText, members []schema.Member, p int) int {
	end := 0
	w.buf = append(w.buf, '{')
	for i := range members {
		m := &members[i]
		if i > 0 {
			w.buf = append(w.buf, ',')
		}
		w.buf = append(w.buf, m.Key...)
		w.push(step{name: m.Name})
		switch {
		case fixed(m.Shape):
			w.fixed(m.Shape)
		case m.Shape.Kind == schema.ShapeCursor:
			if !w.cursor(pg, p) {
				return broken
			}
		case m.Shape.Kind == schema.ShapeNode:
			if end = w.node(m.Shape.Members, p); end == broken {
				return broken
			}
		default:
			w.err = fmt.Errorf("shape %d stands in an edge", m.Shape.Kind)
			return broken
		}
		w.pop()
	}
	w.buf = append(w.buf, '}')
	if end == 0 {
		end = w.skip(p)
	}
	return end
}

func (w *writer) pageInfo(pg *pageText, members []schema.Member) bool {
	if !w.survey(pg) {
		return false
	}
	w.buf = append(w.buf, '{')
	for i := range members {
		m := &members[i]
		if i > 0 {
			w.buf = append(w.buf, ',')
		}
		w.buf = append(w.buf, m.Key...)
		shown := min(pg.count, pg.Size) > 0
		switch kind := m.Shape.Kind; {
		case fixed(m.Shape):
			w.fixed(m.Shape)
		case kind == schema.ShapeHasNext:
			after, _ := pg.more()
			w.bool(after)
		case kind == schema.ShapeHasPrevious:
			_, before := pg.more()
			w.bool(before)
		case kind != schema.ShapeStartCursor && kind != schema.ShapeEndCursor:
			w.err = fmt.Errorf("shape %d stands in a pageInfo", kind)
			return false
		case !shown:
			w.buf = append(w.buf, "null"...)
		default:
			at := pg.first
			if kind == schema.ShapeEndCursor {
				at = pg.last
			}
			if !w.cursor(pg, at) {
				return false
			}
		}
	}
	w.buf = append(w.buf, '}')
	return true
}

// turn writes the cursor by which a client of Fauna turns the page: null where
// there is none.
func (w *writer) turn(pg *pageText, back bool) bool {
	if !w.survey(pg) {
		return false
	}
	after, before := pg.more()
	switch shown := min(pg.count, pg.Size) > 0; {
	case !shown, back && !before, !back && !after:
		w.buf = append(w.buf, "null"...)
		return true
	case back:
		return w.sealed(pg, pg.first, pg.Back)
	}
	return w.sealed(pg, pg.last, pg.Cursor)
}

// cursor writes the cursor of the node at p.
func (w *writer) cursor(pg *pageText, p int) bool { return w.sealed(pg, p, pg.Cursor) }

// sealed writes what seal makes of the sort keys of the node at p.
func (w *writer) sealed(pg *pageText, p int, seal func(context.Context, []string) string) bool {
	if seal == nil {
		w.err = fmt.Errorf("a page shape has no Cursor")
		return false
	}
	in := elements{w: w}
	if !in.open(p) {
		return false
	}
	values := make([]string, len(pg.Keys))
	for i, key := range pg.Keys {
		if !in.seek(key) {
			return false
		}
		end := w.skip(in.at)
		if end == broken {
			return false
		}
		values[i] = w.text[in.at:end]
	}
	w.buf = appendString(w.buf, seal(w.ctx, values))
	return true
}

func (w *writer) bool(b bool) {
	if b {
		w.buf = append(w.buf, "true"...)
	} else {
		w.buf = append(w.buf, "false"...)
	}
}
