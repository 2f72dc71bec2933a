package rules

// Kind is the type of a scalar, or Ref for a reference to a document.
type Kind uint8

// The kinds, and how a Value of each holds its payload.
const (
	Invalid  Kind = iota
	Bool          // bool
	Int           // int64, 32-bit range
	Long          // int64
	Float         // float64, finite
	String        // string, valid UTF-8 without U+0000
	ID            // string
	Date          // string, YYYY-MM-DD
	Time          // int64, microseconds since 1970 UTC
	Enum          // string, the value's name
	Ref           // string, the _id of a document
	UUID          // string, lower-case 8-4-4-4-12
	Decimal       // string, canonical; equality only
	JSON          // string, canonical JSON text
	Embedded      // string, canonical JSON text of an object of the field's type
)

var kindNames = [...]string{"?", "Boolean", "Int", "Long", "Float", "String", "ID", "Date", "Time", "Enum", "Ref", "UUID", "Decimal", "JSON", "Embedded"}

// String returns the GraphQL name of the kind.
func (k Kind) String() string { return kindNames[k] }

// Object is a collection as rules see it.
type Object struct {
	Name   string   // GraphQL type name
	Table  string   // name on disk
	Key    *Field   // _id, column flora_id, kind ID, never null
	TS     *Field   // _ts, column flora_ts, kind Long, never null
	Fields []*Field // declared fields in schema order, without Key and TS
	// Identity is the unique field that links a caller to a document here, or nil.
	Identity *Field
	// IdentityClaim is the claim that Identity is compared with, "sub" by default.
	IdentityClaim string
	Indexes       []Index // that the store has, without that of the key
}

// Index is an index of a collection. The key of the document follows its parts,
// in ascending order.
type Index struct {
	Parts  []IndexPart
	Unique bool // documents with a null in it are not in it
}

// IndexPart is a column of an index.
type IndexPart struct {
	Field *Field // with a column, or the Fold of one
	Desc  bool
}

// Field returns the field of that name, _id and _ts included, or nil.
func (o *Object) Field(name string) *Field {
	switch name {
	case "_id":
		return o.Key
	case "_ts":
		return o.TS
	}
	for _, f := range o.Fields {
		if f.Name == name {
			return f
		}
	}
	return nil
}

// Field is a field of a collection: a scalar, a list of scalars, a to-one
// reference (Kind Ref, its column holds the target's _id) or the many side of
// a relation (Back set, no column of its own).
type Field struct {
	Object   *Object
	Name     string
	Column   string // name on disk, "" for the many side
	Kind     Kind
	List     bool     // a list of scalars; its elements are never null
	NonNull  bool     // never null
	TypeName string   // GraphQL type name: String, an enum's, a collection's
	Values   []string // the values of an enum
	Target   *Object  // of a reference, on either side
	Back     *Field   // many side: the reference on Target that points here
	Single   bool     // with Back: the other side of one-to-one, at most one document points here
	Link     *Link    // many side of a many-to-many relation: its rows; Back is nil
	OnDelete OnDelete // of a reference with a column
	// Fold is the column beside a String that holds it with its case folded, nil
	// without @fold. It is written with the field (store.Folded), and indexed in
	// its place.
	Fold *Field
	// Members are the fields of an embedded value, their names behind that of
	// the field that holds it: address.city. Of a list of such there are none.
	Members []*Field
	columns *columns // nil for a field that no rule reads
}

// columns are a field as a column of the documents of a statement, which are
// few: made when rules are compiled, so that no request makes them.
type columns struct {
	of *Field
	by [12]Operand // Col by variable
}

// prepare makes the columns.
func (f *Field) prepare() {
	if f.columns != nil && f.columns.of == f {
		return
	}
	c := &columns{of: f}
	for v := range c.by {
		c.by[v] = Col{Var(v), f}
	}
	f.columns = c
}

// col is the field as a column of the document v.
func (f *Field) col(v Var) Operand {
	c := f.columns
	if c == nil || c.of != f || v < 0 || int(v) >= len(c.by) { // a copy of a field is another one
		return Col{v, f}
	}
	return c.by[v]
}

// Link is a link table as seen from one end. Its Object has no key and no _ts:
// its two references together are the primary key.
type Link struct {
	Object    *Object
	Near, Far *Field // the references to this end and to the other
	// Rows is the many side that finds the rows of a document at this end: it
	// stands on the end's object, outside Fields, with Near as its Back.
	Rows *Field
}

// OnDelete says what becomes of a document when the one it names is deleted.
type OnDelete uint8

// The actions. Restrict refuses to delete a document that is named.
const (
	Restrict OnDelete = iota
	Cascade
	SetNull
)

// Indexed is the column that an index on the field covers.
func (f *Field) Indexed() *Field {
	if f.Fold != nil {
		return f.Fold
	}
	return f
}

// Many reports whether the field is the many side of a relation.
func (f *Field) Many() bool { return f.Back != nil && !f.Single || f.Link != nil }

// Inverse reports whether the field is the side without a column of a
// one-to-one relation: it leads to the document whose Back names this one.
func (f *Field) Inverse() bool { return f.Back != nil && f.Single }

// ToOne reports whether the field is a reference to one document, with a
// column that holds its _id.
func (f *Field) ToOne() bool { return f.Kind == Ref && f.Back == nil && f.Link == nil }

// Path is Type.field, as messages show it.
func (f *Field) Path() string { return f.Object.Name + "." + f.Name }
