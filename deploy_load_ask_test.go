package main

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"flora.dev/flora/graph"
)

// loadAsk is an operation, made for the stage that its client takes for the
// present one, with what each stage answers: nil where it is not valid, code alone where it is refused.
type loadAsk struct {
	name, query string
	variables   map[string]any
	want        func(loadStage) map[string]any
}

type object = map[string]any

// reading makes a query of documents that nobody changes.
func (l *deployLoad) reading(s loadStage, caller string) loadAsk {
	where := `where: {fixed: {eq: true}}`
	visible := func(t loadStage, keep func(*loadDoc) bool) (out []any) {
		out = []any{}
		for _, d := range l.fixed {
			if d.seen(t, caller) && keep(d) {
				out = append(out, d.shows(t, s, caller))
			}
		}
		return out
	}
	all := func(*loadDoc) bool { return true }
	one := l.fixed[rand.IntN(len(l.fixed))]
	find := func(t loadStage) any {
		if !one.seen(t, caller) {
			return nil
		}
		return one.shows(t, s, caller)
	}
	valid := func(t loadStage, data object) object {
		if !t.has(s) {
			return nil
		}
		return data
	}
	switch rand.IntN(8) {
	case 0:
		return loadAsk{"list", `{ notes(` + where + `, orderBy: {rank: ASC}) { totalCount nodes { ` + s.fields() + ` } } }`, nil, func(t loadStage) object {
			nodes := visible(t, all)
			return valid(t, object{"notes": object{"totalCount": float64(len(nodes)), "nodes": nodes}})
		}}
	case 1:
		return loadAsk{"nested", `{ shelfs(orderBy: {label: ASC}) { nodes { label notes(` + where + `, orderBy: {rank: DESC}, first: 2) { totalCount nodes { ` + s.fields() + ` } } } } }`, nil, func(t loadStage) object {
			var shelves []any
			for i := range l.shelves {
				nodes := visible(t, func(d *loadDoc) bool { return d.shelf == i })
				count := len(nodes)
				slices.Reverse(nodes)
				shelves = append(shelves, object{"label": fmt.Sprint("shelf ", i), "notes": object{"totalCount": float64(count), "nodes": nodes[:min(2, count)]}})
			}
			return valid(t, object{"shelfs": object{"nodes": shelves}})
		}}
	case 2:
		return loadAsk{"find", `{ findNoteByID(id: "` + one.id + `") { ` + s.fields() + ` } }`, nil, func(t loadStage) object {
			return valid(t, object{"findNoteByID": find(t)})
		}}
	case 3:
		return loadAsk{"find by key", `query($m: String!) { findNoteByMark(mark: $m) { ` + s.fields() + ` } }`, object{"m": one.mark}, func(t loadStage) object {
			return valid(t, object{"findNoteByMark": find(t)})
		}}
	case 4: // of a field whose rule comes and goes
		return loadAsk{"filter", `query($b: String!) { notes(where: {fixed: {eq: true}, body: {eq: $b}}) { totalCount nodes { ` + s.fields() + ` } } }`, object{"b": one.body}, func(t loadStage) object {
			if t.veiled && caller == "" && t.has(s) {
				return object{"code": graph.Unauthenticated}
			}
			nodes := visible(t, func(d *loadDoc) bool { return d == one && (!t.veiled || d.owner == caller) })
			return valid(t, object{"notes": object{"totalCount": float64(len(nodes)), "nodes": nodes}})
		}}
	case 5:
		op, text := "eq", one.title
		if s.folded {
			op, text = "eqFold", strings.ToUpper(one.title)
		}
		return loadAsk{"title", `query($t: String!) { notes(where: {fixed: {eq: true}, ` + s.title + `: {` + op + `: $t}}) { nodes { ` + s.fields() + ` } } }`, object{"t": text}, func(t loadStage) object {
			if s.folded && !t.folded {
				return nil
			}
			return valid(t, object{"notes": object{"nodes": visible(t, func(d *loadDoc) bool { return d == one })}})
		}}
	case 6:
		return loadAsk{"aggregate", `{ notesAggregate(` + where + `, groupBy: [open]) { key { open } count max { rank } } }`, nil, func(t loadStage) object {
			groups := []any{}
			for _, open := range []bool{false, true} {
				count, top := 0, 0
				for _, d := range l.fixed {
					if d.open == open && d.seen(t, caller) {
						count, top = count+1, d.rank
					}
				}
				if count > 0 {
					groups = append(groups, object{"key": object{"open": open}, "count": float64(count), "max": object{"rank": float64(top)}})
				}
			}
			return object{"notesAggregate": groups}
		}}
	}
	// A page after a cursor that is older than the present stage, perhaps.
	l.mu.Lock()
	cursor, after := l.cursors[caller], -1
	if cursor.text != "" {
		after = cursor.rank
	}
	l.mu.Unlock()
	var given any
	if after >= 0 {
		given = cursor.text
	}
	return loadAsk{"page", `query($c: String) { notes(` + where + `, orderBy: {rank: ASC}, first: 2, after: $c) { nodes { ` + s.fields() + ` } pageInfo { hasNextPage } edges { cursor } } }`, object{"c": given}, func(t loadStage) object {
		nodes := visible(t, func(d *loadDoc) bool { return d.rank > after })
		return valid(t, object{"notes": object{"nodes": nodes[:min(2, len(nodes))], "pageInfo": object{"hasNextPage": len(nodes) > 2}}})
	}}
}

// writing makes a mutation of the client's own documents, of which it knows
// the answer, and what is stored if it was written.
func (w *loadClient) writing(s loadStage) (loadAsk, *loadDoc) {
	if len(w.own) == 0 || rand.IntN(3) == 0 {
		return w.creating(s)
	}
	d := *w.own[rand.IntN(len(w.own))]
	text := fmt.Sprint("text ", rand.Uint32())
	answer := func(name string) func(loadStage) object {
		return func(t loadStage) object {
			if !t.has(s) {
				return nil
			}
			return object{name: d.shows(t, s, w.caller)}
		}
	}
	switch rand.IntN(4) {
	case 0:
		d.title = text
		return loadAsk{"update", `mutation($id: ID!, $t: String!) { partialUpdateNote(id: $id, data: {` + s.title + `: $t}) { ` + s.fields() + ` } }`,
			object{"id": d.id, "t": text}, answer("partialUpdateNote")}, &d
	case 1:
		d.rank++
		return loadAsk{"increase", `mutation($id: ID!) { partialUpdateNote(id: $id, inc: {rank: 1}) { ` + s.fields() + ` } }`,
			object{"id": d.id}, answer("partialUpdateNote")}, &d
	case 2:
		d.body, d.kind = text, s.kinds-1
		return loadAsk{"upsert", fmt.Sprintf(`mutation($id: ID!, $d: NoteInput!) { upsertNote(id: $id, data: $d) { %s } }`, s.fields()),
			object{"id": d.id, "d": object{"mark": d.mark, "owner": d.owner, "open": d.open, "fixed": false, "rank": d.rank, "body": text, s.title: d.title, "kind": fmt.Sprint("K", d.kind)}},
			w.knowing(d.kind, answer("upsertNote"))}, &d
	}
	d.body = text
	return loadAsk{"update many", `mutation($m: String!, $b: String!) { updateNotes(where: {mark: {eq: $m}}, data: {body: $b}) { count nodes { ` + s.fields() + ` } } }`,
		object{"m": d.mark, "b": text}, func(t loadStage) object {
			if !t.has(s) {
				return nil
			}
			return object{"updateNotes": object{"count": 1.0, "nodes": []any{d.shows(t, s, w.caller)}}}
		}}, &d
}

func (w *loadClient) creating(s loadStage) (loadAsk, *loadDoc) {
	w.made++
	d := &loadDoc{mark: fmt.Sprintf("%s %d", w.name, w.made), owner: w.caller, open: w.made%2 == 0, rank: 1000 + w.made,
		title: fmt.Sprint("Title ", w.made), body: fmt.Sprint("Body ", w.made), kind: rand.IntN(s.kinds), shelf: rand.IntN(len(w.load.shelves))}
	data := object{"mark": d.mark, "owner": d.owner, "open": d.open, "fixed": false, "rank": d.rank, s.title: d.title, "body": d.body,
		"kind": fmt.Sprint("K", d.kind), "shelf": object{"connect": w.load.shelves[d.shelf]}}
	if rand.IntN(2) == 0 {
		d.size, d.sized = 10+w.made, s.size
		data[fmt.Sprint("size", s.size)] = d.size
	}
	if s.extra > 0 && rand.IntN(2) == 0 {
		d.extra, d.added = "x", s.extra
		data["extra"] = d.extra
	}
	return loadAsk{"create", `mutation($d: NoteInput!) { createNote(data: $d) { ` + s.fields() + ` } }`, object{"d": data}, w.knowing(d.kind, func(t loadStage) object {
		if !t.has(s) {
			return nil
		}
		return object{"createNote": d.shows(t, s, w.caller)}
	})}, d
}

// knowing limits an answer to the stages that have a value of the enum.
func (w *loadClient) knowing(kind int, answer func(loadStage) object) func(loadStage) object {
	return func(t loadStage) object {
		if kind >= t.kinds {
			return nil
		}
		return answer(t)
	}
}
