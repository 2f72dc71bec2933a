package main

import "fmt"

// callers lets 1 to 256 ask at the same time, each on a connection of its own
// and again as soon as it is answered.
func callers(r *run) error {
	sdl, err := shopSchema()
	if err != nil {
		return err
	}
	size := pick(r, []int{1e4}, []int{1e5})[0]
	shop := shopOf(size)
	kept, err := r.sqlite(fmt.Sprintf("documents-%d", size), sdl, shop.documents)
	if err != nil {
		return err
	}
	store, err := r.copyOf(kept, "callers") // it writes
	if err != nil {
		return err
	}
	s, err := r.serve("callers", store)
	if err != nil {
		return err
	}
	defer s.stop()
	for _, asks := range [][][2]string{
		{{"one by id", "Q1"}, {"nested", "Q3"}},
		{{"update", "M2"}, {"create", "M1"}}, // afterwards: new products have no reviews
	} {
		var points []point
		for _, n := range pick(r, []int{1, 16}, []int{1, 4, 16, 64, 256}) {
			for _, ask := range asks {
				p := s.at(shop.owners)
				p.series, p.x, p.connections, p.body = ask[0], float64(n), n, shop.ask(ask[1])
				points = append(points, p)
			}
		}
		if err := r.measure(points); err != nil {
			return err
		}
	}
	return nil
}

func showCallers(list []figure) []chart {
	c := chart{X: "callers at the same time", LogX: true, LogY: true}
	throughput, waiting, cost := c, c, c
	throughput.Title, throughput.Y, throughput.Lines = "Throughput by callers", "requests per second", lines(list, func(f figure) float64 { return f.PerSecond })
	cost.Title, cost.Y, cost.Lines = "Server CPU by callers", "CPU of the server for a request, µs", lines(list, cpu)
	waiting.Title, waiting.Y = "Time to an answer by callers", "ms"
	for _, l := range lines(list, func(f figure) float64 { return f.P50 / 1000 }) {
		waiting.Lines = append(waiting.Lines, line{fmt.Sprintf("%s, p50", l.Name), l.Points})
	}
	for _, l := range lines(list, func(f figure) float64 { return f.P99 / 1000 }) {
		waiting.Lines = append(waiting.Lines, line{fmt.Sprintf("%s, p99", l.Name), l.Points})
	}
	return []chart{throughput, waiting, cost}
}
