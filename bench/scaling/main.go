// Command scaling measures what Flora costs as things grow: documents, depth
// and width of a query, rules, collections, callers, and the way to the store.
// It writes the figures, plots, and the tables of a page of the documentation.
//
//	cd bench && go run ./scaling                          all studies, a quarter of an hour
//	cd bench && go run ./scaling -study callers,latency   some, the figures of the others stay
//	cd bench && go run ./scaling -quick -out try          small, to see whether it works
//
// Every figure is of a flora serve of its own process, asked over HTTP. It reads
// /proc, so it runs on Linux alone.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"flora.dev/flora/bench/workload"
)

// study measures one thing that grows.
type study struct {
	name string
	run  func(*run) error
	show func([]figure) []chart // nil: no plots
}

func studies() []study {
	return []study{
		{"documents", documents, showCPU("Server CPU by documents in the store", "documents", true)},
		{"depth", depth, showCPU("Server CPU by depth of the query", "levels", false)},
		{"width", breadth, showCPU("Server CPU by width of the query", "fields", false)},
		{"rules", manyRules, showCPU("Server CPU by number of rules", "parts of a rule, or fields with a rule", false)},
		{"collections", collections, showCollections},
		{"callers", callers, showCallers},
		{"connections", connections, nil},
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
	for _, name := range strings.Split(*chosen, ",") {
		i := slices.Index(names, name)
		if i < 0 {
			return fmt.Errorf("no study %s, there are %s", name, strings.Join(names, ", "))
		}
		fmt.Fprintf(os.Stderr, "%s %s\n", time.Now().Format(time.TimeOnly), name)
		r.study, r.figures = name, nil
		if err := all[i].run(r); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		kept, err := readFigures(file)
		if err != nil {
			return err
		}
		kept = append(slices.DeleteFunc(kept, func(f figure) bool { return f.Study == name }), r.figures...)
		slices.SortStableFunc(kept, func(a, b figure) int { return slices.Index(names, a.Study) - slices.Index(names, b.Study) })
		if err := writeFigures(file, kept); err != nil {
			return err
		}
	}
	kept, err := readFigures(file)
	if err != nil {
		return err
	}
	for _, s := range all {
		if err := s.draw(*out, kept); err != nil {
			return err
		}
	}
	if r.quick {
		return nil
	}
	return writeTables(*page, kept)
}

// draw writes the plots of the study.
func (s study) draw(dir string, figures []figure) error {
	figures = slices.DeleteFunc(slices.Clone(figures), func(f figure) bool { return f.Study != s.name })
	if len(figures) == 0 || s.show == nil {
		return nil
	}
	for i, c := range s.show(figures) {
		name := s.name
		if i > 0 {
			name = fmt.Sprintf("%s-%d", name, i+1)
		}
		if err := c.write(filepath.Join(dir, name+".svg")); err != nil {
			return err
		}
	}
	return nil
}

// config lets one machine play many callers: no limits of one caller, and no
// line in the log for each request.
const config = `providers:
  - { name: bench, issuer: "` + workload.Issuer + `", audience: "` + workload.Audience + `", jwks: jwks.json }
limits: { rate: off, concurrent: off, drainDelay: 0s }
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
