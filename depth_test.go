package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"flora.dev/flora/auth"
)

// chain is a selection of nested relations of the world "teams", each level
// with what costs most: a count, a filter, guards and rules over relations.
func chain(levels int, heavy bool) string {
	steps := []string{"projects", "team", "tasks", "assignee", "memberships"}
	_ = steps
	q := "name"
	for i := levels; i > 1; i-- {
		filter, count := "", ""
		if heavy {
			filter, count = `, where: {tasks: {some: {title: {contains: "i"}, assignee: {name: {ne: "x"}}}}, team: {members: {none: {role: {eq: GUEST}}}}}`, "totalCount"
		}
		q = fmt.Sprintf("name budget parent { name team { name secret } } children(first: 3%s) { %s nodes { %s } }", filter, count, q)
	}
	return q
}

// TestDepth runs operations at the planner's limits on both engines: what the
// planner accepts, both take, with the same answer.
func TestDepth(t *testing.T) {
	w := readWorld(t, "testdata/worlds/teams")
	a, issuerA := w.serve(t, openMemory(t))
	b, issuerB := w.serve(t, openEmulated(t))
	limits := map[string]bool{}
	ask := func(name, operation string) {
		t.Helper()
		token, err := issuerA.Mint(auth.MintRequest{Subject: "ann", TTL: time.Hour})
		if err != nil {
			t.Fatal(err)
		}
		onSQLite := (&request{Token: token, Operation: operation}).send(t, a, issuerA)
		if token, err = issuerB.Mint(auth.MintRequest{Subject: "ann", TTL: time.Hour}); err != nil {
			t.Fatal(err)
		}
		onSpanner := (&request{Token: token, Operation: operation}).send(t, b, issuerB)
		limited := strings.Contains(onSQLite, "LIMIT_EXCEEDED")
		limits[name] = limited
		if onSQLite != onSpanner || strings.Contains(onSQLite, `"errors"`) && !limited {
			t.Errorf("%s: sqlite %.300s\nspanner %.300s", name, onSQLite, onSpanner)
		}
	}
	for n := 1; n <= 8; n++ {
		ask(fmt.Sprintf("heavy %d", n), "{ projects(first: 3) { nodes { "+chain(n, true)+" } } }")
		ask(fmt.Sprintf("light %d", n), "{ projects(first: 3) { nodes { "+chain(n, false)+" } } }")
		ones := strings.Repeat("parent { name team { name } ", n) + strings.Repeat("}", n)
		ask(fmt.Sprintf("ones %d", n), "{ projects(first: 3) { nodes { name "+ones+" } } }")
		filter := strings.Repeat("parent: {", n) + `name: {ne: "x"}` + strings.Repeat("}", n)
		ask(fmt.Sprintf("filter ones %d", n), "{ projects(first: 3, where: {"+filter+"}) { totalCount nodes { name } } }")
		many := strings.Repeat("children: {some: {", n) + `name: {ne: "x"}` + strings.Repeat("}}", n)
		ask(fmt.Sprintf("filter lists %d", n), "{ projects(first: 3, where: {"+many+"}) { totalCount nodes { name } } }")
	}
	for _, n := range []int{5, 10, 20} {
		var roots strings.Builder
		for i := range n {
			fmt.Fprintf(&roots, "r%d: projects(first: 2) { totalCount nodes { %s } } ", i, chain(2, true))
		}
		ask(fmt.Sprintf("roots %d", n), "{ "+roots.String()+"}")
	}
	t.Log(limits)
}
