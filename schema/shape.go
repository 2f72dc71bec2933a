package schema

import (
	"context"

	"flora.dev/flora/rules"
)

// ShapeKind says how a value is written.
type ShapeKind uint8

// The kinds of Shape.
const (
	ShapeNull     ShapeKind = iota // null, whatever the text
	ShapeLiteral                   // Literal, whatever the text
	ShapeScalar                    // a JSON scalar of Scalar, or a list of them
	ShapeObject                    // null, or a node written with Members
	ShapePage                      // [total?, [node*]] written with Members
	ShapeEdges                     // in a page: list of edges; Members are of an edge
	ShapeNodes                     // in a page: list of nodes; Members are of a node
	ShapeTotal                     // in a page: the count
	ShapePageInfo                  // in a page: Members are of PageInfo
	ShapeCursor                    // in an edge: its cursor
	ShapeNode                      // in an edge: the node; Members are of the node
	ShapeHasNext                   // in a PageInfo ...
	ShapeHasPrevious
	ShapeStartCursor
	ShapeEndCursor
	ShapeAfter   // in a page: the cursor of the last node, null on the last page
	ShapeBefore  // in a page: the Back cursor of the first node, null on the first page
	ShapeCan     // an object about the node that it stands in: what its caller may do
	ShapeGranted // in a can: true where none of Places is null, else false
	ShapeEach    // in a can: a list of what Members write, without their keys
	ShapeAspects // in a can: an object of Members

	ShapeGroups // [[node*]], at most Page.Size, written with Members
	ShapePart   // an object about the node that it stands in, written with Members
	ShapeSum    // null, or a string of decimal digits, as a number of Scalar
	ShapeAvg    // [ what a ShapeSum has, a count ], as a number of Scalar

	ShapeEmbedded // null, or a string with the JSON text of an object (List: of a list of them) written with Members
)

// Shape says how positional JSON text (store.Select) becomes a response value.
type Shape struct {
	Kind    ShapeKind
	Scalar  rules.Kind // of ShapeScalar
	List    bool       // of ShapeScalar
	Literal []byte     // of ShapeLiteral
	Members []Member   // in response order
	// Guarded: the text is null where the caller may not read the value, else
	// [value]. Denied: it is known without the text that the caller may not.
	// Both write null and note the path in extensions.denied, or, with
	// DenyError, as an error with code FORBIDDEN.
	Guarded, Denied, DenyError bool
	Page                       *Page // of ShapePage and ShapeGroups
	// Places of a ShapeCan are those values of the node that tell
	// by not being null that a rule allows. Places of a ShapeGranted count in
	// that list: all that must allow.
	Places []int
}

// Member is one key of a response object.
type Member struct {
	Key   []byte // encoded with its quotes and colon: "name":
	Name  string // the response key, for paths
	Index int    // the value's place in the node; -1 where Shape needs none
	Field string // of an embedded value: the name that the member has in it
	Shape *Shape
}

// Page is what writing a page needs beyond its members.
type Page struct {
	Total   bool // the text has a count
	Listed  bool // the text has a list of nodes
	Size    int  // nodes shown; one more in the text means that there is a next page
	HasPrev bool // the page began after a cursor
	HasNext bool // the page ended before a cursor
	// Backward: the page ends where it was asked to; one more in the text is the
	// first, and means that there is a page before.
	Backward bool
	// Keys are the places of the cursor's values in a node; Cursor makes a
	// cursor of their raw JSON texts. Nil where no cursor is selected.
	Keys   []int
	Cursor func(ctx context.Context, values []string) string
	Back   func(ctx context.Context, values []string) string // the cursor of the page before, for Fauna's clients
}
