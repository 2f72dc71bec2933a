// Package storetest is the conformance suite of package store. An engine
// passes all of it, without exceptions:
//
//	func TestConformance(t *testing.T) { storetest.Run(t, open) }
//
// Expectations come from the contract and from a small evaluator of predicates
// in Go that shares no code with any engine. The schema is made by hand, so
// that the suite depends on no text format.
package storetest
