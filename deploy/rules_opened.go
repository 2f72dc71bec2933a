package deploy

import (
	"cmp"
	"slices"

	"flora.dev/flora/rules"
	"flora.dev/flora/schema"
)

// opened tells to whom the collections and fields are open that are new.
func opened(p *pair) (list []Shift) {
	for _, c := range p.schemas[1].Collections {
		old := p.schemas[0].Collection(c.Name)
		if old == nil {
			for _, a := range []rules.Action{rules.Read, rules.Create, rules.Update, rules.Delete} {
				list = append(list, openTo(c, "", a, p.schemas[1], typeDemands(c, a, "")...))
			}
			continue
		}
		for _, f := range c.Fields {
			if p.former(c, f) != nil {
				continue
			}
			for _, a := range []rules.Action{rules.Read, rules.Create, rules.Update} {
				demands := append([]demand{fieldDemand(f, a)}, typeDemands(c, a, "type "+c.Name)...)
				list = append(list, openTo(c, f.Name, a, p.schemas[1], demands...))
			}
		}
	}
	return slices.DeleteFunc(list, func(s Shift) bool { return len(s.Who)+len(s.By) == 0 })
}

// openTo tells who may whatever the document is, and by which clauses; others
// may where those allow it.
func openTo(c *schema.Collection, field string, a rules.Action, s *schema.Schema, demands ...demand) Shift {
	out := Shift{Change: Opens, Collection: c.Name, Field: field, Action: actionWords[a]}
	may := func(c Caller) rules.Pred {
		all := make(rules.And, 0, len(demands))
		for _, d := range demands {
			if d.Pred != nil {
				all = append(all, d.Pred)
			}
		}
		return c.at(searchNow).Fold(all, rules.Binding{})
	}
	never := true
	ask := func(name string, c Caller) bool {
		p := may(c)
		if p == rules.True {
			out.Who = append(out.Who, name)
		}
		_, constant := p.(rules.Truth)
		never = never && constant && p != rules.True
		return p == rules.True
	}
	if !ask("anyone", Caller{}) && !ask("signed in", Caller{Subject: "alice"}) {
		for _, role := range s.RoleNames {
			ask("role "+role, Caller{Subject: "alice", Roles: []string{role}})
		}
	}
	if d := demands[0]; !never || slices.ContainsFunc(d.grants, func(g schema.Grant) bool { return g.Pred != rules.False }) {
		for _, g := range d.grants {
			if g.Pred != rules.False {
				out.By = append(out.By, Clause{Position: g.Pos.String(), Text: g.Text, Role: g.Role})
			}
		}
		if len(d.grants) == 0 && d.Pred == nil {
			out.By = append(out.By, Clause{Position: d.pos.String(), Text: d.nothing})
		}
	}
	return out
}

// sortShifts puts what is loosened first, then what is tightened, then what is
// open; within each the order of the schema stays.
func sortShifts(list []Shift) {
	rank := func(c Change) int {
		switch {
		case c == Opens:
			return 1
		case c.Loosens():
			return 0
		case c == NotFound:
			return 3
		}
		return 2
	}
	slices.SortStableFunc(list, func(a, b Shift) int { return cmp.Compare(rank(a.Change), rank(b.Change)) })
}
