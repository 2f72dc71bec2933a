package main

import (
	"fmt"
	"strings"
)

// loadStage is a schema that is deployed under load, as far as answers differ by it.
type loadStage struct {
	closed  bool   // documents are read that are open, or one's own
	veiled  bool   // body is read by the owner alone
	title   string // what the field is called now
	folded  bool   // title has @fold
	indexed bool   // title has @index
	kinds   int    // values of the enum
	size    int    // the field is size0, size1, ...
	float   bool   // and a Float
	extra   int    // the field extra is there for so many times now, 0: it is not
	extras  int    // so often it was added
}

var firstStage = loadStage{title: "title", kinds: 2}

// stageChanges are deployed one after the other, and then again.
var stageChanges = []struct {
	name   string
	change func(*loadStage)
}{
	{"add a field", func(s *loadStage) { s.extras++; s.extra = s.extras }},
	{"tighten the rule", func(s *loadStage) { s.closed = true }},
	{"rename a field", func(s *loadStage) { s.title = "name" }},
	{"add an index", func(s *loadStage) { s.indexed = true }},
	{"Int to Float", func(s *loadStage) { s.float = true }},
	{"tighten the rule of a field", func(s *loadStage) { s.veiled = true }},
	{"fold", func(s *loadStage) { s.folded = true }},
	{"one value more", func(s *loadStage) { s.kinds++ }},
	{"drop a field", func(s *loadStage) { s.extra = 0 }},
	{"loosen the rule", func(s *loadStage) { s.closed = false }},
	{"drop the index", func(s *loadStage) { s.indexed = false }},
	{"rename it back", func(s *loadStage) { s.title = "title" }},
	{"back to Int as a new field", func(s *loadStage) { s.size++; s.float = false }},
	{"unfold", func(s *loadStage) { s.folded = false }},
	{"loosen the rule of a field", func(s *loadStage) { s.veiled = false }},
}

// sdl is the schema file. was is the stage before.
func (s loadStage) sdl(was loadStage) string {
	when := func(is bool, text string) string {
		if is {
			return text
		}
		return ""
	}
	var kinds []string
	for i := range s.kinds {
		kinds = append(kinds, fmt.Sprint("K", i))
	}
	rule, number := "anyone", `Int! @default(expr: "7")`
	if s.closed {
		rule = "doc.open || doc.owner == CurrentIdentity()"
	}
	if s.float {
		number = `Float! @default(expr: "7.0")`
	}
	return `enum Kind { ` + strings.Join(kinds, " ") + ` }
type Shelf @auth(read: "anyone", write: "signedIn") {
  label: String! @unique
  notes: [Note!] @relation
}
type Note @auth(read: "` + rule + `") @auth(write: "doc.owner == CurrentIdentity()") {
  mark: String! @unique
  owner: String!
  open: Boolean!
  fixed: Boolean!
  rank: Int! @index
  body: String` + when(s.veiled, ` @auth(read: "doc.owner == CurrentIdentity()")`) + `
  kind: Kind
  shelf: Shelf
  ` + s.title + `: String!` + when(s.title != was.title, ` @renamed(from: "`+was.title+`")`) + when(s.folded, " @fold") + when(s.indexed, " @index") + `
  size` + fmt.Sprint(s.size) + `: ` + number + `
` + when(s.extra > 0, "  extra: String! @default(expr: \"'e'\")\n") + `}
`
}

// loadDoc is a note as its owner wrote it.
type loadDoc struct {
	id, mark, owner, title, body string
	open, fixed                  bool
	rank, kind, shelf            int
	size, sized                  int // what size<sized> was set to
	extra                        string
	added                        int // extra was set when it was there for so many times
}

func (d *loadDoc) seen(s loadStage, caller string) bool {
	return !s.closed || d.open || d.owner == caller
}

// fields is a selection that has all of a stage.
func (s loadStage) fields() string {
	text := fmt.Sprintf("_id mark open rank kind body title: %s size: size%d", s.title, s.size)
	if s.extra > 0 {
		text += " extra"
	}
	return text
}

// shows is what a stage shows of a document to who asks for the fields of
// another stage, where those are there.
func (d *loadDoc) shows(s, asked loadStage, caller string) map[string]any {
	out := map[string]any{"_id": d.id, "mark": d.mark, "open": d.open, "rank": float64(d.rank), "kind": fmt.Sprint("K", d.kind), "body": d.body, "title": d.title, "size": 7.0}
	if s.veiled && d.owner != caller {
		out["body"] = nil
	}
	if d.size != 0 && d.sized == s.size {
		out["size"] = float64(d.size)
	}
	if asked.extra > 0 {
		out["extra"] = "e"
		if d.extra != "" && d.added == s.extra {
			out["extra"] = d.extra
		}
	}
	return out
}

// has reports whether what is valid in another stage is valid in this one, as
// far as fields go.
func (s loadStage) has(asked loadStage) bool {
	return s.title == asked.title && s.size == asked.size && (asked.extra == 0 || s.extra > 0)
}
