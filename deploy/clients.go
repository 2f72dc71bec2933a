package deploy

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"flora.dev/flora/schema"
)

// Severity says what a change of the API does to clients that exist.
type Severity string

// The severities, as schema tools have them: a breaking change makes a request
// invalid that was valid, or gives an answer that its client's types exclude; a
// dangerous one may surprise a client, a safe one cannot.
// https://spec.graphql.org/September2025/#sec-Validation
const (
	Breaking  Severity = "breaking"
	Dangerous Severity = "dangerous"
	Safe      Severity = "safe"
)

// worse orders severities, the worst first.
func (s Severity) worse(t Severity) int {
	rank := func(s Severity) int { return slices.Index([]Severity{Breaking, Dangerous, Safe}, s) }
	return cmp.Compare(rank(s), rank(t))
}

// Kinds of changes. The comments name the type of graphql-js' findBreakingChanges,
// where it has one.
// https://github.com/graphql/graphql-js/blob/16.x.x/src/utilities/findBreakingChanges.ts
const (
	removedType       = "removed-type" // TYPE_REMOVED, of a collection
	renamedType       = "renamed-type"
	removedRoot       = "removed-root"        // FIELD_REMOVED, of Query or Mutation
	removedField      = "removed-field"       // FIELD_REMOVED
	renamedField      = "renamed-field"       // FIELD_REMOVED
	removedArgument   = "removed-argument"    // ARG_REMOVED
	removedInputField = "removed-input-field" // FIELD_REMOVED
	removedEnumValue  = "removed-enum-value"  // VALUE_REMOVED_FROM_ENUM
	changedType       = "changed-type"        // TYPE_CHANGED_KIND, FIELD_CHANGED_KIND, ARG_CHANGED_KIND
	nullableOutput    = "nullable-output"     // FIELD_CHANGED_KIND
	requiredInput     = "required-input"      // REQUIRED_INPUT_FIELD_ADDED, REQUIRED_ARG_ADDED; also of one that was optional
	narrowedType      = "narrowed-type"       // FIELD_CHANGED_KIND, of elements of an input
	addedEnumValue    = "added-enum-value"    // VALUE_ADDED_TO_ENUM
	changedDefault    = "changed-default"     // ARG_DEFAULT_VALUE_CHANGE
	addedType         = "added-type"
	addedRoot         = "added-root"
	addedField        = "added-field"
	addedArgument     = "added-argument"
	addedInputField   = "added-input-field"
	nonNullOutput     = "non-null-output"
	optionalInput     = "optional-input"
	deprecatedField   = "deprecated"
)

// Break is what one change of the developer's file does to the API: the worst
// of it, and what follows from the same change.
type Break struct {
	Kind     string   `json:"kind"`
	Severity Severity `json:"severity"`
	// Path is a schema coordinate in the derived API.
	// https://spec.graphql.org/September2025/#sec-Schema-Coordinates
	Path   string `json:"path"`
	Detail string `json:"detail,omitempty"`
	Cause  Cause  `json:"cause"`
	// Also are the consequences that are not safe, with the paths of what is
	// generated from the same declaration.
	Also    []Consequence `json:"also,omitempty"`
	changes []change      // all, the first is this
}

// Cause is a declaration of the developer's.
type Cause struct {
	Of string `json:"of"` // Product.price, Tag.NEWS, Store @auth
	At string `json:"at"` // file:line:column, in the old file for what is in it alone
	In string `json:"in"` // old or new
}

// Consequence is a further place in the API that the same change touches.
type Consequence struct {
	Kind     string   `json:"kind"`
	Severity Severity `json:"severity"`
	Path     string   `json:"path"`
	Detail   string   `json:"detail,omitempty"`
}

// String is one line: how bad, what, and where it comes from.
func (b Break) String() string {
	line := fmt.Sprintf("%-9s  %-18s  %s", b.Severity, b.Kind, b.Path)
	if b.Detail != "" {
		line += ": " + b.Detail
	}
	if b.Cause.Of != b.Path {
		line += "  (" + b.Cause.Of + ")"
	}
	return line + "  " + b.Cause.At
}

// change is one difference between two APIs.
type change struct {
	Consequence
	cause string // what it comes from; changes with the same one are told together
	// touches are what an operation that it concerns does: see uses.
	touches []string
	// checked: where an operation gives a literal there, validating it says
	// whether it breaks.
	checked bool
}

// Clients compares the APIs of two schemas as clients see them, and tells every
// change of the developer's file that shows there once: the worst first, then
// by what was changed. A nil old is an empty store.
func Clients(old, new *schema.Schema) []Break {
	c := &comparison{old: newOrigin(old, "old"), new: newOrigin(new, "new"), renamed: map[string]string{}}
	c.renames()
	c.types()
	groups := map[string][]change{}
	for _, ch := range c.changes {
		groups[ch.cause] = append(groups[ch.cause], ch)
	}
	var breaks []Break
	for cause, list := range groups {
		slices.SortStableFunc(list, func(a, b change) int {
			return cmp.Or(a.Severity.worse(b.Severity), direct(a)-direct(b))
		})
		b := Break{Kind: list[0].Kind, Severity: list[0].Severity, Path: list[0].Path, Detail: list[0].Detail, changes: list}
		for _, also := range list[1:] {
			if also.Severity != Safe {
				b.Also = append(b.Also, also.Consequence)
			}
		}
		b.Cause = c.place(cause)
		breaks = append(breaks, b)
	}
	slices.SortFunc(breaks, func(a, b Break) int {
		return cmp.Or(a.Severity.worse(b.Severity), cmp.Compare(a.Cause.Of, b.Cause.Of))
	})
	return breaks
}

// direct is 0 of a change of the very thing that the developer changed, more of
// what is generated from it: root fields come before the rest.
func direct(ch change) int {
	switch {
	case ch.Path == ch.cause, ch.Kind == renamedField, ch.Kind == renamedType, ch.Kind == removedType:
		return 0
	case ch.Kind == removedRoot && strings.HasPrefix(ch.Path, "Query."):
		return 1
	case ch.Kind == removedRoot:
		return 2
	}
	return 3
}

// place says where a cause stands: in the new file, unless only the old has it.
func (c *comparison) place(cause string) Cause {
	for _, side := range []*origin{c.new, c.old} {
		if at, ok := side.position(cause); ok {
			return Cause{Of: cause, At: at.String(), In: side.side}
		}
	}
	return Cause{Of: cause, At: c.new.file, In: c.new.side}
}

// position is where a cause is declared.
func (o *origin) position(cause string) (schema.Position, bool) {
	if name, ok := strings.CutSuffix(cause, rule); ok && o.schema.Collection(name) != nil {
		if at := o.schema.Collection(name).Access.Read.Pos; at.Line > 0 {
			return at, true
		}
		cause = name
	}
	at, ok := o.at[cause]
	return at, ok
}
