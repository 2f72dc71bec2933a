package schema

import (
	"strings"

	"flora.dev/flora/rules"
	"github.com/vektah/gqlparser/v2/ast"
)

// Check is a @check: what a document must fulfil to be stored. Only a true
// Pred does. It speaks of rules.New, on create and on update. That of a field
// counts where a write gives the field a value; it is true of null.
type Check struct {
	Pred    rules.Pred
	Text    string // the expression as written
	Message string // for clients
	Pos     Position
	// Alone: it reads the document itself and nothing else, neither another
	// document nor the caller nor the clock.
	Alone bool
}

// checks compiles the @check of a type, or of its field f.
func (a *accessPass) checks(c *collection, f *field) (result []Check) {
	owner, list := "type "+c.Name, c.directives
	if f != nil {
		owner, list = f.Path(), f.directives
	}
	for _, d := range list {
		if d.Name != "check" {
			continue
		}
		if f != nil && f.Column == "" {
			a.fault(a.directivePos(d), f.elsewhere(), "%s: @check goes on fields with a column, this is one side of a relation", owner)
			continue
		}
		if check, ok := a.check(c, owner, d); ok {
			if f != nil && !f.NonNull {
				check.Pred = rules.Or{rules.IsNull{X: rules.Col{Var: rules.New, Field: f.Field.Field}}, check.Pred}
			}
			result = append(result, check)
		}
	}
	return result
}

func (a *accessPass) check(c *collection, owner string, d *ast.Directive) (Check, bool) {
	message, expr := d.Arguments.ForName("message"), d.Arguments.ForName("expr").Value
	if strings.TrimSpace(message.Value.Raw) == "" {
		a.fault(a.src.pos(message.Position), "tell clients what is wrong with their input", "%s: the message of @check is empty", owner)
	}
	p, faults := a.env.Check(c.Object, expr.Raw)
	if len(faults) > 0 {
		a.textFaults(owner, expr, faults)
		return Check{}, false
	}
	return Check{Pred: p, Alone: alone(p), Text: expr.Raw, Message: message.Value.Raw, Pos: a.directivePos(d)}, true
}

func alone(p rules.Pred) bool {
	yes := true
	walk(p, true, func(p rules.Pred, _ bool) {
		switch p.(type) {
		case rules.One, rules.Many, rules.User, rules.SlotTest:
			yes = false
		}
		for _, x := range operands(p) {
			for ; x != nil; x = rules.Inner(x) {
				if _, slot := x.(rules.SlotRef); slot {
					yes = false
				}
			}
		}
	})
	return yes
}
