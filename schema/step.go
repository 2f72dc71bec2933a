package schema

import "fmt"

// StepKind is a kind of migration step.
type StepKind uint8

// The steps that lose nothing.
const (
	// CreateTable makes a table with its columns and foreign keys, except
	// those that an AddForeignKey of the same list adds later: their target
	// is created after the table.
	CreateTable StepKind = iota + 1
	AddColumn            // nullable, or with a constant default that is filled in; with its foreign key
	CreateIndex
	CreateUnique
	DropIndex // an index that no longer is declared, unique or not
	AddForeignKey
	// CreateLink makes a link table with its foreign keys and its index. Its
	// collections were created before.
	CreateLink
)

// Step is one change of the tables.
type Step struct {
	Kind       StepKind
	Collection *Collection // of the new schema
	Field      *Field      // of AddColumn, AddForeignKey
	Unique     *Unique     // of CreateUnique
	Index      *Index      // of CreateIndex
	Name       string      // of the index, of DropIndex
	Link       *Link       // of CreateLink
}

// String describes the step as a plan shows it.
func (s Step) String() string {
	switch s.Kind {
	case CreateLink:
		return fmt.Sprintf("create table %s of links (%s, %s)", s.Link.Object.Table, s.Link.Near.Column, s.Link.Far.Column)
	case CreateTable:
		return "create table " + s.Collection.Table
	case AddColumn:
		return fmt.Sprintf("add column %s.%s", s.Collection.Table, s.Field.Column)
	case CreateIndex:
		return fmt.Sprintf("create index %s on %s (%s)", s.Index.Name, s.Collection.Table, fieldNames(s.Index.Fields))
	case CreateUnique:
		return fmt.Sprintf("create unique index %s on %s (%s)", s.Unique.Name, s.Collection.Table, fieldNames(s.Unique.Fields))
	case DropIndex:
		return "drop index " + s.Name
	case AddForeignKey:
		return fmt.Sprintf("add foreign key %s.%s to %s", s.Collection.Table, s.Field.Column, s.Field.Target.Table)
	}
	return fmt.Sprintf("step %d", s.Kind)
}
