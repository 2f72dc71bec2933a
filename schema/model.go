package schema

import (
	"fmt"
	"slices"

	"flora.dev/flora/rules"
	"github.com/vektah/gqlparser/v2/ast"
)

// Schema is one checked schema. It is immutable after Load.
type Schema struct {
	File        string // name of the file, for messages
	SDL         string // as the developer wrote it
	Collections []*Collection
	Links       []*Link
	Enums       []*Enum
	Embedded    []*Embedded
	Me          []*Collection // collections with an @identity field
	API         *API
	Roles       []Role                // given by the schema
	Claims      []rules.Claim         // declared, nil where any may be named
	Held        map[string]rules.Pred // that a caller holds a role, by the names of Roles
	RoleNames   []string              // given by the schema or named in its rules, sorted
	RoleUses    map[string]Position   // what something in the schema asks for, and where first
	Grants      []Diagnostic          // what the schema grants on every collection, to be shown at start
	Warnings    []Diagnostic
	misfits     map[string]bool // input.member of the developer's own, see Misfit
}

// Collection returns the collection of that GraphQL type name, or nil.
func (s *Schema) Collection(name string) *Collection {
	for _, c := range s.Collections {
		if c.Name == name {
			return c
		}
	}
	return nil
}

// Enum is a GraphQL enum of the schema.
type Enum struct {
	Name        string
	Values      []string
	Description string
	values      ast.EnumValueList // as declared, for the derived API
}

// Collection is an object type whose documents are stored.
type Collection struct {
	*rules.Object
	Plural      string // name of its list field: products
	Description string
	Fields      []*Field // declared order; Object.Fields has the same order
	Uniques     []*Unique
	Indexes     []*Index
	Access      Access
	Checks      []Check
	Resolved    []*Resolved // fields with @resolver
	Pos         Position
}

// Resolved is a field that needs a function: it has no column, and answers
// NOT_IMPLEMENTED.
type Resolved struct {
	Name        string
	Description string
	Type        *ast.Type
	Pos         Position
}

// FieldNamed returns the declared field of that name, or nil.
func (c *Collection) FieldNamed(name string) *Field {
	for _, f := range c.Fields {
		if f.Name == name {
			return f
		}
	}
	return nil
}

// Access are the type's rules by action. Each Pred is the OR of all grants,
// each decided alone, roles included; rules.False where there is no grant.
// Read and Delete speak of rules.Old, Create of rules.New, Update of both.
type Access struct {
	Read, Create, Update, Delete Rule
}

// Rule is a compiled access rule and where it stands (its first @auth).
type Rule struct {
	Pred   rules.Pred
	Pos    Position
	Grants []Grant // what Pred is the OR of, in the order of the file
}

// Grant is what one @auth allows for one action.
type Grant struct {
	Pred   rules.Pred // with the role
	Text   string     // the expression as written
	Role   string     // role:, "" for every caller
	Reason string     // reason:, which silences warnings
	Pos    Position   // of the @auth
}

// Field is a declared field of a collection.
type Field struct {
	*rules.Field
	Description string
	Collection  *Collection
	Target      *Collection // of a relation
	Owning      bool        // of a link table: its rows are written under this side's rules, and read on the other
	Embedded    *Embedded   // of a field of an embedded type
	// EmbeddedList: the value is a list of them.
	EmbeddedList bool
	Renamed      string      // @renamed(from:): what the field was before, "" for none
	Default      *rules.Expr // @default, or nil
	Set          *rules.Expr // @set, or nil
	SetOnCreate  bool
	SetOnUpdate  bool
	Checks       []Check
	Unique       *Unique // of this field alone, or nil
	// Rules of the field's own, required in addition to the type's. A nil
	// Pred means that the field follows its type. Read speaks of rules.Old,
	// Create of rules.New, Update of both.
	Read, Create, Update Rule
	DenyError            bool   // onDeny: ERROR
	Aggregate            string // of a to-many relation: the field with figures about it, "" where another has its name
	Pos                  Position
	deprecated           *ast.Directive // for the derived API
}

// Settable reports whether clients may set the field. A side of a relation
// without a column sets the reference on the other side, so it follows that.
func (f *Field) Settable() bool {
	if f.Back != nil {
		back := f.Target.FieldNamed(f.Back.Name)
		return back != nil && back.Set == nil
	}
	return f.Set == nil
}

// Unique is a unique key: null-filtered, with a finder.
type Unique struct {
	Name   string // of the index on disk
	Fields []*Field
}

// Index is a secondary index.
type Index struct {
	Name   string
	Fields []*Field
	Desc   []*Field // those of Fields that it has in descending order
	Pos    Position // of its directive, zero for that of a reference
}

// Parts are its fields as they are written in a schema: placed DESC.
func (i *Index) Parts() (names []string) {
	for _, f := range i.Fields {
		name := f.Name
		if slices.Contains(i.Desc, f) {
			name += " DESC"
		}
		names = append(names, name)
	}
	return names
}

// Position is a place in the developer's file, counted from 1.
type Position struct {
	File         string
	Line, Column int
}

func (p Position) String() string { return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column) }

// Diagnostic is a fault or a warning, with its place.
type Diagnostic struct {
	Pos     Position
	Message string // what was found and expected
	Hint    string // what to write instead, may be empty
}

func (d Diagnostic) String() string {
	s := d.Pos.String() + ": " + d.Message
	if d.Hint != "" {
		s += ", " + d.Hint
	}
	return s
}

// Diagnostics are all faults of a schema, by position. As an error its text
// has one line per fault.
type Diagnostics []Diagnostic

// API is the derived GraphQL API.
type API struct {
	SDL      string // what /schema.graphql serves: only what a client can use
	AST      *ast.Schema
	Query    map[string]*Root
	Mutation map[string]*Root
}

// Op is what a root field does.
type Op uint8

// The operations.
const (
	FindByID Op = iota + 1
	FindUnique
	Me
	List
	Aggregate // figures about the documents of a list
	Create
	Update
	PartialUpdate
	Delete
	CreateMany
	UpdateMany
	DeleteMany
	Upsert
	LookUp     // declared: by the equality of Terms, the document with the least _id
	LookUpList // declared: a page of them
	Unresolved // declared: it needs a function, and answers NOT_IMPLEMENTED
)

// WritesOne reports a mutation of one document: a new one, or that with an id.
func (o Op) WritesOne() bool {
	return o == Create || o == Update || o == PartialUpdate || o == Delete
}

// Root is a root field: generated, or the developer's own (Declared).
type Root struct {
	Name       string
	Op         Op
	Collection *Collection // nil of an Unresolved that returns no collection
	Unique     *Unique     // of FindUnique: arguments are named as its fields
	Terms      []Term      // of LookUp and LookUpList
	Declared   *ast.FieldDefinition
	Resolver   bool // with @resolver
	Pos        Position
}
