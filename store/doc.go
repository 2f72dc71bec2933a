// Package store is the persistence contract: what an engine must do, the
// statements it is given, and the errors it may return.
//
//	resolvers --Query, Mutation--> Store --sqlgen(dialect)--> SQL --> JSON text
//
// Statements carry predicates in the form that rules.T leaves, so an engine
// decides nothing: a row that a predicate does not allow never leaves the
// database. The package knows schema and rules, no SQL and no driver.
package store
