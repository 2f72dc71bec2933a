package schema

import (
	"fmt"
	"slices"
	"strings"

	"flora.dev/flora/rules"
	"github.com/vektah/gqlparser/v2/ast"
)

// Function is a field that only a function of the developer's could answer, as
// Fauna had them. It loads, and answers NOT_IMPLEMENTED.
type Function struct {
	Pos       Position
	Field     string // Query.trending
	Signature string // (limit: Int!): [Tweet!]
	Instead   string // what of the generated API does the like, "" if nothing is known to
}

func (f Function) String() string {
	s := fmt.Sprintf("%s: %s%s needs a function and answers NOT_IMPLEMENTED, ", f.Pos, f.Field, f.Signature)
	if f.Instead == "" {
		return s + "no generated field does the like"
	}
	return s + "try " + f.Instead
}

// Functions lists the fields that answer NOT_IMPLEMENTED, by position. What
// takes their place is a guess from names and types.
func (s *Schema) Functions() []Function {
	var out []Function
	for _, of := range []struct {
		name  string
		roots map[string]*Root
	}{{"Query", s.API.Query}, {"Mutation", s.API.Mutation}} {
		for _, r := range of.roots {
			if r.Op == Unresolved {
				out = append(out, Function{r.Pos, of.name + "." + r.Name, signature(r.Declared), s.instead(r, of.name == "Mutation")})
			}
		}
	}
	for _, c := range s.Collections {
		for _, f := range c.Resolved {
			out = append(out, Function{f.Pos, c.Name + "." + f.Name, ": " + f.Type.String(), c.counted(f)})
		}
	}
	slices.SortFunc(out, func(a, b Function) int {
		if a.Pos.Line != b.Pos.Line {
			return a.Pos.Line - b.Pos.Line
		}
		return a.Pos.Column - b.Pos.Column
	})
	return out
}

func signature(def *ast.FieldDefinition) string {
	var args []string
	for _, a := range def.Arguments {
		args = append(args, a.Name+": "+a.Type.String())
	}
	if len(args) == 0 {
		return ": " + def.Type.String()
	}
	return "(" + strings.Join(args, ", ") + "): " + def.Type.String()
}

// instead guesses what generated field does what r was for.
func (s *Schema) instead(r *Root, mutation bool) string {
	name := strings.ToLower(r.Name)
	has := func(words ...string) bool {
		return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(name, w) })
	}
	if has("login", "logout", "signin", "signout", "signup", "register", "changepassword") {
		return "the sign-in of the identity provider"
	}
	c := r.Collection
	if c == nil {
		c = s.mentioned(name)
	}
	switch {
	case c == nil:
		return ""
	case mutation:
		return s.writes(c, has)
	case has("count", "total", "sum", "average", "avg", "number"):
		if kindOf(r.Declared.Type.Name()) != rules.Invalid && s.API.Query[c.Plural+"Aggregate"] != nil {
			return c.Plural + "Aggregate { count }, or its sum, avg, min, max"
		}
	}
	if r.Collection == nil {
		return ""
	}
	return s.reads(c, r)
}

// mentioned is the collection whose name is in a name, the longest.
func (s *Schema) mentioned(name string) (found *Collection) {
	for _, c := range s.Collections {
		in := strings.Contains(name, strings.ToLower(c.Name)) || strings.Contains(name, strings.ToLower(c.Plural))
		if in && (found == nil || len(c.Name) > len(found.Name)) {
			found = c
		}
	}
	return found
}

func (s *Schema) writes(c *Collection, has func(...string) bool) string {
	for _, w := range []struct {
		root  string
		words []string
	}{
		{"delete" + c.Name + "(id)", []string{"delete", "remove"}},
		{"upsert" + c.Name + "(by, data)", []string{"upsert", "createorupdate", "updateorcreate"}},
		{"create" + c.Name + "(data)", []string{"create", "add", "new", "insert"}},
		{"partialUpdate" + c.Name + "(id, data)", []string{"update", "edit", "change", "set", "rename", "toggle", "increment", "decrement"}},
	} {
		root, _, _ := strings.Cut(w.root, "(")
		if r := s.API.Mutation[root]; has(w.words...) {
			if r != nil && r.Op == Unresolved {
				return ownName
			}
			return w.root
		}
	}
	return ""
}

// ownName is said of a field that keeps a generated one out.
const ownName = "the generated field of that name, which is there without this one"

func (s *Schema) reads(c *Collection, r *Root) string {
	list := r.Declared.Type.Elem != nil
	if r.Name == "find"+c.Name+"ByID" || r.Name == c.Plural {
		return ownName
	}
	var where []string
	for _, a := range r.Declared.Arguments {
		switch f := c.FieldNamed(a.Name); {
		case f != nil && equatable(f.Field, a.Type):
			where = append(where, a.Name)
		case !list && (a.Name == "id" || a.Name == "_id"):
			return "find" + c.Name + "ByID(id)"
		case slices.Contains([]string{"size", "limit", "first", "after", "before", "cursor", "_size", "_cursor"}, strings.ToLower(a.Name)):
		default:
			return ""
		}
	}
	if !list {
		for _, u := range c.Uniques {
			if fieldNames(u.Fields) == strings.Join(where, ", ") {
				return finder(c, u) + "(" + strings.Join(where, ", ") + ")"
			}
		}
		switch {
		case len(where) > 0:
		case slices.Contains(s.Me, c):
			return s.me(c)
		default:
			return "me, which is there once the field of " + c.Name + " that holds the sub claim has @identity"
		}
	}
	if len(where) == 0 {
		return c.Plural + "(where, orderBy, first)"
	}
	return c.Plural + "(where: { " + strings.Join(where, ", ") + " })"
}

// counted guesses what a field with @resolver of a collection was for.
func (c *Collection) counted(r *Resolved) string {
	name := strings.ToLower(r.Name)
	for _, f := range c.Fields {
		mentioned := strings.Contains(name, strings.ToLower(f.Name)) || f.Target != nil && strings.Contains(name, strings.ToLower(f.Target.Name))
		if f.Many() && mentioned && kindOf(r.Type.Name()) != rules.Invalid && f.Aggregate != "" {
			return f.Aggregate + " { count }, or its sum, avg, min, max"
		}
	}
	return ""
}
