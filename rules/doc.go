// Package rules is the rule language: CEL text with Fauna's names in, a
// three-valued predicate over documents out.
//
//	text --Compile--> Pred --Fold(caller, input)--> Pred --T--> positive Pred --> SQL (store/internal/sqlgen)
//
// Compile runs once per schema. Fold runs per request: it computes what needs
// no stored document (the slots) and applies Kleene logic. T keeps what is
// "definitely true", the only thing that allows. Client filters use the same
// predicates.
//
// rules is a leaf: it knows documents only as Objects and Fields that schema
// hands it, and nothing of GraphQL, HTTP or SQL. The CEL library appears only
// in the files cel*.go.
package rules
