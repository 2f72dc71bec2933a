package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"

	"flora.dev/flora/bench/workload"
)

// treeSchema has four levels each way: from projects down through lists, and
// through references to what everybody may see.
const treeSchema = `type Project @auth(read: "doc.owner == CurrentIdentity()") @index(fields: ["owner"]) {
  owner: String!
  name: String!
  tasks: [Task!] @relation
  status: Status!
}
type Task @auth(read: "doc.project.owner == CurrentIdentity()") {
  name: String!
  project: Project!
  comments: [Comment!] @relation
}
type Comment @auth(read: "doc.task.project.owner == CurrentIdentity()") {
  name: String!
  task: Task!
  files: [File!] @relation
}
type File @auth(read: "doc.comment.task.project.owner == CurrentIdentity()") {
  name: String!
  comment: Comment!
}
type Status @auth(read: "signedIn") {
  name: String!
  board: Board!
}
type Board @auth(read: "signedIn") {
  name: String!
  office: Office!
}
type Office @auth(read: "signedIn") {
  name: String!
}
`

const treeOwners = 50

// treeDocuments gives each owner sixteen projects, each of these three tasks,
// each of these three comments, and so on.
func treeDocuments(add func(string, object)) {
	for i := range 5 {
		id := fmt.Sprint(i)
		add("Office", object{"_id": "office" + id, "name": "office " + id})
		add("Board", object{"_id": "board" + id, "name": "board " + id, "office": "office" + id})
		add("Status", object{"_id": "status" + id, "name": "status " + id, "board": "board" + id})
	}
	levels := []string{"Project", "Task", "Comment", "File"}
	var grow func(level int, parent string, owner int)
	grow = func(level int, parent string, owner int) {
		if level == len(levels) {
			return
		}
		children := 3
		if level == 0 {
			children = 16
		}
		for i := range children {
			id := fmt.Sprintf("%s-%d", parent, i)
			d := object{"_id": id, "name": "name of " + id}
			if level == 0 {
				d["owner"], d["status"] = workload.OwnerID(owner), fmt.Sprintf("status%d", i%5)
			} else {
				d[strings.ToLower(levels[level-1])] = parent
			}
			add(levels[level], d)
			grow(level+1, id, owner)
		}
	}
	for owner := range treeOwners {
		grow(0, fmt.Sprintf("n%d", owner), owner)
	}
}

// depth asks for one to four levels: of lists, each of three documents, and of
// references below a list of sixteen.
func depth(r *run) error {
	store, err := r.sqlite("depth", treeSchema, treeDocuments)
	if err != nil {
		return err
	}
	s, err := r.serve("depth", store)
	if err != nil {
		return err
	}
	defer s.stop()
	var points []point
	for n := 1; n <= 4; n++ {
		lists, found := "name", 0
		for _, field := range []string{"files", "comments", "tasks", "projects"}[4-n:] {
			lists = fmt.Sprintf("%s(first: 3) { nodes { _id %s } }", field, lists)
			found = 3 * (found + 1)
		}
		references := "name"
		for _, field := range []string{"office", "board", "status"}[4-n:] {
			references = fmt.Sprintf("name %s { %s }", field, references)
		}
		for _, ask := range []struct {
			name, query string
			documents   int
		}{
			{"lists in lists", "{ " + lists + " }", found},
			{"references of 16", "{ projects(first: 16) { nodes { _id " + references + " } } }", 16 * n},
		} {
			p := s.at(treeOwners)
			p.series, p.x, p.body, p.more = ask.name, float64(n), fixed(ask.query), map[string]float64{"documents": float64(ask.documents)}
			points = append(points, p)
		}
	}
	return r.measure(points)
}

// itemFields is how many fields of text an item has.
const itemFields = 20

// itemSchema is a type whose read rule and fields have what a study varies. Its
// lists have an order; the fields stand before it in an index, none if there are none.
func itemSchema(rule string, guarded int, indexed ...string) string {
	var b strings.Builder
	b.WriteString("type Item\n")
	for _, name := range indexed {
		fmt.Fprintf(&b, "  @index(fields: [%q, \"made\"])\n", name)
	}
	index := ""
	if len(indexed) == 0 {
		index = " @index"
	}
	fmt.Fprintf(&b, "  @auth(read: %q, reason: \"measured\") {\n  owner: String!\n  made: Time!%s\n", rule, index)
	for i := range itemFields {
		fmt.Fprintf(&b, "  f%d: String!", i+1)
		if i < guarded {
			fmt.Fprintf(&b, ` @auth(read: "doc.owner == CurrentIdentity() && doc.f%d != 'secret'")`, i+1)
		}
		b.WriteByte('\n')
	}
	b.WriteString("}\n")
	return b.String()
}

const itemOwners, itemsEach = 20, 50

func itemDocuments(add func(string, object)) {
	for n := range itemOwners * itemsEach {
		d := object{"_id": itemID(n), "owner": workload.OwnerID(n % itemOwners), "made": day(n)}
		for i := range itemFields {
			d[fmt.Sprintf("f%d", i+1)] = fmt.Sprintf("text %d", i)
		}
		add("Item", d)
	}
}

func itemID(n int) string { return fmt.Sprintf("item%06d", n) }

// fieldNames are the names of the first fields of an item.
func fieldNames(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, " f%d", i+1)
	}
	return b.String()
}

func itemList(fields int) string {
	return "{ items(first: 20, orderBy: [{ made: DESC }]) { nodes { _id" + fieldNames(fields) + " } } }"
}

// itemsByID asks for n documents at once, their ids in variables or in the text.
func itemsByID(n int, inText bool) func(int, *rand.Rand) []byte {
	return func(owner int, r *rand.Rand) []byte {
		var names, fields strings.Builder
		variables := object{}
		for i := range n {
			id, name := itemID(owner+itemOwners*r.IntN(itemsEach)), fmt.Sprintf("i%d", i)
			argument := fmt.Sprintf("%q", id)
			if !inText {
				fmt.Fprintf(&names, "$%s: ID! ", name)
				argument, variables[name] = "$"+name, id
			}
			fmt.Fprintf(&fields, "d%d: findItemByID(id: %s) { _id f1 f2 f3 } ", i, argument)
		}
		query := "query (" + names.String() + ") { " + fields.String() + "}"
		if inText {
			query = "{ " + fields.String() + "}"
		}
		body, _ := json.Marshal(object{"query": query, "variables": variables}) // texts
		return body
	}
}

// breadth selects one to twenty fields of documents, and one to twenty documents.
func breadth(r *run) error {
	store, err := r.sqlite("width", itemSchema("doc.owner == CurrentIdentity()", 0, "owner"), itemDocuments)
	if err != nil {
		return err
	}
	s, err := r.serve("width", store)
	if err != nil {
		return err
	}
	defer s.stop()
	var points []point
	for _, n := range pick(r, []int{1, 20}, []int{1, 2, 5, 10, 15, 20}) {
		p := s.at(itemOwners)
		p.series, p.x, p.body = "fields of 20 documents", float64(n), fixed(itemList(n))
		points = append(points, p)
		p.series, p.body = "documents, each by its id", itemsByID(n, false)
		points = append(points, p)
		p.series, p.body = "the same, ids in the text", itemsByID(n, true)
		points = append(points, p)
	}
	return r.measure(points)
}
