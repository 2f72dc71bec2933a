package deploy

import (
	"context"
	"time"

	"flora.dev/flora/rules"
	"flora.dev/flora/schema"
)

// Change says which way a rule's answer shifts.
type Change string

// The changes. What is accepted or refused is a document, by @check.
const (
	NewlyAllows  Change = "newly-allows"
	NewlyAccepts Change = "newly-accepts"
	Opens        Change = "opens" // a collection or field that is new: whom it is open to at first
	NewlyDenies  Change = "newly-denies"
	NewlyRefuses Change = "newly-refuses"
	NotFound     Change = "no-difference-found" // the rule is another, and the search found no case
)

// Loosens reports whether somebody may more than before: that is the risk.
func (c Change) Loosens() bool { return c == NewlyAllows || c == NewlyAccepts || c == Opens }

// Shift is what a change of the schema does to one action. It was found by a
// search on generated documents: that there is none proves nothing.
type Shift struct {
	Change     Change   `json:"change"`
	Collection string   `json:"collection"`
	Field      string   `json:"field,omitempty"`
	Action     string   `json:"action"`            // read, create, update, delete or check
	Who        []string `json:"who,omitempty"`     // with Opens: to whom, whatever the document
	Witness    *Witness `json:"witness,omitempty"` // a case whose answer changes
	// By are the clauses that decide: of the new schema for what is newly allowed
	// or refused, of the old one for what it allowed, or refused, before.
	By    []Clause `json:"by,omitempty"`
	Tries int      `json:"tries"` // cases looked at
}

// Clause is an @auth or @check where it stands.
type Clause struct {
	Position string `json:"position"` // file:line:column
	Text     string `json:"text"`     // the expression as written
	Role     string `json:"role,omitempty"`
	// Of says whose rule it is where that is not the shift's own: a field needs
	// its type's, an update and a delete need read.
	Of string `json:"of,omitempty"`
}

// Witness is a caller and the documents for which the answer changes. What it
// does not name does not matter.
type Witness struct {
	Caller Caller    `json:"caller"`
	Old    *Document `json:"oldDoc,omitempty"`
	New    *Document `json:"newDoc,omitempty"`
	// Others are the documents behind relations, and the caller's own.
	Others []Document `json:"others,omitempty"`
	// Barred says that something beside the rule, a check, the rule of a field
	// or a relation's target that the caller cannot read, still refuses this
	// very write: no case without was found.
	Barred bool `json:"barred,omitempty"`
}

// Caller is who asks; without a Subject he has no token.
type Caller struct {
	Subject  string         `json:"subject,omitempty"`
	Claims   map[string]any `json:"claims,omitempty"` // beside sub; numbers are json.Number
	Roles    []string       `json:"roles,omitempty"`  // given by the provider
	Provider string         `json:"provider,omitempty"`
	Vouches  []string       `json:"vouches,omitempty"` // claims that the provider answers for
}

// Document is one document of a witness. Nulls are left out unless they matter.
type Document struct {
	Collection string         `json:"collection"`
	ID         string         `json:"id"`
	Values     map[string]any `json:"values"` // as JSON has them; of a reference the _id
}

// RuleOptions bound a search.
type RuleOptions struct {
	Seed  uint64 // of the random choices: the same finds the same
	Tries int    // cases in all, 0 for 30,000: about a second
}

// Rules tells what the rules of the new schema allow that those of the old one
// denied, and the reverse. Rules that say the same are passed over. It stops
// early when ctx ends, with what it has.
func Rules(ctx context.Context, old, new *schema.Schema, o RuleOptions) []Shift {
	if o.Tries == 0 {
		o.Tries = 30_000
	}
	if old == nil {
		old = &schema.Schema{}
	}
	p := newPair(old, new)
	list := opened(p)
	var open []*question
	for _, q := range p.questions() {
		if !q.alike() {
			open = append(open, q)
		}
	}
	for _, q := range open {
		if ctx.Err() != nil {
			break
		}
		s := newSearch(p, q, o.Seed)
		list = append(list, s.run(ctx, min(2000, max(150, o.Tries/len(open))))...)
	}
	sortShifts(list)
	return list
}

// at returns the caller for folding.
func (c *Caller) at(now time.Time) *rules.Caller {
	if c.Subject == "" {
		return rules.Anonymous(now)
	}
	claims := map[string]any{"sub": c.Subject}
	for name, v := range c.Claims {
		claims[name] = v
	}
	out := rules.NewCaller(c.Subject, claims, now)
	for _, role := range c.Roles {
		out.Grant(role)
	}
	out.Vouch(c.Vouches)
	out.From(c.Provider)
	return out
}
