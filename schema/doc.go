// Package schema turns a developer's SDL into an immutable, checked model.
//
//	file.graphql --Load--> Schema { Collections with rules, API (derived SDL), Warnings }
//	                       or Diagnostics: all faults, each with its place
//	Diff(old, new) --> Steps, or what cannot be done
//
// Load goes over the file in passes (syntax, types, fields, relations, keys,
// access, names, derived API). Each reports its faults and hands on what is
// sound, so that one run shows all of them. Every rule is compiled through
// package rules. The package knows nothing of databases, HTTP or callers.
package schema
