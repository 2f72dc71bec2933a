package schema

import (
	"slices"
	"strings"
	"time"

	"flora.dev/flora/rules"
)

// diagnose warns of rules that are sound and yet may not be what was meant.
// Each warning has an @auth whose reason: silences it.
func (a *accessPass) diagnose() {
	d := &diagnosis{
		accessPass: a,
		anonymous:  rules.Anonymous(time.Unix(0, 0)),
		bare:       rules.NewCaller("someone", map[string]any{"sub": "someone"}, time.Unix(0, 0)),
		fields:     map[*rules.Field]*field{},
	}
	for _, c := range a.collections {
		for _, action := range actions {
			d.judge(c, nil, action, c.Access.rule(action))
		}
		for _, f := range c.fields {
			d.fields[f.Field.Field] = f
			d.judge(c, f, rules.Read, f.Read)
			d.judge(c, f, rules.Create, f.Create)
			d.judge(c, f, rules.Update, f.Update)
		}
	}
	d.signedInEverywhere()
	for _, c := range a.collections {
		d.anyone(c)
		d.signedIn(c)
		d.narrows(c)
		d.impersonation(c)
		d.openFields(c)
	}
	d.constants()
	d.forgeries()
	d.linked()
	d.glimpses()
	d.probes()
	d.budgets()
	d.roles()
}

// diagnosis is what is asked about: all grants, and two callers of whom as
// little as possible is known.
type diagnosis struct {
	*accessPass
	anonymous, bare *rules.Caller
	judged          []judged
	fields          map[*rules.Field]*field
}

// judged is a grant where it stands.
type judged struct {
	Grant
	c      *collection
	f      *field // nil for a rule of the type
	action rules.Action
	shared bool // it stands on the schema
}

var (
	actions     = []rules.Action{rules.Read, rules.Create, rules.Update, rules.Delete}
	actionNames = [...]string{rules.Read: "read", rules.Create: "create", rules.Update: "update", rules.Delete: "delete"}
)

// rule is the type's rule for an action.
func (a *Access) rule(action rules.Action) Rule {
	return [...]Rule{rules.Read: a.Read, rules.Create: a.Create, rules.Update: a.Update, rules.Delete: a.Delete}[action]
}

func (d *diagnosis) judge(c *collection, f *field, action rules.Action, r Rule) {
	for _, g := range r.Grants {
		own := func(h grant) bool { return h.pos == g.Pos }
		d.judged = append(d.judged, judged{g, c, f, action, f == nil && !slices.ContainsFunc(c.grants, own)})
	}
}

// owner names the place as messages begin with it.
func (j *judged) owner() string {
	switch {
	case j.shared:
		return "schema"
	case j.f != nil:
		return j.f.Path()
	}
	return "type " + j.c.Name
}

// String names the rule as messages point at it.
func (j *judged) String() string {
	what := j.c.Name
	if j.f != nil {
		what = j.f.Path()
	}
	return what + " " + actionNames[j.action] + at(j.Pos)
}

// roleless is the grant without its role.
func (j *judged) roleless() rules.Pred {
	if j.Role == "" {
		return j.Pred
	}
	if p, ok := j.Pred.(rules.And); ok {
		return p[1]
	}
	if j.Pred == rules.False {
		return rules.False
	}
	return rules.True
}

// literal reports whether a rule says by itself that it is always one or the
// other.
func (j *judged) literal() bool {
	text := strings.TrimSpace(j.Text)
	return text == "true" || text == "false" || text == "anyone"
}

// constants tells rules that are always true or never, though they do not say
// so.
func (d *diagnosis) constants() {
	type group struct {
		judged
		verdict string
		names   []string // of the actions
	}
	var found []*group
	for _, j := range d.judged {
		verdict := ""
		if j.Reason == "" && !j.literal() {
			verdict = verdictOn(j.roleless())
		}
		if verdict == "" {
			continue
		}
		i := slices.IndexFunc(found, func(g *group) bool {
			return g.verdict == verdict && g.Pos == j.Pos && g.Text == j.Text && g.c == j.c && g.f == j.f
		})
		if i < 0 {
			i = len(found)
			found = append(found, &group{judged: j, verdict: verdict})
		}
		found[i].names = append(found[i].names, actionNames[j.action])
	}
	for _, g := range found {
		hint := `write "true", or say why with reason: "..."`
		switch {
		case g.verdict != "always true" && g.action == rules.Update && strings.Contains(g.Text, "Doc."):
			hint = "in an update doc is the stored and the new document, oldDoc and newDoc tell them apart"
		case g.verdict != "always true":
			hint = `write "false", or look for what contradicts itself`
		}
		d.warn(g.Pos, hint, "%s: the rule for %s is %s", g.owner(), strings.Join(g.names, ", "), g.verdict)
	}
}

// verdictOn is what can be said of a rule that is the same in every case.
func verdictOn(p rules.Pred) string {
	open := func(m *model) view {
		return view{model: m}.named(rules.Old, "old").named(rules.New, "new")
	}
	if yes, sure := possible(func(m *model) bool { return open(m).pred(p) == rules.True }); sure && !yes {
		return "never true"
	}
	if no, sure := possible(func(m *model) bool { return open(m).pred(p) != rules.True }); sure && !no {
		return "always true"
	}
	return ""
}

// grants reports whether a caller satisfies a grant whatever the document is.
func grants(c *rules.Caller, p rules.Pred) bool {
	return rules.T(c.Fold(p, rules.Binding{})) == rules.True
}

// open tells what a kind of caller can do to documents of c at will.
func (d *diagnosis) open(c *collection, who string, allows func(rules.Pred) bool, list ...rules.Action) {
	var names []string
	var first *Grant
	for _, action := range list {
		all := c.Access.rule(action).Grants
		all = slices.DeleteFunc(slices.Clone(all), func(g Grant) bool { return !allows(g.Pred) })
		own := func(g Grant) bool { return slices.ContainsFunc(c.grants, func(h grant) bool { return h.pos == g.Pos }) }
		if i := slices.IndexFunc(all, own); i >= 0 && !slices.ContainsFunc(all, func(g Grant) bool { return g.Reason != "" }) {
			names = append(names, actionNames[action])
			if first == nil {
				first = &all[i]
			}
		}
	}
	if first != nil {
		d.warn(first.Pos, `say why with reason: "..."`, "type %s: %s can %s it", c.Name, who, strings.Join(names, ", "))
	}
}

// anyone tells what needs no token.
func (d *diagnosis) anyone(c *collection) {
	allows := func(p rules.Pred) bool { return grants(d.anonymous, p) }
	d.open(c, "anyone", allows, rules.Read)
	d.open(c, "anyone", allows, rules.Create, rules.Update, rules.Delete)
}

// signedIn tells what a token alone allows to write, whoever it is of. It is
// the usual create rule where the server notes who created; and where a rule
// of a field decides, the type's may be as wide as it likes.
func (d *diagnosis) signedIn(c *collection) {
	allows := func(p rules.Pred) bool { return !grants(d.anonymous, p) && grants(d.bare, p) }
	decided := func(own rules.Pred) bool { return own != nil && !grants(d.bare, own) }
	list := []rules.Action{rules.Delete}
	if slices.ContainsFunc(c.fields, func(f *field) bool { return f.Settable() && !decided(f.Update.Pred) }) {
		list = append([]rules.Action{rules.Update}, list...)
	}
	if !slices.ContainsFunc(c.fields, func(f *field) bool {
		return f.Set != nil && f.SetOnCreate && strings.Contains(f.Set.Text, "Current") ||
			f.Settable() && f.NonNull && f.Default == nil && decided(f.Create.Pred)
	}) {
		list = append([]rules.Action{rules.Create}, list...)
	}
	d.open(c, "every signed-in caller", allows, list...)
}

// signedInEverywhere is signedIn for what stands on the schema.
func (d *diagnosis) signedInEverywhere() {
	var names []string
	var first *judged
	for i, j := range d.judged {
		if j.shared && j.c == d.collections[0] && j.action != rules.Read && j.Reason == "" && !grants(d.anonymous, j.Pred) && grants(d.bare, j.Pred) {
			names = append(names, actionNames[j.action])
			if first == nil {
				first = &d.judged[i]
			}
		}
	}
	if first != nil {
		d.warn(first.Pos, `say why with reason: "..."`, "schema: every signed-in caller can %s every document", strings.Join(names, ", "))
	}
}

// narrows tells fields that can be written blindly.
func (d *diagnosis) narrows(c *collection) {
	for _, f := range c.fields {
		if f.Read.Pred != nil && f.Update.Pred == nil && f.Settable() && c.Access.Update.Pred != rules.False && !reasoned(f.Read) {
			d.warn(f.Read.Pos, "add update", "%s: the field narrows read but not update", f.Path())
		}
	}
}

// reasoned reports whether any grant of a rule has a reason.
func reasoned(r Rule) bool {
	return slices.ContainsFunc(r.Grants, func(g Grant) bool { return g.Reason != "" })
}
