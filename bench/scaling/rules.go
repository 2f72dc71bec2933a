package main

import (
	"fmt"
	"strings"
)

// manyRules makes the rule of a type longer, and gives more of its fields one.
// Each point is a server of its own, for each has another schema.
func manyRules(r *run) error {
	owner := "doc.owner == CurrentIdentity()"
	parts := func(n int, operator, part string) string {
		list := []string{owner}
		for i := 1; i < n; i++ {
			list = append(list, fmt.Sprintf(part, i))
		}
		return strings.Join(list[:n], operator)
	}
	var points []point
	for _, n := range pick(r, []int{0, 20}, []int{0, 1, 2, 5, 10, 20}) {
		any, all := itemSchema("anyone", 0), itemSchema("anyone", 0)
		if n > 0 {
			indexed := []string{"owner"}
			for i := 1; i < n; i++ {
				indexed = append(indexed, fmt.Sprintf("f%d", i))
			}
			any = itemSchema(parts(n, " || ", "doc.f%d == CurrentIdentity()"), 0, indexed...)
			all = itemSchema(parts(n, " && ", "doc.f%d != CurrentIdentity()"), 0, "owner")
		}
		for _, schema := range []struct{ name, sdl, query string }{
			{"parts of which any allows", any, itemList(1)},
			{"parts that must all hold", all, itemList(1)},
			{"fields with a rule, of 20", itemSchema(owner, n, "owner"), itemList(itemFields)},
		} {
			name := fmt.Sprintf("rules-%d-%s", n, strings.Fields(schema.name)[2])
			store, err := r.sqlite(name, schema.sdl, itemDocuments)
			if err != nil {
				return err
			}
			s, err := r.serve(name, store)
			if err != nil {
				return err
			}
			defer s.stop()
			p := s.at(itemOwners)
			p.series, p.x, p.body = schema.name, float64(n), fixed(schema.query)
			points = append(points, p)
		}
	}
	return r.measure(points)
}
