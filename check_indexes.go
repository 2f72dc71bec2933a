package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"flora.dev/flora/deploy"
	"flora.dev/flora/rules"
	"flora.dev/flora/schema"
	"flora.dev/flora/store"
	"flora.dev/flora/store/advice"
)

// indexAdvice is an index that the schema should declare.
type indexAdvice struct {
	of    *schema.Collection
	parts []rules.IndexPart
	why   []string
}

func (a *indexAdvice) String() string {
	var names []string
	for _, p := range a.parts {
		name := p.Field.Name
		if p.Desc {
			name += " DESC"
		}
		names = append(names, fmt.Sprintf("%q", name))
	}
	return "@index(fields: [" + strings.Join(names, ", ") + "])"
}

// indexes prints which indexes a schema lacks, with what they are for, and
// which of its own nothing that is known here uses.
func indexes(w io.Writer, s *schema.Schema, files []deploy.File) error {
	r, err := adviseIndexes(s, files)
	if err != nil {
		return fmt.Errorf("look for indexes: %w", err)
	}
	for _, a := range r.missing {
		fmt.Fprintf(w, "%s: type %s: add %s\n", a.of.Pos, a.of.Name, a)
		for _, why := range a.why {
			fmt.Fprintf(w, "  for %s\n", why)
		}
	}
	for _, i := range r.unused {
		fmt.Fprintf(w, "%s: the index on (%s) is used by no rule, relation or list known here, but perhaps by what clients ask for (hint)\n", i.Pos, strings.Join(i.Parts(), ", "))
	}
	for _, q := range r.unknown {
		fmt.Fprintf(w, "%s: %s was not looked at: the rules refuse it, or the values of its variables decide what is read (hint)\n", q.At, q.Title)
	}
	if len(r.missing)+len(r.unused)+len(r.unknown) == 0 {
		fmt.Fprintf(w, "%s: no index is missing\n", s.File)
	}
	return nil
}

// indexReport is what is to be said of a schema's indexes.
type indexReport struct {
	missing []*indexAdvice
	unused  []*schema.Index
	unknown []deploy.Query // of the clients', which could not be planned
}

// adviseIndexes plans the operations that a schema's lists, relations and
// look-ups allow, and those of clients where their files are given, as each kind
// of caller, and looks at the statements. What is advised counts as declared when
// it looks again: a reference that begins an index has no index of its own any more.
func adviseIndexes(s *schema.Schema, files []deploy.File) (r indexReport, err error) {
	for {
		statements, err := indexStatements(s, files, r.missing)
		if err != nil {
			return r, err
		}
		more, used, err := lookForIndexes(s, statements)
		if err != nil {
			return r, err
		}
		if len(more) == 0 {
			for _, c := range s.Collections {
				for _, i := range c.Indexes {
					if i.Pos.Line > 0 && !used[i.Name] && !i.Fields[0].ToOne() {
						r.unused = append(r.unused, i)
					}
				}
			}
			for _, q := range deploy.Queries(files) {
				if !slices.ContainsFunc(statements, func(x indexStatement) bool { return x.why == nameOf(q) }) {
					r.unknown = append(r.unknown, q)
				}
			}
			slices.SortStableFunc(r.missing, func(a, b *indexAdvice) int { return cmp.Compare(a.of.Pos.Line, b.of.Pos.Line) })
			return r, nil
		}
		r.missing = append(r.missing, more...)
	}
}

// lookForIndexes tells what statements lack, and which indexes they use.
func lookForIndexes(s *schema.Schema, statements []indexStatement) (missing []*indexAdvice, used map[string]bool, err error) {
	used = map[string]bool{}
	found := map[string]*indexAdvice{}
	for _, q := range statements {
		needs, err := advice.Needs(q.query)
		if errors.Is(err, store.ErrLimit) { // no server runs it
			continue
		}
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", q.text, err)
		}
		for _, n := range needs {
			c := q.schema.Collection(n.Object.Name)
			if n.Served >= 0 {
				if at := n.Served - len(c.Uniques); at >= 0 && at < len(c.Indexes) {
					used[c.Indexes[at].Name] = true
				}
				continue
			}
			if slices.ContainsFunc(n.Parts, func(p rules.IndexPart) bool {
				f := c.FieldNamed(p.Field.Name)
				return f == nil || f.Indexed() != p.Field
			}) || slices.ContainsFunc(n.Object.Indexes, func(x rules.Index) bool { return !x.Unique && slices.Equal(x.Parts, n.Parts) }) {
				continue // no directive can say it: of _ts, of the case of a @fold field
			}
			a := &indexAdvice{of: s.Collection(c.Name), parts: n.Parts}
			key := c.Name + a.String()
			if found[key] == nil {
				found[key] = a
			}
			why := q.why + q.as.foundBy(&n)
			if a = found[key]; slices.ContainsFunc(a.why, func(known string) bool { return strings.HasPrefix(known, why) }) {
				continue
			}
			if q.role != "" {
				why += " (role " + q.role + ")"
			}
			a.why = append(a.why, why)
		}
	}
	missing = slices.SortedFunc(maps.Values(found), func(a, b *indexAdvice) int {
		return cmp.Or(cmp.Compare(a.of.Pos.Line, b.of.Pos.Line), cmp.Compare(a.String(), b.String()))
	})
	return missing, used, nil
}

// foundBy is what documents are found by, as a rule would say it.
func (t *typical) foundBy(n *advice.Need) string {
	if n.By == nil {
		return ""
	}
	name := "doc." + n.Parts[0].Field.Name
	switch q := n.By.(type) {
	case rules.Test:
		return ": " + name
	case rules.NotTest:
		return ": !" + name
	case rules.IsNull:
		return ": " + name + " == null"
	case rules.User:
		return ": " + name + " == CurrentUser()"
	case rules.Cmp:
		for _, x := range []rules.Operand{q.L, q.R} {
			if v, ok := x.(rules.Val); ok {
				return ": " + name + " == " + t.label(v.Value)
			}
		}
	case rules.In:
		if v, ok := q.List.(rules.Val); ok {
			return ": " + name + " in " + t.label(v.Value)
		}
	case rules.One:
		return ": " + name + " is one of a set"
	}
	return ": " + name
}
