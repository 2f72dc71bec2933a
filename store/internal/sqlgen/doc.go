// Package sqlgen prints the statements of package store as SQL text.
//
//	Query    --Dialect.Query-->  one SELECT with positional JSON text per root
//	Head     --Dialect.Write-->  one guarded INSERT, UPDATE or DELETE
//	Step     --Dialect.Step-->   DDL
//
// What differs between the engines is data in a Dialect; the printing code is
// the same for all. Predicates arrive in the form that rules.T leaves, so
// every place where one is printed asks only whether it is true: NULL and
// FALSE are the same there.
//
// The package is pure: no driver, no clock, no I/O. Text never depends on
// values except where a value is null or an empty list, so that engines can
// keep prepared statements.
package sqlgen
