package main

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"flora.dev/flora/bench/workload"
)

// manySchema has n collections, each with a rule, a key and two relations.
func manySchema(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `type T%d @auth(read: "doc.owner == CurrentIdentity()", write: "doc.owner == CurrentIdentity()") @index(fields: ["owner", "made"]) {
  owner: String! @set(on: CREATE, expr: "CurrentIdentity()")
  made: Time!
  code: String @unique
  size: Int
  next: T%d @relation(name: "r%d")
  before: [T%d!] @relation(name: "r%d")
}
`, i, (i+1)%n, i, (i+n-1)%n, (i+n-1)%n)
	}
	return b.String()
}

const manyOwners = 20

// collections asks one collection of a schema that has 1 to 500. What starting
// costs is the median of several starts.
func collections(r *run) error {
	documents := func(add func(string, object)) {
		for n := range 1000 {
			add("T0", object{"_id": itemID(n), "owner": workload.OwnerID(n % manyOwners), "made": day(n), "code": fmt.Sprint(n), "size": n})
		}
	}
	query := fmt.Sprintf(`{"query":"query ($id: ID!) { findT0ByID(id: $id) { _id made code size } }","variables":{"id":%%q}}`)
	var points []point
	for _, n := range pick(r, []int{1, 50}, []int{1, 10, 50, 100, 250, 500}) {
		name := fmt.Sprintf("collections-%d", n)
		store, err := r.sqlite(name, manySchema(n), documents)
		if err != nil {
			return err
		}
		var s *server
		var started, idle []float64
		for i := range pick(r, []int{0}, []int{0, 1, 2, 3, 4}) {
			if i > 0 {
				s.stop()
			}
			if s, err = r.serve(name, store); err != nil {
				return err
			}
			started, idle = append(started, float64(s.started)/float64(time.Millisecond)), append(idle, s.idle)
		}
		defer s.stop()
		slices.Sort(started)
		slices.Sort(idle)
		p := s.at(manyOwners)
		p.x, p.more = float64(n), map[string]float64{"startMillis": started[len(started)/2], "idleMiB": idle[len(idle)/2]}
		p.series, p.body = "one by id", func(owner int, r *rand.Rand) []byte {
			return fmt.Appendf(nil, query, itemID(owner+manyOwners*r.IntN(50)))
		}
		points = append(points, p)
		p.series, p.body = "own list of 20", fixed("{ t0s(first: 20, orderBy: [{ made: DESC }]) { nodes { _id made code size } } }")
		points = append(points, p)
	}
	return r.measure(points)
}

func showCollections(list []figure) []chart {
	start := slices.DeleteFunc(slices.Clone(list), func(f figure) bool { return f.Series != "one by id" })
	var started, idle, loaded line
	started.Name, idle.Name, loaded.Name = "start to answer, ms", "memory then, MiB", "memory under load, MiB"
	for _, f := range start {
		started.Points = append(started.Points, xy{f.X, f.More["startMillis"]})
		idle.Points = append(idle.Points, xy{f.X, f.More["idleMiB"]})
		loaded.Points = append(loaded.Points, xy{f.X, f.MiB})
	}
	return []chart{
		{Title: "Server CPU by collections in the schema", X: "collections", Y: "CPU of the server for a request, µs", Lines: lines(list, cpu)},
		{Title: "Start and memory by collections in the schema", X: "collections", Y: "ms, MiB", Lines: []line{started, idle, loaded}},
	}
}
