// Package schema turns a developer's SDL into an immutable, checked model.
//
//	file.graphql --Load--> Schema { Collections with rules, API (derived SDL), Diagnostics }
//	Diff(old, new) --> Steps, or what cannot be done
//
// It compiles every rule through package rules and derives the GraphQL API
// that clients see. It knows nothing of databases, HTTP or callers.
package schema
