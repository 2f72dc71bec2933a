package rules

// Scalars that stand beyond a relation of the document they are asked of: sort
// keys, groups. What is in them is folded, and in the form that T leaves.
type (
	// Far is Value of the document Var of Target that From leads to, null where
	// there is none for which Where is true.
	Far struct {
		From   Operand
		Key    *Field // the unique field of Target that equals From, nil: its _id
		Target *Object
		Var    Var
		Where  Pred
		Value  Operand
	}
	// Count is the number of documents Var behind the many side Field of document
	// Of for which Where is true.
	Count struct {
		Of    Operand
		Field *Field
		Var   Var
		Where Pred
	}
)

func (Far) operand()   {}
func (Count) operand() {}
