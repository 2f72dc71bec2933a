package main

import (
	"fmt"
	"net"
	"os"

	"flora.dev/flora/bench/load"
)

// connections keeps connections open that asked once and are idle, and tells
// what the server holds for each.
func connections(r *run) error {
	sdl, err := shopSchema()
	if err != nil {
		return err
	}
	shop := shopOf(1e3)
	store, err := r.sqlite("documents-1000", sdl, shop.documents)
	if err != nil {
		return err
	}
	s, err := r.serve("connections", store)
	if err != nil {
		return err
	}
	defer s.stop()
	n := pick(r, []int{500}, []int{4000})[0]
	question := request(s.address, r.tokens[0], fixed("{ products(first: 20) { nodes { _id name } } }")(0, nil))
	ask := func() (net.Conn, error) {
		c, err := net.Dial("tcp", s.address)
		if err != nil {
			return nil, err
		}
		if _, err = c.Write(question); err == nil {
			_, err = c.Read(make([]byte, 64<<10))
		}
		return c, err
	}
	for range n { // what does not go back to the system is there before
		c, err := ask()
		if err != nil {
			return err
		}
		c.Close()
	}
	before, _ := load.Memory([]int{s.cmd.Process.Pid})
	for range n {
		c, err := ask()
		if err != nil {
			return err
		}
		defer c.Close()
	}
	after, _ := load.Memory([]int{s.cmd.Process.Pid})
	each := (after - before) * 1024 / float64(n)
	fmt.Fprintf(os.Stderr, "  %d idle connections: %.1f KiB each\n", n, each)
	r.figures = append(r.figures, figure{Study: r.study, Series: "idle connections", X: float64(n), MiB: after, More: map[string]float64{"kibEach": each}})
	return nil
}
