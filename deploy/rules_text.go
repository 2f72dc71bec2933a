package deploy

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// RulesText are the shifts as lines that a person reads, what is loosened first.
func RulesText(list []Shift) string {
	var b strings.Builder
	group, list := "", slices.Clone(list)
	for i, s := range list {
		head := map[bool]string{true: "looser", false: "tighter"}[s.Change.Loosens()]
		switch s.Change {
		case Opens:
			head = "new"
		case NotFound:
			head = "changed, no difference found"
		}
		if head != group {
			if group == "" {
				b.WriteString("What the rules newly allow and deny, found by search on generated documents: not a proof that there is no more.\n")
			}
			fmt.Fprintf(&b, "%s:\n", head)
			group = head
		}
		if i+1 < len(list) && s.opensLike(list[i+1]) {
			list[i+1].Action = s.Action + ", " + list[i+1].Action
			continue
		}
		fmt.Fprintf(&b, "  %s\n", s)
	}
	return b.String()
}

// opensLike reports that two shifts open the same to the same, so that one line
// has both.
func (s Shift) opensLike(o Shift) bool {
	return s.Change == Opens && o.Change == Opens && s.Collection == o.Collection && s.Field == o.Field &&
		(slices.Equal(s.Who, o.Who) || s.Field != "" && len(s.By) == 1 && s.By[0].Text == follows+s.Collection) && slices.Equal(s.By, o.By)
}

// String is the shift in one line.
func (s Shift) String() string {
	name := s.Collection
	if s.Field != "" {
		name += "." + s.Field
	}
	parts := []string{fmt.Sprintf("%-6s %s", s.Action, name)}
	switch s.Change {
	case Opens:
		if s.Field != "" && len(s.By) == 1 && s.By[0].Text == follows+s.Collection {
			return parts[0] + "  follows " + s.Collection
		}
		who := strings.Join(s.Who, ", ")
		if who == "" {
			who = "whom a rule allows"
		}
		parts = append(parts, "open to", who)
	case NotFound:
		parts = append(parts, fmt.Sprintf("changed, no difference found in %d tries", s.Tries))
	default:
		parts = append(parts, strings.ReplaceAll(string(s.Change), "-", " "))
	}
	if w := s.Witness; w != nil {
		if s.Action != "check" || len(w.Caller.Roles)+len(w.Caller.Claims) > 0 {
			parts = append(parts, w.Caller.String())
		}
		parts = append(parts, w.documents())
		if w.Barred {
			parts = append(parts, "(something else still refuses this write)")
		}
	}
	for _, c := range s.By {
		parts = append(parts, s.Change.by()+" "+c.String())
	}
	return strings.Join(parts, "  ")
}

// String is the shift in one line, without a value of the document.
func (s StoredShift) String() string {
	name := s.Collection + "/" + s.ID
	if s.Field != "" {
		name += " " + s.Field
	}
	line := fmt.Sprintf("%-6s %s  %s  %s", s.Action, name, strings.ReplaceAll(string(s.Change), "-", " "), s.Caller)
	for _, c := range s.By {
		line += "  " + s.Change.by() + " " + c.String()
	}
	return line
}

// by introduces a clause: of the schema before, or of the new one.
func (c Change) by() string {
	if c == NewlyDenies || c == NewlyAccepts {
		return "was by"
	}
	return "by"
}

// String is the clause with its place.
func (c Clause) String() string {
	s := c.Position + " "
	if c.Of != "" {
		s += c.Of + ": "
	}
	if c.Role != "" {
		s += "role " + c.Role + ": "
	}
	return s + strings.Join(strings.Fields(c.Text), " ")
}

// String says who it is.
func (c Caller) String() string {
	if c.Subject == "" {
		return "anyone without a token"
	}
	s := "signed in as " + c.Subject
	if c.Provider != "" {
		s += " of provider " + c.Provider
	}
	if len(c.Roles) > 0 {
		s += " with role " + strings.Join(c.Roles, ", ")
	}
	if len(c.Claims) > 0 {
		s += " with claims " + object(c.Claims)
	}
	return s
}

func (w *Witness) documents() string {
	var parts []string
	one := func(name string, d *Document) {
		if d != nil {
			parts = append(parts, name+" "+object(d.Values))
		}
	}
	switch {
	case w.Old != nil && w.New != nil:
		one("oldDoc", w.Old)
		one("newDoc", w.New)
	case w.New != nil:
		one("newDoc", w.New)
	default:
		one("document", w.Old)
	}
	for _, d := range w.Others {
		parts = append(parts, d.Collection+" "+d.ID+" "+object(d.Values))
	}
	return strings.Join(parts, ", ")
}

// object prints values as GraphQL has them: names bare, in order.
func object(values map[string]any) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(values)) {
		text, err := json.Marshal(values[name])
		if err != nil {
			text = []byte("?")
		}
		parts = append(parts, name+": "+string(text))
	}
	return "{" + strings.Join(parts, ", ") + "}"
}
