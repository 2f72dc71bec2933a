package deploy

import (
	"slices"

	"flora.dev/flora/rules"
	"flora.dev/flora/schema"
)

// pair is two schemas whose parts are matched by name.
type pair struct {
	schemas [2]*schema.Schema // old, new
	columns map[*rules.Field]*column
	of      map[string][]*column // by collection or link table
	uniques [][]*column
}

// question is one action on a collection, or on a field of it, that both
// schemas have.
type question struct {
	collection string
	field      string
	action     rules.Action // of a check: Create
	check      bool
	// demands must all be true, on each side in the same order: the
	// question's own, that of the type, that of reading.
	demands [2][]demand
	sets    [2][]*schema.Field // that the server sets in such a write
	retold  bool               // it asks for claims, which the two sides declare differently
}

// demand is one rule that an action needs. A nil Pred asks for nothing.
type demand struct {
	rules.Pred
	of      string // whose it is, "" of the question itself
	grants  []schema.Grant
	pos     schema.Position // where it would stand, if there is no grant
	nothing string          // why it asks for nothing, or grants nothing
}

var actionWords = [...]string{rules.Read: "read", rules.Create: "create", rules.Update: "update", rules.Delete: "delete"}

func (q *question) word() string {
	if q.check {
		return "check"
	}
	return actionWords[q.action]
}

// written reports whether the question is about a document to be stored.
func (q *question) written() bool { return q.action == rules.Create || q.action == rules.Update }

// questions are those about what both schemas have, in the order of the new one.
func (p *pair) questions() (list []*question) {
	for _, c := range p.schemas[1].Collections {
		old := p.schemas[0].Collection(c.Name)
		if old == nil {
			continue
		}
		both := [2]*schema.Collection{old, c}
		for _, a := range []rules.Action{rules.Read, rules.Create, rules.Update, rules.Delete} {
			q := &question{collection: c.Name, action: a}
			for i, c := range both {
				q.demands[i] = typeDemands(c, a, "")
				q.sets[i] = setBy(c, a)
			}
			list = append(list, q)
		}
		list = append(list, checkQuestion(both, "", old.Checks, c.Checks))
		for _, f := range c.Fields {
			before := p.former(c, f)
			if before == nil {
				continue
			}
			for _, a := range []rules.Action{rules.Read, rules.Create, rules.Update} {
				q := &question{collection: c.Name, field: f.Name, action: a}
				for i, f := range []*schema.Field{before, f} {
					q.demands[i] = append([]demand{fieldDemand(f, a)}, typeDemands(both[i], a, "type "+c.Name)...)
					q.sets[i] = setBy(both[i], a)
				}
				list = append(list, q)
			}
			list = append(list, checkQuestion(both, f.Name, before.Checks, f.Checks))
		}
	}
	if !slices.Equal(p.schemas[0].Claims, p.schemas[1].Claims) {
		for _, q := range list {
			a := &asked{}
			for side := range 2 {
				for _, pred := range q.preds(side) {
					a.pred(p.schemas[side], pred)
				}
			}
			q.retold = len(a.claims) > 0
		}
	}
	return list
}

// typeDemands are what an action on a document needs: an update and a delete
// need read as well.
func typeDemands(c *schema.Collection, a rules.Action, of string) []demand {
	rule := ruleOf(&c.Access, a)
	list := []demand{{Pred: rule.Pred, of: of, grants: rule.Grants, pos: rule.Pos, nothing: "nothing grants it"}}
	if a == rules.Update || a == rules.Delete {
		list = append(list, demand{Pred: c.Access.Read.Pred, of: "read of " + c.Name, grants: c.Access.Read.Grants, pos: c.Access.Read.Pos, nothing: "nothing grants it"})
	}
	return list
}

func ruleOf(a *schema.Access, action rules.Action) *schema.Rule {
	switch action {
	case rules.Read:
		return &a.Read
	case rules.Create:
		return &a.Create
	case rules.Update:
		return &a.Update
	}
	return &a.Delete
}

func ownRule(f *schema.Field, a rules.Action) *schema.Rule {
	switch a {
	case rules.Read:
		return &f.Read
	case rules.Create:
		return &f.Create
	}
	return &f.Update
}

// follows is said of a field without a rule, before the name of its type.
const follows = "no rule of its own, it follows "

// fieldDemand is what a field needs beside its type's rule.
func fieldDemand(f *schema.Field, a rules.Action) demand {
	if a != rules.Read && !f.Settable() {
		return demand{Pred: rules.False, pos: f.Pos, nothing: "the server sets it"}
	}
	rule := ownRule(f, a)
	if rule.Pred == nil {
		return demand{pos: f.Pos, nothing: follows + f.Collection.Name}
	}
	return demand{Pred: rule.Pred, grants: rule.Grants, pos: rule.Pos}
}

// checkQuestion asks which documents the checks accept.
func checkQuestion(both [2]*schema.Collection, field string, old, new []schema.Check) *question {
	q := &question{collection: both[1].Name, field: field, action: rules.Create, check: true}
	for i, list := range [][]schema.Check{old, new} {
		own := demand{nothing: "there is no check"}
		var all rules.And
		for _, k := range list {
			all = append(all, k.Pred)
			own.grants = append(own.grants, schema.Grant{Pred: k.Pred, Text: k.Text, Pos: k.Pos})
		}
		own.pos = both[i].Pos
		if len(all) > 0 {
			own.Pred = all
		}
		q.demands[i] = []demand{own}
	}
	return q
}

// setBy are the fields that the server sets in such a write.
func setBy(c *schema.Collection, a rules.Action) (list []*schema.Field) {
	for _, f := range c.Fields {
		if f.Set != nil && (a == rules.Create && f.SetOnCreate || a == rules.Update && f.SetOnUpdate) {
			list = append(list, f)
		}
	}
	return list
}

// preds are the predicates that decide on a side.
func (q *question) preds(side int) (list []rules.Pred) {
	for _, d := range q.demands[side] {
		if d.Pred != nil {
			list = append(list, d.Pred)
		}
	}
	return list
}
