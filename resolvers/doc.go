// Package resolvers gives operations their meaning: which rule guards what,
// which statement an operation becomes, and what the client may learn.
//
//	graph.Operation --plan: fold every rule--> store.Query or store.Mutation --> graph.Answer
//
// The whole operation is planned before any I/O. Every touch of a field, by
// whatever argument, passes field() in access.go. A rule that the token alone
// decides costs nothing; what remains of one goes into the statement, so that
// a hidden row or value never leaves the database.
//
// Plans of queries are kept (prepared.go): behind what planning asked of a caller
// (rules.Trace), without anything that he is. Whatever planning comes to read of a
// caller beside rules.Caller must open the trace.
//
// The package knows no SQL and no HTTP.
package resolvers
