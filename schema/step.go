package schema

// StepKind is a kind of migration step.
type StepKind uint8

// The steps that lose nothing.
const (
	CreateTable StepKind = iota + 1 // with its columns and foreign keys
	AddColumn                       // nullable, or with a constant default that is filled in
	CreateIndex
	CreateUnique
	DropIndex // an index that no longer is declared, unique or not
	AddForeignKey
)

// Step is one change of the tables.
type Step struct {
	Kind       StepKind
	Collection *Collection // of the new schema
	Field      *Field      // of AddColumn, AddForeignKey
	Unique     *Unique     // of CreateUnique
	Index      *Index      // of CreateIndex
	Name       string      // of the index, of DropIndex
}

// String describes the step as a plan shows it.
func (s Step) String() string { return "step" } // being implemented
