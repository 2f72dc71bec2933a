package schema

import (
	"maps"
	"slices"

	"flora.dev/flora/rules"
	"github.com/vektah/gqlparser/v2/ast"
)

// Limits of a rule once named rules stand in it, the same as those of its
// text.
const (
	maxRuleNodes = 500
	maxRuleHops  = 3
)

// budgets tells rules that became large when named rules were put in.
func (d *diagnosis) budgets() {
	for _, j := range d.judged {
		if j.Reason != "" {
			continue
		}
		nodes := 0
		walk(j.Pred, true, func(p rules.Pred, _ bool) { nodes += 1 + len(operands(p)) })
		const hint = "split it over grants, or store what it looks for nearer"
		if nodes > maxRuleNodes {
			d.warn(j.Pos, hint, "%s: the rule for %s is over budget, %d parts where %d are meant", j.owner(), actionNames[j.action], nodes, maxRuleNodes)
		}
		if n := hops(j.Pred); n > maxRuleHops {
			d.warn(j.Pos, hint, "%s: the rule for %s is over budget, it follows %d relations in a row where %d are meant", j.owner(), actionNames[j.action], n, maxRuleHops)
		}
	}
}

// hops is the longest chain of relations that a rule follows.
func hops(p rules.Pred) (n int) {
	list, _ := children(p)
	for _, q := range list {
		n = max(n, hops(q))
	}
	switch p.(type) {
	case rules.One, rules.Many:
		n++
	}
	return n
}

// roles notes the roles that the schema knows, and tells those it gives and
// asks for nowhere.
func (d *diagnosis) roles() {
	asked := map[string]Position{}
	ask := func(list []*ast.Directive) {
		for _, x := range list {
			for _, arg := range x.Arguments {
				names := rolesIn(arg.Value.Raw)
				if x.Name == "auth" && arg.Name == "role" {
					names = []string{arg.Value.Raw}
				}
				for _, name := range names {
					if _, known := asked[name]; !known {
						asked[name] = d.src.pos(arg.Position)
					}
				}
			}
		}
	}
	ask(d.directivesOfSchema)
	for _, c := range d.collections {
		ask(c.directives)
		for _, f := range c.fields {
			ask(f.directives)
		}
	}
	for _, r := range d.schema.Roles {
		if _, used := asked[r.Name]; !used {
			d.warn(r.Pos, `say @auth(role: "`+r.Name+`", ...) or HasRole('`+r.Name+`'), or remove it`, "role %s is given and asked for nowhere", r.Name)
		}
	}
	d.schema.RoleUses = asked
	known := slices.Collect(maps.Keys(asked))
	for _, r := range d.schema.Roles {
		known = append(known, r.Name)
	}
	slices.Sort(known)
	d.schema.RoleNames = slices.Compact(known)
}

// glimpses tells rules of fields that read a field which fewer callers can
// read: whether the one is shown then tells something of the other.
func (d *diagnosis) glimpses() {
	for _, j := range d.judged {
		if j.f == nil || j.action != rules.Read || j.Reason != "" {
			continue
		}
		told := map[*rules.Field]bool{j.f.Field.Field: true}
		for _, x := range columnsOf(j.Pred) {
			own := d.fields[x.field]
			if own == nil || own.Read.Pred == nil || told[x.field] || reasoned(own.Read) {
				continue
			}
			more, sure := possible(func(m *model) bool {
				shown := view{model: m}.named(rules.Old, "old").pred(j.Pred) == rules.True
				return view{model: m}.named(rules.Old, x.document).pred(own.Read.Pred) != rules.True && shown
			})
			if more && sure {
				told[x.field] = true
				d.warn(j.Pos, `add its rule, or say why with reason: "..."`, "%s: its read rule reads %s, which not all can read who this shows it to", j.f.Path(), own.Path())
			}
		}
	}
}

// seen is a column of a document that has a name in views.
type seen struct {
	document string
	field    *rules.Field
}

// columnsOf are the columns that a read rule looks at, other than of rows that
// it looks through.
func columnsOf(p rules.Pred) (list []seen) {
	possible(func(m *model) bool {
		v := view{model: m}.named(rules.Old, "old")
		v.replaced = func(document string, f *rules.Field) rules.Operand {
			if x := (seen{document, f}); document != "" && !slices.Contains(list, x) {
				list = append(list, x)
			}
			return nil
		}
		return v.pred(p) == rules.True
	})
	return list
}

// pin is a comparison of a field with the caller.
type pin struct {
	with      rules.Pred // that newDoc's field is the caller
	caller    string     // CurrentIdentity() or CurrentUser()
	authority string     // a rule that lets the caller write by it, "" for none
	reader    string     // a rule that lets the caller read by it
}

// impersonation tells fields by which rules know a caller, and that clients
// can set to someone else when they create. A document that notes its creator
// may name others too, as long as these only get to read it.
func (d *diagnosis) impersonation(c *collection) {
	pins := map[*rules.Field]*pin{}
	var creates []judged
	for i := range d.judged {
		j := &d.judged[i]
		if j.c != c || j.shared {
			continue
		}
		d.pins(j, pins)
		if j.f == nil && j.action == rules.Create {
			creates = append(creates, *j)
		}
	}
	if f := c.Identity; f != nil && c.IdentityClaim == "sub" {
		if p, faults := d.env.Rule(c.Object, rules.Create, "newDoc."+f.Name+" == CurrentIdentity()"); len(faults) == 0 {
			pins[f] = &pin{with: p, caller: "CurrentIdentity()", authority: "CurrentUser()"}
		}
	}
	// pinned: the field is the caller in whatever the grant lets him create.
	pinned := func(w *judged, f *field, p *pin) bool {
		other, sure := possible(func(m *model) bool {
			v := d.writer(m, c, rules.Create, true)
			ok := v.pred(w.Pred) == rules.True
			ok = d.fieldsAllow(v, c, rules.Create, []*rules.Field{f.Field.Field}) && ok
			return v.pred(p.with) != rules.True && ok
		})
		return !other || !sure
	}
	for _, f := range c.fields {
		p := pins[f.Field.Field]
		if p == nil || !f.Settable() || reasoned(f.Create) {
			continue
		}
		for _, w := range creates {
			if w.Reason != "" || pinned(&w, f, p) {
				continue
			}
			noted := func(g *field) bool {
				if g.Set != nil {
					return g.SetOnCreate && pins[g.Field.Field] != nil
				}
				q := pins[g.Field.Field]
				return g != f && q != nil && pinned(&w, g, q)
			}
			by := p.authority
			if by == "" {
				if slices.ContainsFunc(c.fields, noted) {
					continue
				}
				by = p.reader
			}
			d.warn(f.Pos, `add newDoc.`+f.Name+` == `+p.caller+` to create, or @set(on: CREATE, expr: "`+p.caller+`")`,
				"%s: %s compares it with the caller, and create%s lets clients set it to someone else", f.Path(), by, at(w.Pos))
			break
		}
	}
}

// pins collects the fields of the document itself that a rule compares with
// the caller.
func (d *diagnosis) pins(j *judged, pins map[*rules.Field]*pin) {
	users := map[rules.Var]rules.User{}
	walk(j.Pred, true, func(p rules.Pred, _ bool) {
		if u, ok := p.(rules.User); ok {
			users[u.Var] = u
		}
		c, ok := p.(rules.Cmp)
		if !ok || c.Op != rules.Eq {
			return
		}
		for _, side := range [][2]rules.Operand{{c.L, c.R}, {c.R, c.L}} {
			col, ok := columnOf(side[0])
			if !ok || col.Var != rules.Old && col.Var != rules.New {
				continue
			}
			var made rules.Operand = rules.Col{Var: rules.New, Field: col.Field}
			switch x := side[0].(type) {
			case rules.Col:
			case rules.Member:
				x.X = made
				made = x
			default:
				continue
			}
			var found pin
			switch x := side[1].(type) {
			case rules.SlotRef:
				if !isIdentity(x) {
					continue
				}
				found = pin{with: rules.Cmp{Op: rules.Eq, L: made, R: x}, caller: "CurrentIdentity()"}
			case rules.Col:
				u, ok := users[x.Var]
				if !ok || x.Field != u.Object.Key {
					continue
				}
				u.Body = rules.Cmp{Op: rules.Eq, L: made, R: x}
				found = pin{with: u, caller: "CurrentUser()"}
			default:
				continue
			}
			q := pins[col.Field]
			if j.action == rules.Create || d.fields[col.Field] == nil {
				continue
			}
			if q == nil {
				q = &found
				pins[col.Field] = q
			}
			if j.action == rules.Read {
				q.reader = j.String()
			} else {
				q.authority = j.String()
			}
		}
	})
}
