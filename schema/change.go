package schema

import (
	"slices"

	"flora.dev/flora/rules"
)

// What deployers allow by name, since it cannot be undone or shows more than
// before.
const (
	DropCollection = "drop-collection"
	DropField      = "drop-field"
	DropRelation   = "drop-relation"
	RenameRules    = "rename-rules" // a renamed field gets other rules than it had
)

// Change is one thing that a deployment does to data, as people read it.
type Change struct {
	Text  string `json:"text"`
	Place string `json:"place"`           // TYPE or TYPE.FIELD
	Allow string `json:"allow,omitempty"` // what must be allowed for it, "" for what loses nothing
	Slow  bool   `json:"slow,omitempty"`  // takes longer the more documents there are
	// Refused: it cannot be done; Hint says what can.
	Refused bool   `json:"refused,omitempty"`
	Hint    string `json:"hint,omitempty"`
}

func (c Change) String() string {
	s := c.Text
	if c.Hint != "" {
		s += "; " + c.Hint
	}
	return s
}

// Difference is what brings the tables of one schema to those of the next.
type Difference struct {
	Changes []Change
	Steps   []Step // in this order; the version is published before the first that is Late
	Names   Names  // to be deployed with the schema
	// Sources say of the stored fields of the next schema where their values come
	// from, for collections that there are.
	Sources map[*rules.Field]Source
}

// Source is what documents that are there get in a field.
type Source struct {
	Was     *rules.Field // whose values they are, nil of a new field
	Convert Convert      // what becomes of those, nil: they stay
	Absent  rules.Value  // what those without a value get
}

// Refused are the changes that cannot be done.
func (d *Difference) Refused() (list []Change) {
	for _, c := range d.Changes {
		if c.Refused {
			list = append(list, c)
		}
	}
	return list
}

// Needs are the changes that must be allowed, and are not.
func (d *Difference) Needs(allowed []string) (list []Change) {
	for _, c := range d.Changes {
		if c.Allow != "" && !slices.Contains(allowed, c.Allow) {
			list = append(list, c)
		}
	}
	return list
}
