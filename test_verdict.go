package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"flora.dev/flora/auth"
	"flora.dev/flora/graph"
	"flora.dev/flora/resolvers"
	"flora.dev/flora/rules"
)

// verdict is what became of an expectation.
type verdict struct {
	allowed bool
	how     string             // what happened, as in "..., but it is hidden"
	asked   resolvers.Question // the rules of which document decided
	fault   string             // another reason than a rule: the test proves nothing
}

// judge reads the answer to the expectation's operation.
func (e *expectation) judge(a *answer) *verdict {
	v := &verdict{asked: resolvers.Question{Collection: e.collection.Name, Action: e.action}}
	if e.document != nil {
		v.asked.ID = e.document.id
	}
	for _, err := range a.Errors {
		if code := err.Extensions.Code; code != graph.Forbidden && code != graph.Unauthenticated {
			v.fault = code + ": " + err.Message
			return v
		}
	}
	switch {
	case e.action == rules.Read:
		e.judgeRead(v, a)
	case len(a.Errors) > 0:
		v.how = "it was refused (" + a.Errors[0].Extensions.Code + ")"
	case a.Data["doc"] == nil && a.Extensions.CommitTime == 0: // a write may end out of its maker's sight
		v.how = "it is hidden"
	default:
		v.allowed = true
		v.how = map[rules.Action]string{rules.Create: "it was created", rules.Update: "it was updated", rules.Delete: "it was deleted"}[e.action]
	}
	return v
}

func (e *expectation) judgeRead(v *verdict, a *answer) {
	denied := func(path []any) bool { return len(path) == 2 && path[1] == "value" }
	for _, err := range a.Errors { // of fields with onDeny: ERROR
		a.Extensions.Denied = append(a.Extensions.Denied, err.Path)
	}
	doc := a.Data["doc"]
	switch {
	case doc == nil:
		v.how = "it is hidden"
	case e.field == nil:
		v.allowed, v.how = true, "it is shown"
	case slices.ContainsFunc(a.Extensions.Denied, denied):
		v.how = "the field is denied"
	case len(e.behind) > 0 && nothing(doc["value"]):
		v.how = "the document that it names is hidden"
		if e.field.Many() {
			v.how = "all documents in it are hidden"
		}
		v.asked.Collection, v.asked.ID = e.field.TypeName, e.behind[0].id
	default:
		v.allowed, v.how = true, "it is shown"
	}
}

// nothing is what a relation shows where all behind it is hidden.
func nothing(value any) bool {
	page, ok := value.(map[string]any)
	return value == nil || ok && page["totalCount"] == 0.0
}

// failure is the line that says how the verdict differs from what is expected,
// "" if it does not.
func (b *bench) failure(ctx context.Context, t *ruleTest, e *expectation, v *verdict) (string, error) {
	should := "should"
	if !e.can {
		should = "should not"
	}
	text := fmt.Sprintf("%s: %s %s be able to %s, ", e.place, t.caller, should, e)
	switch {
	case v.fault != "":
		return text + "but no rule decided that: " + v.fault, nil
	case v.allowed == e.can:
		return "", nil
	}
	reason, err := b.reason(ctx, t, e, v)
	return text + "but " + v.how + reason, err
}

// reason says which rule decided, as an explanation has it.
func (b *bench) reason(ctx context.Context, t *ruleTest, e *expectation, v *verdict) (string, error) {
	if err := b.ready(ctx); err != nil {
		return "", err
	}
	text, err := json.Marshal(e.data)
	if err != nil {
		return "", err
	}
	if v.asked.Data, err = graph.Object(string(text)); err != nil {
		return "", err
	}
	v.asked.Identity = auth.From(b.as(ctx, t))
	x, err := b.service.resolvers.Explain(ctx, b.service.data.Version(), v.asked)
	if err != nil {
		return "", fmt.Errorf("explain: %w", err)
	}
	own := v.asked.Collection + "." + e.verb
	var by *graph.RuleExplanation
	for i := range x.Rules {
		r := &x.Rules[i]
		switch {
		case e.action == rules.Read && r.Name != own && (e.field == nil || r.Name != e.field.Path()+".read"):
		case v.allowed && e.action != rules.Read && r.Name != own:
		case v.allowed: // the last: a field's rule counts more than its type's
			by = r
		case by == nil && r.Verdict != graph.VerdictAllowed:
			by = r
		}
	}
	if by == nil { // decided by something that is written with it
		return "", nil
	}
	return ruling(by), nil
}

// ruling is a rule with the grant that allowed, or with each of those that did
// not, a line for one.
func ruling(r *graph.RuleExplanation) string {
	if len(r.Grants) == 0 {
		return indent + fmt.Sprintf("%s is granted to nobody, %s", r.Name, r.Position)
	}
	does := map[graph.Verdict]string{graph.VerdictAllowed: "allows", graph.VerdictDenied: "denies", graph.VerdictUnknown: "is unknown"}
	text := ""
	for _, g := range r.Grants {
		if g.Verdict != r.Verdict && r.Verdict == graph.VerdictAllowed {
			continue
		}
		role := ""
		if g.Role != nil {
			role = ", role " + *g.Role
		}
		text += indent + fmt.Sprintf("%s %s, %s%s: %s", r.Name, does[g.Verdict], g.Position, role, strings.Join(strings.Fields(g.Rule), " "))
	}
	return text
}

// indent begins a line below the one of a failure.
const indent = "\n          "

// String is what a line is about.
func (e *expectation) String() string {
	name := e.collection.Plural
	if e.document != nil {
		name += "/" + e.document.id
	}
	if e.field != nil {
		name += "." + e.field.Name
	}
	return e.verb + " " + name
}

func (c *testCaller) String() string {
	switch {
	case c == nil:
		return "a caller without a token"
	case len(c.Roles) > 0:
		return fmt.Sprintf("%s (%s)", c.Sub, strings.Join(c.Roles, ", "))
	}
	return c.Sub
}
