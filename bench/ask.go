package main

import (
	"encoding/json"
	"fmt"
	"os"
	"time"

	"flora.dev/flora/bench/load"
	"flora.dev/flora/bench/workload"
)

type loadCommand struct {
	Address     string        `arg:"" help:"HOST:PORT of the server."`
	Operation   string        `arg:"" help:"Q1, Q2, Q3, M1 or M2."`
	Tokens      string        `required:"" help:"Tokens, as bench data made them."`
	Process     int           `help:"Of the server, to tell what it uses."`
	Warm        time.Duration `default:"2s" help:"How long before it counts."`
	For         time.Duration `default:"10s" help:"How long it counts."`
	Connections int           `default:"16" help:"At the same time."`
	Rate        float64       `help:"Requests per second, whatever the server does; without it each connection asks again when it is answered."`
}

func (c *loadCommand) Run() error {
	tokens, err := workload.ReadTokens(c.Tokens)
	if err != nil {
		return err
	}
	p := &peer{Address: c.Address, Path: "/graphql", tokens: tokens}
	p.Queries, p.Vars = documents()
	if p.Queries[c.Operation] == "" {
		return fmt.Errorf("no operation %s", c.Operation)
	}
	o := load.Options{Address: c.Address, Requests: p.requests(c.Operation, c.Connections, 1), Again: workload.Reprice, Warm: c.Warm, Measure: c.For, Rate: c.Rate}
	if c.Process != 0 {
		o.Processes = []int{c.Process}
	}
	result, err := load.Run(o)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(result)
}
