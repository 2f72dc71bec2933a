package deploy

import (
	"cmp"
	"slices"

	"flora.dev/flora/schema"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/validator"
	"github.com/vektah/gqlparser/v2/validator/rules"
)

// Outcome is what a deployment does to an operation.
type Outcome string

// The outcomes, the worst first.
const (
	Fails     Outcome = "fails"     // valid before, invalid now
	Affected  Outcome = "affected"  // valid, but a breaking change may concern its variables or its answer
	Risky     Outcome = "dangerous" // it uses what changes in a dangerous way, or is deprecated now
	Invalid   Outcome = "invalid"   // before and now
	Skipped   Outcome = "skipped"   // not read
	Untouched Outcome = "untouched"
)

// OperationBreak is what a deployment does to one operation of a client's.
type OperationBreak struct {
	Name    string       `json:"name"` // query Products, or what was not read
	At      string       `json:"at"`   // file:line:column
	Outcome Outcome      `json:"outcome"`
	Reasons []Reason     `json:"reasons,omitempty"` // why it is invalid, or was skipped
	Hits    []BreakOfUse `json:"hits,omitempty"`
}

// Reason is why an operation fails, and where.
type Reason struct {
	At      string `json:"at"`
	Message string `json:"message"`
}

// BreakOfUse is a change that concerns an operation.
type BreakOfUse struct {
	Break string `json:"break"` // the path of a Break of Clients
	Uses  string `json:"uses"`  // what of it the operation uses
	At    string `json:"at"`
	// Variable through which it may be used: values of variables are not known.
	Variable string `json:"variable,omitempty"`
}

// Operations judges the operations in files: all of *.graphql and *.gql, and of
// templates marked gql or graphql in others. Directives that the API does not
// have are the client library's own and are passed over. The order is that of
// the files' paths.
func Operations(files []File, old, new *schema.Schema) []OperationBreak {
	pieces, out := piecesOf(files)
	was, is := newOrigin(old, "old").api, new.API.AST
	before, _ := parsePieces(pieces)
	now, unread := parsePieces(pieces) // validating leaves its traces
	out = append(out, unread...)
	breaks := Clients(old, new)
	for i, op := range before.operations {
		found := OperationBreak{Name: op.title(), At: op.at, Outcome: Untouched}
		mine, reason := before.with(op)
		if reason != "" {
			found.Outcome, found.Reasons = Skipped, []Reason{{op.at, reason}}
			out = append(out, found)
			continue
		}
		same, _ := now.with(now.operations[i])
		had, has := validate(was, mine), validate(is, same)
		found.Reasons = reasons(op.file, has)
		switch {
		case len(had) > 0 && len(has) > 0:
			found.Outcome = Invalid
		case len(had) == 0:
			uses := usesOf(op, mine, was, is)
			found.hit(breaks, uses, len(has) > 0)
		}
		out = append(out, found)
	}
	out = append(out, before.idle()...)
	slices.SortStableFunc(out, func(a, b OperationBreak) int {
		fileA, lineA, columnA := splitPlace(a.At)
		fileB, lineB, columnB := splitPlace(b.At)
		return cmp.Or(cmp.Compare(fileA, fileB), cmp.Compare(lineA, lineB), cmp.Compare(columnA, columnB))
	})
	return out
}

// validate checks an operation as the server does, without the rules that speak
// of directives.
func validate(api *ast.Schema, doc *ast.QueryDocument) gqlerror.List {
	if api.Query == nil {
		return gqlerror.List{gqlerror.Errorf("there is no API")}
	}
	set := rules.NewDefaultRules()
	for _, r := range []string{rules.KnownDirectivesRule.Name, rules.UniqueDirectivesPerLocationRule.Name} {
		set.RemoveRule(r)
	}
	return validator.ValidateWithRules(api, doc, set)
}

func reasons(file string, list gqlerror.List) (out []Reason) {
	for _, err := range list {
		at := file
		if len(err.Locations) > 0 {
			if src, ok := err.Extensions["file"].(string); ok && src != "" {
				at = src
			}
			at += ":" + err.Locations[0].String()
		}
		if r := (Reason{at, err.Message}); !slices.Contains(out, r) {
			out = append(out, r)
		}
	}
	return out
}

// hit notes the breaks that concern an operation that was valid.
func (o *OperationBreak) hit(breaks []Break, used uses, fails bool) {
	if fails {
		o.Outcome = Fails
	}
	for _, b := range breaks {
		for _, ch := range b.changes {
			u, ok := used.of(ch)
			// A literal that is still valid is not concerned.
			if !ok || ch.Severity == Safe && ch.Kind != deprecatedField || ch.checked && !fails && u.variable == "" {
				continue
			}
			o.Hits = append(o.Hits, BreakOfUse{Break: b.Path, Uses: ch.Path, At: u.at, Variable: u.variable})
			switch {
			case fails:
			case ch.Severity == Breaking:
				o.Outcome = Affected
			case o.Outcome == Untouched:
				o.Outcome = Risky
			}
			break // the worst of it
		}
	}
}
