package main

import (
	"encoding/csv"
	"fmt"
	"io"
	"time"

	"flora.dev/flora/rules"
	"flora.dev/flora/schema"
)

// matrix writes who may do what, as CSV: a row for each action on each type
// and field, a column for a caller without a token, one with a token that says
// nothing more than whose it is, and one for each role that the schema knows, held beside such a
// token. A cell is yes, no, or rule where the document decides.
func matrix(w io.Writer, s *schema.Schema) error {
	now := time.Now()
	head := []string{"collection", "field", "action", "anonymous", "signed-in"}
	callers := []*rules.Caller{rules.Anonymous(now), rules.Anybody(now)}
	for _, name := range s.RoleNames {
		c := rules.Anybody(now)
		c.Grant(name)
		head, callers = append(head, "role "+name), append(callers, c)
	}
	out := csv.NewWriter(w)
	_ = out.Write(head) // Error tells at the end
	row := func(c *schema.Collection, f *schema.Field, action rules.Action, name string) {
		field := ""
		if f != nil {
			field = f.Name
		}
		cells := []string{c.Name, field, name}
		for _, caller := range callers {
			cells = append(cells, cell(caller, c, f, action))
		}
		_ = out.Write(cells)
	}
	for _, c := range s.Collections {
		row(c, nil, rules.Read, "read")
		row(c, nil, rules.Create, "create")
		row(c, nil, rules.Update, "update")
		row(c, nil, rules.Delete, "delete")
		for _, f := range c.Fields {
			row(c, f, rules.Read, "read")
			row(c, f, rules.Create, "create")
			row(c, f, rules.Update, "update")
		}
	}
	out.Flush()
	if err := out.Error(); err != nil {
		return fmt.Errorf("write matrix: %w", err)
	}
	return nil
}

// cell is what a caller may do: all rules that the action needs together.
func cell(caller *rules.Caller, c *schema.Collection, f *schema.Field, action rules.Action) string {
	if f != nil && action != rules.Read && !f.Settable() {
		return "no"
	}
	need, server := needed(c, f, action), map[*rules.Field]rules.Operand{}
	if f != nil && f.Kind == rules.Ref && f.Column == "" && action != rules.Read { // it writes on the other side too
		need = append(need, behind(f)...)
	}
	for _, g := range c.Fields {
		if g.Set == nil || !(action == rules.Create && g.SetOnCreate || action == rules.Update && g.SetOnUpdate) {
			continue
		}
		x, known := caller.Value(g.Set)
		if !known { // a value that cannot be computed refuses the write
			return "no"
		}
		server[g.Field] = x
	}
	b := rules.Binding{Fresh: rules.Counter(rules.New + 1), New: func(f *rules.Field) rules.Operand {
		if x, ok := server[f]; ok {
			return x
		}
		return rules.Col{Var: rules.New, Field: f}
	}}
	var parts []rules.Pred
	for _, p := range need {
		if p != nil {
			parts = append(parts, rules.T(caller.Fold(p, b)))
		}
	}
	switch rules.AllOf(parts...) {
	case rules.True:
		return "yes"
	case rules.False:
		return "no"
	}
	return "rule"
}

// needed are the rules of an action on a type, or on a field of it. Update and
// delete need read.
func needed(c *schema.Collection, f *schema.Field, action rules.Action) (list []rules.Pred) {
	a := &c.Access
	switch action {
	case rules.Read:
		list = []rules.Pred{a.Read.Pred}
		if f != nil {
			list = append(list, f.Read.Pred)
		}
	case rules.Create:
		list = []rules.Pred{a.Create.Pred}
		if f != nil {
			list = append(list, f.Create.Pred)
		}
	case rules.Update:
		list = []rules.Pred{a.Read.Pred, a.Update.Pred}
		if f != nil {
			list = append(list, f.Update.Pred)
		}
	case rules.Delete:
		list = []rules.Pred{a.Read.Pred, a.Delete.Pred}
	}
	return list
}

// behind are the rules of the document at the other end of a field without a
// column. Who owns the rows of a link table need not update it.
func behind(f *schema.Field) []rules.Pred {
	list := []rules.Pred{f.Target.Access.Read.Pred}
	if !f.Owning {
		list = append(list, f.Target.Access.Update.Pred)
	}
	if back := f.Opposite(); back != nil {
		list = append(list, back.Update.Pred)
	}
	return list
}
