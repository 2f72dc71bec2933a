// Command scaling measures what Flora costs as things grow: documents, depth
// and width of a query, rules, collections, callers, and the way to the store.
// It writes the figures, plots, and the tables of a page of the documentation.
//
//	cd bench && go run ./scaling                          all studies, a quarter of an hour
//	cd bench && go run ./scaling -study callers,latency   some, the figures of the others stay
//	cd bench && go run ./scaling -quick -out /tmp/try     small, to see whether it works
//
// Every figure is of a flora serve of its own process, asked over HTTP. It reads
// /proc, so it runs on Linux alone.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"flora.dev/flora/bench/load"
	"flora.dev/flora/bench/workload"
)

// study measures one thing that grows.
type study struct {
	name string
	run  func(*run) error
	show func([]figure) []chart
}

func studies() []study {
	return []study{
		{"documents", documents, showCPU("Server CPU by documents in the store", "documents", true)},
		{"depth", depth, showCPU("Server CPU by depth of the query", "levels", false)},
		{"width", breadth, showCPU("Server CPU by width of the query", "fields", false)},
		{"rules", manyRules, showCPU("Server CPU by number of rules", "parts of a rule, or fields with a rule", false)},
		{"collections", collections, showCollections},
		{"callers", callers, showCallers},
		{"connections", connections, func([]figure) []chart { return nil }},
		{"latency", latency, showLatency},
	}
}

// run is one run of the command.
type run struct {
	ctx     context.Context
	dir     string // data, tokens, logs
	flora   string // binary
	quick   bool
	rounds  int
	warm    time.Duration
	each    time.Duration // of a measurement
	tokens  []string      // by owner
	study   string
	figures []figure
}

func main() {
	ctx, end := signal.NotifyContext(context.Background(), os.Interrupt)
	defer end()
	if err := start(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "scaling:", err)
		end()
		os.Exit(1)
	}
}

func start(ctx context.Context, args []string) error {
	all := studies()
	var names []string
	for _, s := range all {
		names = append(names, s.name)
	}
	flags := flag.NewFlagSet("scaling", flag.ContinueOnError)
	chosen := flags.String("study", strings.Join(names, ","), "studies to run")
	out := flags.String("out", "../docs/performance", "folder for figures and plots")
	page := flags.String("page", "../docs/performance.md", "page whose tables are written anew, if it is there")
	dir := flags.String("data", filepath.Join(os.TempDir(), "flora-scaling"), "folder for stores, kept for the next time")
	binary := flags.String("flora", "", "binary to measure; without it one is built from ..")
	quick := flags.Bool("quick", false, "small sizes and short measurements")
	if err := flags.Parse(args); err != nil {
		return err
	}
	r := &run{ctx: ctx, dir: *dir, flora: *binary, quick: *quick, rounds: 3, warm: 300 * time.Millisecond, each: 700 * time.Millisecond}
	if r.quick {
		r.rounds, r.warm, r.each = 1, 50*time.Millisecond, 200*time.Millisecond
	}
	for _, folder := range []string{*out, r.dir} {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return err
		}
	}
	if err := r.prepare(); err != nil {
		return err
	}
	file := filepath.Join(*out, "figures.jsonl")
	kept, err := readFigures(file)
	if err != nil {
		return err
	}
	for _, name := range strings.Split(*chosen, ",") {
		i := slices.Index(names, name)
		if i < 0 {
			return fmt.Errorf("no study %s, there are %s", name, strings.Join(names, ", "))
		}
		fmt.Fprintf(os.Stderr, "%s %s\n", time.Now().Format(time.TimeOnly), name)
		r.study = name
		if err := all[i].run(r); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		kept = slices.DeleteFunc(kept, func(f figure) bool { return f.Study == name })
	}
	kept = append(kept, r.figures...)
	slices.SortStableFunc(kept, func(a, b figure) int { return slices.Index(names, a.Study) - slices.Index(names, b.Study) })
	if err := writeFigures(file, kept); err != nil {
		return err
	}
	for _, s := range all {
		of := slices.DeleteFunc(slices.Clone(kept), func(f figure) bool { return f.Study != s.name })
		if len(of) == 0 {
			continue
		}
		for i, c := range s.show(of) {
			name := s.name
			if i > 0 {
				name = fmt.Sprintf("%s-%d", name, i+1)
			}
			if err := c.write(filepath.Join(*out, name+".svg")); err != nil {
				return err
			}
		}
	}
	if r.quick {
		return nil
	}
	return writeTables(*page, kept)
}

// config lets one machine play many callers: no limits of one caller, and no
// line in the log for each request.
const config = `providers:
  - { name: bench, issuer: "` + workload.Issuer + `", audience: "` + workload.Audience + `", jwks: jwks.json }
limits: { rate: off, concurrent: off }
log: warn
`

// prepare makes what all studies need.
func (r *run) prepare() error {
	if r.flora == "" {
		r.flora = filepath.Join(r.dir, "flora")
		build := exec.CommandContext(r.ctx, "go", "build", "-trimpath", "-ldflags=-s -w", "-o", r.flora, ".")
		build.Dir, build.Stderr = "..", os.Stderr
		if err := build.Run(); err != nil {
			return fmt.Errorf("build flora: %w", err)
		}
	}
	tokens := filepath.Join(r.dir, "tokens.tsv")
	if age, err := os.Stat(tokens); err != nil || time.Since(age.ModTime()) > 24*time.Hour {
		if err := workload.WriteTokens(filepath.Join(r.dir, "jwks.json"), tokens); err != nil {
			return err
		}
	}
	if err := os.WriteFile(filepath.Join(r.dir, "flora.yaml"), []byte(config), 0o644); err != nil {
		return err
	}
	var err error
	r.tokens, err = workload.ReadTokens(tokens)
	return err
}

// pick returns the values of a study, or the few of a quick run.
func pick[T any](r *run, quick, all []T) []T {
	if r.quick {
		return quick
	}
	return all
}

// command runs flora with the configuration of the studies.
func (r *run) command(env []string, args ...string) error {
	cmd := exec.CommandContext(r.ctx, r.flora, append(args, "--config", filepath.Join(r.dir, "flora.yaml"))...)
	cmd.Env = append(os.Environ(), env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("flora %s: %w: %.1000s", args[0], err, out)
	}
	return nil
}

var errSilent = errors.New("no answer within a minute")

// server is a flora serve that runs.
type server struct {
	cmd     *exec.Cmd
	address string
	log     string
	started time.Duration // until the first answer
	idle    float64       // MiB resident after it
}

// serve starts a server on a store and waits until it answers.
func (r *run) serve(name, store string, env ...string) (*server, error) {
	address, err := freeAddress(r.ctx)
	if err != nil {
		return nil, err
	}
	s := &server{address: address, log: filepath.Join(r.dir, name+".log")}
	log, err := os.Create(s.log)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	s.cmd = exec.CommandContext(r.ctx, r.flora, "serve", "--store", store, "--listen", address, "--config", filepath.Join(r.dir, "flora.yaml"))
	s.cmd.Env, s.cmd.Stderr = append(os.Environ(), env...), log
	began := time.Now()
	if err := s.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start flora: %w", err)
	}
	question := request(address, r.tokens[0], []byte(`{"query":"{ __typename }"}`))
	for {
		status, body, err := load.Once(address, question)
		if err == nil && status == 200 {
			break
		}
		if time.Since(began) > time.Minute || r.ctx.Err() != nil {
			s.stop()
			return nil, fmt.Errorf("start %s: %w: %d %.300s %v, see %s", name, errSilent, status, body, err, s.log)
		}
		time.Sleep(time.Millisecond)
	}
	s.started = time.Since(began)
	s.idle, _ = load.Memory([]int{s.cmd.Process.Pid})
	return s, nil
}

// stop ends the server.
func (s *server) stop() {
	s.cmd.Process.Signal(os.Interrupt)
	late := time.AfterFunc(20*time.Second, func() { s.cmd.Process.Kill() })
	defer late.Stop()
	s.cmd.Wait() // how a server ends that was told to is its own affair
}
