package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"flora.dev/flora/bench/load"
	"flora.dev/flora/bench/workload"
)

type runCommand struct {
	Dir         string        `help:"Folder of data, binaries and stores that are written to; by default one in the user's cache."`
	Keep        bool          `help:"Take the data that is there, in place of making it with this Flora."`
	Out         string        `default:"results" help:"Folder for results.jsonl, table.md and plot.svg."`
	Flora       string        `help:"Binary of Flora, in place of one built here."`
	Peers       string        `help:"JSON file of other peers." placeholder:"FILE"`
	PeersDir    string        `default:"." help:"What $$H stands for in it."`
	Only        []string      `placeholder:"NAME" help:"Names of peers; default: flora, raw and all of the file. There are raw-normal and constant, too."`
	Operations  []string      `default:"Q1,Q2,Q3,M1,M2" enum:"Q1,Q2,Q3,M1,M2" help:"What is measured."`
	Rounds      int           `default:"3" help:"How often."`
	Connections int           `default:"16" help:"At the same time."`
	Warm        time.Duration `default:"5s" help:"How long before it counts."`
	Measure     time.Duration `default:"8s" help:"How long it counts."`
	SlowSync    time.Duration `help:"How much longer than on this disk Flora and the handlers wait for each sync. Linux, with strace, whose CPU counts as theirs."`
	Steady      []string      `default:"flora,raw" help:"Peers whose queries are measured at a fixed rate as well."`
}

// steady is the part of the saturation load at which latencies are compared.
const steady = 0.7

// measurement is one line of the results.
type measurement struct {
	Machine         string `json:",omitempty"` // on a line of its own
	Peer, Operation string `json:",omitempty"`
	Round           int
	Steady          bool    // at a fixed rate
	Started         float64 // milliseconds to the first answer
	IdleMiB         float64 // resident after it
	load.Result
}

func (c *runCommand) Run() error {
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	peers, err := c.prepare()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(c.Out, 0o755); err != nil {
		return err
	}
	results, err := os.Create(filepath.Join(c.Out, resultsFile))
	if err != nil {
		return err
	}
	defer results.Close()
	lines := json.NewEncoder(results)
	where, err := machine(c.Dir)
	if err != nil {
		return err
	}
	if c.SlowSync > 0 {
		where += fmt.Sprintf(", each sync of Flora and the handlers %v longer", c.SlowSync)
	}
	if err := lines.Encode(measurement{Machine: where}); err != nil {
		return fmt.Errorf("keep results: %w", err)
	}
	expected := workload.Expect(owners[:]...)
	for round := range c.Rounds {
		for _, operation := range c.Operations {
			for i := range peers {
				if ctx.Err() != nil {
					return context.Cause(ctx)
				}
				p := peers[(i+round)%len(peers)] // whoever comes first does so only once
				list, err := c.measure(p, operation, round, expected)
				if err != nil {
					return err
				}
				for _, m := range list {
					if err := lines.Encode(m); err != nil {
						return fmt.Errorf("keep results: %w", err)
					}
					fmt.Fprintf(os.Stderr, "%d %s %-16s %7.0f us of CPU, %7.0f/s, p50 %6.0f us, p99 %7.0f us, %d errors %s\n",
						m.Round+1, m.Operation, m.Peer, m.ServerCPU, m.PerSecond, m.P50, m.P99, m.Errors, m.LastError)
				}
			}
		}
	}
	return (&reportCommand{Out: c.Out}).Run()
}

// measure starts a peer, proves it right and puts the load on it.
func (c *runCommand) measure(p *peer, operation string, round int, expected map[int]workload.Expected) (list []measurement, err error) {
	s, err := p.start(filepath.Join(c.Dir, p.Name+".log"))
	if err != nil {
		return nil, err
	}
	defer func() {
		if serr := s.stop(); err == nil {
			err = serr
		}
	}()
	length, err := prove(s, expected)
	if err != nil {
		return nil, fmt.Errorf("the answers are wrong: %w", err)
	}
	o := load.Options{
		Address: p.Address, Requests: p.requests(operation, c.Connections, uint64(round)), Again: workload.Reprice, Shortest: length[operation] * 7 / 10,
		Processes: s.processes, Warm: c.Warm, Measure: c.Measure,
	}
	add := func(fixed bool) error {
		result, err := load.Run(o)
		if err != nil {
			return fmt.Errorf("load %s: %w", p.Name, err)
		}
		list = append(list, measurement{
			Peer: p.Name, Operation: operation, Round: round, Steady: fixed, Started: float64(s.started.Microseconds()) / 1000, IdleMiB: s.idle, Result: result,
		})
		return nil
	}
	if err := add(false); err != nil {
		return nil, err
	}
	if slices.Contains(c.Steady, p.Name) && strings.HasPrefix(operation, "Q") {
		o.Rate, o.Warm = steady*list[0].PerSecond, time.Second
		if err := add(true); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// prepare builds Flora, makes the data if there is none, and returns the peers.
func (c *runCommand) prepare() ([]*peer, error) {
	if c.Dir == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			return nil, err
		}
		c.Dir = filepath.Join(cache, "flora-bench")
	}
	var err error
	if c.Dir, err = filepath.Abs(c.Dir); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(c.Dir, 0o755); err != nil {
		return nil, err
	}
	if c.Flora == "" {
		c.Flora = filepath.Join(c.Dir, "flora")
		build := exec.Command("go", "build", "-ldflags=-s -w", "-o", c.Flora, ".")
		build.Dir = ".." // the product's module
		build.Stderr = os.Stderr
		if err := build.Run(); err != nil {
			return nil, fmt.Errorf("build flora: %w", err)
		}
	} else if c.Flora, err = filepath.Abs(c.Flora); err != nil {
		return nil, err
	}
	if !c.Keep {
		d := dataCommand{Dir: c.Dir, Flora: c.Flora, Schema: "schema.graphql"}
		if err := d.Run(); err != nil {
			return nil, fmt.Errorf("make data: %w", err)
		}
	}
	peers, err := c.own()
	if err != nil {
		return nil, err
	}
	if c.Peers != "" {
		others, err := readPeers(c.Peers, c.PeersDir)
		if err != nil {
			return nil, err
		}
		peers = append(peers, others...)
	}
	for _, name := range c.Only {
		if !slices.ContainsFunc(peers, func(p *peer) bool { return p.Name == name }) {
			return nil, fmt.Errorf("no peer %s", name)
		}
	}
	return slices.DeleteFunc(peers, func(p *peer) bool {
		return len(c.Only) > 0 && !slices.Contains(c.Only, p.Name) || len(c.Only) == 0 && (p.Name == normal || p.Constant)
	}), nil
}

// normal is raw without a sync for each write, as the other peers on SQLite are.
const normal = "raw-normal"

// own are Flora and the handlers written by hand, one of which answers nothing.
func (c *runCommand) own() ([]*peer, error) {
	bench, err := os.Executable()
	if err != nil {
		return nil, err
	}
	tokens, err := workload.ReadTokens(filepath.Join(c.Dir, tokensFile))
	if err != nil {
		return nil, err
	}
	queries, vars := documents()
	describe := func(name, store, port, start string) *peer {
		address, run := "127.0.0.1:"+port, name+"-run.db"
		fresh := "rm -f " + run + "*"
		return &peer{
			Name: name, Kind: "graphql", Address: address, Path: "/graphql", Dir: c.Dir, Queries: queries, Vars: vars, exact: true, tokens: tokens,
			Pre: fresh + " && cp " + store + " " + run + " && sync", Post: fresh,
			Start: c.slowly() + strings.NewReplacer("$RUN", run, "$ADDRESS", address).Replace(start),
		}
	}
	const handler = " raw --listen $ADDRESS --store $RUN --key-set " + keySetFile
	constant := describe("constant", rawStore, "23123", quote(bench)+handler+" --constant")
	constant.exact, constant.Constant = false, true
	return []*peer{
		constant,
		describe("flora", floraStore, "23120", quote(c.Flora)+" serve --config "+configFile+" --store sqlite:$RUN --listen $ADDRESS"),
		describe("raw", rawStore, "23121", quote(bench)+handler+" --synchronous FULL"),
		describe(normal, rawStore, "23122", quote(bench)+handler+" --synchronous NORMAL"),
	}, nil
}

// slowly is what makes a command wait for the disk: nothing else of it is traced.
func (c *runCommand) slowly() string {
	if c.SlowSync <= 0 {
		return ""
	}
	return fmt.Sprintf("strace -f --seccomp-bpf -qqq -o /dev/null -e trace=fsync,fdatasync -e inject=fsync,fdatasync:delay_exit=%d ", c.SlowSync.Microseconds())
}

// documents are the operations as Flora takes them.
func documents() (queries, vars map[string]string) {
	queries, vars = map[string]string{}, map[string]string{}
	for _, o := range workload.Operations() {
		queries[o.Name], vars[o.Name] = o.Query, o.Variables
	}
	return queries, vars
}

// quote is a word for the shell.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
