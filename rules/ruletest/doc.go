// Package ruletest is the differential test of the rule language: random
// rules, documents, changes and callers, and an oracle that evaluates rule text
// with cel-go, sharing nothing with the compiler but the CEL parser.
//
//	rule text --rules.Compile, Fold, T, SQL--> answer  ==  oracle's answer
//
// A test also fails if its rules, as many as there are, were not made of enough
// of what the language has (Coverage).
//
// Only tests import it.
package ruletest
