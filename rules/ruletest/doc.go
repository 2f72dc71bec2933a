// Package ruletest is the differential test of the rule language: random
// rules, documents and callers, and an oracle that evaluates rule text with
// cel-go, sharing nothing with the compiler but the CEL parser.
//
//	rule text --rules.Compile, Fold, T, SQL--> answer  ==  oracle's answer
//
// Only tests import it.
package ruletest
