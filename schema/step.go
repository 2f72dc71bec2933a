package schema

import (
	"fmt"
	"strings"

	"flora.dev/flora/rules"
)

// StepKind is a kind of migration step.
type StepKind uint8

// The steps. Those that take something away come after the new version is
// published, the others before.
const (
	// CreateTable makes a table with its columns and foreign keys, except
	// those that an AddForeignKey of the same list adds later: their target
	// is created after the table.
	CreateTable StepKind = iota + 1
	AddColumn            // nullable, or filled with Value; with its foreign key
	AddFold              // the second column of a field that gains @fold
	CreateIndex
	CreateUnique
	AddForeignKey
	// CreateLink makes a link table with its foreign keys and its index. Its
	// collections were created before.
	CreateLink
	// Fill writes Column: what Convert makes of From, or Value where it is null.
	Fill
	Relax   // Column takes more than From did: null, further values
	Tighten // Column takes less than From did; no document may have what it no longer takes

	DropIndex // an index that no longer is declared, unique or not
	DropColumn
	DropLink
	DropTable
)

// Step is one change of the tables.
type Step struct {
	Kind       StepKind
	Collection *Collection // of the new schema; of the old one in DropTable
	Field      *Field      // of AddColumn, AddFold, AddForeignKey
	Unique     *Unique     // of CreateUnique
	Index      *Index      // of CreateIndex
	Name       string      // of the index, of DropIndex
	Link       *Link       // of CreateLink, DropLink

	// Was is what Collection was, of a Relax.
	Was          *Collection
	From, Column *rules.Field
	Convert      Convert
	Value        rules.Value
}

// Late reports whether a step takes something away that the version before
// still uses.
func (s Step) Late() bool { return s.Kind >= DropIndex }

// Subject is what the step is about, by the names that the developer gave.
func (s Step) Subject() string {
	switch {
	case s.Link != nil:
		return "relation " + s.Link.Object.Name
	case s.Unique != nil:
		return fmt.Sprintf("unique index on %s (%s)", s.Collection.Name, fieldNames(s.Unique.Fields))
	case s.Index != nil:
		return fmt.Sprintf("index on %s (%s)", s.Collection.Name, fieldNames(s.Index.Fields))
	case s.Column != nil:
		return "field " + s.Column.Path()
	case s.Field != nil:
		return "field " + s.Field.Path()
	case s.Name != "":
		return "an index on " + s.Collection.Name
	}
	return "type " + s.Collection.Name
}

// String describes the step by what it does to tables and columns.
func (s Step) String() string {
	table := ""
	if s.Collection != nil {
		table = s.Collection.Table
	}
	switch s.Kind {
	case CreateLink:
		return fmt.Sprintf("create table %s of links (%s, %s)", s.Link.Object.Table, s.Link.Near.Column, s.Link.Far.Column)
	case CreateTable:
		return "create table " + table
	case AddColumn:
		return fmt.Sprintf("add column %s.%s", table, s.Field.Column)
	case AddFold:
		return fmt.Sprintf("add column %s.%s", table, s.Field.Fold.Column)
	case CreateIndex:
		return fmt.Sprintf("create index %s on %s (%s)", s.Index.Name, table, strings.Join(s.Index.Parts(), ", "))
	case CreateUnique:
		return fmt.Sprintf("create unique index %s on %s (%s)", s.Unique.Name, table, fieldNames(s.Unique.Fields))
	case AddForeignKey:
		return fmt.Sprintf("add foreign key %s.%s to %s", table, s.Field.Column, s.Field.Target.Table)
	case Fill:
		return fmt.Sprintf("fill column %s.%s", table, s.Column.Column)
	case Relax:
		return fmt.Sprintf("relax column %s.%s", table, s.Column.Column)
	case Tighten:
		return fmt.Sprintf("tighten column %s.%s", table, s.Column.Column)
	case DropIndex:
		return "drop index " + s.Name
	case DropColumn:
		return fmt.Sprintf("drop column %s.%s", table, s.Column.Column)
	case DropLink:
		return "drop table " + s.Link.Object.Table
	case DropTable:
		return "drop table " + table
	}
	return fmt.Sprintf("step %d", s.Kind)
}
