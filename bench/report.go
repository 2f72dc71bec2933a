package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"flora.dev/flora/bench/workload"
)

// Files in the folder of results.
const (
	resultsFile = "results.jsonl"
	tableFile   = "table.md"
	plotFile    = "plot.svg"
)

// base is the peer that the others are compared with.
const base = "raw"

type reportCommand struct {
	Out string `arg:"" default:"results" help:"Folder with results.jsonl."`
}

func (c *reportCommand) Run() error {
	f, err := os.Open(filepath.Join(c.Out, resultsFile))
	if err != nil {
		return err
	}
	defer f.Close()
	r, err := readReport(f)
	if err != nil {
		return fmt.Errorf("read results: %w", err)
	}
	table := r.markdown()
	if err := os.WriteFile(filepath.Join(c.Out, tableFile), []byte(table), 0o644); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(c.Out, plotFile), []byte(r.plot()), 0o644); err != nil {
		return err
	}
	_, err = io.WriteString(os.Stdout, table)
	return err
}

// report is a run's measurements, with the peers and operations in the order in
// which they are shown.
type report struct {
	machine    string
	peers      []string
	operations []workload.Operation
	all        []measurement
}

func readReport(in io.Reader) (*report, error) {
	r := &report{}
	for d := json.NewDecoder(in); ; {
		var m measurement
		if err := d.Decode(&m); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, err
		}
		if m.Machine != "" {
			r.machine = m.Machine
			continue
		}
		r.all = append(r.all, m)
		if !slices.Contains(r.peers, m.Peer) {
			r.peers = append(r.peers, m.Peer)
		}
	}
	slices.SortFunc(r.peers, func(a, b string) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), strings.Compare(a, b))
	})
	for _, o := range workload.Operations() {
		if slices.ContainsFunc(r.all, func(m measurement) bool { return m.Operation == o.Name }) {
			r.operations = append(r.operations, o)
		}
	}
	return r, nil
}

// rank puts Flora first, then what is written by hand.
func rank(peer string) int {
	switch {
	case peer == "flora":
		return 0
	case strings.HasPrefix(peer, base), peer == "constant":
		return 1
	}
	return 2
}

// of returns the measurements of a peer at an operation, a round after another.
func (r *report) of(peer, operation string, steady bool) (list []measurement) {
	for _, m := range r.all {
		if m.Peer == peer && (operation == "" || m.Operation == operation) && m.Steady == steady {
			list = append(list, m)
		}
	}
	return list
}

func median(list []float64) float64 {
	if len(list) == 0 {
		return 0
	}
	slices.Sort(list)
	return (list[(len(list)-1)/2] + list[len(list)/2]) / 2
}

// typical is the median of a value over the rounds, 0 without any.
func typical(list []measurement, value func(measurement) float64) float64 {
	var values []float64
	for _, m := range list {
		values = append(values, value(m))
	}
	return median(values)
}

// ratio is the median over the rounds of a value to that of another peer in the
// same round, 0 without any.
func (r *report) ratio(peer, other, operation string, value func(measurement) float64) float64 {
	var ratios []float64
	for _, m := range r.of(peer, operation, false) {
		for _, o := range r.of(other, operation, false) {
			if o.Round == m.Round && value(o) > 0 {
				ratios = append(ratios, value(m)/value(o))
			}
		}
	}
	return median(ratios)
}

func serverCPU(m measurement) float64 { return m.ServerCPU }
func loaderCPU(m measurement) float64 { return m.LoaderCPU }
func perSecond(m measurement) float64 { return m.PerSecond }
func p50(m measurement) float64       { return m.P50 }
func p99(m measurement) float64       { return m.P99 }
func started(m measurement) float64   { return m.Started }
func idle(m measurement) float64      { return m.IdleMiB }
func resident(m measurement) float64  { return m.RSSMiB }
func shared(m measurement) float64    { return m.PSSMiB }

func (r *report) markdown() string {
	var b strings.Builder
	rounds := 0
	for _, m := range r.all {
		rounds = max(rounds, m.Round+1)
	}
	fmt.Fprintf(&b, "%s. Medians of %d interleaved rounds; in brackets the ratio to %s in the same round.\n", r.machine, rounds, base)
	r.grid(&b, "CPU of the server for one request, in microseconds", func(peer, operation string) string {
		return r.compared(peer, operation, serverCPU)
	})
	r.grid(&b, "Requests in a second", func(peer, operation string) string { return r.compared(peer, operation, perSecond) })
	r.grid(&b, "Latency p50 and p99, in milliseconds", func(peer, operation string) string {
		list := r.of(peer, operation, false)
		if len(list) == 0 {
			return ""
		}
		return fmt.Sprintf("%.2f, %.1f", typical(list, p50)/1000, typical(list, p99)/1000)
	})
	r.grid(&b, fmt.Sprintf("The same at %.0f %% of those requests in a second, and p99 to p50", steady*100), func(peer, operation string) string {
		list := r.of(peer, operation, true)
		if len(list) == 0 {
			return ""
		}
		return fmt.Sprintf("%.2f, %.1f (%.1f)", typical(list, p50)/1000, typical(list, p99)/1000, r.spread(peer, operation))
	})
	b.WriteString("\n| | start to first answer, ms | idle: resident, MiB | under Q3: resident, MiB | under Q3: PSS, MiB | CPU of the loader for one request, us | requests that failed |\n|---|---|---|---|---|---|---|\n")
	for _, peer := range r.peers {
		all, nested := r.of(peer, "", false), r.of(peer, "Q3", false)
		failed, last := 0, ""
		for _, m := range append(slices.Clip(all), r.of(peer, "", true)...) {
			if failed += m.Errors; m.LastError != "" {
				last = " (" + strings.ReplaceAll(m.LastError, "|", " ") + ")"
			}
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s | %d%s |\n", peer, whole(all, started), whole(all, idle), whole(nested, resident), whole(nested, shared), whole(all, loaderCPU), failed, last)
	}
	b.WriteString(r.targets())
	return b.String()
}

// whole is a median as it is shown, nothing without measurements.
func whole(list []measurement, value func(measurement) float64) string {
	if len(list) == 0 {
		return ""
	}
	return fmt.Sprintf("%.0f", typical(list, value))
}

// spread is how far the slowest are from the usual at a fixed rate, 0 if that was
// not measured. Where the server fell behind, all are slow: no more than the
// median at saturation is usual.
func (r *report) spread(peer, operation string) float64 {
	usual := map[int]float64{} // by round
	for _, m := range r.of(peer, operation, false) {
		usual[m.Round] = m.P50
	}
	return typical(r.of(peer, operation, true), func(m measurement) float64 { return m.P99 / min(m.P50, usual[m.Round]) })
}

func (r *report) compared(peer, operation string, value func(measurement) float64) string {
	list := r.of(peer, operation, false)
	if len(list) == 0 {
		return ""
	}
	text := whole(list, value)
	if ratio := r.ratio(peer, base, operation, value); ratio > 0 && peer != base {
		text += fmt.Sprintf(" (%.2f)", ratio)
	}
	return text
}

// grid writes a table of peers and operations, if there is anything in it.
func (r *report) grid(b *strings.Builder, title string, cell func(peer, operation string) string) {
	head := "|"
	for _, o := range r.operations {
		head += " | " + o.Name
	}
	var rows strings.Builder
	for _, peer := range r.peers {
		var cells []string
		for _, o := range r.operations {
			cells = append(cells, cell(peer, o.Name))
		}
		if strings.Join(cells, "") != "" {
			fmt.Fprintf(&rows, "| %s | %s |\n", peer, strings.Join(cells, " | "))
		}
	}
	if rows.Len() > 0 {
		fmt.Fprintf(b, "\n%s\n\n%s |\n|---%s|\n%s", title, head, strings.Repeat("|---", len(r.operations)), rows.String())
	}
}
